from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import SourceError
from corpus.invariants import violations
from corpus.model import Commencement, DateBasis, EndReason, Version, WorkHistory
from corpus.resolve import CoverageGap, NotYetInForce, Repealed
from corpus.sources.overlay import BUILT_IN
from corpus.sources.regml.regml import Regml
from tests.corpus.xml_sources import GOLDEN, ask, assert_rows, change, no_fault, shared, text

REGML = GOLDEN / "regml"
OVERLAY = REGML / "overlay.toml"


# The golden pair ----------------------------------------------------------------------------------


def golden(folder: Path = REGML) -> WorkHistory:
    (history,) = Regml(folder, OVERLAY).works(no_fault)
    return history


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the golden folder that a test may damage."""
    return Path(shutil.copytree(REGML, tmp_path / "regml"))


def test_golden_rows(tmp_path: Path) -> None:
    assert_rows([golden()], "regml", tmp_path)
    assert violations(golden()) == ()


def test_of_two_documents_of_one_day_the_later_published_holds() -> None:
    assert "$250" in text(ask(golden(), "§ 9001.1", "2003-01-01"))
    assert "$100" in text(ask(golden(), "§ 9001.1", "2002-12-31"))


def test_text_superseded_before_its_day_answers_for_what_was_known() -> None:
    assert "$200" in text(ask(golden(), "§ 9001.1", "2003-01-01", known_at="2002-01-31"))
    assert "$100" in text(ask(golden(), "§ 9001.1", "2003-01-01", known_at="2001-05-31"))


def test_order_of_amendment_beats_order_of_publication(copy: Path) -> None:
    for kind in ("regulation", "notice"):
        change(copy / kind / "9001/2002-300.xml", "/2002/02/01/", "/2001/02/01/")
    assert "$250" in text(ask(golden(copy), "§ 9001.1", "2003-01-01"))


def test_missing_text_is_rebuilt_from_its_notice() -> None:
    rebuilt = ask(golden(), "§ 9001.2", "2004-01-01")
    assert isinstance(rebuilt, Version)
    assert rebuilt.text.splitlines() == [
        "(a) A wet or torn umbrella is returned within:",
        "(1) One day in summer; or",
        "(2) Three days in winter.",
        "(b) A dry one may be kept for a week.",
    ]
    assert rebuilt.note is not None
    assert "2003-400" in rebuilt.note
    assert isinstance(ask(golden(), "§ 9001.3", "2004-01-01"), Repealed)


def test_missing_text_whose_notice_does_not_fit_is_a_gap_and_a_fault(copy: Path) -> None:
    change(
        copy / "notice/9001/2003-400.xml",
        'operation="deleted" label="9001-3"',
        'operation="deleted" label="9001-33"',
    )
    (copy / "notice/9001/2004-500.xml").unlink()
    faults: list[SourceError] = []
    (history,) = Regml(copy, OVERLAY).works(faults.append)
    assert [(f.place.line, f.problem) for f in faults] == [
        (20, "needs 9001-33, which the text lacks")
    ]
    assert isinstance(ask(history, "§ 9001.2", "2004-01-01"), CoverageGap)
    assert "Two days" in text(ask(history, "§ 9001.2", "2003-12-31"))
    assert violations(history) == ()


def test_gap_ends_with_the_next_whole_text(copy: Path) -> None:
    whole = (copy / "regulation/9001/2002-300.xml").read_text(encoding="utf-8")
    whole = whole.replace("2002-300", "2004-600").replace("2003-01-01", "2004-07-01")
    whole = whole.replace("2002/02/01", "2004/05/01").replace("Two days", "Four days")
    (copy / "regulation/9001/2004-600.xml").write_text(whole, encoding="utf-8")
    (copy / "notice/9001/2004-500.xml").unlink()
    change(copy / "notice/9001/2003-400.xml", 'operation="deleted"', 'operation="burnt"')
    faults: list[SourceError] = []
    (history,) = Regml(copy, OVERLAY).works(faults.append)
    assert len(faults) == 1
    assert len(history.coverage) == 2
    assert isinstance(ask(history, "§ 9001.2", "2004-06-30"), CoverageGap)
    assert "Four days" in text(ask(history, "§ 9001.2", "2004-07-01"))
    assert "$250" in text(ask(history, "§ 9001.1", "2004-07-01"))
    assert violations(history) == ()


def test_unreadable_text_is_a_fault_and_rebuilt(copy: Path) -> None:
    path = copy / "regulation/9001/2001-200.xml"
    path.write_text(path.read_text(encoding="utf-8")[:900], encoding="utf-8")
    change(copy / "notice/9001/2001-200.xml", "2030-01-01", "2003-01-01")
    faults: list[SourceError] = []
    (history,) = Regml(copy, OVERLAY).works(faults.append)
    assert [Path(f.place.file).name for f in faults] == ["2001-200.xml"]
    assert "$200" in text(ask(history, "§ 9001.1", "2003-01-01", known_at="2002-01-31"))


def test_document_with_no_readable_file_leaves_the_part_out(copy: Path) -> None:
    (copy / "notice/9001/2003-400.xml").write_text("<notice", encoding="utf-8")
    faults: list[SourceError] = []
    assert list(Regml(copy, OVERLAY).works(faults.append)) == []
    assert "2003-400.xml" in str(faults[0])


def test_document_that_amends_an_absent_one_leaves_the_part_out(copy: Path) -> None:
    change(copy / "notice/9001/2003-400.xml", "left", 'leftDocumentNumber="1999-1" x')
    with pytest.raises(SourceError, match="amends 1999-1, which is not in the folder"):
        golden(copy)


def test_documents_that_amend_each_other_have_no_order(copy: Path) -> None:
    change(copy / "notice/9001/2001-200.xml", '2000-100" r', '2002-300" r')
    with pytest.raises(SourceError, match="in a circle: 2001-200, 2002-300"):
        golden(copy)


def test_text_never_takes_effect_before_one_that_it_builds_on(copy: Path) -> None:
    for kind in ("regulation", "notice"):
        change(
            copy / kind / "9001/2002-300.xml",
            "<effectiveDate>2003-01-01",
            "<effectiveDate>2002-12-24",
        )
    version = ask(golden(copy), "§ 9001.1", "2003-01-01")
    assert isinstance(version, Version)
    assert "$250" in version.text
    assert version.valid_from == date(2003, 1, 1)
    assert version.upstream["effectiveDate"] == "2002-12-24"
    assert "$100" in text(ask(golden(copy), "§ 9001.1", "2002-12-31"))


def test_corrected_date_keeps_the_upstream_one_and_the_reason() -> None:
    (version,) = (v for v in golden().versions if "$200" in v.text)
    assert version.valid_from == date(2003, 1, 1)
    assert version.date_basis is DateBasis.OVERLAY
    assert version.upstream["effectiveDate"] == "2030-01-01"
    assert version.upstream["effectiveDate corrected because"] == (
        "the document says so itself (the test)"
    )


def test_stale_correction_is_reported(copy: Path) -> None:
    change(
        copy / "regulation/9001/2001-200.xml",
        "<effectiveDate>2030-01-01",
        "<effectiveDate>2003-02-01",
    )
    with pytest.raises(SourceError, match="not what the overlay corrects"):
        golden(copy)


def test_publication_that_repeats_the_effect_is_not_believed(copy: Path) -> None:
    change(copy / "regulation/9001/2000-100.xml", "/2000/12/01/", "/")
    first = ask(golden(copy), "§ 9001.1", "2001-01-01")
    assert isinstance(first, Version)
    assert first.published is None
    assert first.upstream["fdsys/date"] == "2001-01-01"


def test_text_after_the_record_ends_is_announced_without_a_day() -> None:
    later = ask(golden(), "§ 9001.4", "2004-12-31")
    assert isinstance(later, NotYetInForce)
    assert later.next_version.commencement is Commencement.TO_BE_FIXED
    assert later.condition is not None
    assert "2006-01-01" in later.condition
    assert isinstance(ask(golden(), "§ 9001.4", "2006-01-01"), CoverageGap)


def test_record_ends_with_the_snapshot() -> None:
    last = ask(golden(), "§ 9001.1", "2004-12-31")
    assert isinstance(last, Version)
    assert last.ended is EndReason.UNKNOWN
    assert isinstance(ask(golden(), "§ 9001.1", "2005-01-01"), CoverageGap)


def test_without_the_day_of_the_copy_the_record_ends_with_the_newest_document(
    tmp_path: Path,
) -> None:
    (tmp_path / "o.toml").write_text("", encoding="utf-8")
    (history,) = Regml(REGML, tmp_path / "o.toml").works(no_fault)
    assert history.coverage[-1].covered_to == date(2004, 5, 4)
    assert isinstance(ask(history, "§ 9001.1", "2004-05-04"), CoverageGap)
    assert isinstance(ask(history, "§ 9001.1", "2004-05-03"), Version)


def test_document_published_after_the_snapshot_shows_a_newer_copy(tmp_path: Path) -> None:
    overlay = (OVERLAY).read_text(encoding="utf-8")
    (tmp_path / "o.toml").write_text(overlay.replace("2005-01-01", "2003-06-01"), encoding="utf-8")
    (history,) = Regml(REGML, tmp_path / "o.toml").works(no_fault)
    assert "$250" in text(ask(history, "§ 9001.1", "2004-01-01"))


@pytest.mark.parametrize("year", ["2019", "2021", "2025", "2030", "2050"])
def test_copy_newer_than_the_built_in_overlay_is_read(copy: Path, year: str) -> None:
    """Nothing of the day of one copy applies to another."""
    (copy / "overlay.toml").unlink()
    for kind in ("regulation", "notice"):
        change(copy / kind / "9001/2001-200.xml", "2030-01-01", "2003-01-01")
    for path in copy.rglob("*.xml"):
        written = path.read_text(encoding="utf-8").replace("2003-09-01", f"{year}-09-01")
        written = written.replace("2003/09/01", f"{year}/09/01")
        path.write_text(written.replace("2004-01-01", f"{int(year) + 1}-01-01"), encoding="utf-8")
    faults: list[SourceError] = []
    (history,) = Regml(copy).works(faults.append)
    assert faults == []
    assert "$250" in text(ask(history, "§ 9001.1", "2018-07-03"))


@pytest.mark.parametrize("shift", [1, 5, 10, 15, 30])
def test_link_that_contradicts_both_days_does_not_beat_them(copy: Path, shift: int) -> None:
    """2004-500 cannot amend a document that came out and took effect years after it."""
    path = copy / "notice/9001/2003-400.xml"
    written = path.read_text(encoding="utf-8").replace("2003-09-01", f"{2006 + shift}-09-01")
    written = written.replace("2003/09/01", f"{2006 + shift}/09/01")
    path.write_text(written.replace("2004-01-01", f"{2007 + shift}-01-01"), encoding="utf-8")
    overlay = (copy / "overlay.toml").read_text(encoding="utf-8")
    (copy / "overlay.toml").write_text(overlay.replace("2005-01-01", "2050-01-01"))
    source = Regml(copy)
    (history,) = source.works(no_fault)
    seen = source.observed(history.work.id)
    assert seen is not None
    assert "2004-500 of 2004-05-03" in seen.refused[0].problem
    first = next(v for v in history.versions if v.introduced_by == "FR Doc. 2004-500")
    assert (first.valid_from, first.known_from) == (date(2006, 1, 1), date(2004, 5, 3))
    assert violations(history) == ()


def test_overlay_of_the_folder_is_taken_before_the_built_in_one(copy: Path) -> None:
    assert list(Regml(copy).works(no_fault)) == [golden()]


def test_kinds_of_units_are_told_apart() -> None:
    from corpus.sources.regml.regml_text import _name

    keys = ["1005-33", "1005-33-Interp", "1005-A", "1005-A-Interp", "1005-Interp", "1005-Interp-h1"]
    kinds = ["section", "comment", "appendix", "comment", "supplement", "supplement"]
    assert [_name(key)[0] for key in keys] == kinds


def test_distrusted_text_is_said_not_to_be_held(copy: Path, tmp_path: Path) -> None:
    overlay = (OVERLAY).read_text(encoding="utf-8")
    doubt = 'reason = "anachronism"\nby = "the test"\n'
    (tmp_path / "o.toml").write_text(
        f'{overlay}\n[[distrust]]\nfile = "regulation/9001/2000-100.xml"\n'
        f'units = ["9001-1"]\nuse = "nothing"\n{doubt}'
        f'\n[[distrust]]\nfile = "regulation/9001/2002-300.xml"\n'
        f'units = ["9001-1"]\nuse = "notice"\n{doubt}',
        encoding="utf-8",
    )
    change(copy / "regulation/9001/2002-300.xml", "below $250", "below $999")
    (history,) = Regml(copy, tmp_path / "o.toml").works(no_fault)
    assert isinstance(ask(history, "§ 9001.1", "2002-06-01"), CoverageGap)
    assert "$250" in text(ask(history, "§ 9001.1", "2003-06-01"))
    assert violations(history) == ()


def test_fingerprint_follows_bytes_and_overlay(copy: Path, tmp_path: Path) -> None:
    same = Regml(REGML, OVERLAY).fingerprint()
    assert Regml(copy, OVERLAY).fingerprint() == same
    overlay = (OVERLAY).read_text(encoding="utf-8")
    (tmp_path / "o.toml").write_text(overlay.replace("the test", "me"), encoding="utf-8")
    assert Regml(copy, tmp_path / "o.toml").fingerprint() != same
    change(copy / "regulation/9001/2000-100.xml", "$100", "$101")
    assert Regml(copy, OVERLAY).fingerprint() != same


# The real files -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> Callable[[str], WorkHistory]:
    """Return the parts by number."""
    parts = {h.work.id.rsplit("-", 1)[1]: h for h in Regml(shared("us-cfpb-regml")).works(no_fault)}
    return parts.__getitem__


Real = Callable[[str], WorkHistory]


@pytest.mark.corpora
def test_real_parts_load_without_fault_or_violation(real: Real) -> None:
    counts = {part: len(real(part).provisions) for part in ("1002", "1005", "1013")}
    assert counts == {"1002": 39, "1005": 57, "1013": 23}
    assert [violations(real(part)) for part in counts] == [(), (), ()]
    files = {v.source.file for part in counts for v in real(part).versions}
    assert {f for f in files if f.startswith("notice")} == {
        f"notice/1005/{number}.xml" for number in ("2016-24503", "2017-08341", "2018-01305")
    }


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("year", "amount"),
    [
        (2011, "50,000"),
        (2012, "51,800"),
        (2013, "53,000"),
        (2014, "53,500"),
        (2015, "54,600"),
        (2016, "54,600"),
        (2017, "54,600"),
        (2018, "55,800"),
    ],
)
def test_threshold_of_regulation_m_by_year(real: Real, year: int, amount: str) -> None:
    day = f"{year}-12-31" if year < 2018 else "2018-06-30"
    lines = text(ask(real("1013"), "Comment 2", day)).splitlines()
    (stated,) = (line for line in lines if f"December 31, {year}, the threshold amount" in line)
    assert stated.endswith(f"${amount}.")


@pytest.mark.corpora
def test_trap_2_change_of_markup_is_no_version(real: Real) -> None:
    """Of part 1013 only the comments with the threshold changed in seven files."""
    texts: dict[str, set[str]] = {}
    for version in real("1013").versions:
        texts.setdefault(version.source.locator or "", set()).add(version.id)
    assert {key: len(ids) for key, ids in texts.items() if len(ids) > 1} == {"1013-2-Interp": 7}


@pytest.mark.corpora
def test_rebuilding_gives_the_text_that_the_publisher_prints(real: Real, tmp_path: Path) -> None:
    """Part 1013 from its first text and six notices is part 1013 from seven texts."""
    for path in shared("us-cfpb-regml").glob("*/1013/*.xml"):
        if path.parent.parent.name == "notice" or path.stem == "2011-31723":
            copy = tmp_path / path.parent.parent.name / "1013" / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (rebuilt,) = Regml(tmp_path, BUILT_IN / "us-cfpb-regml.toml").works(no_fault)
    printed = real("1013")
    assert [(v.id, v.text, v.valid) for v in rebuilt.versions] == [
        (v.id, v.text, v.valid) for v in printed.versions
    ]


@pytest.mark.corpora
def test_trap_9_five_documents_take_effect_on_one_day(real: Real) -> None:
    """The order is that of amendment; each earlier text answers for what was known before."""
    known = {
        "2012-07-09": "2012-1728",
        "2012-08-19": "2012-1728",
        "2012-08-20": "2012-19702",
        "2013-05-22": "2013-10604",
        "2013-08-14": "2013-19503",
    }
    for day, document in known.items():
        version = ask(real("1005"), "§ 1005.33", "2013-10-28", known_at=day)
        assert isinstance(version, Version)
        assert version.introduced_by == f"FR Doc. {document}"
    forms = ask(real("1005"), "Appendix A", "2013-10-28", known_at="2012-07-10")
    assert isinstance(forms, Version)
    assert forms.introduced_by == "FR Doc. 2012-16245"
    final = ask(real("1005"), "§ 1005.33", "2013-10-28")
    assert isinstance(final, Version)
    assert final.introduced_by == "FR Doc. 2013-19503"


@pytest.mark.corpora
def test_trap_11_one_document_takes_effect_on_two_days(real: Real) -> None:
    questions = ask(real("1002"), "§ 1002.5", "2018-01-01")
    assert isinstance(questions, Version)
    assert questions.introduced_by == "FR Doc. 2017-20417"
    assert questions.valid_from == date(2018, 1, 1)
    forms = [v for v in real("1002").versions if v.source.locator == "1002-B"]
    assert [v.commencement for v in forms if v.introduced_by == "FR Doc. 2017-20417"] == [
        Commencement.TO_BE_FIXED
    ]
    assert "2022-01-01" in (forms[-1].condition or "")


@pytest.mark.corpora
def test_trap_14_day_of_effect_belongs_to_the_new_text(real: Real) -> None:
    assert "53,500" not in text(ask(real("1013"), "Comment 2", "2013-12-31"))
    assert "53,500" in text(ask(real("1013"), "Comment 2", "2014-01-01"))


@pytest.mark.corpora
def test_trap_15_wrong_upstream_dates_are_kept_beside_the_right_ones(real: Real) -> None:
    version = ask(real("1002"), "Appendix A", "2014-01-10")
    assert isinstance(version, Version)
    assert version.introduced_by == "FR Doc. 2013-22752"
    assert version.published == date(2013, 10, 1)
    assert version.upstream["fdsys/date"] == "2013-01-10"
    assert "2013-10-01" in version.upstream["fdsys/date corrected because"]


@pytest.mark.corpora
def test_wrong_upstream_texts_are_not_served(real: Real) -> None:
    for label in ("§ 1002.4", "§ 1002.14", "Appendix A"):
        assert isinstance(ask(real("1002"), label, "2012-06-01"), CoverageGap)
    appraisals = ask(real("1002"), "Comment 14", "2017-01-01")
    assert isinstance(appraisals, Version)
    assert "Appraisal reviews that do not include" in appraisals.text
    assert "Computerized decisions" in text(ask(real("1002"), "Comment 12", "2018-06-01"))


@pytest.mark.corpora
def test_part_absent_from_the_snapshot_is_rebuilt(real: Real) -> None:
    prepaid = [v for v in real("1005").versions if v.source.locator == "1005-19"]
    assert [v.introduced_by for v in prepaid] == [
        f"FR Doc. {number}" for number in ("2016-24503", "2017-08341", "2018-01305")
    ]
    assert [v.known_from for v in prepaid] == [
        date(2016, 11, 22),
        date(2017, 4, 25),
        date(2018, 2, 13),
    ]
    assert prepaid[1].upstream["leftDocumentNumber"] == "2016-24506"
    openings = [line.split()[0] for line in prepaid[2].text.splitlines()]
    assert openings[openings.index("(b)") :][:8] == [
        "(b)", "(1)", "(i)", "(ii)", "(iii)", "(iv)", "(2)", "(i)",
    ]  # fmt: skip
