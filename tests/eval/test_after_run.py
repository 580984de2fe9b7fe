"""What follows a run is measured on a real one: RELEX and G2D beside training on, and controllers
over its model; what was measured is not measured again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")


from agent.models.prepare import prepare
from eval.bench.rounds import processor_seconds
from eval.claims import after_run, steered_run, steering
from eval.claims.after_run import (
    LAST,
    RAW,
    RELEX,
    STEP,
    Measured,
    Point,
    chosen,
    gain,
    picture,
    table,
)
from eval.claims.steering import together
from rl.control.learner import LearnerSettings
from rl.control.train import ControlSettings
from rl.journal import Journal
from rl.questions.training_questions import held_out, open_library, questions_of
from rl.recipes.load import load_recipe
from rl.run.progress import NoProgress
from rl.run.run_directory import Run
from rl.training.assemble import train
from tests.eval.test_claims_agent import RECIPE

SNAPSHOTS = "\n[snapshots]\nevery = 1\nshare = 1.0\n"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    folder = tmp_path_factory.mktemp("home")
    (folder / "small.toml").write_text(RECIPE + "rounds = 4\nminibatches = 1\n" + SNAPSHOTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFORCE_HOME", str(folder))
        prepare("tiny")
        recipe = load_recipe(str(folder / "small.toml"))
        with open_library(recipe.data) as library:
            questions = questions_of(recipe.data, library)
            run = Run.create(folder / "run", recipe, questions, library.corpus_hash)
            train(recipe, run, library, questions, NoProgress())
            asked = {split: held_out(recipe, library, 4, split=split)
                     for split in ("selection", "test")}  # fmt: skip
            yield Measured(run, library, asked, Journal(folder / "after.jsonl"), lambda _: None)


@pytest.mark.parametrize("untrained", [False, True])
def test_controllers_over_the_model_of_a_run_share_the_fixed_strategy(
    measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, untrained: bool
) -> None:
    recipe, library = measured.run.recipe(), measured.library
    asked = steering.Asked(
        questions_of(recipe.data, library),
        held_out(recipe, library, 1, split="selection"),
        held_out(recipe, library, 2, split="test"),
    )
    policy = steered_run.policy_of(measured.run, 2, untrained=untrained)
    folders = [tmp_path / "s0", tmp_path / "s1"]
    learner = LearnerSettings(steps=5)
    settings = ControlSettings(rounds=1, questions=2, max_turns=1, learner=learner)
    chosen_once: list[int] = []
    best = steering.ControlEvaluation._best_fixed
    monkeypatch.setattr(
        steering.ControlEvaluation,
        "_best_fixed",
        lambda own, asked: chosen_once.append(len(asked)) or best(own, asked),
    )
    scores = list(steered_run.measured(library, policy, asked, settings, folders))
    assert len(chosen_once) == 1
    assert scores[0].best_fixed == scores[1].best_fixed
    arms = [{arm.arm: arm for arm in one.arms} for one in scores]
    assert arms[0]["none"] == arms[1]["none"], "the same model, questions and no sampling"
    assert ("untrained" in scores[0].policy) is untrained
    rows = list(steered_run.table(together(scores)))
    assert {row.split("|")[1].strip() for row in rows[2:]} >= {"none", "fixed", "learnt"}
    monkeypatch.setattr(steering.ControlEvaluation, "scores", None)
    assert list(steered_run.measured(library, policy, asked, settings, folders)) == scores


def test_every_point_is_scored_once_beside_training_on(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(after_run, "SHARE", 0.75)
    monkeypatch.setattr(after_run, "FACTORS", (2.0,))
    monkeypatch.setattr(after_run, "DAMPING", (0.5,))
    monkeypatch.setattr("eval.bench.rounds.WARMING", 1)
    monkeypatch.setattr(after_run, "processor_seconds", partial(processor_seconds, rounds=1))
    measured.relex()
    measured.g2d(0)
    points = [Point.model_validate(row) for row in measured.journal.rows()]
    named = {(one.part, one.name): one for one in points}
    names = {LAST, "start", "average", "bema", "2x-0.5", "training on", RAW}
    assert {name for part, name in named if part == RELEX} == names
    assert named[RELEX, LAST].steps == 3
    assert named[RELEX, RAW].steps == 4
    assert named[RELEX, LAST].facts[STEP] > 0
    assert 3 <= named[RELEX, "training on"].steps <= 4
    assert ("g2d 0", "stopped") in named
    measured.relex()
    again = Measured(measured.run, measured.library, measured.asked, measured.journal, print)
    again.relex()
    assert len(list(measured.journal.rows())) == len(points)


def a_point(name: str, selection: float | None, test: float, run: str = "a") -> Point:
    return Point(run=run, part=RELEX, name=name, selection=selection, test=test, steps=3)


def test_the_guard_takes_the_best_on_selection_and_the_raw_point_of_equals() -> None:
    points = [
        a_point("2x-1", 0.5, 0.1),
        a_point(LAST, 0.5, 0.4),
        a_point(RAW, 0.6, 0.7),
        a_point("training on", None, 0.9),
    ]
    assert [one.test for one in chosen(points, stopped=True)] == [0.4]
    assert [one.test for one in chosen(points, stopped=False)] == [0.7]


def test_differences_are_paired_by_run_and_have_students_interval() -> None:
    points = [
        a_point(LAST, 0.5, 0.4),
        a_point(LAST, 0.5, 0.6, "b"),
        a_point("2x-1", 0.5, 0.5),
        a_point("2x-1", 0.5, 0.68, "b"),
    ]
    rows = list(table(points, RELEX, LAST))
    assert rows[-1] == "| 2x-1 | 3, 3 | 50.0 | 59.0 | +9.0 [-3.7, +21.7] |"
    assert gain([0.41], [0.4]) == "+1.0"
    assert gain([], []) == ""


def test_the_picture_has_a_line_for_every_damping_and_level() -> None:
    names = [f"{f:g}x-{d:g}" for f in after_run.FACTORS for d in after_run.DAMPING]
    own = [a_point(name, 0.5, 0.01 * at) for at, name in enumerate(names)]
    own += [a_point(name, 0.5, 0.4) for name in (LAST, "start", "training on", RAW)]
    drawn = picture([*own, a_point(LAST, 0.5, 0.6, "b")])
    assert drawn.count("<polyline") == len(after_run.DAMPING) + 4
    assert "damping 0.25" in drawn
