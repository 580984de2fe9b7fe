"""A run directory: whole or refused, cut back to its checkpoint, compared with others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rl.journal import Journal, RunError
from rl.recipes.former_names import FORMER
from rl.recipes.load import read_recipe
from rl.recipes.recipe import Recipe, RecipeError
from rl.run.report import chart, curves, smoothed, write_report
from rl.run.run_directory import (
    Run,
    all_runs,
    check_corpus,
    differences,
    find_run,
    new_folder,
    resumable,
)
from tests.rl.conftest import a_question


def recipe(**tables: Any) -> Recipe:
    return read_recipe({"name": "r", "rewards": {"temporal": 1.0}, **tables}, "r.toml")


def run_in(folder: Path, made: Recipe | None = None) -> Run:
    return Run.create(folder, made or recipe(), [a_question(1), a_question(2)], "c" * 64)


def test_a_run_keeps_its_recipe_its_facts_and_its_questions(tmp_path: Path) -> None:
    made = recipe(objective={"clip": {"kind": "nsr", "p": 0.25}, "post": ["tiar"]})
    run = run_in(tmp_path / "one", made)
    assert run.recipe() == made
    facts = run.facts()
    assert (facts.corpus_hash, facts.seed, facts.questions) == ("c" * 64, 0, 2)
    assert facts.commit
    lines = (run.folder / "questions.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["q1", "q2"]


def test_a_second_run_never_writes_over_the_first(tmp_path: Path) -> None:
    assert new_folder(recipe(), tmp_path).name == "r-s0-1"
    run_in(tmp_path / "r-s0-1")
    assert new_folder(recipe(), tmp_path).name == "r-s0-2"
    with pytest.raises(RunError, match=r"There is a run at .*r-s0-1 already"):
        run_in(tmp_path / "r-s0-1")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"The run .*file/r cannot be written: Not a directory\."):
        run_in(tmp_path / "file/r")


def test_a_journal_is_cut_to_where_its_checkpoint_was(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "m.jsonl")
    journal.cut(0)
    journal.append([{"step": 1}, {"step": 2}])
    stood = journal.size
    journal.append([{"step": 3}])
    with journal.path.open("a") as file:
        file.write('{"step": 4, "lo')
    assert [row["step"] for row in journal.rows()] == [1, 2, 3]
    journal.cut(stood)
    journal.append([{"step": 3, "again": True}])
    assert list(journal.rows()) == [{"step": 1}, {"step": 2}, {"step": 3, "again": True}]


def test_a_full_disk_is_said_where_metrics_are_written() -> None:
    with pytest.raises(RunError, match=r"/dev/full cannot be written \(No space left on device\)"):
        Journal(Path("/dev/full")).append([{"step": 1}])


def test_a_run_goes_on_only_with_the_recipe_it_was_started_with(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="No run of r has been started"):
        resumable(recipe(), tmp_path)
    run_in(tmp_path / "r-s0-1")
    assert resumable(recipe(), tmp_path).name == "r-s0-1"
    words = r"r-s0-1 was started with train\.rounds = 100, not 7"
    with pytest.raises(RunError, match=words):
        resumable(recipe(train={"rounds": 7}), tmp_path)


def test_a_run_goes_on_only_over_the_corpus_it_was_started_with(tmp_path: Path) -> None:
    run = run_in(tmp_path / "one")
    check_corpus(run, "c" * 64)
    with pytest.raises(RecipeError, match="The corpus changed since one was started"):
        check_corpus(run, "d" * 64)


def test_two_processes_cannot_train_one_run(tmp_path: Path) -> None:
    run = run_in(tmp_path / "one")
    with run.held(), pytest.raises(Exception, match="another writer"), Run(run.folder).held():
        pass


def test_runs_are_found_by_name_and_folder_and_listed_by_age(tmp_path: Path) -> None:
    one, two = run_in(tmp_path / "b"), run_in(tmp_path / "a")
    assert [run.name for run in all_runs(tmp_path)] == ["b", "a"]
    assert find_run("b", tmp_path).folder == one.folder
    assert find_run(str(two.folder), Path("nowhere")).folder == two.folder
    with pytest.raises(RunError, match="There is no run 'c': there are b, a"):
        find_run("c", tmp_path)
    with pytest.raises(RunError, match="There is no run at"):
        Run(tmp_path).facts()


def test_only_what_differs_between_recipes_is_shown() -> None:
    found = differences([recipe(), recipe(train={"seed": 3}), recipe(objective={"clip": "nsr"})])
    assert found == {
        "objective.clip.kind": ["ppo", "ppo", "nsr"],
        "objective.clip.draw": [None, None, "noise"],
        "objective.clip.delta": [None, None, 0.3],
        "train.seed": [0, 3, 0],
    }


def test_a_report_draws_every_metric_and_the_first_ones_first(tmp_path: Path) -> None:
    run = run_in(tmp_path / "<one>")
    rows = [
        {"step": 1, "round": 0, "zeal": 1.0, "reward": 0.5, "void": None, "seconds": {"s": 1}},
        {"step": 2, "round": 0, "zeal": 2.0, "reward": None},
    ]
    run.metrics.append(rows)
    text = write_report(run).read_text(encoding="utf-8")
    assert text.index("reward: 0.5") < text.index("zeal: 2")
    assert "&lt;one&gt;" in text
    assert "<one>" not in text
    assert 'aria-label="void"' not in text


def test_a_curve_that_never_moves_is_still_drawn() -> None:
    assert "polyline" in chart("flat", {"r": [(1, 2.0), (2, 2.0)]})


def test_a_long_line_is_drawn_under_its_running_mean() -> None:
    line = [(float(step), float(step % 2)) for step in range(1, 31)]
    assert chart("jumps", {"r": line}).count("<polyline") == 2
    assert smoothed(line)[:2] == [(1.0, 1.0), (2.0, 0.5)]
    assert all(value == 0.5 for _, value in smoothed(line)[9:])
    assert curves({"r": []}) == ""


def test_a_run_written_with_former_names_of_settings_is_read(tmp_path: Path) -> None:
    named = {"model": {"prompt_format": "learnt"}, "warm_start": {"demonstrations": 9}}
    now = recipe(**named | {"warm_start": {"demonstrations": 9, "misdated": 0.5}})
    run = Run.create(tmp_path / "old", now, [a_question(1)], "c" * 64)
    config = run.folder / "config.toml"
    before = config.read_text()
    for former, present in FORMER.items():
        was, name = former.split(".")[1], present.split(".")[1]
        assert f"\n{name} = " in before
        before = before.replace(f"\n{name} = ", f"\n{was} = ")
    config.write_text(before)
    assert run.recipe() == now


def test_a_recipe_with_a_former_name_is_told_the_present_one() -> None:
    needed = {"warm_start": {"demonstrations": 9}}
    for former, present in FORMER.items():
        table, was = former.split(".")
        with pytest.raises(RecipeError, match=f"'{former}' is now called '{present}'"):
            recipe(**{table: {**needed.get(table, {}), was: 1}})
