"""Render a policy state as the prompt of a language model.

A prompt only grows. Token ids of earlier turns, given and sampled, are taken from the trace
unchanged; only new content (results, the opening of the next turn) is encoded and appended. So each
prompt begins with the previous prompt and completion, and a model's text is never tokenised again.

The model's own chat template is used. If it supports tools, the schemas go through it; otherwise
the system message describes them, two worked examples show the moves (small models make no valid
move without them), and results are user messages. A model without a template gets
``prompts/plain.jinja``. A model trained on the tools gets neither schemas nor examples, and short
results (:mod:`agent.models.short_prompt`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any, Literal

from agent.models.codec import Codec, PromptFormat
from agent.models.parsing import REASONS, UNREADABLE
from agent.models.short_prompt import brief, handles, objections
from agent.policy import PolicyError, PolicyState
from agent.tool_results import ToolResult
from agent.trace import ToolCall, Turn
from corpus.model import Frozen

Fits = Callable[[str], bool]

_SAID_TWICE = {"provision_id", "work_id", "language", "valid_from", "valid_to"}
_LEFT_OUT: Any = {
    "kind": True,
    "explanation_days": True,
    "provision_id": True,
    "pinpoint": True,
    "source_read": True,
    "passage": _SAID_TWICE,
    "hits": {"__all__": _SAID_TWICE},
    "words_only": True,
    "searched": True,
    "versions": {"__all__": _SAID_TWICE},
}
"""Fields of results that repeat the tool's name, the version id, the text or the interval."""

_PROBLEM, _PROBLEMS = 300, 8
"""Most characters of an objection, and most objections, shown to a model."""

_CAPS = (4000, 2000, 1000, 500, 250, 120, 60)


class Message(Frozen):
    """One message of a chat. ``name`` and ``call_id`` are set for a tool result."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    name: str = ""
    call_id: str = ""


def render(state: PolicyState, codec: Codec, room: int) -> tuple[int, ...]:
    """Return the prompt of the next turn, as token ids.

    Args:
        state: the state of the policy.
        codec: the model's tokenizer and template.
        room: most tokens of the prompt. Results are shortened until those of a turn take at most
            half of the remaining room. Content that cannot be shortened (question, earlier turns)
            may still exceed it.

    Raises:
        PolicyError: the model's chat template cannot render the conversation.
    """
    last = state.turns[-1] if state.turns else None
    tools = state.tools if codec.prompt_format == "tool" else None
    if last is None or not last.completion_ids:
        chat = conversation(state, codec.prompt_format, _fits(codec, room // 2))
        return tuple(_ids(codec, chat, tools))
    known = last.prompt_ids + last.completion_ids
    share = max(0, room - len(known)) // (2 * max(1, len(last.calls)))
    news = list(_news(state, len(state.turns) - 1, codec.prompt_format, _fits(codec, share)))
    chat = [_OPENING, Message(role="assistant", content="…"), *news]
    added = list(_ids(codec, chat, tools, after=1))
    if last.completion_ids[-1] in codec.stop_ids and added[:1] == [last.completion_ids[-1]]:
        del added[0]
    return (*known, *added)


def conversation(state: PolicyState, prompt_format: PromptFormat, fits: Fits) -> list[Message]:
    """Return the whole conversation as messages, for a model that takes text.

    Args:
        state: the state of the policy.
        prompt_format: where the tools are described.
        fits: returns whether a result is short enough.
    """
    if prompt_format == "learnt":
        return list(_learnt(state, fits))
    question = _prompt(
        "question",
        as_at=state.governing.as_at.isoformat(),
        ground=state.governing.ground.rstrip("."),
        question=state.question,
    )
    asked = Message(role="user", content=question + _hint(state, 0))
    chat = [*(() if prompt_format == "tool" else _examples()), asked]
    system = _system(state, prompt_format)
    if prompt_format == "user":
        chat[0] = Message(role="user", content=f"{system}\n\n{chat[0].content}")
    else:
        chat.insert(0, Message(role="system", content=system))
    for number, turn in enumerate(state.turns):
        chat.append(Message(role="assistant", content=turn.text))
        chat += _news(state, number, prompt_format, fits)
    return chat


def _learnt(state: PolicyState, fits: Fits) -> Iterator[Message]:
    """Yield the conversation for a model that was trained on the tools."""
    asked = f"{state.governing.as_at}\n{state.question}"
    yield Message(role="user", content=asked + _hint(state, 0))
    for number, turn in enumerate(state.turns):
        yield Message(role="assistant", content=turn.text)
        yield from _news(state, number, "learnt", fits)


@cache
def _examples() -> tuple[Message, ...]:
    """Return the worked examples, as alternating user and assistant messages."""
    parts = re.split(r"^\[(user|assistant)\]\n", _file("examples"), flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return tuple(Message.model_validate({"role": r, "content": c.rstrip()}) for r, c in pairs)


def _system(state: PolicyState, prompt_format: PromptFormat) -> str:
    if prompt_format == "tool":
        calling = _prompt("calling_native")
    else:
        example = {"query": "period for bringing a claim", "as_at": f"{state.governing.as_at}"}
        calling = _prompt(
            "calling",
            example=_json({"name": "search_statutes", "arguments": example}),
            tools="\n".join(_described(tool["function"]) for tool in state.tools),
        )
    return _prompt("system", calling=calling, reasons=", ".join(REASONS))


def _described(function: dict[str, Any]) -> str:
    fields = function["parameters"]["properties"]
    lines = [f"{function['name']}: {function['description']}"]
    for name, field in fields.items():
        lines.append(f"  {name} ({field.get('type', 'value')}): {field['description']}")
    return "\n".join(lines)


def _news(
    state: PolicyState, number: int, prompt_format: PromptFormat, fits: Fits
) -> Iterator[Message]:
    """Yield the messages after a turn: results or objections, and the hint for the next turn."""
    turn, hint = state.turns[number], _hint(state, number + 1)
    calls = turn.calls
    if prompt_format == "learnt":
        known = handles(state.turns[: number + 1])
        parts = [brief(call, known, fits) for call in calls] or [objections(turn)]
        yield Message(role="user", content="\n".join(parts) + hint)
    elif prompt_format == "tool" and calls and not any(call.name == UNREADABLE for call in calls):
        for call in calls:
            tail = hint if call is calls[-1] else ""
            content = shown(call, fits) + tail
            yield Message(role="tool", content=content, name=call.name, call_id=call.id)
    else:
        parts = [_in_words(call, fits) for call in calls]
        if turn.sent_back:
            parts.append(_prompt("findings", problems="\n".join(_problems(turn))))
        yield Message(role="user", content="\n\n".join(parts) + hint)


def _hint(state: PolicyState, number: int) -> str:
    """Return the text right before a turn: a controller's instruction, or that it is the last."""
    now = number == len(state.turns)
    said = state.adjustment if now else state.turns[number].adjustment
    last = _prompt("last_turn") if now and state.turns_left == 1 else ""
    return "".join(f"\n\n{words}" for words in (said, last) if words)


