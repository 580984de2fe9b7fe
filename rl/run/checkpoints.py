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
"""Written last into a checkpoint: where the run's files stood."""

Seal = Callable[[Path], None]
"""Writes into a checkpoint what else it must hold, before it counts."""


class TrainingFault(InForceError):  # noqa: N818 - a fault of the run, in the words of its reader
    """The run cannot go on; its last checkpoint is whole."""

    exit_status = 1


def checkpoints(home: Path) -> list[Path]:
    """Return the whole checkpoints of a folder, oldest first."""
    found = (path for path in home.glob(f"{CHECKPOINT}*") if (path / SEAL).is_file())
    return sorted(found, key=step_of)


def step_of(checkpoint: Path) -> int:
    """Return the optimiser step after which a checkpoint was made."""
    return int(checkpoint.name.removeprefix(CHECKPOINT))


@contextmanager
def drafted(home: Path, name: str, first: bool, seal: Seal) -> Iterator[Path]:
    """Yield a folder; what is written to ``name`` in it becomes ``home/name`` once all went well.

    Args:
        home: of the checkpoints.
        name: of this one.
        first: whether this process, of those that write, is the one that finishes it.
        seal: told of the written folder before it counts.

    Raises:
        TrainingFault: it cannot be written; what was there before is whole.
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
    """Flush the files of a folder to disk (fsync), before it is renamed."""
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
