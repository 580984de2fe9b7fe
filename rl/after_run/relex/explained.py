"""How well the snapshots of every tensor lie on a line, beside a random walk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from corpus.model import Frozen
from rl.after_run.relex.fit import (
    FEWEST,
    Line,
    fit_line,
    held_out_errors,
    random_walk_shares,
    shares,
)
from rl.after_run.relex.trajectory import Trajectory

LATER = 0.25
"""Share of the snapshots held out from a second fit, for R2, where the run kept no later ones."""

Errors = tuple[float, float]


class LineFit(Frozen):
    """How well the changes of one tensor, or of all together, lie on a line.

    Attributes:
        elements: number of weights.
        first: share of the squared change that the first component explains; null without change.
        first_two: share of the first two components.
        walk_first: share of the first component in a random walk of the same steps and size.
        walk_first_two: share of its first two.
        held_out_r2: R2 of the line on the coefficients of later snapshots, which it was not fitted
            to; null without such snapshots or change.
    """

    elements: int
    first: float | None
    first_two: float | None
    walk_first: float
    walk_first_two: float
    held_out_r2: float | None


@dataclass(frozen=True)
class Fits:
    """The line of every tensor, and the figures of each and of all together.

    ``held_out`` are the steps of the snapshots that R2 was measured on.
    """

    steps: tuple[int, ...]
    held_out: tuple[int, ...]
    lines: Mapping[str, Line]
    tensors: Mapping[str, LineFit]
    together: LineFit


def fit_all(trajectory: Trajectory, fitted: int) -> Fits:
    """Fit a line to every tensor.

    Args:
        trajectory: the snapshots of a run.
        fitted: number of snapshots that the lines are fitted to, with the start; the later ones are
            held out. Without later ones, R2 is that of a second fit that leaves out the last ones.

    Raises:
        ExtrapolationError: a weight is not finite.
    """
    steps = trajectory.steps[1:fitted]
    known = _known(len(trajectory.steps), fitted)
    held_out = trajectory.steps[known:]
    lines, tensors, errors = {}, {}, []
    for name, shape in trajectory.shapes.items():
        gram = trajectory.gram(name)
        line = fit_line(gram[: len(steps), : len(steps)], steps)
        error = _errors(gram, trajectory.steps[1:], known - 1)
        lines[name] = line
        tensors[name] = _figures([line], torch.Size(shape).numel(), steps, [error])
        errors.append(error)
    size = sum(one.elements for one in tensors.values())
    together = _figures(lines.values(), size, steps, errors)
    return Fits(steps, held_out, lines, tensors, together)


def _known(count: int, fitted: int) -> int:
    """Return how many of ``count`` snapshots R2 may use for its fit; the rest are held out."""
    if count > fitted:
        return fitted
    return max(FEWEST + 1, count - max(2, round(LATER * count)))


def _errors(gram: Tensor, steps: Sequence[int], known: int) -> Errors:
    if len(steps) - known < FEWEST:
        return 0.0, 0.0
    line = fit_line(gram[:known, :known], steps[:known])
    return held_out_errors(line, gram[known:, :known], steps[known:])


def _figures(
    lines: Iterable[Line], elements: int, steps: tuple[int, ...], errors: Sequence[Errors]
) -> LineFit:
    spectrum = torch.stack([line.eigenvalues for line in lines]).sum(dim=0)
    found = shares(spectrum)
    walk = random_walk_shares(steps, elements)
    wrong, varied = (sum(parts) for parts in zip(*errors, strict=True))
    return LineFit(
        elements=elements,
        first=None if found is None else found[0],
        first_two=None if found is None else found[1],
        walk_first=walk[0],
        walk_first_two=walk[1],
        held_out_r2=1.0 - wrong / varied if varied > 0.0 else None,
    )
