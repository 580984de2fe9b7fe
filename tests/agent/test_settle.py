"""Nothing is searched while day or place is open: what the asker said is never dropped silently."""

from __future__ import annotations

from datetime import date

import pytest

from agent.applicability.settle import Settled, settle
from agent.governing_date.replies import how_to_reply, read_reply
from agent.graph.checkpoints import Thread, in_memory
from agent.graph.nodes import Context
from agent.graph.run import Done, Paused, Reply, request_of, resume, run, start
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.request import AskRequest, ClarifyingQuestion
from agent.trace import AbstentionReason, Trace
from corpus.demo import golden_questions
from corpus.errors import BadInputError
from corpus.gate.ruling import RulingKind


def asking(question: str, **more: object) -> AskRequest:
    return AskRequest.model_validate({"question": question, **more})


def settled(library: Library, question: str, **more: object) -> Settled:
    found = settle(library, asking(question, **more))
    assert isinstance(found, Settled), found
    return found


def open_(library: Library, question: str, **more: object) -> ClarifyingQuestion:
    found = settle(library, asking(question, **more))
    assert isinstance(found, ClarifyingQuestion), found
    return found


def answered(library: Library, question: str, **more: object) -> Trace:
    return run(Context(library, ExtractivePolicy(library.works)), asking(question, **more))


def cited(trace: Trace) -> list[str]:
    return [each.version_id for each in trace.answer.citations] if trace.answer else []


# --- the cases that were found: application and transition ---

CRACK = (
    "How many grams of crack cocaine trigger the ten-year mandatory minimum? The offence was "
    "committed on 1 June 2010 and the sentence was imposed on 1 June 2011."
)


@pytest.mark.parametrize(
    "question",
    [
        "What does art. 17 GDPR say?",
        "May a data subject require the controller to erase personal data?",
    ],
)
def test_the_right_to_erasure_of_2017_is_in_force_and_no_answer(
    demo: Library, question: str
) -> None:
    trace = answered(demo, question, as_at="2017-06-01")
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.NOT_APPLICABLE
    assert "applies only from 2018-05-25" in trace.abstention.explanation
    assert cited(answered(demo, question, as_at="2018-05-25")) == ["eu/gdpr#erasure@2016-05-24"]


def test_a_sentence_after_the_fair_sentencing_act_follows_its_quantities(demo: Library) -> None:
    trace = answered(demo, CRACK)
    assert cited(trace) == ["us/title-21#crack-ten-years@2010-08-03"]
    assert trace.governing is not None
    assert (str(trace.governing.as_at), trace.governing.rule_id) == (
        "2011-06-01",
        "us-crack-thresholds",
    )
    before = answered(demo, CRACK.replace("1 June 2011", "2 August 2010"))
    assert cited(before) == ["us/title-21#crack-ten-years@1986-10-27"]


def test_a_day_given_against_a_transitional_rule_is_asked_about(demo: Library) -> None:
    found = open_(demo, CRACK, as_at="2010-06-01")
    assert {str(each.day) for each in found.choices} == {"2010-06-01", "2011-06-01"}
    kept = answered(demo, CRACK, as_at="2010-06-01", confirmed=True)
    assert cited(kept) == ["us/title-21#crack-ten-years@1986-10-27"]


def test_harassment_of_before_the_annulment_is_punished_under_no_text(demo: Library) -> None:
    facts = {"act": "2012-03-01", "decision": "2013-06-01"}
    case = {"issue": "criminal", "facts": facts}
    trace = answered(demo, "Que punit l'article 222-33 du Code pénal ?", **case)
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.NOT_APPLICABLE
    assert "2012-05-05" in trace.abstention.explanation
    later = {"act": "2012-09-01", "decision": "2013-06-01"}
    found = answered(
        demo, "Que punit l'article 222-33 du Code pénal ?", issue="criminal", facts=later
    )
    assert cited(found) == ["fr/code-penal#sexual-harassment@2012-08-08"]


