from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import SourceError
from corpus.invariants import violations
from corpus.model import Commencement, EndReason, Version, WorkHistory
from corpus.resolve import Ambiguous, CoverageGap, NotYetInForce, Repealed
from corpus.sources.uk.clml import Clml
from tests.corpus.xml_sources import GOLDEN, ask, assert_rows, change, no_fault, shared, text

TEA = "uk/ukpga-2001-99"


def works(folder: Path = GOLDEN / "clml") -> dict[str, WorkHistory]:
    return {history.work.id: history for history in Clml(folder).works(no_fault)}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the golden folder that a test may damage."""
    return Path(shutil.copytree(GOLDEN / "clml", tmp_path / "clml"))


def test_golden_rows(tmp_path: Path) -> None:
    assert_rows(works().values(), "clml", tmp_path)
    assert [violations(history) for history in works().values()] == [(), ()]


def test_day_of_restrict_end_is_the_first_without_the_text() -> None:
    assert text(ask(works()[TEA], "s 2", "2011-12-31")) == "Tea steeps for four minutes."
    assert text(ask(works()[TEA], "s 2", "2012-01-01")) == "Tea steeps for five minutes."


def test_missing_dates_are_those_of_what_lies_around() -> None:
    defined = ask(works()[TEA], "s 1", "2010-01-01")
    assert isinstance(defined, Version)
    assert (defined.valid_from, defined.valid_to) == (date(2010, 1, 1), date(2010, 6, 1))
    assert isinstance(ask(works()[TEA], "s 1", "2009-12-31"), CoverageGap)


def test_container_that_ends_before_the_text_starts_does_not_end_it() -> None:
    biscuit = ask(works()[TEA], "s 7", "2011-01-01")
    assert isinstance(biscuit, Version)
    assert biscuit.valid_to == date(2011, 7, 1)  # the day after the file was last modified


def test_part_of_a_text_that_starts_later_delays_the_whole(copy: Path) -> None:
    path = copy / "tea-act-2010-01-01.xml"
    change(path, 'id="section-1-1-a"', 'id="section-1-1-a" RestrictStartDate="2010-02-01"')
    change(path, 'id="section-1-2"', 'id="section-1-2" RestrictEndDate="2010-03-01"')
    defined = ask(works(copy)[TEA], "s 1", "2010-02-15")
    assert isinstance(defined, Version)
    assert (defined.valid_from, defined.valid_to) == (date(2010, 2, 1), date(2010, 3, 1))


def test_prospective_text_is_never_in_force() -> None:
    iced = ask(works()[TEA], "s 3", "2012-06-01")
    assert isinstance(iced, NotYetInForce)
    assert iced.next_version.commencement is Commencement.TO_BE_FIXED


def test_prospective_paragraph_in_a_text_in_force_is_said() -> None:
    defined = ask(works()[TEA], "s 1", "2010-01-01")
    assert isinstance(defined, Version)
    assert defined.note is not None
    assert "Prospective, not in force: section-1-1-b." in defined.note


def test_repealed_text_ends_by_repeal() -> None:
    repealed = ask(works()[TEA], "s 4", "2010-01-01")
    assert isinstance(repealed, Repealed)
    assert (repealed.ended, repealed.how) == (date(2003, 1, 1), EndReason.REPEALED)


def test_text_marked_repealed_without_an_end_is_not_served(copy: Path) -> None:
    path = copy / "tea-act-2010-01-01.xml"
    change(path, ' RestrictStartDate="2001-07-01" RestrictEndDate="2003-01-01"', "")
    change(path, '<Part id="part-1" RestrictEndDate="2010-06-01">', '<Part id="part-1">')
    change(path, ' RestrictEndDate="2010-07-01"', "")
    assert "s 4" not in {p.labels[0].text for p in works(copy)[TEA].provisions}


def test_discarded_text_never_took_effect() -> None:
    assert "s 6" not in {p.labels[0].text for p in works()[TEA].provisions}


def test_texts_for_two_territories_are_one_provision() -> None:
    both = ask(works()[TEA], "s 5", "2009-01-01")
    assert isinstance(both, Ambiguous)
    assert text(ask(works()[TEA], "s 5", "2009-01-01", extent="W")) == "Milk goes in first."
    assert text(ask(works()[TEA], "s 5", "2009-01-01", extent="S")) == "Milk goes in last."


def test_quoted_text_of_another_act_is_no_provision() -> None:
    labels = [p.labels[0].text for p in works()[TEA].provisions]
    assert "s 3A" not in labels
    assert "“Tea\n3A Tea is not coffee.”." in text(ask(works()[TEA], "s 1", "2010-01-01"))


def test_changes_not_worked_in_are_said() -> None:
    steeping = ask(works()[TEA], "s 2", "2010-01-01")
    assert isinstance(steeping, Version)
    assert steeping.note == "Changes the publisher has not worked in: 1."


def test_text_as_made_is_known_for_its_first_day_only() -> None:
    kettles = works()["uk/uksi-2002-777"]
    assert text(ask(kettles, "reg 1", "2002-04-01")) == "Water boils."
    assert isinstance(ask(kettles, "reg 1", "2002-04-02"), CoverageGap)


def test_text_as_enacted_without_a_day_is_undated(copy: Path) -> None:
    path = copy / "kettle-regulations-made.xml"
    change(path, '<ukm:ComingIntoForce><ukm:DateTime Date="2002-04-01"/></ukm:ComingIntoForce>', "")
    kettles = works(copy)["uk/uksi-2002-777"]
    assert [v.commencement for v in kettles.versions] == [Commencement.UNKNOWN]
    assert isinstance(ask(kettles, "reg 1", "2010-01-01"), CoverageGap)


def test_newer_file_is_believed_over_an_older_one(copy: Path) -> None:
    path = copy / "tea-act-section-2.xml"
    change(
        path,
        'RestrictStartDate="2012-01-01"',
        'RestrictStartDate="2011-01-01"',
    )
    assert "five" in text(ask(works(copy)[TEA], "s 2", "2011-06-01"))
    assert violations(works(copy)[TEA]) == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('RestrictStartDate="2005-03-01"', 'RestrictStartDate="2005-02-30"', "is not a day"),
        ('RestrictEndDate="2012-01-01"', 'RestrictEndDate="9999-12-31"', "is a placeholder"),
        ("id/ukpga/2001/99", "id/ukpga", "names no work"),
        ("<Legislation ", "<Law ", "not well-formed"),
        ('id="section-3"', 'id="section-2" RestrictStartDate="2005-03-01"', "two texts of s 2"),
        ("2011-06-30", "2011-06-31", "is not a day"),
    ],
)
def test_unreadable_file_is_one_fault_and_the_rest_loads(
    copy: Path, old: str, new: str, problem: str
) -> None:
    change(copy / "tea-act-2010-01-01.xml", old, new)
    if "section-2" in new:
        change(copy / "tea-act-2010-01-01.xml", '<P1group Status="Prospective">', "<P1group>")
    faults: list[SourceError] = []
    loaded = list(Clml(copy).works(faults.append))
    assert [fault.place.file.endswith("tea-act-2010-01-01.xml") for fault in faults] == [True]
    assert problem in str(faults[0])
    assert len(loaded) == 2


# The real files -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> tuple[dict[str, WorkHistory], list[SourceError]]:
    faults: list[SourceError] = []
    histories = Clml(shared("uk-clml-samples")).works(faults.append)
    return {history.work.id: history for history in histories}, faults


Real = tuple[dict[str, WorkHistory], list[SourceError]]


@pytest.mark.corpora
def test_real_files_load_or_say_why_not(real: Real) -> None:
    loaded, faults = real
    assert len({v.source.file for h in loaded.values() for v in h.versions}) == 20
    assert {Path(fault.place.file).name for fault in faults} == {
        "asp-2005-10-metadata.xml",
        "mwa-2010-5-metadata.xml",
        "ukpga-2006-37-metadata.xml",
        "ukpga-2007-29-metadata.xml",
        "uksi-2013-572-metadata.xml",
        "uksi-2019-1402-metadata.xml",
    }
    assert all("holds no text of" in fault.problem for fault in faults)
    assert [violations(history) for history in loaded.values()] == [()] * 19


@pytest.mark.corpora
def test_trap_13_parallel_texts_by_territory(real: Real) -> None:
    act = real[0]["uk/ukpga-1985-67"]
    assert isinstance(ask(act, "s 6", "2007-09-01"), Ambiguous)
    english, scottish = (ask(act, "s 6", "2007-09-01", extent=e) for e in ("E", "S"))
    assert "subsection (1A)" in text(english)
    assert "subsection (1A)" not in text(scottish)
    assert isinstance(scottish, Version)
    assert (scottish.extent, scottish.valid_from) == ("S", date(2005, 7, 24))
    assert isinstance(ask(act, "s 6", "2007-08-31", extent="E"), CoverageGap)


@pytest.mark.corpora
def test_trap_14_end_date_is_exclusive(real: Real) -> None:
    duty = ask(real[0]["uk/ukpga-1995-50"], "s 1", "2010-09-30")
    assert isinstance(duty, Version)
    assert duty.valid_to == date(2010, 10, 1)
    assert isinstance(ask(real[0]["uk/ukpga-1995-50"], "s 1", "2010-10-01"), CoverageGap)


@pytest.mark.corpora
def test_one_provision_at_two_points_in_time_is_one_history(real: Real) -> None:
    act = real[0]["uk/ukpga-2000-38"]
    before, after = (ask(act, "s 19", day) for day in ("2021-06-28", "2021-06-29"))
    assert isinstance(before, Version)
    assert isinstance(after, Version)
    assert before.provision_id == after.provision_id
    assert (before.ended, before.valid_to) == (EndReason.SUPERSEDED, after.valid_from)


@pytest.mark.corpora
def test_provisions_that_commence_later_are_not_in_force_before(real: Real) -> None:
    act = real[0]["uk/anaw-2018-1"]
    assert isinstance(ask(act, "s 6", "2019-01-25"), NotYetInForce)
    assert isinstance(ask(act, "s 6", "2019-01-26"), Version)
    assert isinstance(ask(act, "s 2", "2018-03-25"), Version)
    assert isinstance(ask(act, "s 2", "2018-03-24"), NotYetInForce)
