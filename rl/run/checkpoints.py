"""Checkpoints of a run, written atomically."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from corpus.errors import InForceError

CHECKPOINT = "checkpoint-"
SEAL = "inforce.json"
"""File written last into a checkpoint; it holds the lengths of the run's journals."""

Seal = Callable[[Path], None]
"""Writes additional files into a checkpoint before it is renamed."""


class TrainingFault(InForceError):  # noqa: N818 - a fault of the run, in the words of its reader
    """The run cannot continue; its last checkpoint is complete."""

    exit_status = 1


def checkpoints(home: Path) -> list[Path]:
    """Return the complete checkpoints of a folder, oldest first."""
    found = (path for path in home.glob(f"{CHECKPOINT}*") if (path / SEAL).is_file())
    return sorted(found, key=step_of)


def step_of(checkpoint: Path) -> int:
    """Return the optimiser step of a checkpoint."""
    return int(checkpoint.name.removeprefix(CHECKPOINT))


@contextmanager
def drafted(home: Path, name: str, first: bool, seal: Seal) -> Iterator[Path]:
    """Yield a folder whose ``name`` is renamed to ``home/name`` when the block succeeds.

    Args:
        home: folder of the checkpoints.
        name: name of this checkpoint.
        first: whether this process is the one, of those that write, that renames it.
        seal: called with the written folder before it is renamed.

    Raises:
        TrainingFault: it cannot be written; earlier checkpoints are unchanged.
    """
    draft = home / ".draft"
    try:
        yield draft
        if first:
            seal(draft / name)
            _make_durable(draft / name)
            shutil.rmtree(home / name, ignore_errors=True)
            (draft / name).rename(home / name)
    except (OSError, RuntimeError, SafetensorError) as fault:
        raise TrainingFault(_unwritten(name, home, fault)) from fault
    finally:
        if first:
            shutil.rmtree(draft, ignore_errors=True)


def _make_durable(folder: Path) -> None:
    """Flush the files of a folder to disk (fsync) before it is renamed."""
    for path in (*folder.rglob("*"), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritten(name: str, home: Path, fault: Exception) -> str:
    kept = checkpoints(home)
    rest = f"the run can go on from {kept[-1].name}" if kept else "there is no earlier one"
    reason = getattr(fault, "strerror", None) or (str(fault).splitlines() or ["unknown"])[0]
    return f"The checkpoint {name} could not be written ({reason}); {rest}."
