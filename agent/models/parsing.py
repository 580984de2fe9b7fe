"""Parse a language model's completion into a move.

A move is the first JSON object (or list of objects) in the text that has one of the forms below;
the text after it is ignored, except further calls. Text before it is reasoning, and so is text
between thinking tags (``<think>``, ``<thinking>``, ``<thought>``, ``<reasoning>``, ``[THINK]``). A
closing tag without an opening one ends reasoning that began with the text, since chat templates
often write the opening tag themselves. An opening tag without a closing one starts reasoning that
lasts to the end. Three forms are accepted, which cover the tool calls of the common model
families::

    {"name": "read_provision", "arguments": {...}}         or "parameters"; alone or in a list
    {"answer": [{"text": "...", "citations": [{"id": "...", "quote": "..."}]}]}
    {"abstain": "not_found", "explanation": "..."}

Anything else is recorded as a call of the tool ``unreadable``, which does not exist and is refused,
so that its token ids are kept and a reward can detect it. At its next turn the model reads what was
wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from pydantic import ValidationError

from agent.policy import Act, Draft, DraftCitation, Sentence, ToolRequest
from agent.trace import Abstention, AbstentionReason
from corpus.languages.quotation import seen

UNREADABLE = "unreadable"
"""Name of the tool call that records an unparseable completion."""

_OF_THE_GRAPH = {
    AbstentionReason.NO_DATE,
    AbstentionReason.OTHER_TERRITORY,
    AbstentionReason.NOT_APPLICABLE,
    AbstentionReason.UNVERIFIED,
    AbstentionReason.FAILED,
}
REASONS = tuple(reason.value for reason in AbstentionReason if reason not in _OF_THE_GRAPH)
"""Why a model may abstain."""

MAX_CALLS = 8
"""Most tool calls of one turn that are executed."""

_MAX_TEXT = 200_000
_MAX_WORDS = 500
_MAX_STARTS = 100
_MAX_DEPTH = 12
_THINK_WORD = r"(?:think|thinking|thought|reasoning)"
_THINK_TAG = re.compile(
    rf"(?P<open><{_THINK_WORD}>|\[THINK\])|</{_THINK_WORD}>|\[/THINK\]", re.IGNORECASE
)
_OPENING_TAG = re.compile(r"<[^<>\s]+>\s*\Z")
_BRACKET = re.compile(r"[{\[]")
_TOOL_NAME = re.compile(r"[A-Za-z_][\w.-]{0,63}", re.ASCII)
_MOVES = ({"name"}, {"answer"}, {"abstain"})


class _NoMoveError(ValueError):
    """The object is not a move; the message is shown to the model."""


def parse(text: str, *, cut: bool = False) -> Act:
    """Return the move in a text. Never fails: see :data:`UNREADABLE`.

    Args:
        text: the completion.
        cut: whether the model was stopped by its token limit.
    """
    thoughts, spoken = _without_thoughts(text)
    spoken = spoken[:_MAX_TEXT]
    try:
        start, found = _objects(spoken)
        thoughts.append(_OPENING_TAG.sub("", spoken[:start]).strip())
        act = _act(found)
    except _NoMoveError as problem:
        words = "It was cut off: write less." if cut else str(problem)
        request = ToolRequest(id=_call_id(1), name=UNREADABLE, arguments={"problem": words})
        act = Act(calls=(request,))
    thought = "\n".join(thought for thought in thoughts if thought)
    return act.model_copy(update={"text": _sound(text), "thought": _sound(thought)})


def _without_thoughts(text: str) -> tuple[list[str], str]:
    """Return the reasoning of a text, and the text without it."""
    thoughts: list[str] = []
    spoken = ""
    rest, inside = 0, False
    for tag in _THINK_TAG.finditer(text):
        before = text[rest : tag.start()]
        if inside:
            thoughts.append(before.strip())
        elif tag["open"]:
            spoken += before
        else:  # never opened: all that was written so far was thought
            thoughts.append((spoken + before).strip())
            spoken = ""
        inside, rest = tag["open"] is not None, tag.end()
    if inside:
        thoughts.append(text[rest:].strip())
    else:
        spoken += text[rest:]
    return thoughts, spoken


def _objects(text: str) -> tuple[int, list[dict[str, Any]]]:
    """Return the position of the first move, and the objects from there on.

    Raises:
        _NoMoveError: there is none.
    """
    found: list[dict[str, Any]] = []
    first = len(text)
    for start, value in _values(text):
        objects = value if isinstance(value, list) else [value]
        moves = [item for item in objects if isinstance(item, dict) and _is_move(item)]
        if moves and not found:
            first = start
        found += moves
    if not found:
        raise _NoMoveError("It holds no complete JSON object that names a tool or an answer.")
    return first, found


def _values(text: str) -> Iterator[tuple[int, Any]]:
    """Yield each outermost JSON object or list with its position."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    at = 0
    for _ in range(_MAX_STARTS):
        match = _BRACKET.search(text, at)
        if match is None:
            return
        try:
            value, at = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            at = match.end()
        else:
            yield match.start(), value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_move(value: dict[str, Any]) -> bool:
    return any(keys <= value.keys() for keys in _MOVES)


