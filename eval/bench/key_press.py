"""``python -m eval.bench.key_press --items 2000``: from a key press on Review to the next item.

A project of so many items over synthetic law, half of them decided already, is served to a headless
Chromium, and one annotator presses the key of a candidate again and again. A press is over when the
page names one more decision, shows the next item and has stopped running. Besides the wall clock
the processor time of the app and of the browser's main thread is read, which is the page's own part
on a machine that does other work too. Needs Linux, Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import uuid
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from agent.library import Library
from agent.trace import AbstentionReason
from corpus.console import out
from corpus.questions import Question
from eval.bench.served_app import FLAGS, chromium, served
from rl.annotation.items import (
    Candidate,
    ChosenCandidate,
    Cited,
    Decision,
    Item,
    Origin,
    Project,
    Role,
    Shown,
)
from rl.annotation.queue import assignments
from rl.annotation.queue.label_queue import LabelQueue
from rl.questions.synthetic_environment import synthetic_library, synthetic_questions

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

_WARM = 3  # presses before the clock runs
_WATCH = """
window.took = [];
let pressed = null, before = '';
const told = () => document.querySelector('.progress')?.innerText ?? '';
const still = () => document.querySelector('[data-test-script-state=notRunning]') !== null;
addEventListener('keydown', event => { pressed = event.timeStamp; before = told(); }, true);
const look = frame => {
  if (pressed !== null && told() !== before && still()) {
    window.took.push(frame - pressed);
    pressed = null;
  }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
"""Notes the milliseconds of each key press, looking once a frame."""


def main() -> None:
    """Print the times of each label queue."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--presses", type=int, default=60)
    parser.add_argument("--labels", nargs="*", default=[], help="URLs of empty databases as well")
    options = parser.parse_args()
    table = Table("label queue", "", "p50 ms", "p95 ms")
    with tempfile.TemporaryDirectory(prefix="inforce-bench-") as scratch:
        folder = Path(scratch)
        with synthetic_library(folder / "law", 6 * options.items, largest=25) as library:
            items = _items(library, options.items)
        for url in (f"sqlite:///{folder / 'labels.db'}", *options.labels):
            _fill(url, library.corpus_hash, items)
            with served(folder / "law", url) as (address, app):
                page = f"{address}/review?project=bench&person=ann"
                found = _pressed(page, app, options.presses)
            for name, times in found.items():
                points = np.percentile(times, [50, 95])
                table.add_row(url.partition(":")[0], name, *(f"{point:.0f}" for point in points))
    out.print(table)


# -- the project ---------------------------------------------------------------------------------


def _items(library: Library, count: int) -> list[Item]:
    """Return an item for each answerable question: two versions of the provision and silence."""
    answerable = (q for q in synthetic_questions(library) if q.gold_version is not None)
    return [_item(library, place, q) for place, q in enumerate(islice(answerable, count))]


def _item(library: Library, place: int, asked: Question) -> Item:
    history = library.store.history(asked.provision_id or "")
    rows = [] if history is None else history.versions[:2]
    cited = [
        Candidate(
            letter=letter,
            text=row.text[:60],
            citations=(Cited(version_id=row.id, quote=row.text[:60]),),
        )
        for letter, row in zip("AB", rows, strict=False)
    ]
    silent = Candidate(
        letter="ABC"[len(cited)], text="Nothing is found.", abstains=AbstentionReason.NOT_FOUND
    )
    return Item(
        id=f"{place:06d}",
        shown=Shown(
            question=asked.text,
            as_at=asked.as_at,
            language=asked.language,
            jurisdiction=asked.jurisdiction,
            candidates=(*cited, silent),
        ),
        origin=Origin(run="bench", round=0, question_id=asked.id, chooser="random"),
    )


def _fill(url: str, corpus_hash: str, items: Sequence[Item]) -> None:
    """Make the project; one annotator has decided half of it."""
    with LabelQueue.open(url, create=True) as queue:
        queue.create(Project(name="bench", corpus_hash=corpus_hash, run="bench"), "", owner="olga")
        for person in ("ann", "ben"):
            queue.add_person("bench", person, Role.ANNOTATOR)
        queue.add_items("bench", items)
        made = Decision(choice=ChosenCandidate(letter="A"), seconds=8.0)
        for _ in range(len(items) // 2):
            held = assignments.next_item(queue, "bench", "ben")
            if held is not None:
                assignments.submit(queue, held, "ben", made, uuid.uuid4().hex, lambda _: None)


# -- the app and the browser ---------------------------------------------------------------------


def _pressed(address: str, app: int, presses: int) -> dict[str, list[float]]:
    """Press the key of a candidate so often; return milliseconds of each press by what was timed.

    Args:
        address: the page. app: id of the app's process. presses: how many are timed.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1000, "height": 1200}, bypass_csp=True)
        page.add_init_script(_WATCH)
        page.goto(address)
        page.get_by_role("button", name="Unsure").wait_for(timeout=120_000)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        made = [_press(page, session, app, place) for place in range(_WARM + presses)][_WARM:]
        browser.close()
    wall, server, client = (list(column) for column in zip(*made, strict=True))
    return {
        "by the clock": wall,
        "processor, app": server,
        "processor, browser": client,
        "processor, both": [a + b for a, b in zip(server, client, strict=True)],
    }


def _press(page: Page, session: CDPSession, app: int, place: int) -> tuple[float, float, float]:
    page.wait_for_timeout(400)  # what the last press left to do is not this one's
    server, client = _processor(app), _main_thread(session)
    page.keyboard.press("1")
    page.wait_for_function(f"window.took.length > {place}", timeout=120_000)
    wall = float(page.evaluate("window.took.at(-1)"))
    return wall, _processor(app) - server, _main_thread(session) - client


def _processor(process: int) -> float:
    """Return the processor time of a process so far, in milliseconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _main_thread(session: CDPSession) -> float:
    """Return the processor time of the page's main thread so far, in milliseconds."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(float(m["value"]) for m in metrics if m["name"] == "TaskDuration")


if __name__ == "__main__":
    main()
