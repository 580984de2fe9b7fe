from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.history.timeline import PublishedState, version_rows
from corpus.invariants import violations
from corpus.model import (
    Commencement,
    Coverage,
    EndReason,
    Provision,
    ProvisionNumber,
    SourceRef,
    Version,
    Work,
    WorkHistory,
)

WORK = Work(
    id="xx/act",
    jurisdiction="xx",
    language="en",
    kind="act",
    title="Act",
    citation="Act 1",
    source="test",
)
SOURCE = SourceRef(file="act.txt")
P = "xx/act#p1"


def provision(**changes: Any) -> Provision:
    fields = {"id": P, "work_id": WORK.id, "labels": (ProvisionNumber(text="s 1"),)} | changes
    return Provision(**fields)


def row(start: str, end: str | None = None, **changes: Any) -> Version:
    fields: dict[str, Any] = {
        "id": f"{P}@{start}",
        "provision_id": P,
        "language": "en",
        "text": f"text of {start}",
        "valid_from": date.fromisoformat(start),
        "source": SOURCE,
    }
    if end is not None:
        fields |= {"valid_to": date.fromisoformat(end), "ended": EndReason.SUPERSEDED}
    return Version(**(fields | changes))


def history(*rows: Version, provisions: Any = None, coverage: Any = None) -> WorkHistory:
    span = Coverage(work_id=WORK.id, covered_from=date(2000, 1, 1))
    return WorkHistory(
        work=WORK,
        provisions=provisions or (provision(),),
        versions=rows,
        coverage=(span,) if coverage is None else coverage,
    )


def rules(found: WorkHistory) -> list[str]:
    return [v.rule for v in violations(found)]


def test_a_sound_history_has_no_violation() -> None:
    assert rules(history(row("2000-01-01", "2010-01-01"), row("2010-01-01"))) == []


def test_day_of_change_belongs_to_both_texts_is_an_overlap() -> None:
    faulty = history(row("2000-01-01", "2010-01-02"), row("2010-01-01"))
    assert rules(faulty) == ["overlap", "unexplained_hole"]


def test_same_days_in_other_territory_or_language_are_no_overlap() -> None:
    rows = [
        row("2000-01-01", id=f"{P}@2000-01-01~{n}", extent=extent, language=language)
        for n, (extent, language) in enumerate([("E+W", "en"), ("S", "en"), ("S", "gd")])
    ]
    assert rules(history(*rows)) == []


def test_same_days_in_disjoint_knowledge_are_no_overlap() -> None:
    learned = date(2005, 6, 1)
    rows = [
        row("2000-01-01", known_to=learned),
        row("2000-01-01", "2006-01-01", known_from=learned),
        row("2006-01-01", known_from=learned),
    ]
    assert rules(history(*rows)) == []


def test_version_id_known_twice_at_once_is_ambiguous() -> None:
    rows = [
        row("2000-01-01", "2005-01-01", ended=EndReason.REPEALED),
        row("2006-01-01", id=f"{P}@2000-01-01"),
    ]
    assert rules(history(*rows)) == ["duplicate_id"]


@pytest.mark.parametrize("reason", [r for r in EndReason if r is not EndReason.SUPERSEDED])
def test_hole_is_explained_by_the_reason_of_its_beginning(reason: EndReason) -> None:
    ending = row("2000-01-01", "2003-01-01", ended=reason)
    assert rules(history(ending, row("2005-01-01"))) == []


def test_hole_after_superseded_text_is_unexplained() -> None:
    faulty = history(row("2000-01-01", "2003-01-01"), row("2005-01-01"))
    assert rules(faulty) == ["unexplained_hole"]


def test_successor_learned_too_late_leaves_a_hole_in_earlier_knowledge() -> None:
    faulty = history(
        row("2000-01-01", "2003-01-01"), row("2003-01-01", known_from=date(2004, 1, 1))
    )
    assert rules(faulty) == ["unexplained_hole"]


def test_text_split_by_territory_supersedes_the_common_text() -> None:
    rows = [
        row("2000-01-01", "2003-01-01", extent="E+W+S"),
        row("2003-01-01", extent="S"),
        row("2003-01-01", id=f"{P}@2003-01-01~E+W", extent="E+W"),
    ]
    assert rules(history(*rows)) == []


@pytest.mark.parametrize(
    ("start", "end"), [("1999-12-31", None), ("2004-01-01", "2006-01-01"), ("2005-06-01", None)]
)
def test_version_beyond_the_coverage(start: str, end: str | None) -> None:
    gap = (
        Coverage(work_id=WORK.id, covered_from=date(2000, 1, 1), covered_to=date(2003, 1, 1)),
        Coverage(work_id=WORK.id, covered_from=date(2003, 1, 1), covered_to=date(2005, 1, 1)),
        Coverage(work_id=WORK.id, covered_from=date(2010, 1, 1)),
    )
    sound = row("2000-01-01", "2005-01-01", id=f"{P}@x", ended=EndReason.UNKNOWN)
    assert rules(history(sound, coverage=gap)) == []
    faulty = row(start, end, ended=EndReason.REPEALED if end else None)
    assert rules(history(faulty, coverage=gap)) == ["outside_coverage"]


