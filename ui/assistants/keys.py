"""Who calls the HTTP API and the MCP server: keys of people, and a file of keys.

A key of a person (:mod:`agent.people_keys`) acts as that person. A line of the file is the name of
a client, a space, and the SHA-256 of its key in hexadecimal digits; its clients act as the local
person, of whom nothing is kept.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

import anyio
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.audit import Action, Kind
from agent.matters.audited import log
from agent.people import Person, local_person, people_are_kept, people_url
from agent.people_keys import PREFIX, KeyRefusedError, PersonKeys, key_digest
from corpus.errors import BadInputError, InForceError, Place, SearchFailedError, SourceError
from corpus.model import Frozen
from corpus.settings import Settings

_LINE = re.compile(r"(\S+) ([0-9a-f]{64})")
_LOCAL = {"localhost", "127.0.0.1", "::1"}
REFUSED = "A key is needed: send it as 'Authorization: Bearer KEY'."


class NotAllowedError(InForceError):
    """Who calls may not do this."""


class Caller(Frozen):
    """Who calls.

    Attributes:
        person: as whom the call is answered.
        key: name of the key that was sent; empty without one.
    """

    person: Person
    key: str = ""


def anybody() -> Caller:
    """Return who calls a server without keys, or one over standard input."""
    return Caller(person=local_person())


class Keys:
    """Decides who is let in: with no key in the file and no person kept, everybody is.

    Args:
        digests: the digests of the keys in the file, by client.
        settings: the installation whose people have keys; ``None``: no key of a person is taken.
    """

    def __init__(
        self, digests: Mapping[str, str] | None = None, settings: Settings | None = None
    ) -> None:
        self.digests = dict(digests or {})
        self._settings = settings
        self._opened: PersonKeys | None = None

    def caller(self, authorization: str | None) -> Caller:
        """Return who calls with a header ``Authorization``.

        Raises:
            KeyRefusedError: a key is needed and there is none, or it is unknown or not valid.
            NotAllowedError: the person of the key may not ask.
            StoreError: the database of people cannot be read.
        """
        scheme, _, key = (authorization or "").partition(" ")
        given = key.strip() if scheme.lower() == "bearer" else ""
        client = self._client(given)
        if client is not None:
            return Caller(person=local_person(), key=client)
        people = self._people()
        if given.startswith(PREFIX) and people is not None:
            return self._person(people, given)
        if self.digests or self.somebody():
            raise KeyRefusedError(REFUSED)
        return anybody()

    def somebody(self) -> bool:
        """Return whether a person is kept, so that a key is needed also without a file."""
        people = self._people()
        return people is not None and people.somebody()

    def who_is_let_in(self) -> str:
        """Return who is let in, in a sentence for who starts the server."""
        local = f"the local person ({local_person().name})"
        file = f"the keys {', '.join(self.digests)} act as {local}" if self.digests else ""
        if self.somebody():
            return "; ".join(filter(None, ("Keys of people act as these", file))) + "."
        return f"{file[:1].upper()}{file[1:] or f'Everybody on this machine acts as {local}'}."

    def _client(self, key: str) -> str | None:
        """Return the client of the file whose key this is."""
        given = key_digest(key)
        for name, kept in self.digests.items():
            if key and hmac.compare_digest(kept, given):
                return name
        return None

    def _person(self, people: PersonKeys, given: str) -> Caller:
        assert self._settings is not None
        try:
            key, person = people.use(given)
        except KeyRefusedError as refused:
            if refused.key is not None:
                owner = Person(id=refused.key.person, name=refused.key.person, roles=frozenset())
                log(self._settings, owner, Action.REFUSED, Kind.KEY, refused.key.id)
            raise
        if not person.reads:
            raise NotAllowedError(
                f"{person.name} may not ask or search here: that needs the role reader."
            )
        return Caller(person=person, key=key.name)

    def _people(self) -> PersonKeys | None:
        """Return the keys of people once there is a database of them."""
        if self._opened is None and self._settings and people_are_kept(self._settings):
            self._opened = PersonKeys.open(people_url(self._settings))
        return self._opened


def read_keys(file: Path | None, host: str, settings: Settings | None = None) -> Keys:
    """Return the keys of a server that listens on ``host``.

    Args:
        file: the file of keys; ``None`` for none.
        host: the address on which the server listens.
        settings: the installation whose people have keys.

    Raises:
        BadInputError: the file cannot be read or has no key, or there is none, nobody is kept, and
            other machines can reach ``host``.
        SourceError: a line is not a name and a digest.
        StoreError: the database of people cannot be read.
    """
    if file is None:
        keys = Keys(settings=settings)
        if host not in _LOCAL and not keys.somebody():
            raise BadInputError(
                f"Other machines can reach {host}: give people keys ('inforce keys create') "
                "or name a file of --keys ('inforce api-key NAME --keys FILE' makes one)."
            )
        return keys
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadInputError(f"{file} cannot be read: {error.strerror}.") from None
    found = dict(_read(file, n, line) for n, line in enumerate(lines, start=1) if line.strip())
    if not found:
        raise BadInputError(f"{file} has no key: 'inforce api-key NAME --keys {file}' adds one.")
    return Keys(found, settings)


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
            keys.write(f"{name} {key_digest(key)}\n")
    except OSError as error:
        raise BadInputError(f"{file} cannot be written: {error.strerror}.") from None
    return key


class KeyNeeded:
    """ASGI middleware that refuses HTTP requests without a valid key, in one sentence.

    Who calls is then at ``caller`` of the state of the request.
    """

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self.app = app
        self.keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http":
            header = Headers(scope=scope).get("authorization")
            try:
                caller = await anyio.to_thread.run_sync(self.keys.caller, header)
            except InForceError as problem:
                await refusal(problem)(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self.app(scope, receive, send)


def refusal(problem: InForceError) -> JSONResponse:
    """Return the answer to a request that was not answered: a sentence, with its status."""
    match problem:
        case KeyRefusedError():
            headers = {"WWW-Authenticate": "Bearer"}
            return JSONResponse({"detail": str(problem)}, 401, headers)
        case NotAllowedError():
            status = 403
        case BadInputError():
            status = 400
        case SearchFailedError():
            status = 502
        case _:
            status = 503
    return JSONResponse({"detail": str(problem)}, status)
