"""A controller is judged by gold answers and the store, beside its controls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from agent.library import Library  # noqa: E402
from agent.models.sampling import Sampling  # noqa: E402
from agent.policies.controllers import FixedController, Strategy, adjustment  # noqa: E402
from agent.policies.language_model import ModelPolicy  # noqa: E402
from agent.policy import Act, PolicyError, PolicyState  # noqa: E402
from agent.trace import Abstention, AbstentionReason, Draft, DraftCitation, Sentence  # noqa: E402
from corpus.errors import BadInputError  # noqa: E402
from corpus.questions import Question  # noqa: E402
from eval import control as judged  # noqa: E402
from eval.control import ControlEvaluation, invalid  # noqa: E402
from rl.rollouts.rollout import Limits, roll_out  # noqa: E402
from tests.agent.conftest import WIDGETS_ACT, opened  # noqa: E402
from tests.agent.toymodel import Script, ToyCodec  # noqa: E402
from tests.rl.conftest import a_question  # noqa: E402


def declined(number: int) -> Question:
    told = a_question(number).model_dump() | {
        "decline": "repealed",
        "gold_version": None,
        "why": "x",
    }
    return Question.model_validate(told)


QUESTIONS = [declined(number) for number in range(8)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("library"), WIDGETS_ACT)


class Obedient:
    """Abstains for the right reason if it is told to read, and for another otherwise."""

    name = "obedient"

    def act(self, state: PolicyState) -> Act:
        good = state.adjustment == adjustment(Strategy.READ, state)
        reason = AbstentionReason.REPEALED if good else AbstentionReason.NOT_FOUND
        return Act(abstention=Abstention(reason=reason, explanation=""))


def evaluation(library: Library, policy: Any, strategy: Strategy) -> ControlEvaluation:
    return ControlEvaluation(library, policy, FixedController(strategy), Limits(concurrency=4))


def test_arms_are_judged_by_the_gold_answers(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        judged, "right", lambda trace, gold: trace.abstention.reason == gold.decline
    )
    found = evaluation(library, Obedient(), Strategy.READ).scores(QUESTIONS[:4], QUESTIONS)
    arms = {one.arm: one for one in found.arms}
    assert list(arms) == ["none", "fixed:read", "random", "learnt"]
    right = {name: one.right.mean for name, one in arms.items() if one.right}
    assert (right["none"], right["fixed:read"], right["learnt"]) == (0.0, 1.0, 1.0)
    assert right["random"] < 1.0
    assert found.best_fixed == "read"
    assert all(one.invalid is not None and one.invalid.mean == 0.0 for one in found.arms)
    assert {one.calls for one in found.arms} == {1.0}


def test_best_of_n_has_at_least_as_many_calls_as_the_controller(library: Library) -> None:
    declining = '{"abstain": "repealed", "explanation": "It was repealed."}'
    toy = ModelPolicy("toy", ToyCodec(), Script(declining), Sampling(max_tokens=200))
    found = evaluation(library, toy, Strategy.DATE).scores(QUESTIONS[:2], QUESTIONS[:3])
    arms = {one.arm: one for one in found.arms}
    assert found.samples == 2
    assert arms["best-of-2"].calls == 2 * arms["none"].calls >= arms["learnt"].calls


def test_an_endpoint_that_answers_nothing_is_said_and_a_split_must_not_be_empty(
    library: Library,
) -> None:
    class Dead(Obedient):
        def act(self, state: PolicyState) -> Act:
            raise PolicyError("http://x/v1 does not answer.")

    with pytest.raises(BadInputError, match=r"None of 2 questions was answered: http://x/v1"):
        evaluation(library, Dead(), Strategy.READ).scores(QUESTIONS[:2], QUESTIONS)
    with pytest.raises(BadInputError, match="questions of two splits"):
        evaluation(library, Obedient(), Strategy.READ).scores([], QUESTIONS)


class Drafting:
    """Drafts one sentence with the given citation, or none."""

    name = "drafting"

    def __init__(self, version_id: str | None, *, reasoning: bool = False) -> None:
        cited = () if version_id is None else (DraftCitation(version_id=version_id, quote=""),)
        sentence = Sentence(text="So it is.", citations=cited, reasoning=reasoning)
        self._act = Act(draft=Draft(sentences=(sentence,)))

    def act(self, state: PolicyState) -> Act:
        return self._act


@pytest.mark.parametrize(
    ("version_id", "wrong"),
    [("uk/widgets-1990#register@1990-01-01", False), ("no#such@1990-01-01", True), (None, True)],
)
def test_a_draft_is_invalid_by_the_store(
    library: Library, version_id: str | None, wrong: bool
) -> None:
    from datetime import date

    asked = a_question(1).model_copy(update={"as_at": date(1995, 6, 30)})
    reasoning = version_id is None
    (rollout,) = roll_out(library, Drafting(version_id, reasoning=reasoning), [asked])
    assert rollout.trace is not None
    assert invalid(rollout.trace, asked, library.store) is wrong
    early = asked.model_copy(update={"as_at": date(1980, 1, 1)})
    assert invalid(rollout.trace, early, library.store)
