"""Parser of citations: a label beside the name of a work.

Names come from the works of the corpus (:mod:`retrieval.citations.work_names`), the grammar of
labels from the language tables (:mod:`retrieval.citations.labels`). This module combines them, and
marks a citation of which a part was not understood (:mod:`retrieval.citations.remains`).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from corpus.model import Frozen, Work
from retrieval.citations.bare_numbers import bare_mentions
from retrieval.citations.keys import citation_keys
from retrieval.citations.label_forms import Mention
from retrieval.citations.labels import labels_in_code, read_labels
from retrieval.citations.lexicon import lexicon
from retrieval.citations.remains import Span, between, harmless, is_link, unread_around
from retrieval.citations.work_names import Name, WorkNames, normalise_name, work_names

_US = re.compile(
    r"(?<![\w.])(?P<volume>\d{1,2})\s*(?P<code>C\.?\s?F\.?\s?R|U\.?\s?S\.?\s?C)\.?"
    r"(?:\s*(?P<part>part|pt)\.?|\s*(?P<sign>§+|sections?|sec)\.?)?\s*(?=\d)",
    re.IGNORECASE,
)
_CLEAN = re.compile(r"[\s,.'’()（）《》〈〉°º]*")
_LINK_MARKS = re.compile(r"[\s,(（《'’]*")
_BEFORE = re.compile(r"[》〉)\s,:;]*的?中?")
_PARENTHESES = re.compile(r"[(（]([^()（）]{1,60})[)）]")
_EU_MARKS = frozenset(("eu", "ec", "eec", "ue", "ce", "cee", "eg", "el", "ewg", "euratom", "es"))
_ADORNMENT = re.compile(r"(?:[ld]['’]|[\W_])*", re.IGNORECASE)
_REACH = 80
_HELD_BY = frozenset(("comment", "appendix", "supplement"))


class ParsedCitation(Frozen):
    """A citation: ``text``, found at ``[start, end)`` of the input.

    ``rivals`` are other works with the same name. ``label_keys`` lead from what was cited to what
    contains it: ``98(1)``, then ``98``; ``parts`` are the subdivisions as cited. ``through`` is the
    last number of a range, or ``ff`` for "and following". ``unread`` is a part of the citation that
    was not understood; such a citation is never answered. ``whole`` is the span of everything
    parsed together: the labels of a list, and their name. ``bare`` means that the text holds
    nothing else.
    """

    text: str
    work_id: str
    rivals: tuple[str, ...] = ()
    label: str
    label_keys: tuple[str, ...]
    parts: tuple[str, ...] = ()
    through: str | None = None
    unread: str | None = None
    start: int
    end: int
    whole: tuple[int, int]
    bare: bool = False

    @property
    def label_key(self) -> str:
        """Return the comparison key of the label as cited."""
        return self.label_keys[0]

    @property
    def work_ids(self) -> tuple[str, ...]:
        """Return the ids of every work that may be meant."""
        return (self.work_id, *self.rivals)


def parse_citation(text: str, works: Sequence[Work]) -> ParsedCitation | None:
    """Return the first citation of one of ``works`` in ``text``, or ``None``."""
    return next(iter(find_citations(text, works)), None)


def find_citations(text: str, works: Sequence[Work]) -> list[ParsedCitation]:
    """Return every citation of one of ``works`` in ``text``, in order.

    ``ss 94 and 98 ERA 1996`` gives two. The time grows linearly with the text.
    """
    names = work_names(works)
    found = [
        citation
        for mention in _mentions(text, names)
        for citation in _citations(text, mention, names)
    ]
    found.sort(key=lambda citation: citation.start)
    return [c for i, c in enumerate(found) if i == 0 or c.start >= found[i - 1].end]


# -- mentions: labels, and the name beside them --------------------------------------------------


def _mentions(text: str, names: WorkNames) -> list[Mention]:
    """Return the labels that have a name beside them, in order."""
    coded, parts, taken = _us_code(text, names)
    spans = sorted(names.find(text, taken) + parts, key=lambda name: name.start)
    held = _side_by_side(text, spans)
    labels = read_labels(text, sorted([*((n.start, n.end) for n in held), *taken]))
    spans_read = [*taken, *((label.start, label.end) for label in labels)]
    labels += bare_mentions(text, held, spans_read, names)
    labels.sort(key=lambda label: label.start)
    named = _beside_names(text, labels, held, names)
    mentions = sorted([*coded, *named], key=lambda mention: mention.start)
    return [mention for mention in _within(text, mentions) if mention.work_ids]


def _us_code(text: str, names: WorkNames) -> tuple[list[Mention], list[Name], list[Span]]:
    """Return labels of ``12 CFR 1013.2`` and ``29 U.S.C. 206(a)``, the names, and their spans."""
    coded: list[Mention] = []
    parts: list[Name] = []
    taken: list[Span] = []
    for match in _US.finditer(text):
        mention = labels_in_code(text, match.end(), many=(match["sign"] or "").startswith("§§"))
        if mention is None or (taken and match.start() < taken[-1][1]):
            continue
        volume = match["volume"] + normalise_name(match["code"]).text
        leading = int(re.match(r"\d+", mention.items[0].number)[0])  # type: ignore[index]
        works = (*names.in_us_code(volume, leading), *names.ids.get(volume, ()))
        taken.append((match.start(), mention.end))
        whole_part = "cfr" in volume and mention.items[0].number.isdecimal()
        ids = tuple(dict.fromkeys(works))
        if match["part"] or whole_part:
            parts += [Name(match.start(), mention.end, ids)] if ids else []
        elif ids:
            coded.append(_coded(text, replace(mention, start=match.start(), work_ids=ids), names))
    return coded, parts, taken


def _coded(text: str, mention: Mention, names: WorkNames) -> Mention:
    return replace(mention, unread=unread_around(text, mention, None, names))


def _side_by_side(text: str, found: list[Name]) -> list[Name]:
    """Join adjacent names of one work: ``Criminal Code, RSC 1985, c C-46``."""
    joined: list[Name] = []
    for name in found:
        last = joined[-1] if joined else None
        gap = text[last.end : name.start] if last else ""
        shared = tuple(w for w in last.work_ids if w in name.work_ids) if last else ()
        if last and shared and _joins(gap):
            end = name.end + (gap.count("(") > 0 and text[name.end : name.end + 1] == ")")
            joined[-1] = Name(last.start, end, shared)
        else:
            joined.append(name)
    return joined


def _joins(gap: str) -> bool:
    words = re.findall(r"[^\W\d_]+", gap)
    plain = _CLEAN.fullmatch(re.sub(r"[^\W\d_]+", "", gap))
    return len(gap) < _REACH and bool(plain) and all(_is_instrument(word) for word in words)


def _is_instrument(word: str) -> bool:
    return word.casefold() in lexicon().instruments or word.casefold() in _EU_MARKS


def _beside_names(
    text: str, bare: list[Mention], held: list[Name], names: WorkNames
) -> list[Mention]:
    """Attach to each label the name beside it; the labels of a list share one."""
    named = [_beside_name(text, mention, held, names) for mention in bare]
    listed = [_is_list_gap(text[a.end : b.start]) for a, b in pairwise(bare)]
    for i in range(1, len(named)):
        if listed[i - 1] and not named[i].work_ids:
            named[i] = _sharing(named[i], named[i - 1])
    for i in range(len(named) - 2, -1, -1):
        if listed[i] and not named[i].work_ids:
            named[i] = _sharing(named[i], named[i + 1])
    return [_near_name(text, i, named, held, names) for i in range(len(named))]


def _sharing(mention: Mention, other: Mention) -> Mention:
    return replace(mention, work_ids=other.work_ids, unread=other.unread)


def _near_name(
    text: str, place: int, named: list[Mention], held: list[Name], names: WorkNames
) -> Mention:
    """Mark a label as partly read if the text between it and a name belongs to the citation."""
    mention = named[place]
    if mention.work_ids:
        return mention
    low = named[place - 1].end if place else 0
    high = named[place + 1].start if place + 1 < len(named) else len(text)
    after, before = _neighbours(mention, held)
    for name in (after, before):
        beside = name is not None and low <= name.start and name.end <= high
        if name and beside and (unread := between(text, mention, name, names)):
            span = (name.start, name.end)
            return replace(mention, work_ids=name.work_ids, name=span, unread=unread)
    return mention


def _neighbours(mention: Mention, held: list[Name]) -> tuple[Name | None, Name | None]:
    """Return the first name after a label and the last one before it."""
    place = bisect_left(held, mention.end, key=lambda name: name.start)
    earlier = bisect_right(held, mention.start, key=lambda name: name.end)
    return (
        held[place] if place < len(held) else None,
        held[earlier - 1] if earlier else None,
    )


def _is_list_gap(gap: str) -> bool:
    word = gap.strip(" ,;、\n\t").casefold()
    return len(gap) < _REACH and (word in lexicon().ands if word else bool(gap))


def _beside_name(text: str, mention: Mention, held: list[Name], names: WorkNames) -> Mention:
    """Attach the name after or before the label; one without a comma in between is preferred."""
    after, before = _neighbours(mention, held)
    follows = after is not None and _is_clean(text, mention, after, names)
    precedes = before is not None and _leads_to(text, before, mention, names)
    if after and follows and not (precedes and "," in text[mention.end : after.start]):
        return _attached(text, mention, after, names)
    if before and precedes:
        return _attached(text, mention, before, names)
    return mention


def _attached(text: str, mention: Mention, name: Name, names: WorkNames) -> Mention:
    start = name.start - text.startswith("《", name.start - 1) if name.start else 0
    unread = unread_around(text, mention, name, names)
    return replace(mention, work_ids=name.work_ids, name=(start, name.end), unread=unread)


def _is_clean(text: str, mention: Mention, name: Name, names: WorkNames) -> bool:
    """Return whether only linking words are between a label and the name after it."""
    gap, first = text[mention.end : name.start], text[name.start]
    if not gap or len(gap) > _REACH:
        return False
    marks = re.sub(r"[^\W\d_]+", "", gap)
    official = first.isdigit()
    if not _LINK_MARKS.fullmatch(marks) and not (official and _CLEAN.fullmatch(marks)):
        return False
    spoken = {names.works[name.work_ids[0]].language.partition("-")[0], "en", *mention.languages}
    words = re.findall(r"[^\W\d_]+", gap)
    return all(is_link(w, spoken) or (official and _is_instrument(w)) for w in words)


def _leads_to(text: str, name: Name, mention: Mention, names: WorkNames) -> bool:
    """Return whether only marks and irrelevant parentheses are between name and label."""
    gap = text[name.end : mention.start]
    if len(gap) > _REACH:
        return False
    work = names.works[name.work_ids[0]]
    inside = _PARENTHESES.findall(gap)
    rest = _PARENTHESES.sub("", gap)
    return bool(_BEFORE.fullmatch(rest)) and all(harmless(one, work, names) for one in inside)


def _within(text: str, mentions: list[Mention]) -> list[Mention]:
    """Parse a comment, an appendix or a supplement beside a label as part of what is cited."""
    found: list[Mention] = []
    for mention in mentions:
        last = found[-1] if found else None
        gap = text[last.end : mention.start].strip() if last else "-"
        if last and mention.kind in _HELD_BY and gap in ("", ",") and last.kind != "comment":
            works = last.work_ids or mention.work_ids
            unread = mention.unread or _stray(mention, last)
            found[-1] = replace(mention, start=last.start, work_ids=works, unread=unread)
        elif last and last.kind in _HELD_BY and gap in ("to", "of", "in") and mention.work_ids:
            unread = last.unread or mention.unread or _stray(last, mention)
            found[-1] = replace(last, end=mention.end, work_ids=mention.work_ids, unread=unread)
        else:
            found.append(mention)
    return found


def _stray(comment: Mention, section: Mention) -> Span | None:
    """Return a comment whose number does not match the section beside it."""
    numbers = re.findall(r"\d+", comment.items[0].number), section.items[0].number.split(".")
    if comment.kind != "comment" or len(numbers[1]) < 2 or numbers[0][:1] == numbers[1][1:2]:
        return None
    return comment.start, comment.end


# -- citations -----------------------------------------------------------------------------------


def _citations(text: str, mention: Mention, names: WorkNames) -> Iterator[ParsedCitation]:
    low, high = mention.whole
    works = _by_script(mention.work_ids, text[low:high], names.traditional)
    alone = len(mention.items) == 1
    unread = text[slice(*mention.unread)] if mention.unread else None
    if mention.unread:
        low, high = min(low, mention.unread[0]), max(high, mention.unread[1])
    outside = text[:low] + text[high:] if alone else "x"
    for item in mention.items:
        start, end = (low, high) if alone or unread else (item.start, item.end)
        keys, parts = citation_keys(item, mention, names.works[works[0]])
        yield ParsedCitation(
            text=text[start:end],
            work_id=works[0],
            rivals=works[1:],
            label=text[item.start : item.end].strip(),
            label_keys=keys,
            parts=parts,
            through=item.through,
            unread=unread,
            start=start,
            end=end,
            whole=(low, high),
            bare=alone and _ADORNMENT.fullmatch(outside) is not None,
        )


def _by_script(works: tuple[str, ...], text: str, traditional: set[str]) -> tuple[str, ...]:
    """Choose between works of one name by the script, ``条`` or ``條``."""
    if "條" in text:
        chosen = tuple(work for work in works if work in traditional)
    elif "条" in text:
        chosen = tuple(work for work in works if work not in traditional)
    else:
        return works
    return chosen or works
