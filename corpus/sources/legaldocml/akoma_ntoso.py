"""Akoma Ntoso 3.0 and its German profile LegalDocML.de: acts as FRBR expressions with events.

A file is a manifestation of an expression (one state) of a work. Dates are events in ``lifecycle``;
each ``temporalGroup`` forms intervals from events (``start`` and ``end`` are references; ``end`` is
the first day without the text); ``@period`` on an article, or an enclosing element, names its
group. A text is valid from its interval's start, but not before the date of its expression if there
is an earlier one, and until the next expression. Files of one work are read together;
manifestations of one expression are the same text.

A placeholder date such as 2999-12-31 stands for an unknown date: an interval that begins with it
has no commencement yet, one that ends with it is open. A text without an end is known up to the
newest date on which a file was made, or to its own first day if that is later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from corpus.act_report import Observation, Remark
from corpus.errors import Place, SourceError
from corpus.model import EndReason, Work, WorkHistory
from corpus.sources.jsonl import modelling
from corpus.sources.legaldocml.akoma_ntoso_file import AknHead, read_statements
from corpus.sources.xml.statements import (
    Statement,
    refuse_doubles,
    without_stillborn,
    work_history,
)
from corpus.sources.xml.xml_folder import XmlFolder
from corpus.sources.xml.xml_reading import (
    local,
    read_xml,
)

_DOCUMENTS = ("act", "bill", "doc")


@dataclass(frozen=True)
class _Manifestation:
    """Content of one file: the text of the expression of ``day``, and when the act took effect."""

    path: Path
    work: Work
    day: date
    published: date | None
    entry: date | None
    statements: Sequence[Statement]
    refused: Sequence[Remark]


class AkomaNtoso(XmlFolder[_Manifestation]):
    """A folder of Akoma Ntoso files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "akoma ntoso 1", _read, _history)


def _history(manifestations: Sequence[_Manifestation], noted: Observation) -> WorkHistory:
    """Return the history of a work; each expression is valid until the next."""
    ordered = sorted(manifestations, key=lambda m: m.day)
    seen = max(s.seen for m in ordered for s in m.statements)
    statements = []
    for own in ordered:
        following = next((m for m in ordered if m.day > own.day), None)
        later = own.day > ordered[0].day
        statements += [_placed(s, own, later, following, seen) for s in own.statements]
        noted.refused += own.refused
    with modelling(ordered[-1].path):
        return work_history(ordered[-1].work, statements, origin=ordered[0].entry)


def _placed(
    statement: Statement,
    own: _Manifestation,
    later: bool,
    following: _Manifestation | None,
    seen: date,
) -> Statement:
    """Return a statement limited to the dates of its expression.

    A provision that the next expression does not have is repealed by it.
    """
    if statement.start is None:
        return replace(statement, end_known=following.published if following else None)
    start = max(statement.start, own.day) if later else statement.start
    if following is not None and start < following.day < (statement.end or date.max):
        return replace(
            statement,
            start=start,
            end=following.day,
            ended=EndReason.REPEALED,
            end_known=following.published,
        )
    return replace(statement, start=start, seen=max(seen, start))


def _read(path: Path, folder: Path) -> _Manifestation:
    """Read one file.

    Raises:
        SourceError: it is not Akoma Ntoso, has no articles, or a date, a reference or a name is
            missing or invalid.
    """
    root = read_xml(path)
    document = next((child for child in root if local(child) in _DOCUMENTS), None)
    if local(root) != "akomaNtoso" or document is None:
        raise SourceError(Place(str(path), 1), f"is <{local(root)}>, not an Akoma Ntoso document")
    head = AknHead(document, path, folder)
    with modelling(path):
        work = head.work()
        statements = list(read_statements(document, head))
    noted = Observation()
    statements = without_stillborn(statements, noted)
    refuse_doubles(statements, path)
    if not statements:
        raise SourceError(Place(str(path)), f"holds no article of {work.title}")
    entry = head.times.entry()
    return _Manifestation(
        path,
        work,
        head.day(),
        head.published(),
        entry.day if entry else None,
        statements,
        noted.refused,
    )
