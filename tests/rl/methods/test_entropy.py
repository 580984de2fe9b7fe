"""Entropy shaping never turns an advantage round."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rl.objective.methods.entropy import EntropyShaping, shaping  # noqa: E402
from rl.objective.methods.settings import EntropySettings  # noqa: E402
from tests.rl.methods.batches import a_batch  # noqa: E402


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), alpha=st.floats(0, 100), kappa=st.floats(1.01, 10))
def test_the_sign_stays_and_zero_stays_zero(seed: int, alpha: float, kappa: float) -> None:
    batch = a_batch(seed=seed)
    advantages = torch.randn(8, 6, generator=batch.generator)
    advantages[0] = 0
    slot = EntropyShaping(EntropySettings(alpha=alpha, kappa=kappa))
    after = advantages + slot.add(batch, advantages)
    assert torch.equal(torch.sign(after), torch.sign(advantages))
    assert bool((after >= advantages).all())


def test_by_hand() -> None:
    found = shaping(
        torch.tensor([[1.0, -1.0, 1.0, 1.0]]),
        torch.tensor([[2.0, 2.0, 9.0, 2.0]]),
        torch.tensor([[1, 1, 1, 0]]),
        alpha=0.1,
        kappa=2.0,
    )
    torch.testing.assert_close(found, torch.tensor([[0.2, 0.2, 0.5, 0.0]]))
