"""One state of an act, written as Markdown with frontmatter: its fields and its provisions."""

from __future__ import annotations

import json
import re
from itertools import pairwise

from corpus.errors import BadInputError
from corpus.history.snapshots import Page, Unit
from corpus.provision_numbers import label_key
from corpus.sources.git.git_history import Revision
from corpus.sources.git.markdown_dialect import PageRules

_FIELD = re.compile(r"(?P<key>[A-Za-z_][\w-]*):(?:\s+(?P<value>.*))?")
_NESTED = re.compile(r"\s|-|#|$")
_DIVISION = re.compile(r"^#{1,6} ", re.MULTILINE)
_RAISED = re.compile(r"<sup>\s*(\d+)\s*</sup>")
_TAGS = re.compile(r"</?sup>")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def split_frontmatter(text: str, revision: Revision) -> tuple[dict[str, str], str]:
    """Return the plain fields of the frontmatter and the body after it; nested values are skipped.

    Raises:
        SourceError: the frontmatter is missing, does not end, or has a line that is no field.
    """
    head, closed, body = text.removeprefix("---\n").partition("\n---\n")
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
    return fields, body


def _scalar(written: str) -> str:
    value = written.strip()
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except json.JSONDecodeError:
            return value.strip('"')
    return value.strip("'")


class PageReader:
    """Reads the states of one act one after another.

    States repeat most of the state before, so a provision is read once for each way it is written:
    the reader keeps what it has read, by the raw text.
    """

    def __init__(self, rules: PageRules) -> None:
        self._rules = rules
        self._read: dict[str, Unit] = {}
        self._units: dict[tuple[str, str | None, str], Unit] = {}

    def read(self, body: str) -> Page:
        """Return the provisions of a page; of several texts under one label, each different one."""
        page: dict[str, tuple[Unit, ...]] = {}
        starts = [found.start() for found in self._rules.start.finditer(body)]
        for start, end in pairwise([*starts, len(body)]):
            raw = body[start:end]
            unit = self._read.get(raw)
            if unit is None:
                unit = self._read[raw] = self._unit(raw)
            page[unit.key] = _joined(page[unit.key], unit) if unit.key in page else (unit,)
        return page

    def _unit(self, raw: str) -> Unit:
        repaired = raw
        for rule in self._rules.rewrite:
            repaired = rule.on(repaired)
        first = self._rules.start.match(repaired) or self._rules.start.match(raw)
        if first is None:
            problem = "page.start must not depend on what follows a provision"
            raise BadInputError(f"{problem}: it finds '{raw[:40].strip()}' but does not match it")
        label, heading = self._first_line(first)
        text = self._text(first.string[first.end() :])
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
        return self._units.setdefault((unit.key, heading, words), unit)

    def _first_line(self, found: re.Match[str]) -> tuple[str, str | None]:
        """Return the label as lawyers write it, and the title."""
        groups = found.groupdict(default="")
        label = self._rules.label.format(label=_plain(groups["label"]))
        for rule in self._rules.rename:
            label = rule.on(label)
        heading = " ".join(_plain(groups.get("heading", "")).split())
        return label, heading or None

    def _text(self, written: str) -> str:
        """Return the paragraphs, one per line, without the divisions printed after them."""
        division = _DIVISION.search(written)
        body = _plain(written[: division.start()] if division else written)
        lines = [line for each in body.split("\n") if (line := " ".join(each.split()))]
        while lines and self._rules.division and self._rules.division.fullmatch(lines[-1]):
            lines.pop()
        return "\n".join(lines)


def _plain(written: str) -> str:
    """Return the text with raised numbers as characters: ``87<sup>1</sup>`` is ``87¹``."""
    raised = _RAISED.sub(lambda found: found[1].translate(_SUPERSCRIPTS), written)
    return _TAGS.sub("", raised)


def _joined(units: tuple[Unit, ...], unit: Unit) -> tuple[Unit, ...]:
    """Add a unit under a label that has one: not twice, and nothing absent beside a text."""
    present = tuple(each for each in (*units, unit) if each.text is not None)
    return tuple(dict.fromkeys(present or (unit,)))
