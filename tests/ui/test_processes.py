"""Several processes of the app: a browser stays with one, none is left behind, one may die."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.settings import Settings
from eval.bench.desk.visitor import Visitor
from tests.ui.test_serving import answers, serving
from ui.serving.sticky_proxy import COOKIE, HEAD_BYTES, StickyProxy, one_request, process_named

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def asked(*cookies: str) -> bytes:
    lines = "".join(f"Cookie: {each}\r\n" for each in cookies)
    return f"GET / HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode()


@pytest.mark.parametrize(
    ("cookies", "named"),
    [
        ((), None),
        ((f"a=b; {COOKIE}=1; c=d",), 1),
        (("a=b", f"{COOKIE}=0"), 0),
        ((f"not{COOKIE}=1",), None),
        ((f"{COOKIE}=x",), None),
        ((f"{COOKIE}=-1",), None),
        ((f"{COOKIE}=99999",), None),
    ],
)
def test_only_our_own_cookie_names_a_process(cookies: tuple[str, ...], named: int | None) -> None:
    assert process_named(asked(*cookies)) == named


def test_a_connection_carries_one_request_unless_it_is_a_websocket() -> None:
    kept = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n"
    told = one_request(kept)
    assert told == b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    opening = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert one_request(opening) == opening


class Behind:
    """A process behind the proxy, which answers with its name."""

    def __init__(self, name: str) -> None:
        self.name = name.encode()
        self.port = 0

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(5) if b"Content-Length: 5" in head else b""
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + self.name + body)
        await writer.drain()
        writer.close()


def through(*requests: bytes, down: int | None = None) -> list[bytes]:
    """Send each request through a proxy in front of two processes, one after another."""

    async def run() -> list[bytes]:
        behind = [Behind("first"), Behind("second")]
        servers = [await each.start() for each in behind]
        if down is not None:
            servers[down].close()
        proxy = StickyProxy([each.port for each in behind])
        front = await asyncio.start_server(proxy.handle, "127.0.0.1", 0, limit=HEAD_BYTES)
        port = front.sockets[0].getsockname()[1]
        found = []
        for request in requests:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            found.append(await reader.read())
            writer.close()
        for server in (front, *servers):
            server.close()
        return found

    return asyncio.run(run())


def test_a_browser_is_told_its_process_once_and_stays_there() -> None:
    new, back, again = through(ASK, asked(f"{COOKIE}=1"), asked(f"{COOKIE}=0"))
    assert b"Set-Cookie: inforce_process=0; Path=/; HttpOnly; SameSite=Lax" in new
    assert back.endswith(b"second")
    assert b"Set-Cookie" not in back
    assert again.endswith(b"first")


def test_a_browser_whose_process_is_gone_is_sent_to_another_and_told() -> None:
    (answer,) = through(asked(f"{COOKIE}=1"), down=1)
    assert answer.endswith(b"first")
    assert b"inforce_process=0" in answer


def test_a_body_is_passed_on_and_a_second_request_in_it_is_not() -> None:
    posted = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello" + asked(f"{COOKIE}=1")
    (answer,) = through(posted)
    assert answer.endswith(b"firsthello")
    assert answer.count(b"HTTP/1.1 200") == 1


def test_a_head_without_an_end_is_refused_and_the_next_browser_served() -> None:
    long, other = through(b"GET / HTTP/1.1\r\nX: " + b"x" * 3 * HEAD_BYTES, ASK)
    assert long.startswith(b"HTTP/1.1 431")
    assert other.endswith(b"first")


# -- the app itself ----------------------------------------------------------------------------


def fetched(address: str, cookie: str = "") -> tuple[str, str]:
    """The cookie that a request is told, and what it is answered."""
    request = urllib.request.Request(address, headers={"Cookie": cookie} if cookie else {})
    with urllib.request.urlopen(request, timeout=30) as found:
        return found.headers.get("Set-Cookie", ""), found.read().decode()


def children(pid: int) -> set[int]:
    """The ids of the processes that a process has started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return {int(each) for each in listed.split()}


def eventually(condition: Callable[[], bool]) -> bool:
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc: which children run")
def test_a_process_that_dies_is_started_again_and_the_others_go_on(settings: Settings) -> None:
    with serving(settings, "serve", "--processes", "2") as (child, port):
        address = f"http://127.0.0.1:{port}"
        assert answers(f"{address}/_stcore/health", child)
        assert eventually(lambda: all(alive(address, number) for number in (0, 1)))
        with Visitor(address, "no-secret", "nobody") as visitor:
            assert visitor.visit("coverage", as_at="2006-04-04").failed is False
        first, second = sorted(children(child.pid))
        os.kill(first, signal.SIGKILL)
        assert eventually(lambda: first not in children(child.pid))
        assert alive(address, 0) or alive(address, 1)
        assert eventually(lambda: len(children(child.pid)) == 2)
        assert second in children(child.pid)
        counted = fetched(f"{address}/metrics")[1]
        assert 'inforce_pages_total{route="coverage",status="200"} 1.0' in counted
        left = children(child.pid)
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=30)
        assert not [each for each in left if Path(f"/proc/{each}").exists()]
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def alive(address: str, number: int) -> bool:
    """Whether the process of a number answers, and not another in its place."""
    try:
        told, said = fetched(f"{address}/_stcore/health", f"{COOKIE}={number}")
    except OSError:
        return False
    return said == "ok" and COOKIE not in told


def test_a_number_of_processes_that_cannot_be_is_refused(settings: Settings) -> None:
    with serving(settings, "serve", "--processes", "0") as (child, _):
        assert child.wait(timeout=60) == 2
        assert child.stderr is not None
        assert "--processes: 0 is not from 1 to 64." in child.stderr.read()
