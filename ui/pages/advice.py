"""Suggestions shown with an abstention: a heading and questions to try."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from agent.request import AskRequest, ClarifyingQuestion
from agent.tool_results import ProvisionReading
from agent.trace import AbstentionReason, Trace
from corpus.model import Frozen
from ui.languages.catalogue import has_word, word
from ui.words import day_words, extent_title


def heading(reason: AbstentionReason) -> str:
    """Return the heading of an abstention."""
    return word(f"abstention.{reason.value}")


def counsel(reason: AbstentionReason) -> str | None:
    """Return what can be done about an abstention; ``None`` where its reason says all."""
    key = f"counsel.{reason.value}"
    return word(key) if has_word(key) else None


class Suggestion(Frozen):
    """A suggestion: the text of its button, and the request that the button makes."""

    words: str
    asked: AskRequest


def suggestions(trace: Trace, asked: AskRequest) -> tuple[Suggestion, ...]:
    """Return at most four suggested requests, the most promising first."""
    found = [
        *_days_to_try(trace, asked),
        *(_for(asked, name) for reading in _readings(trace) for name in reading.territories),
    ]
    return tuple({suggestion.words: suggestion for suggestion in found}.values())[:4]


def days_meant(
    missing: ClarifyingQuestion, asked: AskRequest, today: date
) -> tuple[Suggestion, ...]:
    """Return the candidate dates of a question without one: those it names, else today."""
    days = missing.days or (() if missing.roles else (today,))
    return tuple(
        _on(asked, day, "advice.ask_today" if day == today else "advice.ask_on") for day in days
    )[:4]


def choices_meant(missing: ClarifyingQuestion, asked: AskRequest) -> tuple[Suggestion, ...]:
    """Return what may be chosen where days or places differ, each with what it would mean."""
    days = (
        Suggestion(
            words=f"{day_words(each.day)}: {each.meaning}",
            asked=asked.model_copy(update={"as_at": each.day, "confirmed": True}),
        )
        for each in missing.choices
    )
    places = (
        Suggestion(
            words=f"{each.name}: {each.meaning}",
            asked=asked.model_copy(
                update={"jurisdictions": (each.jurisdiction,), "extent": each.extent}
            ),
        )
        for each in missing.places
    )
    return (*days, *places)


def _days_to_try(trace: Trace, asked: AskRequest) -> Iterator[Suggestion]:
    reason = trace.abstention.reason if trace.abstention else None
    if reason in _DATED:
        for reading in _readings(trace):
            if reading.last_day is not None:
                yield _on(asked, reading.last_day, "advice.ask_last")
            if reading.first_day is not None:
                yield _on(asked, reading.first_day, "advice.ask_first")


_DATED = (
    AbstentionReason.NOT_YET_IN_FORCE,
    AbstentionReason.REPEALED,
    AbstentionReason.COVERAGE_GAP,
)


def _on(asked: AskRequest, day: date, key: str) -> Suggestion:
    return Suggestion(words=word(key, day=day), asked=asked.model_copy(update={"as_at": day}))


def _for(asked: AskRequest, extent: str) -> Suggestion:
    one = extent.split("+", maxsplit=1)[0]  # any part of it chooses its text
    words = word("advice.ask_for", place=extent_title(extent))
    return Suggestion(words=words, asked=asked.model_copy(update={"extent": one}))


def _readings(trace: Trace) -> list[ProvisionReading]:
    """Return the provision readings of the last turn that found no text in force."""
    for turn in reversed(trace.turns):
        results = [call.result for call in turn.calls]
        readings = [result for result in results if isinstance(result, ProvisionReading)]
        if readings:
            return [reading for reading in readings if reading.passage is None]
    return []
