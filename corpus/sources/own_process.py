"""Reading a source in a process of its own, where a thread cannot stop what runs too long.

A regular expression of a dialect may never end, and only the main thread of a process can be
stopped within one (:mod:`corpus.sources.time_limit`). In any other thread the source is read by
another process, which sends each work when it is read.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from corpus.act_report import Observation
from corpus.errors import Place, SourceError
from corpus.model import WorkHistory
from corpus.sources import OnFault, Source

_READ = "from corpus.sources.own_process import serve; serve()"


def works_elsewhere(
    opened: Callable[[], Source], name: str, on_fault: OnFault
) -> Iterator[tuple[WorkHistory, Observation | None]]:
    """Yield the works of a source, each with what was noted of it, read by another process.

    ``opened`` makes the source there; it has to be picklable.

    Raises:
        SourceError: the other process ended before the source did.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", _READ],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdin is not None
            pickle.dump(opened, process.stdin)
            process.stdin.close()
            yield from _received(process.stdout, name, on_fault)
        finally:
            process.kill()


def serve() -> None:
    """Read the source named on standard input; write its works and faults to standard output."""
    out = sys.stdout.buffer
    sys.stdout = sys.stderr

    def send(*frame: object) -> None:
        pickle.dump(frame, out)
        out.flush()

    source: Source = pickle.load(sys.stdin.buffer)()  # noqa: S301 - written by our own parent
    for work in source.works(lambda error: send("fault", error.place, error.problem)):
        seen = getattr(source, "observed", lambda _: None)(work.work.id)
        send("work", work, seen)
    send("end")


def _received(
    stream: Any, name: str, on_fault: OnFault
) -> Iterator[tuple[WorkHistory, Observation | None]]:
    while True:
        try:
            kind, *what = pickle.load(stream)  # noqa: S301 - written by our own process
        except (EOFError, pickle.UnpicklingError):
            raise SourceError(Place(name), "the process that read it ended too early") from None
        if kind == "end":
            return
        if kind == "fault":
            on_fault(SourceError(*what))
        else:
            work, seen = what
            yield work, seen
