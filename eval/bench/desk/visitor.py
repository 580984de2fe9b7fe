"""A signed-in person who reads pages over Streamlit's websocket, as its page in a browser does.

The cookie of the sign-in is signed with the server's own secret, as after a sign-in at a provider.
What is drawn in a browser is not timed.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import (
    create_signed_value,
    generate_xsrf_token_string,
)
from websockets import Origin, Subprotocol
from websockets.sync.client import ClientConnection, connect

MARKER = re.compile(rb"MARKER[0-9A-F]{12}")
"""What the questions of each person hold, each their own; see :func:`marker`."""

_USER, _XSRF = "_streamlit_user", "_streamlit_xsrf"
_SECONDS = 600.0


def marker(number: int) -> str:
    """Return the word that only the person of this number writes."""
    return f"MARKER{number * 0x9E3779B97F4 % 0x1000000000000:012X}"


@dataclass(frozen=True)
class Visit:
    """A page that was read.

    Attributes:
        seconds: from the request to the end of the page's run.
        markers: the markers anywhere in what the server sent.
        size: bytes that it sent.
        query: the query in the address afterwards.
        failed: whether the page's run failed.
    """

    seconds: float
    markers: frozenset[str]
    size: int
    query: str
    failed: bool


class Visitor:
    """A session of a person. Use it as a context manager; not for several threads."""

    def __init__(self, address: str, cookie_secret: str, person: str) -> None:
        self._origin = address
        self._secret = cookie_secret
        self._person = person
        self._hashes: dict[str, str] = {}
        self._opened = ExitStack()
        self._socket: ClientConnection | None = None

    def __enter__(self) -> Self:
        token = generate_xsrf_token_string()
        cookies = {_XSRF: token, _USER: self._signed_in()}
        opening = connect(
            f"{self._origin.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit"), Subprotocol(token)],
            origin=Origin(self._origin),
            additional_headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())},
            max_size=None,
            open_timeout=_SECONDS,
            ping_timeout=None,
        )
        self._socket = self._opened.enter_context(opening)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    def visit(self, page: str, **query: str) -> Visit:
        """Read a page, named by its path; the default page is the empty name.

        Raises:
            TimeoutError: the page does not come in time.
        """
        assert self._socket is not None
        message = BackMsg()
        message.rerun_script.query_string = urlencode(query)
        message.rerun_script.page_name = page
        message.rerun_script.page_script_hash = self._hashes.get(page, "")
        begun = time.perf_counter()
        self._socket.send(message.SerializeToString())
        found: set[bytes] = set()
        size, shown = 0, message.rerun_script.query_string
        while True:
            received = self._socket.recv(timeout=_SECONDS)
            assert isinstance(received, bytes)
            size += len(received)
            found.update(MARKER.findall(received))
            answer: Any = ForwardMsg.FromString(received)
            match answer.WhichOneof("type"):
                case "page_info_changed":
                    shown = answer.page_info_changed.query_string
                case "navigation":
                    self._hashes = {
                        each.url_pathname: each.page_script_hash
                        for each in answer.navigation.app_pages
                    }
                case "script_finished" if answer.script_finished != _EARLY:
                    markers = frozenset(each.decode() for each in found)
                    seconds = time.perf_counter() - begun
                    failed = answer.script_finished != _WELL
                    return Visit(seconds, markers, size, shown, failed)

    def _signed_in(self) -> str:
        claims = {
            "email": self._person,
            "email_verified": True,
            "iat": int(time.time()),
            "is_logged_in": True,
            "origin": self._origin,
            "provider": "default",
        }
        return create_signed_value(self._secret, _USER, json.dumps(claims)).decode()


_WELL = ForwardMsg.FINISHED_SUCCESSFULLY
_EARLY = ForwardMsg.FINISHED_EARLY_FOR_RERUN
