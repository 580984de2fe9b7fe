"""Run directory: files of a training run, its provenance, journals and lock.

::

    config.toml      the recipe as it was resolved
    run.json         commit, corpus hash, seed, versions
    questions.jsonl  the training questions
    metrics.jsonl    one line per optimiser step
    traces.jsonl     one line per rollout
    checkpoints/     complete ones only; each records the lengths of metrics and traces
    snapshots/       weights in float32, where the recipe keeps them
    report.html      the curves
"""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from corpus.clock import now
from corpus.locking import file_lock
from corpus.model import Frozen
from corpus.questions import Posed, write_questions
from rl.journal import TRACES, Journal, RunError
from rl.recipes.former_names import with_present_names
from rl.recipes.load import read_recipe
from rl.recipes.recipe import Recipe, RecipeError
from rl.recipes.toml_writer import dump

ASKED = "asked.jsonl"
"""File name of the items that a run asked labels for."""

PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "vllm")


class RunFacts(Frozen):
    """Provenance of a run. ``commit`` is InForce's commit, or its version without a checkout."""

    commit: str
    corpus_hash: str
    seed: int
    questions: int
    versions: dict[str, str]
    started: datetime


class Run:
    """The directory of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metrics = Journal(folder / "metrics.jsonl")
        self.traces = Journal(folder / TRACES)
        self.asked = Journal(folder / ASKED)
        self.labels = Journal(folder / "labels.jsonl")
        self.checkpoints = folder / "checkpoints"
        self.report = folder / "report.html"
        self.warm_start = folder / "warm_start"

    @classmethod
    def create(
        cls, folder: Path, recipe: Recipe, questions: Sequence[Posed], corpus_hash: str
    ) -> Run:
        """Create the run directory.

        Raises:
            RunError: it exists, or cannot be written.
        """
        facts = RunFacts(
            commit=_commit(),
            corpus_hash=corpus_hash,
            seed=recipe.train.seed,
            questions=len(questions),
            versions=_versions(),
            started=now(),
        )
        try:
            folder.mkdir(parents=True)
            table = recipe.model_dump(mode="json", exclude_none=True)
            (folder / "config.toml").write_text(dump(table), encoding="utf-8")
            shown = [Posed.of(one) for one in questions] if recipe.labels else questions
            write_questions(shown, folder / "questions.jsonl")
            text = facts.model_dump_json(indent=1) + "\n"
            (folder / "run.json").write_text(text, encoding="utf-8")
        except FileExistsError:
            raise RunError(f"There is a run at {folder} already; --resume continues it.") from None
        except OSError as fault:
            raise RunError(f"The run {folder} cannot be written: {fault.strerror}.") from fault
        return cls(folder)

    @property
    def name(self) -> str:
        """Return the directory's name."""
        return self.folder.name

    def recipe(self) -> Recipe:
        """Return the run's recipe, with former names of settings translated.

        Raises:
            RunError: there is no run.
        """
        path = self.folder / "config.toml"
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as fault:
            raise RunError(f"There is no run at {self.folder}: {path.name} is missing.") from fault
        return read_recipe(with_present_names(table), str(path))

    def facts(self) -> RunFacts:
        """Return the run's provenance.

        Raises:
            RunError: there is no run, or ``run.json`` is damaged.
        """
        path = self.folder / "run.json"
        try:
            return RunFacts.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as fault:
            raise RunError(f"There is no run at {self.folder}: run.json is not there.") from fault

    @contextmanager
    def held(self) -> Iterator[None]:
        """Lock the run against other processes.

        Raises:
            StoreError: another process trains it.
        """
        with file_lock(self.folder / "lock"):
            yield

    def cut(self, stood: Mapping[str, int]) -> None:
        """Truncate the journals to the given lengths in bytes."""
        self.metrics.cut(stood.get("metrics", 0))
        self.traces.cut(stood.get("traces", 0))
        self.asked.cut(stood.get("asked", 0))
        self.labels.cut(stood.get("labels", 0))

    def stands(self) -> dict[str, int]:
        """Return the lengths of the journals in bytes, by file name."""
        return {
            "metrics": self.metrics.size,
            "traces": self.traces.size,
            "asked": self.asked.size,
            "labels": self.labels.size,
        }


def runs_home() -> Path:
    """Return the folder of runs: ``INFORCE_HOME/runs``."""
    home = os.environ.get("INFORCE_HOME")
    base = Path(home) if home else Path.home() / ".inforce"
    return base.expanduser().absolute() / "runs"


def all_runs(home: Path) -> list[Run]:
    """Return the runs of a folder, oldest first."""
    if not home.is_dir():
        return []
    found = [Run(path.parent) for path in home.glob("*/run.json")]
    return sorted(found, key=lambda run: (run.facts().started, run.name))


def find_run(name: str, home: Path) -> Run:
    """Return a run by its name or folder.

    Raises:
        RunError: there is no such run.
    """
    for folder in (home / name, Path(name).expanduser()):
        if (folder / "run.json").is_file():
            return Run(folder)
    names = ", ".join(run.name for run in all_runs(home)[-5:])
    raise RunError(
        f"There is no run '{name}': " + (f"there are {names}." if names else "none yet.")
    )


def find_journal(name: str, home: Path) -> Path:
    """Return the journal of a run, by its name or folder, or of an evaluation, by its folder.

    Raises:
        RunError: there is neither.
    """
    beside = Path(name).expanduser() / TRACES
    return beside if beside.is_file() else find_run(name, home).folder / TRACES


def new_folder(recipe: Recipe, home: Path) -> Path:
    """Return the folder of the next run of a recipe: name, seed and the next free number."""
    stem = f"{recipe.name.replace('/', '-')}-s{recipe.train.seed}"
    number = 1
    while (home / f"{stem}-{number}").exists():
        number += 1
    return home / f"{stem}-{number}"


def resumable(recipe: Recipe, home: Path) -> Run:
    """Return the newest run of a recipe, which must have been started with the same settings.

    Raises:
        RunError: there is none, or a setting differs; names it.
    """
    mine = [run for run in all_runs(home) if run.recipe().name == recipe.name]
    if not mine:
        raise RunError(f"No run of {recipe.name} has been started in {home}.")
    same = [run for run in mine if run.recipe() == recipe]
    if not same:
        key, (was, wanted) = next(iter(differences([mine[-1].recipe(), recipe]).items()))
        raise RunError(
            f"{mine[-1].name} was started with {key} = {was}, not {wanted}: start another run."
        )
    return same[-1]


def differences(recipes: Sequence[Recipe]) -> dict[str, list[object]]:
    """Return the settings in which recipes differ, with the value of each recipe."""
    flat = [_flat(recipe.model_dump(mode="json")) for recipe in recipes]
    keys = dict.fromkeys(key for one in flat for key in one)
    return {
        key: [one.get(key) for one in flat]
        for key in keys
        if any(one.get(key) != flat[0].get(key) for one in flat)
    }


def check_corpus(run: Run, corpus_hash: str) -> None:
    """Check that the corpus is the one that the run was started with.

    Raises:
        RecipeError: the corpus changed since the run was started.
    """
    if run.facts().corpus_hash != corpus_hash:
        raise RecipeError(
            f"The corpus changed since {run.name} was started, so it cannot be resumed."
        )


def _flat(table: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{path}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat


def _commit() -> str:
    """Return the commit of the checkout, with ``+`` if files were changed, else the version."""
    here = Path(__file__).parent
    asked = ["git", "-C", str(here), "describe", "--always", "--abbrev=40", "--dirty=+"]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return version("inforce")
    return found.stdout.strip()


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
