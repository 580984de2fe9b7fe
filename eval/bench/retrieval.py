"""``inforce bench retrieval``: speed of dated search against other engines.

One run builds every engine from the same synthetic statute book and times the same queries on all
of them in turn, so that other load on the machine affects all alike. InForce's search is measured
without its cache.
"""

from __future__ import annotations

import os
import platform
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from corpus.console import progress_bar
from corpus.model import Frozen
from eval.bench.book import Advance, Book
from eval.bench.contenders import (
    BareElasticsearch,
    BareTantivy,
    Contender,
    LanceDb,
    Ours,
    SqliteFts5,
)
from retrieval.index import CachedIndex
from retrieval.index_url import IndexUrl
from retrieval.query import StatuteQuery

CLIENTS = (1, 4, 16)
ROLLOUTS, SEARCHES = 64, 4


class Result(Frozen):
    """One engine's build cost and query times (milliseconds, per second, MB).

    ``p50`` to ``p99`` are wall-clock times; ``processor_p50`` and ``processor_p95`` are processor
    times of the calling thread, unknown where other threads or processes do the work. ``memory_mb``
    is the memory in use after building and opening; for a cluster, its heap.
    """

    name: str
    build_seconds: float
    disk_mb: float | None
    memory_mb: float | None
    p50: float
    p95: float
    p99: float
    processor_p50: float | None
    processor_p95: float | None
    per_second: dict[int, float]


class Rollouts(Frozen):
    """Searches per second of many concurrent rollouts: distinct queries, and repeating groups.

    ``one_by_one`` asks the engine each time, ``remembered`` goes through the cache as a caller of
    ``open_index`` does, ``together`` is one ``search_many``; a cache is empty at first. The best of
    five turns, in which each way is taken once.
    """

    distinct_one_by_one: float
    distinct_together: float
    alike_one_by_one: float
    alike_remembered: float
    alike_together: float


class Ratio(Frozen):
    """Median over queries of our time divided by the bare engine's, with its 95 % interval."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it as ``1.08 [1.07, 1.09]``."""
        return f"{self.median:g} [{self.low:g}, {self.high:g}]"


class Report(Frozen):
    """Results of a whole run.

    ``ratio`` is measured with InForce and the bare engine alternating, so that processor caches are
    shared by these two only; ``ratio_processor`` is the same in processor time, where known.
    ``ratio_among`` is measured with all engines in turn, each starting with cold caches.

    Attributes:
        machine: processor, cores and Python version.
        engine: engine that was measured.
        versions: size of the statute book as asked.
        rows: rows of the index.
        queries: number of distinct queries.
        seed: seed of book and queries.
        results: one result per engine.
        ratio: our time over the bare engine's, the two alternating.
        ratio_processor: the same in processor time; null where it is unknown.
        ratio_among: the same with all engines in turn.
        rollouts: searches per second of concurrent rollouts.
    """

    machine: str
    engine: str
    versions: int
    rows: int
    queries: int
    seed: int
    results: tuple[Result, ...]
    ratio: Ratio
    ratio_processor: Ratio | None
    ratio_among: Ratio
    rollouts: Rollouts


def run(url: IndexUrl, versions: int, queries: int, seed: int) -> Report:
    """Build every engine, time the queries and return the results, with a progress bar per step.

    Args:
        url: index URL; the embedded engine needs a folder of its own.
        versions: rows of the synthetic statute book.
        queries: number of distinct queries that are timed.
        seed: seed of book and queries.
    """
    with tempfile.TemporaryDirectory(prefix="inforce-bench-") as scratch:
        book = Book(versions, seed, Path(scratch) / "rows.jsonl")
        with progress_bar("Writing law") as advance:
            book.write(advance)
        ours = Ours(url)
        contenders = [ours, *_others(url, Path(scratch))]
        built = {c.name: _build(c, book) for c in contenders}
        asked = book.queries(queries)
        with progress_bar("Asking in turn") as advance:
            among = _in_turn(contenders, asked, advance)
        with progress_bar("Asking both in turn") as advance:
            times = {**among, **_in_turn(contenders[:2], asked, advance)}
        rates = {c.name: _rates(c, asked) for c in contenders}
        with progress_bar("Rollouts") as advance:
            rollouts = _rollouts(ours, asked, advance)
    return Report(
        machine=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        engine=url.engine,
        versions=versions,
        rows=book.count,
        queries=len(asked),
        seed=seed,
        results=tuple(
            Result(
                name=c.name, per_second=rates[c.name], **built[c.name], **_quantiles(times[c.name])
            )
            for c in contenders
        ),
        ratio=ratio(times[ours.name].wall, times[contenders[1].name].wall),
        ratio_among=ratio(among[ours.name].wall, among[contenders[1].name].wall),
        ratio_processor=ratio(times[ours.name].processor, times[contenders[1].name].processor)
        if ours.alone
        else None,
        rollouts=rollouts,
    )


def _others(url: IndexUrl, scratch: Path) -> list[Contender]:
    folder = Path(url.place)
    bare: list[Contender] = (
        [BareElasticsearch(url)]
        if url.engine == "elastic"
        else [BareTantivy(folder), BareTantivy(folder, ranges=True)]
    )
    others = [*bare, SqliteFts5(scratch / "fts5.db")]
    if find_spec("lancedb"):
        others.append(LanceDb(scratch / "lance"))
    return others