def test_what_ships_has_a_ruling_on_every_citation(demo: Library) -> None:
    trace = answered(demo, "What does art. 17 GDPR say?", as_at="2019-01-01")
    assert trace.answer is not None
    (ruling,) = trace.answer.rulings
    assert ruling is not None
    assert (ruling.kind, ruling.territory) == (RulingKind.APPLIES, "the European Union")
    assert Trace.model_validate_json(trace.model_dump_json()) == trace


# --- territory ---

MARRY = "At what age may one marry?"


@pytest.mark.parametrize(
    ("question", "places", "extent"),
    [
        ("May a landlord in Cardiff recover possession?", ("uk",), "W"),
        ("May a landlord in Swansea recover possession?", ("uk",), "W"),
        ("May a tenant in Glasgow be evicted?", ("uk",), "S"),
        ("May a tenant in Belfast be evicted?", ("uk",), "NI"),
        ("May a tenant in Manchester be evicted?", ("uk",), "E"),
        ("At what age may one marry in England and Wales?", ("uk",), "E+W"),
        ("At what age may one marry in Scotland?", ("uk",), "S"),
        ("What is the minimum wage in Bavaria?", ("de",), None),
        ("Wie hoch ist der Mindestlohn in Bayern?", ("de",), None),
        ("Wie hoch ist der Mindestlohn in Köln?", ("de",), None),
        ("Quel est le salaire minimum à Strasbourg ?", ("fr",), None),
        ("¿A qué edad se alcanza la mayoría de edad en Sevilla?", ("es",), None),
        ("Kui suur on hasartmängumaks Tallinnas?", ("ee",), None),
        ("北京的劳动者试用期多长？", ("cn",), None),
        ("臺北的勞工特別休假幾日？", ("tw",), None),
        ("Quel est l'âge du mariage en Écosse ?", ("uk",), "S"),
        ("Ab welchem Alter darf man in Schottland heiraten?", ("uk",), "S"),
        ("May the Bank of England set rates?", (), None),
        ("What does the Marriage (Scotland) Act 1977 say?", (), None),
        ("Does the Paris Agreement bind?", (), None),
    ],
)
def test_a_place_named_says_whose_law_it_is_and_is_shown_as_assumed(
    demo: Library, question: str, places: tuple[str, ...], extent: str | None
) -> None:
    found = settle(demo, asking(question, as_at="2020-01-01"))
    if isinstance(found, ClarifyingQuestion):
        assert not places
        return
    assert found.asked.extent == extent
    assert set(places) <= set(found.asked.jurisdictions)
    if extent is not None:
        assert "Assumed to lie in" in found.governing.ground


@pytest.mark.parametrize(
    ("place", "day", "version"),
    [
        ("Cardiff", "2023-01-01", None),
        ("Cardiff", "2022-11-30", "uk/housing-act-1988#no-fault-possession@1989-01-15~E+W"),
        ("Bristol", "2023-01-01", "uk/housing-act-1988#no-fault-possession@2022-12-01~E"),
        ("Glasgow", "2022-11-30", None),
        ("Belfast", "2023-01-01", None),
    ],
)
def test_no_fault_possession_is_the_law_of_the_place_of_the_house_alone(
    demo: Library, place: str, day: str, version: str | None
) -> None:
    question = (
        f"May a landlord in {place} recover possession of an assured shorthold tenancy without "
        "giving a reason?"
    )
    assert cited(answered(demo, question, as_at=day)) == ([version] if version else [])
    named = f"What does s 21 Housing Act 1988 say for a flat in {place}?"
    assert cited(answered(demo, named, as_at=day)) == ([version] if version else [])


