"""A lawyer's morning in a real browser: matter, questions, memo, an alert, a stopped run."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import docx
import pytest

from corpus.demo import demo_files
from corpus.ingest import ingest
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl, write_jsonl
from corpus.store import Store
from retrieval.index_build import refresh_index
from tests.agent.matters_cases import HOSTILE
from tests.agent.test_server_policy import Handler, serving
from tests.corpus.build import history, version
from tests.ui.app_server import CHROMIUM, FLAGS, ROOT, served

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]

MARRIAGE = "À partir de quel âge peut-on contracter mariage ?"
DUTY = "What does s 1 Widgets Act 1990 say?"
SEARCH = '{"name": "search_statutes", "arguments": {"query": "mariage", "as_at": "2006-04-04"}}'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    settings = Settings.under(tmp_path)
    with Store.open(settings.store_url, create=True) as store:
        ingest(Jsonl(*demo_files()), store, strict=True)
        store.write(history(version("1990-01-01")))
        refresh_index(store, settings.index_url, lambda *_: None)
    return tmp_path


@pytest.fixture
def url(home: Path) -> Iterator[str]:
    with served(environment(home), home) as address:
        yield address


def environment(home: Path) -> dict[str, str]:
    return {
        "INFORCE_HOME": str(home),
        "INFORCE_TODAY": "2026-11-22",
        "INFORCE_LOCAL_NAME": "Anna Schmidt",
    }


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        expect.set_options(timeout=60_000)
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(url: str, browser: Browser) -> Page:
    found = browser.new_page(viewport={"width": 1200, "height": 900})
    found.set_default_timeout(60_000)
    found.goto(f"{url}matters")
    return found


def settled(page: Page) -> None:
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning"
    )
    page.wait_for_timeout(300)


def new_matter(page: Page, name: str, day: str = "") -> None:
    page.get_by_role("textbox", name="Name of the matter").fill(name)
    if day:
        page.get_by_role("textbox", name="Law as at").fill(day)
        page.keyboard.press("Tab")
        settled(page)
    page.get_by_role("button", name="Create").click()
    expect(page.locator("section.matter h2")).to_have_text(name)


def ask_in_matter(page: Page, question: str) -> None:
    page.get_by_role("link", name="Ask in this matter").evaluate("one => one.target = '_self'")
    page.get_by_role("link", name="Ask in this matter").click()
    expect(page.get_by_text("In the matter")).to_be_visible()
    settled(page)
    page.get_by_label("Question", exact=True).fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("section.answer")).to_be_visible()
    settled(page)


def test_a_morning_from_the_first_question_to_a_memo_filed_in_a_matter(
    page: Page, home: Path
) -> None:
    new_matter(page, "Dupont: mariage de 2006", "2006-04-04")
    ask_in_matter(page, MARRIAGE)
    expect(page.locator("article.card .label").first).to_have_text("art. 144")
    page.get_by_label("Ask a follow-up").fill("Que dit l'article 144 du Code civil ?")
    page.get_by_role("button", name="Ask the follow-up").click()
    settled(page)
    expect(page.locator(".banner.past")).to_contain_text("4 April 2006")
    page.get_by_text("In the matter").locator("xpath=ancestor-or-self::a").first.click()
    expect(page.locator("article.filed")).to_have_count(2)
    page.get_by_label("Add a note").fill("The bride was fifteen. Ask for the certificate.")
    page.get_by_role("button", name="Add a note").click()
    expect(page.locator("article.noted")).to_contain_text("fifteen")
    page.get_by_text("Show the answer").first.click()
    expect(page.locator("section.answer")).to_contain_text("quinze ans")
    settled(page)
    keep_picture(page, "matter")
    page.get_by_role("button", name="Replay").first.click()
    expect(page.get_by_text("The answer came out as it was.")).to_be_visible()
    with page.expect_download() as got:
        page.get_by_role("button", name="Word").click()
    memo = Path(got.value.path()).read_bytes()
    assert got.value.suggested_filename.startswith("Dupont-mariage-de-2006-")
    text = "\n".join(line.text for line in docx.Document(io.BytesIO(memo)).paragraphs)
    for words in ("Matter: Dupont: mariage de 2006", "fifteen", "1. Question", "quinze ans"):
        assert words in text
    keep_memo(memo, home)


def test_an_ingested_amendment_is_an_alert_on_the_page(page: Page, home: Path) -> None:
    new_matter(page, "Widget works", "2026-11-20")
    ask_in_matter(page, DUTY)
    amended = history(
        version("1990-01-01", "2026-12-01", ended_by="Widgets (Amendment) Act 2026"),
        version("2026-12-01"),
    )
    write_jsonl([amended], home / "amended.jsonl")
    done = subprocess.run(
        [sys.executable, "-m", "inforce", "ingest", str(home / "amended.jsonl")],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment(home)},
        cwd=ROOT,
    )
    assert "1 alert is new" in done.stderr
    page.goto(page.url.partition("?")[0] + "matters")
    alert = page.locator("article.alert")
    expect(alert).to_contain_text(
        "Widgets Act 1990, s 1: will be amended on 1 December 2026 by Widgets (Amendment) Act 2026."
    )
    expect(page.get_by_role("button", name="Acknowledge")).to_be_visible()
    settled(page)
    keep_picture(page, "alert")
    alert.get_by_role("link", name="See what changed").click()
    expect(page.locator(".redline")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("article.alert")).to_have_count(0)


def test_a_stopped_run_shows_its_steps_and_no_answer(home: Path, browser: Browser) -> None:
    def searches(handler: Handler, _: object) -> None:
        choice = {"delta": {"content": SEARCH}, "finish_reason": "stop"}
        handler.raw(f"data: {json.dumps({'choices': [choice]})}\n\ndata: [DONE]\n\n".encode())

    def slowly(handler: Handler, body: object) -> None:
        time.sleep(6)
        searches(handler, body)

    with serving(searches, slowly) as model:
        more = {"INFORCE_POLICY": model.url}
        with served({**environment(home), **more}, home) as address:
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            page.set_default_timeout(60_000)
            page.goto(address)
            page.get_by_label("Question", exact=True).fill(MARRIAGE)
            page.get_by_role("textbox", name="Law as at").fill("2006-04-04")
            page.get_by_role("button", name="Ask", exact=True).click()
            expect(page.locator("ol.doing")).to_contain_text("Searched “mariage”")
            keep_picture(page, "steps", wait=0)
            page.get_by_role("button", name="Stop").click()
            expect(page.locator("section.stopped")).to_contain_text("nothing was answered")
            expect(page.locator("section.stopped ol")).to_contain_text("Searched “mariage”")
            settled(page)
            asked = len(model.asked)
            assert asked <= 3
            page.wait_for_timeout(3_000)
            assert len(model.asked) == asked, "the model was asked again after the stop"
            assert page.locator("section.answer, article.card").count() == 0
            expect(page.get_by_role("button", name="Ask again")).to_be_visible()
            page.close()


def test_markup_in_every_field_calls_no_other_host(page: Page, url: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    new_matter(page, HOSTILE)
    page.get_by_label("Add a note").fill(HOSTILE)
    page.get_by_role("button", name="Add a note").click()
    expect(page.locator("article.noted")).to_contain_text("evil.example")
    page.goto(f"{url}matters")
    expect(page.get_by_role("button", name="evil.example").first).to_be_visible()
    settled(page)
    own = (url, "data:", "blob:", "ws://127.")
    assert [one for one in asked if not one.startswith(own)] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_matter_fits_a_phone(page: Page, browser: Browser, scheme: str) -> None:
    new_matter(page, "Dupont: mariage de 2006 et tout ce qui s'ensuit depuis longtemps")
    narrow = browser.new_page(
        viewport={"width": 390, "height": 844},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    narrow.goto(page.url)
    expect(narrow.locator("section.matter")).to_be_visible()
    settled(narrow)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
    keep_picture(narrow, f"matter-{scheme}", wanted="INFORCE_LOOK")


def keep_picture(
    page: Page, name: str, wanted: str = "INFORCE_SAVE_SCREENSHOTS", wait: int = 1_500
) -> None:
    """Save the picture that the documentation shows, when asked to."""
    if os.environ.get(wanted) != "1":
        return
    folder = ROOT / ("docs/images" if wanted == "INFORCE_SAVE_SCREENSHOTS" else "var")
    folder.mkdir(exist_ok=True)
    page.wait_for_timeout(wait)
    page.screenshot(path=folder / f"{name}.png", full_page=wait > 0)


def keep_memo(memo: bytes, folder: Path) -> None:
    """Keep the memo for a look at it in LibreOffice, when asked to."""
    if os.environ.get("INFORCE_LOOK") == "1":
        (ROOT / "var").mkdir(exist_ok=True)
        (ROOT / "var/matter.docx").write_bytes(memo)
