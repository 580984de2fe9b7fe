"""A folder of XML files in which one work may stand in several files, read together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from corpus.errors import Place, SourceError
from corpus.model import Work, WorkHistory
from corpus.sources import OnFault
from corpus.sources.xml.xml_reading import fingerprint, links_out, place_of, xml_files


class File(Protocol):
    """What one file says of a work."""

    @property
    def work(self) -> Work:
        """Return the work that the file is about."""
        ...


F = TypeVar("F", bound=File)


class XmlFolder(Generic[F]):
    """The source of a format: how one file is read, and how a work's files are put together.

    Args:
        folder: where the files are, at any depth.
        edition: name and number of the reading; a new number reads old folders again.
        read: returns what a file says, given its path and the folder; raises ``SourceError``.
        history: returns the history of a work from its files; raises ``SourceError``.

    Raises:
        BadInputError: there is no such folder, or no XML file in it.
    """

    def __init__(
        self,
        folder: Path,
        edition: str,
        read: Callable[[Path, Path], F],
        history: Callable[[Sequence[F]], WorkHistory],
    ) -> None:
        self._folder, self._files = folder, xml_files(folder)
        self._edition, self._read, self._history = edition, read, history
        self._last: WorkHistory | None = None

    @property
    def name(self) -> str:
        """The folder's name."""
        return self._folder.name

    def fingerprint(self) -> str:
        """Return a hash of the files."""
        return fingerprint(self._folder, self._files, self._edition)

    def count(self) -> int | None:
        """Return ``None``: which files make one work is known once they are read."""
        return None

    def place(self, subject_id: str) -> Place:
        """Return where a record of the work last yielded was read."""
        return place_of(self._last, subject_id, self._folder)

    def works(self, on_fault: OnFault) -> Iterator[WorkHistory]:
        """Yield the works one by one; a file that cannot be read, or holds no text, is a fault."""
        found: dict[str, list[F]] = defaultdict(list)
        for fault in links_out(self._folder):
            on_fault(fault)
        for path in self._files:
            try:
                file = self._read(path, self._folder)
            except SourceError as fault:
                on_fault(fault)
            else:
                found[file.work.id].append(file)
        for files in found.values():
            try:
                self._last = self._history(files)
            except SourceError as fault:
                on_fault(fault)
            else:
                yield self._last
