"""A controller steers what is said before a turn, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest

from agent.graph.run import ask
from agent.library import Library
from agent.models.sampling import Sampling
from agent.policies.controllers import (
    FixedController,
    Strategy,
    adjustment,
    controlled,
    steered,
)
from agent.policies.extractive import ExtractivePolicy
from agent.policies.language_model import ModelPolicy
from agent.policy import Act, PolicyState
from agent.trace import AbstentionReason, GoverningDate, StopReason
from corpus.errors import BadInputError
from tests.agent.toymodel import Script, ToyCodec

DAY = date(1995, 6, 30)
SEARCH = (
    '{"name": "search_statutes", "arguments": {"query": "widget register", "as_at": "1995-06-30"}}'
)
REGISTER = "uk/widgets-1990#register@1990-01-01"
SENTENCE = {
    "text": "It is kept for five years.",
    "citations": [{"id": REGISTER, "quote": "for five years"}],
}
ANSWER = json.dumps({"answer": [SENTENCE]})
FORGED = json.dumps({"answer": [{**SENTENCE, "citations": [{"id": "x#y@2031-01-01"}]}]})


def state(day: date = DAY) -> PolicyState:
    governing = GoverningDate(as_at=day, ground="test")
    return PolicyState(question="?", governing=governing, tools=(), turns_left=2)


@dataclass(frozen=True)
class Insistent:
    """Insists on the date in the second turn only."""

    name: str = "insistent"

    def choose(self, state: PolicyState) -> Strategy:
        return Strategy.DATE if len(state.turns) == 1 else Strategy.NONE


def model(*texts: str) -> tuple[ModelPolicy, Script]:
    script = Script(*texts)
    return ModelPolicy("toy", ToyCodec(), script, Sampling(max_tokens=500)), script


@pytest.mark.parametrize("strategy", list(Strategy))
def test_every_strategy_has_words_that_can_be_said(strategy: Strategy) -> None:
    words = adjustment(strategy, state())
    assert (words == "") == (strategy is Strategy.NONE)
    assert "$" not in words
    assert "\n" not in words


def test_insisting_on_the_date_names_the_date() -> None:
    assert "2010-01-01" in adjustment(Strategy.DATE, state(date(2010, 1, 1)))


def test_an_unknown_strategy_is_said_with_those_there_are() -> None:
    with pytest.raises(BadInputError, match=r"no strategy 'shout'; there are none, date"):
        steered(model(SEARCH)[0], "shout")
    assert steered(model(SEARCH)[0], "date").act(state()).adjustment


def test_a_policy_that_reads_nothing_is_told_nothing(library: Library) -> None:
    policy = ExtractivePolicy(library.works)
    assert steered(policy, None) is policy
    with pytest.raises(BadInputError, match="reads no words"):
        steered(policy, "date")


def test_the_model_reads_the_words_before_its_turn_and_the_trace_keeps_them(
    library: Library,
) -> None:
    toy, script = model(SEARCH, ANSWER)
    trace = ask(library, "How long?", as_at=DAY, policy=controlled(toy, Insistent()))
    words = adjustment(Strategy.DATE, state())
    assert [turn.adjustment for turn in trace.turns] == ["", words]
    first, second = (ToyCodec().decode(prompt) for prompt in script.prompts)
    assert words not in first
    assert second.count(words) == 1
    assert trace.turns[1].prompt_ids == script.prompts[1]
    assert trace.policy == "toy"


def test_without_a_strategy_the_prompt_is_the_same_to_the_token(library: Library) -> None:
    toy, script = model(SEARCH, ANSWER)
    ask(library, "How long?", as_at=DAY, policy=toy)
    again, other = model(SEARCH, ANSWER)
    under = controlled(again, FixedController(Strategy.NONE))
    ask(library, "How long?", as_at=DAY, policy=under)
    assert script.prompts == other.prompts


@pytest.mark.parametrize("strategy", list(Strategy))
def test_no_strategy_loosens_the_verifier(library: Library, strategy: Strategy) -> None:
    toy, _ = model(SEARCH, FORGED)
    trace = ask(library, "How long?", as_at=DAY, policy=controlled(toy, FixedController(strategy)))
    assert trace.answer is None
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.UNVERIFIED


def test_words_stream_through_a_controller(library: Library) -> None:
    told: list[str] = []

    @dataclass(frozen=True)
    class Talker:
        name: str = "talker"

        def act(self, state: PolicyState) -> Act:
            raise AssertionError("the words were to be streamed")

        def stream(self, state: PolicyState, on_text: Callable[[str], None]) -> Act:
            on_text(state.adjustment)
            return model(SEARCH)[0].act(state)

    under = controlled(Talker(), FixedController(Strategy.QUOTE))
    act = under.stream(state(), told.append)
    assert told == [act.adjustment] == [adjustment(Strategy.QUOTE, state())]
    plain = controlled(model(SEARCH)[0], FixedController(Strategy.QUOTE))
    assert plain.stream(state(), told.append).calls == act.calls


def test_a_controlled_run_answers_as_any_other(library: Library) -> None:
    toy, _ = model(SEARCH, ANSWER)
    under = controlled(toy, FixedController(Strategy.QUOTE))
    trace = ask(library, "How long?", as_at=DAY, policy=under)
    assert trace.stop is StopReason.ANSWERED
