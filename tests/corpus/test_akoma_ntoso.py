from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import SourceError
from corpus.invariants import violations
from corpus.model import Commencement, EndReason, Version, WorkHistory
from corpus.resolve import CoverageGap, NotYetInForce, Repealed
from corpus.sources.legaldocml.akoma_ntoso import AkomaNtoso
from tests.corpus.xml_sources import GOLDEN, ask, assert_rows, change, no_fault, shared, text


def golden(folder: Path = GOLDEN / "akoma_ntoso") -> WorkHistory:
    (history,) = AkomaNtoso(folder).works(no_fault)
    return history


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the golden folder that a test may damage."""
    return Path(shutil.copytree(GOLDEN / "akoma_ntoso", tmp_path / "akn"))


def test_golden_rows(tmp_path: Path) -> None:
    assert_rows([golden()], "akoma_ntoso", tmp_path)
    assert violations(golden()) == ()


def test_expression_takes_over_on_its_day() -> None:
    assert "Blatt" in text(ask(golden(), "§ 1", "2005-05-31"))
    assert "Aufguss" in text(ask(golden(), "§ 1", "2005-06-01"))


def test_expression_not_yet_published_is_not_known() -> None:
    assert "Blatt" in text(ask(golden(), "§ 1", "2005-06-01", known_at="2005-05-19"))


def test_day_of_entry_into_force_begins_the_work() -> None:
    early = ask(golden(), "§ 1", "1999-01-31")
    assert isinstance(early, NotYetInForce)
    assert early.starts == date(1999, 2, 1)
    assert "Blatt" in text(ask(golden(), "§ 1", "1999-02-01"))


def test_placeholder_entry_into_force_is_a_day_to_be_fixed() -> None:
    iced = ask(golden(), "§ 2", "2000-01-01", known_at="2000-01-01")
    assert isinstance(iced, NotYetInForce)
    assert iced.condition is not None
    assert "2999-12-31" in iced.condition
    assert iced.next_version.commencement is Commencement.TO_BE_FIXED


def test_placeholder_of_an_unmade_file_is_kept_with_the_reason() -> None:
    version = ask(golden(), "§ 1", "2005-06-01")
    assert isinstance(version, Version)
    assert version.upstream["FRBRManifestation/FRBRdate"] == "2999-12-31"


def test_hole_between_two_intervals_is_a_suspension() -> None:
    gone = ask(golden(), "§ 3", "2003-01-01")
    assert isinstance(gone, Repealed)
    assert (gone.how, gone.revived) == (EndReason.SUSPENDED, date(2004, 1, 1))


def test_provision_missing_from_the_next_expression_is_repealed() -> None:
    gone = ask(golden(), "§ 3", "2005-06-01")
    assert isinstance(gone, Repealed)
    assert gone.how is EndReason.REPEALED
    assert isinstance(ask(golden(), "§ 3", "2005-06-01", known_at="2005-01-01"), Version)


def test_repeal_event_ends_by_repeal(copy: Path) -> None:
    change(copy / "teeg-1999.xml", 'end="#e4"', 'end="#e5"')
    change(
        copy / "teeg-1999.xml",
        '<akn:timeInterval start="#e5" end="#e3" refersTo="geltungszeit"/>',
        "",
    )
    change(
        copy / "teeg-1999.xml",
        'date="2004-01-01" type="generation"',
        'date="2004-01-01" type="repeal"',
    )
    gone = ask(golden(copy), "§ 3", "2004-01-01")
    assert isinstance(gone, Repealed)
    assert gone.how is EndReason.REPEALED


def test_application_later_than_force_is_kept_apart() -> None:
    sugar = ask(golden(), "§ 4", "1999-03-01")
    assert isinstance(sugar, Version)
    assert sugar.applies_from == date(1999, 8, 1)


def test_period_of_what_lies_around_holds_within(copy: Path) -> None:
    change(copy / "teeg-1999.xml", ' period="#g3"', "")
    change(copy / "teeg-1999.xml", "<akn:body>", '<akn:body period="#g3">')
    assert isinstance(ask(golden(copy), "§ 3", "2003-06-01"), Repealed)


def test_text_without_any_day_is_undated(copy: Path) -> None:
    for name in ("teeg-1999.xml", "teeg-2005.xml"):
        change(copy / name, 'refersTo="inkrafttreten"', 'refersTo="sonstiges"')
        for group in ("#g1", "#g4"):
            change(copy / name, f' period="{group}"', "")
    versions = [v for v in golden(copy).versions if v.source.locator == "art-1"]
    assert {v.commencement for v in versions} == {Commencement.UNKNOWN}
    assert isinstance(ask(golden(copy), "§ 1", "2000-01-01"), CoverageGap)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('start="#e2"', 'start="#e9"', "'#e9' refers to nothing in the file"),
        ('period="#g1"', 'period="#g9"', "'#g9' refers to nothing in the file"),
        ('start="#e2" end="#e4"', 'start="#e2" duration="P1Y"', "with a duration are not read"),
        ('date="1999-02-01"', 'date="1999-02-31"', "'1999-02-31' is not a day"),
        ("<akn:num> § 1 </akn:num>", "", "bears no number"),
        ("§ 2</akn:num>", "§ 1</akn:num>", "two texts of § 1"),
        ('end="#e4"', 'end="#e1"', "ends on 1999-01-05 but starts on 1999-02-01"),
        ("<akn:docTitle>Gesetz über den Tee</akn:docTitle>", "", "docTitle"),
        ("akn:article", "akn:chapter", "holds no article"),
        ("akomaNtoso", "law", "not an Akoma Ntoso document"),
        ("1999/s7/1999-01-05/", "1999/s7/9999-12-31/", "is a placeholder"),
    ],
)
def test_unreadable_file_is_one_fault_and_the_rest_loads(
    copy: Path, old: str, new: str, problem: str
) -> None:
    change(copy / "teeg-1999.xml", old, new)
    if "§ 2" in old:
        change(copy / "teeg-1999.xml", 'period="#g2"', 'period="#g1"')
    faults: list[SourceError] = []
    (history,) = AkomaNtoso(copy).works(faults.append)
    assert [Path(fault.place.file).name for fault in faults] == ["teeg-1999.xml"]
    assert problem in str(faults[0])
    assert {v.source.file for v in history.versions} == {"teeg-2005.xml"}


# The real files -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> dict[str, WorkHistory]:
    works = AkomaNtoso(shared("de-ldml-akn")).works(no_fault)
    return {history.work.id: history for history in works}


@pytest.mark.corpora
def test_real_files_load_without_fault_or_violation(real: dict[str, WorkHistory]) -> None:
    assert set(real) == {"de/bgbl-1-1964-s593", "de/bgbl-1-2017-s419", "de/bgbl-1-2017-s593"}
    assert [violations(history) for history in real.values()] == [(), (), ()]
    assert real["de/bgbl-1-1964-s593"].work.citation == "BGBl. I 1964 S. 593"
    assert real["de/bgbl-1-1964-s593"].work.aliases == ("Vereinsgesetz",)


@pytest.mark.corpora
def test_trap_5_signing_is_not_commencement(real: dict[str, WorkHistory]) -> None:
    act = real["de/bgbl-1-1964-s593"]
    assert isinstance(ask(act, "§ 20", "1964-08-05"), NotYetInForce)
    assert isinstance(ask(act, "§ 20", "1964-09-20"), NotYetInForce)
    assert isinstance(ask(act, "§ 20", "1964-09-21"), Version)


@pytest.mark.corpora
def test_trap_4_placeholder_2999_never_becomes_a_date(real: dict[str, WorkHistory]) -> None:
    held = {
        day
        for history in real.values()
        for version in history.versions
        for day in (version.valid_from, version.valid_to, version.known_from, version.published)
        if day is not None
    }
    assert max(held) < date(2023, 1, 1)
    amending = real["de/bgbl-1-2017-s419"]
    assert isinstance(ask(amending, "Artikel 1", "2017-03-16"), Version)
    assert isinstance(ask(amending, "Artikel 1", "2022-08-24"), CoverageGap)


DEAD = '<akn:timeInterval start="#e5" end="#e4" refersTo="geltungszeit"/>'


@pytest.mark.parametrize(
    ("group", "article"),
    [("g1", "art-1"), ("g4", "art-4"), ("g3", "art-3")],
)
@pytest.mark.parametrize("after", [True, False])
def test_text_replaced_before_it_began_is_left_out_alone(
    copy: Path, group: str, article: str, after: bool
) -> None:
    straight = golden(copy)
    start = f'<akn:temporalGroup eId="{group}">'
    file = copy / "teeg-1999.xml"
    if after:
        before, found, rest = file.read_text(encoding="utf-8").partition(start)
        held, end, rest = rest.partition("</akn:temporalGroup>")
        file.write_text(before + found + held + DEAD + end + rest, encoding="utf-8")
    else:
        change(file, start, start + DEAD)
    faults: list[SourceError] = []
    source = AkomaNtoso(copy)
    (history,) = source.works(faults.append)
    assert faults == []
    texts = [v.text for v in history.versions]
    assert texts == [v.text for v in straight.versions]
    assert [v.valid_from for v in history.versions] == [v.valid_from for v in straight.versions]
    seen = source.observed(history.work.id)
    assert seen is not None
    (remark,) = seen.refused
    assert "ends on 2003-01-01 but starts on 2004-01-01: it was never in force" in remark.problem
    assert article in remark.place
