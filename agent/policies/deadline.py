"""A deadline for a whole HTTP response.

A socket timeout limits one read only, so a server that sends a byte now and then, endless interim
responses (``100 Continue``) or a slow error body never times out. A :class:`Deadline` shuts the
connection down when the time is over; pending reads then fail.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any, Self, cast
from urllib.request import BaseHandler, HTTPHandler, HTTPSHandler, Request


class Deadline:
    """Seconds for everything inside the ``with`` block; ``passed`` says afterwards if it was late.

    ``handlers`` are for the opener whose connections it limits.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def handlers(self) -> tuple[BaseHandler, ...]:
        """Return handlers for :func:`urllib.request.build_opener`."""
        return _Http(self), _Https(self)

    def watch(self, connection: socket.socket) -> None:
        """Limit a connection.

        Raises:
            TimeoutError: the time is over already.
        """
        self._sockets.append(connection)
        if self.passed:
            raise TimeoutError

    def _shut(self) -> None:
        self.passed = True
        for connection in self._sockets:
            with suppress(OSError):  # closed already
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Watched:
    """Mixin of a connection class: registers its socket with the deadline."""

    sock: socket.socket

    def __init__(self, *given: Any, deadline: Deadline, **named: Any) -> None:
        super().__init__(*given, **named)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        self._deadline.watch(self.sock)


class _WatchedHttp(_Watched, HTTPConnection):
    pass


class _WatchedHttps(_Watched, HTTPSConnection):
    pass


class _Http(HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(cast(Any, _WatchedHttp), req, deadline=self._deadline)


class _Https(HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(cast(Any, _WatchedHttps), req, deadline=self._deadline)
