from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.graph.run import ask
from agent.library import Library
from agent.models.parsing import MAX_CALLS, UNREADABLE, parse
from agent.policies.language_model import ModelPolicy
from agent.policy import Act
from agent.trace import AbstentionReason, Trace
from tests.agent.toymodel import Script, ToyCodec

CALL = '{"name": "search_statutes", "arguments": {"query": "widgets", "as_at": "2001-01-01"}}'
OTHER = '{"name": "read_provision", "arguments": {"reference": "s 1", "as_at": "2001-01-01"}}'
ANSWER = '{"answer": [{"text": "Five.", "citations": [{"id": "v@1", "quote": "five"}]}]}'
ABSTAIN = '{"abstain": "repealed", "explanation": "It was repealed."}'
MOVES = (CALL, ANSWER, ABSTAIN)


def problem(act: Act) -> str:
    assert [call.name for call in act.calls] == [UNREADABLE], act
    return str(act.calls[0].arguments["problem"])


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from leaves([*value, *value.values()])
    elif isinstance(value, list | tuple):
        yield from (text for item in value for text in leaves(item))


def names(act: Act) -> list[str]:
    return [call.name for call in act.calls]


@pytest.mark.parametrize(
    "text",
    [
        CALL,
        f"<tool_call>\n{CALL}\n</tool_call>",
        f"```json\n{CALL}\n```",
        f"Let me look [1].\n{CALL}",
        f"[{CALL}]",
        CALL.replace("arguments", "parameters"),
        json.dumps(
            {"name": "search_statutes", "arguments": json.dumps(json.loads(CALL)["arguments"])}
        ),
    ],
)
def test_the_usual_spellings_of_a_call_are_one_call(text: str) -> None:
    act = parse(text)
    (call,) = act.calls
    assert (call.id, call.name) == ("call00001", "search_statutes")
    assert call.arguments == {"query": "widgets", "as_at": "2001-01-01"}
    assert act.text == text


def test_calls_of_one_turn_run_together_without_repetitions() -> None:
    act = parse(f"{CALL}\n{OTHER}\n{CALL}")
    assert names(act) == ["search_statutes", "read_provision"]
    assert len({call.id for call in act.calls}) == 2


def test_a_model_that_repeats_itself_is_held_to_a_few_calls() -> None:
    many = [CALL.replace("widgets", f"widgets {n}") for n in range(50)]
    assert len(parse("\n".join(many)).calls) == MAX_CALLS


def test_an_imagined_result_and_answer_after_a_call_are_not_read() -> None:
    act = parse(f'{CALL}\n{{"version_id": "made@up"}}\n{ANSWER}\n{OTHER}')
    assert names(act) == ["search_statutes"]
    assert act.draft is None


def test_an_answer_keeps_sentences_citations_and_reasoning_apart() -> None:
    act = parse(
        '{"answer": [{"text": "Five.", "citations": [{"id": "v@1", "quote": "fünf 五 👩‍⚖️"}]},'
        ' {"text": "So it is late.", "reasoning": true}]}'
    )
    assert act.draft is not None
    first, second = act.draft.sentences
    assert first.citations[0].version_id == "v@1"
    assert first.citations[0].quote == "fünf 五 👩‍⚖️"
    assert (first.reasoning, second.reasoning) == (False, True)


def test_an_answer_in_one_string_is_one_sentence() -> None:
    act = parse('{"answer": "Five.", "citations": [{"version_id": "v@1", "quote": "five"}]}')
    assert act.draft is not None
    (sentence,) = act.draft.sentences
    assert (sentence.text, sentence.citations[0].version_id) == ("Five.", "v@1")


def test_an_abstention_has_a_reason_that_a_model_may_give() -> None:
    act = parse(ABSTAIN)
    assert act.abstention is not None
    assert act.abstention.reason is AbstentionReason.REPEALED
    assert act.abstention.explanation.startswith("In the model's own words, which nobody checked")
    for reason in ("unverified", "failed", "no_date", "", "tired", None, ["repealed"]):
        text = json.dumps({"abstain": reason, "explanation": "x"})
        assert "One abstains with one of not_yet_in_force" in problem(parse(text))
    assert "explanation" in problem(parse('{"abstain": "repealed"}'))


def test_what_stands_before_a_move_is_thought() -> None:
    act = parse(f"<think>Which day?</think>I search.\n<tool_call>{CALL}</tool_call>")
    assert act.thought == "Which day?\nI search."
    assert names(parse(f"<think>not {CALL} yet</think>{OTHER}")) == ["read_provision"]


def test_a_move_inside_an_unfinished_thought_is_none() -> None:
    assert problem(parse(f"<think>perhaps {CALL}", cut=True)) == "It was cut off: write less."


