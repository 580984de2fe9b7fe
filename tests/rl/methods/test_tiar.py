"""TIAR: abstainers only, by the share of correct attempts (T8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rl.objective.methods.settings import TiarSettings  # noqa: E402
from rl.objective.methods.stock import Grpo  # noqa: E402
from rl.objective.methods.tiar import Tiar  # noqa: E402
from tests.rl.methods.batches import a_batch, labels  # noqa: E402

TERNARY = {"c": 1.0, "w": -1.0, "a": 0.0, "x": float("nan")}


def moved(letters: str, slot: Tiar | None = None, keys: list[int] | None = None) -> list[float]:
    """What TIAR adds to each rollout of one group."""
    batch = a_batch(
        1,
        len(letters),
        outcomes_N=labels(*letters),
        answer_keys_N=torch.tensor(keys or [-1] * len(letters)),
    )
    base = torch.linspace(-1, 1, len(letters), dtype=torch.float64)
    return ((slot or Tiar()).adjust(batch, base) - base).tolist()


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("cwaa", [0, 0, 0, 0]),
        ("wwaa", [0, 0, 0.3, 0.3]),
        ("ccaa", [0, 0, -0.3, -0.3]),
        ("cwwwa", [0, 0, 0, 0, 0.15]),
        ("aaaa", [0, 0, 0, 0]),
        ("cccc", [0, 0, 0, 0]),
        ("wwww", [0, 0, 0, 0]),
        ("xxaa", [0, 0, 0, 0]),
        ("xwax", [0, 0, 0.3, 0]),
    ],
)
def test_only_abstainers_move_and_by_how_wrong_the_others_were(letters, expected) -> None:
    assert moved(letters) == pytest.approx(expected, abs=1e-6)


def test_at_lam_zero_it_is_ternary_grpo() -> None:
    assert moved("cwwa", Tiar(TiarSettings(lam=0.0))) == [0, 0, 0, 0]


@settings(max_examples=25, deadline=None)
@given(
    letters=st.text("cwax", min_size=4, max_size=4),
    lengths=st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
def test_a_length_penalty_on_the_reward_does_not_change_what_is_added(letters, lengths) -> None:
    """The released code classified by the reward, so a penalty silenced it."""
    rewards = torch.tensor([[TERNARY[letter]] for letter in letters], dtype=torch.float64)
    batch = a_batch(1, 4, outcomes_N=labels(*letters), channel_weights_F=torch.ones(1))
    added = []
    for penalty in (0.0, 0.1):
        shaped = rewards - penalty * torch.tensor(lengths, dtype=torch.float64).unsqueeze(1)
        base = Grpo().estimate(replace(batch, rewards_N_F=shaped))
        added.append(Tiar().adjust(batch, base) - base)
    torch.testing.assert_close(added[0], added[1], atol=1e-6, rtol=0)
    if "a" in letters and "w" in letters and "c" not in letters:
        assert float(added[1].max()) == pytest.approx(0.3, abs=1e-6)


def test_agreement_stands_in_for_labels_only_when_asked() -> None:
    slot = Tiar(TiarSettings(confidence="agreement"))
    assert moved("wwwa", slot, [1, 1, 1, -1]) == pytest.approx([0, 0, 0, -0.3])
    assert moved("wwwa", slot, [1, 2, 3, -1]) == pytest.approx([0, 0, 0, 0.1])
    assert moved("wwwa", slot, [1, -1, -1, -1]) == pytest.approx([0, 0, 0, 0.1])
    assert moved("wwwa") == pytest.approx([0, 0, 0, 0.3])


def test_relative_lam_follows_the_advantages_own_scale() -> None:
    batch = a_batch(1, 4, outcomes_N=labels(*"wwaa"))
    base = torch.tensor([0.01, -0.01, 0.02, -0.02], dtype=torch.float64)
    found = Tiar(TiarSettings(relative=True)).adjust(batch, base) - base
    assert found[2] == pytest.approx(0.3 * float(base.std()))


def test_groups_do_not_hear_each_other() -> None:
    batch = a_batch(2, 2, outcomes_N=labels(*"wa", *"ca"))
    assert Tiar().adjust(batch, torch.zeros(4)).tolist() == pytest.approx([0, 0.3, 0, -0.3])
