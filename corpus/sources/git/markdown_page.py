"""One state of an act as Markdown with frontmatter: its fields and provisions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from corpus.errors import BadInputError
from corpus.history.placing import Divisions, after, names
from corpus.history.snapshots import Page, Unit
from corpus.model import EndReason
from corpus.provision_numbers import label_key
from corpus.sources.git.git_history import Revision
from corpus.sources.git.markdown_dialect import PageRules

_FIELD = re.compile(r"(?P<key>[A-Za-z_][\w-]*):(?:\s+(?P<value>.*))?")
_NESTED = re.compile(r"\s|-|#|$")
_DIVISION = re.compile(r"^#{1,6} ", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6}) (.*)$", re.MULTILINE)
_RAISED = re.compile(r"<sup>\s*(\d+)\s*</sup>")
_NUMBER = re.compile(r"\d{1,9}(?!\d)")
_KIND = re.compile(r"[#*_ \t]*([^\W\d_]+\.?|§)[ \t]*$")
_FAMILIES = (r"sec(?:t(?:ion)?)?", r"art(?:icle|ikel|[ií]culo|igo|icolo)?", r"para(?:graph)?")
_TITLE = r"(?:[.:*_]*[ \t]*|[.:*_]*[ \t—–-]+[^\Wa-z\d_][^\n]{0,60})$"
"""What may follow a number in a heading: nothing, or a title with a capital."""
_TAGS = re.compile(r"</?sup>")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def split_frontmatter(text: str, revision: Revision) -> tuple[dict[str, str], str]:
    """Return the plain fields of the frontmatter, and the body; nested values are skipped.

    A file that ends with its frontmatter has an empty body.

    Raises:
        SourceError: the frontmatter is missing, does not end, or has an invalid line.
    """
    head, closed, body = f"{text}\n".removeprefix("---\n").partition("\n---\n")
    if not text.startswith("---\n") or not closed:
        raise revision.fault("does not begin with frontmatter between two lines '---'")
    fields = {}
    for number, line in enumerate(head.split("\n"), start=2):
        if found := _FIELD.fullmatch(line):
            fields[found["key"]] = _scalar(found["value"] or "")
        elif not _NESTED.match(line):
            raise revision.fault(
                f"has a frontmatter line that is not 'key: value': '{line[:60]}'", line=number
            )
    return fields, body.removesuffix("\n")


def _scalar(written: str) -> str:
    value = written.strip()
    if value.startswith('"'):
        try:
            return without_halves(str(json.loads(value)))
        except json.JSONDecodeError:
            return value.strip('"')
    return value.strip("'")


def without_halves(text: str) -> str:
    """Return the text with each lone surrogate replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True)
class PageStats:
    """Characters of a page outside all provisions, and provisions that contain another one.

    ``swallowed`` has, for each provision left out for that reason, its label and the line inside it
    that begins another one. ``divisions`` are those around the first text of each label key.
    """

    length: int
    outside: int
    swallowed: tuple[tuple[str, str], ...] = ()
    divisions: Mapping[str, Divisions] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Piece:
    """One provision as parsed: the unit, the characters dropped, and what may begin inside it.

    ``after`` are the headings of divisions printed after it, each with its level.
    """

    unit: Unit
    dropped: int
    inside: _Inside | None
    after: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class _Inside:
    """A provision that seems to begin inside another one: its label, and the line."""

    label: str
    line: str


