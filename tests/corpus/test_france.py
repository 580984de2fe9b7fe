"""The traps of the French codes, on the real bundle."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import SourceError
from corpus.invariants import violations
from corpus.model import Interval, Provision, Version, WorkHistory
from corpus.provision_numbers import label_key
from corpus.resolve import CoverageGap, NotYetInForce, Repealed, Resolution, resolve
from corpus.sources.git.git_markdown import GitMarkdown
from corpus.sources.git.markdown_dialect import read_dialect
from eval.bench import civil_code

REAL = Path(__file__).parents[2] / "../shared/corpora/fr-codes-git"
CIVIL, ELECTORAL = "fr/LEGITEXT000006070721", "fr/LEGITEXT000006070239"
MINORS, CONSTITUTION = "fr/LEGITEXT000039086952", "fr/LEGITEXT000006071194"
COINS, ADMINISTRATION = "fr/LEGITEXT000006070666", "fr/LEGITEXT000031366350"

pytestmark = [pytest.mark.corpora, pytest.mark.slow]


def _raise(error: SourceError) -> None:
    raise error


@pytest.fixture(scope="session")
def france() -> dict[str, WorkHistory]:
    if not REAL.is_dir():
        pytest.skip("needs the shared corpora: fr-codes-git is not beside the repository")
    source = GitMarkdown(REAL / "fr-codes.bundle", read_dialect("fr"))
    return {history.work.id: history for history in source.works(_raise)}


@pytest.fixture(scope="session")
def civil(france: dict[str, WorkHistory]) -> WorkHistory:
    return france[CIVIL]


def bearers(history: WorkHistory, label: str, day: date) -> list[Provision]:
    return [
        p
        for p in history.provisions
        if any(label_key(n.text) == label_key(label) and day in n.valid for n in p.labels)
    ]


def article(history: WorkHistory, label: str, day: date) -> Provision:
    (provision,) = bearers(history, label, day)
    return provision


def law(history: WorkHistory, label: str, day: date) -> Resolution:
    return resolve(history.of(article(history, label, day)), day)


def text(history: WorkHistory, label: str, day: date) -> str:
    found = law(history, label, day)
    assert isinstance(found, Version), found
    return found.text


def test_every_code_keeps_the_invariants(france: dict[str, WorkHistory]) -> None:
    assert len(france) == 6
    for history in france.values():
        assert violations(history) == ()


def test_every_article_version_agrees_or_has_a_cause(civil: WorkHistory) -> None:
    found = civil_code.compare(civil, REAL)
    assert (found.rows, found.agreeing) == (6_003, 5_841)
    assert Counter(cause for *_, cause in found.differing) == {
        "repeal marker": 122,
        "several texts": 36,
        "division title": 4,
    }
    assert Counter(cause for *_, cause in found.ours_only) == {
        "several texts": 74,
        "division title": 3,
    }


def test_comparison_notices_one_changed_word(civil: WorkHistory) -> None:
    changed = civil.versions[0].model_copy(update={"text": "Autre."})
    spoilt = civil.model_copy(update={"versions": (changed, *civil.versions[1:])})
    causes = Counter(cause for *_, cause in civil_code.compare(spoilt, REAL).differing)
    assert causes["unexplained"] == 1


def test_trap_8_1382_became_1240_on_2016_10_01(civil: WorkHistory) -> None:
    eve, day = date(2016, 9, 30), date(2016, 10, 1)
    tort = article(civil, "art. 1382", eve)
    assert article(civil, "art. 1240", day).id == tort.id
    assert [label.text for label in tort.labels] == ["Article 1382", "Article 1240"]
    assert text(civil, "1382", eve) == text(civil, "1240", day)
    assert text(civil, "1382", eve).startswith("Tout fait quelconque de l'homme")
    others = {article(civil, "1240", eve).id, article(civil, "1382", day).id, tort.id}
    assert len(others) == 3


@pytest.mark.parametrize(
    ("number", "day", "before", "after"),
    [
        ("144", date(2006, 4, 5), "la femme avant quinze ans", "avant dix-huit ans révolus"),
        ("144", date(2013, 5, 19), "L'homme et la femme", "Le mariage"),
        ("2224", date(2008, 6, 19), "peut être opposée en tout état de cause", "par cinq ans"),
        ("2262", date(2008, 6, 19), "par trente ans", "actes de pure faculté"),
    ],
)
def test_day_of_commencement_belongs_to_the_new_text(
    civil: WorkHistory, number: str, day: date, before: str, after: str
) -> None:
    assert before in text(civil, number, date.fromordinal(day.toordinal() - 1))
    assert after in text(civil, number, day)


def test_427_1_is_not_yet_in_force(civil: WorkHistory) -> None:
    found = resolve(civil.of(article(civil, "427-1", date(2026, 12, 31))), date(2026, 11, 1))
    assert isinstance(found, NotYetInForce)
    assert found.starts == date(2026, 12, 31)


def test_trap_1_bootstrap_union_is_dropped(civil: WorkHistory) -> None:
    """The union has 6,306 headings; no state of the code has more than 3,000 articles."""
    in_force = [v for v in civil.versions if v.in_force(date(1804, 3, 21))]
    assert 1_300 < len(in_force) < 2_300


def test_trap_3_dates_come_from_trailers_not_from_commits(civil: WorkHistory) -> None:
    starts = {v.valid_from for v in civil.versions if v.valid_from is not None}
    assert len([day for day in starts if day < date(1970, 1, 1)]) > 100
    assert date(1970, 1, 2) not in starts
    future = article(civil, "427-1", date(2026, 12, 31))
    assert [v.valid for v in civil.of(future).versions] == [Interval(start=date(2026, 12, 31))]


def test_trap_2_daily_snapshots_confirm_and_amend_nothing(france: dict[str, WorkHistory]) -> None:
    for work in (CIVIL, ADMINISTRATION, MINORS):
        (coverage,) = france[work].coverage
        assert coverage.checked == date(2026, 4, 3)
        days = {v.valid_from for v in france[work].versions if v.valid_from}
        assert not [day for day in days if date(2026, 3, 1) < day < date(2026, 12, 31)]


@pytest.mark.parametrize("number", ["L1", "L2", "LO 119"])
def test_trap_7_electoral_code_has_a_coverage_gap(
    france: dict[str, WorkHistory], number: str
) -> None:
    code = france[ELECTORAL]
    spans = [(c.covered_from, c.covered_to) for c in code.coverage]
    assert spans == [
        (date(1964, 10, 28), date(2000, 4, 23)),
        (date(2026, 4, 1), None),
    ]
    assert isinstance(law(code, number, date(2010, 1, 1)), CoverageGap)
    assert isinstance(law(code, number, date(2000, 4, 22)), Version)
    assert isinstance(law(code, number, date(2026, 4, 1)), Version)


def test_trap_7_nothing_is_in_force_within_the_gap(france: dict[str, WorkHistory]) -> None:
    assert not any(v.in_force(date(2010, 1, 1)) for v in france[ELECTORAL].versions)


def test_empty_bodies_never_become_text(france: dict[str, WorkHistory]) -> None:
    (coverage,) = france[MINORS].coverage
    assert (coverage.covered_from, coverage.from_origin) == (date(2021, 9, 30), True)
    assert min(v.valid_from for v in france[MINORS].versions if v.valid_from) == date(2021, 9, 30)
    found = resolve(
        france[MINORS].of(article(france[MINORS], "L11-2", date(2022, 1, 1))), date(2021, 9, 29)
    )
    assert isinstance(found, NotYetInForce)


def test_repeal_markers_never_become_text(france: dict[str, WorkHistory]) -> None:
    for history in france.values():
        assert not [v.id for v in history.versions if v.text.startswith(("(article", "(texte"))]


def test_division_titles_never_become_text(france: dict[str, WorkHistory]) -> None:
    rules = read_dialect("fr").page
    assert rules.division is not None
    for history in france.values():
        last_lines = {v.text.rpartition("\n")[2] for v in history.versions}
        assert not [line for line in last_lines if rules.division.fullmatch(line)]


def test_code_repealed_bit_by_bit(france: dict[str, WorkHistory]) -> None:
    left = [v for v in france[COINS].versions if v.in_force(date(2020, 1, 1))]
    assert len(left) == 7
    gone = next(v for v in france[COINS].versions if v.valid_to == date(2001, 1, 1))
    provision = next(p for p in france[COINS].provisions if p.id == gone.provision_id)
    assert isinstance(resolve(france[COINS].of(provision), date(2020, 1, 1)), Repealed)


def test_several_texts_under_one_number_are_never_chosen_from(civil: WorkHistory) -> None:
    """The code prints art. 2305 twice: on guarantees and on the land register of Mayotte."""
    both = bearers(civil, "2305", date(2023, 1, 1))
    live = [resolve(civil.of(provision), date(2023, 1, 1)) for provision in both]
    assert len({v.text for v in live if isinstance(v, Version)}) == 2


def test_names_that_lawyers_write(france: dict[str, WorkHistory]) -> None:
    assert {"Code civil", "C. civ.", "CC"} <= set(france[CIVIL].work.aliases)
    assert "CRPA" in france[ADMINISTRATION].work.aliases
    labels = {p.labels[0].text for p in france[CONSTITUTION].provisions}
    assert {"Préambule", "Article 16", "Article 88-1"} <= labels


def test_acts_that_changed_an_article_are_named_where_recorded(
    france: dict[str, WorkHistory],
) -> None:
    named = {v.introduced_by for v in france[ADMINISTRATION].versions if v.introduced_by}
    assert "JORFTEXT000041999575" in named
    assert all(name.startswith("JORFTEXT") for name in named)
