"""Health and metrics of the app's server: routes for who runs it, beside the pages.

What is counted are runs of pages and their seconds, by page: no question and no person.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from streamlit.runtime.scriptrunner import RerunException, StopException

from agent.library import Library
from corpus.errors import InForceError
from corpus.settings import Settings

if TYPE_CHECKING:
    from ui.assistants.metrics import Metrics

LACKING = "Metrics need the extra serve: pip install 'inforce[serve]'.\n"


def routes() -> list[Route]:
    """Return ``/healthz`` (whether the library can be asked) and ``/metrics`` (for Prometheus)."""
    return [Route("/healthz", _health), Route("/metrics", _counters)]


@contextmanager
def timed(page: str) -> Iterator[None]:
    """Count one run of a page with its seconds; one that Streamlit interrupts counts as well."""
    counted = page_metrics()
    status, clock = 500, time.perf_counter()
    try:
        yield
        status = 200
    except (RerunException, StopException):
        status = 200
        raise
    finally:
        if counted is not None:
            counted.count(page, status, time.perf_counter() - clock)


@cache
def page_metrics() -> Metrics | None:
    """Return the counters of this process; ``None`` without the extra ``serve``."""
    if find_spec("prometheus_client") is None:
        return None
    from ui.assistants.metrics import Metrics

    return Metrics("page")


def _health(_: Request) -> Response:
    try:
        with Library.open(Settings.load()) as library:
            held = {"corpus_hash": library.corpus_hash, "works": len(library.works)}
    except InForceError as error:
        return JSONResponse({"status": "no library", "detail": str(error)}, status_code=503)
    return JSONResponse({"status": "ok", **held})


def _counters(_: Request) -> Response:
    counted = page_metrics()
    if counted is None:
        return PlainTextResponse(LACKING, status_code=501)
    return Response(counted.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
