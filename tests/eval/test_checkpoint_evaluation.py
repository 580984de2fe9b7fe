"""Stages of a run: what they answered is scored apart, by family, and together over runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")

from agent.library import Library
from agent.policy import Act
from agent.trace import AbstentionReason
from corpus.questions import Family, Question
from eval.checkpoint_evaluation import CheckpointEvaluation, scores
from rl.rewards.scored_trace import ScoredTrace, scored
from tests.agent.conftest import opened
from tests.rl.statutes import (
    DAY,
    FAIRS,
    NEW,
    OLD,
    RULE,
    abstain,
    answer,
    play,
    question,
    read,
    search,
)

OLD_FEE, NEW_FEE = (RULE.format(pounds).strip() for pounds in (40, 65))
BEFORE = question(Family.VALUE_AT_DATE, OLD, DAY).model_copy(update={"pair": "p"})
AFTER = question(Family.VALUE_AT_DATE, NEW, date(2000, 1, 1)).model_copy(update={"pair": "p"})
GONE = question(Family.REPEALED)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


def run(name: str, *answered: ScoredTrace) -> CheckpointEvaluation:
    return CheckpointEvaluation(name, 0, {"trained": list(answered)}, {})


def played(library: Library, asked: Question, *acts: Act) -> ScoredTrace:
    return scored(0, asked, play(library, asked, *acts))


@pytest.fixture(scope="module")
def right(library: Library) -> list[ScoredTrace]:
    return [
        played(library, BEFORE, search(BEFORE.as_at), answer((OLD, OLD_FEE))),
        played(library, AFTER, search(AFTER.as_at), answer((NEW, NEW_FEE))),
    ]


def test_answerable_and_due_questions_are_scored_apart_and_by_family(
    library: Library, right: list[ScoredTrace]
) -> None:
    guessed = played(library, GONE, abstain(AbstentionReason.REPEALED))
    found = scores([run("a", *right, guessed)], "trained")
    assert found.right_when_answerable is not None
    assert found.right_when_due is not None
    assert (found.right_when_answerable.mean, found.right_when_answerable.n) == (1.0, 2)
    assert (found.right_when_due.mean, found.right_when_due.n) == (0.0, 1)
    assert found.by_family[Family.REPEALED].mean == 0.0
    assert GONE.as_at is not None
    looked = played(library, GONE, read("torches", GONE.as_at), abstain(AbstentionReason.REPEALED))
    due = scores([run("a", looked)], "trained").right_when_due
    assert due is not None
    assert due.mean == 1.0


def test_a_half_of_a_pair_is_not_joined_with_the_half_of_another_run(
    right: list[ScoredTrace],
) -> None:
    whole = scores([run("a", *right), run("b", *right)], "trained")
    assert whole.paired_dates is not None
    assert (whole.paired_dates.mean, whole.paired_dates.n) == (1.0, 2)
    halves = scores([run("a", right[0]), run("b", right[1])], "trained")
    assert halves.paired_dates is None
    assert halves.questions == 2


def test_what_is_void_is_counted_and_left_out(right: list[ScoredTrace]) -> None:
    lost = right[0].model_copy(update={"void": "the engine is down"})
    found = scores([run("a", lost, right[1])], "trained")
    assert (found.questions, found.void) == (2, 1)
    assert found.right is not None
    assert found.right.n == 1
