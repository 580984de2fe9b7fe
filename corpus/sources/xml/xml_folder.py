"""A folder of XML files in which a work may consist of several files, read together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from corpus.act_report import Observation, from_rows
from corpus.errors import Place, SourceError
from corpus.model import Work, WorkHistory
from corpus.sources import OnFault
from corpus.sources.xml.xml_reading import fingerprint, links_out, place_of, xml_files


class File(Protocol):
    """Content of one file about a work."""

    @property
    def work(self) -> Work:
        """Return the work that the file is about."""
        ...


F = TypeVar("F", bound=File)


class XmlFolder(Generic[F]):
    """The source of a format: how to read one file, and how to combine a work's files.

    Args:
        folder: folder of the files, at any depth.
        edition: name and version of the reader; a new version reads old folders again.
        read: returns the content of a file, given its path and the folder; raises ``SourceError``.
        history: returns the history of a work from its files and notes what it refuses; raises
            ``SourceError``.

    Raises:
        BadInputError: there is no such folder, or no XML file in it.
    """

    def __init__(
        self,
        folder: Path,
        edition: str,
        read: Callable[[Path, Path], F],
        history: Callable[[Sequence[F], Observation], WorkHistory],
    ) -> None:
        self._folder, self._files = folder, xml_files(folder)
        self._edition, self._read, self._history = edition, read, history
        self._last: WorkHistory | None = None
        self._seen = Observation()

    @property
    def name(self) -> str:
        """Return the folder's name."""
        return self._folder.name

    def fingerprint(self) -> str:
        """Return a hash of the files."""
        return fingerprint(self._folder, self._files, self._edition)

    def count(self) -> int | None:
        """Return ``None``: the number of works is known only after reading the files."""
        return None

    def place(self, subject_id: str) -> Place:
        """Return where a record of the work last yielded was read."""
        return place_of(self._last, subject_id, self._folder)

    def observed(self, work_id: str) -> Observation | None:
        """Return what was noted of the work last yielded, if it is this one."""
        if self._last is None or self._last.work.id != work_id:
            return None
        return replace(from_rows(self._last), refused=self._seen.refused)

    def works(self, on_fault: OnFault) -> Iterator[WorkHistory]:
        """Yield the works one by one; a file that cannot be read, or holds no text, is an error."""
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
            self._seen = Observation()
            try:
                self._last = self._history(files, self._seen)
            except SourceError as fault:
                on_fault(fault)
            else:
                yield self._last