class PageReader:
    """Parses the states of one act one after another.

    States repeat most of the previous one, so parsed provisions are cached by their raw text.
    """

    def __init__(self, rules: PageRules) -> None:
        self._rules = rules
        self._read: dict[str, _Piece] = {}
        self._units: dict[tuple[str, str | None, str], Unit] = {}
        self._unread: dict[str, Unit] = {}

    def read(self, body: str) -> tuple[Page, PageStats]:
        """Return the provisions of a page; of several texts under one label, each different one.

        If a line inside a provision begins the next missing number, the texts of both are unknown.
        """
        page: dict[str, tuple[Unit, ...]] = {}
        several: dict[str, dict[Unit, None]] = {}
        starts = [found.start() for found in self._rules.start.finditer(body)]
        outside = _visible(body[: starts[0]] if starts else body)
        pieces = []
        path = after((), self._headings(body[: starts[0]] if starts else ""))
        divisions: dict[str, Divisions] = {}
        for start, end in pairwise([*starts, len(body)]):
            raw = body[start:end]
            piece = self._read.get(raw)
            if piece is None:
                piece = self._read[raw] = self._piece(raw)
            unit = piece.unit
            if unit.key in page:
                several.setdefault(unit.key, dict.fromkeys(page[unit.key]))[unit] = None
            page.setdefault(unit.key, (unit,))
            divisions.setdefault(unit.key, names(path))
            path = after(path, piece.after)
            outside += piece.dropped
            if piece.inside is not None:
                pieces.append((raw, piece.unit, piece.inside))
        page |= {key: _present(units) for key, units in several.items()}
        found = {
            unit.key: (raw, unit, inside)
            for raw, unit, inside in pieces
            if label_key(inside.label) not in page and page[unit.key] == (unit,)
        }
        swallowed = tuple((unit.label, inside.line) for _, unit, inside in found.values())
        known = self._without_swallowed(page, found) if found else page
        return known, PageStats(len(body), outside, swallowed, divisions)

    def _without_swallowed(
        self, page: Page, found: Mapping[str, tuple[str, Unit, _Inside]]
    ) -> dict[str, tuple[Unit, ...]]:
        """Return the page where provisions, and those that begin inside them, are unknown."""
        known: dict[str, tuple[Unit, ...]] = {}
        for key, units in page.items():
            if key not in found:
                known[key] = units
                continue
            raw, unit, inside = found[key]
            known[key] = (self._unknown(raw, unit),)
            hidden = Unit(label_key(inside.label), inside.label, None, "", "", None)
            known[hidden.key] = (self._unknown(f"{raw}\0{inside.label}", hidden),)
        return known

    def _piece(self, raw: str) -> _Piece:
        first = self._first(raw)
        unit, dropped = self._unit(first)
        headings = tuple(self._headings(first.string[first.end() :]))
        return _Piece(unit, dropped, self._next_inside(raw, unit), headings)

    def _headings(self, written: str) -> Iterator[tuple[int, str]]:
        """Yield the headings of divisions in what stands between two provisions, with their levels.

        A heading of the first depth is the title of the act.
        """
        for heading in _HEADING.finditer(written) if self._rules.divisions else ():
            name = " ".join(_plain(heading[2]).replace("*", "").split())
            if name and len(heading[1]) > 1:
                yield self._rules.level(name, len(heading[1])), name

    def _unknown(self, raw: str, unit: Unit) -> Unit:
        """Return the unit without its text, which includes that of another."""
        if raw not in self._unread:
            self._unread[raw] = replace(unit, text=None, absence=EndReason.UNKNOWN)
        return self._unread[raw]

    def _next_inside(self, raw: str, unit: Unit) -> _Inside | None:
        """Return the next number, if it begins inside in another markup."""
        first = self._rules.start.match(raw)
        number = _NUMBER.search(first["label"]) if first else None
        if first is None or number is None or unit.text is None:
            return None
        kind = _KIND.match(raw[: first.start("label")].rpartition("\n")[2])
        if kind is None:
            return None
        following = f"{first['label'][: number.start()]}{int(number[0]) + 1}"
        pattern = rf"^[#*_ \t]*{_any_form(kind[1])}[ \t]*{re.escape(following)}{_TITLE}"
        division = _DIVISION.search(raw, first.end())
        found = re.compile(pattern, re.MULTILINE).search(
            raw, first.end(), division.start() if division else len(raw)
        )
        label = self._rules.label.format(label=following)
        return _Inside(label, found[0].strip()) if found else None

    def _first(self, raw: str) -> re.Match[str]:
        """Return the match of a provision's first line in its repaired text."""
        repaired = raw
        for rule in self._rules.rewrite:
            repaired = rule.on(repaired)
        first = self._rules.start.match(repaired) or self._rules.start.match(raw)
        if first is None:
            problem = "page.start must not depend on what follows a provision"
            raise BadInputError(f"{problem}: it finds '{raw[:40].strip()}' but does not match it")
        return first

    def _unit(self, first: re.Match[str]) -> tuple[Unit, int]:
        """Return the provision, and the number of characters below its title that are dropped."""
        label, heading = self._first_line(first)
        text, dropped = self._text(first.string[first.end() :])
        words = text.replace("\n", " ")
        absence = self._rules.absence(words)
        unit = Unit(
            key=label_key(label),
            label=label,
            heading=heading,
            text=None if absence else text,
            words=words,
            absence=absence,
        )
        return self._units.setdefault((unit.key, heading, words), unit), dropped

    def _first_line(self, found: re.Match[str]) -> tuple[str, str | None]:
        """Return the label as cited, and the title."""
        groups = found.groupdict(default="")
        label = self._rules.label.format(label=_plain(groups["label"]))
        for rule in self._rules.rename:
            label = rule.on(label)
        heading = " ".join(_plain(groups.get("heading", "")).split())
        return label, heading or None

    def _text(self, written: str) -> tuple[str, int]:
        """Return the paragraphs, one per line, without divisions printed after them.

        The number is the count of characters below such a division.
        """
        division = _DIVISION.search(written)
        dropped = _visible(written[division.start() :]) if division else 0
        body = _plain(written[: division.start()] if division else written)
        lines = [line for each in body.split("\n") if (line := " ".join(each.split()))]
        while lines and self._rules.division and self._rules.division.fullmatch(lines[-1]):
            lines.pop()
        return "\n".join(lines), dropped


def _plain(written: str) -> str:
    """Return the text with superscript numbers as characters: ``87<sup>1</sup>`` is ``87¹``."""
    raised = _RAISED.sub(lambda found: found[1].translate(_SUPERSCRIPTS), written)
    return _TAGS.sub("", raised)


def _present(units: Iterable[Unit]) -> tuple[Unit, ...]:
    """Return the units of one label, without absent ones if one has a text."""
    texts = tuple(each for each in units if each.text is not None)
    return texts or tuple(units)[-1:]


def _visible(written: str) -> int:
    """Return the number of characters of lines that are not headings, without outer white space."""
    return sum(
        len(line) for each in written.split("\n") if (line := each.strip()) and line[0] != "#"
    )


def _any_form(kind: str) -> str:
    """Return a pattern for a word before numbers, whole or abbreviated, in any case."""
    stem = kind.rstrip(".")
    family = next((f for f in _FAMILIES if re.fullmatch(f, stem, re.IGNORECASE)), re.escape(stem))
    return rf"(?i:{family})\.?"
