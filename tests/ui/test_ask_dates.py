"""The page asks for the day that is missing, shows the rule, and answers for each day."""

from __future__ import annotations

import pytest

from agent.graph.run import Paused
from corpus.applicability import Issue
from tests.ui.test_ask_page import address, labels, opened, shown

QUESTION = "What does s 108 ERA 1996 say?"
CRIMINAL = {"q": QUESTION, "issue": "criminal", "facts": "act:2010-01-01"}


pytestmark = pytest.mark.usefixtures("demo_app")


def press(app: object, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def test_the_missing_day_is_asked_for_and_the_thread_goes_on_with_it() -> None:
    app = opened(q=QUESTION)
    assert "A date is needed" in shown(app)
    waiting = app.session_state["outcome"]
    assert isinstance(waiting, Paused)
    app.text_input(key="missing-day").input("2012-04-05")
    press(app, "Answer")
    assert "one year" in shown(app)
    assert address(app) == {"q": QUESTION, "as_at": "2012-04-05"}
    assert app.session_state["outcome"][0].id == waiting.thread, "the same thread went on"
    assert app.text_input(key="as_at").value == "2012-04-05"


def test_the_reply_can_be_linked_to() -> None:
    assert "one year" in shown(opened(q=QUESTION, as_at="2012-04-05"))


def test_an_empty_reply_is_no_reply() -> None:
    app = opened(q=QUESTION)
    press(app, "Answer")
    assert isinstance(app.session_state["outcome"], Paused)
    assert address(app) == {"q": QUESTION}


def test_days_the_question_names_are_offered() -> None:
    app = opened(q="What changed between 1 May 2004 and 1 May 2005?")
    assert {"Ask as at 1 May 2004", "Ask as at 1 May 2005"} <= set(labels(app))


def test_the_day_of_a_fact_is_asked_for_by_its_name() -> None:
    app = opened(**CRIMINAL)
    field = app.text_input(key="missing-decision")
    assert field.label == "The day of the decision"
    field.input("2013-01-01")
    press(app, "Answer")
    assert address(app)["facts"] == "act:2010-01-01,decision:2013-01-01"
    html = shown(app)
    assert "LEX_MITIOR" in html
    assert "unverified rule" in html
    assert "Authority: European Convention on Human Rights" in html
    assert "Law as at 1 January 2010" in html


def test_one_of_two_facts_may_be_given() -> None:
    app = opened(q=QUESTION, issue="criminal")
    assert app.selectbox(key="missing-role-0").options == [
        "The last day of the act",
        "The day of the act or event",
    ]
    app.text_input(key="missing-act_end-act").input("2010-01-01")
    press(app, "Answer")
    assert address(app)["facts"] == "act:2010-01-01"
    following = app.text_input(key="missing-decision")
    assert following.label == "The day of the decision"
    assert not following.value, "the day of the act is not offered as that of the decision"


def test_a_verified_rule_has_no_doubt_on_it() -> None:
    app = opened(
        q="Quelle responsabilité selon l'art. 1382 Code civil ?",
        issue="civil",
        facts="contract:2016-09-30",
    )
    html = shown(app)
    assert "TRANSITIONAL" in html
    assert "unverified rule" not in html
    assert "facts assumed" not in html


def test_facts_read_in_the_question_are_shown_as_assumed() -> None:
    words = "The contract was signed on 30 September 2016; the damage appeared on 1 April 2019."
    html = shown(opened(q=f"{words} What does art. 1382 Code civil say?"))
    assert "facts assumed" in html
    assert "the day the contract was made is 30 September 2016" in html


def test_every_version_is_answered_on_request() -> None:
    app = opened(q=QUESTION)
    press(app, "Answer for every version")
    assert address(app)["each"] == "1"
    assert [tab.label for tab in app.tabs] == [
        "22 August 1996",
        "1 June 1999",
        "6 April 2012",
        "1 January 2027",
    ]
    html = shown(app)
    assert html.count('class="card"') == 4
    assert html.count("One of 4 days") == 4
    assert 'id="citation-1996-08-22-1"' in html
    assert 'href="#citation-2027-01-01-1"' in html


def test_the_days_of_a_lenient_rule_are_answered_on_request() -> None:
    app = opened(q=QUESTION, issue="criminal", facts="act:2010-01-01,decision:2013-01-01")
    press(app, "Answer for each of the 3 days")
    assert [tab.label for tab in app.tabs] == ["1 January 2010", "6 April 2012", "1 January 2013"]


def test_the_facts_of_the_form_go_into_the_address() -> None:
    app = opened()
    app.text_area(key="question").input(QUESTION)
    app.selectbox(key="issue").select(Issue.CRIMINAL)
    app.text_input(key="fact-act").input("2010-01-01")
    press(app, "Ask")
    assert address(app) == CRIMINAL


def test_a_fact_without_a_field_of_its_own_is_not_lost() -> None:
    facts = "act:2010-01-01,conviction:2012-01-01"
    app = opened(q=QUESTION, issue="criminal", facts=facts)
    assert app.text_input(key="fact-conviction").value == "2012-01-01"
    press(app, "Ask")
    assert address(app)["facts"] == facts


def test_facts_that_contradict_each_other_are_one_clear_sentence() -> None:
    app = opened(q=QUESTION, issue="criminal", facts="act:2010-01-01,decision:2009-01-01")
    assert "contradict each other" in app.error[0].value


def test_what_no_version_answers_is_one_clear_sentence() -> None:
    app = opened(q="What colour are unicorns?", each="1")
    assert "No provision can be made out" in app.error[0].value


def test_a_special_subject_is_chosen_in_the_form_and_shown_again() -> None:
    app = opened(q="What does Art 44 GDPR say?", topic="gdpr")
    assert app.selectbox(key="topic").value == "gdpr"
    app.text_input(key="fact-act").input("2018-05-25")
    press(app, "Ask")
    assert address(app)["topic"] == "gdpr"
    assert 'class="rule"' in shown(app)


def test_a_subject_that_no_rule_knows_is_one_clear_sentence() -> None:
    assert "No rule knows the topic 'divorce'" in opened(q=QUESTION, topic="divorce").error[0].value
