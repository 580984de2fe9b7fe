"""Rewards without labels: votes, certainty and its opposite."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rl.objective.forward_passes import READS  # noqa: E402
from rl.objective.methods.rlif import Agreement, Certainty, Overconfidence, agreement  # noqa: E402
from rl.objective.methods.settings import AgreementSettings, CertaintySettings  # noqa: E402
from tests.rl.methods.batches import a_batch, labels  # noqa: E402


def votes(keys: list[int], letters: str | None = None) -> list[float]:
    excluded = labels(*(letters or "w" * len(keys))) == -1
    return agreement(torch.tensor(keys), excluded, len(keys)).tolist()


def test_agreement_is_the_share_of_parseable_answers() -> None:
    assert votes([3, 3, 3, 5]) == [0.75, 0.75, 0.75, 0.25]
    assert votes([3, 3, -1, 5]) == pytest.approx([2 / 3, 2 / 3, 0, 1 / 3])
    assert votes([-1, -1]) == [0, 0]


def test_an_excluded_rollout_neither_votes_nor_scores() -> None:
    found = votes([3, 3, 3, 5], "wxww")
    assert math.isnan(found[1])
    assert [found[i] for i in (0, 2, 3)] == pytest.approx([2 / 3, 2 / 3, 1 / 3])


@settings(max_examples=30, deadline=None)
@given(keys=st.lists(st.integers(-1, 3), min_size=2, max_size=8), seed=st.integers(0, 99))
def test_agreement_does_not_depend_on_order_or_names(keys: list[int], seed: int) -> None:
    order = torch.randperm(len(keys), generator=torch.Generator().manual_seed(seed)).tolist()
    assert [votes(keys)[i] for i in order] == votes([keys[i] for i in order])
    assert votes([k if k < 0 else 9 - k for k in keys]) == votes(keys)


def test_certainty_is_zero_only_for_a_uniform_policy() -> None:
    """What the round reads from logits, against the divergence computed from probabilities."""
    logits = torch.stack([torch.zeros(7), torch.randn(7), 50 * torch.eye(7)[0]]).double()
    certainty = READS["certainty"](logits, logits.logsumexp(-1, keepdim=True))
    assert float(certainty[0]) == pytest.approx(0, abs=1e-12)
    assert bool((certainty[1:] > 0).all())
    uniform = torch.full((7,), 1 / 7, dtype=torch.float64)
    for row in range(3):
        kl = (uniform * (uniform.log() - logits[row].log_softmax(-1))).sum()
        assert float(certainty[row]) == pytest.approx(float(kl), abs=1e-9)


def test_certainty_is_a_mean_over_own_tokens_and_says_nothing_of_silence() -> None:
    mask = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    certainty = torch.tensor([[1.0, 2.0, 99.0], [1.0, 1.0, 1.0]])
    batch = a_batch(1, 2, 3, mask_N_T=mask, certainty_N_T=certainty, outcomes_N=labels(*"wc"))
    found = Certainty().reward(batch).tolist()
    assert found[0] == 1.5
    assert math.isnan(found[1])


def test_overconfidence_is_the_opposite_hypothesis() -> None:
    logps = torch.log(torch.tensor([[0.999, 0.5, 0.995, 0.2], [0.3, 0.3, 0.3, 0.3]]))
    batch = a_batch(
        1, 2, 4, old_logps_N_T=logps, mask_N_T=torch.ones(2, 4), outcomes_N=labels(*"wc")
    )
    assert Overconfidence().reward(batch).tolist() == [-0.5, 0.0]


def test_the_papers_weights() -> None:
    assert AgreementSettings().weight == CertaintySettings().weight == 0.5


def test_the_channel_leaves_out_what_the_round_excluded_and_counts_abstentions() -> None:
    batch = a_batch(1, 4, answer_keys_N=torch.tensor([3, 3, 3, 5]), outcomes_N=labels(*"axww"))
    found = Agreement().reward(batch).tolist()
    assert math.isnan(found[1])
    assert [found[place] for place in (0, 2, 3)] == pytest.approx([2 / 3, 2 / 3, 1 / 3])
