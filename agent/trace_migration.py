"""Read traces of earlier schemas as traces of the present schema.

JSON in, JSON out, one function per schema. Schema 1 had tool results without their kind, the
verifier's findings in one list per draft, the answer as one text, and no limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from agent.trace import Trace
from corpus.errors import BadInputError, Place
from corpus.validation import source_error

_Json = dict[str, Any]

_SCHEMA_1 = {"turns", "findings", "answer", "stop"}  # schema 2 has no findings of its own
_KINDS = {
    "search_statutes": "search",
    "read_provision": "provision",
    "list_versions": "versions",
    "compare_versions": "comparison",
}
_TURNS = 8  # what a run was given by default when schema 1 was written
_CHECKS = 4  # findings on a citation that resolves: resolves, seen, in_force, verbatim


def upgraded(stored: Any) -> Any:
    """Return the JSON of a trace in the present schema; other input is returned unchanged.

    Raises:
        ValueError: a part is missing, or the parts of the trace are inconsistent.
    """
    if not isinstance(stored, dict) or not stored.keys() >= _SCHEMA_1:
        return stored
    try:
        return _from_schema_1(stored)
    except (KeyError, TypeError) as fault:
        raise ValueError(f"it is no trace of schema 1 ({fault})") from None


StoredTrace = Annotated[Trace, BeforeValidator(upgraded)]
"""A trace in a file or a database, of this schema or an earlier one."""

_STORED: TypeAdapter[Trace] = TypeAdapter(StoredTrace)


def read_trace(text: str) -> Trace:
    """Parse a trace from JSON, of this schema or an earlier one.

    Raises:
        ValidationError: it is not a trace.
    """
    return _STORED.validate_json(text)


def read_trace_file(file: Path) -> Trace:
    """Read the trace in a JSON file, of this schema or an earlier one.

    Raises:
        BadInputError: the file cannot be read, or holds no trace; the message names the place.
    """
    try:
        return read_trace(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadInputError(f"{file} is not text in UTF-8.") from None
    except ValidationError as error:
        raise source_error(Place(str(file)), error, "a trace") from None


def _from_schema_1(old: _Json) -> _Json:
    found = old.get("findings") or []
    turns = [_turn(turn, found if turn is old["turns"][-1] else []) for turn in old["turns"]]
    kept = {key: value for key, value in old.items() if key != "findings"}
    return {
        **kept,
        "schema_version": 2,
        "settings": _settings(old),
        "turns": turns,
        "answer": _answer(old["answer"], turns) if old.get("answer") else None,
    }


def _settings(old: _Json) -> _Json:
    """Return the limits: what was used if a limit ended the run, else the default."""
    turns, stop = old["turns"], old["stop"]
    spent = sum(len(turn["prompt_ids"]) + len(turn["completion_ids"]) for turn in turns)
    return {
        "max_turns": len(turns) if stop == "turn_budget" else max(_TURNS, len(turns)),
        "max_tokens": spent if stop == "token_budget" else None,
    }


def _turn(old: _Json, found: Sequence[_Json]) -> _Json:
    """Return a turn; ``found`` are the findings on its draft that the policy was not shown."""
    told = old.get("findings") or []
    kept = {key: value for key, value in old.items() if key != "findings"}
    return {
        **kept,
        "calls": [_call(call) for call in old["calls"]],
        "draft": _draft(old["draft"], told or found) if old.get("draft") else None,
        "sent_back": bool(told),
    }


def _call(old: _Json) -> _Json:
    result = old.get("result")
    if result is None:
        return old
    kind = "refused" if "problem" in result else _KINDS.get(old["name"])
    return {**old, "result": {"kind": kind, **result}}


def _draft(old: _Json, found: Sequence[_Json]) -> _Json:
    blocks = list(_blocks(found))
    if not blocks:
        return old
    if len(blocks) != len(old["sentences"]):
        raise ValueError("the findings do not belong to the draft")
    pairs = zip(old["sentences"], blocks, strict=True)
    return {"sentences": [_sentence(sentence, block) for sentence, block in pairs]}


def _sentence(old: _Json, block: Sequence[_Json]) -> _Json:
    verdict, *rest = block
    citations = []
    for citation in old["citations"]:
        if not rest or rest[0]["check"] != "resolves":
            raise ValueError("the findings do not belong to the draft")
        count = _CHECKS if rest[0]["passed"] else 1
        citations.append({**citation, "findings": rest[:count]})
        rest = rest[count:]
    return {**old, "citations": citations, "verdict": verdict, "findings": rest}


def _blocks(found: Sequence[_Json]) -> Iterator[list[_Json]]:
    """Split the findings before each verdict on a sentence."""
    starts = [place for place, finding in enumerate(found) if finding["check"] == "sentence"]
    for start, end in pairwise([*starts, len(found)]):
        yield list(found[start:end])


def _answer(old: _Json, turns: Sequence[_Json]) -> _Json:
    """Return the sentences that passed, each with its own citations of the answer."""
    citations = list(old["citations"])
    sentences = []
    for drafted in turns[-1]["draft"]["sentences"]:
        if drafted["verdict"]["passed"]:
            count = len(drafted["citations"])
            own, citations = citations[:count], citations[count:]
            reasoning = drafted["reasoning"] and not count
            text = drafted["verdict"]["subject"]
            sentences.append({"text": text, "citations": own, "reasoning": reasoning})
    if citations:
        raise ValueError("the citations of the answer do not belong to the draft")
    return {"sentences": sentences}
