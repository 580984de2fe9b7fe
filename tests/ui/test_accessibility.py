"""Every page in a real browser: no finding of axe-core that keeps a reader out, keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from corpus.settings import Settings
from tests.ui.app_server import CHROMIUM, FLAGS, barriers, served

pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]

MARRIAGE = {"q": "À partir de quel âge peut-on contracter mariage ?", "as_at": "2006-04-04"}
AGE = {"provision": "fr/code-civil#marriage-age", "as_at": "2006-04-04"}
PAGES = {
    "ask, empty": ("", {}),
    "ask, answered": ("", MARRIAGE),
    "ask, without a day": ("", {"q": "What does s 108 ERA 1996 say?"}),
    "search": ("search", {"q": "mariage art. 144 Code civil", "as_at": "2006-04-04"}),
    "law, no day": ("law", {}),
    "law, an act": ("law", {"act": "fr/code-civil", "as_at": "2006-04-04"}),
    "law, a redline": ("law", {**AGE, "with": "2016-10-01"}),
    "coverage": ("coverage", {"as_at": "2010-01-01"}),
    "ingest report": ("ingest-report", {}),
    "matters": ("matters", {}),
    "training": ("training", {}),
    "people": ("people", {}),
    "review": ("review", {}),
    "adjudicate": ("adjudicate", {}),
}
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def url(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = {**settings.environment(), "INFORCE_TODAY": "2026-11-22"}
    with served(environment, tmp_path_factory.mktemp("app")) as address:
        yield address


@pytest.fixture(scope="module")
def browser(url: str) -> Iterator[Browser]:
    """A browser that is closed before the server, which waits for its connections."""
    assert url
    with sync_playwright() as playwright:
        expect.set_options(timeout=60_000)
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


def opened(browser: Browser, address: str, scheme: str = "light") -> Page:
    context = browser.new_context(
        viewport={"width": WIDTHS[0], "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(address)
    expect(page.locator("header.masthead")).to_be_visible()
    settle(page)
    return page


def settle(page: Page) -> None:
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning"
    )
    page.wait_for_timeout(700)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("shown", PAGES)
def test_no_page_keeps_a_reader_out(browser: Browser, url: str, shown: str, scheme: str) -> None:
    name, parameters = PAGES[shown]
    page = opened(browser, f"{url}{name}?{urlencode(parameters)}", scheme)
    page.evaluate(AXE_SCRIPT)
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_timeout(500)
        found[width] = barriers(page)
    page.context.close()
    assert found == {width: [] for width in WIDTHS}


def test_keys_alone_lead_from_the_question_to_a_copied_citation(browser: Browser, url: str) -> None:
    page = opened(browser, url)
    page.get_by_label("Question").focus()
    page.keyboard.type(MARRIAGE["q"])
    tab_to(page, "textbox", "Law as at")
    page.keyboard.type("2006-04-04")
    tab_to(page, "button", "Ask")
    page.keyboard.press("Enter")
    expect(page.locator("article.card")).to_have_count(1)
    settle(page)
    tab_to(page, "", "Copy citation 1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Permalink").first).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab_to(page, "button", "Copy to clipboard")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert "Code civil, art. 144" in page.evaluate("navigator.clipboard.readText()")


def tab_to(page: Page, role: str, name: str) -> None:
    """Press Tab until the element with a name has the focus; fail after two hundred."""
    for _ in range(200):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => {
                const one = document.activeElement;
                const label = one.labels && one.labels.length ? one.labels[0].innerText : "";
                const text = one.getAttribute("aria-label") || label || one.innerText || one.title;
                const role = one.getAttribute("role") || one.tagName.toLowerCase();
                return [role === "input" ? "textbox" : role, (text || "").trim()];
            }"""
        )
        if name in found[1] and role in {"", found[0]}:
            return
    raise AssertionError(f"no key leads to {name}")


@pytest.mark.parametrize(
    ("locale", "said"), [("fr-FR", "Droit au 4 avril 2006."), ("de-CH", "Recht am 4. April 2006.")]
)
def test_a_page_speaks_the_language_of_the_browser(
    browser: Browser, url: str, locale: str, said: str
) -> None:
    context = browser.new_context(locale=locale)
    page = context.new_page()
    page.goto(f"{url}?{urlencode(MARRIAGE)}")
    expect(page.locator(".banner")).to_contain_text(said)
    settle(page)
    assert page.evaluate("document.documentElement.lang") == locale[:2]
    page.get_by_role("link", name="Recherche" if locale[:2] == "fr" else "Suche").first.click()
    expect(page.locator(".masthead .motto")).not_to_contain_text("Ask what the law said")
    context.close()


@pytest.mark.parametrize("shown", PAGES)
def test_no_page_asks_another_host_for_anything(browser: Browser, url: str, shown: str) -> None:
    name, parameters = PAGES[shown]
    asked: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{url}{name}?{urlencode(parameters)}")
    expect(page.locator("header.masthead")).to_be_visible()
    settle(page)
    context.close()
    own = (url, "data:", "blob:", "ws://127.")
    assert [one for one in asked if not one.startswith(own)] == []
