"""No question gets a day by accident: it is given, found by a rule that is named, or asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from agent.governing_date.case_facts import read_facts
from agent.governing_date.choose import check_facts, choose_governing_date
from agent.request import AskRequest, ClarifyingQuestion, Reply
from agent.trace import GoverningDate
from corpus.applicability import Code, Issue, Role
from corpus.demo import demo_files
from corpus.errors import BadInputError
from corpus.model import Work
from corpus.sources.jsonl import Jsonl


@pytest.fixture(scope="module")
def works() -> Sequence[Work]:
    faults: list[object] = []
    held = [history.work for history in Jsonl(*demo_files()).works(lambda *f: faults.append(f))]
    assert not faults
    return held


def day(text: str) -> date:
    return date.fromisoformat(text)


def framed(works: Sequence[Work], question: str, **more: object) -> GoverningDate:
    found = choose_governing_date(AskRequest.model_validate({"question": question, **more}), works)
    assert isinstance(found, GoverningDate)
    return found


def missing(works: Sequence[Work], question: str, **more: object) -> ClarifyingQuestion:
    found = choose_governing_date(AskRequest.model_validate({"question": question, **more}), works)
    assert isinstance(found, ClarifyingQuestion)
    return found


OLD_CONTRACT = (
    "The contract was signed on 30 September 2016; the damage appeared on 1 April 2019. "
    "Which article of the Code civil governs liability?"
)


def test_two_dates_of_a_case_are_settled_by_the_transitional_rule(works: Sequence[Work]) -> None:
    found = framed(works, OLD_CONTRACT)
    assert (found.as_at, found.rule, found.rule_id) == (
        day("2016-09-30"),
        Code.TRANSITIONAL,
        "fr-contract-before-2016",
    )
    assert found.assumed
    assert "the day the contract was made is 2016-09-30" in found.ground
    assert "Authority: " in found.ground


def test_the_first_day_of_the_new_law_has_another_rule(works: Sequence[Work]) -> None:
    found = framed(works, OLD_CONTRACT.replace("30 September", "1 October"))
    assert (found.as_at, found.rule_id) == (day("2016-10-01"), "fr-contract-before-2018")


def test_an_unverified_rule_says_so(works: Sequence[Work]) -> None:
    found = framed(
        works, "Which law?", issue="civil", facts={"act": "2010-03-15"}, jurisdictions=("uk",)
    )
    assert found.verified is False
    assert "has not been checked" in found.ground
    assert not found.assumed, "the asker gave both"
    checked = framed(works, OLD_CONTRACT)
    assert checked.verified is True
    assert "has not been checked" not in checked.ground


@pytest.mark.parametrize(
    ("place", "issue", "facts", "code", "law"),
    [
        ("uk", "civil", {"act": "2015-09-30"}, Code.ACT_DATE, ["2015-09-30"]),
        (
            "uk",
            "criminal",
            {"act": "2020-11-30", "decision": "2021-06-01"},
            Code.LEX_MITIOR,
            ["2020-11-30", "2021-06-01"],
        ),
        ("fr", "civil", {"contract": "2016-09-30"}, Code.TRANSITIONAL, ["2016-09-30"]),
        ("uk", "procedure", {"step": "2013-04-01"}, Code.PROCEDURE_TODAY, ["2013-04-01"]),
    ],
)
def test_every_code_reaches_the_governing_date(
    works: Sequence[Work], place: str, issue: str, facts: dict[str, str], code: Code, law: list[str]
) -> None:
    found = framed(works, "Which law?", issue=issue, facts=facts, jurisdictions=(place,))
    days = tuple(map(day, law))
    assert (found.rule, found.as_at) == (code, days[0])
    assert found.candidates == (days if len(days) > 1 else ())


def test_a_period_is_cut_where_the_text_changed(works: Sequence[Work]) -> None:
    asked = AskRequest(
        question="Which law?",
        issue=Issue.CONTINUING,
        jurisdictions=("uk",),
        facts={Role.PERIOD_START: day("2010-01-01"), Role.PERIOD_END: day("2014-01-01")},
    )
    changed = (day("1999-06-01"), day("2012-04-06"), day("2014-01-02"))
    found = choose_governing_date(asked, works, lambda _: changed)
    assert isinstance(found, GoverningDate)
    assert found.rule is Code.SPLIT
    assert found.candidates == (day("2010-01-01"), day("2012-04-06"))
    whole = choose_governing_date(asked, works)
    assert isinstance(whole, GoverningDate)
    assert (whole.as_at, whole.candidates) == (day("2010-01-01"), ())


def test_laws_between_act_and_decision_are_candidates(works: Sequence[Work]) -> None:
    asked = AskRequest(
        question="Which law?",
        issue=Issue.CRIMINAL,
        jurisdictions=("uk",),
        facts={Role.ACT: day("2010-01-01"), Role.DECISION: day("2014-01-01")},
    )
    found = choose_governing_date(asked, works, lambda _: (day("2009-01-01"), day("2012-04-06")))
    assert isinstance(found, GoverningDate)
    assert found.as_at == day("2010-01-01")
    assert found.candidates == (day("2010-01-01"), day("2012-04-06"), day("2014-01-01"))


def test_a_rule_that_waits_for_a_day_asks_for_it(works: Sequence[Work]) -> None:
    case = {"issue": "criminal", "facts": {"act": "2020-11-30"}, "jurisdictions": ("uk",)}
    found = missing(works, "Which law?", **case)
    assert found.roles == ((Role.DECISION,),)
    assert "the day of the decision" in found.explanation


def test_an_issue_alone_asks_for_the_days_of_the_case(works: Sequence[Work]) -> None:
    found = missing(works, "Which law?", issue="procedure", jurisdictions=("uk",))
    assert found.roles == ((Role.STEP,),)


def test_days_without_an_issue_ask_for_the_issue(works: Sequence[Work]) -> None:
    found = missing(works, "Which law?", facts={"act": "2020-11-30"})
    assert "criminal" in found.explanation


def test_several_days_without_a_part_are_offered_and_none_is_chosen(works: Sequence[Work]) -> None:
    found = missing(works, "What changed between 1 May 2001 and 2 May 2002?")
    assert found.days == (day("2001-05-01"), day("2002-05-02"))


def test_places_that_disagree_leave_the_date_open(works: Sequence[Work]) -> None:
    question = "The contract was signed on 3 March 2004; the damage appeared on 5 April 2006."
    found = missing(works, question)
    assert "depends on the jurisdiction" in found.explanation
    assert framed(works, question, jurisdictions=("uk",)).rule is Code.ACT_DATE


def test_places_that_agree_are_told_the_general_principle(works: Sequence[Work]) -> None:
    found = framed(works, "What was owed to a client dismissed on 15 March 2010?")
    assert (found.as_at, found.verified) == (day("2010-03-15"), False)
    assert "general principle" in found.ground


def test_one_bare_day_is_taken_and_shown_as_an_assumption(works: Sequence[Work]) -> None:
    found = framed(works, "What did s 108 ERA 1996 say on 5 April 2012?")
    assert (found.as_at, found.assumed, found.rule) == (day("2012-04-05"), True, None)


def test_one_day_that_a_rule_finds_too_little_is_taken_with_the_rest_said(
    works: Sequence[Work],
) -> None:
    found = framed(works, "Was theft committed on 3 March 2004 an offence?", jurisdictions=("uk",))
    assert (found.as_at, found.assumed, found.rule) == (day("2004-03-03"), True, None)
    assert "the day of the decision" in found.ground


def test_a_given_day_is_never_argued_with(works: Sequence[Work]) -> None:
    found = framed(works, OLD_CONTRACT, as_at="2020-01-01", issue="civil")
    assert (found.as_at, found.assumed, found.rule) == (day("2020-01-01"), False, None)


def test_one_candidate_of_several_keeps_the_rule_that_named_them(works: Sequence[Work]) -> None:
    facts = {"act": "2020-11-30", "decision": "2021-06-01"}
    days = ("2020-11-30", "2021-06-01")
    case = {"issue": "criminal", "facts": facts, "jurisdictions": ("uk",)}
    found = framed(works, "Which?", as_at=days[1], candidates=days, **case)
    assert (found.as_at, found.rule) == (day("2021-06-01"), Code.LEX_MITIOR)
    assert "is judged by the law of that day" in found.ground
    plain = framed(works, "Which?", as_at=days[1], candidates=days)
    assert (plain.as_at, plain.assumed, plain.rule) == (day("2021-06-01"), True, None)
    assert plain.ground.startswith("One of 2 days")


def test_facts_that_contradict_each_other_are_refused(works: Sequence[Work]) -> None:
    facts = {Role.ACT: day("2020-01-01"), Role.DECISION: day("2019-01-01")}
    with pytest.raises(BadInputError, match=r"contradict.*lies before"):
        check_facts(AskRequest(question="?", facts=facts))
    with pytest.raises(BadInputError, match="contradict"):
        choose_governing_date(AskRequest(question="?", issue=Issue.CRIMINAL, facts=facts), works)


def test_facts_read_that_contradict_each_other_are_not_used(works: Sequence[Work]) -> None:
    question = "Was the offence committed on 1 May 2010 before the judgment of 1 May 2009?"
    assert missing(works, question).days == (day("2009-05-01"), day("2010-05-01"))


def test_a_day_beyond_the_calendar_is_refused(works: Sequence[Work]) -> None:
    asked = AskRequest(
        question="?",
        issue=Issue.LIMITATION,
        jurisdictions=("fr",),
        facts={Role.DUE: day("9999-12-31")},
    )
    try:
        choose_governing_date(asked, works)
    except BadInputError as error:
        assert "9999" in str(error)  # noqa: PT017 - either is right, a crash is not


@pytest.mark.parametrize(
    ("question", "roles"),
    [
        ("The contract of 3 March 2004", {"contract": "2004-03-03"}),
        ("On 3 March 2004 the contract was signed.", {"contract": "2004-03-03"}),
        (
            "On 3 March 2004 the contract was signed and on 5 April 2006 damage appeared.",
            {"contract": "2004-03-03", "damage": "2006-04-05"},
        ),
        ("Le contrat conclu le 30 septembre 2016", {"contract": "2016-09-30"}),
        ("Der Kaufvertrag wurde am 31. Dezember 2001 geschlossen.", {"contract": "2001-12-31"}),
        ("Fue despedido el 3 de marzo de 2010.", {"act": "2010-03-03"}),
        ("2010年3月1日签订的合同适用什么法律？", {"contract": "2010-03-01"}),
        ("Contracts matter. What was the law on 3 March 2004?", {}),
        ("Contract of 3 March 2004, contract of 5 May 2005", {}),
        ("What did the subcontract say on 3 March 2004?", {}),
    ],
)
def test_a_date_plays_the_part_its_sentence_gives_it(question: str, roles: dict[str, str]) -> None:
    read = read_facts(question, ())
    assert {role.value: str(found) for role, found in read.roles.items()} == roles


def test_a_date_in_a_title_is_no_fact_of_the_case(works: Sequence[Work]) -> None:
    law = works[0].model_copy(update={"title": "Loi du 5 juillet 1985"})
    assert read_facts("L'accident et la loi du 5 juillet 1985", [law]).written == ()


@pytest.mark.parametrize(
    ("question", "days"),
    [
        ("Que dit la loi n° 85-677 du 5 juillet 1985 ?", []),
        ("Que disait la loi du 5 juillet 1985 le 3 mars 1990 ?", ["1990-03-03"]),
        ("What does the Theft Act of 3 May 1968 say?", []),
        ("Was the act of 3 May 1968 lawful?", ["1968-05-03"]),
        ("Was the directive in force on 3 May 2001?", ["2001-05-03"]),
        ("Was the Directive transposed on 3 May 2001?", ["2001-05-03"]),
        ("Was sagt das Gesetz vom 3. Mai 2001?", []),
    ],
)
def test_the_date_of_a_law_is_no_day_of_the_case(question: str, days: list[str]) -> None:
    assert [str(found) for found in read_facts(question, ()).days] == days


def test_a_reply_adds_to_what_was_asked() -> None:
    asked = AskRequest(question="?", facts={Role.ACT: day("2010-01-01")})
    told = asked.told(Reply(facts={Role.DECISION: day("2011-01-01")}, issue=Issue.CRIMINAL))
    assert told.facts == {Role.ACT: day("2010-01-01"), Role.DECISION: day("2011-01-01")}
    assert told.issue is Issue.CRIMINAL
    assert Reply().empty


def test_a_topic_brings_its_own_rules_its_place_and_its_issue(works: Sequence[Work]) -> None:
    found = missing(works, "May data go to a third country?", topic="gdpr")
    assert found.roles
    ruled = framed(
        works, "May data go to a third country?", topic="gdpr", facts={"act": "2018-05-24"}
    )
    assert (ruled.rule, ruled.rule_id) == (Code.TRANSITIONAL, "eu-gdpr")


def test_a_topic_that_no_rule_knows_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInputError, match=r"'divorce'; there are .*gdpr"):
        check_facts(AskRequest(question="?", topic="divorce"))
    with pytest.raises(BadInputError) as refused:
        check_facts(AskRequest(question="?", topic="divorce", jurisdictions=("uk",)))
    assert "gdpr" not in str(refused.value)
    check_facts(AskRequest(question="?", topic="gdpr"))
