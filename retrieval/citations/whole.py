"""Parse a text that must be one citation and nothing else: every word must be understood.

In free text only the words beside a label and a title count; here all words do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from corpus.model import Frozen, Work
from corpus.provision_numbers import label_key
from retrieval.citations.citation_grammar import ParsedCitation, find_citations
from retrieval.citations.lexicon import lexicon
from retrieval.citations.remains import without_links
from retrieval.citations.work_names import Name, work_names

_WORD = re.compile(r"[^\W\d_]+|\d[\w./-]*|§+")
_MARKS = " \t\n,.;:()（）《》〈〉“”\"'’„«»"

Bears = Callable[[str, str], bool]
"""Returns whether a work has a provision with a label, given by its key."""


class Unanswerable(Frozen):
    """Why a text is not the citation of one provision; ``unread`` is the part not understood."""

    explanation: str
    unread: str | None = None
    several: bool = False


def read_whole(text: str, works: Sequence[Work], bears: Bears) -> ParsedCitation | Unanswerable:
    """Return the one citation that ``text`` is, or why it is not one.

    Args:
        text: label and title, in either order; a label may also be as printed in the work.
        works: the works that may be meant.
        bears: called for labels that the grammar does not know (``Supplement I, introduction``).
    """
    found = find_citations(text, works)
    names = work_names(works).find(text)
    unread = _unread(text, found, names)
    if found and unread is None and len(found) == 1:
        return found[0]
    printed = _as_printed(text, names, bears)
    if printed is not None:
        return printed
    if not found:
        return _not_a_citation(text, names, work_names(works).works)
    if unread is not None:
        return found[0].model_copy(update={"unread": unread})
    listed = "; ".join(cited.text for cited in found)
    words = f"'{text[:200]}' cites {len(found)} provisions ({listed[:200]}): name one of them."
    return Unanswerable(explanation=words, several=True)


def not_understood(parsed: ParsedCitation) -> str:
    """Return a sentence about the part of a citation that was not understood."""
    return (
        f"'{parsed.text[:200]}' was not understood in full: what '{(parsed.unread or '')[:80]}' "
        "means there is not known, so nothing is answered for the rest."
    )


def _unread(text: str, found: Sequence[ParsedCitation], names: Sequence[Name]) -> str | None:
    """Return the first part of a text that no citation covers and that may belong to one."""
    for cited in found:
        if cited.unread is not None:
            return cited.unread
    if not found:
        return None
    blank = _without_names(text, found, names)
    before, after = blank[: found[0].whole[0]], blank[max(c.whole[1] for c in found) :]
    behind = _WORD.match(after.lstrip(" \t"))
    if behind and not _is_noise(behind[0]):
        return after.strip(_MARKS)[:80]
    for part in (before, after):
        if any(_belongs(word) for word in _WORD.findall(part)):
            return part.strip(_MARKS)[:80]
    return None


def _without_names(text: str, found: Sequence[ParsedCitation], names: Sequence[Name]) -> str:
    """Replace other names of the cited works by blanks."""
    cited = {work for one in found for work in one.work_ids}
    for name in names:
        if cited.intersection(name.work_ids):
            text = text[: name.start] + " " * (name.end - name.start) + text[name.end :]
    return text


def _is_noise(word: str) -> bool:
    return word.casefold() in lexicon().noise


def _belongs(word: str) -> bool:
    """Return whether a remaining word may belong to a citation or a title."""
    words, folded = lexicon(), word.casefold()
    if _is_noise(word):
        return False
    telling = words.speaks_of_parts(folded) or folded in words.title_words
    return word[0].isdigit() or word[0] == "§" or (len(word) > 1 and telling)


def _as_printed(text: str, names: Sequence[Name], bears: Bears) -> ParsedCitation | None:
    """Parse a label as printed by the work, beside one of the work's names."""
    for name in names:
        before, after = text[: name.start].strip(_MARKS), text[name.end :].strip(_MARKS)
        label = before or after
        if not label or (before and after):
            continue
        holders = [work for work in name.work_ids if bears(work, label_key(label))]
        if holders:
            return ParsedCitation(
                text=text,
                work_id=holders[0],
                rivals=tuple(holders[1:]),
                label=label,
                label_keys=(label_key(label),),
                start=0,
                end=len(text),
                whole=(0, len(text)),
                bare=True,
            )
    return None


def _not_a_citation(text: str, names: Sequence[Name], works: dict[str, Work]) -> Unanswerable:
    if names:
        name = names[0]
        before = without_links(text[: name.start].rstrip(_MARKS))
        rest = f"{before} {text[name.end :]}".strip(_MARKS)
        title = works[name.work_ids[0]].title
        if rest:
            words = f"Which provision of {title} '{rest[:80]}' means was not understood."
            return Unanswerable(explanation=words, unread=rest[:80])
        return Unanswerable(explanation=f"'{text[:200]}' names {title}, but no provision of it.")
    return Unanswerable(
        explanation=f"'{text[:200]}' does not name a provision of a work in this corpus."
    )
