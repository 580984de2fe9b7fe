"""InForce's interchange format: one JSON object per line, UTF-8.

A ``work`` line starts a work; the ``provision``, ``version`` and ``coverage`` lines after it belong
to it, until the next ``work`` line. ``record`` comes first and names the kind, the other fields are
exactly those of :mod:`corpus.model`, and fields at their default may be left out::

    {"record": "work", "id": "uk/x-2001", "jurisdiction": "uk", "language": "en", "kind": "act",
     "title": "X Act 2001", "citation": "2001 c. 1", "source": "https://www.legislation.gov.uk"}
    {"record": "provision", "id": "uk/x-2001#duty", "work_id": "uk/x-2001",
     "labels": [{"text": "s 1"}]}
    {"record": "version", "id": "uk/x-2001#duty@2001-05-01", "provision_id": "uk/x-2001#duty",
     "language": "en", "text": "...", "valid_from": "2001-05-01", "source": {"file": "x.pdf"}}
    {"record": "coverage", "work_id": "uk/x-2001", "covered_from": "2001-05-01",
     "from_origin": true}
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from corpus.act_report import Observation, from_rows
from corpus.errors import BadInputError, Place, SourceError
from corpus.model import Coverage, Frozen, Provision, Version, Work, WorkHistory
from corpus.sources import OnFault
from corpus.validation import source_error

_WORK_LINE = re.compile(rb'\s*\{\s*"record"\s*:\s*"work"')
_MODELS: dict[str, type[Frozen]] = {
    "work": Work,
    "provision": Provision,
    "version": Version,
    "coverage": Coverage,
}


class StillbornError(SourceError):
    """A version that ends on or before its first day, so that it was never in force."""

    def __init__(self, place: Place, provision_id: str, start: date, end: date) -> None:
        super().__init__(place, f"interval ends {end} but starts {start}: it was never in force")
        self.provision_id = provision_id
        self.start = start

    def is_replaced(self, others: Iterable[Frozen]) -> bool:
        """Return whether another version is in force on its date, so that nothing is missing."""
        return any(
            isinstance(other, Version)
            and other.provision_id == self.provision_id
            and other.valid_from is not None
            and self.start in other.valid
            for other in others
        )


class Jsonl:
    """One or several interchange files, streamed with one work in memory at a time."""

    def __init__(self, *paths: Path) -> None:
        for path in paths:
            if not path.is_file():
                raise BadInputError(f"{path}: no such file")
        self._paths = paths
        self._lines: dict[str, Place] = {}
        self._last: WorkHistory | None = None
        self._refused: list[StillbornError] = []

    @property
    def name(self) -> str:
        """Return the files' names."""
        return ", ".join(path.name for path in self._paths)

    def fingerprint(self) -> str:
        """Return a hash of the files' bytes."""
        digest = hashlib.sha256()
        for path in self._paths:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def count(self) -> int | None:
        """Return the number of ``work`` lines."""
        total = 0
        for path in self._paths:
            with path.open("rb") as file:
                total += sum(1 for line in file if _starts_work(line))
        return total

    def place(self, subject_id: str) -> Place:
        """Return the place of a provision, version or coverage of the work last yielded."""
        return self._lines.get(subject_id, Place(self.name))

    def observed(self, work_id: str) -> Observation | None:
        """Return the notes on the work last yielded, if it is this one."""
        history = self._last
        if history is None or history.work.id != work_id:
            return None
        seen = from_rows(history)
        for each in self._refused:
            seen.refuse(each)
        return seen

    def works(self, on_fault: OnFault) -> Iterator[WorkHistory]:
        """Yield each work whose lines are all valid; of another, report its first error.

        A version that was replaced before it began is left out alone, if another one is in force on
        its date.
        """
        for path in self._paths:
            yield from self._read(path, on_fault)

    def _read(self, path: Path, on_fault: OnFault) -> Iterator[WorkHistory]:
        group: list[Frozen] = []
        fault: SourceError | None = None
        for number, line in _numbered(path):
            if _starts_work(line):
                yield from self._finish(group, fault, on_fault)
                group, fault = [], None
                self._lines.clear()
                self._refused = []
            try:
                model = _parse(line, Place(str(path), number))
                _check_begun(model, group, Place(str(path), number))
            except StillbornError as stillborn:
                self._refused.append(stillborn)
            except SourceError as error:
                fault = fault or error
            else:
                self._lines[_subject(model)] = Place(str(path), number)
                group.append(model)
        yield from self._finish(group, fault, on_fault)

    def _finish(
        self, group: list[Frozen], fault: SourceError | None, on_fault: OnFault
    ) -> Iterator[WorkHistory]:
        missing = (each for each in self._refused if not each.is_replaced(group))
        fault = fault or next(missing, None)
        if fault is not None:
            on_fault(fault)
        elif group and isinstance(work := group[0], Work):
            self._last = WorkHistory(
                work=work,
                provisions=tuple(model for model in group if isinstance(model, Provision)),
                versions=tuple(model for model in group if isinstance(model, Version)),
                coverage=tuple(model for model in group if isinstance(model, Coverage)),
            )
            yield self._last


