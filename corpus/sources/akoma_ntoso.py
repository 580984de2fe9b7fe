"""Akoma Ntoso 3.0 and its German dialect LegalDocML.de: acts as FRBR expressions with events.

A file is a manifestation of an expression (one state) of a work. Days stand in ``lifecycle`` as
events; each ``temporalGroup`` puts intervals together from events (``start`` and ``end`` are
references; the day of ``end`` is the first without the text); ``@period`` on an article, or on what
it lies in, names its group. A text holds from its interval's start, but no earlier than the day of
its expression where there is an earlier one, and until the next expression. Files of one work are
read together; manifestations of one expression are the same text.

A placeholder day such as 2999-12-31 stands for a day not known: an interval that begins with it
waits to be fixed, one that ends with it is open. A text without an end is known up to the newest
day on which a file was made, or to its own first day when that is later.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

from lxml import etree

from corpus.errors import Place, SourceError
from corpus.invariants import UNKNOWN_PUBLICATION, is_placeholder
from corpus.model import Commencement, EndReason, SourceRef, Work, WorkHistory
from corpus.sources import OnFault
from corpus.sources.akoma_ntoso_time import Event, Span, Times
from corpus.sources.statements import Statement, refuse_doubles, work_history
from corpus.sources.xml import (
    Layout,
    fingerprint,
    iso_day,
    local,
    modelling,
    read_xml,
    squeeze,
    text_lines,
    written_day,
    xml_files,
)

_DOCUMENTS = ("act", "bill", "doc")
_UNITS = ("article", "section", "rule")
_QUOTED = ("quotedStructure", "quotedText", "mod")
_LANGUAGES = {
    "deu": "de", "ger": "de", "eng": "en", "fra": "fr", "fre": "fr", "ita": "it", "spa": "es",
    "por": "pt", "est": "et", "nld": "nl", "pol": "pl", "slk": "sk", "ces": "cs",
}  # fmt: skip
_POINT = re.compile(r"[/@](\d{4}-\d{2}-\d{2})(?=/|$)")
_GAZETTE = re.compile(r"bgbl-(\d)/(\d{4})/s(\d+)")
_ROMAN = {"1": "I", "2": "II", "3": "III"}
_UNFIXED = "the file gives {day}, which stands for a day not yet fixed"
_UNSTATED = "the file states no day of entry into force"


class AkomaNtoso:
    """A folder of Akoma Ntoso files."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._files = folder, xml_files(folder)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self._folder.name

    def fingerprint(self) -> str:
        """Return a hash of the files."""
        return fingerprint(self._folder, self._files, "akoma ntoso 1")

    def count(self) -> int | None:
        """Return ``None``: which files make one work is known once they are read."""
        return None

    def works(self, on_fault: OnFault) -> Iterator[WorkHistory]:
        """Yield the works one by one; a file that cannot be read is a fault."""
        found: dict[str, list[_Manifestation]] = defaultdict(list)
        for path in self._files:
            try:
                manifestation = _read(path, self._folder)
            except SourceError as fault:
                on_fault(fault)
            else:
                found[manifestation.work.id].append(manifestation)
        for manifestations in found.values():
            try:
                yield _history(manifestations)
            except SourceError as fault:
                on_fault(fault)


@dataclass(frozen=True)
class _Manifestation:
    """What one file says: the text of the expression of ``day``, and when the act took effect."""

    path: Path
    work: Work
    day: date
    published: date | None
    entry: date | None
    statements: Sequence[Statement]


def _history(manifestations: Sequence[_Manifestation]) -> WorkHistory:
    """Put the expressions of a work one after the other, each until the next."""
    ordered = sorted(manifestations, key=lambda m: m.day)
    seen = max(s.seen for m in ordered for s in m.statements)
    statements = []
    for own in ordered:
        following = next((m for m in ordered if m.day > own.day), None)
        later = own.day > ordered[0].day
        statements += [_placed(s, own, later, following, seen) for s in own.statements]
    with modelling(ordered[-1].path):
        return work_history(ordered[-1].work, statements, origin=ordered[0].entry)


def _placed(
    statement: Statement,
    own: _Manifestation,
    later: bool,
    following: _Manifestation | None,
    seen: date,
) -> Statement:
    """Return a statement within the days of its expression.

    A provision that the next expression no longer has is repealed by it.
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
        SourceError: it is not Akoma Ntoso, has no articles, or a day, a reference or a name is
            missing or wrong.
    """
    root = read_xml(path)
    document = next((child for child in root if local(child) in _DOCUMENTS), None)
    if local(root) != "akomaNtoso" or document is None:
        raise SourceError(Place(str(path), 1), f"is <{local(root)}>, not an Akoma Ntoso document")
    head = _Head(document, path, folder)
    with modelling(path):
        work = head.work()
        statements = list(_statements(document, head))
    refuse_doubles(statements, path)
    if not statements:
        raise SourceError(Place(str(path)), f"holds no article of {work.title}")
    entry = head.times.entry()
    return _Manifestation(
        path, work, head.day(), head.published(), entry.day if entry else None, statements
    )