@pytest.mark.parametrize(
    ("place", "version"),
    [
        ("England", "~E+W"),
        ("Cardiff", "~E+W"),
        ("Scotland", "~S"),
        ("Edinburgh", "~S"),
    ],
)
def test_the_limit_for_drivers_is_that_of_the_place(
    demo: Library, place: str, version: str
) -> None:
    question = f"What is the prescribed limit of alcohol for driving in {place}?"
    (found,) = cited(answered(demo, question, as_at="2016-01-10"))
    assert found == f"uk/rta-1988#prescribed-limit@2014-12-05{version}"


@pytest.mark.parametrize("place", ["in England", "in Northern Ireland", "in Cardiff"])
def test_scots_law_of_marriage_answers_nowhere_else(demo: Library, place: str) -> None:
    trace = answered(demo, f"{MARRY[:-1]} {place}?", as_at="2020-01-01")
    assert not any("scotland" in name for name in cited(trace))


@pytest.mark.parametrize(
    ("question", "codes"),
    [
        (MARRY, {"uk/S", "uk/E+W"}),
        ("What is the minimum age for marriage?", {"uk/S", "uk/E+W"}),
        ("What is the prescribed limit of alcohol for driving?", {"uk/S", "uk/E+W"}),
    ],
)
def test_a_place_that_decides_the_answer_is_asked_for(
    demo: Library, question: str, codes: set[str]
) -> None:
    found = open_(demo, question, as_at="2020-01-01")
    assert {each.code for each in found.places} == codes
    trace = answered(demo, question, as_at="2020-01-01")
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.AMBIGUOUS
    assert all(code in trace.abstention.explanation for code in codes)


def test_before_the_texts_parted_no_place_is_asked_for(demo: Library) -> None:
    question = "What is the prescribed limit of alcohol for driving?"
    version = "uk/rta-1988#prescribed-limit@1989-05-15~E+W+S"
    assert cited(answered(demo, question, as_at="2014-12-04")) == [version]


@pytest.mark.parametrize(
    ("day", "places"),
    [("2020-12-31", ("eu", "uk")), ("2021-01-01", ("uk",)), ("1972-12-31", ("uk",))],
)
def test_a_territory_is_searched_in_the_law_that_holds_there(
    demo: Library, day: str, places: tuple[str, ...]
) -> None:
    found = settled(demo, "withdrawal from a distance contract", as_at=day, extent="W")
    assert found.asked.jurisdictions == places


def test_a_withdrawal_right_of_union_law_is_no_welsh_law_of_2022(demo: Library) -> None:
    question = "How many days has a consumer to withdraw from a distance contract?"
    for extent, day in (("W", "2022-01-01"), ("E", "2021-01-01")):
        assert not any(
            n.startswith("eu/") for n in cited(answered(demo, question, as_at=day, extent=extent))
        )
    assert cited(answered(demo, question, as_at="2019-01-01", extent="W")) == [
        "eu/consumer-rights#withdrawal@2011-12-12"
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [({"extent": "XX"}, "territory 'XX'.*E, NI, S, W"), ({"jurisdictions": ["xx"]}, "'xx'.*fr")],
)
def test_a_place_that_nobody_knows_is_refused_with_those_there_are(
    demo: Library, given: dict[str, object], said: str
) -> None:
    with pytest.raises(BadInputError, match=said):
        answered(demo, MARRY, as_at="2020-01-01", **given)


# --- conflicts ---

IMPOSSIBLE = [
    "What did s 108 ERA 1996 say on 2022-02-30?",
    "What did s 108 ERA 1996 say on 30 February 2022?",
    "What did s 108 ERA 1996 say on 31 April 2021?",
    "What did s 108 ERA 1996 say on 29 February 2021?",
    "Que disait l'article 144 du Code civil le 30 février 2006 ?",
    "Que disait l'article 144 du Code civil le 31 novembre 2006 ?",
    "Was galt am 31. April 2021 nach § 195 BGB?",
    "Was galt am 30. Februar 2022 nach § 195 BGB?",
    "¿Qué decía el artículo 315 del Código civil el 31 de junio de 2019?",
    "Mis kehtis 31. septembril 2020?",
    "2022年2月30日适用什么法律？",
    "2021年4月31日適用什麼法律？",
    "Mis kehtis 30. veebruaril 2020?",
    "¿Qué regía el 30 de febrero de 2020?",
    "Wie hoch war der Mindestlohn am 31. Juni 2018?",
    "What was the minimum wage on 31 September 2016?",
]


