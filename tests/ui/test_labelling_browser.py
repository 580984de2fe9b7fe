"""Two annotators and an adjudicator in a real browser, with keys alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rl.annotation.items import ChosenVersion, LabelStatus
from rl.annotation.queue.label_queue import LabelQueue
from rl.annotation.queue.labels import labels, log
from tests.rl.statutes import NEW
from tests.ui.app_server import CHROMIUM, FLAGS, ROOT, served
from tests.ui.labelling_home import create_project, environment, settings_under

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


UNREADABLE = """[...document.querySelectorAll('.stButton button')].filter(button => {
    const light = style => Math.max(...style.match(/[0-9.]+/g).slice(0, 3).map(Number));
    const look = getComputedStyle(button);
    return Math.abs(light(look.color) - light(look.backgroundColor)) < 40;
}).map(button => button.innerText)"""
"""Buttons whose words are about as light as what they stand on."""


@dataclass
class Served:
    """An app with a labelling project of its own."""

    url: str
    queue: LabelQueue


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Served]:
    settings = settings_under(tmp_path)
    with (
        create_project(settings, tmp_path) as queue,
        served(environment(settings, tmp_path), tmp_path) as url,
    ):
        yield Served(url, queue)


@pytest.fixture
def browser(desk: Served) -> Iterator[Browser]:
    """A browser that is closed before the server, which waits for its connections."""
    assert desk.url
    with sync_playwright() as playwright:
        expect.set_options(timeout=90_000)
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


def sit(browser: Browser, url: str, person: str, name: str = "review", **look: object) -> Page:
    """Open a page in a browser context of its own."""
    context = browser.new_context(viewport={"width": 900, "height": 1100}, **look)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(f"{url}{name}?project=fees&person={person}")
    return page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(300)
        ready(page)


def decided(page: Page, count: int) -> None:
    """Wait until the page says so and has shown all of the next item."""
    expect(page.locator(".progress")).to_contain_text(f"{count} decided by you")
    ready(page)


def decide(page: Page, key: str, count: int) -> None:
    """Decide an item by a key, again where the page was not yet listening, and await the next."""
    press(page, key)
    with contextlib.suppress(AssertionError):
        said = f"{count} decided by you"
        expect(page.locator(".progress")).to_contain_text(said, timeout=20_000)
    if f"{count - 1} decided by you" in page.locator(".progress").inner_text():
        press(page, key)
    decided(page, count)


def ready(page: Page) -> None:
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning"
    )
    page.wait_for_timeout(200)


def letter_of(page: Page, words: str) -> str:
    """The key of the candidate that says so; the order is drawn for each item."""
    texts = page.locator(".candidate .answer").all_inner_texts()
    return str(1 + next(n for n, text in enumerate(texts) if words in text))


def test_two_label_by_keys_disagree_once_and_the_adjudicator_settles(
    browser: Browser, desk: Served
) -> None:
    ann, ben = sit(browser, desk.url, "ann"), sit(browser, desk.url, "ben")
    for page, words in ((ann, "£40"), (ben, "£65")):
        decided(page, 0)
        expect(page.locator(".candidate")).to_have_count(3)
        expect(page.get_by_text("Why this item")).to_have_count(0)
        decide(page, letter_of(page, words), 1)
        decide(page, letter_of(page, "£40"), 2)
        press(page, "a", "6")
        decided(page, 3)
    press(ann, "u")
    decided(ann, 4)
    expect(ann.get_by_text("No item is left for you.")).to_be_visible()
    press(ann, "z")
    decided(ann, 3)
    for page in (ann, ben):
        press(page, "v", "2")
        expect(page.get_by_label("The words that answer")).to_be_visible()
        press(page, "Enter")
        decided(page, 4)
    _settle(sit(browser, desk.url, "judith", "adjudicate"))
    found = labels(desk.queue, "fees")
    assert [label.status for label in found] == [LabelStatus.ADJUDICATED, *[LabelStatus.AGREED] * 3]
    assert found[0].people == ("ann",)
    assert isinstance(found[3].choice, ChosenVersion)
    assert found[3].choice.version_id == NEW
    assert [row.act for row in log(desk.queue, "fees")].count("withdrawn") == 1


def _settle(judith: Page) -> None:
    expect(judith.locator(".made")).to_have_count(2)
    expect(judith.locator(".overview")).to_contain_text("3 of 4 items labelled")
    ready(judith)
    keep_picture(judith, "adjudicate")
    press(judith, letter_of(judith, "£40"))
    expect(judith.get_by_text("Nothing is to be settled.")).to_be_visible()


def test_a_key_typed_into_a_note_decides_nothing_and_the_note_is_saved(
    browser: Browser, desk: Served
) -> None:
    page = sit(browser, desk.url, "ann")
    decided(page, 0)
    page.get_by_label("Note").click()
    page.keyboard.type("u1fz p")
    page.keyboard.press("Tab")
    page.wait_for_timeout(800)
    decided(page, 0)
    press(page, "h", "g")
    expect(page.get_by_role("button", name="Flagged for the adjudicator")).to_be_visible()
    keep_picture(page, "review")
    page.reload()
    decided(page, 0)
    expect(page.get_by_label("Note")).to_have_value("u1fz p")
    press(page, "f")
    decided(page, 1)
    [row] = log(desk.queue, "fees")
    assert row.decision is not None
    assert (row.decision.note, row.decision.choice.kind) == ("u1fz p", "faulty")


def test_a_double_click_is_one_decision(browser: Browser, desk: Served) -> None:
    page = sit(browser, desk.url, "ann")
    page.get_by_role("button", name="Unsure").dblclick()
    decided(page, 1)
    page.wait_for_timeout(1500)
    assert len(log(desk.queue, "fees")) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "person"), [("review", "ann"), ("adjudicate", "judith")])
def test_the_pages_fit_a_phone_and_call_no_other_host(
    browser: Browser, desk: Served, scheme: str, name: str, person: str
) -> None:
    look = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme}
    context = browser.new_context(**look)  # type: ignore[arg-type]
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{desk.url}{name}?project=fees&person={person}")
    expect(page.locator(".progress, .overview").first).to_be_visible()
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(UNREADABLE) == []
    keep_picture(page, f"{name}-{scheme}", wanted="INFORCE_LOOK")
    own = (desk.url, "data:", "blob:", "ws://127.")
    assert [one for one in asked if not one.startswith(own)] == []


def keep_picture(page: Page, name: str, wanted: str = "INFORCE_SAVE_SCREENSHOTS") -> None:
    """Save the picture that the documentation shows, when asked to."""
    if os.environ.get(wanted) != "1":
        return
    main = "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"
    size = page.viewport_size or {"width": 900}
    height = min(int(page.evaluate(main)) + 60, 1900)
    page.set_viewport_size({"width": min(size["width"], 720), "height": height})
    page.wait_for_timeout(2000)
    folder = ROOT / ("docs/images" if wanted == "INFORCE_SAVE_SCREENSHOTS" else "var")
    folder.mkdir(exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")
