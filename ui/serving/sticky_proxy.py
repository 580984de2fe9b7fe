"""A proxy that sends each browser to the same process of the app.

A session of Streamlit lives in the memory of one process, with the files that it offers for
download, so all requests of a browser must reach that process. A cookie names it. A browser
without one goes to the process with the fewest open connections.

A connection carries one request: the process is told to close it afterwards, so that a proxy in
front of this one cannot mix the requests of several browsers in one connection. After the head of a
request, and the head of its answer, bytes are passed on as they are, also those of a websocket.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie

COOKIE = "inforce_process"
HEAD_BYTES = 64 * 1024
"""Longest head of a request or an answer."""
HEAD_SECONDS = 60.0
"""Time in which the head of a request must arrive."""

_END = b"\r\n\r\n"
_HOP = re.compile(rb"\r\n(?:connection|keep-alive|proxy-connection):[^\r\n]*", re.IGNORECASE)
_UPGRADE = re.compile(rb"\r\nupgrade:[ \t]*websocket[ \t]*\r\n", re.IGNORECASE)
_COOKIES = re.compile(rb"\r\ncookie:[ \t]*([^\r\n]*)", re.IGNORECASE)
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Connection: close\r\n\r\nNo process of the app answers: try again in a moment.\n"
)
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"


class StickyProxy:
    """Passes connections on to processes on this machine, given by their ports."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = tuple(ports)
        self._open: Counter[int] = Counter()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection of a browser."""
        try:
            head = await asyncio.wait_for(reader.readuntil(_END), HEAD_SECONDS)
            await self._pass_on(head, reader, writer)
        except asyncio.LimitOverrunError:
            writer.write(_TOO_LONG)
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            pass  # the browser has gone, or never asked
        finally:
            with suppress(OSError):
                writer.close()
                await writer.wait_closed()

    async def _pass_on(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        named = process_named(head)
        for number in self._by_preference(named):
            try:
                answers, asks = await asyncio.open_connection(
                    "127.0.0.1", self._ports[number], limit=HEAD_BYTES
                )
            except OSError:
                continue  # that process is being started again
            self._open[number] += 1
            try:
                asks.write(one_request(head))
                cookie = None if number == named else number
                await _exchange((reader, writer), (answers, asks), cookie)
            finally:
                self._open[number] -= 1
                asks.close()
            return
        writer.write(_BUSY)

    def _by_preference(self, named: int | None) -> list[int]:
        """Return the processes: the one named by the cookie, then those with least to do."""
        numbers = sorted(range(len(self._ports)), key=lambda number: self._open[number])
        return sorted(numbers, key=lambda number: number != named)


def process_named(head: bytes) -> int | None:
    """Return the number of the process that the cookie of a request names, or ``None``."""
    jar: SimpleCookie = SimpleCookie()
    for line in _COOKIES.findall(head):
        with suppress(CookieError):
            jar.load(line.decode("latin-1"))
    value = jar[COOKIE].value if COOKIE in jar else ""
    return int(value) if re.fullmatch(r"\d{1,3}", value) else None


def one_request(head: bytes) -> bytes:
    """Return the head of a request so that its connection is closed after the answer.

    The opening of a websocket stays as it is.
    """
    if _UPGRADE.search(head):
        return head
    return _HOP.sub(b"", head.removesuffix(_END)) + b"\r\nConnection: close" + _END


_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _exchange(browser: _Stream, process: _Stream, cookie: int | None) -> None:
    """Pass bytes in both directions until the process ends its answer.

    Args:
        browser: the connection of the browser, its request's head read.
        process: the connection to the process, which has the head.
        cookie: number of the process, if the browser is to remember it.
    """
    asked = asyncio.create_task(_copy(browser[0], process[1]))
    try:
        if cookie is not None:
            browser[1].write(await _answer_head(process[0], cookie))
        await _copy(process[0], browser[1])
    finally:
        asked.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await asked


async def _answer_head(answers: asyncio.StreamReader, number: int) -> bytes:
    """Return the head of an answer with a cookie that names the process."""
    head = await answers.readuntil(_END)
    interim = b""
    while head.split(b" ", 2)[1:2] == [b"100"]:
        interim, head = interim + head, await answers.readuntil(_END)
    line = f"\r\nSet-Cookie: {COOKIE}={number}; Path=/; HttpOnly; SameSite=Lax".encode()
    return interim + head.removesuffix(_END) + line + _END


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(HEAD_BYTES):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