class _Head:
    """The metadata of a file."""

    def __init__(self, document: etree._Element, path: Path, folder: Path) -> None:
        self.path, self.file = path, path.relative_to(folder).as_posix()
        self.times = Times(document, path)
        self._document = document

    def work(self) -> Work:
        """Return the work that the file is a text of."""
        uri = self._frbr("Work", "uri").strip("/")
        country = self._frbr("Work", "country").lower()
        steps = [s for s in uri.split("/") if s not in ("akn", "eli", "bund", country)]
        title = self._preface("docTitle")
        if not uri or not title:
            missing = "FRBRuri" if not uri else "docTitle"
            raise SourceError(Place(str(self.path), field=missing), "is missing")
        short = self._preface("shortTitle").strip("() ")
        stage = self._preface("docStage")
        gazette = _GAZETTE.search(uri)
        return Work(
            id=f"{country}/{'-'.join(steps)}",
            jurisdiction=country,
            language=self.language(),
            kind="act",
            title=title,
            aliases=tuple(re.split(r"\s+[-–]\s+", short)) if short else (),
            citation=_gazette(gazette) if gazette else uri,
            source="Akoma Ntoso",
            note=f"The file calls itself: {stage}." if stage else None,
        )

    def language(self) -> str:
        """Return the language of the expression, as two letters."""
        written = self._frbr("Expression", "language", "language")
        return _LANGUAGES.get(written, written)

    def day(self) -> date:
        """Return the day of the expression."""
        uri = self._frbr("Expression", "uri")
        match = _POINT.search(uri)
        written = match[1] if match else self._frbr("Expression", "date", "date")
        return iso_day(written, None, "FRBRExpression", self.path)

    def published(self) -> date | None:
        """Return the publication of the expression."""
        dates = self._document.iterfind(".//{*}FRBRExpression/{*}FRBRdate")
        named = [d for d in dates if d.get("name") in ("verkuendung", "publication")]
        found = [*named, *self._document.iterfind(".//{*}meta/{*}publication")]
        if not found:
            return None
        day = written_day(found[0].get("date"), found[0], "FRBRdate", self.path)
        return None if is_placeholder(day) or day in UNKNOWN_PUBLICATION else day

    def made(self) -> tuple[date, dict[str, str]]:
        """Return the last day that the file can speak of, and what it says where that is none."""
        written = self._frbr("Manifestation", "date", "date")
        field = "FRBRManifestation/FRBRdate"
        made = written_day(written, None, field, self.path)
        if not is_placeholder(made):
            return made, {}
        reason = "it stands for a day not known: the file was not generated yet"
        upstream = {field: written, f"{field} corrected because": reason}
        return self.published() or self.day(), upstream

    def _frbr(self, level: str, name: str, attribute: str = "value") -> str:
        found = self._document.find(f".//{{*}}FRBR{level}/{{*}}FRBR{name}")
        return "" if found is None else found.get(attribute) or ""

    def _preface(self, tag: str) -> str:
        found = self._document.find(f".//{{*}}preface//{{*}}{tag}")
        return "" if found is None else squeeze("".join(found.itertext()))


def _gazette(match: re.Match[str]) -> str:
    part, year, page = match.groups()
    return f"BGBl. {_ROMAN.get(part, part)} {year} S. {page}"


# Provisions ---------------------------------------------------------------------------------------


def _statements(document: etree._Element, head: _Head) -> Iterator[Statement]:
    """Yield what the file says of each of its articles, in the order printed."""
    made, upstream = head.made()
    for unit in document.iter(*(f"{{*}}{name}" for name in _UNITS)):
        if any(local(a) in (*_QUOTED, *_UNITS) for a in unit.iterancestors()):
            continue
        text = "\n".join(
            line
            for child in unit
            if local(child) not in ("num", "heading")
            for line in text_lines(child, _LAYOUT)
        )
        said = Statement(
            label=_number(unit, head),
            kind=local(unit),
            heading=squeeze(unit.findtext("{*}heading") or "") or None,
            text=text or "[…]",
            seen=made,
            source=SourceRef(file=head.file, locator=unit.get("eId")),
            language=head.language(),
            published=head.published(),
            applies_from=head.times.applies_from(unit),
            upstream=upstream,
        )
        yield from _timed(said, head.times.in_force(unit), head.times.entry(), head)


def _number(unit: etree._Element, head: _Head) -> str:
    number = unit.find("{*}num")
    label = squeeze("".join(number.itertext())) if number is not None else ""
    if not label:
        place = Place(str(head.path), unit.sourceline, "num")
        raise SourceError(place, f"an <{local(unit)}> bears no number")
    return label


def _timed(
    said: Statement, spans: Sequence[Span], entry: Event | None, head: _Head
) -> Iterator[Statement]:
    """Yield a statement for each interval; between two of them the text is suspended."""
    spans = spans or ([Span(entry, None, "")] if entry else [])
    if not spans:
        yield replace(said, commencement=Commencement.UNKNOWN, condition=_UNSTATED)
    for span, following in pairwise([*spans, None]):
        assert span is not None
        if span.start is None or span.start.day is None:
            day = span.start.written if span.start else "no day"
            condition = _UNFIXED.format(day=day)
            yield replace(said, commencement=Commencement.TO_BE_FIXED, condition=condition)
            continue
        end = span.end.day if span.end else None
        if end is not None and end <= span.start.day:
            place = Place(str(head.path), field="timeInterval")
            raise SourceError(place, f"ends on {end} but starts on {span.start.day}")
        yield replace(said, start=span.start.day, end=end, ended=_how(span.end, following))


def _how(end: Event | None, following: Span | None) -> EndReason:
    if following is not None:
        return EndReason.SUSPENDED
    return EndReason.REPEALED if end is not None and end.kind == "repeal" else EndReason.UNKNOWN


def _marker(element: etree._Element) -> str:
    number = element.find("{*}num")
    return squeeze("".join(number.itertext())) if number is not None else ""


_LAYOUT = Layout(
    lines=frozenset({"p", "listIntroduction", "listWrapUp", "heading", "subheading"}),
    silent=frozenset({"num", "authorialNote", "noteRef"}),
    marker=_marker,
)
