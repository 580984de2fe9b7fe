"""Near-boundary rescue against PPO, against its own definition, and against chance (T4, T5)."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rl.objective.methods.nsr import NearBoundaryRescue, bernoulli_bounds, noise_bounds  # noqa: E402
from rl.objective.methods.settings import NsrSettings  # noqa: E402
from tests.rl.methods.losses import clipped_loss, gradient  # noqa: E402

LOW, HIGH = 0.2, 0.28


def tokens(seed: int, n: int = 400) -> tuple[torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    ratio = torch.exp(0.4 * torch.randn(n, generator=chance, dtype=torch.float64))
    return ratio, torch.randn(n, generator=chance, dtype=torch.float64)


def drawn(slot: NearBoundaryRescue, like: torch.Tensor, seed: int = 0):
    return slot.epsilons(LOW, HIGH, like, torch.Generator().manual_seed(seed))


def test_probability_zero_is_ppo() -> None:
    ratio, advantage = tokens(0)
    low, high = drawn(NearBoundaryRescue(NsrSettings(draw="bernoulli", p=0.0)), ratio)
    ours = gradient(lambda r: clipped_loss(r, advantage, low, high), ratio)
    stock = gradient(lambda r: clipped_loss(r, advantage, LOW, HIGH), ratio)
    torch.testing.assert_close(ours, stock, atol=1e-6, rtol=0)


def test_probability_one_is_a_wider_ppo() -> None:
    ratio, advantage = tokens(1)
    low, high = drawn(NearBoundaryRescue(NsrSettings(draw="bernoulli", p=1.0, band=1.5)), ratio)
    ours = gradient(lambda r: clipped_loss(r, advantage, low, high), ratio)
    wider = gradient(lambda r: clipped_loss(r, advantage, 1.5 * LOW, 1.5 * HIGH), ratio)
    torch.testing.assert_close(ours, wider, atol=1e-6, rtol=0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999))
def test_a_random_bound_equals_rescuing_clipped_tokens_one_by_one(seed: int) -> None:
    """The definition looks at the ratio and rescues; the bound never looks."""
    ratio, advantage = tokens(seed)
    rescued = torch.rand(len(ratio), generator=torch.Generator().manual_seed(seed)) < 0.2
    low, high = bernoulli_bounds(LOW, HIGH, rescued, 1.5)
    above, below = (ratio > 1 + HIGH) & (advantage > 0), (ratio < 1 - LOW) & (advantage < 0)
    in_band = (ratio <= 1 + 1.5 * HIGH) & (ratio >= 1 - 1.5 * LOW)
    kept = ~(above | below) | (rescued & in_band)
    direct = torch.where(kept, -advantage, 0.0)
    found = gradient(lambda r: clipped_loss(r, advantage, low, high), ratio)
    torch.testing.assert_close(found, direct, atol=1e-6, rtol=0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), delta=st.floats(0.05, 1.0))
def test_a_token_is_kept_if_noise_brings_its_ratio_back(seed: int, delta: float) -> None:
    ratio, advantage = tokens(seed)
    u = 1 - delta * torch.rand(len(ratio), generator=torch.Generator().manual_seed(seed)).double()
    low, high = noise_bounds(LOW, HIGH, u)
    above, below = (ratio > 1 + HIGH) & (advantage > 0), (ratio < 1 - LOW) & (advantage < 0)
    back = torch.where(above, ratio * u <= 1 + HIGH, ratio / u >= 1 - LOW)
    direct = torch.where(~(above | below) | back, -advantage, 0.0)
    found = gradient(lambda r: clipped_loss(r, advantage, low, high), ratio)
    torch.testing.assert_close(found, direct, atol=1e-6, rtol=0)


def kept_share(slot: NearBoundaryRescue, ratio: float, n: int = 20_000) -> float:
    at = torch.full((n,), ratio, dtype=torch.float64)
    low, high = drawn(slot, at, seed=7)
    return float(
        (gradient(lambda r: clipped_loss(r, torch.ones(n), low, high), at) != 0).double().mean()
    )


def test_the_kept_share_is_the_probability() -> None:
    n, p = 20_000, 0.2
    share = kept_share(NearBoundaryRescue(NsrSettings(draw="bernoulli", p=p)), 1 + 1.2 * HIGH, n)
    assert abs(share - p) < 3 * math.sqrt(p * (1 - p) / n)
    assert (
        kept_share(NearBoundaryRescue(NsrSettings(draw="bernoulli", p=p)), 1 + 1.6 * HIGH, n) == 0
    )


@pytest.mark.parametrize("ratio", [1.3, 1.45, 1.6, 1.8, 1.9])
def test_noise_keeps_as_often_as_its_formula_says(ratio: float) -> None:
    n, delta = 20_000, 0.3
    expected = min(1.0, max(0.0, ((1 + HIGH) / ratio - (1 - delta)) / delta))
    share = kept_share(NearBoundaryRescue(NsrSettings(draw="noise", delta=delta)), ratio, n)
    assert abs(share - expected) <= 3 * math.sqrt(expected * (1 - expected) / n) + 1e-12


def test_the_other_side_is_never_rescued_because_it_was_never_cut() -> None:
    ratio = torch.tensor([0.5, 1.9], dtype=torch.float64)
    advantage = torch.tensor([1.0, -1.0], dtype=torch.float64)
    for slot in (NearBoundaryRescue(), NearBoundaryRescue(NsrSettings(draw="bernoulli"))):
        low, high = drawn(slot, ratio)
        found = gradient(lambda r: clipped_loss(r, advantage, low, high), ratio)  # noqa: B023
        assert torch.equal(found, -advantage)


@pytest.mark.parametrize("draw", ["noise", "bernoulli"])
def test_at_ratio_one_it_is_grpo(draw: str) -> None:
    ratio, advantage = torch.ones(50), torch.randn(50)
    low, high = drawn(NearBoundaryRescue(NsrSettings(draw=draw)), ratio)
    found = gradient(lambda r: clipped_loss(r, advantage, low, high), ratio)
    assert torch.equal(found, -advantage)


def test_sequence_level_ratios_have_one_bound_each() -> None:
    low, high = drawn(NearBoundaryRescue(), torch.ones(4, 1))
    assert low.shape == high.shape == (4, 1)


def test_the_same_seed_draws_the_same_bounds() -> None:
    one, two = (drawn(NearBoundaryRescue(), torch.ones(3, 5), seed=2) for _ in range(2))
    assert torch.equal(one[0], two[0])
    assert not torch.equal(one[0], drawn(NearBoundaryRescue(), torch.ones(3, 5), seed=3)[0])


def test_a_setting_of_the_other_draw_is_not_silently_idle() -> None:
    assert NsrSettings(p=0.3).draw == "bernoulli"
    assert NsrSettings(delta=0.3).draw == NsrSettings().draw == "noise"
    with pytest.raises(ValueError, match="p is a setting of draw = 'bernoulli', not of 'noise'"):
        NsrSettings(draw="noise", p=0.3)
    with pytest.raises(ValueError, match="delta is a setting of draw = 'noise'"):
        NsrSettings(p=0.3, delta=0.1)
