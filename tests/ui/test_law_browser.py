"""Search, Law and Coverage in a real browser: a large act, two clicks to a redline, a phone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from corpus.demo import demo_files
from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from eval.bench.large_act import LARGE, large_act
from retrieval.index_build import refresh_index
from tests.ui.app_server import CHROMIUM, FLAGS, ROOT, served

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]

AGE = {"provision": "fr/code-civil#marriage-age", "as_at": "2006-04-04"}
HOSTILE = "![x](https://evil.example/x.png) <img src=https://evil.example/y.png> :material/home:"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("desk")
    settings = Settings.under(folder)
    with Store.open(settings.store_url, create=True) as store:
        ingest(Jsonl(*demo_files()), store, strict=True)
        store.write(large_act())
        refresh_index(store, settings.index_url, lambda *_: None)
    environment = {**settings.environment(), "INFORCE_TODAY": "2026-11-22"}
    with served(environment, folder) as address:
        yield address


@pytest.fixture
def browser(url: str) -> Iterator[Browser]:
    """A browser that is closed before the server, which waits for its connections."""
    assert url
    with sync_playwright() as playwright:
        expect.set_options(timeout=60_000)
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


def opened(browser: Browser, address: str, parameters: dict[str, str], **look: object) -> Page:
    context = browser.new_context(
        **{"viewport": {"width": 1200, "height": 900}, **look}  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{address}?{urlencode(parameters)}")
    expect(page.locator("footer.foot")).to_be_visible()
    return page


def settled(page: Page) -> None:
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning"
    )
    page.wait_for_timeout(300)


def test_two_clicks_on_the_timeline_show_a_redline(browser: Browser, url: str) -> None:
    page = opened(browser, f"{url}law", AGE)
    expect(page.locator(".law .text")).to_contain_text("quinze ans")
    page.get_by_text("Compare: a click on another text shows what differs").click()
    settled(page)
    page.get_by_role("button", name="5 April 2006").click()
    expect(page.locator(".redline del").first).to_be_visible()
    assert "with=2006-04-05" in page.url
    page.get_by_role("radio", name="Side by side").click()
    expect(page.locator(".redline.columns td")).not_to_have_count(0)
    settled(page)
    keep_picture(page, "law-redline")


def test_a_permalink_opens_the_paragraph_on_its_day(browser: Browser, url: str) -> None:
    page = opened(browser, f"{url}law", AGE)
    page.get_by_label("Link to paragraph 1").first.click()
    expect(page.locator("#par-1.chosen")).to_contain_text("quinze ans")
    assert "corpus=" in page.url
    assert "as_at=2006-04-04" in page.url


def test_an_act_of_2500_sections_is_read_page_by_page(browser: Browser, url: str) -> None:
    page = opened(browser, f"{url}law", {"act": LARGE, "as_at": "2000-01-01"})
    expect(page.locator("article.provision")).to_have_count(40)
    expect(page.get_by_text("Page 1 of 63").first).to_be_visible()
    page.get_by_role("button", name="Next page: s 41 – s 80").first.click()
    expect(page.locator("article.provision h3").first).to_contain_text("s 41")
    page.get_by_label("Go to number").fill("2500")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Open s 2500").click()
    expect(page.locator(".act h3.label")).to_contain_text("s 2500")
    expect(page.get_by_role("button", name="Previous: s 2499")).to_be_visible()


def test_the_date_control_stays_in_view_while_an_act_is_scrolled(
    browser: Browser, url: str
) -> None:
    page = opened(browser, f"{url}law", {"act": LARGE, "as_at": "2000-01-01"})
    page.locator("footer.foot").scroll_into_view_if_needed()
    expect(page.get_by_role("textbox", name="Law as at")).to_be_in_viewport()
    expect(page.locator(".banner.past")).to_be_in_viewport()


def test_a_cited_provision_is_found_and_read_on_the_same_day(browser: Browser, url: str) -> None:
    parameters = {"q": "mariage art. 144 Code civil", "as_at": "2006-04-04"}
    page = opened(browser, f"{url}search", parameters)
    expect(page.locator("article.found").first.locator(".chip").first).to_have_text("Cited")
    settled(page)
    keep_picture(page, "search")
    page.locator("article.found a").first.click()
    expect(page.locator(".law .text")).to_contain_text("quinze ans")
    assert "as_at=2006-04-04" in page.url


def test_the_day_chosen_on_one_page_is_that_of_the_next(browser: Browser, url: str) -> None:
    page = opened(browser, f"{url}coverage", {"as_at": "2010-01-01", "in": "fr"})
    settled(page)
    keep_picture(page, "coverage")
    page.get_by_role("link", name="Search").first.click()
    expect(page.get_by_role("textbox", name="Law as at")).to_have_value("2010-01-01")
    assert "as_at=2010-01-01" in page.url


PAGES = [
    ("law", AGE),
    ("law", {**AGE, "with": "2016-10-01"}),
    ("law", {"act": "fr/code-civil", "as_at": "2006-04-04"}),
    ("search", {"q": "mariage art. 144 Code civil", "as_at": "2006-04-04"}),
    ("coverage", {"as_at": "2010-01-01"}),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "parameters"), PAGES)
def test_a_page_fits_a_phone_in_either_theme_and_calls_no_other_host(
    browser: Browser, url: str, name: str, parameters: dict[str, str], scheme: str
) -> None:
    asked: list[str] = []
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{url}{name}?{urlencode(parameters)}")
    expect(page.locator("footer.foot")).to_be_visible()
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert unlabelled(page) == []
    keep_picture(page, f"{name}-{scheme}", wanted="INFORCE_LOOK")
    own = (url, "data:", "blob:", "ws://127.")
    assert [one for one in asked if not one.startswith(own)] == []


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("law", {"act": HOSTILE, "as_at": "2006-04-04"}),
        ("law", {"provision": HOSTILE, "as_at": "2006-04-04", "corpus": HOSTILE}),
        ("search", {"q": HOSTILE, "as_at": "2006-04-04", "in": HOSTILE, "kind": HOSTILE}),
        ("coverage", {"as_at": HOSTILE, "in": HOSTILE}),
    ],
)
def test_a_hostile_address_calls_no_other_host(
    browser: Browser, url: str, name: str, parameters: dict[str, str]
) -> None:
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{url}{name}?{urlencode(parameters)}")
    expect(page.locator("header.masthead")).to_be_visible()
    settled(page)
    own = (url, "data:", "blob:", "ws://127.")
    assert [one for one in asked if not one.startswith(own)] == []


def unlabelled(page: Page) -> list[str]:
    """Return the fields and buttons that a screen reader could not name."""
    found: list[str] = page.evaluate(
        """[...document.querySelectorAll('button, input, a[href]')].filter(one => {
            const label = one.getAttribute('aria-label') || one.textContent || one.title
                || (one.labels && one.labels.length && one.labels[0].innerText)
                || one.getAttribute('aria-labelledby') || one.closest('label')?.innerText;
            return one.offsetParent !== null && !label && one.type !== 'hidden';
        }).map(one => one.outerHTML.slice(0, 200))"""
    )
    return found


def keep_picture(page: Page, name: str, wanted: str = "INFORCE_SAVE_SCREENSHOTS") -> None:
    """Save the picture that the documentation shows, when asked to."""
    if os.environ.get(wanted) != "1":
        return
    folder: Path = ROOT / ("docs/images" if wanted == "INFORCE_SAVE_SCREENSHOTS" else "var")
    folder.mkdir(exist_ok=True)
    page.wait_for_timeout(1500)
    page.screenshot(path=folder / f"{name}.png")
