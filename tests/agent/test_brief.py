"""The short form: a handle means one version of one thread, and nothing is lost on the way."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from agent.graph.run import ask
from agent.library import Library
from agent.models.parsing import UNREADABLE, parse
from agent.models.sampling import Sampling
from agent.models.short_prompt import brief, handles, objections, resolved
from agent.models.token_sequence import episode
from agent.policies.language_model import ModelPolicy
from agent.policy import Act
from agent.tool_results import Comparison, ProvisionReading, Refused, VersionLine, VersionList
from agent.tools.toolbox import TOOLS
from agent.trace import Draft, Finding, Sentence, StopReason, ToolCall, Turn
from tests.agent.results import AS_AT, found, passage
from tests.agent.toymodel import Script, ToyCodec

FIVE = "uk/widgets-1990#register@1990-01-01"
SEVEN = "uk/widgets-1990#register@2000-01-01"
READ = (
    '{"name": "read_provision", "arguments": {"reference": "s 1 Widgets Act 1990", "as_at": "%s"}}'
)
ANSWER = (
    '{"answer": [{"text": "For %s years.", "citations": '
    '[{"id": "[%d]", "quote": "for %s years"}]}]}'
)
LATE = {"2030-01-01": "not_yet_in_force", "2011-01-01": "repealed"}


class Learnt(ToyCodec):
    """A model that needs no words about the tools."""

    def __init__(self) -> None:
        super().__init__()
        self.prompt_format = "learnt"


LINE = VersionLine(
    version_id="a",
    label="s 1",
    valid_from=AS_AT,
    valid_to=None,
    interval="1990",
    ended=None,
    introduced_by=None,
)


def everything(_: str) -> bool:
    return True


def turn(*version_ids: str) -> Turn:
    result = found(*map(passage, version_ids))
    call = ToolCall(id="c", name="search_statutes", arguments={}, result=result)
    return Turn(index=0, calls=(call,))


def citing(written: str) -> Act:
    sentence = {"text": "x", "citations": [{"id": written, "quote": "t"}]}
    return parse(json.dumps({"answer": [sentence]}))


def cited(act: Any) -> list[str]:
    return [c.version_id for sentence in act.draft.sentences for c in sentence.citations]


def test_a_version_keeps_its_handle_through_the_thread() -> None:
    first = handles([turn("b", "a")])
    assert first == {"b": "[1]", "a": "[2]"}
    assert handles([turn("b", "a"), turn("c", "a")]) == {**first, "c": "[3]"}


@pytest.mark.parametrize("written", ["[2]", "2", " [2] "])
def test_a_handle_becomes_the_version_it_stands_for(written: str) -> None:
    act = parse(
        json.dumps({"answer": [{"text": "x", "citations": [{"id": written, "quote": "t"}]}]})
    )
    assert cited(resolved(act, [turn("b", "a")])) == ["a"]


@pytest.mark.parametrize("written", ["[9]", "0", "uk/x#y@1990-01-01", "[a]"])
def test_what_is_no_handle_stays_and_is_struck_by_the_verifier(written: str) -> None:
    act = parse(
        json.dumps({"answer": [{"text": "x", "citations": [{"id": written, "quote": "t"}]}]})
    )
    assert cited(resolved(act, [turn("b", "a")])) == [written]


def test_the_same_handle_means_another_version_on_another_day(library: Library) -> None:
    for day, version, years in (("1995-06-30", FIVE, "five"), ("2005-06-30", SEVEN, "seven")):
        script = Script(READ % day, ANSWER % (years, 1, years))
        policy = ModelPolicy("toy", Learnt(), script, Sampling(max_tokens=400))
        trace = ask(library, "How long?", as_at=date.fromisoformat(day), policy=policy)
        assert trace.stop is StopReason.ANSWERED
        assert trace.answer is not None
        assert [c.version_id for c in trace.answer.citations] == [version]


def test_the_thread_only_grows_and_says_nothing_of_the_tools(library: Library) -> None:
    script = Script(READ % "1995-06-30", READ % "2005-06-30", ANSWER % ("five", 1, "five"))
    policy = ModelPolicy("toy", Learnt(), script, Sampling(max_tokens=400))
    trace = ask(library, "How long?", as_at=date(1995, 6, 30), policy=policy)
    assert episode(trace.turns).prompt_ids == trace.turns[0].prompt_ids
    shown = ToyCodec().decode(trace.turns[-1].prompt_ids)
    assert "[1] A maker" in shown
    assert "[2] A maker" in shown
    assert FIVE not in shown
    assert not [name for name in TOOLS if name in shown.replace('"name": "read_provision"', "")]


@pytest.mark.parametrize("day", ["2011-01-01"])
def test_why_there_is_no_text_is_said_with_its_days(library: Library, day: str) -> None:
    script = Script(READ % day, '{"abstain": "repealed", "explanation": "It was repealed."}')
    policy = ModelPolicy("toy", Learnt(), script, Sampling(max_tokens=400))
    trace = ask(library, "How long?", as_at=date.fromisoformat(day), policy=policy)
    assert f"{LATE[day]} (2010-05-31)" in ToyCodec().decode(trace.turns[-1].prompt_ids)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (found(), "nothing found"),
        (Refused(problem="as_at is 'x': give one day."), "refused: as_at is 'x': give one day."),
        (ProvisionReading(as_at=AS_AT, status="not_found", explanation="No such."), "not_found"),
        (
            ProvisionReading(
                as_at=AS_AT, status="repealed", explanation="", last_day=date(1999, 12, 31)
            ),
            "repealed (1999-12-31)",
        ),
        (VersionList(as_at=AS_AT, provision_id="p", explanation="", versions=(LINE,)), "[1] 1990"),
        (VersionList(as_at=AS_AT, provision_id=None, explanation="No such."), "No such."),
        (
            Comparison(
                as_at=AS_AT,
                other=AS_AT,
                explanation="",
                version_ids=("a",),
                redline="five [-six-]",
            ),
            "[1] five [-six-]",
        ),
        (None, " "),
    ],
)
def test_every_result_has_words(result: Any, words: str) -> None:
    call = ToolCall(id="c", name="any", arguments={}, result=result)
    assert brief(call, {"a": "[1]"}, everything) == words


def test_a_long_text_is_shortened_until_it_fits() -> None:
    long = found(passage("a", "w" * 9000))
    call = turn("a").calls[0].model_copy(update={"result": long})
    text = brief(call, {"a": "[1]"}, lambda said: len(said) < 300)
    assert text.startswith("[1] s 1 W: www")
    assert len(text) < 300


def test_a_text_that_was_no_move_is_told_what_was_wrong() -> None:
    call = ToolCall(id="c", name=UNREADABLE, arguments={"problem": "It holds no JSON."})
    assert brief(call, {}, everything) == "no move: It holds no JSON."


def test_what_the_verifier_struck_is_named_once() -> None:
    bad = Finding(check="verbatim", passed=False, subject="a", explanation="no")
    good = Finding(check="seen", passed=True, subject="a", explanation="yes")
    sentence = Sentence(text="a", verdict=good, findings=(bad, good, bad))
    assert objections(Turn(index=0, draft=Draft(sentences=(sentence,)))) == "failed: verbatim"
