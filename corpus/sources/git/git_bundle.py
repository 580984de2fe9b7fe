"""Unpack a git bundle with git into a temporary bare repository, within limits.

libgit2 cannot read a bundle. git checks every object; memory is limited, since a small bundle may
expand to a large one; a copy left by a killed process is removed by the next one.
"""

from __future__ import annotations

import os
import shutil
import subprocess  # git reads the bundle; nothing else is run
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.errors import BadInputError, Place, SourceError

MAX_MEMORY_KIB = 4 * 2**20
"""Address space that git may use to unpack a bundle, in KiB."""
_PREFIX = "inforce-bundle-"
_BUNDLE_HEADS = (b"# v2 git bundle\n", b"# v3 git bundle\n")
_STREAMED = "16m"
"""Size from which git streams an object instead of holding it in memory."""


@contextmanager
def unpacked(path: Path, branch: str) -> Iterator[Path]:
    """Yield the folder of a bare repository with a branch of the bundle; it is removed afterwards.

    Raises:
        SourceError: the file is not a bundle, is damaged or too large, or has no such branch.
        BadInputError: ``git`` is not installed.
    """
    _check_heads(path, branch)
    _remove_left_behind()
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:
        _clone(path, branch, Path(folder))
        yield Path(folder)


def _remove_left_behind() -> None:
    """Remove the copies whose process has ended."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists() and Path("/proc").is_dir():
            shutil.rmtree(folder, ignore_errors=True)


def _check_heads(path: Path, branch: str) -> None:
    """Parse a bundle's header: each line names an object and a branch that points to it."""
    place = Place(str(path))
    with path.open("rb") as file:
        if file.readline(64) not in _BUNDLE_HEADS:
            raise SourceError(place, "this file is not a git bundle")
        heads = []
        while (line := file.readline(4096)).strip():
            if not line.startswith((b"-", b"@")):
                heads.append(line.decode("utf-8", "replace").strip().partition(" ")[2])
    if f"refs/heads/{branch}" not in heads:
        there = ", ".join(head.removeprefix("refs/heads/") for head in heads) or "none"
        raise SourceError(place, f"the bundle has no branch '{branch}' (it has: {there})")


def _clone(path: Path, branch: str, folder: Path) -> None:
    git = shutil.which("git")
    if git is None:
        raise BadInputError(f"{path}: reading a git bundle needs the git command")
    limited = ["sh", "-c", f'ulimit -v {MAX_MEMORY_KIB} 2>/dev/null; exec "$@"', "sh"]
    settings = ["-c", f"core.bigFileThreshold={_STREAMED}", "-c", "pack.threads=1"]
    command = [git, *settings, "clone", "--quiet", "--bare", "--template=", "--single-branch"]
    done = subprocess.run(
        [*limited, *command, "--branch", branch, "--", str(path.resolve()), str(folder)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        reason = said[0].removeprefix("fatal: ").removeprefix("error: ") if said else "no reason"
        raise SourceError(Place(str(path)), f"the bundle is damaged, git says: {reason}")
