"""KL-Cov: which tokens, how many, and when it does nothing (T5, T6)."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rl.objective.methods.kl_cov import KlCov, top_covariance  # noqa: E402
from rl.objective.methods.settings import KlCovSettings  # noqa: E402
from tests.rl.methods.batches import a_batch  # noqa: E402
from tests.rl.methods.losses import gradient  # noqa: E402


@settings(max_examples=50, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 30)),
    fraction=st.floats(0.001, 1.0),
    seed=st.integers(0, 999),
)
def test_the_count_is_exact_and_no_masked_token_is_chosen(shape, fraction, seed) -> None:
    chance = torch.Generator().manual_seed(seed)
    logps, advantages = (torch.randn(shape, generator=chance) for _ in range(2))
    mask = (torch.rand(shape, generator=chance) < 0.6).float()
    chosen = top_covariance(logps, advantages, mask, fraction)
    n = int(mask.sum())
    assert not bool(chosen[mask == 0].any())
    expected = max(1, int(fraction * n)) if n > 1 else 0
    assert int(chosen.sum()) == expected


def test_the_tokens_of_greatest_covariance_are_chosen() -> None:
    logps = torch.tensor([[-0.1, -3.0, -0.1, -3.0]])
    advantages = torch.tensor([[2.0, 2.0, -2.0, -2.0]])
    chosen = top_covariance(logps, advantages, torch.ones(1, 4), 0.5)
    assert chosen.tolist() == [[True, False, False, True]]


def test_equal_advantages_choose_nobody() -> None:
    logps = torch.randn(3, 5)
    assert not bool(top_covariance(logps, torch.ones(3, 5), torch.ones(3, 5), 0.2).any())


def test_off_at_fraction_zero() -> None:
    assert not bool(top_covariance(torch.randn(3, 5), torch.randn(3, 5), torch.ones(3, 5), 0).any())


def test_at_ratio_one_its_gradient_is_exactly_zero() -> None:
    old, selected = torch.randn(2, 4), torch.ones(2, 4, dtype=torch.bool)
    found = gradient(lambda logps: KlCov().penalty(logps, old, selected), old)
    assert torch.equal(found, torch.zeros(2, 4))


def test_away_from_one_it_pulls_back_by_its_coefficient() -> None:
    old, selected = torch.zeros(1, 3), torch.tensor([[True, True, False]])
    at = torch.tensor([[0.3, -0.4, 0.5]])
    slot = KlCov(KlCovSettings(coefficient=0.05))
    found = gradient(lambda logps: slot.penalty(logps, old, selected), at)
    torch.testing.assert_close(found, torch.tensor([[0.05, -0.05, 0.0]]))
    torch.testing.assert_close(slot.penalty(at, old, selected), torch.tensor([[0.015, 0.02, 0.0]]))


def test_the_method_chooses_among_the_model_s_own_tokens_by_its_fraction() -> None:
    """A tool's token of the greatest covariance is not chosen, and does not shift the mean."""
    logps = torch.tensor([[-0.1, -3.0, -9.0, -1.0, -1.0]])
    advantages = torch.tensor([[2.0, 2.0, -40.0, -1.0, -1.0]])
    mask = torch.tensor([[1.0, 1.0, 0.0, 1.0, 1.0]])
    batch = a_batch(1, 1, 5, old_logps_N_T=logps, mask_N_T=mask)
    chosen = KlCov(KlCovSettings(fraction=0.25)).select(batch, advantages)
    assert chosen.tolist() == [[True, False, False, False, False]]
