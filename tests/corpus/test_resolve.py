"""Five answers with words, never a nearest guess."""

from __future__ import annotations

from datetime import date

import pytest

from corpus.model import Coverage, EndReason, ProvisionHistory, Version, WorkHistory
from corpus.resolve import (
    Ambiguous,
    CoverageGap,
    NotYetInForce,
    OtherTerritory,
    Repealed,
    explain,
    resolve,
)
from tests.corpus.build import WORK, history, version


def of(work: WorkHistory) -> ProvisionHistory:
    return work.of(work.provisions[0])


def on(work: WorkHistory, day: str, known_at: str | None = None, **more: str) -> object:
    known = date.fromisoformat(known_at) if known_at else None
    return resolve(of(work), date.fromisoformat(day), known, **more)


def test_repealed_is_not_answered_with_the_last_text() -> None:
    gone = on(
        history(
            version("1990-01-01", "2001-01-01", ended=EndReason.REPEALED, ended_by="2000 c. 1")
        ),
        "2001-01-01",
    )
    assert isinstance(gone, Repealed)
    assert gone.explanation == (
        "No longer in force on that date: repealed from 2001-01-01 by 2000 c. 1."
    )


def test_future_law_is_not_yet_in_force_until_its_day() -> None:
    work = history(version("2026-12-31"))
    assert isinstance(ahead := on(work, "2026-12-30"), NotYetInForce)
    assert ahead.starts == date(2026, 12, 31)
    assert isinstance(on(work, "2026-12-31"), Version)


def test_before_the_origin_of_the_work_is_not_yet_in_force() -> None:
    assert isinstance(on(history(version("1990-01-01")), "1989-12-31"), NotYetInForce)


def test_before_a_record_that_starts_late_is_a_gap() -> None:
    late = Coverage(work_id=WORK.id, covered_from=date(1990, 1, 1))
    answer = on(history(version("1990-01-01"), coverage=(late,)), "1989-12-31")
    assert isinstance(answer, CoverageGap)
    assert "does not cover 1989-12-31" in answer.explanation


def test_gap_between_two_covered_spans_is_never_bridged() -> None:
    spans = (
        Coverage(work_id=WORK.id, covered_from=date(1990, 1, 1), covered_to=date(2000, 4, 23)),
        Coverage(work_id=WORK.id, covered_from=date(2026, 4, 1)),
    )
    work = history(
        version("1990-01-01", "2000-04-23", ended=EndReason.UNKNOWN),
        version("2026-04-01"),
        coverage=spans,
    )
    assert isinstance(on(work, "2000-04-22"), Version)
    assert isinstance(on(work, "2000-04-23"), CoverageGap)
    assert isinstance(on(work, "2026-03-31"), CoverageGap)
    assert isinstance(on(work, "2026-04-01"), Version)


def test_hole_with_no_reason_is_a_gap_not_a_repeal() -> None:
    work = history(version("1990-01-01", "1995-01-01"), version("1997-01-01"))
    assert isinstance(on(work, "1996-01-01"), CoverageGap)


def test_suspension_says_when_the_law_resumes() -> None:
    work = history(
        version("1990-01-01", "1995-01-01", ended=EndReason.SUSPENDED), version("1997-01-01")
    )
    asleep = on(work, "1996-01-01")
    assert isinstance(asleep, Repealed)
    assert (asleep.how, asleep.revived) == (EndReason.SUSPENDED, date(1997, 1, 1))
    assert "in force again from 1997-01-01" in asleep.explanation


def test_two_territories_are_ambiguous_until_one_is_named() -> None:
    north = version("1990-01-01", id="uk/widgets-1990#duty@1990-01-01~S", extent="S", text="North")
    south = version("1990-01-01", extent="E+W", text="South")
    work = history(south, north)
    both = on(work, "2000-01-01")
    assert isinstance(both, Ambiguous)
    assert "England and Wales (E+W), Scotland (S)" in both.explanation
    assert on(work, "2000-01-01", extent="W") == south
    assert on(work, "2000-01-01", extent="S") == north


SCOTTISH = version("1990-01-01", id="uk/widgets-1990#duty@1990-01-01~S", extent="S", text="North")


@pytest.mark.parametrize(
    ("english", "answer"),
    [
        ((), OtherTerritory),
        (("1990-01-01", "1995-01-01", EndReason.REPEALED), Repealed),
        (("1990-01-01", "1995-01-01", EndReason.UNKNOWN), CoverageGap),
        (("2005-01-01", None, None), NotYetInForce),
    ],
)
def test_the_history_of_a_territory_comes_before_the_text_of_another(
    english: tuple[str, str | None, EndReason | None], answer: type
) -> None:
    rows = [SCOTTISH]
    if english:
        since, until, ended = english
        rows.append(version(since, until, "South", ended, extent="E+W"))
    assert isinstance(on(history(*rows), "2000-01-01", extent="E"), answer)


def test_known_at_answers_from_what_was_published_by_then() -> None:
    work = history(
        version("1990-01-01", known_to="2023-09-28"),
        version("1990-01-01", "2023-07-01", known_from="2023-09-28"),
        version("2023-07-01", known_from="2023-09-28", text="Late news."),
    )
    before = on(work, "2023-08-01", known_at="2023-09-27")
    after = on(work, "2023-08-01", known_at="2023-09-28")
    assert isinstance(before, Version)
    assert isinstance(after, Version)
    assert (before.text, after.text) == ("The widget duty as from 1990-01-01.", "Late news.")
    assert on(work, "2023-08-01") == after


def test_commencement_to_be_fixed_waits_in_words() -> None:
    work = history(version(None, commencement="to_be_fixed", condition="waits for an order"))
    assert isinstance(waiting := on(work, "2020-01-01"), NotYetInForce)
    assert waiting.starts is None
    assert "waits for an order" in waiting.explanation


def test_unknown_commencement_is_a_gap() -> None:
    work = history(version(None, commencement="unknown", condition="no clause gives the day"))
    assert isinstance(on(work, "2020-01-01"), CoverageGap)


def test_law_not_published_by_then_is_not_disclosed() -> None:
    work = history(version("2024-01-01", known_from="2023-05-01"))
    assert isinstance(on(work, "2024-06-01", known_at="2023-04-30"), CoverageGap)


@pytest.mark.parametrize(("end", "words"), [(None, "since"), ("2001-01-01", "to 2000-12-31")])
def test_an_answer_says_its_interval_in_words(end: str | None, words: str) -> None:
    assert words in explain(version("1990-01-01", end))
