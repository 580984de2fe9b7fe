"""Counts and times of an HTTP server, in the text format of Prometheus. No question is in them."""

from __future__ import annotations

import os
import time

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE = CONTENT_TYPE_LATEST
MULTIPLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which the processes of one server keep their counters."""


class Metrics:
    """The counters of one server: requests by route and status, and their seconds by route.

    ``subject`` names what is counted, ``request`` or ``page``.
    """

    def __init__(self, subject: str = "request") -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            f"inforce_{subject}s",
            f"How many of {subject} were answered.",
            ("route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            f"inforce_{subject}_seconds",
            f"Seconds that a {subject} took.",
            ("route",),
            registry=self.registry,
        )

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return all counters as text; of several processes of one server, their sums."""
        if MULTIPLE in os.environ:
            together = CollectorRegistry()
            MultiProcessCollector(together)  # type: ignore[no-untyped-call]
            return generate_latest(together)
        return generate_latest(self.registry)


class Measured:
    """ASGI middleware that counts HTTP requests; a path without a route counts as ``none``."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, clock = 500, time.perf_counter()

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, seen)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self.metrics.count(route, status, time.perf_counter() - clock)
