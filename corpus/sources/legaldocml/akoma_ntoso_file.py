"""One Akoma Ntoso file: its metadata and its articles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from lxml import etree

from corpus.errors import Place, SourceError
from corpus.invariants import UNKNOWN_PUBLICATION, is_placeholder
from corpus.model import Commencement, EndReason, SourceRef, Work
from corpus.sources.legaldocml.akoma_ntoso_time import LifecycleEvent, LifecycleInterval, Times
from corpus.sources.xml.statements import Statement
from corpus.sources.xml.xml_reading import (
    Layout,
    division_names,
    iso_day,
    local,
    squeeze,
    text_lines,
    written_day,
)

_UNITS = ("article", "section", "rule")
_DIVISIONS = frozenset(
    {"tome", "book", "part", "subpart", "title", "subtitle", "chapter", "subchapter"}
    | {"section", "subsection", "division", "subdivision"}
)
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


class AknHead:
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
        """Return the date of the expression."""
        uri = self._frbr("Expression", "uri")
        match = _POINT.search(uri)
        written = match[1] if match else self._frbr("Expression", "date", "date")
        return iso_day(written, None, "FRBRExpression", self.path)

    def published(self) -> date | None:
        """Return the publication date of the expression."""
        dates = self._document.iterfind(".//{*}FRBRExpression/{*}FRBRdate")
        named = [d for d in dates if d.get("name") in ("verkuendung", "publication")]
        found = [*named, *self._document.iterfind(".//{*}meta/{*}publication")]
        if not found:
            return None
        day = written_day(found[0].get("date"), found[0], "FRBRdate", self.path)
        return None if is_placeholder(day) or day in UNKNOWN_PUBLICATION else day

    def made(self) -> tuple[date, dict[str, str]]:
        """Return the last date that the file covers, and its own value if that is not a date."""
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


def read_statements(document: etree._Element, head: AknHead) -> Iterator[Statement]:
    """Yield a statement for each article of the file, in printed order."""
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
            divisions=division_names(unit.iterancestors(), _DIVISIONS, ("num", "heading")),
        )
        yield from _timed(said, head.times.in_force(unit), head.times.entry())


def _number(unit: etree._Element, head: AknHead) -> str:
    number = unit.find("{*}num")
    label = squeeze("".join(number.itertext())) if number is not None else ""
    if not label:
        place = Place(str(head.path), unit.sourceline, "num")
        raise SourceError(place, f"an <{local(unit)}> bears no number")
    return label


def _timed(
    said: Statement, spans: Sequence[LifecycleInterval], entry: LifecycleEvent | None
) -> Iterator[Statement]:
    """Yield a statement for each interval; between two of them the text is suspended.

    An interval that ends before it begins interrupts nothing.
    """
    spans = spans or ([LifecycleInterval(entry, None, "")] if entry else [])
    if not spans:
        yield replace(said, commencement=Commencement.UNKNOWN, condition=_UNSTATED)
    stated = [_within(said, span) for span in spans]
    yield from (each for each in stated if each.is_stillborn)
    living = [pair for pair in zip(stated, spans, strict=True) if not pair[0].is_stillborn]
    for number, (each, span) in enumerate(living, start=1):
        ended = _how(span.end, number < len(living))
        yield replace(each, ended=ended) if each.start is not None else each


def _within(said: Statement, span: LifecycleInterval) -> Statement:
    if span.start is None or span.start.day is None:
        day = span.start.written if span.start else "no day"
        condition = _UNFIXED.format(day=day)
        return replace(said, commencement=Commencement.TO_BE_FIXED, condition=condition)
    return replace(said, start=span.start.day, end=span.end.day if span.end else None)


def _how(end: LifecycleEvent | None, is_followed: bool) -> EndReason:
    if is_followed:
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
