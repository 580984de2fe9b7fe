"""A mail server that takes every message, in clear, with STARTTLS or with TLS from the start."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer


@contextmanager
def mail_server(
    tls: ssl.SSLContext | None = None, *, implicit: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Serve the few commands of SMTP that are needed; yield the port and what was received.

    Args:
        tls: the server's certificate; ``None``: TLS is not offered.
        implicit: TLS from the first byte, instead of STARTTLS before any message.
    """
    server = _Server(tls, implicit=implicit)
    with serving(server) as port:
        yield port, server.got


class _Server(ThreadingTCPServer):
    def __init__(self, tls: ssl.SSLContext | None, *, implicit: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.tls, self.implicit = tls, implicit
        self.got: list[str] = []

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that does not trust the certificate and leaves."""


class _Session(StreamRequestHandler):
    server: _Server

    def setup(self) -> None:
        if self.server.implicit:
            self._secure()
        super().setup()

    def handle(self) -> None:
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if self.server.tls is not None and not isinstance(self.request, ssl.SSLSocket):
                self._before_tls(word)
            elif word == "DATA":
                self._say("354 go on")
                self.server.got.append("".join(self._message()))
                self._say("250 ok")
            else:
                self._say("221 bye" if word == "QUIT" else "250 ok")
            if word == "QUIT":
                return

    def _before_tls(self, word: str) -> None:
        if word == "EHLO":
            self._say("250-here\r\n250 STARTTLS")
        elif word == "STARTTLS":
            self._say("220 go on")
            self._secure()
            super().setup()
        else:
            self._say("530 STARTTLS first")

    def _secure(self) -> None:
        assert self.server.tls is not None
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)

    def _message(self) -> Iterator[str]:
        while (line := self.rfile.readline().decode()) != ".\r\n":
            yield line

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@contextmanager
def serving(server: ThreadingTCPServer | ThreadingHTTPServer) -> Iterator[int]:
    """Serve in a thread, and yield the port."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