def test_undated_version_needs_no_coverage() -> None:
    waiting = row(
        "2000-01-01", valid_from=None, commencement=Commencement.TO_BE_FIXED, condition="an order"
    )
    assert rules(history(waiting, coverage=())) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_to": date(9999, 12, 31), "ended": EndReason.REPEALED},
        {"applies_from": date(2099, 12, 31)},
        {"known_from": date(1900, 1, 1)},
        {"published": date(1900, 1, 1)},
        {"known_to": date(2999, 12, 31)},
        {"valid_from": date(2222, 2, 22)},
    ],
)
def test_placeholder_date_never_passes(changes: dict[str, Any]) -> None:
    assert rules(history(row("2000-01-01", **changes))) == ["sentinel_date"]


def test_commencement_in_1900_is_real() -> None:
    old = Coverage(work_id=WORK.id, covered_from=date(1900, 1, 1))
    assert rules(history(row("1900-01-01"), coverage=(old,))) == []


def test_placeholder_in_label_and_coverage() -> None:
    label = ProvisionNumber(text="s 1", valid_to=date(2999, 12, 31))
    span = Coverage(work_id=WORK.id, covered_from=date(2000, 1, 1), covered_to=date(9999, 12, 31))
    faulty = history(provisions=(provision(labels=(label,)),), coverage=(span,))
    assert rules(faulty) == ["sentinel_date", "sentinel_date"]


def test_version_without_source_document() -> None:
    assert rules(history(row("2000-01-01", source=SourceRef(file=" ")))) == ["missing_source"]


def test_ids_that_lead_nowhere() -> None:
    lost = row("2000-01-01", id="xx/act#p9@2000-01-01", provision_id="xx/act#p9")
    misnamed = row("2000-01-01", id="xx/act#p7@2000-01-01")
    foreign = provision(id="xx/other#p2", work_id="xx/other", successors=("xx/act#nil",))
    span = Coverage(work_id="xx/other", covered_from=date(2000, 1, 1))
    assert rules(history(lost)) == ["unknown_id"]
    assert rules(history(misnamed)) == ["unknown_id"]
    assert rules(history(provisions=(provision(), foreign))) == ["unknown_id", "unknown_id"]
    assert rules(history(coverage=(span,))) == ["unknown_id"]
    assert rules(history(provisions=(provision(), provision()))) == ["duplicate_id"]


def test_successor_in_another_work_is_allowed() -> None:
    assert rules(history(provisions=(provision(successors=("xx/new#p1",)),))) == []


def test_cyclic_succession_is_found() -> None:
    circle = tuple(
        provision(id=f"xx/act#p{n}", successors=(f"xx/act#p{(n + 1) % 3}",)) for n in range(3)
    )
    assert rules(history(provisions=circle)) == ["cycle"]
    line = tuple(
        p.model_copy(update={"successors": ()}) if i == 2 else p for i, p in enumerate(circle)
    )
    assert rules(history(provisions=line)) == []


def test_two_labels_on_one_day() -> None:
    first = ProvisionNumber(text="art. 1382", valid_to=date(2016, 10, 2))
    second = ProvisionNumber(text="art. 1240", valid_from=date(2016, 10, 1))
    assert rules(history(provisions=(provision(labels=(first, second)),))) == ["label_overlap"]
    moved = first.model_copy(update={"valid_to": date(2016, 10, 1)})
    assert rules(history(provisions=(provision(labels=(moved, second)),))) == []


def test_each_violation_reads_as_one_sentence() -> None:
    (found,) = violations(history(row("1999-12-31")))
    assert found.message == (
        "xx/act#p1@1999-12-31 is in force from 1999-12-31, a day the coverage does not hold."
    )
    assert str(found).startswith("outside_coverage: ")


DAY = st.integers(0, 12).map(lambda n: date(2000, 1, 1) + timedelta(days=n))
SPAN = st.tuples(DAY, DAY).filter(lambda s: s[0] != s[1]).map(sorted)


@given(st.lists(st.tuples(SPAN, SPAN), max_size=7))
def test_sweep_agrees_with_comparing_every_pair(spans: list[Any]) -> None:
    rows = [
        row(
            str(valid[0]),
            str(valid[1]),
            id=f"{P}@{n}",
            ended=EndReason.REPEALED,
            known_from=known[0],
            known_to=known[1],
        )
        for n, (valid, known) in enumerate(spans)
    ]
    clash = any(
        a.valid.overlaps(b.valid) and a.known.overlaps(b.known) for a, b in combinations(rows, 2)
    )
    assert ("overlap" in rules(history(*rows))) == clash


@given(
    st.lists(
        st.tuples(DAY, st.one_of(st.none(), st.sampled_from("abc")), st.one_of(st.none(), DAY)),
        max_size=8,
    )
)
@example(
    [
        (date(2000, 1, 1), None, date(2000, 1, 2)),
        (date(2000, 1, 1), "a", None),
        (date(2000, 1, 1), "b", date(2000, 1, 1)),
        (date(2000, 1, 2), "b", None),
    ]
)
def test_rows_made_from_any_states_are_sound(states: list[Any]) -> None:
    made = version_rows(
        P,
        (PublishedState(valid_from=d, text=t, published=p, source=SOURCE) for d, t, p in states),
        language="en",
    )
    assert rules(history(*made)) == []
