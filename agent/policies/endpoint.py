"""HTTP client of an OpenAI-compatible endpoint: JSON responses and error messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from agent.policies.deadline import Deadline
from agent.policy import PolicyError

_MOST = 16 << 20
"""Most bytes read of a response; 8,192 tokens with ids and log-probs take about 2 MiB."""

_DONE = "[DONE]"


class RefusedError(PolicyError):
    """The endpoint answered with an error status."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


class _NoRedirects(HTTPRedirectHandler):
    """Refuses redirects, since the key would be sent to the other host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse a redirect; it is reported as an error."""


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible endpoint.

    Args:
        url: its base URL, up to and with ``/v1``.
        key: sent as bearer token; never shown.
        timeout: seconds for a whole response, from connecting to its last byte.
        key_name: environment variable of the key, for error messages.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    timeout: float = 120.0
    key_name: str = "INFORCE_POLICY_KEY"

    def __post_init__(self) -> None:
        """Validate the address and the key.

        Raises:
            PolicyError: the address is invalid or contains a password; the key is not valid in a
                header.
        """
        parts = _split(self.url)
        if parts.username or parts.password:
            raise PolicyError(
                f"The address of {parts.hostname} carries a user or password: "
                f"put the key into {self.key_name}."
            )
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise PolicyError(_no_address(self.url))
        if self.key and not (self.key.isascii() and self.key.isprintable()):
            raise PolicyError(
                f"{self.key_name} holds a line break or another character that no key has."
            )

    def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Post ``body`` (or get, without one) and return the JSON response.

        Raises:
            PolicyError: the endpoint is down, slow, refuses, or returns something else.
        """
        return self._object(self._read(path, body))

    def post(self, path: str, body: dict[str, Any]) -> str:
        """Post ``body`` and return the response as text, which need not be JSON.

        Raises:
            PolicyError: the endpoint is down, slow or refuses.
        """
        return self._read(path, body).decode("utf-8", "replace")

    def _read(self, path: str, body: dict[str, Any] | None) -> bytes:
        with self._in_words() as deadline:
            return b"".join(self._chunks(path, body, deadline))

    def events(self, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Post ``body`` and yield the server-sent events as they arrive.

        Raises:
            PolicyError: as :meth:`call`, or the stream ends early.
        """
        with self._in_words() as deadline:
            for line in _lines(self._chunks(path, {**body, "stream": True}, deadline)):
                name, _, data = line.partition(b":")
                if name != b"data":
                    continue
                if data.strip() == _DONE.encode():
                    return
                yield self._event(data)
        raise PolicyError(f"{self.url} broke off its answer.")

    @contextmanager
    def _in_words(self) -> Iterator[Deadline]:
        """Yield the deadline of one response, and turn exceptions into :class:`PolicyError`."""
        with Deadline(self.timeout) as deadline:
            try:
                yield deadline
            except HTTPError as error:
                words = self._refusal(error)
                words = self._slow() if deadline.passed else words
                raise RefusedError(words, error.code) from error
            except (OSError, HTTPException) as error:
                raise PolicyError(self._failure(error, deadline)) from error

    def _failure(self, error: OSError | HTTPException, deadline: Deadline) -> str:
        reason = error.reason if isinstance(error, URLError) else error
        if deadline.passed or isinstance(reason, TimeoutError):
            return self._slow()
        if isinstance(error, URLError):
            return self._down(reason)
        return f"{self.url} broke off its answer ({type(error).__name__})."

    def _chunks(
        self, path: str, body: dict[str, Any] | None, deadline: Deadline
    ) -> Iterator[bytes]:
        """Yield the response as it arrives."""
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url.rstrip('/')}{path}", data=data, headers=headers)  # noqa: S310
        size = 0
        opener = build_opener(_NoRedirects, *deadline.handlers)
        with opener.open(request, timeout=self.timeout) as answer:
            while chunk := answer.read1(1 << 16):
                size += len(chunk)
                if size > _MOST:
                    raise PolicyError(f"{self.url} sent more than {_MOST >> 20} MiB.")
                yield chunk
        if deadline.passed:
            raise TimeoutError

    def _event(self, data: bytes) -> dict[str, Any]:
        """Return one event of a stream.

        Raises:
            PolicyError: it is not an object, or reports a failure of the server.
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
        """Return the message of an error response, in one line."""
        try:
            words = _message(json.loads(error.read(1 << 16)))
        except (OSError, ValueError, RecursionError, AttributeError, HTTPException):
            words = str(error.reason)
        return f"{self.url} refused ({error.code}): {words}"


def _message(said: dict[str, Any]) -> str:
    inner = said.get("error", said)
    words = str(inner.get("message") if isinstance(inner, dict) else inner)
    return " ".join(words.split())[:300]


def _split(url: str) -> SplitResult:
    """Return the parts of a URL.

    Raises:
        PolicyError: it is invalid.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise PolicyError(_no_address(url)) from None
    if not url.isascii():
        raise PolicyError(f"'{url}' is no address of an endpoint: write it in ASCII.")
    return parts


def _no_address(url: str) -> str:
    return f"'{url}' is no address of an endpoint: write http://host:port/v1."


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of chunks; the last one may lack its line end."""
    begun: list[bytes] = []
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        begun.append(first)
        for other in others:
            yield b"".join(begun)
            begun = [other]
    yield b"".join(begun)
