"""The dated states of files kept in git, from a repository or a bundle.

The object database is read with pygit2: commits, trailers and blobs come as data, where parsing the
output of ``git log`` would break on the first unusual message. libgit2 cannot read a bundle, so a
bundle is first cloned by the ``git`` command, which checks every object, into a bare repository in
a temporary directory.
"""

from __future__ import annotations

import re
import shutil
import subprocess  # git reads the bundle; nothing else is run
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus, SortMode

from corpus.errors import BadInputError, Place, SourceError

_TRAILER = re.compile(r"^([A-Za-z0-9-]+):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_BUNDLE_HEADS = (b"# v2 git bundle\n", b"# v3 git bundle\n")


@dataclass(frozen=True)
class Revision:
    """One commit's state of one file. ``place_in_time`` counts commits, oldest first."""

    path: str
    commit: str
    message: str
    trailers: dict[str, str]
    blob: str | None
    place_in_time: int

    def fault(
        self, problem: str, *, line: int | None = None, field: str | None = None
    ) -> SourceError:
        """Return an error that names the file, the line or field, and the commit."""
        return SourceError(Place(self.path, line, field), f"commit {self.commit[:10]} {problem}")


class GitHistory:
    """The first-parent history of one branch."""

    def __init__(self, repository: pygit2.Repository, tip: pygit2.Oid) -> None:
        self._repository = repository
        self._tip = tip

    @property
    def tip(self) -> str:
        """The branch's last commit, whose id depends on every byte of the history."""
        return str(self._tip)

    def holds(self, pattern: str) -> bool:
        """Tell whether a file of the last commit has a path that matches ``pattern``."""
        index = pygit2.Index()
        index.read_tree(self._repository[self._tip].peel(pygit2.Tree))
        return any(fnmatchcase(entry.path, pattern) for entry in index)

    def revisions(self, pattern: str) -> dict[str, list[Revision]]:
        """Return the revisions of each file whose path matches ``pattern``, oldest first."""
        found: dict[str, list[Revision]] = {}
        walk = self._repository.walk(self._tip, SortMode.TOPOLOGICAL | SortMode.REVERSE)
        walk.simplify_first_parent()
        for number, commit in enumerate(walk):
            for path, blob in _changes(commit):
                if fnmatchcase(path, pattern):
                    revision = Revision(
                        path=path,
                        commit=str(commit.id),
                        message=commit.message,
                        trailers=_trailers(commit.message),
                        blob=blob,
                        place_in_time=number,
                    )
                    found.setdefault(path, []).append(revision)
        return dict(sorted(found.items()))

    def text(self, revision: Revision) -> str:
        """Return the file's content at a revision.

        Raises:
            SourceError: the revision deletes the file, or its content is missing or is not UTF-8.
        """
        if revision.blob is None:
            raise revision.fault("deletes the file, and does not say since when it is not the law")
        try:
            blob = self._repository[revision.blob]
            return blob.data.decode("utf-8") if isinstance(blob, pygit2.Blob) else ""
        except KeyError as error:
            raise revision.fault("has content that the repository does not hold") from error
        except UnicodeDecodeError as error:
            raise revision.fault(f"is not UTF-8 text at byte {error.start}") from error


@contextmanager
def open_history(path: Path, branch: str) -> Iterator[GitHistory]:
    """Open the branch of a repository or bundle; a bundle's temporary copy goes at the end.

    Raises:
        SourceError: the path holds neither, the bundle is damaged, or it has no such branch.
        BadInputError: the path does not exist, or a bundle is given and there is no ``git``.
    """
    if path.is_dir():
        yield _opened(path, path, branch)
        return
    if not path.is_file():
        raise BadInputError(f"{path}: no such git bundle or repository")
    _check_heads(path, branch)
    with tempfile.TemporaryDirectory(prefix="inforce-bundle-") as folder:
        _clone(path, branch, Path(folder))
        yield _opened(path, Path(folder), branch)


def _opened(source: Path, folder: Path, branch: str) -> GitHistory:
    try:
        repository = pygit2.Repository(str(folder))
    except pygit2.GitError as error:
        problem = f"git cannot open this folder as a repository: {error}"
        raise SourceError(Place(str(source)), problem) from error
    head = repository.references.get(f"refs/heads/{branch}")
    if head is None:
        raise SourceError(Place(str(source)), f"the repository has no branch '{branch}'")
    return GitHistory(repository, head.peel(pygit2.Commit).id)


def _changes(commit: pygit2.Commit) -> Iterator[tuple[str, str | None]]:
    """Yield the path and blob of each file that a commit changes; ``None`` where it deletes it."""
    if commit.parents:
        diff = commit.parents[0].tree.diff_to_tree(commit.tree)
    else:
        diff = commit.tree.diff_to_tree(swap=True)
    for delta in diff.deltas:
        gone = delta.status == DeltaStatus.DELETED
        yield delta.new_file.path, None if gone else str(delta.new_file.id)


def _trailers(message: str) -> dict[str, str]:
    """Return the ``Key: value`` lines of a message's last paragraph.

    pygit2's ``message_trailers`` joins an empty value with the line after it.
    """
    return dict(_TRAILER.findall(message.rstrip().rpartition("\n\n")[2]))


def _check_heads(path: Path, branch: str) -> None:
    """Read a bundle's header: each line names an object and the branch that points to it."""
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
    command = [git, "clone", "--quiet", "--bare", "--template=", "--single-branch"]
    done = subprocess.run(
        [*command, "--branch", branch, "--", str(path.resolve()), str(folder)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        reason = said[0].removeprefix("fatal: ").removeprefix("error: ") if said else "no reason"
        raise SourceError(Place(str(path)), f"the bundle is damaged, git says: {reason}")
