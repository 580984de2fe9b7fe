"""``inforce bench methods``: optimiser steps with training methods against stock steps.

The methods that read what a step has run together; each of the others is then added alone, and last
all at once. Every set takes its turn beside a stock run, in processor time
(:mod:`eval.bench.step_timing`). A step is the mean over a round, which is shaped once and learnt
from twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean, median

from corpus.model import Frozen

CHEAP = ("nsr", "kl_cov", "agreement", "tiar", "lampo", "tis", "ftis_filter", "entropy")
"""Methods that read what a step has anyway."""
READERS = ("certainty", "wpg", "delta", "opd")
"""Methods that read hidden states, or ask a reference (``wpg``) or a teacher (``opd``)."""
WARMING = 2
KL = 1e-3


class MethodCost(Frozen):
    """Steps over stock steps, median over repeats, and the least and greatest."""

    methods: str
    ratio: float
    least: float
    greatest: float


HELD = "all but delta and opd, both held by KL"
"""``wpg`` asks the reference once a round; where a KL asks it too, the pass is shared."""


def sets() -> Mapping[str, tuple[str, ...]]:
    """Return what is timed, by its name."""
    alone = {f"{kind} added": (*CHEAP, kind) for kind in READERS}
    together = f"{len(CHEAP)} that read what a step has"
    own = (*CHEAP, "certainty", "wpg")
    return {
        "none": (),
        together: CHEAP,
        **alone,
        "all but delta and opd": own,
        HELD: own,
        "all": (*CHEAP, *READERS),
    }


def bench(
    repeats: int, steps: int, say: Callable[[str], None], size: Mapping[str, int] | None = None
) -> list[MethodCost]:
    """Measure every set, ``repeats`` times beside a stock run of ``steps`` steps (an even number).

    Args:
        repeats: times that every set is measured.
        steps: of each run.
        say: told each ratio.
        size: ``hidden`` and ``layers`` of the model.

    Raises:
        BadInputError: PyTorch or TRL is missing.
    """
    from corpus.errors import training_installed

    with training_installed():
        from eval.bench.step_timing import Load, step_seconds
    load, count = Load(**(size or {})), WARMING + steps
    ratios: dict[str, list[float]] = {name: [] for name in sets()}
    for repeat in range(repeats):
        for name, methods in sets().items():
            kl = KL if name == HELD else 0.0
            stock = fmean(step_seconds("stock", load, count, kl=kl)[WARMING:])
            ours = fmean(step_seconds("ours", load, count, methods, kl=kl)[WARMING:])
            ratios[name].append(ours / stock)
            say(f"repeat {repeat + 1}, {name}: {ours / stock:.3f} of a stock step")
    return [
        MethodCost(methods=name, ratio=median(found), least=min(found), greatest=max(found))
        for name, found in ratios.items()
    ]
