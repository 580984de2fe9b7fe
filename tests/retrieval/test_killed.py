"""kill -9 at any moment of an ingest, an index build and a swap.

What is done again afterwards ends like a straight run, and every search meanwhile is answered from
one whole state. ``INFORCE_KILLS`` is how many kills of each series have to hit the work.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

import pytest

from agent.library import Library
from corpus.errors import IndexMissingError, StoreError
from corpus.model import WorkHistory
from corpus.settings import Settings
from corpus.sources.jsonl import write_jsonl
from retrieval.engines.admin import drop
from retrieval.index_check import Searches, verify
from tests.retrieval.one_state import MANY, book, found, indexed, whole

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("INFORCE_KILLS", "2"))


@dataclass(frozen=True)
class Work:
    """What a process does, again and again, with a store and its index."""

    forks: subprocess.Popen[str]
    settings: Settings
    verb: str
    words: tuple[str, ...] = ()

    def straight(self) -> float:
        """Let it work to its end; return the seconds that it took."""
        code, seconds = self._done(None)
        assert code == 0
        return seconds

    def killed(self, seconds: float) -> bool:
        """Kill it some seconds after it began to work; tell whether it was still at it."""
        code, _ = self._done(seconds)
        assert code in (0, -signal.SIGKILL)
        return code != 0

    def _done(self, seconds: float | None) -> tuple[int, float]:
        assert self.forks.stdin is not None
        assert self.forks.stdout is not None
        self.forks.stdin.write(json.dumps([self.verb, self.words, seconds]) + "\n")
        self.forks.stdin.flush()
        code, took = json.loads(self.forks.stdout.readline())
        return code, took


@contextmanager
def working(settings: Settings) -> Iterator[Callable[..., Work]]:
    """Start a process that works on a store and its index, in forks of itself."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **settings.environment()}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.retrieval.forks"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as forks:
        yield lambda verb, *words: Work(forks, settings, verb, tuple(map(str, words)))
        assert forks.stdin is not None
        forks.stdin.close()


def of_one_state(settings: Settings) -> set[str]:
    """Check that what a reader sees now is one whole state; return its words."""
    try:
        library = Library.open(settings)
    except IndexMissingError:
        return set()
    except StoreError as said:
        none_yet = ("there is no store", "holds no InForce store")
        assert any(words in str(said) for words in none_yet)  # noqa: PT017
        return set()
    with library:
        hits = found(library, "duty")
        for hit in hits:
            read = library.store.version(hit.version_id)
            assert read is not None
            assert read.text == hit.text
        assert len(hits) == len(library.works) == MANY
        words = {hit.text.split()[2] for hit in hits}
        assert len(words) == 1
        return words


@dataclass
class Reader:
    """Searches all the time in a thread, except while the test itself puts a state back."""

    settings: Settings
    allowed: tuple[set[str], ...]
    reads: int = 0
    faults: list[BaseException] = field(default_factory=list)
    paused: Lock = field(default_factory=Lock)
    over: Event = field(default_factory=Event)

    def __enter__(self) -> Reader:
        self._thread = Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self.over.wait(0.05):
            with self.paused:
                try:
                    assert of_one_state(self.settings) in self.allowed
                    self.reads += 1
                except BaseException as fault:  # noqa: BLE001 - judged by the test
                    self.faults.append(fault)


def series(
    name: str,
    work: Work,
    allowed: tuple[set[str], ...],
    put_back: Callable[[], None],
    ended: Callable[[], None],
    seed: int,
) -> None:
    """Kill until ``KILLS`` hit the work, each at a moment drawn from the time of a straight run.

    After a kill the next run goes on with what is left. Where one comes to its end it is compared
    with a straight run, and the state before is put back.
    """
    chance, hits, tries = random.Random(seed), 0, 0
    put_back()
    seconds = work.straight()
    ended()
    put_back()
    with Reader(work.settings, allowed) as reader:
        while hits < KILLS:
            tries += 1
            assert tries < 20 * KILLS + 20, f"{hits} of {tries} kills hit the work"
            if work.killed(chance.uniform(0, seconds)):
                hits += 1
                assert of_one_state(work.settings) in allowed
                continue
            with reader.paused:
                ended()
                put_back()
        work.straight()
    ended()
    assert reader.faults == []
    print(  # noqa: T201 - shown with -s
        f"\n{name}: {hits} kills hit the work ({tries} tries, seed {seed}, a straight run took "
        f"{seconds:.2f} s), {reader.reads} reads meanwhile, each of one whole state"
    )


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for word in ("old", "new"):
        made[word] = tmp_path / f"{word}.jsonl"
        write_jsonl(book(word), made[word])
    return made


Held = tuple[str, list[WorkHistory], list[str]]


def held(settings: Settings) -> Held:
    """What a library holds: the hash, every work, the key of every row of the index."""
    with Library.open(settings) as library:
        assert verify(library.store, library.index, Searches(number=50)).sound
        works = list(library.store.histories())
        return library.corpus_hash, works, sorted(library.index.keys())


def straight_run(settings: Settings, sources: dict[str, Path], *words: str) -> Held:
    with working(settings) as does:
        for word in words:
            does("ingest", sources[word]).straight()
    return held(settings)


@pytest.mark.parametrize("word", ["old", "new"])
def test_an_ingest_killed_at_any_moment_ends_like_a_straight_one(
    settings: Settings, sources: dict[str, Path], tmp_path: Path, word: str
) -> None:
    home, kept = tmp_path / "home", tmp_path / "kept"
    former = [] if word == "old" else ["old"]
    straight = straight_run(Settings.under(tmp_path / "straight"), sources, *former, word)
    home.mkdir(exist_ok=True)
    if former:
        straight_run(settings, sources, *former)
    shutil.copytree(home, kept, ignore=shutil.ignore_patterns("index"))

    def put_back() -> None:
        shutil.rmtree(home)
        shutil.copytree(kept, home)
        if former:
            indexed(settings)
        elif settings.index_url.startswith("elastic") or (tmp_path / "index/lock").exists():
            drop(settings.index_url)

    def ended() -> None:
        assert held(settings) == straight

    name = f"{'second' if former else 'first'} ingest, {settings.index_url.partition(':')[0]}"
    allowed = (set(former), {word})
    with working(settings) as does:
        work = does("ingest", sources[word])
        series(name, work, allowed, put_back, ended, seed=7 + len(former))


def nothing() -> None:
    """Put nothing back: what a build or a swap left is where the next one begins."""


def test_an_index_build_killed_at_any_moment_ends_like_a_straight_one(
    settings: Settings, sources: dict[str, Path]
) -> None:
    straight = straight_run(settings, sources, "old", "new")

    def ended() -> None:
        assert held(settings) == straight

    name = f"index build, {settings.index_url.partition(':')[0]}"
    with working(settings) as does:
        series(name, does("build"), ({"new"},), nothing, ended, seed=11)


def test_a_swap_killed_at_any_moment_leaves_one_whole_index(
    settings: Settings, sources: dict[str, Path]
) -> None:
    straight = straight_run(settings, sources, "old", "new")

    def ended() -> None:
        with Library.open(settings) as library:
            (word,) = of_one_state(settings)
            whole(library, word)

    name = f"swap, {settings.index_url.partition(':')[0]}"
    with working(settings) as does:
        series(name, does("swap"), ({"old"}, {"new"}), nothing, ended, seed=13)
    indexed(settings, anew=True)
    assert held(settings) == straight
