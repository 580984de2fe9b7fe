"""The steps of a run in plain sentences; no markup is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from string import Template

from agent.tool_results import Comparison, ProvisionReading, Refused, SearchResult, VersionList
from agent.trace import ToolCall, Turn
from corpus.force_words import source_words
from corpus.model import SourceRead
from ui.words import day_words

_CALLS = {
    "search_statutes": Template("Searched “$query” in the law of $as_at"),
    "read_provision": Template("Read $reference as at $as_at"),
    "list_versions": Template("Listed the versions of $reference"),
    "compare_versions": Template("Compared $reference on $as_at and $other"),
}
_ARGUMENTS = ("query", "reference", "as_at", "other")
_MANY = 3  # calls of one turn that are still listed one by one


def call_words(call: ToolCall) -> str:
    """Return a sentence about a tool call and its outcome."""
    words = _CALLS.get(call.name)
    given = {**dict.fromkeys(_ARGUMENTS, "?"), **call.arguments}
    said = words.substitute(given) if words is not None else call.name
    return f"{said}: {_outcome(call)}"


def calls_words(turn: Turn) -> list[str]:
    """Return a sentence for each call of a turn, or one for all of many like searches."""
    if len(turn.calls) > _MANY:
        return [_many(turn.calls)]
    return [call_words(call) for call in turn.calls]


def sent_back_words(turn: Turn) -> str | None:
    """Return a sentence that the draft of a turn was sent back; ``None`` if it was not."""
    if turn.draft is None or not turn.sent_back:
        return None
    faults = sum(not finding.passed for finding in turn.draft.findings)
    checks = "one check" if faults == 1 else f"{faults} checks"
    return f"The draft failed {checks} and was sent back once."


def _outcome(call: ToolCall) -> str:
    if call.error is not None:
        return f"failed ({call.error})"
    match call.result:
        case Refused(problem=problem):
            return f"refused ({problem})"
        case SearchResult(hits=hits, words_only=why):
            return f"{len(hits)} provisions" + (f" ({why})" if why else "")
        case VersionList(versions=versions) as listed:
            return f"{len(versions)} versions{_read(listed.source_read)}"
        case ProvisionReading() | Comparison() as found:
            return f"{found.explanation}{_read(found.source_read)}"
        case None:
            return "done"


def _read(read: SourceRead | None) -> str:
    return f" ({source_words(read).written(day_words)})" if read else ""


def _many(calls: Sequence[ToolCall]) -> str:
    days = sorted(str(call.arguments.get("as_at", "?")) for call in calls)
    return f"The same search on {len(calls)} other days, {days[0]} to {days[-1]}"
