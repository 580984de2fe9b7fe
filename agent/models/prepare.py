"""Prepare model folders atomically and check them by digest."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.models.catalogue import (
    MANIFEST,
    RECIPES,
    SPACE,
    Advance,
    Manifest,
    ModelError,
    ModelSpec,
    find_model,
    manifest_of,
)
from corpus.locking import file_lock


def prepare(name: str, advance: Advance = lambda *_: None) -> ModelSpec:
    """Prepare a model folder atomically; an intact one is kept.

    Args:
        name: a model that InForce prepares; a folder or hub id is returned as it is.
        advance: called with the steps done, their number, and the next step.

    Raises:
        ModelError: the model is unknown, or a package or the disk space for it is missing.
        StoreError: another process prepares it.
    """
    spec = find_model(name)
    if not spec.prepared_here:
        return spec
    folder = Path(spec.location)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(folder.parent / f"{name}.lock"):
        if not damaged_files(spec):
            return spec
        _check_space(name, folder.parent)
        with _replacing(folder) as draft:
            source = _write(name, draft, advance)
            advance(3, 4, "checksums")
            sums = {path.name: _sha256(path) for path in sorted(draft.iterdir())}
            manifest = Manifest(name=name, recipe=RECIPES[name], source=source, files=sums)
            (draft / MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    advance(4, 4, "ready")
    return spec


def damaged_files(spec: ModelSpec) -> list[str]:
    """Return the files of a prepared model that are missing or changed."""
    manifest = manifest_of(spec)
    if manifest is None:
        return [MANIFEST]
    folder = Path(spec.location)
    return [
        name
        for name, digest in manifest.files.items()
        if not (folder / name).is_file() or _sha256(folder / name) != digest
    ]


def _check_space(name: str, home: Path) -> None:
    needed, free = SPACE[name], shutil.disk_usage(home).free
    if free < needed:
        raise ModelError(
            f"Preparing {name} takes {needed / 1e9:.2f} GB of disk, and {home} has only "
            f"{free / 1e9:.2f} GB free."
        )


def _write(name: str, folder: Path, advance: Advance) -> str:
    try:
        from agent.models.weights import WRITERS

        return WRITERS[name](folder, advance)
    except ImportError as missing:  # transformers looks for gguf when it opens the file
        what = missing.name or "gguf"
        raise ModelError(f"{what} is not installed: pip install 'inforce[train]'.") from missing


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that replaces ``folder`` on success."""
    draft = folder.with_name(f".{folder.name}.draft")
    old = folder.with_name(f".{folder.name}.old")
    for rest in (draft, old):
        shutil.rmtree(rest, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        if folder.exists():
            folder.rename(old)
        draft.rename(folder)
    except OSError as error:
        raise ModelError(f"{folder} cannot be written: {error.strerror or error}.") from error
    finally:
        for rest in (draft, old):
            shutil.rmtree(rest, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
