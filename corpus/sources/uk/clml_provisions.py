"""Provisions of a CLML file, each with its stated dates, territory and status."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lxml import etree

from corpus.model import Commencement, EndReason, SourceRef
from corpus.sources.xml.statements import Statement
from corpus.sources.xml.xml_reading import (
    Layout,
    division_names,
    iso_day,
    local,
    squeeze,
    text_lines,
)

_ID = re.compile(r"(?:(schedule)(?:-(\w+))?-)?(section|regulation|article|rule|paragraph)-(\w+)")
_QUOTED = ("BlockAmendment", "Commentaries", "P1")
_WORDS = {"section": "s", "regulation": "reg", "article": "art", "rule": "r", "paragraph": "para"}
_DIVISIONS = frozenset(
    {"Group", "Part", "Chapter", "Pblock", "PsubBlock", "Schedule", "EUPart", "EUTitle"}
    | {"EUChapter", "EUSection", "EUSubsection"}
)
_NAMED = ("Number", "Title", "TitleBlock")
_PARAGRAPH = re.compile(r"P[1-9]")


@dataclass(frozen=True)
class ClmlHead:
    """Data that hold for a whole file.

    ``seen`` is the last date that it covers; a ``final`` text is as enacted or made and is never
    revised; ``enacted`` is the date of enactment or making; ``unapplied`` counts the changes that
    the publisher knows and has not applied.
    """

    path: Path
    file: str
    language: str
    seen: date
    final: bool
    enacted: date | None
    commencement: date | None
    unapplied: int


def read_statements(root: etree._Element, head: ClmlHead) -> Iterator[Statement]:
    """Yield a statement for each provision of the file, in printed order.

    Raises:
        SourceError: a date is invalid.
    """
    referrers = {
        version: element
        for element in root.iter()
        for version in (element.get("AltVersionRefs") or "").split()
    }
    for element in root.iter("{*}P1", "{*}P"):
        if (named := _name(element)) is not None:
            yield from _Provision(_levels(element, referrers), head).statement(*named)


def _name(element: etree._Element) -> tuple[str, str] | None:
    """Return kind and label as cited; ``None`` for text that is quoted or unnumbered."""
    match = _ID.fullmatch(element.get("id") or "")
    if match is None or any(local(a) in _QUOTED for a in element.iterancestors()):
        return None
    schedule, number, kind, own = match.groups()
    outer = " ".join(filter(None, ["Sch" if schedule else "", number]))
    return kind, f"{outer} {_WORDS[kind]} {own}".strip()


def _levels(
    element: etree._Element, referrers: Mapping[str, etree._Element]
) -> Sequence[etree._Element]:
    """Return the element and its ancestors; a separate text has those of its reference."""
    levels = [element]
    for ancestor in element.iterancestors():
        referrer = referrers.get(ancestor.get("id") or "") if local(ancestor) == "Version" else None
        if referrer is not None:
            return [*levels, *referrer.iterancestors()]
        levels.append(ancestor)
    return levels


class _Provision:
    """One provision, with its enclosing levels, innermost first."""

    def __init__(self, levels: Sequence[etree._Element], head: ClmlHead) -> None:
        self._element, self._levels, self._head = levels[0], levels, head

    def statement(self, kind: str, label: str) -> Iterator[Statement]:
        """Yield the statement; nothing if a text was discarded, or ended by its first day."""
        (status, status_level), (end, end_level) = self._get("Status"), self._end()
        start, commencement, condition = self._start(status)
        repealed = status == "Repealed"
        absent = status == "Prospective" or self._get("Match")[0] == "false"
        text = "\n".join(_lines(self._element))
        if status == "Discarded" or (repealed and end is None) or not text:
            return
        if start is not None and end is not None and end <= start:
            if end_level == 0:
                start, commencement = None, Commencement.UNKNOWN
                condition = "the file ends the text before it starts"
            end = None
        yield Statement(
            label=label,
            kind=kind,
            text=text,
            heading=self._heading(),
            seen=start if self._head.final and start is not None else self._head.seen,
            source=self._source(),
            language=self._head.language,
            extent=self._get("RestrictExtent")[0],
            start=start,
            end=end,
            ended=EndReason.REPEALED
            if repealed and end_level <= status_level
            else EndReason.UNKNOWN,
            commencement=commencement,
            condition=condition,
            exists_since=None if absent else self._head.enacted,
            note=self._note(),
            divisions=division_names(self._levels, _DIVISIONS, _NAMED),
        )

    def _get(self, attribute: str) -> tuple[str | None, int]:
        """Return the nearest value of an attribute, and its distance in levels."""
        for up, level in enumerate(self._levels):
            if (value := level.get(attribute)) is not None:
                return value, up
        return None, len(self._levels)

    def _start(self, status: str | None) -> tuple[date | None, Commencement, str | None]:
        """Return the first day of the text as a whole: no part of it starts later."""
        if status == "Prospective":
            return None, Commencement.TO_BE_FIXED, "it is marked prospective, without a day"
        days = list(self._days("RestrictStartDate"))
        if written := self._get("RestrictStartDate")[0]:
            days.append(self._day(written, "RestrictStartDate"))
        start = max(days, default=self._head.commencement)
        if start is None:
            condition = "the file gives the text as enacted, without a day of commencement"
            return None, Commencement.UNKNOWN, condition
        return start, Commencement.FIXED, None

    def _end(self) -> tuple[date | None, int]:
        """Return the day on which the first part of the text ends, and its distance in levels."""
        written, up = self._get("RestrictEndDate")
        start = self._get("RestrictStartDate")[0] or ""
        days = [day for day in self._days("RestrictEndDate") if str(day) > start]
        if written is not None:
            days.append(self._day(written, "RestrictEndDate"))
        return min(days, default=None), up

    def _days(self, attribute: str) -> Iterator[date]:
        """Yield the dates of parts of the provision that hold at the file's date."""
        for part in self._element.iterdescendants():
            held = part.get("Match") != "false" and part.get("Status") is None
            if held and (written := part.get(attribute)):
                yield self._day(written, attribute)

    def _day(self, written: str, attribute: str) -> date:
        return iso_day(written, self._element, attribute, self._head.path)

    def _heading(self) -> str | None:
        group = self._levels[1] if len(self._levels) > 1 else None
        title = group.find("{*}Title") if group is not None and local(group) == "P1group" else None
        return " ".join(text_lines(title, _LAYOUT)) or None if title is not None else None

    def _source(self) -> SourceRef:
        uri, place = self._element.get("IdURI"), self._element.get("id")
        return SourceRef(file=self._head.file, locator=place, url=uri)

    def _note(self) -> str | None:
        """Return a note for readers of the text."""
        notes = []
        if self._head.unapplied:
            notes.append(f"Changes the publisher has not worked in: {self._head.unapplied}.")
        waiting = [
            p for p in self._element.iter("{*}P2", "{*}P3") if p.get("Status") == "Prospective"
        ]
        if waiting:
            names = ", ".join(p.get("id") or "part" for p in waiting)
            notes.append(f"Prospective, not in force: {names}.")
        kept = [r for r in self._element.iter("{*}Repeal") if r.get("RetainText") == "true"]
        if kept:
            where = sorted({r.get("Extent") or "part" for r in kept})
            notes.append(f"Words of it are repealed in {', '.join(where)} but still printed.")
        return " ".join(notes) or None