def write_jsonl(histories: Iterable[WorkHistory], path: Path) -> int:
    """Write works in the interchange format; return the number of lines."""
    lines = 0
    with path.open("w", encoding="utf-8") as file:
        for history in histories:
            for record in _records(history):
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                lines += 1
    return lines


def _records(history: WorkHistory) -> Iterator[dict[str, Any]]:
    groups: list[tuple[str, Iterable[Frozen]]] = [
        ("work", (history.work,)),
        ("provision", history.provisions),
        ("version", history.versions),
        ("coverage", history.coverage),
    ]
    for kind, models in groups:
        for model in models:
            yield {"record": kind, **model.model_dump(mode="json", exclude_defaults=True)}


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line


def _starts_work(line: bytes) -> bool:
    """Return whether a line begins a work, even if the line is malformed."""
    return _WORK_LINE.match(line) is not None


def _check_begun(model: Frozen, group: list[Frozen], place: Place) -> None:
    if not group and not isinstance(model, Work):
        raise SourceError(place, "this line stands before any sound 'work' line")


def _subject(model: Frozen) -> str:
    return model.work_id if isinstance(model, Coverage) else str(getattr(model, "id", ""))


def _parse(line: bytes, place: Place) -> Frozen:
    """Parse one line.

    Raises:
        SourceError: it is not UTF-8 JSON, has no known kind, or a field is invalid.
    """
    try:
        record = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise SourceError(place, f"not UTF-8 (byte {error.start})") from None
    except (ValueError, RecursionError) as error:
        raise SourceError(place, f"not JSON: {error}") from None
    kind = record.pop("record", None) if isinstance(record, dict) else None
    if not isinstance(kind, str) or kind not in _MODELS:
        kinds = ", ".join(_MODELS)
        raise SourceError(Place(place.file, place.line, "record"), f"must be one of {kinds}")
    if kind == "version" and (stillborn := _never_began(record, place)):
        raise stillborn
    try:
        return _MODELS[kind].model_validate(record)
    except ValidationError as error:
        raise source_error(place, error) from None


def _never_began(record: Mapping[str, Any], place: Place) -> StillbornError | None:
    """Return the error of a version that ends on or before its first day, or ``None``."""
    try:
        start, end = (date.fromisoformat(record[name]) for name in ("valid_from", "valid_to"))
    except (KeyError, TypeError, ValueError):
        return None
    provision_id = str(record.get("provision_id"))
    return StillbornError(place, provision_id, start, end) if end <= start else None


@contextmanager
def modelling(path: Path) -> Iterator[None]:
    """Turn validation errors inside the context into a :class:`SourceError` on the file."""
    try:
        yield
    except ValidationError as error:
        raise source_error(Place(str(path)), error) from None
