"""What a reply says of the figure or the text that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from agent.trace import Trace
from corpus.questions import Question, Span, figures
from rl.rewards.claims import drafted
from rl.rewards.overlap import common_words, f_measure, words

_MARKS = str.maketrans("“”„‟«»＂‘’‚‛‹›＇", '"' * 7 + "'" * 7)


def recited(quotes: Sequence[str], others: Iterable[str], gold: str) -> float:
    """Return ROUGE-L of the quotations against a text.

    Args:
        quotes: of the applicable version, in order, each once.
        others: further quotations of the draft; they count for precision alone.
        gold: the text asked for.
    """
    said, wanted = words(" ".join(quotes)), words(gold)
    padding = sum(len(words(quote)) for quote in others)
    return f_measure(common_words(said, wanted), len(said) + padding, len(wanted))


def figure_share(trace: Trace, question: Question, quotes: Sequence[str]) -> float:
    """Return 1 when a quotation holds the figure in its place and no word of ours contradicts it.

    Args:
        trace: its draft states figures of its own.
        question: asks for a figure; ``gold_span`` says between which words it stands.
        quotes: verified quotations of the applicable version.
    """
    assert question.gold_span is not None
    if not any(holds_figure(quote, question.gold_span) for quote in quotes):
        return 0.0
    return float(not _contradicted(trace, question, question.gold_span))


def holds_figure(quote: str, span: Span) -> bool:
    """Tell whether a quotation holds the figure with, as far as it goes, the words around it."""
    said, figure = _plain(quote), _plain(span.text).strip()
    lead, tail = _plain(span.lead or ""), _plain(span.tail)
    for found in re.finditer(re.escape(figure), said):
        before, after = said[: found.start()], said[found.end() :]
        if _fits(before[::-1].strip(), lead[::-1].strip()) and _fits(after.strip(), tail.strip()):
            return True
    return False


def _fits(said: str, frame: str) -> bool:
    return said.startswith(frame) or frame.startswith(said)


def _contradicted(trace: Trace, question: Question, span: Span) -> bool:
    """Tell whether the draft's own words state figures of that kind, but another value too."""
    gold = figures(span.text, question.language)
    draft = drafted(trace)
    if not gold or draft is None:
        return False
    own = " ".join(sentence.text for sentence in draft.sentences)
    quoted = [cited.quote for sentence in draft.sentences for cited in sentence.citations]
    return not _values(own, gold[0].kind, question) <= {
        value for quote in quoted for value in _values(quote, gold[0].kind, question)
    }


def _values(text: str, kind: str, question: Question) -> set[str]:
    return {f.value for f in figures(text, question.language) if f.kind == kind}


def _plain(text: str) -> str:
    return " ".join(text.translate(_MARKS).split())
