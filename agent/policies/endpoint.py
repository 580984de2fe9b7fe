"""HTTP to an OpenAI-compatible endpoint: answers as JSON, or one clear sentence."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from agent.policy import PolicyError

_MOST = 64 << 20
"""Bytes of an answer that are read."""

_DONE = "[DONE]"


class RefusedError(PolicyError):
    """The endpoint answered with an error status."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


class _NoRedirects(HTTPRedirectHandler):
    """An endpoint that sends elsewhere would be sent the key as well."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow no redirect; it is reported as the error that it then is."""


def _opener() -> OpenerDirector:
    return build_opener(_NoRedirects)


@dataclass(frozen=True)
class Endpoint:
    """Where a server answers.

    Args:
        url: its base, up to and with ``/v1``.
        key: sent as bearer token; never shown.
        timeout: seconds that a whole answer may take.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    timeout: float = 120.0
    _open: OpenerDirector = field(default_factory=_opener, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the address.

        Raises:
            PolicyError: it is none, or carries a password that messages would show.
        """
        parts = urlsplit(self.url)
        if parts.username or parts.password:
            raise PolicyError(
                f"The address of {parts.hostname} carries a user or password: "
                "put the key into INFORCE_POLICY_KEY."
            )
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise PolicyError(
                f"'{self.url}' is no address of an endpoint: write http://host:port/v1."
            )

    def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Post ``body`` (or get, without one) and return the answer.

        Raises:
            PolicyError: the endpoint is down, slow, refuses, or answers with something else.
        """
        return self._object(self._read(path, body))

    def post(self, path: str, body: dict[str, Any]) -> str:
        """Post ``body`` and return what the endpoint says, which need not be JSON.

        Raises:
            PolicyError: the endpoint is down, slow or refuses.
        """
        return self._read(path, body).decode("utf-8", "replace")

    def _read(self, path: str, body: dict[str, Any] | None) -> bytes:
        with self._in_words():
            return b"".join(self._chunks(path, body))

    def events(self, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Post ``body`` and yield the answer's pieces as they arrive (server-sent events).

        Raises:
            PolicyError: as :meth:`call`, or the stream ends before it says so.
        """
        with self._in_words():
            for line in _lines(self._chunks(path, {**body, "stream": True})):
                name, _, data = line.partition(b":")
                if name != b"data":
                    continue
                if data.strip() == _DONE.encode():
                    return
                yield self._event(data)
        raise PolicyError(f"{self.url} broke off its answer.")

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Turn what can go wrong on the way into one sentence."""
        try:
            yield
        except HTTPError as error:
            raise RefusedError(self._refusal(error), error.code) from error
        except TimeoutError as error:
            raise PolicyError(self._slow()) from error
        except URLError as error:
            reason = error.reason
            words = self._slow() if isinstance(reason, TimeoutError) else self._down(reason)
            raise PolicyError(words) from error
        except (OSError, HTTPException) as error:
            raise PolicyError(
                f"{self.url} broke off its answer ({type(error).__name__})."
            ) from error

    def _chunks(self, path: str, body: dict[str, Any] | None) -> Iterator[bytes]:
        """Yield the answer as it arrives, so that a server that drips meets the deadline too."""
        deadline = time.monotonic() + self.timeout
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url.rstrip('/')}{path}", data=data, headers=headers)  # noqa: S310
        size = 0
        with self._open.open(request, timeout=self.timeout) as answer:
            while chunk := answer.read1(1 << 16):
                size += len(chunk)
                if time.monotonic() > deadline:
                    raise TimeoutError
                if size > _MOST:
                    raise PolicyError(f"{self.url} sent more than {_MOST >> 20} MiB.")
                yield chunk

    def _event(self, data: bytes) -> dict[str, Any]:
        """Return a piece of a stream.

        Raises:
            PolicyError: it is no object, or says that the server failed on the way.
        """
        event = self._object(data)
        if "error" in event:
            raise PolicyError(f"{self.url} failed: {_message(event)}")
        return event

    def _object(self, text: bytes) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            start = text[:80].decode("utf-8", "replace")
            raise PolicyError(f"{self.url} answered with no whole JSON: {start!r}.") from None
        if not isinstance(value, dict):
            raise PolicyError(f"{self.url} answered with JSON that is no object.")
        return value

    def _slow(self) -> str:
        return f"{self.url} did not answer within {self.timeout:g} seconds."

    def _down(self, reason: object) -> str:
        return f"{self.url} cannot be reached: {getattr(reason, 'strerror', None) or reason}."

    def _refusal(self, error: HTTPError) -> str:
        """Return what an error status says, in one line."""
        try:
            words = _message(json.loads(error.read(1 << 16)))
        except (OSError, ValueError, RecursionError, AttributeError, HTTPException):
            words = str(error.reason)
        return f"{self.url} refused ({error.code}): {words}"


def _message(said: dict[str, Any]) -> str:
    inner = said.get("error", said)
    words = str(inner.get("message") if isinstance(inner, dict) else inner)
    return " ".join(words.split())[:300]


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of what arrives in pieces; the last one may lack its end."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    yield rest
