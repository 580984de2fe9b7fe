"""A learnt controller reads what the policy sees, chooses the best, and fits what is here."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.graph.run import ask
from agent.library import Library
from agent.models.sampling import Sampling
from agent.policies.control.features import FEATURES, features
from agent.policies.control.learnt import (
    CARD,
    WEIGHTS,
    ControllerCard,
    LearntController,
    ValueNetwork,
    read_controller,
    write_controller,
)
from agent.policies.controllers import AdjustedPolicy, Strategy, adjustment, controlled, steered
from agent.policies.language_model import ModelPolicy
from agent.policies.registry import PolicyChoice, open_policy
from agent.policy import PolicyState
from agent.trace import GoverningDate
from corpus.errors import BadInputError
from rl.control.transitions import states_of, strategy_of
from tests.agent.toymodel import Script, ToyCodec

DAY = date(1995, 6, 30)
SEARCH = (
    '{"name": "search_statutes", "arguments": {"query": "widget register", "as_at": "1995-06-30"}}'
)
LATER = SEARCH.replace("1995-06-30", "2020-01-01")
FORGED = json.dumps({"answer": [{"text": "Yes.", "citations": [{"id": "x#y@1", "quote": "q"}]}]})
ANSWER = json.dumps(
    {
        "answer": [
            {
                "text": "It is kept for five years.",
                "citations": [
                    {"id": "uk/widgets-1990#register@1990-01-01", "quote": "for five years"}
                ],
            }
        ]
    }
)


def card(**changes: Any) -> ControllerCard:
    told = {
        "strategies": tuple(Strategy),
        "features": FEATURES,
        "widths": (len(FEATURES), 4, len(Strategy)),
        "parameters": 100,
        "policy": "toy",
        "prompt_format": "full",
        "explorer": "epsilon_greedy",
        "questions": 1,
        "dropped": 0,
        "seed": 0,
    }
    return ControllerCard.model_validate({**told, **changes})


def network(favourite: Strategy = Strategy.DATE, basis: Any = None) -> ValueNetwork:
    """Value one strategy above the others, whatever the state."""
    into = len(FEATURES) if basis is None else basis.shape[1]
    bias = np.zeros(len(Strategy), np.float32)
    bias[list(Strategy).index(favourite)] = 1.0
    first = (np.ones((4, into), np.float32), np.zeros(4, np.float32))
    return ValueNetwork((first, (np.zeros((len(Strategy), 4), np.float32), bias)), basis)


def written(folder: Path, made: ValueNetwork | None = None, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    write_controller(folder, card(**changes), made or network())
    return folder


def model(*texts: str) -> tuple[ModelPolicy, Script]:
    script = Script(*texts)
    return ModelPolicy("toy", ToyCodec(), script, Sampling(max_tokens=500)), script


def seen(library: Library, *texts: str) -> list[dict[str, float]]:
    """Return the features before each turn of a run, by name."""
    trace = ask(
        library, "How long is the widget register kept?", as_at=DAY, policy=model(*texts)[0]
    )
    return [dict(zip(FEATURES, features(one), strict=True)) for one in states_of(trace)]


def test_there_are_at_most_36_features_each_between_0_and_1(library: Library) -> None:
    assert len(FEATURES) == len(set(FEATURES)) == 36
    for state in seen(library, SEARCH, LATER, FORGED, ANSWER):
        assert all(0.0 <= value <= 1.0 for value in state.values())


def test_features_tell_dates_results_and_findings(library: Library) -> None:
    states = seen(library, LATER, SEARCH, FORGED, ANSWER)
    first, wrong, both, sent_back = states
    assert first["turns"] == first["dated_calls"] == first["overlap_best"] == 0.0
    assert (wrong["dates_later"], wrong["dates_governing"]) == (1.0, 0.0)
    assert (both["dates_later"], both["dates_governing"]) == (0.5, 0.5)
    assert both["last_date_governing"] == 1.0
    assert both["results_search"] == 0.25
    assert both["overlap_best"] > 0.0
    assert (sent_back["sent_back"], sent_back["failed_resolves"]) == (1.0, 1.0)
    assert both["failed_resolves"] == 0.0


def test_the_features_of_a_trace_are_those_that_the_controller_saw(library: Library) -> None:
    told: list[tuple[float, ...]] = []

    class Watching:
        name = "watching"

        def choose(self, state: PolicyState) -> Strategy:
            told.append(features(state))
            return Strategy.QUOTE if state.turns else Strategy.NONE

    toy, _ = model(SEARCH, FORGED, ANSWER)
    trace = ask(library, "How long?", as_at=DAY, policy=controlled(toy, Watching()))
    states = list(states_of(trace))
    assert [features(state) for state in states] == told
    said = [strategy_of(t.adjustment, s) for t, s in zip(trace.turns, states, strict=True)]
    assert said == [Strategy.NONE, Strategy.QUOTE, Strategy.QUOTE]


def test_a_controller_is_read_as_it_was_written_and_steers(
    library: Library, tmp_path: Path
) -> None:
    read = read_controller(written(tmp_path / "c"))
    toy, _ = model(SEARCH, ANSWER)
    trace = ask(library, "How long?", as_at=DAY, policy=controlled(toy, read))
    assert read.name == "learnt:toy"
    assert all("1995-06-30" in turn.adjustment for turn in trace.turns)


def test_equal_values_choose_the_cheapest_strategy() -> None:
    flat = ValueNetwork(
        ((np.zeros((len(Strategy), len(FEATURES)), np.float32), np.ones(9, np.float32)),)
    )
    state = PolicyState(
        question="?", governing=GoverningDate(as_at=DAY, ground="t"), tools=(), turns_left=2
    )
    assert LearntController(card(), flat).choose(state) is Strategy.NONE


def test_a_projection_of_the_features_is_kept(tmp_path: Path) -> None:
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(36, 5)))[0].astype(np.float32)
    made = network(Strategy.READ, basis)
    read = read_controller(written(tmp_path / "c", made, bottleneck=5))
    assert np.array_equal(read.network.values((0.5,) * 36), made.values((0.5,) * 36))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"strategies": ("none", "shout")}, r"trained for other strategies \(abstain, .*shout"),
        ({"features": FEATURES[:-1]}, r"trained for other features \(date_assumed\): train it"),
        ({"features": FEATURES[::-1]}, r"trained for other features \(their order\)"),
        ({"widths": (36, 5, 9)}, r"weights\.npz cannot be read: layer 0 has another shape"),
        ({"bottleneck": 3}, r"cannot be read: the projection has another shape"),
    ],
)
def test_a_controller_for_something_else_is_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        read_controller(written(tmp_path / "c", **changes))


def test_a_folder_without_or_with_a_damaged_controller_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"holds no controller: controller\.json is not there"):
        read_controller(tmp_path)
    folder = written(tmp_path / "c")
    (folder / WEIGHTS).write_bytes(b"nothing")
    with pytest.raises(BadInputError, match=r"weights\.npz cannot be read"):
        read_controller(folder)
    (folder / CARD).write_text("{}")
    with pytest.raises(BadInputError, match=r"controller\.json is damaged, field 'strategies'"):
        read_controller(folder)
    nan = network()
    nan.layers[0][0][0, 0] = np.nan
    with pytest.raises(BadInputError, match="layer 0 holds a weight that is no number"):
        read_controller(written(tmp_path / "nan", nan))


def test_the_environment_names_a_controller_and_the_command_line_overrides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFORCE_CONTROLLER", str(tmp_path / "a"))
    assert PolicyChoice.load().controller == tmp_path / "a"
    assert PolicyChoice.load("tiny", tmp_path / "b").controller == tmp_path / "b"
    served = PolicyChoice.load("http://localhost:1/v1#m")
    with pytest.raises(BadInputError, match="holds no controller"):
        open_policy(served, ())
    written(tmp_path / "a")
    steered_endpoint = open_policy(served, ())
    assert isinstance(steered_endpoint, AdjustedPolicy)
    with pytest.raises(BadInputError, match="policy 'extractive' reads no words: choose a"):
        open_policy(PolicyChoice.load("extractive"), ())
    with pytest.raises(BadInputError, match="a controller chooses the strategy"):
        steered(steered_endpoint, "date")


def test_every_strategy_is_known_by_its_words() -> None:
    state = PolicyState(
        question="?", governing=GoverningDate(as_at=DAY, ground="t"), tools=(), turns_left=2
    )
    for strategy in Strategy:
        assert strategy_of(adjustment(strategy, state), state) is strategy
    with pytest.raises(ValueError, match="no strategy says 'Shout!'"):
        strategy_of("Shout!", state)
