from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.library import Library
from agent.trace import AbstentionReason
from corpus.questions import Family
from eval.suites.abstention import abstention_scores
from rl.rewards.scored_trace import ScoredTrace, scored
from tests.agent.conftest import opened
from tests.rl.statutes import (
    DAY,
    FAIRS,
    OLD,
    RULE,
    SCALES,
    abstain,
    answer,
    play,
    question,
    read,
    search,
)

VALUE = question(Family.VALUE_AT_DATE, OLD, DAY)
GONE = question(Family.REPEALED)
UNDATED = question(Family.MISSING)
QUOTE = RULE.format(40).strip()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


@pytest.fixture(scope="module")
def runs(library: Library) -> dict[str, ScoredTrace]:
    gone = GONE.as_at
    torch = "A tester of scales is paid £40 or £65 by the organiser."
    return {
        "right": scored(0, VALUE, play(library, VALUE, search(DAY), answer((OLD, QUOTE)))),
        "struck": scored(0, VALUE, play(library, VALUE, search(DAY), answer((OLD, "Free.")))),
        "shy": scored(0, VALUE, play(library, VALUE, abstain(AbstentionReason.NOT_FOUND))),
        "declined": scored(
            0, GONE, play(library, GONE, read("torches", gone), abstain(AbstentionReason.REPEALED))
        ),
        "misjudged": scored(0, GONE, play(library, GONE, abstain(AbstentionReason.NOT_FOUND))),
        "bold": scored(0, GONE, play(library, GONE, search(gone), answer((SCALES, torch)))),
        "asked": scored(0, UNDATED, play(library, UNDATED, search(DAY))),
    }


def test_by_hand(runs: dict[str, ScoredTrace]) -> None:
    scores = abstention_scores(list(runs.values()))
    found = {name: (s.mean, s.n) for name, s in scores if s}
    assert found == {
        "precision": (3 / 4, 4),
        "recall": (3 / 4, 4),
        "f1": (pytest.approx(6 / 8), 5),
        "reason": (pytest.approx(2 / 3), 3),
        "right_when_due": (2 / 4, 4),
        "answered": (pytest.approx(1 / 3), 3),
        "right_when_answerable": (pytest.approx(1 / 3), 3),
        "wrong_when_answered": (1 / 2, 2),
        "struck": (pytest.approx(1 / 7), 7),
    }


def test_a_struck_draft_earns_no_recall(runs: dict[str, ScoredTrace], library: Library) -> None:
    gone = GONE.as_at
    struck = scored(0, GONE, play(library, GONE, search(gone), answer((SCALES, "Invented."))))
    scores = abstention_scores([struck, runs["bold"]])
    assert struck.trace.abstention is not None
    assert scores.recall.mean == scores.f1.mean == 0.0
    assert scores.precision is None


def test_the_graphs_request_for_a_day_is_declining(runs: dict[str, ScoredTrace]) -> None:
    scores = abstention_scores([runs["asked"]])
    assert scores.recall.mean == scores.precision.mean == scores.reason.mean == 1.0


def test_always_abstaining_has_no_precision(runs: dict[str, ScoredTrace]) -> None:
    scores = abstention_scores([runs["shy"]] * 9 + [runs["declined"]])
    assert scores.recall.mean == 1.0
    assert scores.precision.mean == pytest.approx(0.1)
    assert scores.f1.mean == pytest.approx(2 * 0.1 / 1.1)
    assert scores.answered.mean == 0.0


def test_nothing_to_score_is_none(runs: dict[str, ScoredTrace]) -> None:
    assert {value for _, value in abstention_scores([])} == {None}
    assert abstention_scores([runs["right"]]).f1 is None
