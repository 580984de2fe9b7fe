"""Files and tables of a collection; files outside its folder are refused."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from corpus.errors import Place, SourceError
from corpus.invariants import PLACEHOLDERS, UNKNOWN_PUBLICATION

MAX_BYTES = 64 * 2**20
"""Largest file that is read."""

_NO_DAYS = PLACEHOLDERS | UNKNOWN_PUBLICATION

Record = dict[str, str]
"""A record of a table, by column."""


class Damaged(NamedTuple):
    """A record that is longer or shorter than the header, with the fields that can be read."""

    fault: SourceError
    record: Record


def read_text(root: Path, file: str, asked: Place) -> str:
    """Return the text of a file of the collection.

    Raises:
        SourceError: the file is outside the folder, missing, too large, or not UTF-8.
    """
    path = inside(root, file, asked)
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise SourceError(asked, f"'{file}' cannot be read: {error.strerror}") from None
    if data is None:
        raise SourceError(Place(file), f"larger than {MAX_BYTES // 2**20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(Place(file, line), "not UTF-8 text") from None


def inside(root: Path, file: str, asked: Place) -> Path:
    """Return the path of a file of the collection.

    Raises:
        SourceError: the name is absolute, or leads out of the collection by ``..`` or a link.
    """
    parts = PurePosixPath(file).parts
    plain = not re.search(r"[\\\x00]|^[A-Za-z]:", file)
    if not parts or not plain or PurePosixPath(file).is_absolute() or ".." in parts:
        raise SourceError(asked, f"'{file}' does not name a file inside the collection")
    path = root.joinpath(*parts)
    if not path.resolve().is_relative_to(root.resolve()):
        raise SourceError(asked, f"'{file}' leads out of the collection")
    return path


def records(root: Path, file: str) -> Iterator[tuple[int, Record | Damaged]]:
    """Yield the records of a CSV or JSON table with their line (CSV) or number (JSON).

    A record of another length than the header is yielded as damaged.

    Raises:
        SourceError: the table is missing, not UTF-8, or not CSV or JSON.
    """
    text = read_text(root, file, Place(file))
    if file.endswith(".json"):
        yield from _json_records(text, file)
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for record in reader:
            if None in record or None in record.values():
                problem = "not as many fields as the header"
                fault = SourceError(Place(file, reader.line_num), problem)
                held = {k: v for k, v in record.items() if isinstance(k, str) and v is not None}
                yield reader.line_num, Damaged(fault, held)
            else:
                yield reader.line_num, record
    except csv.Error as error:
        raise SourceError(Place(file, reader.line_num), f"not CSV: {error}") from None


def _json_records(text: str, file: str) -> Iterator[tuple[int, Record | Damaged]]:
    try:
        listed = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise SourceError(Place(file, line), "not JSON") from None
    if not isinstance(listed, list) or not all(isinstance(r, dict) for r in listed):
        raise SourceError(Place(file), "not a list of objects")
    for place, record in enumerate(listed, start=1):
        yield place, {str(k): "" if v is None else str(v) for k, v in record.items()}


def plausible_day(place: Place, *numbers: str) -> date:
    """Return the date of a year, month and day, if it is plausible.

    Raises:
        SourceError: there is no such date, or it is a placeholder.
    """
    written = "-".join(numbers)
    try:
        found = date(*(int(number) for number in numbers))
    except ValueError:
        raise SourceError(place, f"there is no day {written}") from None
    if found in _NO_DAYS or not 1000 <= found.year < 2900:
        raise SourceError(place, f"{written} is a placeholder, not a date")
    return found
