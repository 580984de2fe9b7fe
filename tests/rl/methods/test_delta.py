"""DelTA's weights: mean, range, degenerate cases, tools' tokens (T10)."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rl.objective.methods.delta import discriminative  # noqa: E402
from tests.rl.methods.batches import a_batch  # noqa: E402


def chunked(hidden: torch.Tensor, size: int = 2):
    return lambda: ((slice(i, i + size), hidden[i : i + size]) for i in range(0, len(hidden), size))


def weights(hidden, advantages, mask=None, pull=None, **more) -> torch.Tensor:
    n, tokens, _ = hidden.shape
    mask = torch.ones(n, tokens, dtype=torch.bool) if mask is None else mask
    pull = torch.ones(n, tokens, dtype=hidden.dtype) if pull is None else pull
    spread = torch.as_tensor(advantages, dtype=hidden.dtype).unsqueeze(1) * mask
    return discriminative(chunked(hidden), pull, spread, mask, **more)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 7), tokens=st.integers(1, 9), seed=st.integers(0, 999))
def test_the_mean_is_one_and_the_range_is_kept(n: int, tokens: int, seed: int) -> None:
    chance = torch.Generator().manual_seed(seed)
    hidden = torch.randn(n, tokens, 4, generator=chance, dtype=torch.float64)
    mask = torch.rand(n, tokens, generator=chance) < 0.7
    found = weights(hidden, torch.randn(n, generator=chance), mask)
    assert bool((found[~mask] == 0).all())
    if mask.any():
        kept = found[mask]
        assert float(kept.mean()) == pytest.approx(1, abs=1e-6)
        assert float(kept.max() / kept.min()) <= 1.5 + 1e-6


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_identical_vectors_weigh_the_same(dtype) -> None:
    hidden = torch.linspace(-3, 5, 64, dtype=dtype).expand(4, 6, 64)
    found = weights(hidden, [1.0, 0.3, -1.0, -0.7])
    torch.testing.assert_close(found, torch.ones(4, 6, dtype=dtype), atol=1e-6, rtol=0)


@pytest.mark.parametrize("sign", [1, -1])
def test_with_one_side_only_every_weight_is_one(sign: int) -> None:
    found = weights(torch.randn(3, 5, 4), [sign * 1.0, sign * 0.5, 0.0])
    assert torch.equal(found, torch.ones(3, 5))


def test_a_token_typical_of_its_side_outweighs_a_shared_one() -> None:
    """Column 0 is shared by both sides; column 1 tells them apart."""
    hidden = torch.zeros(4, 2, 3, dtype=torch.float64)
    hidden[:, 0, 0] = 1.0
    hidden[:2, 1, 1] = 1.0
    hidden[2:, 1, 2] = 1.0
    found = weights(hidden, [1.0, 1.0, -1.0, -1.0])
    assert bool((found[:, 1] > found[:, 0] + 0.1).all())


def test_a_certain_token_has_no_pull() -> None:
    hidden = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    pull = torch.ones(4, 3, dtype=torch.float64)
    pull[0, 0] = 0.0
    other = hidden.clone()
    other[0, 0] = 1e6
    same = [weights(h, [1.0, 1.0, -1.0, -1.0], pull=pull) for h in (hidden, other)]
    torch.testing.assert_close(same[0], same[1])


def test_how_the_hidden_states_are_cut_does_not_matter() -> None:
    batch = a_batch(2, 4)
    hidden = torch.randn(8, 6, 5, dtype=torch.float64)
    pull, mask = torch.rand(8, 6).double(), batch.mask_N_T > 0
    spread = torch.randn(8, 1).double() * mask
    found = [discriminative(chunked(hidden, size), pull, spread, mask) for size in (1, 3, 8)]
    torch.testing.assert_close(found[0], found[1])
    torch.testing.assert_close(found[0], found[2])


def test_two_tokens_by_hand() -> None:
    """One dimension, no refinement: sides at 1 and 3 against -1, so only + varies."""
    hidden = torch.tensor([[[1.0], [3.0]], [[-1.0], [-1.0]]], dtype=torch.float64)
    found = weights(hidden, [1.0, -1.0], refinements=0)
    # centroids 2 and -1; margins of +: (v+1)^2 - (v-2)^2 = 6v - 3 -> 3 and 15, std 6
    alpha = torch.sigmoid(torch.tensor([0.5, 2.5], dtype=torch.float64))
    raw = torch.cat([0.8 + 0.4 * alpha, torch.tensor([1.0, 1.0]).double()])
    torch.testing.assert_close(found.reshape(-1), raw * 4 / raw.sum())
