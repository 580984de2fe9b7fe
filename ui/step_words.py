"""The steps of a run in plain sentences; no markup is escaped here."""

from __future__ import annotations

from collections.abc import Sequence

from agent.tool_results import Comparison, ProvisionReading, Refused, SearchResult, VersionList
from agent.trace import ToolCall, Turn
from corpus.model import SourceRead
from ui.languages.catalogue import has_word, word
from ui.words import source_words

_ARGUMENTS = ("query", "reference", "as_at", "other")
_MANY = 3  # calls of one turn that are still listed one by one


def call_words(call: ToolCall) -> str:
    """Return a sentence about a tool call and its outcome."""
    key = f"step.{call.name}"
    given = {name: str(call.arguments.get(name, "?")) for name in _ARGUMENTS}
    did = word(key, **given) if has_word(key) else call.name
    return word("step.with_outcome", did=did, outcome=_outcome(call))


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
    return word("step.sent_back", count=faults)


def _outcome(call: ToolCall) -> str:
    if call.error is not None:
        return word("step.failed", why=call.error)
    match call.result:
        case Refused(problem=problem):
            return word("step.refused", why=problem)
        case SearchResult(hits=hits, words_only=why):
            return word("step.provisions", count=len(hits)) + (f" ({why})" if why else "")
        case VersionList(versions=versions) as listed:
            return f"{word('step.versions', count=len(versions))}{_read(listed.source_read)}"
        case ProvisionReading() | Comparison() as found:
            return f"{found.explanation}{_read(found.source_read)}"
        case None:
            return word("step.done")


def _read(read: SourceRead | None) -> str:
    return f" ({source_words(read)})" if read else ""


def _many(calls: Sequence[ToolCall]) -> str:
    days = sorted(str(call.arguments.get("as_at", "?")) for call in calls)
    return word("step.many", count=len(calls), first=days[0], last=days[-1])
