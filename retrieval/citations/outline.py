"""The outline of a text: the section for each mark ``(b)``, ``1.``, ``2°``, ``一、``.

A mark stands at the beginning of a line, behind another mark, or where a list goes on inside a
sentence. It counts only where it goes on with an open list (``(3)`` after ``(2)``) or begins one,
so the ``(b)`` of "paragraph (b) of this section" divides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from corpus.provision_numbers import chinese_number, roman_number

_HAN = "零〇一二三四五六七八九十百"
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_MARK = re.compile(
    rf"[(（](?P<bracket>\d{{1,3}}[a-z]{{0,2}}[{_RAISED}]*|[A-Za-z]{{1,2}}|[ivxl]{{1,6}}|[{_HAN}]+)[)）]"
    rf"|(?P<paren>\d{{1,3}}[a-z]?[{_RAISED}]*|[a-z]{{1,2}}|[ivxl]{{1,5}})\)"
    r"|(?P<degree>\d{1,2})\s?°"
    r"|(?P<dot>\d{1,3}[a-z]?|[A-Za-z]|[IVX]{1,5})\.(?=\s)"
    rf"|(?P<comma>[{_HAN}]{{1,3}}|\d{{1,2}})、",
    re.IGNORECASE,
)
_CHAIN = re.compile(r"\s*")
_INLINE = re.compile(
    r"(?:[:;—–：；]|(?<=\w{4})[.。])\s*(?:(?:and|or|und|oder|et|ou|y|o|ja|või)\s+)?"
)
_LINE = re.compile(r"^[^\S\n]*(?=\S)", re.MULTILINE)
_WHOLE = {"bracket", "dot"}
"""Styles of marks that number paragraphs; a line without a mark goes on with such a paragraph."""


@dataclass
class Division:
    """A marked section ``[start, end)`` of a text; ``body`` is the position of its first word."""

    style: str
    kind: str
    number: str
    value: int
    start: int
    body: int
    end: int
    divisions: list[Division] = field(default_factory=list)

    @property
    def order(self) -> tuple[int, str]:
        """Its position in the list: 1, 1a, 2."""
        return self.value, re.sub(r"^\d+", "", self.number) if self.kind == "digit" else ""


@dataclass(frozen=True)
class _Mark:
    style: str
    number: str
    start: int
    end: int
    begins_line: bool


def outline(text: str) -> list[Division]:
    """Return the divisions of a text, each with those inside it, in their order."""
    reader = _Reader(text, list(_marks(text)))
    return reader.divided()


def _marks(text: str) -> Iterator[_Mark | int]:
    """Yield marks in order, and as a number the place of each line that begins without one."""
    lines = {match.end() for match in _LINE.finditer(text)}
    places = lines | {match.end() for match in _INLINE.finditer(text)}
    reached = 0
    for place in sorted(places):
        if place < reached:
            continue
        at, first = place, place in lines
        while found := _MARK.match(text, at):
            style = str(found.lastgroup)
            yield _Mark(style, found[style], at, found.end(), begins_line=first)
            gap = _CHAIN.match(text, found.end())
            at = reached = gap.end() if gap else found.end()
            if style != "bracket":
                break
        if at == place and first:
            yield place


def _readings(number: str) -> Iterator[tuple[str, int]]:
    """Yield what a number may be: ``i`` is a Roman 1 and the ninth letter."""
    if re.match(r"\d", number):
        yield "digit", int(re.match(r"\d+", number)[0])  # type: ignore[index]
        return
    if re.fullmatch(f"[{_HAN}]+", number):
        yield "han", int(chinese_number(number))
        return
    case = "upper" if number.isupper() else "lower"
    if re.fullmatch(r"[ivxl]+", number, re.IGNORECASE):
        yield f"roman {case}", roman_number(number)
    if len(set(number.lower())) == 1 and number.isascii():
        yield f"letter {case}", ord(number[0].lower()) - 96 + 26 * (len(number) - 1)


@dataclass
class _Reader:
    text: str
    marks: list[_Mark | int]
    open: list[Division] = field(default_factory=list)
    top: list[Division] = field(default_factory=list)

    def divided(self) -> list[Division]:
        """Return the divisions that the marks make."""
        for place, mark in enumerate(self.marks):
            if isinstance(mark, int):
                self._unmarked(mark)
            else:
                self._add(mark, place)
        self._close(0, len(self.text))
        return self.top

    def _unmarked(self, place: int) -> None:
        """End the items of lists at a line without a mark; a numbered paragraph goes on."""
        first = self.open[0] if self.open else None
        whole = first is not None and first.style in _WHOLE and first.kind == "digit"
        self._close(1 if whole and self._leads(first) else 0, place)

    def _leads(self, first: Division | None) -> bool:
        """Tell whether a text begins with a mark, so that its marks number all of it."""
        beginning = self.top[0] if self.top else first
        return beginning is not None and not self.text[: beginning.start].strip()

    def _add(self, mark: _Mark, place: int) -> None:
        depth_kind = self._level(mark, place)
        if depth_kind is None:
            return
        depth, kind, value = depth_kind
        self._close(depth, mark.start)
        number = mark.number
        made = Division(mark.style, kind, number, value, mark.start, mark.end, len(self.text))
        (self.open[-1].divisions if self.open else self.top).append(made)
        self.open.append(made)

    def _close(self, depth: int, end: int) -> None:
        for division in self.open[depth:]:
            division.end = end
        del self.open[depth:]

    def _level(self, mark: _Mark, place: int) -> tuple[int, str, int] | None:
        """Return the depth and the number of a mark; ``None`` if it belongs to no list."""
        readings = list(_readings(mark.number))
        going_on = [
            (depth, kind, value)
            for kind, value in readings
            for depth in range(len(self.open) - 1, -1, -1)
            if self._follows(self.open[depth], mark, kind, value)
        ]
        beginning = [(len(self.open), kind, value) for kind, value in readings if value == 1]
        if going_on and beginning:
            return beginning[0] if self._goes_on_roman(mark, place) else going_on[0]
        if going_on or beginning:
            return max(going_on, key=lambda found: found[0]) if going_on else beginning[0]
        return self._after_a_gap(mark, readings)

    @staticmethod
    def _follows(last: Division, mark: _Mark, kind: str, value: int) -> bool:
        if (last.style, last.kind) != (mark.style, kind):
            return False
        suffix = re.sub(r"^\d+", "", mark.number) if kind == "digit" else ""
        return value == last.value + 1 or (value == last.value and suffix > last.order[1])

    def _goes_on_roman(self, mark: _Mark, place: int) -> bool:
        """Tell whether the next mark of its kind is ``ii`` and not ``j``."""
        behind = (after for after in self.marks[place + 1 :] if isinstance(after, _Mark))
        alike = (after.number.lower() for after in behind if after.style == mark.style)
        return next((number for number in alike if number in ("ii", "j")), "") == "ii"

    def _after_a_gap(
        self, mark: _Mark, readings: list[tuple[str, int]]
    ) -> tuple[int, str, int] | None:
        """Place a mark at the beginning of a line whose list left numbers out (repealed ones)."""
        if not mark.begins_line:
            return None
        alike = [
            (depth, kind, value)
            for kind, value in readings
            for depth, last in enumerate(self.open)
            if (last.style, last.kind) == (mark.style, kind) and value > last.value
        ]
        if alike:
            return alike[-1]
        known = {(division.style, division.kind) for division in self.open}
        fresh = [found for found in readings if (mark.style, found[0]) not in known]
        return (len(self.open), *fresh[0]) if fresh else None
