"""Differences between two trees of git, read from their raw entries.

libgit2 compares whole trees: for one act it walks a directory of 26,000 acts at every commit, and
it expands a tree that contains itself a thousand times. Here only entries that can match a pattern
are read, and their number per commit is limited.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pygit2

from corpus.errors import Place, SourceError

MAX_ENTRIES = 1_000_000
"""Largest number of entries read for one commit."""
MAX_DEPTH = 64
MAX_TREE_BYTES = 64 * 2**20
_REMEMBERED = 64
_ENTRY = re.compile(rb"(\d{5,6}) ([^\0]+)\0(.{20})", re.DOTALL)
_MODES = rb"(?P<mode>40000|100644|100755|100664|120000) "
_FOLDER, _OTHER_REPOSITORY = b"40000", b"160000"

_Entry = tuple[bytes, bytes, bytes]
"""Mode, name and id as git writes them."""


class TreeChanges:
    """Compares trees of one repository, for paths that can match ``pattern``.

    Leading folders of the pattern without a wildcard are looked up directly.
    """

    def __init__(self, repository: pygit2.Repository, pattern: str) -> None:
        self._odb = repository.odb
        self._pattern = pattern
        self._named = [*_literal(pattern)]
        self._read: OrderedDict[bytes, frozenset[_Entry]] = OrderedDict()
        self._seen = 0

    def between(
        self, old: pygit2.Oid | None, new: pygit2.Oid | None
    ) -> Iterator[tuple[str, str | None]]:
        """Yield path and blob id of each matching file that differs; ``None``: it was deleted.

        Raises:
            SourceError: there are more than :data:`MAX_ENTRIES` entries, a folder is too large or
                too deep, or a tree is missing.
        """
        self._seen = 0
        yield from self._differing(old.raw if old else None, new.raw if new else None, "", 0)

    def _differing(
        self, old: bytes | None, new: bytes | None, folder: str, depth: int
    ) -> Iterator[tuple[str, str | None]]:
        if old == new:
            return
        if depth > MAX_DEPTH:
            raise SourceError(Place(folder), f"lies more than {MAX_DEPTH} folders deep")
        before, after = (self._entries(tree, depth) for tree in (old, new))
        gone = {name: (mode, oid) for mode, name, oid in before - after}
        come = {name: (mode, oid) for mode, name, oid in after - before}
        for name in sorted(gone.keys() | come.keys()):
            path = folder + name.decode("utf-8", "backslashreplace")
            was, now = _split(gone.get(name)), _split(come.get(name))
            yield from self._differing(was[0], now[0], f"{path}/", depth + 1)
            if was[1] != now[1] and fnmatchcase(path, self._pattern):
                yield path, now[1].hex() if now[1] else None

    def _entries(self, tree: bytes | None, depth: int) -> frozenset[_Entry]:
        """Return the entries of a tree that can match at this depth."""
        if tree is None:
            return frozenset()
        if depth < len(self._named):
            return self._one(self._raw(tree), self._named[depth])
        if tree not in self._read:
            self._read[tree] = frozenset(_ENTRY.findall(self._raw(tree)))
            if len(self._read) > _REMEMBERED:
                self._read.popitem(last=False)
        found = self._read[tree]
        self._count(len(found))
        return found

    def _one(self, raw: bytes, name: bytes) -> frozenset[_Entry]:
        """Return the entry of one name without reading the others."""
        found = re.search(_MODES + re.escape(name) + rb"\0(?P<oid>.{20})", raw, re.DOTALL)
        return frozenset({(found["mode"], name, found["oid"])} if found else ())

    def _raw(self, tree: bytes) -> bytes:
        oid = pygit2.Oid(raw=tree)
        try:
            _, size = self._odb.read_header(oid)
            if size > MAX_TREE_BYTES:
                raise SourceError(Place(f"tree {oid}"), f"is larger than {MAX_TREE_BYTES} bytes")
            return bytes(self._odb.read(oid)[1])
        except KeyError as error:
            raise SourceError(Place(f"tree {oid}"), "is not in the repository") from error

    def _count(self, entries: int) -> None:
        self._seen += entries
        if self._seen > MAX_ENTRIES:
            problem = f"a commit has more than {MAX_ENTRIES:,} files and folders to look at"
            raise SourceError(Place(self._pattern), problem)


def _literal(pattern: str) -> Iterator[bytes]:
    """Yield the leading parts of a path pattern that hold no wildcard."""
    for part in pattern.split("/"):
        if re.search(r"[*?\[]", part):
            return
        yield part.encode()


def _split(entry: tuple[bytes, bytes] | None) -> tuple[bytes | None, bytes | None]:
    """Return the id of a folder, or that of a file; another repository's commit is neither."""
    if entry is None or entry[0] == _OTHER_REPOSITORY:
        return None, None
    mode, oid = entry
    return (oid, None) if mode == _FOLDER else (None, oid)
