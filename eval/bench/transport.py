"""When has the potential of WPG settled? ``inforce bench transport``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from corpus.errors import training_installed

if TYPE_CHECKING:
    from rl.settling import Settling


def bench(model: str, seed: int = 0) -> Iterator[Settling]:
    """Return how near the potential is after some iterations (:func:`rl.settling.settling`).

    Raises:
        ModelError: there is no such model.
        BadInputError: PyTorch is missing.
    """
    with training_installed():
        from rl.settling import settling
    return settling(model, seed)
