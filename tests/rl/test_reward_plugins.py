"""A reward in one file outside the package: found, tried, trained with, and no silent faults."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.library import Library
from agent.trace import AbstentionReason
from corpus import installed
from corpus.errors import BadInputError
from corpus.questions import Family
from inforce import app
from rl.journal import TRACES, Journal, RunError
from rl.recipes.load import load_recipe
from rl.recipes.recipe import RecipeError
from rl.recipes.toml_writer import dump
from rl.rewards import REWARDS
from rl.rewards.plugins import available_rewards, reward_scorers, rewards_of_file
from rl.rewards.scaffold import write_reward_file
from rl.rewards.scored_trace import append_scored, scored
from rl.rewards.trial import try_rewards
from rl.run.run_directory import find_journal
from tests.agent.conftest import opened
from tests.rl.statutes import DAY, FAIRS, NEW, OLD, RULE, abstain, answer, play, question, search

HOUSE = '''
from rl.rewards.plugins import reward

@reward(weight=0.3)
def names_a_sum(trace, question):
    """1 if the reply names a sum of money."""
    draft = trace.turns[-1].draft if trace.turns else None
    return None if draft is None else float(any("£" in s.text for s in draft.sentences))
'''
VALUE = question(Family.VALUE_AT_DATE, OLD, DAY)


def written(folder: Path, code: str, name: str = "house_rewards.py") -> Path:
    file = folder / name
    file.write_text(code, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


@pytest.fixture(scope="module")
def journal(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with a right answer, a struck one and an abstention."""
    played = [
        play(
            library, VALUE, search(DAY), answer((OLD, RULE.format(40).strip()), text="It is £40.")
        ),
        play(
            library, VALUE, search(DAY), answer((NEW, RULE.format(65).strip()), text="It is £65.")
        ),
        play(library, VALUE, search(DAY), abstain(AbstentionReason.NOT_FOUND)),
    ]
    path = tmp_path_factory.mktemp("run") / TRACES
    append_scored(Journal(path), [scored(1, VALUE, trace) for trace in played])
    return path


def test_a_file_adds_its_rewards_to_those_that_there_are(tmp_path: Path) -> None:
    known = available_rewards([written(tmp_path, HOUSE)])
    assert set(known) == {*REWARDS, "judge", "names_a_sum"}
    own = known["names_a_sum"]
    assert (own.weight, own.measures) == (0.3, "1 if the reply names a sum of money.")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = written(tmp_path, HOUSE)
    assert rewards_of_file(file)[0].weight == 0.3
    written(tmp_path, HOUSE.replace("0.3", "0.7"))
    assert rewards_of_file(file)[0].weight == 0.7


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def f(:\n", r"house_rewards.py, line 1: "),
        ("\n\n1 / 0\n", r"house_rewards.py, line 3: ZeroDivisionError"),
        ("x = 1\n", r"defines no reward: mark a function with @reward\(\)"),
        (HOUSE.replace('    """1 if the reply names a sum of money."""\n', ""),
         r"line 4: the reward 'names_a_sum' has no docstring"),
        (HOUSE.replace("names_a_sum", "task"), r"there is already a reward 'task'"),
    ],
)  # fmt: skip
def test_a_faulty_file_is_named_with_its_line(tmp_path: Path, code: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        available_rewards([written(tmp_path, code)])


def test_a_missing_file_and_an_unknown_name_are_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"nowhere.py cannot be read: No such file"):
        available_rewards([tmp_path / "nowhere.py"])
    with pytest.raises(BadInputError, match=r"no reward 'tone'; there are task, .*names_a_sum"):
        reward_scorers(["tone"], [written(tmp_path, HOUSE)])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return trace.nothing", "house_rewards.py, line 7: AttributeError"),
        ("return float('nan')", "returned nan, not a number"),
        ("return 'good'", "returned 'good', not a number"),
        ("return None", "does not apply"),
    ],
)
def test_a_reward_that_fails_leaves_the_rollout_unscored_with_the_reason(
    tmp_path: Path, journal: Path, body: str, reason: str
) -> None:
    code = HOUSE[: HOUSE.index("    draft =")] + f"    {body}\n"
    (found,) = try_rewards(rewards_of_file(written(tmp_path, code)), journal)
    assert (found.scored, found.mean) == (0, None)
    ((said, count),) = found.unscored.items()
    assert count == 3
    assert reason in said


