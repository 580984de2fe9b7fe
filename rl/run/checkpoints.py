"""Checkpoints of a run, written atomically."""

from __future__ import annotations

import hashlib
import json
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
DIGESTS = "digests.json"
"""The BLAKE2b digest of every other file of a checkpoint, by its path in the folder."""

Seal = Callable[[Path], None]
"""Writes additional files into a checkpoint before it is renamed."""


class TrainingFault(InForceError):  # noqa: N818 - a fault of the run, in the words of its reader
    """The run cannot continue; its last checkpoint is complete."""

    exit_status = 1


def checkpoints(home: Path) -> list[Path]:
    """Return the complete checkpoints of a folder, oldest first."""
    found = (path for path in home.glob(f"{CHECKPOINT}*") if (path / SEAL).is_file())
    return sorted(found, key=step_of)


def newest_whole(home: Path) -> tuple[Path | None, tuple[str, ...]]:
    """Return the newest checkpoint whose files are as written, and what is damaged in newer ones.

    Raises:
        TrainingFault: there are checkpoints, and all are damaged.
    """
    faults: list[str] = []
    for checkpoint in reversed(checkpoints(home)):
        damaged = damaged_file(checkpoint)
        if damaged is None:
            return checkpoint, tuple(faults)
        faults.append(f"{checkpoint.name} is damaged ({damaged})")
    if faults:
        raise TrainingFault(
            f"No checkpoint of {home.parent} can be read: {'; '.join(faults)}. Remove them to begin"
            " again."
        )
    return None, ()


def damaged_file(checkpoint: Path) -> str | None:
    """Return the first file that is missing or differs from its digest; ``None`` if all are whole.

    A checkpoint without digests, of an earlier version, counts as whole.
    """
    listed = checkpoint / DIGESTS
    if not listed.is_file():
        return None
    try:
        digests: dict[str, str] = json.loads(listed.read_text(encoding="utf-8"))
    except ValueError:
        return DIGESTS
    for name, digest in digests.items():
        file = checkpoint / name
        if not file.is_file() or _digest(file) != digest:
            return name
    return None


def _write_digests(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    digests = {str(path.relative_to(folder)): _digest(path) for path in files}
    (folder / DIGESTS).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "blake2b").hexdigest()


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
            _write_digests(draft / name)
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