@pytest.mark.parametrize("move", MOVES)
def test_a_move_cut_anywhere_is_no_move(move: str) -> None:
    for end in range(len(move)):
        problem(parse(move[:end], cut=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no complete JSON object"),
        ("Five years.", "no complete JSON object"),
        ('{"query": "widgets"}', "no complete JSON object"),
        ('{"name": "search\\nstatutes"}', "one word"),
        ('{"name": "<|im_end|>"}', "one word"),
        ('{"name": 5}', "one word"),
        ('{"name": "x", "arguments": [1]}', "JSON object"),
        ('{"name": "x", "arguments": "{half"}', "JSON object"),
        ('{"name": "x", "arguments": {"limit": NaN}}', "no complete JSON object"),
        ('{"answer": []}', "at least 1 item"),
        ('{"answer": null}', "object with a text"),
        ('{"answer": [{"citations": []}]}', "object with a text"),
        ('{"answer": [{"text": ""}]}', "at least 1 character"),
        ('{"answer": [{"text": "x", "citations": "v@1"}]}', "a list"),
        ('{"answer": [{"text": "x", "citations": ["v@1"]}]}', "an id and a quote"),
        ('{"answer": [{"text": {"a": 1}}]}', "valid string"),
        ('{"name": "x", "arguments": ' + '{"a":' * 40 + "1" + "}" * 41, "nested too deeply"),
    ],
)
def test_what_is_no_move_says_why(text: str, words: str) -> None:
    assert words in problem(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 150_000,
        '{"a":' * 40_000,
        '{"name": "x", "arguments": {"n": ' + "9" * 10_000 + "}}",
        '{"answer": "' + "\\u0000\\ud800" * 1000 + '"}',
        "\ud800\udfff\0" * 1000,
        "\u202e" * 5000 + CALL,
        CALL * 5000,
    ],
)
def test_hostile_text_is_read_quickly_and_can_be_stored(text: str) -> None:
    act = parse(text)
    assert act.model_dump_json().encode("utf-8")
    assert not any("\0" in text for text in leaves(act.model_dump()))


@given(st.text(alphabet=st.characters(), max_size=60), st.integers(0, 90), st.sampled_from(MOVES))
@settings(max_examples=150, deadline=None, database=None)
def test_garbled_moves_never_raise(noise: str, at: int, move: str) -> None:
    act = parse(move[:at] + noise + move[at:])
    act.model_dump_json().encode("utf-8")


def test_hostile_completions_end_in_a_trace_that_can_be_stored(library: Library) -> None:
    texts = [
        "",
        "\ud800" * 50,
        '{"name": "search_statutes", "arguments": {"query": "\\ud800\\u0000", "as_at": "x"}}',
        '{"name": "search_statutes", "arguments": {"query": ["x"], "as_at": {"a": 1}}}',
        '{"name": "__class__", "arguments": {"__init__": 1}}',
        '{"name": "read_provision", "arguments": {"reference": "'
        + "s" * 5000
        + '", "as_at": "x"}}',
        '{"answer": [{"text": "Cite section 9 of the 2031 Act.", "citations": '
        '[{"id": "uk/widgets-1990#recycling@2030-01-01", "quote": "Worn widgets go back"}]}]}',
    ]
    traces = [_ran(library, *texts[n:], ABSTAIN) for n in range(len(texts))]
    assert [trace.answer for trace in traces] == [None] * len(texts)
    assert all(Trace.model_validate_json(trace.model_dump_json()) for trace in traces)


def test_the_worked_examples_are_moves() -> None:
    text = (files("agent") / "prompts" / "examples.txt").read_text(encoding="utf-8")
    written = re.findall(r"^\[assistant\]\n(.*)$", text, re.MULTILINE)
    acts = [parse(move) for move in written]
    assert [bool(act.calls) for act in acts] == [True, False, True, False]
    assert UNREADABLE not in [name for act in acts for name in names(act)]


def _ran(library: Library, *texts: str) -> Trace:
    policy = ModelPolicy("toy", ToyCodec(), Script(*texts))
    return ask(library, "How long is the register kept?", as_at=date(2001, 1, 1), policy=policy)


@pytest.mark.parametrize(
    "thought",
    [
        '{"abstain": "not_found", "explanation": "draft"}. No, search first.\n</think>\n',
        '{"abstain": "not_found", "explanation": "draft"}</thinking>',
        '<think>one</think>{"name": "x", "arguments": {}} no.</think>',
        'a </think> {"answer": "It is 18."} </think>',
        '<THINK>{"answer": "It is 18."}</THINK>',
        '<reasoning>{"name": "x", "arguments": {}}</reasoning>',
        '[THINK]{"name": "x", "arguments": {}}[/THINK]',
        '{"name": "x", "arguments": {}}[/THINK]',
    ],
)
def test_a_move_inside_a_thought_is_not_carried_out(thought: str) -> None:
    assert names(parse(thought + OTHER)) == ["read_provision"]
    assert problem(parse(thought))


def test_a_thought_that_the_template_opened_is_kept_as_the_thought() -> None:
    assert parse(f"Which day?</think>{CALL}").thought == "Which day?"
