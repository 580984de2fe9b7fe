"""InForce's own interchange format: one JSON object per line, UTF-8.

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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from corpus.errors import BadInputError, Place, SourceError
from corpus.model import Coverage, Frozen, Provision, Version, Work, WorkHistory
from corpus.sources import OnFault

_WORK_LINE = re.compile(rb'\s*\{\s*"record"\s*:\s*"work"')
_MODELS: dict[str, type[Frozen]] = {
    "work": Work,
    "provision": Provision,
    "version": Version,
    "coverage": Coverage,
}


class Jsonl:
    """One or several interchange files, read as a stream: one work in memory at a time."""

    def __init__(self, *paths: Path) -> None:
        for path in paths:
            if not path.is_file():
                raise BadInputError(f"{path}: no such file")
        self._paths = paths
        self._lines: dict[str, Place] = {}

    @property
    def name(self) -> str:
        """The files' names."""
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
        """Return where the work last yielded writes a provision, version or coverage."""
        return self._lines.get(subject_id, Place(self.name))

    def works(self, on_fault: OnFault) -> Iterator[WorkHistory]:
        """Yield each work whose lines are all sound; of another, report its first fault."""
        for path in self._paths:
            yield from self._read(path, on_fault)

    def _read(self, path: Path, on_fault: OnFault) -> Iterator[WorkHistory]:
        group: list[Frozen] = []
        fault: SourceError | None = None
        for number, line in _numbered(path):
            if _starts_work(line):
                yield from _finish(group, fault, on_fault)
                group, fault = [], None
                self._lines.clear()
            try:
                model = _parse(line, Place(str(path), number))
                _check_begun(model, group, Place(str(path), number))
            except SourceError as error:
                fault = fault or error
            else:
                self._lines[_subject(model)] = Place(str(path), number)
                group.append(model)
        yield from _finish(group, fault, on_fault)


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
    """Tell a work line by its beginning, so that a broken one still starts its work."""
    return _WORK_LINE.match(line) is not None


def _check_begun(model: Frozen, group: list[Frozen], place: Place) -> None:
    if not group and not isinstance(model, Work):
        raise SourceError(place, "this line stands before any sound 'work' line")


def _subject(model: Frozen) -> str:
    return model.work_id if isinstance(model, Coverage) else str(getattr(model, "id", ""))


def _parse(line: bytes, place: Place) -> Frozen:
    """Turn one line into its model.

    Raises:
        SourceError: it is not UTF-8 JSON, has no known kind, or a field is wrong.
    """
    try:
        record = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise SourceError(place, f"not UTF-8 (byte {error.start})") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise SourceError(place, f"not JSON: {error}") from None
    if not isinstance(record, dict) or record.get("record") not in _MODELS:
        kinds = ", ".join(_MODELS)
        raise SourceError(Place(place.file, place.line, "record"), f"must be one of {kinds}")
    kind = record.pop("record")
    try:
        return _MODELS[kind].model_validate(record)
    except ValidationError as error:
        raise source_error(place, error) from None


def source_error(place: Place, error: ValidationError) -> SourceError:
    """Say the first fault of a pydantic error in one sentence, with its field."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or None
    message = first["msg"].removeprefix("Value error, ")
    return SourceError(Place(place.file, place.line, field), message)


@contextmanager
def modelling(path: Path) -> Iterator[None]:
    """Turn what the models refuse inside the block into a :class:`SourceError` on the file."""
    try:
        yield
    except ValidationError as error:
        raise source_error(Place(str(path)), error) from None


def _finish(
    group: list[Frozen], fault: SourceError | None, on_fault: OnFault
) -> Iterator[WorkHistory]:
    if fault is not None:
        on_fault(fault)
    elif group and isinstance(work := group[0], Work):
        yield WorkHistory(
            work=work,
            provisions=tuple(model for model in group if isinstance(model, Provision)),
            versions=tuple(model for model in group if isinstance(model, Version)),
            coverage=tuple(model for model in group if isinstance(model, Coverage)),
        )