def _act(found: list[dict[str, Any]]) -> Act:
    first = _clean(found[0])
    try:
        if "answer" in first:
            return Act(draft=_draft(first))
        if "abstain" in first:
            return Act(abstention=_abstention(first))
        return Act(calls=tuple(_calls(found)))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise _NoMoveError(f"{place}: {problem['msg']}.") from None


def _calls(found: list[dict[str, Any]]) -> Iterator[ToolRequest]:
    """Yield the calls from the first on, without repetitions, until another move begins."""
    seen: list[tuple[str, Any]] = []
    for value in map(_clean, found):
        if "name" not in value or len(seen) == MAX_CALLS:
            return
        name, arguments = value["name"], _arguments(value)
        if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
            raise _NoMoveError("The name of a tool is one word.")
        if (name, arguments) not in seen:
            seen.append((name, arguments))
            yield ToolRequest(id=_call_id(len(seen)), name=name, arguments=arguments)


def _arguments(value: dict[str, Any]) -> dict[str, Any]:
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        try:
            arguments = _clean(json.loads(arguments, parse_constant=_no_constant))
        except (ValueError, RecursionError):
            raise _NoMoveError("The arguments of a tool are a JSON object.") from None
    if not isinstance(arguments, dict):
        raise _NoMoveError("The arguments of a tool are a JSON object.")
    return arguments


def _draft(value: dict[str, Any]) -> Draft:
    written = value["answer"]
    if not isinstance(written, list):
        written = [{**value, "text": written} if isinstance(written, str) else written]
    return Draft(sentences=tuple(_sentence(item) for item in written))


def _sentence(item: Any) -> Sentence:
    if isinstance(item, str):
        item = {"text": item}
    if not isinstance(item, dict) or "text" not in item:
        raise _NoMoveError("Each sentence of an answer is an object with a text.")
    cited = item.get("citations") or ()
    if not isinstance(cited, list | tuple):
        raise _NoMoveError("The citations of a sentence are a list.")
    return Sentence(
        text=item["text"],
        citations=tuple(_citation(part) for part in cited),
        reasoning=item.get("reasoning", False),
    )


def _citation(item: Any) -> DraftCitation:
    if not isinstance(item, dict):
        raise _NoMoveError("A citation is an object with an id and a quote.")
    return DraftCitation(
        version_id=item.get("id", item.get("version_id", "")), quote=item.get("quote", "")
    )


def _abstention(value: dict[str, Any]) -> Abstention:
    reason, explanation = value["abstain"], value.get("explanation")
    if reason not in REASONS:
        raise _NoMoveError(f"One abstains with one of {', '.join(REASONS)}.")
    if not isinstance(explanation, str) or not explanation.strip():
        raise _NoMoveError("An abstention has an explanation.")
    said = seen(explanation).strip()[:_MAX_WORDS]
    words = f"In the model's own words, which nobody checked: “{said}”"
    return Abstention(reason=AbstentionReason(reason), explanation=words)


def _call_id(number: int) -> str:
    """Return nine letters and digits, which every chat template accepts."""
    return f"call{number:05d}"


def _clean(value: Any, depth: int = 0) -> Any:
    """Return a JSON value whose strings can be encoded and stored.

    Raises:
        _NoMoveError: it is nested too deeply.
    """
    if depth > _MAX_DEPTH:
        raise _NoMoveError("It is nested too deeply.")
    if isinstance(value, dict):
        return {_sound(key): _clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item, depth + 1) for item in value]
    return _sound(value) if isinstance(value, str) else value


def _sound(text: str) -> str:
    """Replace characters that UTF-8 and SQL cannot store: lone surrogates and NUL."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")