def test_a_trial_shows_that_wrong_answers_are_paid(tmp_path: Path, journal: Path) -> None:
    (found,) = try_rewards(rewards_of_file(written(tmp_path, HOUSE)), journal)
    assert (found.scored, found.by_outcome) == (2, {"correct": 1.0, "wrong": 1.0})
    assert found.pays_wrong
    assert {one.reply for one in found.best} == {"It is £40.", "It is £65."}
    (task,) = try_rewards([REWARDS["task"]], journal)
    assert not task.pays_wrong
    assert task.best[0].reply == "It is £40."


def test_installed_packages_offer_rewards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    written(tmp_path, HOUSE, "firm_rewards.py")
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("names_a_sum", "firm_rewards", installed.REWARDS)
    monkeypatch.setattr(installed, "entry_points", lambda group: [entry])
    assert available_rewards()["names_a_sum"].weight == 0.3


def test_a_recipe_finds_the_file_beside_it_and_keeps_it_in_the_run(tmp_path: Path) -> None:
    file = written(tmp_path, HOUSE)
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        'extends = "tiny-grpo"\n[rewards]\nplugins = ["house_rewards.py"]\nnames_a_sum = 0.2\n',
        encoding="utf-8",
    )
    found = load_recipe(str(recipe))
    assert found.reward_plugins == (file.resolve(),)
    assert found.rewards["names_a_sum"] == 0.2
    assert found.rewards["task"] == 1.0
    again = tmp_path / "again.toml"
    again.write_text(dump(found.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    assert load_recipe(str(again)) == found
    recipe.write_text('extends = "tiny-grpo"\n[rewards]\nnames_a_sum = 0.2\n', encoding="utf-8")
    with pytest.raises(RecipeError, match="no reward 'names_a_sum'"):
        load_recipe(str(recipe))


def test_the_written_file_is_a_reward_and_its_test_passes(tmp_path: Path, journal: Path) -> None:
    file, test = write_reward_file(tmp_path / "house_rewards.py")
    assert [one.name for one in rewards_of_file(file)] == ["brevity"]
    with pytest.raises(BadInputError, match="cannot be written: File exists"):
        write_reward_file(file)
    with pytest.raises(BadInputError, match=r"ends in \.py"):
        write_reward_file(tmp_path / "house")
    (found,) = try_rewards(rewards_of_file(file), journal)
    assert found.scored == 2
    checked = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "1 skipped" in checked.stdout, checked.stdout + checked.stderr


def test_the_verbs_list_and_try(tmp_path: Path, journal: Path) -> None:
    file = written(tmp_path, HOUSE)
    said = CliRunner().invoke(app, ["rewards", "list", "--file", str(file), "--json"])
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert lines[-1] == {
        "name": "names_a_sum", "weight": 0.3, "source": "house_rewards.py",
        "measures": "1 if the reply names a sum of money.",
    }  # fmt: skip
    (journal.parent / "run.json").write_text("{}", encoding="utf-8")
    tried = CliRunner().invoke(
        app, ["rewards", "try", str(file), "--run", str(journal.parent), "--runs", str(tmp_path)]
    )
    assert "2 rollouts scored, mean 1.000" in tried.stdout
    assert "Wrong answers earn at least as much as correct ones" in tried.output
    assert "It is £65." in tried.stdout


def test_the_traces_of_an_evaluation_are_tried_too(tmp_path: Path, journal: Path) -> None:
    answers = tmp_path / "answers"
    answers.mkdir()
    (answers / TRACES).write_bytes(journal.read_bytes())
    assert find_journal(str(answers), tmp_path) == answers / TRACES
    with pytest.raises(RunError, match="There is no run 'elsewhere'"):
        find_journal("elsewhere", tmp_path)
