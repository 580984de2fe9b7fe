"""How fast is a dated search, and against what? ``inforce bench retrieval``.

One run builds every contender from the same synthetic statute book and asks all of them the same
queries in turn, so that a busy machine is busy for all. Our search is taken without its cache.
"""

from __future__ import annotations

import os
import platform
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

from corpus.errors import SourceError
from corpus.model import Frozen
from corpus.synthetic import Synthetic
from eval.bench.contenders import (
    BareElasticsearch,
    BareTantivy,
    Contender,
    LanceDb,
    Ours,
    SqliteFts5,
)
from retrieval.index import CachedIndex
from retrieval.query import IndexedText, StatuteQuery
from retrieval.rows import work_texts
from retrieval.url import IndexUrl

CLIENTS = (1, 4, 16)
ROLLOUTS, SEARCHES = 64, 4


class Result(Frozen):
    """One contender: what it cost to build and how it answered (milliseconds, per second, MB)."""

    name: str
    build_seconds: float
    disk_mb: float | None
    memory_mb: float
    p50: float
    p95: float
    p99: float
    per_second: dict[int, float]


class Rollouts(Frozen):
    """Searches per second of many rollouts at once: distinct queries, and groups that ask alike."""

    distinct_one_by_one: float
    distinct_together: float
    alike_one_by_one: float
    alike_together: float


class Report(Frozen):
    """A whole run. ``ratio_p50`` is the median of our time over the bare engine's, per query."""

    machine: str
    engine: str
    versions: int
    rows: int
    queries: int
    seed: int
    results: tuple[Result, ...]
    ratio_p50: float
    rollouts: Rollouts


def run(
    url: IndexUrl, versions: int, queries: int, seed: int, say: Callable[[str], None]
) -> Report:
    """Build, ask, measure.

    Args:
        url: where our index goes; a folder of its own for the embedded engine.
        versions: rows of the synthetic statute book.
        queries: how many distinct queries are timed.
        seed: fixes book and queries.
        say: told what is being done.
    """
    with tempfile.TemporaryDirectory(prefix="inforce-bench-") as scratch:
        book = Book(versions, seed, Path(scratch) / "rows.jsonl")
        say(f"writing {book.describe()}")
        rows = book.write()
        ours = Ours(url)
        contenders: list[Contender] = [ours, *_others(url, Path(scratch))]
        built = {}
        for contender in contenders:
            say(f"building {contender.name}")
            built[contender.name] = _build(contender, book, _place(contender, url, Path(scratch)))
        asked = book.queries(queries)
        say(f"asking {len(asked)} queries in turn")
        times = _in_turn(contenders, asked)
        say(f"asking with {', '.join(map(str, CLIENTS))} clients")
        rates = {c.name: _rates(c, asked) for c in contenders}
        rollouts = _rollouts(ours, asked)
    return Report(
        machine=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        engine=url.engine,
        versions=versions,
        rows=rows,
        queries=len(asked),
        seed=seed,
        results=tuple(
            Result(
                name=c.name, per_second=rates[c.name], **built[c.name], **_quantiles(times[c.name])
            )
            for c in contenders
        ),
        ratio_p50=_ratio(times[ours.name], times[contenders[1].name]),
        rollouts=rollouts,
    )


class Book:
    """The statute book of a run: written to a file once, so that every contender reads the same."""

    def __init__(self, versions: int, seed: int, file: Path) -> None:
        self._source = Synthetic(versions, seed=seed)
        self._seed, self._file = seed, file
        self._sample: list[IndexedText] = []

    def describe(self) -> str:
        """Return what is written."""
        return self._source.name

    def write(self) -> int:
        """Write every row; keep a random thousandth to make queries of. Returns the number."""
        chance = random.Random(self._seed)
        count = 0
        with self._file.open("w", encoding="utf-8") as file:
            for work in self._source.works(_never):
                for row in work_texts(work):
                    file.write(row.model_dump_json() + "\n")
                    if chance.random() < 0.01 or count < 100:
                        self._sample.append(row)
                    count += 1
        return count

    def rows(self) -> Iterator[IndexedText]:
        """Read the rows back."""
        with self._file.open(encoding="utf-8") as file:
            for line in file:
                yield IndexedText.model_validate_json(line)

    def queries(self, count: int) -> list[StatuteQuery]:
        """Make distinct queries: some words of a text, on a day of its life or near its edges."""
        chance = random.Random(self._seed + 1)
        found: dict[StatuteQuery, None] = {}
        while len(found) < count:
            row = chance.choice(self._sample)
            words = row.text.split()
            if len(words) > 3:
                text = " ".join(chance.sample(words, min(len(words), chance.randint(2, 7))))
            else:
                start = chance.randrange(max(1, len(row.text) - 6))
                text = row.text[start : start + chance.randint(4, 8)]
            day = row.row_from + timedelta(days=chance.choice([-1, 0, 1, 200]))
            found[StatuteQuery(text=text, as_at=day)] = None
        return list(found)


