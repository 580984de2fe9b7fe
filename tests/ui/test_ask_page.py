"""The Ask page without a browser: empty, happy, abstaining, and addresses that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from agent.trace_store import TraceStore, traces_url
from corpus.settings import Settings
from tests.ui.page_state import address, shown, started
from ui.export.files import Format
from ui.words import literal

APP = Path(__file__).parents[2] / "ui/app.py"
MARRIAGE = {"q": "À partir de quel âge peut-on contracter mariage ?", "as_at": "2006-04-04"}


pytestmark = pytest.mark.usefixtures("demo_app")


def opened(**address: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=30)
    return started(app, **address)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_empty_page_offers_examples_and_no_answer() -> None:
    app = opened()
    assert app.text_area(key="question").value in {"", None}
    assert app.text_input(key="as_at").value == ""
    assert any("unfairly dismissed" in label for label in labels(app))
    assert 'class="answer"' not in shown(app)
    assert "Employment Rights Act 1996" in shown(app)


def test_an_example_is_asked_by_one_click_and_can_be_linked_to() -> None:
    app = opened()
    app.button(key="example-fr-marriage-woman-2005").click().run()
    assert address(app)["as_at"] == "2005-07-01"
    assert "quinze ans" in shown(app)
    assert "une femme" in (app.text_area(key="question").value or "")


def test_an_address_with_a_question_shows_its_answer() -> None:
    app = opened(**MARRIAGE)
    html = shown(app)
    assert "<mark>Le mariage" in html
    assert "In force from 21 March 1804 to 4 April 2006" in html
    assert 'class="banner past"' in html
    assert "Amended on 5 April 2006" in html
    assert "law?as_at=2006-04-04&amp;provision=fr%2Fcode-civil%23marriage-age" in html
    assert app.text_area(key="question").value == MARRIAGE["q"]
    assert app.text_input(key="as_at").value == "2006-04-04"


def test_submitting_the_form_writes_the_address() -> None:
    app = opened()
    app.text_area(key="question").input("What does s 108 ERA 1996 say?")
    app.text_input(key="as_at").input("2012-04-06")
    next(button for button in app.button if button.label == "Ask").click().run()
    assert address(app) == {"q": "What does s 108 ERA 1996 say?", "as_at": "2012-04-06"}
    assert "two years" in shown(app)


def test_the_day_before_has_the_old_text() -> None:
    question = "What does s 108 ERA 1996 say?"
    assert "one year" in shown(opened(q=question, as_at="2012-04-05"))
    assert "two years" in shown(opened(q=question, as_at="2012-04-06"))


def test_the_answer_of_today_is_one_click_away() -> None:
    app = opened(**MARRIAGE)
    next(b for b in app.button if b.label == "Ask the same of today’s law").click().run()
    assert address(app)["as_at"] == "2026-11-22"
    assert 'class="banner today"' in shown(app)


def test_an_abstention_says_why_and_what_would_help() -> None:
    app = opened(q="Que prévoit l'article 427-1 du Code civil ?", as_at="2026-11-01")
    assert "Not yet in force" in shown(app)
    assert "31 December 2026" in shown(app)
    assert 'class="card"' not in shown(app)
    next(b for b in app.button if "first day" in b.label).click().run()
    assert address(app)["as_at"] == "2026-12-31"
    assert 'class="card"' in shown(app)
    assert 'class="banner future"' in shown(app)


def test_no_date_is_asked_for_and_never_becomes_today() -> None:
    app = opened(q="What hourly rate was an adult worker owed?")
    assert "A date is needed" in shown(app)
    assert 'class="banner' not in shown(app)
    assert 'class="card"' not in shown(app)


def test_a_date_stated_in_the_question_is_announced_as_assumed() -> None:
    app = opened(q="What did s 108 ERA 1996 say on 5 April 2012?")
    assert "Taken from the words “5 April 2012”" in shown(app)


@pytest.mark.parametrize("text", ["2016-13-01", "soon", "<script>"])
def test_a_bad_day_in_the_address_is_named_and_nothing_is_answered(text: str) -> None:
    app = opened(q=MARRIAGE["q"], as_at=text)
    assert [literal(text) in error.value for error in app.error] == [True]
    assert 'class="card"' not in shown(app)
    assert 'class="declined' not in shown(app)


def test_a_hostile_question_is_shown_as_text() -> None:
    app = opened(q='<img src=x onerror="alert(1)">', as_at="2020-01-01")
    assert "<img" not in shown(app)


def test_an_endless_question_is_one_clear_sentence() -> None:
    app = opened(q="x" * 20_001, as_at="2020-01-01")
    assert "20001 characters" in app.error[0].value


def test_a_missing_library_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in Settings.under(tmp_path / "nowhere").environment().items():
        monkeypatch.setenv(name, value)
    app = opened()
    assert len(app.error) == 1
    assert "no library" in app.error[0].value
    assert "inforce demo" in app.markdown[0].value


def test_the_answer_can_be_kept_with_its_date_and_corpus() -> None:
    app = opened(**MARRIAGE)
    trace = app.session_state["outcome"][0]
    kept = json.loads(trace.model_dump_json())
    assert kept["governing"]["as_at"] == "2006-04-04"
    assert len(kept["corpus_hash"]) == 64
    assert len(app.get("download_button")) == len(Format)


def test_drawing_again_does_not_ask_again() -> None:
    app = opened(**MARRIAGE)
    first = app.session_state["outcome"][0].id
    app.run()
    assert app.session_state["outcome"][0].id == first


def test_what_was_answered_is_kept_for_later(settings: Settings) -> None:
    app = opened(**MARRIAGE)
    trace = app.session_state["outcome"][0]
    with TraceStore.open(traces_url(settings)) as store:
        assert store.load(trace.id) == trace


def test_an_answer_that_cannot_be_kept_is_still_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFORCE_TRACES", "sqlite:////proc/nowhere/traces.db")
    app = opened(**MARRIAGE)
    assert "<mark>Le mariage" in shown(app)
    assert any("was not kept" in caption.value for caption in app.caption)


def test_closest_provisions_are_whole_cards_and_said_to_be_unconfirmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INFORCE_POLICY", "extractive-words")
    app = opened(q="Who keeps the register of talking parrots?", as_at="2020-01-01")
    trace = app.session_state["outcome"][0]
    assert trace.answer is None
    assert trace.closest
    page = shown(app)
    assert "Closest provisions in force on 1 January 2020" in page
    assert "Unconfirmed" in page
    assert "Looked at:" in page
    assert page.count("Amended since?") == len(trace.closest)
    assert page.count('class="card"') == len(trace.closest)
