from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from agent.library import Library
from agent.policy import Act
from agent.trace import AbstentionReason, Answer, AnswerSentence
from corpus.model import Citation
from corpus.questions import Family, Question, make_questions
from eval.metrics import wilson
from eval.suites.temporal import TemporalScores, is_in_force, temporal_scores
from rl.rewards.scored_trace import ScoredTrace, scored
from tests.agent.conftest import opened
from tests.rl.statutes import (
    DAY,
    FAIRS,
    ID,
    NEW,
    OLD,
    RULE,
    SCALES,
    abstain,
    answer,
    play,
    question,
    search,
)

FEES = {OLD: RULE.format(40).strip(), NEW: RULE.format(65).strip()}
PAIR = [
    q for q in make_questions([FAIRS], families=[Family.PAIRED_DATES]) if q.gold_version in FEES
]
VALUE = question(Family.VALUE_AT_DATE, OLD, DAY)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


def cited(library: Library, asked: Question, version: str) -> ScoredTrace:
    found = play(library, asked, search(date(1999, 1, 1), date(2005, 1, 1)),
                 answer((version, FEES[version])))  # fmt: skip
    return scored(0, asked, found)


def shipping(one: ScoredTrace, citation: Citation) -> ScoredTrace:
    """Return the trace as if its answer cited something else."""
    sentence = AnswerSentence(text="So it is.", citations=(citation,))
    answered = Answer(sentences=(sentence,))
    return scored(0, one.question, one.trace.model_copy(update={"answer": answered}))


def right(library: Library, asked: Question) -> ScoredTrace:
    return cited(library, asked, str(asked.gold_version))


def test_a_pair_is_right_only_when_both_days_are(library: Library) -> None:
    old, new = sorted(PAIR, key=lambda q: q.as_at or date.min)
    both = [right(library, old), right(library, new)]
    half = [right(library, old), cited(library, new, OLD)]
    assert temporal_scores(both).paired_dates.mean == 1.0
    assert temporal_scores(half).paired_dates.mean == 0.0
    assert temporal_scores(half).right.mean == 0.5
    assert [(f, s.mean, s.n) for f, s in temporal_scores(half).by_family.items()] == [
        (Family.PAIRED_DATES, 0.0, 1)
    ]


def test_time_discipline_is_told_apart_from_completeness(library: Library) -> None:
    asked = [q.model_copy(update={"pair": "p"}) for q in (
        question(Family.TEXT_AT_DATE, OLD, DAY), question(Family.TEXT_AT_DATE, NEW))]  # fmt: skip
    scores = temporal_scores([right(library, one) for one in asked])
    assert (scores.paired_dates.mean, scores.paired_versions.mean) == (0.0, 1.0)


def test_half_a_pair_is_no_pair(library: Library) -> None:
    assert temporal_scores([right(library, PAIR[0])]).paired_dates is None


def test_what_the_verifier_struck_is_an_anachronism_drafted_and_not_shipped(
    library: Library,
) -> None:
    scores = temporal_scores([cited(library, VALUE, NEW), right(library, VALUE)])
    assert scores.anachronisms_drafted.mean == 0.5
    assert scores.anachronisms_shipped.mean == 0.0
    assert scores.anachronisms_shipped.n == 1
    assert scores.valid_citations.mean == 0.5
    assert scores.right_version.mean == scores.temporal.mean == 0.5


def test_out_of_force_unresolved_and_unread_are_three_counts(library: Library) -> None:
    invented = play(library, VALUE, search(DAY), answer((f"{ID}#fee@1066-01-01", "A groat.")))
    newest = play(library, VALUE, search(DAY, date(2005, 1, 1)), answer((NEW, FEES[NEW])))
    unread = play(library, VALUE, answer((OLD, FEES[OLD])))
    sound = play(library, VALUE, search(DAY), answer((OLD, FEES[OLD])))
    counts = []
    for trace in (invented, newest, unread, sound):
        found = temporal_scores([scored(0, VALUE, trace)])
        drafted = (found.anachronisms_drafted, found.unresolved_drafted, found.unread_drafted)
        counts.append(tuple(score.mean for score in drafted))
    assert counts == [(0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0)]


