"""Sixteen Estonian acts, read by configuration alone, on the real bundle."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from corpus.act_report import Observation
from corpus.errors import SourceError
from corpus.invariants import violations
from corpus.model import Provision, Version, WorkHistory
from corpus.provision_numbers import label_key
from corpus.resolve import CoverageGap, NotYetInForce, Repealed, Resolution, resolve
from corpus.sources.git.commit_snapshots import CommitState, StateReader, dated
from corpus.sources.git.git_history import GitHistory, Revision, open_history
from corpus.sources.git.git_markdown import GitMarkdown
from corpus.sources.git.markdown_dialect import Dialect, read_dialect

REAL = Path(__file__).parents[2] / "../shared/corpora/ee-riigiteataja-git"
PENAL, WASTE, ALCOHOL = "ee/184411", "ee/749804", "ee/193188"
GAZETTE, PROPERTY, EQUAL = "ee/13310801", "ee/22252", "ee/13096445"

pytestmark = [pytest.mark.corpora, pytest.mark.slow]


def _raise(error: SourceError) -> None:
    raise error


@pytest.fixture(scope="session")
def bundle() -> Path:
    if not REAL.is_dir():
        pytest.skip("needs the shared corpora: ee-riigiteataja-git is not beside the repository")
    return REAL / "ee-acts.bundle"


@pytest.fixture(scope="session")
def estonia(bundle: Path) -> dict[str, WorkHistory]:
    source = GitMarkdown(bundle, read_dialect("ee"))
    return {history.work.id: history for history in source.works(_raise)}


@pytest.fixture(scope="session")
def all_states(bundle: Path) -> list[CommitState]:
    dialect = read_dialect("ee")
    with open_history(bundle, dialect.branch) as history:
        acts = history.revisions(dialect.files).values()
        return [state for act in acts for state in read_states(act, history, dialect)]


def read_states(
    act: list[Revision], history: GitHistory, dialect: Dialect
) -> Iterator[CommitState]:
    reader = StateReader(history, dialect, Observation())
    found, _ = dated(act, history, dialect, Observation())
    for each in found:
        state = reader.read(each)
        assert state is not None
        yield state


def section(history: WorkHistory, label: str, day: date) -> Provision:
    key = label_key(label)
    (provision,) = [
        p
        for p in history.provisions
        if any(label_key(n.text) == key and day in n.valid for n in p.labels)
    ]
    return provision


def law(history: WorkHistory, label: str, day: date, known_at: date | None = None) -> Resolution:
    return resolve(history.of(section(history, label, day)), day, known_at)


def test_sixteen_acts_and_679_versions(
    estonia: dict[str, WorkHistory], all_states: list[CommitState]
) -> None:
    assert (len(estonia), len(all_states)) == (16, 679)
    for history in estonia.values():
        assert violations(history) == ()
        assert history.provisions


def test_trap_10_seven_versions_were_published_after_they_took_effect(
    all_states: list[CommitState],
) -> None:
    late = {
        (Path(s.revision.path).stem, str(s.day), str(s.published))
        for s in all_states
        if s.published is not None and s.published > s.day
    }
    assert late == {
        ("193188", "2023-07-01", "2023-09-28"),
        ("749804", "2023-07-01", "2023-12-30"),
        ("13310801", "2025-01-01", "2025-03-14"),
        ("22252", "2012-04-17", "2012-04-23"),
        ("184411", "2011-06-21", "2011-06-30"),
        ("184411", "2015-09-23", "2015-09-25"),
        ("184411", "2002-09-01", "2002-10-21"),
    }


@pytest.mark.parametrize(
    ("act", "took_effect", "published"),
    [
        (ALCOHOL, date(2023, 7, 1), date(2023, 9, 28)),
        (WASTE, date(2023, 7, 1), date(2023, 12, 30)),
        (GAZETTE, date(2025, 1, 1), date(2025, 3, 14)),
        (PROPERTY, date(2012, 4, 17), date(2012, 4, 23)),
        (PENAL, date(2011, 6, 21), date(2011, 6, 30)),
    ],
)
def test_trap_10_before_a_late_publication_the_older_text_was_the_law_as_known(
    estonia: dict[str, WorkHistory], act: str, took_effect: date, published: date
) -> None:
    history = estonia[act]
    late = [v for v in history.versions if (v.valid_from, v.published) == (took_effect, published)]
    for provision_id in {v.provision_id for v in late}:
        provision = next(p for p in history.provisions if p.id == provision_id)
        eve = date.fromordinal(published.toordinal() - 1)
        older = resolve(history.of(provision), took_effect, eve)
        newer = resolve(history.of(provision), took_effect, published)
        assert isinstance(older, Version)
        assert isinstance(newer, Version)
        assert older.valid_from is not None
        assert older.valid_from < took_effect == newer.valid_from
        assert older.text != newer.text


def test_later_state_known_first_holds_for_its_own_day(estonia: dict[str, WorkHistory]) -> None:
    """Waste Act s 23: the state of 2024 was published nine months before that of 2023-07."""
    known = date(2023, 9, 1)
    before = law(estonia[WASTE], "§ 23", date(2023, 12, 31), known)
    after = law(estonia[WASTE], "§ 23", date(2024, 1, 1), known)
    now = law(estonia[WASTE], "§ 23", date(2023, 12, 31))
    assert isinstance(before, Version)
    assert isinstance(after, Version)
    assert isinstance(now, Version)
    assert before.text != after.text == now.text


def test_trap_4_placeholder_publication_is_unknown_and_kept(
    estonia: dict[str, WorkHistory], all_states: list[CommitState]
) -> None:
    kept = [s for s in all_states if s.upstream.get("publication_date") == "1900-01-01"]
    with (REAL / "versions/index.csv").open(encoding="utf-8", newline="") as file:
        listed = [row for row in csv.DictReader(file) if row["publication_date"] == "1900-01-01"]
    assert len(kept) == len(listed) > 100
    assert all(s.published is None for s in kept)
    rows = [v for h in estonia.values() for v in h.versions if "publication_date" in v.upstream]
    assert rows
    assert all(v.known_from is None or v.known_from.year > 2000 for v in rows)


@pytest.mark.parametrize(
    ("act", "latest"),
    [(EQUAL, date(2038, 12, 31)), ("ee/27442", date(2037, 1, 1)), (WASTE, date(2031, 1, 1))],
)
def test_versions_of_the_far_future_are_kept(
    estonia: dict[str, WorkHistory], act: str, latest: date
) -> None:
    days = [v.valid_from for v in estonia[act].versions if v.valid_from]
    ends = [v.valid_to for v in estonia[act].versions if v.valid_to]
    assert max(*days, *ends) == latest


def test_raised_numbers_are_sections_of_their_own(estonia: dict[str, WorkHistory]) -> None:
    day = date(2015, 1, 1)
    assert section(estonia[PENAL], "§ 87¹", day) != section(estonia[PENAL], "§ 87", day)
    labels = {n.text for h in estonia.values() for p in h.provisions for n in p.labels}
    assert not [label for label in labels if "<" in label]
    assert not [v.id for h in estonia.values() for v in h.versions if "<sup>" in v.text]


def test_lex_mitior_reads_as_its_gazette_prints_it(estonia: dict[str, WorkHistory]) -> None:
    found = law(estonia[PENAL], "§ 5", date(2024, 1, 1))
    assert isinstance(found, Version)
    assert found.heading == "Karistusseaduse ajaline kehtivus"
    assert found.text.split("\n")[0].startswith("(1) Karistus mõistetakse teo toimepanemise ajal")


def test_superseded_status_is_not_a_repeal(estonia: dict[str, WorkHistory]) -> None:
    """All but the newest versions say ``status: repealed``."""
    assert isinstance(law(estonia[PENAL], "§ 1", date(2005, 1, 1)), Version)


def test_section_emptied_by_repeal_is_repealed(estonia: dict[str, WorkHistory]) -> None:
    found = law(estonia[PENAL], "§ 176", date(2024, 1, 1))
    assert isinstance(found, Repealed)


def test_record_starts_at_the_origin_or_says_nothing_before_it(
    estonia: dict[str, WorkHistory],
) -> None:
    day = date(2001, 1, 1)
    penal = estonia[PENAL]
    assert isinstance(
        resolve(penal.of(section(penal, "§ 1", date(2010, 1, 1))), day), NotYetInForce
    )
    owned = estonia[PROPERTY]
    assert isinstance(resolve(owned.of(section(owned, "§ 1", date(2010, 1, 1))), day), CoverageGap)


def test_months_between_two_versions_of_the_property_act_are_a_gap(
    estonia: dict[str, WorkHistory],
) -> None:
    """One version ends on 2005-09-14, the next begins on 2005-11-15."""
    history = estonia[PROPERTY]
    assert isinstance(law(history, "§ 1", date(2005, 9, 14)), Version)
    assert isinstance(law(history, "§ 1", date(2005, 10, 1)), CoverageGap)
    assert isinstance(law(history, "§ 1", date(2005, 11, 15)), Version)


def test_short_titles_are_aliases(estonia: dict[str, WorkHistory]) -> None:
    assert estonia[PENAL].work.aliases == ("KarS",)
    excise = estonia["ee/234992"].work
    assert "ATKEAS" in excise.aliases
    assert "Alkoholi-, tubaka- ja kütuseaktsiisi seadus" in excise.aliases


@pytest.mark.parametrize(("outer", "inner"), [("§ 244", "§ 245"), ("§ 270", "§ 271")])
def test_two_sections_that_the_source_prints_inside_others_are_a_gap(
    estonia: dict[str, WorkHistory], outer: str, inner: str
) -> None:
    """The text of 2005-07-21 prints two wordings of ``inner`` inside ``outer``."""
    code = estonia[PENAL]
    for label in (outer, inner):
        assert isinstance(law(code, label, date(2005, 8, 1)), CoverageGap)
        assert isinstance(law(code, label, date(2005, 7, 20)), Version)
        assert isinstance(law(code, label, date(2010, 1, 1)), Version)
