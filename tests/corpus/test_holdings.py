"""What the corpus holds: counts, gaps and faults of each act."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from corpus.act_report import ActReport, Remark
from corpus.demo import demo_files
from corpus.ingest import ingest
from corpus.reading.holdings import fault_words, holdings
from corpus.sources.jsonl import Jsonl
from corpus.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("held")
    with Store.open(f"sqlite:///{folder / 'store.db'}", create=True) as opened:
        ingest(Jsonl(*demo_files()), opened, strict=True)
        yield opened


def test_totals_are_those_of_the_histories_themselves(store: Store) -> None:
    found = {act.work: act for act in holdings(store).acts}
    for history in store.histories():
        act = found.pop(history.work.id)
        texts = {version.id for version in history.versions}
        assert (act.provisions, act.versions) == (len(history.provisions), len(texts))
        dated = [v.valid_from for v in history.versions if v.valid_from is not None]
        assert (act.first, act.last_change) == (min(dated), max(dated))
        parts = {p for v in history.versions if v.extent for p in v.extent.split("+")}
        assert set(act.extents) == parts
        assert act.source_read == store.source_read(act.work)
        assert act.covered == tuple(each.span for each in history.coverage)
    assert found == {}


def test_a_hole_in_the_record_is_a_gap_and_not_covered(store: Store) -> None:
    (act,) = (a for a in holdings(store, date(2010, 1, 1)).acts if a.work == "fr/code-electoral")
    (gap,) = act.gaps
    assert (gap.start, gap.end) == (date(2000, 4, 22), date(2026, 4, 1))
    assert act.covered_on is False
    (act,) = (a for a in holdings(store, date(2026, 4, 1)).acts if a.work == "fr/code-electoral")
    assert act.covered_on is True


def test_only_the_acts_asked_for_are_listed(store: Store) -> None:
    found = holdings(store, jurisdictions=("fr",))
    assert {act.jurisdiction for act in found.acts} == {"fr"}
    assert all(act.covered_on is None for act in found.acts)
    assert holdings(store, kind="nothing").acts == ()


def test_every_fault_of_a_report_has_words() -> None:
    report = ActReport(
        source="x",
        work_id="x/y",
        unchanged=1,
        of_one_day=2,
        before_origin=1,
        outside=0.25,
        out_of_proportion=("Annex",),
        undated=3,
        refused=(Remark(place="a.xml line 4", problem="no date"),),
    )
    said = list(fault_words(report))
    assert said == [
        "3 texts without a day of commencement.",
        "1 published state without a change.",
        "2 published states on the day of another.",
        "1 published state dated before the act.",
        "Up to 25% of a published state stands in no provision.",
        "Far longer than the rest: Annex.",
        "Left out: a.xml line 4: no date",
    ]
    assert list(fault_words(ActReport(source="x"))) == []
