"""Whether an answer states the figure or text that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from corpus.questions import Question, Span, figures
from rl.rewards.rouge import common_words, f_measure, words

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


def states_figure(
    texts: Iterable[str], quotes: Sequence[str], question: Question, span: Span
) -> bool:
    """Return whether a quotation holds the figure in place and no other sentence contradicts it.

    Args:
        texts: the answer's own sentences.
        quotes: verified quotations of the applicable version.
        question: a question that asks for a figure.
        span: the figure, and the words before and after it.
    """
    if not any(holds_figure(quote, span) for quote in quotes):
        return False
    gold = figures(span.text, question.language)
    if not gold:
        return True
    own = _values(" ".join(texts), gold[0].kind, question)
    return own <= _values(" ".join(quotes), gold[0].kind, question)


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


def _plain(text: str) -> str:
    return " ".join(text.translate(_MARKS).split())