@pytest.mark.parametrize("question", IMPOSSIBLE)
@pytest.mark.parametrize("as_at", [None, "2022-02-28"])
def test_a_day_that_is_none_is_never_read_as_another(
    demo: Library, question: str, as_at: str | None
) -> None:
    found = open_(demo, question, as_at=as_at)
    assert "no day of the calendar" in found.explanation
    assert len(found.choices) == 2


OTHER_DAYS = [
    # question, as_at, facts, issue, the days offered
    ("What did s 108 ERA 1996 say on 1 March 2012?", "2020-01-01", {}, None, "2012-03-01"),
    (
        "Que disait l'article 144 du Code civil le 4 avril 2006 ?",
        "2010-01-01",
        {},
        None,
        "2006-04-04",
    ),
    ("Was galt am 31. Dezember 2001 nach § 195 BGB?", "2002-01-01", {}, None, "2001-12-31"),
    ("2020年8月19日民间借贷利率的上限是多少？", "2021-01-01", {}, None, "2020-08-19"),
    ("¿Qué plazo regía el 6 de octubre de 2015?", "2015-10-07", {}, None, "2015-10-06"),
    ("Which law governs?", "2020-01-01", {"act": "2012-03-01"}, "civil", "2012-03-01"),
    ("Which law governs?", "2020-01-01", {"contract": "2012-03-01"}, None, "2012-03-01"),
    (
        "Was our client, dismissed on 15 March 2010, owed an award?",
        "2020-01-01",
        {},
        None,
        "2010-03-15",
    ),
    ("The tenancy contract was signed on 3 March 2004.", "2024-01-01", {}, None, "2004-03-03"),
    ("Wie hoch war der Mindestlohn am 1. März 2018?", "2020-06-01", {}, None, "2018-03-01"),
    ("Quel était le montant du SMIC le 2 mai 2014 ?", "2020-01-01", {}, None, "2014-05-02"),
    ("Mis oli käibemaksumäär 5. mail 2008?", "2012-01-01", {}, None, "2008-05-05"),
    ("2012年6月1日的基本工資是多少？", "2020-01-01", {}, None, "2012-06-01"),
    ("What was the standard rate of VAT on 3 June 2009?", "2012-01-01", {}, None, "2009-06-03"),
    ("Der Vertrag wurde am 5. Juni 2001 geschlossen.", "2010-01-01", {}, None, "2001-06-05"),
    ("Which law governs?", "2020-01-01", {"damage": "2012-03-01"}, "civil", "2012-03-01"),
]


@pytest.mark.parametrize(("question", "as_at", "facts", "issue", "named"), OTHER_DAYS)
def test_a_day_given_beside_another_day_of_the_case_is_asked_about(
    demo: Library,
    question: str,
    as_at: str,
    facts: dict[str, str],
    issue: str | None,
    named: str,
) -> None:
    found = open_(demo, question, as_at=as_at, facts=facts, issue=issue)
    assert {str(each.day) for each in found.choices} == {as_at, named}
    assert all(each.meaning for each in found.choices)
    assert as_at in found.explanation
    assert named in found.explanation
    kept = settled(demo, question, as_at=as_at, facts=facts, issue=issue, confirmed=True)
    assert str(kept.governing.as_at) == as_at
    assert kept.governing.confirmed
    assert kept.case.facts == {}


