"""Snapshots of a run: the trained weights after some optimiser steps, in float32.

One ``step-N.safetensors`` per snapshot, in the folder ``snapshots`` of a run; step 0 is the start
of training. Each is written aside and renamed, so there are only whole ones. Free of torch.
"""

from __future__ import annotations

from pathlib import Path

from rl.recipes.recipe import RecipeError, SnapshotSettings

FOLDER = "snapshots"
LEAST = 3
"""Fewest snapshots that a line can be fitted to: the start and two more."""

_PREFIX, _SUFFIX = "step-", ".safetensors"


def snapshot_path(run: Path, step: int) -> Path:
    """Return the file of a snapshot."""
    return run / FOLDER / f"{_PREFIX}{step}{_SUFFIX}"


def snapshots(run: Path) -> dict[int, Path]:
    """Return the snapshots of a run by optimiser step, earliest first."""
    found = {_step(path): path for path in (run / FOLDER).glob(f"{_PREFIX}*{_SUFFIX}")}
    return dict(sorted(found.items()))


def snapshot_steps(settings: SnapshotSettings, steps: int, size: int) -> list[int]:
    """Return the optimiser steps after which a snapshot is kept, beginning with 0.

    Args:
        settings: the interval, the share of the run and the budget.
        steps: optimiser steps of the run.
        size: bytes of one snapshot.

    Raises:
        RecipeError: fewer than :data:`LEAST` snapshots fit the share of the run or the budget.
    """
    last, room = round(settings.share * steps), int(settings.most_mib * 2**20 / max(size, 1))
    if last // settings.every + 1 < LEAST:
        raise RecipeError(
            f"snapshots.share = {settings.share:g} of {steps} steps, every {settings.every}, keeps"
            f" {last // settings.every + 1} snapshots; a line needs {LEAST}."
        )
    if room < LEAST:
        raise RecipeError(
            f"snapshots.most_mib = {settings.most_mib:g} has room for {room} snapshots of"
            f" {size / 2**20:.0f} MiB; a line needs {LEAST}."
        )
    factor = 1
    while last // (settings.every * factor) + 1 > room:
        factor += 1
    return list(range(0, last + 1, settings.every * factor))


def _step(path: Path) -> int:
    return int(path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX))