def _problems(turn: Turn) -> list[str]:
    """Return the verifier's objections, each once, limited in number and length."""
    findings = turn.draft.findings if turn.draft else ()
    failed = [finding.explanation for finding in findings if not finding.passed]
    return [f"- {words[:_PROBLEM]}" for words in dict.fromkeys(failed)][:_PROBLEMS]


def _in_words(call: ToolCall, fits: Fits) -> str:
    if call.name == UNREADABLE:
        return _prompt("unreadable", problem=str(call.arguments["problem"]))
    return _prompt("result", name=call.name, id=call.id, result=shown(call, fits))


def shown(call: ToolCall, fits: Fits) -> str:
    """Return a result as JSON, without repeated fields.

    Long texts are shortened until it fits; then it is cut.
    """
    result = _lean(call.result)
    text = _json(result)
    for cap in _CAPS:
        if fits(text):
            return text
        text = _json(_shortened(result, cap))
    while text and not fits(text):
        text = text[: len(text) // 2]
    return text


def _lean(result: ToolResult | None) -> Any:
    if result is None:
        return None
    return result.model_dump(mode="json", exclude=_LEFT_OUT, exclude_none=True)


def _shortened(value: Any, cap: int) -> Any:
    if isinstance(value, dict):
        return {
            key: item if key.endswith("_id") else _shortened(item, cap)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_shortened(item, cap) for item in value]
    if isinstance(value, str) and len(value) > cap:
        return f"{value[:cap]}… [cut; {len(value)} characters in all]"
    return value


def _ids(
    codec: Codec,
    chat: Sequence[Message],
    tools: Sequence[dict[str, Any]] | None,
    *,
    after: int | None = None,
) -> Iterator[int]:
    """Yield the ids of a chat, or of the part after the message numbered ``after``.

    The template renders placeholders for the contents, so that markup and external text are encoded
    separately.
    """
    stubs = [_stub(message, n) for n, message in enumerate(chat)]
    parts = _PLACEHOLDER.split(codec.template(stubs, tools))
    numbers = [int(part) for part in parts[1::2]]
    if sorted(numbers) != list(range(len(chat))):
        raise PolicyError("The model's chat template leaves out or repeats a message.")
    first = 0 if after is None else 2 * numbers.index(after) + 2
    for n, part in enumerate(parts[first:], start=first):
        yield from codec.words(chat[int(part)].content) if n % 2 else codec.markup(part)


_PLACEHOLDER = re.compile(r"\[\[words-(\d+)\]\]")
_OPENING = Message(role="user", content="…")


def _stub(message: Message, number: int) -> dict[str, str]:
    stub = {"role": message.role, "content": f"[[words-{number}]]"}
    if message.role == "tool":
        stub |= {"name": message.name, "tool_call_id": message.call_id}
    return stub


def _fits(codec: Codec, tokens: int) -> Fits:
    return lambda text: len(codec.words(text)) <= tokens


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _prompt(file: str, /, **words: str) -> str:
    return Template(_file(file)).substitute(words)


@cache
def _file(name: str) -> str:
    text = (files("agent") / "prompts" / f"{name}.txt").read_text(encoding="utf-8")
    return text.removesuffix("\n")
