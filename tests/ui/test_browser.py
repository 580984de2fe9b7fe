"""The app as a lawyer meets it: a real server, a real browser, one question."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from corpus.settings import Settings
from tests.ui.app_server import CHROMIUM, FLAGS, ROOT, served

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Page, expect, sync_playwright

MARRIAGE = "À partir de quel âge peut-on contracter mariage ?"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


@pytest.fixture(scope="module")
def url(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = {**settings.environment(), "INFORCE_TODAY": "2026-11-22"}
    with served(environment, tmp_path_factory.mktemp("app")) as address:
        yield address


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        found = browser.new_page(viewport={"width": 1200, "height": 900})
        found.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        yield found
        browser.close()


def test_a_question_typed_and_dated_is_answered_with_a_card(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Question").fill(MARRIAGE)
    page.get_by_role("button", name="Ask", exact=True).wait_for()
    _type_day(page, "2006-04-04")
    page.get_by_role("button", name="Ask", exact=True).click()
    card = page.locator("article.card")
    expect(card).to_have_count(1)
    expect(card.locator(".label")).to_have_text("art. 144")
    expect(card.locator(".chip")).to_have_text("In force from 21 March 1804 to 4 April 2006")
    expect(card.locator("mark")).to_contain_text("quinze ans")
    expect(page.locator(".banner.past")).to_contain_text("4 April 2006")
    assert "as_at=2006-04-04" in page.url
    _keep_picture(page)


def test_the_page_fits_a_phone(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(url + "?" + urlencode({"q": MARRIAGE, "as_at": "2006-04-04"}))
    expect(page.locator("article.card")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = page.locator("article.card").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360


def test_going_back_shows_the_question_before(page: Page, url: str) -> None:
    page.goto(url + "?" + urlencode({"q": MARRIAGE, "as_at": "2006-04-04"}))
    expect(page.locator(".card .label")).to_have_text("art. 144")
    page.get_by_role("button", name="Ask the same of today’s law").click()
    expect(page.locator(".banner.today")).to_be_visible()
    page.go_back()
    expect(page.locator(".banner.past")).to_be_visible()
    expect(page.locator(".card .chip")).to_contain_text("4 April 2006")


HOSTILE = "![x](https://evil.example/x.png) <img src=https://evil.example/y.png> :material/home:"


@pytest.mark.parametrize(
    "address",
    [
        {"q": MARRIAGE, "as_at": "2006-04-04"},
        {"q": HOSTILE, "as_at": "2006-04-04"},
        {"q": MARRIAGE, "as_at": HOSTILE},
        {"q": MARRIAGE, "as_at": "2006-04-04", "extent": HOSTILE},
        {"q": MARRIAGE, "issue": HOSTILE},
        {"q": MARRIAGE, "topic": HOSTILE, "issue": "civil_liability"},
        {"q": "In force on 2010-99-99?", "as_at": "2006-04-04"},
        {},
    ],
)
def test_a_page_calls_no_other_host(page: Page, url: str, address: dict[str, str]) -> None:
    asked: list[str] = []
    blocked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "console", lambda said: blocked.append(said.text) if "Security Policy" in said.text else 0
    )
    page.goto(url + "?" + urlencode(address))
    expect(page.locator("footer.foot")).to_be_visible()
    page.wait_for_timeout(500)
    others = [one for one in asked if not one.startswith((url, "data:", "blob:", "ws://127."))]
    assert others == []
    assert [said for said in blocked if "Security Policy" in said] == []


def test_a_page_may_load_from_its_own_server_alone(url: str) -> None:
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "connect-src 'self'" in answer.headers["Content-Security-Policy"]


def _type_day(page: Page, day: str) -> None:
    """Type a day into the field by the keyboard alone."""
    page.get_by_role("textbox", name="Law as at").focus()
    page.keyboard.type(day)


def _keep_picture(page: Page) -> None:
    """Save the picture that the README shows, when asked to."""
    if os.environ.get("INFORCE_SAVE_SCREENSHOTS") == "1":
        folder = ROOT / "docs/images"
        folder.mkdir(parents=True, exist_ok=True)
        height = page.evaluate(
            "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"
        )
        page.set_viewport_size({"width": 1000, "height": int(height) + 20})
        page.wait_for_timeout(500)
        page.screenshot(path=folder / "ask.png")


def test_the_link_of_a_citation_scrolls_its_quotation_into_view(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 700, "height": 320})
    page.goto(url + "?" + urlencode({"q": MARRIAGE, "as_at": "2006-04-04"}))
    mark = page.locator("article.card mark")
    expect(mark).to_contain_text("quinze ans")
    page.locator(".masthead").scroll_into_view_if_needed()
    expect(mark).not_to_be_in_viewport()
    page.locator("a.cite").first.click()
    expect(mark).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [390, 1200])
def test_an_impossible_day_is_refused_and_stays_as_typed(page: Page, url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(url + "?" + urlencode({"q": MARRIAGE, "as_at": "2006-04-04"}))
    expect(page.locator("article.card")).to_have_count(1)
    field = page.get_by_role("textbox", name="Law as at")
    field.fill("")
    _type_day(page, "2022-02-30")
    page.keyboard.press("Enter")
    refused = page.get_by_role("alert")
    expect(refused).to_contain_text("Law as at: “2022-02-30” is no day of the calendar")
    expect(refused).to_be_in_viewport()
    expect(field).to_have_value("2022-02-30")
    expect(page.locator("article.card")).to_have_count(0)
    assert "as_at=2006-04-04" in page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_leap_day_is_a_day(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(url + "?" + urlencode({"q": MARRIAGE, "as_at": "2006-04-04"}))
    expect(page.locator("article.card")).to_have_count(1)
    field = page.get_by_role("textbox", name="Law as at")
    field.fill("")
    _type_day(page, "2024-02-29")
    page.keyboard.press("Enter")
    expect(page.locator(".banner.past")).to_contain_text("29 February 2024")
    expect(field).to_have_value("2024-02-29")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert "as_at=2024-02-29" in page.url


def test_a_reply_that_is_no_day_is_refused_and_stays_as_typed(page: Page, url: str) -> None:
    page.goto(url + "?" + urlencode({"q": "What does s 108 ERA 1996 say?"}))
    field = page.get_by_role("textbox", name="Law as at").nth(1)
    expect(field).to_be_visible()
    field.focus()
    page.keyboard.type("2022-02-30")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is no day of the calendar")
    expect(field).to_have_value("2022-02-30")
    assert "as_at" not in page.url
