"""The bottleneck is orthonormal, fixed and seeded, and loses nothing where nothing can be lost."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from rl.annotation.probes.bottleneck import (  # noqa: E402
    OrthogonalBottleneck,
    bottleneck,
    effective_rank,
    haar,
    principal,
)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("width", "kept"), [(8, 1), (48, 16), (32, 32)])
def test_the_basis_is_orthonormal_and_its_projection_idempotent(width: int, kept: int) -> None:
    basis = haar(width, kept, 3)
    torch.testing.assert_close(basis.T @ basis, torch.eye(kept), atol=1e-6, rtol=0)
    twice = basis @ basis.T
    torch.testing.assert_close(twice @ twice, twice, atol=1e-5, rtol=0)


def test_a_seed_names_one_basis() -> None:
    assert torch.equal(haar(12, 4, 5), haar(12, 4, 5))
    assert not torch.equal(haar(12, 4, 5), haar(12, 4, 6))


def test_haar_has_no_preferred_sign() -> None:
    """Without the signs of R's diagonal, QR would make the first row of one sign."""
    signs = [bool(haar(4, 2, seed)[0, 0] > 0) for seed in range(60)]
    assert 15 < sum(signs) < 45


def test_optimiser_and_half_precision_leave_the_basis_as_it_is() -> None:
    made = torch.nn.Sequential(OrthogonalBottleneck(haar(8, 3, 0)), torch.nn.Linear(3, 1))
    before = made[0].basis.clone()
    assert [name for name, _ in made.named_parameters()] == ["1.weight", "1.bias"]
    optimiser = torch.optim.AdamW(made.parameters(), lr=0.1, weight_decay=0.5)
    for _ in range(3):
        optimiser.zero_grad()
        made(drawn(5, 8)).pow(2).sum().backward()
        optimiser.step()
    made.to(torch.bfloat16)
    assert torch.equal(made[0].basis, before)
    assert made[0].basis.dtype is torch.float32
    assert "0.basis" in made.state_dict()


def test_features_of_low_rank_are_fitted_exactly() -> None:
    low = drawn(64, 4) @ drawn(4, 32, seed=1)
    target = low @ drawn(32, 1, seed=2)
    h = OrthogonalBottleneck(haar(32, 4, 0))(low)
    fitted = h @ torch.linalg.lstsq(h, target).solution
    torch.testing.assert_close(fitted, target, atol=1e-3, rtol=1e-3)


def test_a_bottleneck_as_wide_as_the_features_is_a_change_of_basis() -> None:
    z, target = drawn(64, 8).double(), drawn(64, 1, seed=1).double()
    h = z @ haar(8, 8, 0).double()
    plain, turned = (x @ torch.linalg.lstsq(x, target).solution for x in (z, h))
    torch.testing.assert_close(plain, turned, atol=1e-5, rtol=1e-5)


def test_scaling_keeps_the_mean_square() -> None:
    z = drawn(4000, 32)
    h = OrthogonalBottleneck(haar(32, 8, 0), scaled=True)(z)
    assert h.pow(2).sum(1).mean() == pytest.approx(float(z.pow(2).sum(1).mean()), rel=0.1)


def test_principal_directions_find_the_plane_of_the_features() -> None:
    plane = haar(16, 2, 0)
    seen = drawn(50, 2) @ plane.T
    found = principal(seen, 2)
    torch.testing.assert_close(found @ found.T, plane @ plane.T, atol=1e-4, rtol=0)
    assert effective_rank(seen) < 2.01


@pytest.mark.parametrize(("kind", "trained"), [("haar", 0), ("pca", 0), ("linear", 1), ("none", 0)])
def test_only_the_linear_alternative_is_trained(kind: str, trained: int) -> None:
    made, width = bottleneck(kind, 16, 4, 0, drawn(20, 16))  # type: ignore[arg-type]
    assert len(list(made.parameters())) == trained
    assert made(drawn(3, 16)).shape == (3, width)


@pytest.mark.parametrize("kind", ["haar", "linear", "pca"])
def test_more_dimensions_than_features_are_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="bottleneck of 17 dimensions does not fit 16 features"):
        bottleneck(kind, 16, 17, 0, drawn(20, 16))  # type: ignore[arg-type]
