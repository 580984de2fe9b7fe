"""The Training page in a real browser: it follows a run that goes on, without a reload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.app_server import CHROMIUM, FLAGS, served
from tests.ui.test_training_page import a_run, go_on

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Page, expect, sync_playwright

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    a_run(tmp_path, "small-s0-1", 2)
    with served({"INFORCE_HOME": str(tmp_path)}, tmp_path) as url, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.goto(f"{url}training")
        yield opened
        browser.close()


def test_curves_follow_a_run_without_a_reload_and_rollouts_can_be_read(
    page: Page, tmp_path: Path
) -> None:
    page.set_default_timeout(60_000)
    expect(page.get_by_text("step 2 of 10")).to_be_visible(timeout=60_000)
    from rl.run.run_directory import Run

    go_on(Run(tmp_path / "runs" / "small-s0-1"), 2)
    expect(page.get_by_text("step 3 of 10")).to_be_visible(timeout=60_000)
    curve = page.get_by_role("img", name="reward: 0.2", exact=True)
    expect(curve).to_be_visible()
    assert curve.evaluate("image => image.naturalWidth") > 0, "the picture was drawn"
    page.get_by_role("tab", name="Rollouts").click()
    expect(page.get_by_text("said 1 0")).to_be_visible(timeout=60_000)
    assert page.locator("img[src*=evil]").count() == 0
