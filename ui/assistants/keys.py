"""Keys of the HTTP API and of the MCP server: a file of names with the digests of their keys.

A line is the name of a client, a space, and the SHA-256 of its key in hexadecimal digits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from pydantic import Field
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from corpus.errors import BadInputError, Place, SourceError
from corpus.model import Frozen

_LINE = re.compile(r"(\S+) ([0-9a-f]{64})")
_LOCAL = {"localhost", "127.0.0.1", "::1"}
REFUSED = "A key is needed: send it as 'Authorization: Bearer KEY'."


class Keys(Frozen):
    """The digests of the keys by client; without any, every request is let in."""

    digests: dict[str, str] = Field(default_factory=dict)

    def client(self, authorization: str | None) -> str | None:
        """Return the client whose key the header ``Authorization`` has; ``None``: refuse it."""
        if not self.digests:
            return "local"
        scheme, _, key = (authorization or "").partition(" ")
        given = digest(key.strip())
        known = [
            name
            for name, kept in self.digests.items()
            if scheme.lower() == "bearer" and hmac.compare_digest(kept, given)
        ]
        return known[0] if known else None


def digest(key: str) -> str:
    """Return the SHA-256 of a key in hexadecimal digits."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def read_keys(file: Path | None, host: str) -> Keys:
    """Read the keys of a server that listens on ``host``.

    Raises:
        BadInputError: the file cannot be read or has no key, or there is none and other machines
            can reach ``host``.
        SourceError: a line is not a name and a digest.
    """
    if file is None:
        if host not in _LOCAL:
            raise BadInputError(
                f"Other machines can reach {host}: name a file of --keys "
                "('inforce api-key NAME --keys FILE' makes one)."
            )
        return Keys()
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadInputError(f"{file} cannot be read: {error.strerror}.") from None
    found = dict(_read(file, n, line) for n, line in enumerate(lines, start=1) if line.strip())
    if not found:
        raise BadInputError(f"{file} has no key: 'inforce api-key NAME --keys {file}' adds one.")
    return Keys(digests=found)


def _read(file: Path, number: int, line: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line.strip())
    if match is None:
        raise SourceError(Place(str(file), number), "not a name and the SHA-256 of a key.")
    return match[1], match[2]


def add_key(file: Path, name: str) -> str:
    """Add a new key to the file, which only its owner may read; return the key.

    Raises:
        BadInputError: the name is taken or has a space, or the file cannot be written.
    """
    if not name or any(char.isspace() for char in name):
        raise BadInputError(f"'{name}' is no name for a key: use one word.")
    if file.exists() and name in read_keys(file, "localhost").digests:
        raise BadInputError(f"{file} has a key of {name} already: delete its line first.")
    key = secrets.token_urlsafe(32)
    try:
        file.touch(mode=0o600)
        with file.open("a", encoding="utf-8") as keys:
            keys.write(f"{name} {digest(key)}\n")
    except OSError as error:
        raise BadInputError(f"{file} cannot be written: {error.strerror}.") from None
    return key


class KeyNeeded:
    """ASGI middleware that refuses HTTP requests without a key with status 401."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self.app = app
        self.keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http":
            header = Headers(scope=scope).get("authorization")
            if self.keys.client(header) is None:
                refusal = JSONResponse(
                    {"detail": REFUSED}, 401, headers={"WWW-Authenticate": "Bearer"}
                )
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)
