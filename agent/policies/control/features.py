"""The features of a policy's state that a learnt controller reads.

Everything is computed from the state that the policy itself sees, so the same features can be
computed again from a recorded trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, get_args

from agent.models.parsing import UNREADABLE
from agent.policy import PolicyState
from agent.tool_results import Passage, ProvisionReading, SearchResult
from agent.tools.relevance import coverage
from agent.trace import ToolCall, Turn
from corpus.languages.dates import without_dates

MANY = 8
"""Count from which on a number of turns or calls counts as 1."""
TOKENS = 8192
"""Tokens left from which on they count as 1."""

Kind = Literal["search", "provision", "versions", "comparison", "refused"]
Found = Literal[
    "in_force", "not_yet_in_force", "repealed", "coverage_gap", "ambiguous", "not_found"
]
Check = Literal["resolves", "seen", "in_force", "applies", "verbatim", "sentence", "figure"]
_KINDS, _FOUND, _CHECKS = get_args(Kind), get_args(Found), get_args(Check)

FEATURES: tuple[str, ...] = (
    "turns",
    "turns_left",
    "last_turn",
    "tokens_left",
    "sent_back",
    "unreadable",
    *(f"results_{kind}" for kind in _KINDS),
    "last_hits",
    "last_search_empty",
    "provisions",
    "cautions",
    "dated_calls",
    "dates_governing",
    "dates_later",
    "dates_earlier",
    "last_date_governing",
    *(f"last_reading_{status}" for status in _FOUND),
    "overlap_best",
    "overlap_mean",
    *(f"failed_{check}" for check in _CHECKS),
    "date_assumed",
)
"""Names of the features, in order."""


def features(state: PolicyState) -> tuple[float, ...]:
    """Return the features of a state, each from 0 to 1, in the order of :data:`FEATURES`."""
    calls = [call for turn in state.turns for call in turn.calls]
    passages = {one.version_id: one for call in calls for one in _passages(call)}
    found = (
        *_budget(state),
        *_results(calls),
        len({one.provision_id for one in passages.values()}) / MANY,
        _share([one.caution is not None for one in passages.values()]),
        *_dates(calls, state.governing.as_at),
        *_reading(calls),
        *_overlap(state.question, list(passages.values())),
        *_failed(state.turns),
        float(state.governing.assumed),
    )
    return tuple(min(1.0, max(0.0, float(value))) for value in found)


def _budget(state: PolicyState) -> tuple[float, ...]:
    last = state.turns[-1] if state.turns else None
    return (
        len(state.turns) / MANY,
        state.turns_left / MANY,
        state.turns_left == 1,
        1.0 if state.tokens_left is None else state.tokens_left / TOKENS,
        last is not None and last.sent_back,
        last is not None and any(call.name == UNREADABLE for call in last.calls),
    )


def _results(calls: Sequence[ToolCall]) -> tuple[float, ...]:
    kinds = [call.result.kind for call in calls if call.result is not None]
    searches = [call.result for call in calls if isinstance(call.result, SearchResult)]
    last = searches[-1] if searches else None
    return (
        *(kinds.count(kind) / MANY for kind in _KINDS),
        0.0 if last is None else len(last.hits) / (2 * MANY),
        last is not None and not last.hits,
    )


def _dates(calls: Sequence[ToolCall], governing: date) -> tuple[float, ...]:
    """Return how many calls passed a date, and how they compare with the governing date."""
    passed = [day for call in calls if (day := _day(call)) is not None]
    return (
        len(passed) / MANY,
        _share([day == governing for day in passed]),
        _share([day > governing for day in passed]),
        _share([day < governing for day in passed]),
        bool(passed) and passed[-1] == governing,
    )


def _day(call: ToolCall) -> date | None:
    try:
        return date.fromisoformat(str(call.arguments.get("as_at")))
    except ValueError:
        return None


def _reading(calls: Sequence[ToolCall]) -> tuple[float, ...]:
    readings = [call.result for call in calls if isinstance(call.result, ProvisionReading)]
    last = readings[-1].status if readings else None
    return tuple(float(last == status) for status in _FOUND)


def _overlap(question: str, passages: Sequence[Passage]) -> tuple[float, float]:
    subject = without_dates(question)
    held = [coverage(subject, one).share for one in passages]
    return max(held, default=0.0), sum(held) / max(len(held), 1)


def _failed(turns: Sequence[Turn]) -> tuple[float, ...]:
    """Return for each check whether the draft that was sent back failed it."""
    drafts = [turn.draft for turn in turns if turn.draft is not None and turn.sent_back]
    failed = {one.check for draft in drafts[-1:] for one in draft.findings if not one.passed}
    return tuple(float(check in failed) for check in _CHECKS)


def _passages(call: ToolCall) -> Iterator[Passage]:
    match call.result:
        case SearchResult(hits=hits):
            yield from hits
        case ProvisionReading(passage=Passage() as passage):
            yield passage
        case _:
            return


def _share(held: Sequence[bool]) -> float:
    return sum(held) / max(len(held), 1)
