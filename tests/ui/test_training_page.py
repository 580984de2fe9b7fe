"""The Training page without a browser: a run that goes on, a hostile rollout, two runs."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from agent.trace import (
    Abstention,
    AbstentionReason,
    GoverningDate,
    RunSettings,
    StopReason,
    ToolCall,
    Trace,
    Turn,
)
from corpus.errors import SourceError
from rl.recipes.load import read_recipe
from rl.rewards.outcome import Outcome
from rl.rewards.scored_trace import ScoredTrace, append_scored
from rl.run.run_directory import Run
from tests.rl.conftest import a_question
from tests.ui.page_state import shown, started
from ui.training.curves import metrics_of, standing
from ui.training.saved_rollouts import SavedRollouts

HOSTILE = "<img src=https://evil.example/x.png> ![x](https://evil.example/y.png)"


def a_run(home: Path, name: str, steps: int, rate: float = 0.001) -> Run:
    """A run of 10 steps that has done some of them."""
    recipe = read_recipe(
        {
            "name": "small",
            "rewards": {"task": 1.0, "temporal": 0.5},
            "train": {
                "rounds": 10,
                "questions": 2,
                "group_size": 2,
                "micro_batch": 4,
                "epochs": 1,
                "learning_rate": rate,
            },
        },
        "small.toml",
    )
    run = Run.create(home / "runs" / name, recipe, [a_question(0), a_question(1)], "0" * 64)
    for step in range(steps):
        go_on(run, step)
    return run


def go_on(run: Run, step: int) -> None:
    """One step more: its four rollouts and its line of metrics."""
    append_scored(run.traces, [a_record(step, number) for number in range(4)])
    row = {"step": step + 1, "round": step, "reward": step / 10, "states/own_share": 1.0}
    run.metrics.append([{**row, "seconds": {"step_time": 6.0}}])


def a_record(step: int, number: int) -> ScoredTrace:
    question = a_question(number // 2)
    call = ToolCall(id="c", name="search_statutes", arguments={"as_at": "2001-01-01"})
    trace = Trace(
        id=f"{step}-{number}",
        question=question.text,
        governing=GoverningDate(as_at=date(2001, 1, 1), ground="It was given."),
        settings=RunSettings(max_turns=8),
        turns=(Turn(index=0, text=f"said {step} {number} {HOSTILE}", calls=(call,)),),
        abstention=Abstention(reason=AbstentionReason.NOT_FOUND, explanation="Nothing."),
        stop=StopReason.ABSTAINED,
        policy="fake",
        corpus_hash="0",
        started=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return ScoredTrace(
        step=step,
        question=question,
        trace=trace,
        rewards={"task": number / 4, "temporal": None},
        unscored={"temporal": HOSTILE},
        outcome=Outcome.ABSTAINED,
        advantage=number - 1.5,
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    return tmp_path


def _page() -> None:
    from ui.pages.training import page

    page()


def opened(**address: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=60)
    return started(app, **address)


def test_a_run_that_goes_on_shows_what_it_has_done_so_far(home: Path) -> None:
    run = a_run(home, "small-s0-1", 2)
    app = opened()
    assert "step 2 of 10, 6.0 s a step, 1 minutes left" in shown(app)
    go_on(run, 2)
    app.run()
    assert "step 3 of 10" in shown(app)
    assert "said 2 0" not in shown(app), "the round that is looked at stays"
    assert 'alt="states/own_share: 1"' in shown(app)


def test_a_rollout_is_shown_with_its_rewards_and_advantage_and_nothing_of_it_is_markup(
    home: Path,
) -> None:
    a_run(home, "small-s0-1", 3)
    html = shown(opened(step="1"))
    assert "said 1 0" in html
    assert "Advantage: -1.500" in html
    assert "<img src=https" not in html
    assert "search_statutes" in html
    labels = opened(step="1").radio[0].options
    assert labels[1].replace("\\", "") == "abstained: task 0.25, temporal none, advantage -0.50"


def test_two_runs_are_drawn_together_and_told_apart_by_their_settings(home: Path) -> None:
    a_run(home, "small-s0-1", 3)
    a_run(home, "small-s0-2", 5, rate=0.01)
    html = shown(opened(run="small-s0-2,small-s0-1"))
    assert "train.learning_rate" in html
    assert 'alt="reward: 0.4, 0.2"' in html
    assert html.index("</span> small-s0-2") < html.index("</span> small-s0-1")


def test_without_a_run_the_command_is_named(home: Path) -> None:
    assert "inforce train" in opened().info[0].value.replace("\\", "")


def test_rollouts_are_read_on_from_where_they_were_and_anew_after_a_cut(home: Path) -> None:
    run = a_run(home, "small-s0-1", 1)
    saved = SavedRollouts(run.traces.path)
    saved.update()
    stood = run.traces.size
    go_on(run, 1)
    with run.traces.path.open("a", encoding="utf-8") as file:
        file.write('{"step": 2, "unfinished')
    saved.update()
    assert [one.step for one in saved.listed] == [0] * 4 + [1] * 4
    assert saved.whole(saved.listed[5]).trace == a_record(1, 1).trace
    run.traces.cut(stood)
    saved.update()
    assert saved.steps() == [0]


def test_a_damaged_line_is_named(home: Path) -> None:
    run = a_run(home, "small-s0-1", 1)
    run.traces.append([{"step": 1}])
    with pytest.raises(SourceError, match=r"traces.jsonl.*5"):
        SavedRollouts(run.traces.path).update()


def test_metrics_are_grouped_and_a_run_before_its_first_step_stands(home: Path) -> None:
    run = a_run(home, "small-s0-1", 0)
    assert standing(run, []).step == 0
    assert standing(run, []).going_on
    rows = [json.loads('{"step": 1, "rewards/task/mean": 0.5, "reward": 0.5, "other": 1}')]
    assert metrics_of("rewards", {"one": rows}) == ["reward", "rewards/task/mean"]
