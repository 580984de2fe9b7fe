"""States become rows on both clocks, without overlap and without losing what was believed."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from corpus.history.timeline import PublishedState, version_rows
from corpus.invariants import violations
from corpus.model import EndReason, SourceRef, Version
from tests.corpus.build import DUTY, history

HERE = SourceRef(file="f")


def state(valid_from: str, text: str | None, published: str | None = None) -> PublishedState:
    return PublishedState(
        valid_from=date.fromisoformat(valid_from),
        text=text,
        published=date.fromisoformat(published) if published else None,
        source=HERE,
    )


def rows(*states: PublishedState) -> tuple[Version, ...]:
    return version_rows(DUTY, states, language="en")


def test_each_state_ends_where_the_next_begins() -> None:
    old, new = rows(state("1990-01-01", "a"), state("2000-01-01", "b"))
    assert (old.valid_to, old.ended) == (date(2000, 1, 1), EndReason.SUPERSEDED)
    assert (new.valid_from, new.valid_to) == (date(2000, 1, 1), None)


def test_unchanged_text_is_one_version() -> None:
    (only,) = rows(state("1990-01-01", "a"), state("2000-01-01", "a"))
    assert (only.valid_from, only.valid_to) == (date(1990, 1, 1), None)


def test_absence_is_a_repeal_and_return_a_new_version() -> None:
    first, second = rows(
        state("1990-01-01", "a"), state("1995-01-01", None), state("1999-01-01", "a")
    )
    assert (first.valid_to, first.ended) == (date(1995, 1, 1), EndReason.REPEALED)
    assert second.valid_from == date(1999, 1, 1)
    assert first.id != second.id


def test_late_publication_keeps_what_was_believed_before() -> None:
    late = state("2023-07-01", "b", "2023-09-28")
    found = rows(state("1990-01-01", "a", "1990-01-01"), late)
    believed = [r for r in found if r.in_force(date(2023, 8, 1), date(2023, 9, 27))]
    corrected = [r for r in found if r.in_force(date(2023, 8, 1), date(2023, 9, 28))]
    assert [r.text for r in believed] == ["a"]
    assert [r.text for r in corrected] == ["b"]
    assert len({r.id for r in found if r.text == "a"}) == 1


def test_of_several_texts_for_one_day_the_last_published_counts() -> None:
    found = rows(
        state("2013-10-28", "first", "2012-01-01"), state("2013-10-28", "second", "2013-05-01")
    )
    day = date(2013, 10, 28)
    assert [r.text for r in found if r.in_force(day)] == ["second"]
    assert [r.text for r in found if r.in_force(day, date(2012, 6, 1))] == ["first"]


DAYS = st.integers(0, 400).map(lambda n: date(2000, 1, 1) + timedelta(days=n))
STATES = st.lists(
    st.builds(
        PublishedState,
        valid_from=DAYS,
        text=st.sampled_from(["a", "b", "c", None]),
        published=st.none() | DAYS,
        source=st.just(HERE),
    ),
    min_size=1,
    max_size=8,
)


@given(STATES, DAYS, st.none() | DAYS)
def test_rows_say_on_every_day_what_the_states_known_then_say(
    states: list[PublishedState], day: date, known_at: date | None
) -> None:
    """The oracle is the definition: of the states known, the latest in effect; ties to the last."""
    ordered = sorted(states, key=lambda s: (s.valid_from, s.published or date.min))
    known = [
        s for s in ordered if s.published is None or known_at is None or s.published <= known_at
    ]
    effective = [s for s in known if s.valid_from <= day]
    expected = effective[-1].text if effective else None
    found = [r.text for r in rows(*states) if r.in_force(day, known_at)]
    assert found == ([expected] if expected else [])


@given(STATES)
def test_rows_never_break_an_invariant(states: list[PublishedState]) -> None:
    work = history(*rows(*states), since="1999-01-01")
    assert [v for v in violations(work) if v.rule in {"overlap", "outside_coverage"}] == []
