"""``inforce bench methods``: optimiser steps with training methods against TRL's own.

Methods that need no extra forward pass are measured together; each of the others is then added
alone, and last all at once. Every set is measured in turn with a run of TRL's trainer, in processor
time (:mod:`eval.bench.step_timing`). A step is the mean over a round, which is generated once and
trained on twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean, median

from corpus.model import Frozen

CHEAP = ("nsr", "kl_cov", "agreement", "tiar", "lampo", "tis", "ftis_filter", "entropy")
"""Methods that need no extra forward pass."""
READERS = ("certainty", "wpg", "delta", "opd")
"""Methods that read hidden states, or need a reference (``wpg``) or a teacher (``opd``)."""
WARMING = 2
KL = 1e-3


class MethodCost(Frozen):
    """Ratio of step times, with methods over TRL's own: median, smallest and largest.

    Attributes:
        methods: name of the set of methods.
        ratio: median ratio over the repeats.
        least: smallest ratio.
        greatest: largest ratio.
    """

    methods: str
    ratio: float
    least: float
    greatest: float


HELD = "all but delta and opd, both held by KL"
"""Set in which ``wpg`` shares the reference's forward pass with a KL penalty."""


def sets() -> Mapping[str, tuple[str, ...]]:
    """Return the methods of each set that is measured, by its name."""
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
    """Measure every set ``repeats`` times, each with a run of TRL's trainer.

    Args:
        repeats: number of measurements of each set.
        steps: optimiser steps of each run, an even number.
        say: called with each ratio.
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
