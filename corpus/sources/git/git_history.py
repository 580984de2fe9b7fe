"""Revisions of files in git, from a repository or a bundle.

The object database is read with pygit2: commits, trailers and blobs are data, so unusual messages
cannot break parsing as they would with ``git log``. Commits are compared only in the paths that a
pattern matches (:mod:`corpus.sources.git.git_trees`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import SortMode

from corpus.errors import BadInputError, Place, SourceError
from corpus.sources.git.git_bundle import unpacked
from corpus.sources.git.git_trees import TreeChanges

MAX_TEXT_BYTES = 64 * 2**20
"""Largest file that is read."""
_TRAILER = re.compile(r"^([A-Za-z0-9-]+):[ \t]*(.*?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Revision:
    """State of one file in one commit. ``place_in_time`` counts commits, oldest first.

    ``blob`` is ``None`` if the commit deletes the file; ``moved_to`` is then the path under which
    the same commit adds the same content, if it does.
    """

    path: str
    commit: str
    message: str
    trailers: dict[str, str]
    blob: str | None
    place_in_time: int
    moved_to: str | None = None

    def place(self, *, line: int | None = None, field: str | None = None) -> Place:
        """Return the place of the file, with a line or field."""
        return Place(self.path, line, field)

    def fault(
        self, problem: str, *, line: int | None = None, field: str | None = None
    ) -> SourceError:
        """Return an error with file, line or field, and commit."""
        return SourceError(
            self.place(line=line, field=field), f"commit {self.commit[:10]} {problem}"
        )


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
        """Return whether a file of the last commit matches ``pattern``."""
        tree = self._repository[self._tip].peel(pygit2.Tree).id
        found = TreeChanges(self._repository, pattern).between(None, tree)
        return next(found, None) is not None

    def revisions(self, pattern: str) -> dict[str, list[Revision]]:
        """Return the revisions of each file whose path matches ``pattern``, oldest first.

        Raises:
            SourceError: a commit has too many files.
        """
        found: dict[str, list[Revision]] = {}
        changes = TreeChanges(self._repository, pattern)
        before: pygit2.Oid | None = None
        walk = self._repository.walk(self._tip, SortMode.TOPOLOGICAL | SortMode.REVERSE)
        walk.simplify_first_parent()
        for number, commit in enumerate(walk):
            differing = dict(changes.between(before, commit.tree_id))
            moved = self._moved(before, commit.tree_id) if None in differing.values() else {}
            message = _message(commit) if differing else ""
            for path, blob in differing.items():
                revision = Revision(
                    path=path,
                    commit=str(commit.id),
                    message=message,
                    trailers=_trailers(message),
                    blob=blob,
                    place_in_time=number,
                    moved_to=moved.get(path) if blob is None else None,
                )
                found.setdefault(path, []).append(revision)
            before = commit.tree_id
        return dict(sorted(found.items()))

    def text(self, revision: Revision) -> str:
        """Return the file's content at a revision, with lines that end in ``\\n``.

        Raises:
            SourceError: the content is missing, too large, not UTF-8, or holds U+0000.
        """
        assert revision.blob is not None
        try:
            oid = pygit2.Oid(hex=revision.blob)
            _, size = self._repository.odb.read_header(oid)
            if size > MAX_TEXT_BYTES:
                raise revision.fault(f"has {size:,} bytes here, more than {MAX_TEXT_BYTES:,}")
            text: str = self._repository.odb.read(oid)[1].decode("utf-8-sig")
        except KeyError as error:
            raise revision.fault("has content that the repository does not hold") from error
        except UnicodeDecodeError as error:
            raise revision.fault(f"is not UTF-8 text at byte {error.start}") from error
        if "\0" in text:
            line = text.count("\n", 0, text.index("\0")) + 1
            raise revision.fault("holds the character U+0000", line=line)
        return text.replace("\r\n", "\n") if "\r" in text else text

    def _moved(self, old: pygit2.Oid | None, new: pygit2.Oid) -> dict[str, str]:
        """Return the new path of files that a commit removes and adds with the same content."""
        everything = TreeChanges(self._repository, "*")
        come = {blob: path for path, blob in everything.between(old, new) if blob is not None}
        gone = {path: blob for path, blob in everything.between(new, old) if blob is not None}
        return {path: come[blob] for path, blob in gone.items() if blob in come}


@contextmanager
def open_history(path: Path, branch: str) -> Iterator[GitHistory]:
    """Open the branch of a repository or bundle; a bundle's temporary copy is removed afterwards.

    Raises:
        SourceError: the path is neither, the bundle is damaged, or there is no such branch.
        BadInputError: the path does not exist, or ``git``, which a bundle needs, is not installed.
    """
    if path.is_dir():
        yield _opened(path, path, branch)
        return
    if not path.is_file():
        raise BadInputError(f"{path}: no such git bundle or repository")
    with unpacked(path, branch) as folder:
        yield _opened(path, folder, branch)


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


def _message(commit: pygit2.Commit) -> str:
    return commit.raw_message.decode("utf-8", "replace").replace("\r\n", "\n")


def _trailers(message: str) -> dict[str, str]:
    """Return the ``Key: value`` lines of a message's last paragraph.

    pygit2's ``message_trailers`` joins an empty value with the line after it.
    """
    return dict(_TRAILER.findall(message.rstrip().rpartition("\n\n")[2]))