@pytest.mark.parametrize(
    ("question", "as_at"),
    [
        ("What did s 108 ERA 1996 say on 1 March 2012?", "2012-03-01"),
        ("Que dit la loi n° 85-677 du 5 juillet 1985 ?", "2020-01-01"),
        ("What does the Theft Act of 3 May 1968 say?", "2020-01-01"),
        ("What does s 108 ERA 1996 say?", "2020-01-01"),
    ],
)
def test_days_that_agree_or_belong_to_a_law_are_not_asked_about(
    demo: Library, question: str, as_at: str
) -> None:
    assert str(settled(demo, question, as_at=as_at).governing.as_at) == as_at


def test_an_event_with_two_days_is_asked_about_and_not_dropped(demo: Library) -> None:
    found = open_(
        demo,
        "The contract was signed on 3 March 2004. The contract was signed on 5 May 2005. "
        "The damage appeared on 1 April 2019.",
        jurisdictions=["fr"],
    )
    assert [role.value for roles in found.roles for role in roles] == ["contract"]
    assert [str(day) for day in found.days] == ["2004-03-03", "2005-05-05"]


def test_a_day_that_no_rule_uses_is_named(demo: Library) -> None:
    found = settled(
        demo,
        "The contract was signed on 30 September 2016. We met on 2 May 2018. Which article of the "
        "Code civil governs liability?",
    )
    assert str(found.governing.as_at) == "2016-09-30"
    assert "not used: 2018-05-02" in found.governing.ground


def test_no_dated_question_of_the_demonstration_set_is_asked_back(demo: Library) -> None:
    for known in (*golden_questions(), *golden_questions("questions.jsonl")):
        if known.as_at is None or known.decline is not None:
            continue
        found = settle(
            demo,
            asking(known.text, as_at=known.as_at, known_at=known.known_at, extent=known.extent),
        )
        assert isinstance(found, Settled), (known.id, found)


# --- asking back by the interrupt ---


def paused(demo: Library, thread: Thread, question: str, **more: object) -> Paused:
    context = Context(demo, ExtractivePolicy(demo.works), interactive=True)
    *_, end = start(context, asking(question, **more), thread)
    assert isinstance(end, Paused)
    return end


def done(demo: Library, thread: Thread, added: Reply) -> Trace:
    context = Context(demo, ExtractivePolicy(demo.works), interactive=True)
    *_, end = resume(context, thread, added)
    assert isinstance(end, Done)
    return end.trace


def test_a_thread_waits_for_the_place_and_goes_on_with_it(demo: Library) -> None:
    thread = Thread(in_memory(), "place")
    question = "What is the prescribed limit of alcohol for driving?"
    end = paused(demo, thread, question, as_at="2016-01-10")
    added = read_reply("uk/S", end.missing)
    trace = done(demo, thread, added)
    assert cited(trace) == ["uk/rta-1988#prescribed-limit@2014-12-05~S"]
    assert (trace.jurisdictions, trace.extent) == (("uk",), "S")
    assert read_reply("scotland", end.missing) == added
    with pytest.raises(BadInputError, match=r"none of the places.*Scotland \(uk/S\)"):
        read_reply("uk/W+NI", end.missing)


def test_a_place_is_asked_for_by_its_name_and_not_by_its_code(demo: Library) -> None:
    found = open_(demo, MARRY, as_at="2020-01-01")
    assert "Scotland (Marriage (Scotland) Act 1977" in found.explanation
    assert "England and Wales (" in found.explanation
    assert "uk/" not in found.explanation
    assert "Scotland (uk/S)" in how_to_reply(found)


@pytest.mark.parametrize("chosen", ["2012-03-01", "2020-01-01"])
def test_a_thread_waits_for_the_day_that_counts_and_asks_once(demo: Library, chosen: str) -> None:
    thread = Thread(in_memory(), "day")
    question = "What did s 108 ERA 1996 say on 1 March 2012?"
    end = paused(demo, thread, question, as_at="2020-01-01")
    trace = done(demo, thread, read_reply(chosen, end.missing))
    assert trace.governing is not None
    assert trace.governing.as_at == date.fromisoformat(chosen)
    assert trace.governing.confirmed
    assert request_of(trace).confirmed
