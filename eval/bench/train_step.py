"""``inforce bench train-step``: our optimiser step against a stock GRPOTrainer's.

Both trainers learn from the same made-up rollouts with the same model, in turns (stock, ours, ours,
stock, ...), so that whatever else the machine does falls on both. Time is processor time of the
process. The first steps of each repeat are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from corpus.model import Frozen

WARMING = 2
"""First steps of each repeat, which are not timed."""


class StepReport(Frozen):
    """Median processor seconds of a step, and the ratio ours over TRL for each repeat.

    Attributes:
        steps: number of timed optimiser steps.
        stock: median processor seconds of a step with TRL's trainer.
        ours: median processor seconds of a step with ours.
        ratio: ours over TRL's, median over the repeats.
        ratios: the ratio of each repeat.
    """

    steps: int
    stock: float
    ours: float
    ratio: float
    ratios: tuple[float, ...]


def bench(repeats: int, steps: int, say: Callable[[str], None]) -> StepReport:
    """Measure.

    Args:
        repeats: pairs of a run with TRL's trainer and one with ours.
        steps: timed optimiser steps of each run.
        say: called with progress messages.

    Raises:
        BadInputError: PyTorch or TRL is missing.
    """
    step_seconds, load = _tools()
    stock: list[list[float]] = []
    ours: list[list[float]] = []
    for repeat in range(repeats):
        order = ("stock", "ours") if repeat % 2 == 0 else ("ours", "stock")
        for whose in order:
            seconds = step_seconds(whose, load, steps + WARMING)[WARMING:]
            (stock if whose == "stock" else ours).append(seconds)
            say(f"repeat {repeat + 1}, {whose}: {1000 * median(seconds):.0f} ms a step")
    ratios = tuple(median(own) / median(other) for own, other in zip(ours, stock, strict=True))
    return StepReport(
        steps=repeats * steps,
        stock=median(one for run in stock for one in run),
        ours=median(one for run in ours for one in run),
        ratio=median(ratios),
        ratios=ratios,
    )


def _tools() -> tuple[Callable[..., list[float]], object]:
    from corpus.errors import training_installed

    with training_installed():
        from eval.bench.step_timing import Load, step_seconds
    return step_seconds, Load()
