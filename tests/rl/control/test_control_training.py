"""A controller learns what pays, from its seed alone, over a policy that it leaves untouched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from agent.library import Library  # noqa: E402
from agent.policies.control.features import FEATURES  # noqa: E402
from agent.policies.control.learnt import read_controller  # noqa: E402
from agent.policies.controllers import Strategy, adjustment  # noqa: E402
from agent.policy import Act, PolicyError, PolicyState  # noqa: E402
from agent.trace import Abstention, AbstentionReason, GoverningDate  # noqa: E402
from corpus.errors import BadInputError  # noqa: E402
from corpus.questions import Question  # noqa: E402
from rl.control import train as training  # noqa: E402
from rl.control.explorers import EXPLORERS, RandomController  # noqa: E402
from rl.control.learner import Learner, LearnerSettings  # noqa: E402
from rl.control.train import ControlSettings, train_controller  # noqa: E402
from rl.control.transitions import Transition  # noqa: E402
from tests.agent.conftest import WIDGETS_ACT, opened  # noqa: E402
from tests.rl.conftest import a_question  # noqa: E402

QUICK = ControlSettings(
    rounds=4, questions=12, learner=LearnerSettings(hidden=16, steps=60), concurrency=4
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("library"), WIDGETS_ACT)


class Obedient:
    """Abstains for the right reason if it is told to read, and for none otherwise."""

    name = "obedient"

    def __init__(self) -> None:
        self.weights = torch.arange(12.0)
        self.asked = 0

    def act(self, state: PolicyState) -> Act:
        self.asked += 1
        good = state.adjustment == adjustment(Strategy.READ, state)
        return Act(
            abstention=Abstention(
                reason=AbstentionReason.REPEALED if good else AbstentionReason.NOT_FOUND,
                explanation="",
            )
        )


def paid(trace: Any, *_: Any) -> float:
    return float(trace.abstention.reason is AbstentionReason.REPEALED)


QUESTIONS: list[Question] = [a_question(number) for number in range(30)]


@pytest.mark.parametrize("explorer", list(EXPLORERS))
def test_the_strategy_that_pays_is_found_and_the_policy_is_untouched(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, explorer: Any
) -> None:
    monkeypatch.setattr(training, "reward_of", paid)
    policy = Obedient()
    before = hashlib.sha256(policy.weights.numpy().tobytes()).hexdigest()
    quick = QUICK.model_copy(update={"explorer": explorer})
    found = train_controller(library, policy, QUESTIONS, quick, tmp_path / "c")
    assert hashlib.sha256(policy.weights.numpy().tobytes()).hexdigest() == before
    assert found.card.parameters == 36 * 16 + 16 + 16 * 16 + 16 + 16 * 9 + 9
    assert found.rewards[-1] > found.rewards[0]
    state = PolicyState(
        question="?",
        governing=GoverningDate(as_at=date(2001, 1, 1), ground="t"),
        tools=(),
        turns_left=8,
    )
    assert read_controller(tmp_path / "c").choose(state) is Strategy.READ
    assert policy.asked == QUICK.rounds * QUICK.questions


class Killed(BaseException):
    """A kill."""


def test_a_killed_training_ends_as_if_it_had_not_been(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "reward_of", paid)
    straight = train_controller(library, Obedient(), QUESTIONS, QUICK, tmp_path / "straight")
    whole, rounds = training.roll_out, []

    def dying(*given: Any, **named: Any) -> Any:
        rounds.append(1)
        if len(rounds) == 3:
            raise Killed
        return whole(*given, **named)

    monkeypatch.setattr(training, "roll_out", dying)
    with pytest.raises(Killed):
        train_controller(library, Obedient(), QUESTIONS, QUICK, tmp_path / "killed")
    with (tmp_path / "killed/rounds.jsonl").open("a") as file:
        file.write('{"round": 2, "transi')
    monkeypatch.setattr(training, "roll_out", whole)
    policy = Obedient()
    again = train_controller(library, policy, QUESTIONS, QUICK, tmp_path / "killed")
    assert policy.asked == 2 * QUICK.questions
    assert again.model_dump(exclude={"folder"}) == straight.model_dump(exclude={"folder"})
    kept, other = (read_controller(tmp_path / name).network for name in ("straight", "killed"))
    for one, two in zip(kept.layers, other.layers, strict=True):
        assert all((a == b).all() for a, b in zip(one, two, strict=True))


class Dying(Obedient):
    """An endpoint that dies after some calls."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def act(self, state: PolicyState) -> Act:
        if self.asked >= self._after:
            raise PolicyError("http://x/v1 does not answer: connection refused.")
        return super().act(state)


