"""The tutorials run as they are printed."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.page_state import shown, started

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs/tutorials").glob("*.md"))


class Example(NamedTuple):
    """A command, the exit status that the page names, and the lines that it shows."""

    command: str
    status: int
    shown: tuple[str, ...]


class Written(NamedTuple):
    """A file that the reader writes, whose name stands beside the language of its block."""

    file: str
    text: str


BLOCK = re.compile(r"^```(?:console( train)?|(?:python|toml) (\S+))\n(.*?)^```", re.M | re.S)


def steps(text: str, *, train: bool) -> Iterator[Example | Written]:
    """The commands and files of a page in order; blocks marked ``train`` only on request."""
    for mark, file, block in BLOCK.findall(text):
        if file:
            yield Written(file, block)
        elif train or not mark:
            yield from examples(block)


def examples(block: str) -> Iterator[Example]:
    """The commands of a block."""
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        line, *shown = part.splitlines()
        command, _, status = line.partition(" # exit status ")
        yield Example(command, int(status or 0), tuple(filter(None, shown)))


def run(example: Example, folder: Path) -> str:
    """Run one command as a reader would, in ``folder``, and return all that it printed."""
    environment = {
        **os.environ,
        "INFORCE_HOME": str(folder / "home"),
        "INFORCE_TODAY": "2026-11-22",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "160",
    }
    python = f'python() {{ "{sys.executable}" "$@"; }}; inforce() {{ python -m inforce "$@"; }}'
    shell = f"{python}; {example.command}"
    done = subprocess.run(
        ["bash", "-c", shell],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment,
        cwd=folder,
    )
    assert done.returncode == example.status, f"{example.command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def missing(shown: tuple[str, ...], printed: str) -> list[str]:
    """The shown lines that were not printed, white space and table borders apart."""
    plain = squeezed(printed)
    return [line for line in shown if squeezed(line) not in plain]


def squeezed(text: str) -> str:
    return " ".join(re.sub("[│┃]", " ", text).split())


def follow(page: Path, folder: Path, *, train: bool) -> None:
    for step in steps(page.read_text(encoding="utf-8"), train=train):
        if isinstance(step, Written):
            (folder / step.file).write_text(step.text, encoding="utf-8")
            continue
        printed = run(step, folder)
        assert missing(step.shown, printed) == [], f"{step.command}\n{printed}"


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_as_printed(page: Path, tmp_path: Path) -> None:
    follow(page, tmp_path, train=False)


def trained(page: str, folder: Path, *packages: str) -> None:
    """Follow a tutorial with its training."""
    if not all(map(importlib.util.find_spec, packages)):
        pytest.skip("needs the extras train and tensorboard")
    follow(ROOT / f"docs/tutorials/{page}.md", folder, train=True)


@pytest.mark.torch
@pytest.mark.slow
def test_the_engineers_tutorial_trains_as_printed(tmp_path: Path) -> None:
    trained("engineer", tmp_path, "trl")


@pytest.mark.torch
@pytest.mark.slow
def test_a_reward_is_trained_with_as_printed_and_the_app_answers_by_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained("reward", tmp_path, "trl", "tensorboard")
    (checkpoint,) = (tmp_path / "home/runs/house-s0-1/checkpoints").glob("checkpoint-*")
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INFORCE_POLICY", str(checkpoint))
    monkeypatch.setenv("INFORCE_POLICY_MAX_TOKENS", "24")
    app = AppTest.from_file(str(ROOT / "ui/app.py"), default_timeout=300)
    html = shown(started(app, q="At what age could one marry in France?", as_at="2006-04-04"))
    assert "No answer was found within" in html


def test_every_reader_has_a_tutorial() -> None:
    assert [page.stem for page in TUTORIALS] == ["annotator", "engineer", "lawyer", "reward"]
    for page in TUTORIALS:
        assert sum(1 for _ in steps(page.read_text(encoding="utf-8"), train=False)) >= 5


def test_no_command_of_a_tutorial_is_left_out_of_its_run() -> None:
    for page in TUTORIALS:
        text = page.read_text(encoding="utf-8")
        run_here = [s.command for s in steps(text, train=True) if isinstance(s, Example)]
        assert len(run_here) == len(re.findall(r"^\$ ", text, re.M)), page.name


def test_a_command_that_fails_and_a_line_that_is_not_printed_are_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no such file"):
        run(Example("inforce ingest nowhere.jsonl", 0, ()), tmp_path)
    assert missing(("in  force", "repealed"), "it is in force") == ["repealed"]