def _never(error: SourceError) -> None:
    raise error


def _others(url: IndexUrl, scratch: Path) -> list[Contender]:
    bare = BareElasticsearch(url) if url.engine == "elastic" else BareTantivy(Path(url.place))
    others: list[Contender] = [bare, SqliteFts5(scratch / "fts5.db")]
    if find_spec("lancedb"):
        others.append(LanceDb(scratch / "lance"))
    return others


def _place(contender: Contender, url: IndexUrl, scratch: Path) -> Path | None:
    if isinstance(contender, Ours):
        return Path(url.place) if url.engine == "embedded" else None
    names = {"sqlite fts5": "fts5.db", "lancedb": "lance"}
    name = names.get(contender.name)
    return scratch / name if name else None


def _build(contender: Contender, book: Book, place: Path | None) -> dict[str, float | None]:
    before, started = _resident_mb(), time.perf_counter()
    contender.build(book.rows())
    return {
        "build_seconds": round(time.perf_counter() - started, 1),
        "disk_mb": None if place is None else round(_bytes(place) / 1e6, 1),
        "memory_mb": round(max(0.0, _resident_mb() - before), 1),
    }


def _bytes(place: Path) -> int:
    if place.is_file():
        return place.stat().st_size
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())


def _resident_mb() -> float:
    """Return the memory this process holds now (Linux), else the most it ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _in_turn(
    contenders: Sequence[Contender], asked: Sequence[StatuteQuery]
) -> dict[str, list[float]]:
    """Return milliseconds per query; each goes to all contenders, in an order drawn by lot."""
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        for query in asked[:50]:
            contender.search(query)
    chance = random.Random(0)
    for query in asked:
        for contender in chance.sample(contenders, len(contenders)):
            started = time.perf_counter()
            contender.search(query)
            times[contender.name].append((time.perf_counter() - started) * 1000)
    return times


def _quantiles(milliseconds: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return {"p50": round(cuts[49], 2), "p95": round(cuts[94], 2), "p99": round(cuts[98], 2)}


def _ratio(ours: Sequence[float], bare: Sequence[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(ours, bare, strict=True)), 3)


def _rates(contender: Contender, asked: Sequence[StatuteQuery]) -> dict[int, float]:
    """Return queries per second with some clients at once, for two seconds each."""
    rates = {}
    for clients in CLIENTS:
        until = time.perf_counter() + 2.0

        def client(first: int, until: float = until) -> int:
            done = 0
            while time.perf_counter() < until:
                contender.search(asked[(first + done) % len(asked)])
                done += 1
            return done

        with ThreadPoolExecutor(clients) as pool:
            started = time.perf_counter()
            done = sum(pool.map(client, range(0, 97 * clients, 97)))
            rates[clients] = round(done / (time.perf_counter() - started), 1)
    return rates


def _rollouts(ours: Ours, asked: Sequence[StatuteQuery]) -> Rollouts:
    """Time 64 rollouts of 4 searches, sent together and one after another.

    Once with 256 distinct queries; once as group-relative training asks, where the eight rollouts
    of a prompt draw from the same four queries, so that ``search_many`` has fewer to send.
    """
    chance = random.Random(0)
    distinct = list(asked[: ROLLOUTS * SEARCHES])
    groups = [asked[SEARCHES * g : SEARCHES * (g + 1)] for g in range(ROLLOUTS // 8)]
    alike = [chance.choice(group) for group in groups for _ in range(8 * SEARCHES)]
    return Rollouts(
        distinct_one_by_one=_best_rate(lambda: [ours.index.search(q) for q in distinct], distinct),
        distinct_together=_best_rate(
            lambda: CachedIndex(ours.index).search_many(distinct), distinct
        ),
        alike_one_by_one=_best_rate(lambda: [ours.index.search(q) for q in alike], alike),
        alike_together=_best_rate(lambda: CachedIndex(ours.index).search_many(alike), alike),
    )


def _best_rate(ask: Callable[[], object], searches: Sequence[StatuteQuery]) -> float:
    """Return searches per second, the best of five."""
    best = 0.0
    for _ in range(5):
        started = time.perf_counter()
        ask()
        best = max(best, len(searches) / (time.perf_counter() - started))
    return round(best, 1)
