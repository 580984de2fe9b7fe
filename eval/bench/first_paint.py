"""``python -m eval.bench.first_paint``: how long each page takes to show itself in Chromium.

The app is served over the demonstration corpus. Each visit opens a page in a new context of one
browser, Ask with its answer among them, in an order that changes from round to round; the first
round warms the app and is not counted. *Painted* is the browser's first contentful paint, *done*
the last change of what the page holds before its script has stopped and nothing changed for 1.5
seconds. An act of 2,500 sections is scrolled from its first to its last provision on a page too:
a frame that takes long is what a reader sees as freezing. Needs Linux, Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import numpy as np
from rich.table import Table

from corpus.console import out
from corpus.demo import demo_files
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from eval.bench.large_act import LARGE, large_act
from eval.bench.resampling import resampled
from eval.bench.served_app import FLAGS, chromium, free_port, running
from retrieval.index_build import load

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as BrowserPage

DAY = "2006-04-04"
PAGES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "ask": ("", {"q": "À partir de quel âge peut-on contracter mariage ?", "as_at": DAY}),
    "search": ("search", {"q": "mariage", "as_at": DAY}),
    "law": ("law", {"act": "fr/code-civil", "as_at": DAY}),
    "provision": ("law", {"provision": "fr/code-civil#marriage-age", "as_at": DAY}),
    "large act": ("law", {"act": LARGE, "as_at": DAY}),
    "matters": ("matters", {}),
    "coverage": ("coverage", {}),
}
_WATCH = """
window.done = null;
let changed = 0;
const noted = () => { changed = document.timeline.currentTime; };
const look = frame => {
  const still = document.querySelector('[data-test-script-state=notRunning]') !== null;
  if (still && document.querySelector('h1') && frame - changed > QUIET) window.done = changed;
  else requestAnimationFrame(look);
};
addEventListener('DOMContentLoaded', () => {
  new MutationObserver(noted).observe(
    document.body, {childList: true, characterData: true, subtree: true});
  requestAnimationFrame(look);
});
""".replace("QUIET", "1500")
_SCROLL = """
async () => {
  const main = document.querySelector('[data-testid=stMain]'), frames = [];
  let last = await new Promise(requestAnimationFrame);
  for (let top = 0; top < main.scrollHeight; top += 120) {
    main.scrollTo(0, top);
    const frame = await new Promise(requestAnimationFrame);
    frames.push(frame - last);
    last = frame;
  }
  return frames;
}
"""
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def main() -> None:
    """Print the times of each page, and their ratio to Ask's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="inforce-bench-") as folder:
        settings = Settings.under(Path(folder))
        with Store.open(settings.store_url, create=True) as store:
            store.write(large_act())
        load(Jsonl(*demo_files()), settings, strict=True)
        port = free_port()
        with running({"INFORCE_HOME": folder}, port):
            address = f"http://127.0.0.1:{port}/"
            found = _visited(address, rounds)
            frames = _scrolled(address)
    out.print(_table(found))
    out.print(
        f"the large act scrolled in {len(frames)} steps: frames of {np.median(frames):.0f} ms, "
        f"p95 {np.quantile(frames, 0.95):.0f}, longest {frames.max():.0f}"
    )


def _visited(address: str, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return the milliseconds until painted and until done of each visit, by page."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[tuple[float, float]]] = {page: [] for page in PAGES}
    chance = random.Random(0)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for number in range(rounds + 1):
            for page in chance.sample(sorted(PAGES), len(PAGES)):
                times = _visit(browser, address, page)
                if number:
                    found[page].append(times)
        browser.close()
    return found


def _scrolled(address: str) -> np.ndarray:
    """Return the milliseconds of each frame while a page of the large act is scrolled through."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        frames = _opened(browser, address, "large act").evaluate(_SCROLL)
        browser.close()
    return np.array(frames)


def _visit(browser: Browser, address: str, name: str) -> tuple[float, float]:
    page = _opened(browser, address, name)
    times = float(page.evaluate(_PAINTED)), float(page.evaluate("window.done"))
    page.context.close()
    return times


def _opened(browser: Browser, address: str, name: str) -> BrowserPage:
    """Return a page, in a context of its own, that has painted and is done."""
    path, query = PAGES[name]
    context = browser.new_context(viewport={"width": 1000, "height": 1200}, bypass_csp=True)
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.goto(f"{address}{path}?{urlencode(query)}")
    page.wait_for_function(f"window.done !== null && ({_PAINTED}) !== null", timeout=120_000)
    return page


def _table(found: Mapping[str, list[tuple[float, float]]]) -> Table:
    table = Table("page", "painted, p50 ms", "done, p50 ms", "p95", "done against ask's")
    for page, visits in found.items():
        painted, done = np.array(visits).T
        ratio, low, high = compared(found, page)
        table.add_row(
            page,
            f"{np.median(painted):,.0f}",
            f"{np.median(done):,.0f}",
            f"{np.quantile(done, 0.95):,.0f}",
            f"{ratio:.2f} [{low:.2f}, {high:.2f}]",
        )
    return table


def compared(
    found: Mapping[str, list[tuple[float, float]]], page: str
) -> tuple[float, float, float]:
    """Return how much longer a page takes than Ask in the same round: median, 95 % interval.

    Args:
        found: milliseconds until painted and until done of each round, by page.
        page: the page.
    """
    ratios = np.array(found[page])[:, 1] / np.array(found["ask"])[:, 1]
    low, high = resampled(lambda drawn: float(np.median(drawn[0])), ratios)
    return float(np.median(ratios)), low, high


if __name__ == "__main__":
    main()
