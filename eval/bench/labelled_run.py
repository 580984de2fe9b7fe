"""``python -m eval.bench.labelled_run --start RUN/warm_start``: people label a run in a browser.

A run of one round on synthetic law (``[labels] source = "queue"``, ``wait``) asks for the labels of
30 questions and stops. ``inforce labels create`` makes a project of them; two annotators in two
contexts of a headless Chromium decide all items by keys alone, and differ on some; an adjudicator
settles these on the page Adjudicate, by keys too; ``inforce train --resume`` goes on. The same
labels, exported and read from a file by a run that never stopped, must give the same weights.

The people are played: one decides by the gold answer, the other presses unsure or faulty on two
items in five. Needs Linux, Playwright, Chromium, the extra ``train`` and some minutes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from safetensors.torch import load_file

from corpus.console import out
from corpus.questions import Decline, Question
from corpus.store import Store
from eval.bench.served_app import FLAGS, ROOT, chromium, served
from rl.annotation.queue.label_queue import LabelQueue
from rl.annotation.queue.labels import labels, progress
from rl.questions.training_questions import open_library, questions_of
from rl.recipes.load import load_recipe
from rl.recipes.toml_writer import dump
from rl.run.checkpoints import checkpoints
from rl.run.run_directory import Run

NAME = "people"
RUN, WEIGHTS = f"{NAME}-s0-1", "model.safetensors"
ITEMS = 30
WAITING = 3
"""Exit status of a run that waits for labels."""
LABELS = {"policy": "low_confidence", "budget": 0.75, "gate": 0.0, "wait": True}
ROUND = {"rounds": 1, "questions": 40, "group_size": 4, "micro_batch": 16, "checkpoint_every": 1}


def main() -> None:
    """Play the whole and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=Path, required=True, help="Folder of a warm-started model.")
    parser.add_argument("--home", type=Path, help="Where to keep it all; left out, nowhere.")
    parser.add_argument("--pictures", type=Path, help="Folder for pictures of the pages.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="inforce-bench-") as scratch:
        home = (options.home or Path(scratch)).resolve()
        os.environ |= {"INFORCE_HOME": str(home), "INFORCE_ENCODER": "none"}
        os.environ["INFORCE_LABELS"] = f"sqlite:///{home / 'labels.db'}"
        _play(home, options.start.resolve(), options.pictures)


def _play(home: Path, start: Path, pictures: Path | None) -> None:
    file = home / "labels.jsonl"
    waiting = _inforce("train", _recipe(home, start, "queue"), check=False)
    if waiting != WAITING:
        raise SystemExit(f"the run did not wait for labels (exit status {waiting})")
    people = ("--people", "ann,ben", "--adjudicators", "judith", "--overlap-share", "1")
    _inforce("labels", "create", RUN, "--from", RUN, *people)
    data = load_recipe(_recipe(home, start, "queue")).data
    with open_library(data) as library:
        known = {one.text: one for one in questions_of(data, library)}
    law = next((home / "grounds").iterdir())
    with served(law, os.environ["INFORCE_LABELS"]) as (address, _):
        _label(address, law, known, pictures)
    _inforce("train", _recipe(home, start, "queue"), "--resume")
    _inforce("labels", "export", RUN, str(file))
    straight = home / "straight"
    _inforce("train", _recipe(home, start, "file", file), "--runs", str(straight))
    _report(start, Run(home / "runs" / RUN), Run(straight / RUN))


def _recipe(home: Path, start: Path, source: str, file: Path | None = None) -> str:
    """Write the recipe of a run with that source of labels; return its path."""
    table = load_recipe("tiny-grpo").model_dump(mode="json", exclude_none=True)
    del table["warm_start"]
    table["name"], table["model"]["name"] = NAME, str(start)
    table["objective"] |= {"advantage": "grpo", "post": "soft_adv"}
    table["labels"] = LABELS | {"source": source} | ({"file": str(file)} if file else {})
    table["train"] |= ROUND
    path = home / source / f"{NAME}.toml"
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(dump(table), encoding="utf-8")
    return str(path)


def _inforce(*words: str, check: bool = True) -> int:
    """Run a verb of the command line; return its exit status."""
    command = [sys.executable, "-W", "ignore", "-m", "inforce", *words]
    return subprocess.run(command, cwd=ROOT, check=check).returncode


def _report(start: Path, resumed: Run, straight: Run) -> None:
    with LabelQueue.open(os.environ["INFORCE_LABELS"]) as queue:
        found, far = labels(queue, RUN), progress(queue, RUN)
    before = load_file(start / WEIGHTS)
    newest = [checkpoints(run.checkpoints)[-1] for run in (resumed, straight)]
    after, other = (load_file(checkpoint / WEIGHTS) for checkpoint in newest)
    moved = sum(not torch.equal(before[name], after[name]) for name in after)
    same = all(torch.equal(after[name], other[name]) for name in after)
    handed_out = [row["labels/handed_out"] for row in resumed.metrics.rows()][-1]
    kinds = Counter(one.choice.kind for one in found if one.choice is not None)
    counts = {status.value: count for status, count in far.by_status.items() if count}
    out.print(f"decisions that stand: {far.decisions}; items: {counts}; labels: {dict(kinds)}")
    out.print(f"labels that the resumed run learnt from: {handed_out:.0f} of {len(found)}")
    out.print(f"tensors moved: {moved} of {len(after)}; equal to a straight run: {same}")


# -- the people ----------------------------------------------------------------------------------


def _label(address: str, law: Path, known: Mapping[str, Question], pictures: Path | None) -> None:
    with (
        sync_playwright() as playwright,
        Store.open(f"sqlite:///{law / 'store.db'}") as store,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        ann, ben = (_Person(_sit(browser, address, name), known, store) for name in ("ann", "ben"))
        for number in range(ITEMS):
            if pictures is not None and number == ITEMS // 2:
                _keep_picture(ann.page, pictures / "review-run.png")
            ann.decide(number)
            ben.decide(number, {2: ("u",), 4: ("f",)}.get(number % 5))
        judith = _Person(_sit(browser, address, "judith", "adjudicate"), known, store)
        if pictures is not None:
            _keep_picture(judith.page, pictures / "adjudicate-run.png")
        while judith.page.locator(".made").count():
            judith.press(*judith.right())
        if pictures is not None:
            _keep_picture(judith.page, pictures / "settled-run.png")
        browser.close()


def _sit(browser: Browser, address: str, person: str, name: str = "review") -> Page:
    page = browser.new_context(viewport={"width": 760, "height": 1000}).new_page()
    page.set_default_timeout(180_000)
    page.goto(f"{address}/{name}?project={RUN}&person={person}")
    page.wait_for_selector(".progress, .overview")
    return page


@dataclass(frozen=True)
class _Person:
    """Somebody who reads the page, knows the answer, and has a keyboard."""

    page: Page
    known: Mapping[str, Question]
    store: Store

    def decide(self, number: int, keys: Sequence[str] | None = None) -> None:
        """Decide the item that is open, after so many."""
        self.page.wait_for_selector(f".progress:has-text('{number} decided by you')")
        self._ready()
        self.press(*(keys or self.right()))
        self.page.wait_for_selector(f".progress:has-text('{number + 1} decided by you')")

    def press(self, *keys: str) -> None:
        """Press keys, each when the page has done what the last one asked for."""
        for key in keys:
            self.page.keyboard.press(key)
            self._ready()

    def right(self) -> tuple[str, ...]:
        """Return the keys of the right decision; of unsure where it cannot be reached."""
        self._ready()
        asked = self.known[self.page.inner_text(".asked h2")]
        for place, card in enumerate(self.page.locator(".candidate").all(), 1):
            if self._says(card, asked):
                return (str(place),)
        if asked.decline is not None:
            return "a", str(1 + list(Decline).index(asked.decline))
        return self._version(asked)

    def _says(self, card: Locator, asked: Question) -> bool:
        if asked.decline is not None:
            return f"No answer: {asked.decline.value.replace('_', ' ')}" in card.inner_text()
        cited = card.locator(".provenance code").all_inner_texts()
        span = asked.gold_span
        return asked.gold_version in cited and span is not None and span.text in card.inner_text()

    def _version(self, asked: Question) -> tuple[str, ...]:
        """Open the offered versions one by one; return the keys that save the right one."""
        version = self.store.version(asked.gold_version or "")
        self.press("v")
        offered = self.page.locator(".stButton button").all_inner_texts()
        for key in [last for words in offered if (last := words.rpartition("\n")[2]).isdigit()]:
            self.press(key)
            shown = self.page.locator("article.card").all_inner_texts()
            if version is not None and any(_bare(version.text) in _bare(text) for text in shown):
                return ("Enter",)
            self.press("b")
        return "b", "u"

    def _ready(self) -> None:
        self.page.wait_for_timeout(200)
        self.page.wait_for_selector("[data-test-script-state=notRunning]")
        self.page.wait_for_timeout(200)


def _bare(text: str) -> str:
    return "".join(text.split())


def _keep_picture(page: Page, path: Path) -> None:
    page.wait_for_selector("[data-test-script-state=notRunning]")
    main = "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"
    size = page.viewport_size
    page.set_viewport_size({"width": 760, "height": min(int(page.evaluate(main)) + 60, 2400)})
    page.wait_for_timeout(2000)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)
    if size is not None:
        page.set_viewport_size(size)
        page.wait_for_timeout(500)


if __name__ == "__main__":
    main()
