"""Word-level redlines of two versions.

The redline is lossless: ``same`` and ``removed`` segments joined give exactly the old text,
``same`` and ``added`` the new one. Words are compared where the script has spaces, characters where
it has none (Chinese, Japanese, Thai); a figure is always one token.

Alignment is patience diff (Bram Cohen): runs of words that occur once on both sides are anchors,
and ``difflib`` aligns the short stretches between them, where its cubic worst case does not matter.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Literal

from corpus.force_words import version_in_force
from corpus.model import Frozen, Version

Kind = Literal["same", "removed", "added"]

_SPACELESS = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uf900-\ufaff\U00020000-\U0003ffff"
)
_CHINESE_FIGURE = "[零〇一二两三四五六七八九十百千万亿兩萬億]+"
_MARKS = r"[\u0300-\u036f]*"
_TOKEN = re.compile(
    rf"\s+|\d+(?:[.,]\d+)*{_MARKS}|{_CHINESE_FIGURE}|[{_SPACELESS}]{_MARKS}"
    rf"|(?:[^\W\d{_SPACELESS}]{_MARKS})+|.",
    re.DOTALL,
)
_SUBSTANTIAL = re.compile(rf"\n|[^\W{_SPACELESS}]|[{_SPACELESS}].*[{_SPACELESS}]", re.DOTALL)
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_SMALL = 16_384  # product of lengths up to which difflib aligns a stretch by itself
_RUNS = (16, 4, 1)  # tokens that must agree for an anchor; the longest run that occurs decides
_DEPTH = 40  # nesting of anchors after which a stretch counts as rewritten

Opcode = tuple[bool, int, int, int, int]


class Segment(Frozen):
    """A stretch of text that both versions have, or only one of them."""

    kind: Kind
    text: str


class Redline(Frozen):
    """Two versions and the changes that lead from ``before`` to ``after``.

    ``instrument`` is the act that brought the later of the two texts; ``None`` where the source
    does not name it or the texts are one version.

    Attributes:
        before: the earlier version.
        after: the later version.
        segments: text segments, each same, removed or added.
        instrument: act that introduced the later version; null if unknown.
    """

    before: Version
    after: Version
    segments: tuple[Segment, ...]
    instrument: str | None = None

    @property
    def changed(self) -> bool:
        """Return whether the two texts differ."""
        return any(segment.kind != "same" for segment in self.segments)


def compare(before: Version, after: Version) -> Redline:
    """Return the word-level redline from ``before`` to ``after``."""
    return Redline(
        before=before,
        after=after,
        segments=compare_texts(before.text, after.text),
        instrument=_instrument(before, after),
    )


def compare_texts(before: str, after: str) -> tuple[Segment, ...]:
    """Return the segments that change ``before`` into ``after``; a removal precedes its addition.

    A single space or punctuation mark between two changes is merged into them, so that a rewritten
    phrase is one change; a line break is not.
    """
    a, b = _TOKEN.findall(before), _TOKEN.findall(after)
    pieces = (("".join(a[i:j]), "".join(b[k:m]), same) for same, i, j, k, m in _aligned(a, b))
    return tuple(_segments(_joined(pieces)))


def as_text(redline: Redline) -> str:
    """Return caption and text, changes marked ``[-removed-]`` and ``{+added+}``.

    Terminal and direction controls are shown as U+FFFD, so a hostile text cannot rewrite the line.
    """
    marks = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
    body = "".join(_marked(s, *marks[s.kind]) for s in redline.segments)
    return f"{_visible(caption(redline))}\n\n{body}"


def as_html(redline: Redline, title: str | None = None) -> str:
    """Return an HTML figure with ``<del>`` and ``<ins>``; all text is escaped.

    ``title`` is its caption, by default :func:`caption`.

    Show it with ``white-space: pre-wrap`` to keep the line breaks of the statute.
    """
    tags = {"same": ("", ""), "removed": ("<del>", "</del>"), "added": ("<ins>", "</ins>")}
    body = "".join(_marked(s, *tags[s.kind], escape=True) for s in redline.segments)
    title = html.escape(_visible(caption(redline) if title is None else title))
    language = html.escape(redline.after.language)
    return (
        f'<figure class="redline"><figcaption>{title}</figcaption>'
        f'<p lang="{language}">{body}</p></figure>'
    )


Cell = tuple[Segment, ...]
"""One side of a row of a side-by-side comparison."""


def as_rows(redline: Redline) -> tuple[tuple[Cell, Cell], ...]:
    """Return the two texts side by side: rows of ``(before, after)``.

    A row ends at a line break that both texts have, so that equal paragraphs stand in one row. The
    cells of a side, joined by line breaks, give its text.
    """
    rows: list[tuple[list[Segment], list[Segment]]] = [([], [])]
    for segment in redline.segments:
        if segment.kind != "same":
            rows[-1][segment.kind == "added"].append(segment)
            continue
        for number, line in enumerate(segment.text.split("\n")):
            if number:
                rows.append(([], []))
            if line:
                shared = Segment(kind="same", text=line)
                rows[-1][0].append(shared)
                rows[-1][1].append(shared)
    return tuple((tuple(before), tuple(after)) for before, after in rows)


def caption(redline: Redline) -> str:
    """Return one line that names the two texts and the amending act."""
    by = f", by {redline.instrument}" if redline.instrument else ""
    return f"Before: {_when(redline.before)}. After: {_when(redline.after)}{by}."


def _when(version: Version) -> str:
    if version.valid_from is None:
        return f"not dated ({version.condition})"
    return f"in force {version_in_force(version).text}"


def _instrument(before: Version, after: Version) -> str | None:
    if before.id == after.id:
        return None
    earlier, later = sorted((before, after), key=lambda v: v.valid_from or date.max)
    if later.introduced_by is None and earlier.valid_to == later.valid_from:
        return earlier.ended_by
    return later.introduced_by


def _marked(segment: Segment, opening: str, closing: str, *, escape: bool = False) -> str:
    text = _visible(segment.text)
    return f"{opening}{html.escape(text) if escape else text}{closing}"


def _visible(text: str) -> str:
    return _UNSAFE.sub("\ufffd", text)


def _joined(pieces: Iterable[tuple[str, str, bool]]) -> Iterator[tuple[str, str, bool]]:
    """Merge neighbours of one kind, and changes separated only by a space or mark."""
    held: list[tuple[str, str, bool]] = []
    for piece in pieces:
        held.append(piece)
        while len(held) > 1 and held[-1][2] == held[-2][2]:
            held[-2:] = [_glued(held[-2:])]
        if len(held) == 3 and not held[0][2] and not _SUBSTANTIAL.search(held[1][0]):
            held = [_glued(held)]
        while len(held) > 2 or (held and held[0][2] and len(held) > 1):
            yield held.pop(0)
    yield from held


def _glued(pieces: Sequence[tuple[str, str, bool]]) -> tuple[str, str, bool]:
    same = all(piece[2] for piece in pieces)
    return "".join(p[0] for p in pieces), "".join(p[1] for p in pieces), same


def _segments(pieces: Iterable[tuple[str, str, bool]]) -> Iterator[Segment]:
    for old, new, same in pieces:
        if same:
            yield Segment(kind="same", text=old)
            continue
        if old:
            yield Segment(kind="removed", text=old)
        if new:
            yield Segment(kind="added", text=new)


def _aligned(a: Sequence[str], b: Sequence[str]) -> Iterator[Opcode]:
    """Yield ``(same, i, j, k, m)`` in order: ``a[i:j]`` became, or equals, ``b[k:m]``."""
    work: list[tuple[int, Opcode]] = [(0, (False, 0, len(a), 0, len(b)))]
    while work:
        depth, stretch = work.pop()
        if stretch[0] or stretch[1] == stretch[2] or stretch[3] == stretch[4]:
            if stretch[1] < stretch[2] or stretch[3] < stretch[4]:
                yield stretch
            continue
        parts = _divided(a, b, stretch, depth)
        if parts is None:
            yield stretch
        else:
            work.extend((depth + 1, part) for part in reversed(parts))


def _divided(
    a: Sequence[str], b: Sequence[str], stretch: Opcode, depth: int
) -> list[Opcode] | None:
    """Split a stretch at common tokens; ``None`` if the two sides have none."""
    _, i, j, k, m = stretch
    head = _common(a[i:j], b[k:m])
    tail = _common(reversed(a[i + head : j]), reversed(b[k + head : m]))
    if head or tail:
        inner = (False, i + head, j - tail, k + head, m - tail)
        return [(True, i, i + head, k, k + head), inner, (True, j - tail, j, m - tail, m)]
    if (j - i) * (m - k) <= _SMALL:
        return _by_difflib(a, b, stretch)
    pairs = _anchors(a, b, stretch) if depth < _DEPTH else []
    return _around(pairs, stretch) if pairs else None


def _common(a: Iterable[str], b: Iterable[str]) -> int:
    """Return how many tokens both sides share before they first differ."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