def test_a_draft_corrected_after_an_objection_still_counts_as_it_was_first_written(
    library: Library,
) -> None:
    def asked(one: Question, *acts: Act) -> TemporalScores:
        return temporal_scores([scored(0, one, play(library, one, *acts))])

    whole = answer((OLD, FEES[OLD]))
    found = asked(VALUE, search(DAY), answer((NEW, FEES[NEW])), whole)
    assert found.anachronisms_drafted.mean == found.anachronisms_shipped.mean == 0.0
    assert (found.anachronisms_raw.mean, found.unresolved_raw.mean) == (1.0, 0.0)
    assert found.misled_raw.mean == 1.0
    invented = asked(VALUE, search(DAY), answer((f"{ID}#fee@1066-01-01", "A groat.")), whole)
    assert (invented.anachronisms_raw.mean, invented.unresolved_raw.mean) == (0.0, 1.0)
    assert invented.misled_raw.mean == 1.0
    sound = asked(VALUE, search(DAY), whole)
    assert (sound.anachronisms_raw.mean, sound.misled_raw.mean) == (0.0, 0.0)
    silent = asked(VALUE, abstain(AbstentionReason.NOT_FOUND))
    assert (silent.anachronisms_raw, silent.misled_raw.mean) == (None, 0.0)
    gone = asked(question(Family.REPEALED), search(DAY), answer((NEW, FEES[NEW])))
    assert (gone.anachronisms_raw, gone.misled_raw) == (None, None)


@pytest.mark.parametrize(("day", "share"), [(date(1999, 12, 31), 0.0), (date(2000, 1, 1), 1.0)])
def test_what_shipped_is_checked_without_the_verifier(
    library: Library, day: date, share: float
) -> None:
    shipped = right(library, VALUE).trace
    moved = VALUE.model_copy(update={"as_at": day})
    assert temporal_scores([scored(0, moved, shipped)]).anachronisms_shipped.mean == share


def test_what_shipped_is_judged_by_the_store_and_not_by_what_the_trace_says(
    library: Library,
) -> None:
    shipped = right(library, VALUE)
    (citation,) = shipped.trace.answer.citations
    assert is_in_force(citation, DAY, library.store)
    assert not is_in_force(citation, citation.valid_to, library.store), "the end is the day after"
    forged = {
        "another version": citation.model_copy(update={"version_id": NEW}),
        "no version": citation.model_copy(update={"version_id": f"{ID}#none@1"}),
    }
    for why, other in forged.items():
        assert other.valid == citation.valid
        assert not is_in_force(other, DAY, library.store), why
        planted = shipping(shipped, other)
        counted = temporal_scores([planted], library.store).anachronisms_shipped
        assert (counted.mean, counted.n) == (1.0, 1), why
        assert temporal_scores([planted]).anachronisms_shipped.mean == 0.0
    late = shipping(shipped, citation.model_copy(update={"as_at": citation.valid_to}))
    assert temporal_scores([late], library.store).anachronisms_shipped.mean == 1.0


def test_where_no_day_was_asked_the_day_of_the_answer_counts(library: Library) -> None:
    undated = question(Family.MISSING)
    stated = play(library, undated, search(DAY), answer((OLD, FEES[OLD])), as_at=DAY)
    scores = temporal_scores([scored(0, undated, stated)])
    assert scores.anachronisms_shipped.mean == scores.anachronisms_drafted.mean == 0.0
    assert scores.right.mean == 0.0


def test_controls_are_counted_apart(library: Library) -> None:
    (control,) = make_questions([FAIRS], families=[Family.UNAMENDED_CONTROL])
    quote = str(control.gold_span.text)
    told = play(library, control, search(control.as_at), answer((SCALES, quote)))
    scores = temporal_scores([scored(0, control, told), cited(library, VALUE, NEW)])
    assert (scores.controls.mean, scores.controls.n) == (1.0, 1)


def test_nothing_to_score_is_none_and_not_nought(library: Library) -> None:
    empty = temporal_scores([])
    assert empty.right is empty.anachronisms_shipped is empty.paired_dates is None
    declined = play(library, VALUE, abstain(AbstentionReason.NOT_FOUND))
    scores = temporal_scores([scored(0, VALUE, declined)])
    assert scores.anachronisms_shipped is scores.valid_citations is None
    assert scores.right.mean == 0.0


def test_a_share_that_never_varies_still_has_an_interval(library: Library) -> None:
    other = {"work_id": "uk/other"}
    runs = [right(library, VALUE), right(library, VALUE)]
    runs += [scored(0, one.question.model_copy(update=other), one.trace) for one in runs]
    found = temporal_scores(runs).anachronisms_shipped
    assert (found.mean, found.low, found.n) == (0.0, 0.0, 4)
    assert found.high == pytest.approx(wilson(0, 2).high)
