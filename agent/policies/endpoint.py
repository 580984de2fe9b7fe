"""One HTTP call to an OpenAI-compatible endpoint: an answer as JSON, or one clear sentence."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from agent.policy import PolicyError

_MOST = 64 << 20
"""Bytes of an answer that are read."""


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
            PolicyError: it is none.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise PolicyError(
                f"'{self.url}' is no address of an endpoint: write http://host:port/v1."
            )

    def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Post ``body`` (or get, without one) and return the answer.

        Raises:
            PolicyError: the endpoint is down, slow, refuses, or answers with something else.
        """
        deadline = time.monotonic() + self.timeout
        try:
            text = b"".join(self._chunks(path, body, deadline))
        except HTTPError as error:
            raise PolicyError(self._refusal(error)) from error
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
        return self._object(text)

    def _chunks(self, path: str, body: dict[str, Any] | None, deadline: float) -> Iterator[bytes]:
        """Yield the answer as it arrives, so that a server that drips meets the deadline too."""
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
            said = json.loads(error.read(1 << 16))
            inner = said.get("error", said)
            words = str(inner.get("message") if isinstance(inner, dict) else inner)
        except (OSError, ValueError, RecursionError, AttributeError, HTTPException):
            words = str(error.reason)
        return f"{self.url} refused ({error.code}): {' '.join(words.split())[:300]}"