def _lines(element: etree._Element) -> list[str]:
    """Return the lines of a provision; punctuation alone is joined to the line before it."""
    lines: list[str] = []
    for line in text_lines(element, _LAYOUT):
        if lines and not re.search(r"\w", line):
            lines[-1] += line
        else:
            lines.append(line)
    return lines


def _marker(element: etree._Element) -> str:
    name = local(element)
    if name == "ListItem":
        return _list_marker(element)
    number = element.find("{*}Pnumber") if _PARAGRAPH.fullmatch(name) else None
    if number is None:
        return ""
    own = squeeze("".join(text_lines(number, _NUMBER)))
    if name == "P1":  # the provision's own number is its label; one that it quotes is text
        return own if any(local(a) == "BlockAmendment" for a in element.iterancestors()) else ""
    before, after = number.get("PuncBefore", "("), number.get("PuncAfter", ")")
    return f"{before}{own}{after}" if own else ""


def _list_marker(item: etree._Element) -> str:
    override = item.get("NumberOverride")
    parent = item.getparent()
    if override is None and parent is not None and local(parent) == "OrderedList":
        override = str(parent.index(item) + 1)
    return f"({override})" if override else ""


_LAYOUT = Layout(
    lines=frozenset({"Text", "Title", "math", "AppendText"}),
    silent=frozenset({"CommentaryRef", "FootnoteRef", "Pnumber", "Figure", "Image"}),
    marker=_marker,
    quoted=frozenset({"BlockAmendment"}),
)
_NUMBER = Layout(lines=frozenset({"Pnumber"}), silent=_LAYOUT.silent - {"Pnumber"}, marker=_marker)
