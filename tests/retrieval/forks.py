"""A process that works in forks of itself and kills them: nothing is imported after a fork.

A JSON line on standard input, ``[VERB, WORDS, SECONDS]``, is one fork; ``null`` lets it end.
The answer is ``[RETURN CODE, SECONDS]``; a killed fork's code is -9.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import retrieval.engines.admin
import retrieval.engines.elastic
import retrieval.engines.elastic_build
import retrieval.engines.embedded
import retrieval.engines.embedded_build  # noqa: F401 - imported before any fork
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from retrieval.cli import index as verbs
from retrieval.index_build import load


def ingest(path: str) -> None:
    """Read a file into the store and refresh the index."""
    load(Jsonl(Path(path)), Settings.load())


def build() -> None:
    """Build the index anew."""
    verbs.build(anew=True)


WORK: dict[str, Callable[..., None]] = {"ingest": ingest, "build": build, "swap": verbs.swap}


def worked(verb: str, words: list[str], seconds: float | None) -> tuple[int, float]:
    """Work in a fork, which is killed after ``seconds``; return its code and how long it took."""
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.dup2(2, 1)
        try:
            WORK[verb](*words)
        except BaseException:  # noqa: BLE001 - its code says so
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), time.monotonic() - start
        if seconds is not None and time.monotonic() - start >= seconds:
            os.kill(child, signal.SIGKILL)
            seconds = None
        time.sleep(0.001)


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(worked(*json.loads(line))) + "\n")
        sys.stdout.flush()
