from __future__ import annotations

from contextlib import contextmanager
from math import log
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.models.token_sequence import TokenSequence
from rl.training.state_drift import StateDriftProbe, provenance, visited_states

torch = pytest.importorskip("torch", reason="needs the extra train")

PROMPT, TOOL = (5, 6), (7, 8, 9)
EPISODE = TokenSequence(
    prompt_ids=PROMPT,
    completion_ids=(1, 2, *TOOL, 3),
    mask=(1, 1, 0, 0, 0, 1),
    logprobs=(-1.0, -1.0, 0.0, 0.0, 0.0, -1.0),
)
VOCABULARY = 16


class Bigram(torch.nn.Module):
    """Next-token logits that depend on the last token alone."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        start = torch.randn(VOCABULARY, VOCABULARY, generator=torch.Generator().manual_seed(seed))
        self.table = torch.nn.Parameter(start)
        self.dropout = torch.nn.Dropout(0.5)
        self.calls = 0

    def forward(self, input_ids: Any) -> Any:
        self.calls += 1
        return SimpleNamespace(logits=self.dropout(self.table[input_ids]))


def uniform() -> Bigram:
    model = Bigram(0)
    with torch.no_grad():
        model.table.zero_()
    return model


def test_a_policy_equal_to_its_base_has_not_moved() -> None:
    probe = StateDriftProbe(Bigram(1), ((1, 2, 3),))
    found = probe.measure(Bigram(1), [visited_states(EPISODE)])
    assert found["states/kl_base_own"] == found["states/kl_base_neutral"] == 0.0
    assert found["states/nll_base"] == found["states/nll_policy"] > 0


def test_divergence_and_likelihood_by_hand() -> None:
    model = uniform()
    with torch.no_grad():
        model.table[6, 1] = log(VOCABULARY - 1)
    found = StateDriftProbe(uniform(), ()).measure(model, [visited_states(EPISODE)])
    p = torch.full((VOCABULARY,), 0.5 / (VOCABULARY - 1), dtype=torch.float64)
    p[1] = 0.5
    moved = float((p * (p * VOCABULARY).log()).sum())
    assert found["states/kl_base_own"] == pytest.approx(moved / 3, rel=1e-5)
    assert found["states/nll_base"] == pytest.approx(log(VOCABULARY), rel=1e-5)
    assert found["states/nll_policy"] == pytest.approx((6 * log(VOCABULARY) + log(2)) / 7, rel=1e-5)
    assert found["states/written_nll_policy"] == pytest.approx(
        (2 * log(VOCABULARY) + log(2)) / 3, rel=1e-5
    )


def test_divergence_at_tools_tokens_is_not_the_models() -> None:
    model = uniform()
    with torch.no_grad():
        model.table[7:9] = torch.randn(2, VOCABULARY)
    found = StateDriftProbe(uniform(), ()).measure(model, [visited_states(EPISODE)])
    assert found["states/kl_base_own"] == 0.0
    assert found["states/written_nll_policy"] == pytest.approx(found["states/written_nll_base"])


def test_divergence_is_measured_on_own_states_only() -> None:
    found = StateDriftProbe(uniform(), ()).measure(Bigram(2), [visited_states(EPISODE, own=False)])
    assert "states/kl_base_own" not in found
    assert found["states/nll_policy"] > 0


def test_a_measurement_leaves_no_trace() -> None:
    model = Bigram(3).train()
    before = (model.table.detach().clone(), torch.get_rng_state())
    found = [
        StateDriftProbe(uniform(), ()).measure(model, [visited_states(EPISODE)]) for _ in range(2)
    ]
    assert found[0] == found[1]
    assert model.training
    assert model.table.grad is None
    torch.testing.assert_close(model.table, before[0], rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), before[1])


def test_few_and_short_sequences_are_read() -> None:
    model = Bigram(4)
    probe = StateDriftProbe(uniform(), (), sequences=2, tokens=4)
    found = probe.measure(model, [visited_states(EPISODE)] * 10)
    assert (model.calls, found["states/measured"]) == (2, 2.0)


def test_long_sequences_are_compared_in_stretches() -> None:
    from rl.training.state_drift import kl

    policy, base = Bigram(5).table[:1].repeat(300, 1), Bigram(6).table[:1].repeat(300, 1)
    gap = kl(policy, base)
    p = policy[0].double().softmax(-1)
    expected = (p * (p.log() - base[0].double().log_softmax(-1))).sum()
    assert gap.shape == (300,)
    torch.testing.assert_close(gap.double(), expected.expand(300), rtol=1e-5, atol=1e-6)


def test_impossible_tokens_do_not_make_it_nan() -> None:
    from rl.training.state_drift import kl

    logits = torch.tensor([[0.0, 0.0, -torch.inf]])
    assert kl(logits, logits).tolist() == [0.0]


def test_an_adapter_switched_off_is_the_base() -> None:
    class Adapted(Bigram):
        off = False

        def forward(self, input_ids: Any) -> Any:
            found = super().forward(input_ids)
            return SimpleNamespace(logits=found.logits * (0.0 if self.off else 1.0))

        @contextmanager
        def disable_adapter(self) -> Any:
            self.off = True
            yield
            self.off = False

    found = StateDriftProbe(None, ()).measure(Adapted(7), [visited_states(EPISODE)])
    assert found["states/nll_base"] == pytest.approx(log(VOCABULARY))
    assert found["states/kl_base_own"] > 0
    with pytest.raises(ValueError, match="needs a reference"):
        StateDriftProbe(None, ()).measure(Bigram(8), [visited_states(EPISODE)])


def test_every_metric_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/rewards.md").read_text(encoding="utf-8")
    found = StateDriftProbe(uniform(), ((1, 2),)).measure(Bigram(9), [visited_states(EPISODE)])
    found |= provenance([visited_states(EPISODE)])
    assert [name for name in found if f"`{name}`" not in page] == []
