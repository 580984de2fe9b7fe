"""Whether an answer states the figure or text that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from corpus.languages.figure_words import figure_table
from corpus.questions import Question, Span, figures
from rl.rewards.rouge import common_words, f_measure, words

LEAST_QUOTED = 4
"""Words (characters, in Chinese and Japanese) that a quotation has at least, where no figure is
asked for."""

_MARKS = str.maketrans("“”„‟«»＂‘’‚‛‹›＇", '"' * 7 + "'" * 7)


def recited(quotes: Iterable[str], every: Iterable[str], gold: str) -> float:
    """Return ROUGE-L of quotations against the gold text.

    Args:
        quotes: quotations of the applicable version, in order; repetitions count once.
        every: all quotations, including ``quotes``; the others reduce precision only.
        gold: the text asked for.
    """
    own = dict.fromkeys(quotes)
    said, wanted = words(" ".join(own)), words(gold)
    padding = sum(len(words(quote)) for quote in set(every) - own.keys())
    return f_measure(common_words(said, wanted), len(said) + padding, len(wanted))


def carries(quote: str, question: Question) -> bool:
    """Return whether a quotation is enough of the text to answer a question.

    For a figure, the quotation holds it in its place; otherwise it has at least
    :data:`LEAST_QUOTED` words.
    """
    span = question.gold_span
    if span is not None and span.lead is not None:
        return holds_figure(quote, span)
    return len(words(quote)) >= LEAST_QUOTED


def states(text: str, quotes: Sequence[str], question: Question) -> bool:
    """Return whether a sentence states what is asked for, as its quotations do.

    For a figure, the sentence gives it, and no other figure of its kind that the quotations lack;
    for other words, at least half of them. A sentence that denies (:func:`denies`) states nothing.

    Args:
        text: the answer's own sentence.
        quotes: the verified quotations of the applicable version.
        question: the question with its gold span.
    """
    if denies(text, quotes, question.language):
        return False
    span = question.gold_span
    if span is None or span.lead is None:
        return True
    gold = figures(span.text, question.language)
    if not gold:
        wanted = words(span.text)
        return 2 * common_words(words(text), wanted) >= len(wanted)
    given = _plain(span.text) in _plain(text)
    given = given or gold[0].value in _values(text, gold[0].kind, question)
    return given and not contradicts(text, quotes, question, span)


def denies(text: str, quotes: Iterable[str], language: str) -> bool:
    """Return whether a sentence has a denying word that none of its quotations has."""
    said = _denial(language)
    return said.search(text) is not None and not any(said.search(quote) for quote in quotes)


def contradicts(text: str, quotes: Sequence[str], question: Question, span: Span) -> bool:
    """Return whether a sentence states another figure of the kind asked for."""
    gold = figures(span.text, question.language)
    if not gold:
        return False
    kind = gold[0].kind
    return not _values(text, kind, question) <= _values(" ".join(quotes), kind, question)


def holds_figure(quote: str, span: Span) -> bool:
    """Return whether a quotation holds the figure, and agrees with the words around it."""
    said, figure = _plain(quote), _plain(span.text).strip()
    lead, tail = _plain(span.lead or ""), _plain(span.tail)
    for found in re.finditer(re.escape(figure), said):
        before, after = said[: found.start()], said[found.end() :]
        if _fits(before[::-1].strip(), lead[::-1].strip()) and _fits(after.strip(), tail.strip()):
            return True
    return False


def _fits(said: str, frame: str) -> bool:
    return said.startswith(frame) or frame.startswith(said)


def _values(text: str, kind: str, question: Question) -> set[str]:
    return {f.value for f in figures(text, question.language) if f.kind == kind}


@cache
def _denial(language: str) -> re.Pattern[str]:
    return re.compile(figure_table(language).denial, re.IGNORECASE)


def _plain(text: str) -> str:
    return " ".join(text.translate(_MARKS).split())