def test_runs_that_an_endpoint_failed_are_dropped_and_too_many_stop_the_training(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "reward_of", paid)
    words = r"of a round's 12 runs failed \(at most 50% may\): http://x/v1 does not answer"
    with pytest.raises(BadInputError, match=words) as fault:
        train_controller(library, Dying(15), QUESTIONS, QUICK, tmp_path / "c")
    assert "\n" not in str(fault.value)
    one = QUICK.model_copy(update={"rounds": 1})
    found = train_controller(library, Dying(9), QUESTIONS, one, tmp_path / "some")
    assert (found.card.dropped, found.card.questions) == (3, 12)


def test_transitions_are_dropped_where_the_evaluator_failed(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "reward_of", lambda *_: None)
    one = QUICK.model_copy(update={"rounds": 1})
    found = train_controller(library, Obedient(), QUESTIONS, one, tmp_path / "c")
    assert found.card.dropped == 12
    assert found.losses == (0.0,)


def test_a_training_of_other_settings_or_without_questions_is_refused(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "reward_of", paid)
    one = QUICK.model_copy(update={"rounds": 1})
    train_controller(library, Obedient(), QUESTIONS, one, tmp_path / "c")
    with pytest.raises(BadInputError, match="holds other results"):
        train_controller(library, Obedient(), QUESTIONS, QUICK, tmp_path / "c")
    with pytest.raises(BadInputError, match="no question to train a controller on"):
        train_controller(library, Obedient(), [], QUICK, tmp_path / "d")


def test_the_projection_of_the_features_is_orthonormal_fixed_and_kept(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "reward_of", paid)
    learner = LearnerSettings(hidden=16, steps=60, bottleneck=6, seed=3)
    few = QUICK.model_copy(update={"rounds": 2, "learner": learner})
    before = Learner(learner).frozen().basis
    found = train_controller(library, Obedient(), QUESTIONS, few, tmp_path / "c")
    assert found.card.bottleneck == 6
    assert found.card.parameters == 6 * 16 + 16 + 16 * 16 + 16 + 16 * 9 + 9
    basis = read_controller(tmp_path / "c").network.basis
    assert before is not None
    assert basis is not None
    assert (basis == before).all()
    assert abs(basis.T @ basis - torch.eye(6).numpy()).max() < 1e-6


def test_values_are_learnt_through_turns() -> None:
    """Two states in a row: the first strategy decides whether the second can be paid."""
    first, second, lost = ((n * 1.0,) + (0.0,) * (len(FEATURES) - 1) for n in (0.0, 0.5, 1.0))
    seen = [
        Transition(before=first, strategy=a, reward=0.0, after=second if a == 2 else lost)
        for a in range(9)
    ]
    for a in range(9):
        seen.append(Transition(before=second, strategy=a, reward=float(a == 4), after=None))
        seen.append(Transition(before=lost, strategy=a, reward=0.0, after=None))
    learner = Learner(LearnerSettings(steps=1500, learning_rate=3e-3))
    learner.learn(seen)
    values = learner.frozen()
    assert int(values.values(second).argmax()) == 4
    assert int(values.values(first).argmax()) == 2
    assert abs(float(values.values(first)[2]) - 0.95) < 0.1


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.floats(-5, 5), min_size=9, max_size=9),
    progress=st.floats(0, 1),
    name=st.sampled_from(list(EXPLORERS)),
)
def test_explorers_give_distributions_that_move_from_even_to_the_best(
    values: list[float], progress: float, name: Any
) -> None:
    explorer = EXPLORERS[name]()
    found = explorer.probabilities(values, progress)
    assert abs(sum(found) - 1.0) < 1e-9
    assert min(found) >= 0.0
    even = explorer.probabilities(values, 0.0)
    assert max(even) - min(even) < 1e-9
    best = max(range(9), key=values.__getitem__)
    late = explorer.probabilities(values, 1.0)
    assert late[best] >= max(late) - 1e-9


def test_the_random_control_draws_from_its_seed_and_question_alone() -> None:
    state = PolicyState(
        question="?",
        governing=GoverningDate(as_at=date(2001, 1, 1), ground="t"),
        tools=(),
        turns_left=8,
    )
    assert RandomController(3).choose(state) is RandomController(3).choose(state)
    drawn = {RandomController(seed).choose(state) for seed in range(60)}
    assert len(drawn) > 5