def _build(contender: Contender, book: Book) -> dict[str, float | None]:
    before, started = _resident_mb(), time.perf_counter()
    with progress_bar(f"Building {contender.name}") as advance:
        contender.build(book.rows(advance))
    seconds = time.perf_counter() - started
    held = contender.held_mb()
    here = round(max(0.0, _resident_mb() - before), 1)
    return {
        "build_seconds": round(seconds, 1),
        "disk_mb": held.disk,
        "memory_mb": here if held.memory is None else held.memory,
    }


def _resident_mb() -> float:
    """Return the resident memory of this process (Linux), else its peak."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


class Times(Frozen):
    """Milliseconds per query, in wall-clock time and, where known, processor time."""

    wall: tuple[float, ...]
    processor: tuple[float, ...]


def _in_turn(
    contenders: Sequence[Contender], asked: Sequence[StatuteQuery], advance: Advance
) -> dict[str, Times]:
    """Time each query on all engines, in random order."""
    wall: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    processor: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        for query in asked[:50]:
            contender.search(query)
    chance = random.Random(0)
    for number, query in enumerate(asked, start=1):
        for contender in chance.sample(contenders, len(contenders)):
            started, busy = time.perf_counter(), time.thread_time()
            contender.search(query)
            wall[contender.name].append((time.perf_counter() - started) * 1000)
            if contender.alone:
                processor[contender.name].append((time.thread_time() - busy) * 1000)
        advance(number, len(asked), "queries")
    return {
        c.name: Times(wall=tuple(wall[c.name]), processor=tuple(processor[c.name]))
        for c in contenders
    }


def _quantiles(times: Times) -> dict[str, float | None]:
    wall, processor = _percentiles(times.wall), _percentiles(times.processor)
    by_clock = {f"p{n}": wall[n] for n in (50, 95, 99)}
    return {**by_clock, **{f"processor_p{n}": processor[n] for n in (50, 95)}}


def _percentiles(milliseconds: Sequence[float]) -> dict[int, float | None]:
    if not milliseconds:
        return dict.fromkeys((50, 95, 99))
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return {n: round(cuts[n - 1], 2) for n in (50, 95, 99)}


def ratio(ours: Sequence[float], bare: Sequence[float], draws: int = 1000) -> Ratio:
    """Return the median ratio, paired by query; the interval resamples queries."""
    ratios = [a / b for a, b in zip(ours, bare, strict=True)]
    chance = random.Random(0)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(draws))
    low, high = medians[draws * 25 // 1000], medians[draws * 975 // 1000 - 1]
    return Ratio(median=round(statistics.median(ratios), 3), low=round(low, 3), high=round(high, 3))


def _rates(contender: Contender, asked: Sequence[StatuteQuery]) -> dict[int, float]:
    """Return queries per second by number of concurrent clients, for three seconds each."""
    rates: dict[int, float] = {}
    with progress_bar(f"Clients of {contender.name}") as advance:
        for clients in CLIENTS:
            rates[clients] = _rate(contender, asked, clients)
            advance(len(rates), len(CLIENTS), f"{clients} clients")
    return rates


def _rate(contender: Contender, asked: Sequence[StatuteQuery], clients: int) -> float:
    until = time.perf_counter() + 3.0

    def client(first: int) -> int:
        done = 0
        while time.perf_counter() < until:
            contender.search(asked[(first + done) % len(asked)])
            done += 1
        return done

    with ThreadPoolExecutor(clients) as pool:
        started = time.perf_counter()
        done = sum(pool.map(client, range(0, 97 * clients, 97)))
        return round(done / (time.perf_counter() - started), 1)


def _rollouts(ours: Ours, asked: Sequence[StatuteQuery], advance: Advance) -> Rollouts:
    """Time 64 rollouts of 4 searches, batched and one after another.

    Once with 256 distinct queries; once as in group-relative training, where the eight rollouts of
    a question share the same four queries, so that ``search_many`` sends fewer.
    """
    chance = random.Random(0)
    distinct = list(asked[: ROLLOUTS * SEARCHES])
    groups = [asked[SEARCHES * g : SEARCHES * (g + 1)] for g in range(ROLLOUTS // 8)]
    alike = [chance.choice(group) for group in groups for _ in range(8 * SEARCHES)]
    ways = {
        "distinct_one_by_one": (one_by_one, distinct),
        "distinct_together": (together, distinct),
        "alike_one_by_one": (one_by_one, alike),
        "alike_remembered": (remembered, alike),
        "alike_together": (together, alike),
    }
    best = dict.fromkeys(ways, 0.0)
    for turn in range(1, 6):
        for name, (ask, searches) in ways.items():
            best[name] = max(best[name], _per_second(ask, ours, searches))
        advance(turn, 5, "turns")
    return Rollouts(**best)


def one_by_one(ours: Ours, searches: Sequence[StatuteQuery]) -> None:
    """Run each search alone, without the cache."""
    for search in searches:
        ours.search(search)


def remembered(ours: Ours, searches: Sequence[StatuteQuery]) -> None:
    """Run each search alone, with a cache that is empty at first."""
    index = CachedIndex(ours.index)
    for search in searches:
        index.search(search)


def together(ours: Ours, searches: Sequence[StatuteQuery]) -> None:
    """Run all searches in one call, with a cache that is empty at first."""
    CachedIndex(ours.index).search_many(searches)


def _per_second(
    ask: Callable[[Ours, Sequence[StatuteQuery]], None],
    ours: Ours,
    searches: Sequence[StatuteQuery],
) -> float:
    started = time.perf_counter()
    ask(ours, searches)
    return round(len(searches) / (time.perf_counter() - started), 1)
