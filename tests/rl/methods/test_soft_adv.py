"""A label counts as much as it is trusted."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from rl.objective.methods.soft_adv import SoftAdv  # noqa: E402
from tests.rl.methods.batches import a_batch  # noqa: E402


def test_the_advantage_of_a_rollout_counts_as_much_as_its_label_is_trusted() -> None:
    trust = torch.tensor([1.0, 0.5, 0.0, 0.25])
    batch = a_batch(1, 4, coefficients_N=trust)
    found = SoftAdv().adjust(batch, torch.tensor([2.0, 2.0, -3.0, -4.0]))
    assert found.tolist() == [2.0, 1.0, 0.0, -1.0]


def test_without_coefficients_every_label_is_trusted() -> None:
    batch = a_batch(1, 4, coefficients_N=None)
    assert SoftAdv().adjust(batch, torch.tensor([2.0, 2.0, -3.0, -4.0])).tolist() == [2, 2, -3, -4]