def _by_difflib(a: Sequence[str], b: Sequence[str], stretch: Opcode) -> list[Opcode] | None:
    _, i, j, k, m = stretch
    matcher = SequenceMatcher(None, a[i:j], b[k:m], autojunk=False)
    blocks = matcher.get_matching_blocks()[:-1]
    return _around([(i + x, k + y, n) for x, y, n in blocks], stretch) if blocks else None


def _anchors(a: Sequence[str], b: Sequence[str], stretch: Opcode) -> list[tuple[int, int, int]]:
    """Return the tokens that start runs occurring once on both sides; long runs first."""
    _, i, j, k, m = stretch
    for width in _RUNS:
        left, right = _single(a, i, j, width), _single(b, k, m, width)
        pairs = [(x, right[run]) for run, x in left.items() if run in right]
        if pairs:
            return [(x, y, 1) for x, y in _longest_rising(pairs)]
    return []


def _single(tokens: Sequence[str], start: int, stop: int, width: int) -> dict[Sequence[str], int]:
    """Return the runs of ``width`` tokens that occur once, with their positions, in order."""
    runs = [tuple(tokens[n : n + width]) for n in range(start, stop - width + 1)]
    counts = Counter(runs)
    return {run: n for n, run in enumerate(runs, start) if counts[run] == 1}


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest subsequence whose second members increase (patience sorting)."""
    tops: list[int] = []
    top_at: list[int] = []
    previous: list[int] = []
    for n, (_, y) in enumerate(pairs):
        pile = bisect_left(tops, y)
        tops[pile : pile + 1] = [y]
        top_at[pile : pile + 1] = [n]
        previous.append(top_at[pile - 1] if pile else -1)
    chain, at = [], top_at[-1] if top_at else -1
    while at >= 0:
        chain.append(pairs[at])
        at = previous[at]
    return chain[::-1]


def _around(blocks: Sequence[tuple[int, int, int]], stretch: Opcode) -> list[Opcode]:
    """Return the blocks as equal parts, and the stretches between them as parts to align."""
    _, i, j, k, m = stretch
    parts: list[Opcode] = []
    for x, y, n in blocks:
        parts += [(False, i, x, k, y), (True, x, x + n, y, y + n)]
        i, k = x + n, y + n
    return [*parts, (False, i, j, k, m)]
