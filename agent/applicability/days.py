"""Days that contradict each other, or are none: asked about, never passed over.

A governing date that the asker gives is taken as it is where nothing else was said. Where the
question or the facts name other days, choosing silently would drop what the asker said.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from agent.governing_date.case_facts import Facts
from agent.request import AskRequest, ClarifyingQuestion, DayChoice
from agent.trace import GoverningDate
from corpus.languages.dates import impossible_dates
from corpus.wording import Wording, wording

Rules = Callable[[AskRequest], GoverningDate | ClarifyingQuestion]
"""What the rules say of a question without a given day."""

_GIVEN = "the law of the governing date as given; the other days are then no facts of the case"
_NAMED = "the law of the day that the question or the facts name"


def open_days(asked: AskRequest, said: Facts, rules: Rules) -> ClarifyingQuestion | None:
    """Return what to ask where the days said are impossible or differ; ``None`` where they agree.

    Args:
        asked: the question; a confirmed day is not asked about again.
        said: what was read in the question.
        rules: asked only where a day is given and the case has days of its own.
    """
    if asked.confirmed or asked.candidates:
        return None
    return (
        _impossible(asked)
        or _twice(asked, said)
        or _against_facts(asked, said, rules)
        or _differing(asked, said, rules)
    )


def _impossible(asked: AskRequest) -> ClarifyingQuestion | None:
    for each in impossible_dates(asked.question):
        listed = [part for day in each.days for part in (" or ", day)][1:]
        meant = wording("which day is meant", *((", ", *listed) if listed else ()), "?")
        words = wording(f"“{each.words}” in the question is no day of the calendar: ", meant)
        meanings = zip(each.days, _BESIDE, strict=False)
        return _asking(words, *(DayChoice(day=day, meaning=said) for day, said in meanings))
    return None


_BESIDE = ("the last day of that month", "the day after it")


def _twice(asked: AskRequest, said: Facts) -> ClarifyingQuestion | None:
    """Ask which of two days counts that the question gives to one event."""
    for role, days in said.contradictory.items():
        if role in asked.facts or asked.as_at in days or not said.roles:
            continue
        listed = [part for day in days for part in (" and ", day)][1:]
        words = wording(f"The question gives several days as {role.words}: ", *listed, ".")
        missing = _asking(wording(words, " Which one counts?"))
        return missing.model_copy(update={"roles": ((role,),), "days": days})
    return None


def _against_facts(asked: AskRequest, said: Facts, rules: Rules) -> ClarifyingQuestion | None:
    """Ask which day counts where the facts give an event another day than the question does.

    Nothing is asked where both lead to the same governing date.
    """
    undated = asked.model_copy(update={"as_at": None})
    for role, given in asked.facts.items():
        told = said.roles.get(role, given)
        facts = ({**asked.facts, role: day} for day in (told, given))
        led = [rules(undated.model_copy(update={"facts": each})) for each in facts]
        first, second = (
            found.as_at if isinstance(found, GoverningDate) else day
            for found, day in zip(led, (told, given), strict=True)
        )
        if first == second:
            continue
        words = wording(
            f"As {role.words} the question gives ", told, " and the facts give ", given, "."
        )
        return _asking(
            wording(words, " Which one counts?"),
            DayChoice(day=first, meaning="the law of the case if the day in the question counts"),
            DayChoice(day=second, meaning="the law of the case if the day among the facts counts"),
        )
    return None


def _differing(asked: AskRequest, said: Facts, rules: Rules) -> ClarifyingQuestion | None:
    """Ask which day counts where the given one is not the one that the case leads to."""
    named = {*said.days, *asked.facts.values()}
    if asked.as_at is None or not named:
        return None
    found = rules(asked.model_copy(update={"as_at": None}))
    ruled = isinstance(found, GoverningDate) and found.rule is not None
    if ruled and isinstance(found, GoverningDate):
        if asked.as_at in (found.as_at, *found.candidates):
            return None
        return _ruled_otherwise(asked.as_at, found)
    return None if asked.as_at in named else _other_days(asked.as_at, tuple(sorted(named)))


def _ruled_otherwise(given: date, found: GoverningDate) -> ClarifyingQuestion:
    words = wording(
        "The governing date given is ",
        given,
        ", and the days of the case lead to ",
        found.as_at,
        ". Which one counts? ",
        found.wording,
    )
    return _asking(
        words,
        DayChoice(day=given, meaning=_GIVEN),
        DayChoice(day=found.as_at, meaning="the law to which the days of the case lead"),
    )


def _other_days(given: date, named: tuple[date, ...]) -> ClarifyingQuestion:
    listed = [part for day in named for part in (", ", day)][1:]
    words = wording(
        "The governing date given is ",
        given,
        ", and the question or the facts name ",
        *listed,
        ". Which day's law is wanted?",
    )
    choices = (DayChoice(day=day, meaning=_NAMED) for day in named)
    return _asking(words, DayChoice(day=given, meaning=_GIVEN), *choices)


def _asking(words: Wording, *choices: DayChoice) -> ClarifyingQuestion:
    return ClarifyingQuestion(explanation=words.text, explanation_days=words.days, choices=choices)
