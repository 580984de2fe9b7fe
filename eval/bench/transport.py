"""``inforce bench transport``: convergence of the Sinkhorn iteration of the method WPG."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from corpus.errors import training_installed

if TYPE_CHECKING:
    from eval.bench.sinkhorn_convergence import Convergence


def bench(model: str, seed: int = 0) -> Iterator[Convergence]:
    """Yield the error of the potential after some iterations.

    Raises:
        ModelError: there is no such model.
        BadInputError: PyTorch is missing.
    """
    with training_installed():
        from eval.bench.sinkhorn_convergence import sinkhorn_convergence
    return sinkhorn_convergence(model, seed)
