"""What an answer does not settle, sentence by sentence, from the data of its trace."""

from __future__ import annotations

from collections.abc import Iterator

from agent.tool_results import SearchResult
from agent.trace import Trace
from corpus.gate.ruling import RulingKind
from ui.cards import Card
from ui.words import day_words


def limits(trace: Trace, cards: tuple[Card, ...]) -> Iterator[str]:
    """Yield the limits of an answer or abstention: those of its date, of its texts, of the run."""
    yield from _of_the_date(trace)
    yield from _of_the_texts(cards)
    yield from _of_the_run(trace)
    yield (
        "Searched was the legislation in the library named by the corpus hash below: court "
        "decisions and works outside it were not read."
    )
    yield "This memo is not legal advice."


def _of_the_date(trace: Trace) -> Iterator[str]:
    governing = trace.governing
    if governing is None:
        return
    if governing.assumed:
        yield "The governing date was taken from the question or assumed: confirm it."
    if governing.rule is not None and governing.verified is False:
        yield f"The rule {governing.rule_id} was not compared with the official text."
    if governing.candidates:
        yield f"The answer is for {day_words(governing.as_at)} alone; other days may govern."
    if governing.known_at is not None:
        yield f"What was published after {day_words(governing.known_at)} was left out on request."


def _of_the_texts(cards: tuple[Card, ...]) -> Iterator[str]:
    for card in cards:
        if card.ruling is not None and card.ruling.kind is RulingKind.UNKNOWN:
            yield f"Whether [{card.number}] applies is open."
        read = card.citation.source_read
        if read is not None:
            day = day_words(read.day)
            yield f"[{card.number}] Amendments published after {day} are not known."


def _of_the_run(trace: Trace) -> Iterator[str]:
    calls = (call for turn in trace.turns for call in turn.calls)
    found = (call.result for call in calls)
    reasons = {each.words_only for each in found if isinstance(each, SearchResult)}
    for reason in sorted(reason for reason in reasons if reason):
        yield f"Only words were searched: {reason}."
    if trace.struck and trace.answer is not None:
        count = len(trace.struck)
        what = "One drafted sentence" if count == 1 else f"{count} drafted sentences"
        yield f"{what} did not pass verification and was left out."
