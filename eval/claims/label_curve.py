"""Labels that a run needs to reach 95 % of what all labels reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from corpus.model import Frozen
from eval.claims.lab_runs import Result
from eval.claims.verdict import Effect, paired

SHARE = 0.95
"""Share of the final accuracy with all labels that is to be reached."""
FULL = "full"
"""Name of the arm that labels every question."""


class LabelNeed(Frozen):
    """How many labels an arm needs.

    Attributes:
        consumed: labels of a whole run, mean over seeds.
        reached: number of seeds that reach 95 % of their final accuracy with all labels.
        seeds: number of seeds.
        labels: labels consumed when it is first reached, mean; null unless every seed reaches it.
        saved: share of labels saved against the arm with all labels at the same mark, by seed, with
            its 95 % interval; null unless every seed of both reaches it.
        accuracy: final accuracy less that with all labels, paired by seed.
        curve: labels consumed and accuracy on held-out works, means over seeds.
    """

    consumed: float
    reached: int
    seeds: int
    labels: float | None
    saved: Effect | None
    accuracy: Effect
    curve: tuple[tuple[float, float], ...]


def label_needs(found: Mapping[str, Sequence[Result]]) -> dict[str, LabelNeed]:
    """Return the need of every arm that chooses its labels; empty without the arm ``full``.

    Args:
        found: results of each arm, in the order of the seeds.
    """
    full = found.get(FULL, ())
    if not full or not all(one.curve.labels for results in found.values() for one in results):
        return {}
    marks = [SHARE * one.test.accuracy for one in full]
    needed = {
        name: [first_at(one, mark) for one, mark in zip(results, marks, strict=True)]
        for name, results in found.items()
    }
    return {
        name: _need(results, needed[name], full, needed[FULL]) for name, results in found.items()
    }


def first_at(result: Result, mark: float) -> float | None:
    """Return the labels consumed when a run first has that accuracy; ``None`` if it never has."""
    return next((labels for labels, accuracy in points(result) if accuracy >= mark), None)


def points(result: Result) -> list[tuple[float, float]]:
    """Return labels consumed and accuracy on held-out works, at the start and as measured."""
    curve = result.curve
    if not curve.held_out:
        return [(0.0, result.start.accuracy), (curve.labels[-1], result.test.accuracy)]
    every = len(curve.labels) // len(curve.held_out)
    measured = zip(curve.labels[every - 1 :: every], curve.held_out, strict=False)
    return [(0.0, result.start.accuracy), *measured]


def _need(
    results: Sequence[Result],
    needed: Sequence[float | None],
    full: Sequence[Result],
    needed_full: Sequence[float | None],
) -> LabelNeed:
    reached = [labels for labels in needed if labels is not None]
    whole = len(reached) == len(needed)
    saved = [
        1 - mine / theirs
        for mine, theirs in zip(needed, needed_full, strict=True)
        if mine is not None and theirs
    ]
    curves = [points(one) for one in results]
    return LabelNeed(
        consumed=fmean(one.curve.labels[-1] for one in results),
        reached=len(reached),
        seeds=len(results),
        labels=fmean(reached) if whole else None,
        saved=paired(saved, [0.0] * len(saved)) if len(saved) == len(results) else None,
        accuracy=paired([one.test.accuracy for one in results], [o.test.accuracy for o in full]),
        curve=tuple(
            (fmean(x for x, _ in at), fmean(y for _, y in at)) for at in zip(*curves, strict=True)
        ),
    )
