"""Reading citations as lawyers write them: a label beside the name of a work.

The works of the corpus bring the names; this module brings the grammar of labels (``s 98(1)``,
``art. L. 1234-9``, ``§ 1 Abs. 2``, ``第三百九十三条``) and of what stands between label and name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from corpus.model import Frozen, Work
from corpus.provision_numbers import label_key
from retrieval.citations.work_names import Squashed, WorkNames, squash, work_names

_PLURAL = r"articles|arts|art[íi]culos|sections|ss|regulations|regs|rules|rr|paragraphs|paras|§§"
_KIND = (
    rf"(?:{_PLURAL}|article|art|art[íi]culo|artikli?|artikel|section|sect|sec|s|regulation|reg|"
    r"rule|r|paragrahv|paragraph|para|schedule|sch|annexe?|§)"
)
_NUMERAL = "[零〇一二三四五六七八九十百千两]"
_NUMBER = (
    r"(?<![^\W\d_])(?:(?:L\.?\s?O|[LRDA])\.?\s?\*{0,2}\s?|[A-Z]{1,2})?\d+(?:[A-Za-z]{1,3}(?![A-Za-z]))?"
    r"[⁰¹²³⁴⁵⁶⁷⁸⁹]*(?:[-‐‑–./^]\d+(?:[A-Za-z](?![A-Za-z]))?)*"
    r"(?:\s?(?:bis|ter|quater|quinquies)\b|\.(?:uno|dos|tres|cuatro|cinco)\b)?"
    r"(?:\s?\([0-9A-Za-z]{1,5}\))*"
)
_PART = (
    r"(?:absatz|abs|satz|nummer|nr|alinéas?|al|paragraphs?|paras?|par|apartados?|apdo|lõige|lg|"
    r"punkti?|letra|lit|point|subsection|subs)"
)
_PARTS = rf"(?:,?\s*{_PART}\b\.?\s*\(?(?:\d{{1,3}}(?:er)?|[a-z])\)?(?!\w))*"
_ITEM = rf"{_NUMBER}{_PARTS}"
_AND = r"\s+(?:and|et|und|y|e|ja|or|ou|oder)\s+"
_LABELS = re.compile(
    rf"(?<!\w)(?!(?<=['’])s\b)(?P<kind>{_KIND})(?:(?<=§)|(?![^\W\d_]{{3}}))\.?\s*"
    rf"(?P<items>{_ITEM}(?:(?:{_AND}|(?P<comma>\s*[,;]\s*)){_ITEM})*)",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    rf"(?P<number>第\s*(?:{_NUMERAL}+|\d+(?:-\d+)?)\s*[条條](?:之{_NUMERAL}+)?)"
    rf"(?P<parts>(?:第\s*(?:{_NUMERAL}+|\d+)\s*[款项項目])*)"
)
_ONE = re.compile(rf"(?P<number>{_NUMBER})(?P<parts>{_PARTS})", re.IGNORECASE)
_EACH_PART = re.compile(rf"({_PART})\b\.?\s*\(?(\d+|[a-z])", re.IGNORECASE)
_US = re.compile(
    r"(?<![\w.])(?P<volume>\d{1,2})\s*(?P<code>C\.?\s?F\.?\s?R|U\.?\s?S\.?\s?C)\.?"
    rf"\s*(?:§+|sections?|sec\.?|part|pt\.?)?\s*(?P<number>{_NUMBER})",
    re.IGNORECASE,
)
_TO_NAME = re.compile(
    r"(?:[\s,]+|《|[ld]['’]|(?:of|under|in|the|to|from|du|de|la|le|les|des|del|der|dem|den|das|"
    r"zum|zur)\b)*",
    re.IGNORECASE,
)
_INSTRUMENT = re.compile(
    r"(?:(?:council|commission|delegated|implementing)\s+)*"
    r"(?:regulation|directive|decision|règlement|décision|verordnung|richtlinie|reglamento|"
    r"directiva|määruse?|direktiivi?)\s*(?:\((?:EU|EC|EEC|UE|CE|CEE|EG|EL)\)\s*)?"
    r"(?:(?:no|nr|n[°º])\.?\s*)?",
    re.IGNORECASE,
)
_FROM_NAME = re.compile(r"(?:[》\s,:;]|\([^()]{1,40}\)|（[^（）]{1,40}）)*$")
_LIST_GAP = re.compile(rf"(?:{_AND}|\s*[,;、和及与與或]\s*)")
_ADORNMENT = re.compile(r"(?:[ld]['’]|[\W_])*", re.IGNORECASE)
_REACH = 80
_PART_WORDS = {"absatz": "abs", "alinéa": "al", "alinéas": "al", "paragraph": "para", "par": "para"}


class ParsedCitation(Frozen):
    """A citation: ``text``, found at ``[start, end)`` of what was read.

    ``rivals`` are other works that the same name may mean. ``label_keys`` lead from what was cited
    to what contains it: ``98(1)``, then ``98``. ``bare`` tells that the text holds nothing else.
    """

    text: str
    work_id: str
    rivals: tuple[str, ...] = ()
    label: str
    label_keys: tuple[str, ...]
    start: int
    end: int
    bare: bool = False

    @property
    def label_key(self) -> str:
        """The comparison key of the label as cited."""
        return self.label_keys[0]

    @property
    def work_ids(self) -> tuple[str, ...]:
        """Every work that may be meant."""
        return (self.work_id, *self.rivals)


def parse_citation(text: str, works: Sequence[Work]) -> ParsedCitation | None:
    """Return the first citation of one of ``works`` in ``text``, or ``None``."""
    return next(iter(find_citations(text, works)), None)


def find_citations(text: str, works: Sequence[Work]) -> list[ParsedCitation]:
    """Return every citation of one of ``works`` in ``text``, in order.

    ``ss 94 and 98 ERA 1996`` gives two.
    """
    names = work_names(works)
    found: list[ParsedCitation] = []
    for mention in (*_us_mentions(text, names), *_named_mentions(text, names)):
        found.extend(_citations(text, mention, names.traditional))
    found.sort(key=lambda citation: citation.start)
    return [c for i, c in enumerate(found) if i == 0 or c.start >= found[i - 1].end]


# -- mentions: labels, and the name beside them --------------------------------------------------


@dataclass(frozen=True)
class _Item:
    """One number of a mention, with its textual parts (``Abs. 2``)."""

    number: str
    parts: str
    start: int
    end: int


@dataclass(frozen=True)
class _Mention:
    """Labels written together, and the works they may belong to (none: no name beside them)."""

    items: tuple[_Item, ...]
    start: int
    end: int
    work_ids: tuple[str, ...] = ()


def _us_mentions(text: str, names: WorkNames) -> Iterator[_Mention]:
    """Yield ``12 CFR 1013.2`` and ``29 U.S.C. 206(a)``: volume, code and section say it all."""
    for match in _US.finditer(text):
        volume = match["volume"] + squash(match["code"]).text
        leading = re.match(r"\d+", match["number"])
        works = names.in_us_code(volume, int(leading[0])) if leading else ()
        if works := tuple(dict.fromkeys((*works, *names.ids.get(volume, ())))):
            item = _Item(match["number"], "", *match.span("number"))
            yield _Mention((item,), *match.span(), works)


def _named_mentions(text: str, names: WorkNames) -> Iterator[_Mention]:
    """Yield labels with a name beside them; labels listed together share it."""
    squashed = squash(text)
    bare = sorted(_bare_mentions(text), key=lambda mention: mention.start)
    named = [_beside_name(text, squashed, names, mention) for mention in bare]
    listed = [_LIST_GAP.fullmatch(text[a.end : b.start]) for a, b in pairwise(bare)]
    for i in range(1, len(named)):
        if listed[i - 1] and not named[i].work_ids:
            named[i] = replace(named[i], work_ids=named[i - 1].work_ids)
    for i in range(len(named) - 2, -1, -1):
        if listed[i] and not named[i].work_ids:
            named[i] = replace(named[i], work_ids=named[i + 1].work_ids)
    return (mention for mention in named if mention.work_ids)


def _bare_mentions(text: str) -> Iterator[_Mention]:
    for match in _CHINESE.finditer(text):
        item = _Item(match["number"], match["parts"], *match.span())
        yield _Mention((item,), *match.span())
    for match in _LABELS.finditer(text):
        items = tuple(_items(match))
        if len(items) == 1:
            items = (replace(items[0], start=match.start()),)
        yield _Mention(items, match.start(), items[-1].end)


def _items(match: re.Match[str]) -> Iterator[_Item]:
    """Yield the numbers; after a singular kind word a comma starts no further number."""
    plural = re.fullmatch(_PLURAL, match["kind"], re.IGNORECASE)
    previous = match.start("items")
    for one in _ONE.finditer(match.string, match.start("items"), match.end("items")):
        if not plural and re.search("[,;]", match.string[previous : one.start()]):
            return
        yield _Item(one["number"], one["parts"], *one.span())
        previous = one.end()


def _beside_name(text: str, squashed: Squashed, names: WorkNames, mention: _Mention) -> _Mention:
    """Attach the name after the label or before it; one without a comma between is nearer."""
    after = _name_after(text, squashed, names, mention.end)
    before = _name_before(text, squashed, names, mention.start)
    if after and not (before and "," in text[mention.end : after[1]]):
        return _Mention(mention.items, mention.start, after[2], names.ids[after[0]])
    if before:
        start = before[1] - text.startswith("《", before[1] - 1)
        return _Mention(mention.items, start, mention.end, names.ids[before[0]])
    return mention


def _name_after(
    text: str, squashed: Squashed, names: WorkNames, place: int
) -> tuple[str, int, int] | None:
    """Return the name that follows, and its span."""
    gap = _TO_NAME.match(text, place)
    start = gap.end() if gap else place
    instrument = _INSTRUMENT.match(text, start)
    for begin in (start, instrument.end() if instrument else start):
        if begin > place and (found := names.starting_at(text, squashed, begin)):
            return found[0], begin, found[1]
    return None


def _name_before(
    text: str, squashed: Squashed, names: WorkNames, place: int
) -> tuple[str, int] | None:
    """Return the name that precedes, and where it starts."""
    gap = _FROM_NAME.search(text[max(0, place - _REACH) : place])
    return names.ending_at(text, squashed, place - len(gap[0]) if gap else place)


# -- citations -----------------------------------------------------------------------------------


def _citations(text: str, mention: _Mention, traditional: set[str]) -> Iterator[ParsedCitation]:
    works = _by_script(mention.work_ids, text[mention.start : mention.end], traditional)
    alone = len(mention.items) == 1
    outside = text[: mention.start] + text[mention.end :]
    for item in mention.items:
        start, end = (mention.start, mention.end) if alone else (item.start, item.end)
        yield ParsedCitation(
            text=text[start:end],
            work_id=works[0],
            rivals=works[1:],
            label=text[item.start : item.end].strip(),
            label_keys=tuple(dict.fromkeys(_keys(item))),
            start=start,
            end=end,
            bare=alone and _ADORNMENT.fullmatch(outside) is not None,
        )


def _by_script(works: tuple[str, ...], text: str, traditional: set[str]) -> tuple[str, ...]:
    """Let ``条`` or ``條`` choose between works of one name in the two Chinese scripts."""
    if "條" in text:
        chosen = tuple(work for work in works if work in traditional)
    elif "条" in text:
        chosen = tuple(work for work in works if work not in traditional)
    else:
        return works
    return chosen or works


def _keys(item: _Item) -> Iterator[str]:
    """Yield the keys of a label from the most exact to what contains it."""
    parts = _EACH_PART.findall(item.parts)
    for count in range(len(parts), 0, -1):
        tail = "".join(_part_key(word, number) for word, number in parts[:count])
        yield label_key(item.number) + tail
    number = item.number
    while number:
        yield from _spellings(label_key(number))
        shorter = re.sub(r"\s?\([^()]*\)$", "", number)
        number = shorter if shorter != number else _without_tail(number)


def _part_key(word: str, number: str) -> str:
    folded = word.casefold()
    return _PART_WORDS.get(folded, folded) + number.casefold()


def _spellings(key: str) -> Iterable[str]:
    """Yield other ways to write one number: ``1er`` is 1, ``91之1`` is 91-1."""
    yield key
    if key == "1":
        yield "1er"
    elif key == "1er":
        yield "1"
    if "之" in key:
        yield key.replace("之", "-")
    elif re.fullmatch(r"\d+-\d+", key):
        yield key.replace("-", "之")


def _without_tail(number: str) -> str:
    """Return ``1964`` for ``1964.2``: the article of a dotted paragraph; else nothing."""
    match = re.fullmatch(r"(\d+)\.\d+", number)
    return match[1] if match else ""
