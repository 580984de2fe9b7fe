"""``python -m eval.bench.desk_load --store URL``: many signed-in people at the app at once.

The app is served over the demonstration corpus, in an empty database of Postgres (or SQLite) at
``--store``. First one person alone reads every page ``--alone`` times, then ``--people`` read them
``--rounds`` times all at once: a question asked, its answer found again by its id in a new session,
another person's id tried, a search, an act, a provision, the coverage and their own matters. Each
goes over Streamlit's websocket and ends with the page's run; drawing in a browser is not timed.
Everything that a person writes holds a word of theirs: whatever word of another is in what the
server sends them is counted, as are pages that fail or lack their own. ``--processes 1 2`` does all
of this with one process of the app, then with two. Last ``--answers`` questions
are asked, in sessions of 25, and the memory of the app is read. Needs Linux; intervals resample
visits.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.table import Table

from corpus.console import out
from eval.bench.desk.rounds import (
    DAY,
    SECRET,
    Seen,
    alone,
    person_id,
    prepared,
    together,
)
from eval.bench.desk.serving import Served, served
from eval.bench.desk.visitor import Visitor, marker
from eval.bench.resampling import resampled

CITED = "art. 144 Code civil"
A_SESSION = 25
"""Questions of a session while memory is read."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the times of each page alone and together, what leaked, and the memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True, help="URL of an empty database")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=2, help="rounds of each person")
    parser.add_argument("--alone", type=int, default=10, help="rounds of one person alone")
    parser.add_argument("--answers", type=int, default=2_000, help="questions for the memory")
    parser.add_argument(
        "--processes",
        type=int,
        nargs="+",
        default=[1],
        help="processes of the app, one after another",
    )
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        home = Path(folder)
        settings = prepared(options.store, home, options.people)
        for processes in options.processes:
            out.print(f"processes of the app: {processes}")
            with served(settings.environment(), home, SECRET, processes) as app:
                _measure(app, processes, options)


def _measure(app: Served, processes: int, options: argparse.Namespace) -> None:
    together(app, processes, 1)  # what the first visits of a process load is not timed
    before = app.seconds()
    one = alone(app, options.alone)
    spent = (app.seconds() - before) / options.alone
    begun = time.perf_counter()
    many = together(app, options.people, options.rounds)
    whole = time.perf_counter() - begun
    _print_times(one, many)
    out.print(f"processor time of the app for a round of one person: {spent:.2f} s")
    pages = sum(map(len, many.seconds.values()))
    out.print(f"together {pages / whole:.2f} pages a second; memory {app.megabytes():.0f} MB")
    _print_leaks(many, options.people)
    _print_memory(app, options.people, options.answers)


# -- what is printed ---------------------------------------------------------------------------


def _print_times(one_alone: Seen, many: Seen) -> None:
    table = Table("page", "n", "alone p50", "p95", "together p50", "p95", "ratio of p50")
    for page, seconds in many.seconds.items():
        one = np.array(one_alone.seconds.get(page, []))
        all_ = np.array(seconds)
        table.add_row(
            page,
            f"{len(one)}, {len(all_)}",
            _ms(one, 50),
            _ms(one, 95),
            _ms(all_, 50),
            _ms(all_, 95),
            _ratio(one, all_),
        )
    out.print(table)
    out.print("milliseconds from the request to the end of the page's run [95 % interval]")


def _ms(seconds: np.ndarray, percentile: float) -> str:
    if not len(seconds):
        return "-"
    low, high = resampled(lambda drawn: float(np.percentile(drawn[0], percentile)), seconds)
    value = np.percentile(seconds, percentile)
    return f"{value * 1e3:,.0f} [{low * 1e3:,.0f}, {high * 1e3:,.0f}]"


def _ratio(one: np.ndarray, many: np.ndarray) -> str:
    if not len(one):
        return "-"

    def of(drawn: Sequence[np.ndarray]) -> float:
        return float(np.median(drawn[1]) / np.median(drawn[0]))

    low, high = resampled(of, one, many)
    return f"{of((one, many)):.1f} [{low:.1f}, {high:.1f}]"


def _print_leaks(seen: Seen, people: int) -> None:
    visits = sum(map(len, seen.seconds.values()))
    out.print(
        f"{visits:,} pages read by {people} people at once: {len(seen.foreign)} words of another "
        f"person in what was sent, {seen.in_addresses} words in addresses, {len(seen.lacking)} "
        f"pages without a word of their own that should have it, {len(seen.failed)} failed"
    )
    for what in (seen.foreign, seen.lacking, seen.failed):
        for each in sorted(set(what)):
            out.print(f"  {each}")


def _print_memory(app: Served, people: int, answers: int) -> None:
    """Ask so many questions in sessions of :data:`A_SESSION`; print the memory on the way."""
    done, sessions = 0, count()
    measured = [(0, app.megabytes())]
    while done < answers:
        number = next(sessions) % people
        with Visitor(app.address, SECRET, person_id(number)) as visitor:
            for _ in range(min(A_SESSION, answers - done)):
                visitor.visit("", q=f"{CITED} {marker(number)} {done}", as_at=DAY)
                done += 1
        if done % 100 == 0 or done >= answers:
            measured.append((done, app.megabytes()))
    if answers:
        shown = ", ".join(f"{after:,}: {held:.0f}" for after, held in measured)
        out.print(f"memory of the app in MB after so many answers: {shown}", soft_wrap=True)
        later = np.array([each for each in measured if each[0] >= answers / 4])
        slope = np.polyfit(later[:, 0], later[:, 1], 1)[0] if len(later) > 2 else float("nan")
        out.print(f"growth over the last three quarters: {slope * 1000:.1f} MB per 1,000 answers")


if __name__ == "__main__":
    main()
