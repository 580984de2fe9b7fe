"""A file with a reward to start from, and its test."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from corpus.errors import BadInputError

_TEST = '''"""Checks of the rewards in {file}. Set INFORCE_TRACES to the traces.jsonl of a run."""

import os
from pathlib import Path

import pytest

from rl.rewards.plugins import rewards_of_file
from rl.rewards.trial import try_rewards

REWARDS = rewards_of_file(Path(__file__).with_name("{file}"))


@pytest.mark.parametrize("reward", REWARDS, ids=lambda one: one.name)
def test_a_reward_scores_rollouts_and_pays_right_answers_best(reward):
    if "INFORCE_TRACES" not in os.environ:
        pytest.skip("INFORCE_TRACES names no traces.jsonl of a run")
    (found,) = try_rewards([reward], Path(os.environ["INFORCE_TRACES"]))
    assert found.scored > 0, found.unscored
    assert not found.pays_wrong, found.best
'''


def write_reward_file(file: Path) -> tuple[Path, Path]:
    """Write a reward file and its test beside it; return both paths.

    Raises:
        BadInputError: one of them exists or cannot be written, or the name does not end in .py.
    """
    if file.suffix != ".py":
        raise BadInputError(f"{file}: the name of a reward file ends in .py.")
    test = file.with_name(f"test_{file.name}")
    template = (files("rl.rewards") / "template.py").read_text(encoding="utf-8")
    for path, text in ((file, template), (test, _TEST.format(file=file.name))):
        try:
            with path.open("x", encoding="utf-8") as opened:
                opened.write(text)
        except OSError as fault:
            raise BadInputError(f"{path} cannot be written: {fault.strerror}.") from fault
    return file, test
