"""In force is not applicable: application, territory, transition, laws in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from corpus.demo import demo_files
from corpus.errors import SourceError
from corpus.gate.decide import rule_on
from corpus.gate.ruling import Case, Ruling, RulingKind
from corpus.gate.transition import rules_of_provisions
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from corpus.territories import extent_fits, extent_words, holding, jurisdiction_of, territories


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("gate")
    with Store.open(f"sqlite:///{folder / 'store.db'}", create=True) as store:
        for history in Jsonl(*demo_files()).works(_stop):
            store.write(history)
        yield store


def _stop(error: SourceError) -> None:
    raise error


def ruled(store: Store, version_id: str, as_at: str, **case: object) -> Ruling:
    fields = {"as_at": as_at, **case}
    asked = Case.model_validate(fields)
    version = store.version(version_id, asked.known_at)
    assert version is not None
    assert version.in_force(asked.as_at, asked.known_at), "the case is about a text in force"
    return rule_on(store, version, asked)


# --- application later than force: the day before, and the day itself ---

APPLICATION = [
    ("eu/gdpr#erasure@2016-05-24", "2018-05-25"),
    ("eu/gdpr#child-consent@2016-05-24", "2018-05-25"),
    ("eu/gdpr#fines@2016-05-24", "2018-05-25"),
    ("eu/dpd-1995#transfers@1995-12-13", "1998-10-24"),
    ("eu/late-payment-2000#interest@2000-08-08", "2002-08-08"),
    ("eu/late-payment-2011#recovery-costs@2011-03-15", "2013-03-16"),
    ("eu/brussels-ia#domicile@2013-01-09", "2015-01-10"),
    ("eu/rome-i#choice@2008-07-24", "2009-12-17"),
    ("eu/rome-ii#general-rule@2007-08-20", "2009-01-11"),
    ("eu/nis1#incident-notice@2016-08-08", "2018-05-10"),
    ("eu/nis2#incident-notice@2023-01-16", "2024-10-18"),
    ("eu/consumer-rights#withdrawal@2011-12-12", "2014-06-13"),
    ("eu/dsa#notice-and-action@2022-11-16", "2024-02-17"),
    ("eu/dma#fines@2022-11-01", "2023-05-02"),
    ("eu/mica#art-offers@2023-06-29", "2024-06-30"),
    ("eu/mica#casp-authorisation@2023-06-29", "2024-12-30"),
    ("eu/ai-act#prohibited@2024-08-01", "2025-02-02"),
    ("eu/ai-act#gpai@2024-08-01", "2025-08-02"),
    ("de/milog#minimum-wage@2014-08-16", "2015-01-01"),
    ("uk/companies-act-2006#small-company@2015-04-06", "2016-01-01"),
]


@pytest.mark.parametrize(("version_id", "applies"), APPLICATION)
def test_a_text_in_force_applies_from_its_day_of_application_and_not_the_day_before(
    store: Store, version_id: str, applies: str
) -> None:
    first = date.fromisoformat(applies)
    eve = date.fromordinal(first.toordinal() - 1)
    before = ruled(store, version_id, str(eve))
    assert before.kind is RulingKind.NOT_YET
    assert not before.ships
    assert f"applies only from {applies}" in before.reason
    assert ruled(store, version_id, applies).kind is RulingKind.APPLIES


def test_what_applies_at_once_is_not_held_back_by_the_rest_of_its_act(store: Store) -> None:
    early = ruled(store, "eu/dsa#user-numbers@2022-11-16", "2022-11-16")
    assert early.kind is RulingKind.APPLIES


@pytest.mark.parametrize(
    ("known", "applies"),
    [("2023-07-01", "2024-12-30"), ("2025-01-01", "2025-12-30"), ("2026-01-01", "2026-12-30")],
)
def test_a_postponed_application_is_ruled_on_as_it_was_known(
    store: Store, known: str, applies: str
) -> None:
    eve = date.fromisoformat(applies).toordinal() - 1
    found = "eu/eudr#prohibition@2023-06-29"
    case = {"known_at": known}
    assert ruled(store, found, str(date.fromordinal(eve)), **case).kind is RulingKind.NOT_YET
    assert ruled(store, found, applies, **case).kind is RulingKind.APPLIES


# --- transitional and savings provisions ---

TEN, FIVE = "us/title-21#crack-ten-years", "us/title-21#crack-five-years"
TRANSITIONS = [
    # the version in force on the day asked about, that day, the facts, the day that governs
    (f"{TEN}@1986-10-27", "2010-06-01", "act 2010-06-01 decision 2011-06-01", "2011-06-01"),
    (f"{TEN}@1986-10-27", "2010-06-01", "act 2010-06-01 decision 2010-08-03", "2010-08-03"),
    (f"{TEN}@1986-10-27", "2010-06-01", "act 2010-06-01 decision 2010-08-02", None),
    (f"{FIVE}@1986-10-27", "2010-08-02", "act 2010-08-02 decision 2012-02-01", "2012-02-01"),
    (f"{TEN}@2010-08-03", "2011-06-01", "act 2010-06-01 decision 2011-06-01", None),
    (
        "uk/era-1996#qualifying-period@2012-04-06",
        "2012-09-01",
        "contract 2011-05-01 act 2012-09-01",
        "2012-04-05",
    ),
    (
        "uk/era-1996#qualifying-period@2012-04-06",
        "2013-09-01",
        "contract 2012-04-06 act 2013-09-01",
        None,
    ),
    (
        "uk/era-1996#written-particulars@2020-04-06",
        "2020-06-01",
        "contract 2020-04-05",
        "2020-04-05",
    ),
    ("uk/cra-2015#quality@2015-10-01", "2016-02-01", "contract 2015-09-30", "2015-09-30"),
    ("uk/cra-2015#quality@2015-10-01", "2016-02-01", "contract 2015-10-01", None),
    ("uk/cra-2015#unfair-terms@2015-10-01", "2016-02-01", "contract 2015-09-30", "2015-09-30"),
    ("uk/cpr-1998#small-claims-scope@2022-04-06", "2022-06-01", "damage 2021-05-30", "2021-05-30"),
    ("uk/cpr-1998#small-claims-scope@2022-04-06", "2022-06-01", "damage 2022-05-01", None),
    (
        "uk/sentencing-act-2020#magistrates-limit@2023-03-30~E+W",
        "2024-06-01",
        "act 2024-06-01 conviction 2024-11-18",
        "2024-11-18",
    ),
    ("de/bgb#default-interest@2014-07-29", "2015-01-01", "contract 2014-07-28", "2014-07-28"),
    ("de/bgb#default-interest@2014-07-29", "2015-01-01", "contract 2014-07-29", None),
    ("de/bgb#burden-of-proof@2022-01-01", "2022-03-01", "contract 2021-12-31", "2021-12-31"),
    ("de/gvg#local-court-jurisdiction@2026-01-01", "2026-02-01", "filing 2025-12-31", "2025-12-31"),
    ("es/lau#minimum-term@2019-03-06", "2020-01-01", "contract 2019-02-01", "2019-02-01"),
    ("es/lau#minimum-term@2019-03-06", "2020-01-01", "contract 2019-01-23", "2019-01-23"),
    ("es/lau#minimum-term@2019-03-06", "2020-01-01", "contract 2019-03-06", None),
    ("eu/rome-i#choice@2008-07-24", "2010-01-01", "contract 2009-12-16", None),
    ("eu/brussels-ia#domicile@2013-01-09", "2015-06-01", "filing 2015-01-09", "2015-01-09"),
    (
        "us/civil-rights-1991#damages-caps@1991-11-21",
        "1993-01-01",
        "act 1991-11-20",
        "1991-11-20",
    ),
]


def facts_of(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize(("version_id", "as_at", "facts", "governs"), TRANSITIONS)
def test_a_transitional_rule_of_a_provision_decides_which_text_governs(
    store: Store, version_id: str, as_at: str, facts: str, governs: str | None
) -> None:
    found = ruled(store, version_id, as_at, facts=facts_of(facts))
    if governs is None:
        assert found.kind is RulingKind.APPLIES
        return
    assert (found.kind, str(found.governs_on)) == (RulingKind.SUPERSEDED, governs)
    assert found.source
    assert not found.ships


def test_a_successor_that_governs_before_the_repeal_is_named(store: Store) -> None:
    old = "cn/minfa-tongze#limitation@1987-01-01"
    assert ruled(store, old, "2017-09-30").kind is RulingKind.APPLIES
    found = ruled(store, old, "2017-10-01")
    assert (found.kind, found.instead) == (RulingKind.SUPERSEDED, "cn/minfa-zongze#limitation")


def test_a_day_that_a_transitional_rule_waits_for_is_named_and_nothing_ships(store: Store) -> None:
    found = ruled(store, f"{TEN}@1986-10-27", "2010-06-01", facts={"act": "2010-06-01"})
    assert (found.kind, found.ships) == (RulingKind.UNKNOWN, False)
    assert [role.value for roles in found.missing for role in roles] == ["decision"]


def test_without_days_of_the_case_no_transitional_rule_speaks(store: Store) -> None:
    assert ruled(store, f"{TEN}@1986-10-27", "2010-06-01").kind is RulingKind.APPLIES


def test_every_rule_of_a_provision_names_provisions_of_the_demonstration_corpus(
    store: Store,
) -> None:
    for provision, rules in rules_of_provisions().items():
        assert store.provision(provision) is not None, provision
        for rule in rules:
            assert rule.instead is None or store.provision(rule.instead) is not None, rule.id


# --- laws between act and decision ---


def criminal(store: Store, version_id: str, as_at: str, act: str, decision: str) -> Ruling:
    facts = {"act": act, "decision": decision}
    return ruled(store, version_id, as_at, issue="criminal", facts=facts)


HARASSMENT = "fr/code-penal#sexual-harassment"
BETWEEN = [
    (f"{HARASSMENT}@2002-01-18", "2012-03-01", "2012-03-01", "2013-06-01", "annulled"),
    (f"{HARASSMENT}@2012-08-08", "2013-06-01", "2012-03-01", "2013-06-01", "annulled"),
    (f"{HARASSMENT}@2012-08-08", "2012-09-01", "2012-09-01", "2013-06-01", None),
    (f"{HARASSMENT}@2002-01-18", "2011-03-01", "2011-03-01", "2012-05-04", None),
    (f"{HARASSMENT}@2002-01-18", "2011-03-01", "2011-03-01", "2012-05-05", "annulled"),
    ("tw/xingfa#adultery@1935-07-01", "2019-01-01", "2019-01-01", "2020-05-29", "annulled"),
    ("tw/xingfa#adultery@1935-07-01", "2019-01-01", "2019-01-01", "2020-05-28", None),
    (
        "de/stgb#assisted-suicide-business@2015-12-10",
        "2016-06-01",
        "2016-06-01",
        "2020-02-26",
        "annulled",
    ),
    (
        "de/stgb#assisted-suicide-business@2015-12-10",
        "2016-06-01",
        "2016-06-01",
        "2020-02-25",
        None,
    ),
    ("cn/xingfa#dangerous-driving@2011-05-01", "2011-06-01", "2011-04-30", "2011-06-01", "not yet"),
    ("cn/xingfa#dangerous-driving@2011-05-01", "2011-06-01", "2011-05-01", "2011-06-01", None),
]


@pytest.mark.parametrize(("version_id", "as_at", "act", "decision", "why"), BETWEEN)
def test_conduct_that_a_law_in_between_did_not_punish_is_punished_under_no_text(
    store: Store, version_id: str, as_at: str, act: str, decision: str, why: str | None
) -> None:
    found = criminal(store, version_id, as_at, act, decision)
    if why is None:
        assert found.kind is RulingKind.APPLIES
        return
    assert (found.kind, found.ships) == (RulingKind.SUPERSEDED, False)
    assert why in found.reason.casefold()
    assert found.source


def test_texts_that_differ_between_act_and_decision_are_named_to_be_compared(store: Store) -> None:
    found = criminal(
        store, "cn/xingfa#unit-bribery@2015-11-01", "2023-06-01", "2023-06-01", "2024-05-01"
    )
    assert (found.kind, found.ships) == (RulingKind.UNKNOWN, True)
    assert "2024-03-01" in found.reason
    same = criminal(
        store, "cn/xingfa#unit-bribery@2015-11-01", "2023-06-01", "2023-06-01", "2024-02-29"
    )
    assert same.kind is RulingKind.APPLIES


def test_a_place_that_keeps_the_law_of_the_act_compares_nothing(store: Store) -> None:
    found = criminal(
        store, "us/title-18#assault-weapons@1994-09-13", "2004-01-01", "2004-01-01", "2005-01-01"
    )
    assert found.kind is RulingKind.APPLIES


# --- territory ---

NO_FAULT = "uk/housing-act-1988#no-fault-possession"
LIMIT = "uk/rta-1988#prescribed-limit"
TERRITORY = [
    (f"{NO_FAULT}@2022-12-01~E", "2023-01-01", "W", "holds in England, not in Wales"),
    (f"{NO_FAULT}@2022-12-01~E", "2023-01-01", "E", None),
    (f"{NO_FAULT}@1989-01-15~E+W", "2022-11-30", "W", None),
    (f"{NO_FAULT}@1989-01-15~E+W", "2022-11-30", "S", "England and Wales, not in Scotland"),
    (f"{LIMIT}@1989-05-15~E+W+S", "2014-12-04", "S", None),
    (f"{LIMIT}@2014-12-05~E+W", "2014-12-05", "S", "not in Scotland"),
    (f"{LIMIT}@2014-12-05~S", "2014-12-05", "S", None),
    (f"{LIMIT}@2014-12-05~S", "2014-12-05", "W", "holds in Scotland, not in Wales"),
    ("uk/marriage-act-1949#age@1950-01-01~E+W", "2020-01-01", "NI", "not in Northern Ireland"),
    ("uk/marriage-act-1949#age@1950-01-01~E+W", "2020-01-01", "E+W", None),
    ("uk/marriage-scotland-1977#age@1978-01-01~S", "2020-01-01", "E", "not in England"),
    ("uk/limitation-act-1980#contract@1981-05-01~E+W", "2020-01-01", "S", "not in Scotland"),
    ("uk/vata-1994#standard-rate@2011-01-04", "2020-01-01", "S", None),
    ("eu/consumer-rights#withdrawal@2011-12-12", "2022-01-01", "W", "no longer holds in Wales"),
    ("eu/consumer-rights#withdrawal@2011-12-12", "2021-01-01", "E", "no longer holds in England"),
    ("eu/consumer-rights#withdrawal@2011-12-12", "2020-12-31", "W", None),
    ("eu/gdpr#erasure@2016-05-24", "2021-06-01", "NI", "no longer holds"),
    ("eu/gdpr#erasure@2016-05-24", "2019-06-01", "S", None),
    ("fr/code-civil#tort@1804-03-21", "2020-01-01", "W", "France does not hold in Wales"),
    ("us/title-28#diversity@1997-01-17", "2020-01-01", "E", "does not hold in England"),
    ("de/milog#minimum-wage@2017-01-01", "2018-01-01", "S", "Germany does not hold in Scotland"),
]


@pytest.mark.parametrize(("version_id", "as_at", "extent", "why"), TERRITORY)
def test_law_that_does_not_hold_where_the_case_lies_is_no_answer(
    store: Store, version_id: str, as_at: str, extent: str, why: str | None
) -> None:
    found = ruled(store, version_id, as_at, extent=extent)
    if why is None:
        assert found.kind is RulingKind.APPLIES
        return
    assert (found.kind, found.ships) == (RulingKind.OTHER_TERRITORY, False)
    assert why in found.reason


def test_extents_are_said_in_words_and_codes_of_several_sources_are_one() -> None:
    assert extent_words("E+W") == "England and Wales"
    assert extent_words("E+W+N.I.") == "England, Wales and Northern Ireland"
    assert extent_words("XX") == "XX"
    assert extent_fits("E+W+N.I.", "NI")
    assert not extent_fits("E+W", "E+S")
    assert (jurisdiction_of("W"), jurisdiction_of("XX")) == ("uk", None)


def test_every_holding_of_foreign_law_names_its_authority_and_known_places() -> None:
    known = territories()
    for place, each in known.items():
        for held in each.holds_in:
            assert held.authority
            assert held.jurisdiction in known
            assert held.jurisdiction != place
    assert holding("eu", "uk", date(2020, 12, 31)) is not None
    assert holding("eu", "uk", date(2021, 1, 1)) is None
