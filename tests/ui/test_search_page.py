"""The Search and Coverage pages without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from retrieval.search import SearchRequest
from tests.ui.page_state import address, press, shown, started
from ui.search import saved
from ui.search.address import read_search, write_search

DAY = "2016-10-01"
HOSTILE = "<img src=https://evil.example/x.png> ![x](https://evil.example/y.png)"


@pytest.fixture(autouse=True)
def _environment(demo_app: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("INFORCE_SEARCHES", f"sqlite:///{tmp_path / 'searches.db'}")
    yield
    saved._opened.clear()


def _search() -> None:
    from ui.pages.search import page

    page()


def _coverage() -> None:
    from ui.pages.coverage import page

    page()


def opened(page: object = _search, **address: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=60)  # type: ignore[arg-type]
    return started(app, **address)


def test_without_a_day_nothing_is_searched() -> None:
    app = opened(q="mariage")
    assert "A date is needed" in shown(app)
    assert "card found" not in shown(app)


def test_a_cited_provision_comes_first_and_links_to_its_text_on_the_day() -> None:
    html = shown(opened(q="dommage art. 1240 Code civil", as_at=DAY))
    first = html[html.index("card found") :]
    assert first.index("Cited") < first.index("</article>")
    assert "law?as_at=2016-10-01&amp;provision=fr%2Fcode-civil%23tort" in html


def test_a_citation_that_is_not_in_force_says_why() -> None:
    html = shown(opened(q="art. 1240 Code civil", as_at="2016-09-30"))
    assert 'class="cited"' in html
    assert "Nothing was found" in html


def test_the_form_writes_the_address_and_the_filters_narrow() -> None:
    app = opened(as_at=DAY)
    app.text_input(key="search-text").input("minimum wage")
    press(app, "Search")
    assert address(app) == {"q": "minimum wage", "as_at": DAY}
    options = app.multiselect(key="search-jurisdictions").options
    assert any(option.startswith("United Kingdom (") for option in options)
    app.multiselect(key="search-jurisdictions").set_value(["uk"]).run()
    assert address(app)["in"] == "uk"
    html = shown(app)
    assert "United Kingdom ·" in html
    assert "Germany ·" not in html


def test_law_of_other_days_is_shown_only_when_asked_for_and_says_so() -> None:
    app = opened(q="adhésion", as_at="2016-09-30", act="fr/code-civil")
    assert "card found not_yet" not in shown(app)
    app.radio(key="search-status").set_value("not_yet_in_force").run()
    assert address(app)["status"] == "not_yet_in_force"
    assert "Law only later: since 1 October 2016" in shown(app) or "Law only later:" in shown(app)
    assert 'class="card found in_force"' not in shown(app)


def test_a_search_is_saved_run_on_another_day_and_removed() -> None:
    app = opened(q="mariage", as_at="2006-04-04", in_="fr")
    app.text_input(key="saved-name").input("age of marriage").run()
    press(app, "Save this search")
    again = opened(as_at=DAY)
    again.button(key="saved-run-0").click().run()
    assert address(again) == {"q": "mariage", "as_at": DAY, "in": "fr"}
    again.button(key="saved-remove-0").click().run()
    assert not [b for b in again.button if b.key and b.key.startswith("saved-run")]


def test_a_search_without_a_name_is_not_saved_and_says_so() -> None:
    app = press(opened(q="mariage", as_at=DAY), "Save this search")
    assert "needs a name" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"q": "x" * 20_001, "as_at": DAY}, "there may be 20,000"),
        ({"q": "mariage", "as_at": DAY, "status": HOSTILE}, "it may be one of"),
        ({"q": "mariage", "as_at": DAY, "in_": "zz"}, "There is no jurisdiction"),
        ({"q": "mariage", "as_at": DAY, "extent": HOSTILE}, "There is no territory"),
        ({"q": "mariage", "as_at": DAY, "act": HOSTILE}, "There is no act with the id"),
        ({"q": "mariage", "as_at": DAY, "lang": "zz"}, "There is no text in the language"),
        ({"q": "mariage", "as_at": "2016-02-30"}, "which is no day"),
    ],
)
def test_what_cannot_be_searched_is_one_sentence(parameters: dict[str, str], said: str) -> None:
    app = opened(**parameters)
    (problem,) = [error.value.replace("\\", "") for error in app.error]
    assert said in problem
    assert "<img" not in shown(app)


@pytest.mark.parametrize("page", [_search, _coverage])
def test_hostile_text_in_the_address_is_never_markup(page: object) -> None:
    app = opened(page, q=HOSTILE, as_at=DAY, act=HOSTILE, kind=HOSTILE, lang=HOSTILE, in_="fr")
    assert "<img" not in shown(app)
    assert "evil.example" not in "".join(m.value for m in app.markdown)


def test_a_search_address_is_read_back_as_it_was_written() -> None:
    request = SearchRequest(
        text="a b",
        jurisdictions=("uk", "fr"),
        works=("uk/era-1996",),
        kinds=("act",),
        languages=("en",),
        status="no_longer_in_force",
        extent="S",
    )
    assert read_search(write_search(request, date(2016, 10, 1))) == (request, ())


def test_coverage_shows_gaps_and_what_the_day_lacks() -> None:
    html = shown(opened(_coverage, as_at="2010-01-01"))
    code = html[html.index("Code électoral") :]
    assert "from 22 April 2000 to 31 March 2026" in code
    assert "Not covered on 1 January 2010" in code
    assert "law?as_at=2010-01-01&amp;act=fr%2Fcode-electoral" in html


def test_one_provision_is_not_counted_as_several() -> None:
    html = shown(opened(_coverage, as_at="2010-01-01"))
    assert "1 provision in" in html
    assert not re.search(r"\b1 (provisions|texts)\b", html)


def test_coverage_is_narrowed_and_the_filter_stands_in_the_address() -> None:
    app = opened(_coverage, as_at="2010-01-01")
    app.multiselect(key="coverage-in").set_value(["fr"]).run()
    assert address(app) == {"as_at": "2010-01-01", "in": "fr"}
    assert "Employment Rights Act" not in shown(app)
    app.checkbox(key="coverage-only").check().run()
    assert address(app)["faults"] == "1"
    assert "Code électoral" in shown(app)
    assert "Code pénal" not in shown(app)
    again = opened(_coverage, as_at="2010-01-01", in_="fr", faults="1")
    assert "Code pénal" not in shown(again)
