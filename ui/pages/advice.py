"""Suggestions shown with an abstention: a heading and questions to try."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from agent.request import AskRequest, ClarifyingQuestion
from agent.tool_results import ProvisionReading
from agent.trace import AbstentionReason, Trace
from corpus.model import Frozen
from corpus.territories import extent_words
from ui.words import day_words

HEADINGS = {
    AbstentionReason.NO_DATE: "A date is needed",
    AbstentionReason.NOT_YET_IN_FORCE: "Not yet in force",
    AbstentionReason.REPEALED: "No longer in force",
    AbstentionReason.COVERAGE_GAP: "Outside what this corpus holds",
    AbstentionReason.AMBIGUOUS: "More than one text was in force",
    AbstentionReason.OTHER_TERRITORY: "Law of another territory",
    AbstentionReason.NOT_APPLICABLE: "In force, but it does not apply",
    AbstentionReason.NOT_FOUND: "No answer was found",
    AbstentionReason.UNVERIFIED: "Withheld: it could not be verified",
    AbstentionReason.FAILED: "Something failed",
}

COUNSEL = {
    AbstentionReason.NO_DATE: "Set the day the case turns on: the day of the act, the contract, "
    "the decision. InForce never assumes today.",
    AbstentionReason.COVERAGE_GAP: "The law of that day may well exist; it is not recorded here. "
    "Consult the official publication.",
    AbstentionReason.NOT_FOUND: "Use the words of the statute and its language, or cite the "
    "provision with its act.",
    AbstentionReason.UNVERIFIED: "An answer was drafted, but a citation did not stand up to the "
    "record, so no answer is shown.",
    AbstentionReason.FAILED: "This says nothing about the law. Ask again; if it fails again, the "
    "cause is named above.",
}


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
    return tuple(_on(asked, day, "today, " if day == today else "") for day in days)[:4]


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
                yield _on(asked, reading.last_day, "its last day, ")
            if reading.first_day is not None:
                yield _on(asked, reading.first_day, "its first day, ")


_DATED = (
    AbstentionReason.NOT_YET_IN_FORCE,
    AbstentionReason.REPEALED,
    AbstentionReason.COVERAGE_GAP,
)


def _on(asked: AskRequest, day: date, which: str) -> Suggestion:
    words = f"Ask as at {which}{day_words(day)}"
    return Suggestion(words=words, asked=asked.model_copy(update={"as_at": day}))


def _for(asked: AskRequest, extent: str) -> Suggestion:
    one = extent.split("+", maxsplit=1)[0]  # any part of it chooses its text
    words = f"For {extent_words(extent)}"
    return Suggestion(words=words, asked=asked.model_copy(update={"extent": one}))


def _readings(trace: Trace) -> list[ProvisionReading]:
    """Return the provision readings of the last turn that found no text in force."""
    for turn in reversed(trace.turns):
        results = [call.result for call in turn.calls]
        readings = [result for result in results if isinstance(result, ProvisionReading)]
        if readings:
            return [reading for reading in readings if reading.passage is None]
    return []
