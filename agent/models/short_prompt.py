"""Short prompts for a model trained on the tools: brief results, and handles for version ids.

Version ids are long and have no meaning for a language model. Here the versions that tools return
are numbered through a conversation, ``[1]`` is the first; a draft cites the number, and
:func:`resolved` replaces it by the id before the draft is used. Schemas, worked examples and field
names are left out, since the model knows them from training (``prompt_format`` ``learnt``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from agent.models.parsing import UNREADABLE
from agent.policy import Act, DraftCitation
from agent.tool_results import (
    Comparison,
    Passage,
    ProvisionReading,
    Refused,
    SearchResult,
    VersionList,
    version_ids,
)
from agent.trace import ToolCall, Turn

Handles = Mapping[str, str]
"""Maps a version id to its handle."""

_CAPS = (4000, 2000, 1000, 500, 250, 120, 60, 0)
_HANDLE = re.compile(r"\[?(\d{1,4})\]?")


def handles(turns: Sequence[Turn]) -> dict[str, str]:
    """Return a handle for each version that tools returned in these turns, in order."""
    found: dict[str, str] = {}
    for turn in turns:
        for call in turn.calls:
            for version_id in version_ids(call.result):
                found.setdefault(version_id, f"[{len(found) + 1}]")
    return found


def resolved(act: Act, turns: Sequence[Turn]) -> Act:
    """Return the act with handles replaced by version ids; other ids stay."""
    if act.draft is None:
        return act
    ids = {handle: version_id for version_id, handle in handles(turns).items()}
    sentences = [
        sentence.model_copy(
            update={"citations": tuple(_resolved(cited, ids) for cited in sentence.citations)}
        )
        for sentence in act.draft.sentences
    ]
    draft = act.draft.model_copy(update={"sentences": tuple(sentences)})
    return act.model_copy(update={"draft": draft})


def brief(call: ToolCall, known: Handles, fits: Callable[[str], bool]) -> str:
    """Return a short rendering of a result; long texts are shortened until it fits."""
    text = ""
    for cap in _CAPS:
        text = "\n".join(_lines(call, known, cap))
        if fits(text):
            break
    return text


def objections(turn: Turn) -> str:
    """Return the names of the checks that a draft failed, each once."""
    findings = turn.draft.findings if turn.draft else ()
    failed = dict.fromkeys(finding.check for finding in findings if not finding.passed)
    return f"failed: {', '.join(failed)}"


def _lines(call: ToolCall, known: Handles, cap: int) -> Iterator[str]:
    if call.name == UNREADABLE:
        yield f"no move: {call.arguments.get('problem', '')}"[: cap or 1]
        return
    match call.result:
        case Refused(problem=problem):
            yield f"refused: {problem}"[: cap or 1]
        case SearchResult(hits=hits):
            yield from (_hit(hit, known, cap) for hit in hits)
            if not hits:
                yield "nothing found"
        case ProvisionReading() as reading:
            yield _reading(reading, known, cap)
        case VersionList(versions=versions, explanation=explanation):
            yield from (f"{_handle(line.version_id, known)} {line.interval}" for line in versions)
            if not versions:
                yield explanation[:cap]
        case Comparison() as found:
            marks = " ".join(_handle(name, known) for name in found.version_ids)
            yield f"{marks} {found.redline or found.explanation}"[: cap or 1]
        case None:
            yield " "


def _hit(hit: Passage, known: Handles, cap: int) -> str:
    said = f" ({hit.caution[:cap]})" if hit.caution else ""
    name = f"{_handle(hit.version_id, known)} {hit.label} {hit.work_title}"
    return f"{name}{said}: {hit.text[:cap]}"


def _reading(reading: ProvisionReading, known: Handles, cap: int) -> str:
    """Return the text in force, or why there is none and the dates on which there is."""
    passage = reading.passage
    if passage is not None:
        return f"{_handle(passage.version_id, known)} {passage.text[:cap]}"
    days = (reading.last_day, reading.first_day)
    return " ".join([reading.status, *(f"({day})" for day in days if day)])


def _handle(version_id: str, known: Handles) -> str:
    return known.get(version_id, version_id)


def _resolved(cited: DraftCitation, ids: Mapping[str, str]) -> DraftCitation:
    match = _HANDLE.fullmatch(cited.version_id.strip())
    found = ids.get(f"[{match[1]}]") if match else None
    return cited if found is None else cited.model_copy(update={"version_id": found})
