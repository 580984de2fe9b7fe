"""A library with a labelling project, made from rollouts of the real graph."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from agent.library import Library
from agent.trace import AbstentionReason, Trace
from corpus.questions import Question, make_questions
from corpus.settings import Settings
from corpus.store import Store
from inforce import app
from retrieval.index_build import refresh_index
from rl.annotation.queue.label_queue import LabelQueue
from rl.journal import Journal
from rl.rewards.scored_trace import append_scored, scored
from tests.rl.statutes import DAY, FAIRS, NEW, OLD, abstain, answer, play, read, search

FEE, HIGHER = "pays a fee of £40 for every stall", "a fee of £65"
GUIDELINES = "Read the version.\n<img src=https://evil.example/x.png>"


def settings_under(folder: Path) -> Settings:
    """Settings of a home whose store holds the Fairs Act."""
    settings = Settings.under(folder)
    with Store.open(settings.store_url, create=True) as store:
        store.write(FAIRS)
        refresh_index(store, settings.index_url, lambda *_: None)
    return settings


def rollouts(library: Library, asked: Question) -> list[Trace]:
    """Rollouts of a question: the earlier text twice, the later one, and an abstention."""
    early = search(DAY), answer((OLD, FEE), text="The fee is £40 a stall.")
    late = read("fee", "2020-01-01"), answer((NEW, HIGHER), text="The fee is £65 a stall.")
    silent = search(DAY), abstain(AbstentionReason.NOT_FOUND)
    return [play(library, asked, *acts) for acts in (early, early, late, silent)]


def journal(settings: Settings, folder: Path, count: int) -> Path:
    """A round of so many dated questions, answered in different ways."""
    path = folder / "run" / "traces.jsonl"
    path.parent.mkdir(parents=True)
    asked = [question for question in make_questions([FAIRS]) if question.as_at][:count]
    with Library.open(settings) as library:
        for question in asked:
            made = [scored(1, question, trace) for trace in rollouts(library, question)]
            append_scored(Journal(path), made)
    return path


def create_project(settings: Settings, folder: Path, count: int = 4) -> LabelQueue:
    """Make the project ``fees`` by the command line, every item for two people."""
    source = journal(settings, folder, count)
    guidelines = folder / "guide.md"
    guidelines.write_text(GUIDELINES, encoding="utf-8")
    command = ["labels", "create", "fees", "--from", str(source), "--budget", "1"]
    command += ["--people", "ann,ben", "--adjudicators", "judith", "--overlap-share", "1"]
    done = CliRunner(env=environment(settings, folder)).invoke(
        app, [*command, "--guidelines", str(guidelines)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return LabelQueue.open(labels_at(folder))


def labels_at(folder: Path) -> str:
    """Where the labels of a home are."""
    return f"sqlite:///{folder / 'labels.db'}"


def environment(settings: Settings, folder: Path) -> dict[str, str]:
    """The environment of an app in that home."""
    return {
        **settings.environment(),
        "INFORCE_LABELS": labels_at(folder),
        "INFORCE_TODAY": "2026-11-22",
    }
