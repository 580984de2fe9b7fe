"""Keys with which programs act for people: made and shown once, kept as digests, revoked.

A key is for one person, and whoever has it may do what the person may do. It is refused from the
day on which it expires, after it was revoked, and after the person was removed.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from agent.people import (
    Person,
    checked_name,
    folded,
    found_person,
    keys_table,
    people_table,
    people_tables,
    present,
    revoke_keys,
)
from corpus.clock import now, today
from corpus.database import Database
from corpus.errors import BadInputError, InForceError
from corpus.model import Frozen
from corpus.record_clock import as_utc

PREFIX = "inforce_"
"""How every key begins, so that one is recognised where it does not belong."""

SHORTEST_ID = 4
"""Least number of characters of an abbreviated id."""

_USE_NOTED = timedelta(minutes=1)
"""Least time between two notes of when a key was last used."""


class PersonKey(Frozen):
    """What is kept of a key of a person.

    Attributes:
        id: id by which it is revoked; it opens nothing.
        person: id of the person for whom it acts.
        name: what it is for.
        created: instant at which it was made.
        expires: first day on which it is refused; null for none.
        last_used: instant of its last use, exact to a minute; null if it was never used.
        revoked: instant at which it was revoked; null if it was not.
    """

    id: str
    person: str
    name: str
    created: datetime
    expires: date | None = None
    last_used: datetime | None = None
    revoked: datetime | None = None

    def is_valid(self, today: date) -> bool:
        """Return whether the key opens anything on a day."""
        return self.revoked is None and (self.expires is None or today < self.expires)


class KeyRefusedError(InForceError):
    """A key is missing, unknown, revoked or expired. ``key`` is what is kept of it, if anything."""

    def __init__(self, said: str, key: PersonKey | None = None) -> None:
        super().__init__(said)
        self.key = key


class PersonKeys(Database):
    """The keys in the database of people. Open it with :meth:`open`; thread-safe."""

    metadata = people_tables
    kept = "the keys of people"

    def create(
        self, by: Person, person_id: str, name: str, expires: date | None = None
    ) -> tuple[PersonKey, str]:
        """Make a key for a person; return what is kept of it, and the key, which is not.

        Args:
            by: who makes it: the person or an administrator.
            person_id: for whom it acts.
            name: what it is for.
            expires: first day on which it is refused.

        Raises:
            BadInputError: ``by`` may not, there is no such person, the name is empty, too long or
                that of another valid key of theirs, or ``expires`` is not in the future.
            StoreError: the database refuses it.
        """
        _check_may(by, person_id)
        if expires is not None and expires <= today():
            raise BadInputError(f"A key that expires on {expires} would never be valid.")
        secret = PREFIX + secrets.token_urlsafe(32)
        with self.writing() as connection:
            made = PersonKey(
                id=uuid.uuid4().hex[:12],
                person=present(connection, person_id).id,
                name=checked_name(name, "A key"),
                created=now(),
                expires=expires,
            )
            others = _keys(connection, keys_table.c.person == made.person)
            if any(one.name == made.name and one.is_valid(today()) for one in others):
                raise BadInputError(
                    f"{made.person} has a valid key '{made.name}' already: revoke it first, or "
                    "use another name."
                )
            row = {**made.model_dump(), "digest": key_digest(secret)}
            connection.execute(sa.insert(keys_table).values(row))
        return made, secret

    def of(self, by: Person, person_id: str) -> list[PersonKey]:
        """Return the keys of a person, newest first, those that are refused too.

        Raises:
            BadInputError: ``by`` is neither the person nor an administrator.
            StoreError: the database cannot be read.
        """
        _check_may(by, person_id)
        with self.reading() as connection:
            return _keys(connection, keys_table.c.person == folded(person_id))

    def all(self, by: Person) -> list[PersonKey]:
        """Return the keys of everybody, by person and newest first.

        Raises:
            BadInputError: ``by`` is no administrator.
            StoreError: the database cannot be read.
        """
        _check_may(by, "")
        with self.reading() as connection:
            return _keys(connection)

    def revoke(self, by: Person, key_id: str) -> PersonKey:
        """Revoke a key by its id, or the only one of ``by``'s sight whose id begins with it.

        One that is revoked stays so.

        Raises:
            BadInputError: there is no such key, or it is another person's and ``by`` is no
                administrator; the sentence is the same.
            StoreError: the database refuses it.
        """
        table = keys_table
        sight = sa.true() if by.administers else table.c.person == by.id
        with self.writing() as connection:
            found = _keys(connection, sight, table.c.id == key_id)
            if not found and len(key_id) >= SHORTEST_ID:
                found = _keys(connection, sight, table.c.id.startswith(key_id, autoescape=True))
            if len(found) != 1:
                raise BadInputError(_not_one(key_id, found))
            revoke_keys(connection, table.c.id == found[0].id)
            return _keys(connection, table.c.id == found[0].id)[0]

    def use(self, key: str) -> tuple[PersonKey, Person]:
        """Return what is kept of a key, and the person for whom it acts; note that it was used.

        Raises:
            KeyRefusedError: there is no such key, or it was revoked or has expired.
            StoreError: the database cannot be read or written.
        """
        with self.reading() as connection:
            found = _keys(connection, keys_table.c.digest == key_digest(key))
            person = found_person(connection, found[0].person) if found else None
        if not found:
            raise KeyRefusedError("There is no such key.")
        _check_valid(found[0])
        if person is None:
            raise KeyRefusedError("There is nobody any more for whom this key acts.", found[0])
        self._note_use(found[0])
        return found[0], person

    def somebody(self) -> bool:
        """Return whether there are people, so that nobody else is let in.

        Raises:
            StoreError: the database cannot be read.
        """
        with self.reading() as connection:
            return (
                connection.scalar(sa.select(sa.literal(1)).select_from(people_table).limit(1)) == 1
            )

    def _note_use(self, key: PersonKey) -> None:
        at = now()
        if key.last_used is not None and at - key.last_used < _USE_NOTED:
            return
        with self.writing() as connection:
            change = sa.update(keys_table).where(keys_table.c.id == key.id)
            connection.execute(change.values(last_used=at))


def key_digest(key: str) -> str:
    """Return the SHA-256 of a key in hexadecimal digits."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _check_may(by: Person, person_id: str) -> None:
    if not by.administers and by.id != folded(person_id):
        raise BadInputError("Only an administrator sees, makes and revokes the keys of others.")


def _check_valid(key: PersonKey) -> None:
    if key.revoked is not None:
        day = key.revoked.date()
        raise KeyRefusedError(f"The key '{key.name}' was revoked on {day}: use another.", key)
    if not key.is_valid(today()):
        raise KeyRefusedError(f"The key '{key.name}' expired on {key.expires}: use another.", key)


def _not_one(key_id: str, found: Sequence[PersonKey]) -> str:
    if found:
        return f"Several keys begin with '{key_id}': give more of the id."
    return f"There is no key '{key_id[:40]}' that you may revoke."


def _keys(connection: sa.Connection, *these: sa.ColumnElement[bool]) -> list[PersonKey]:
    table = keys_table
    order = table.c.person, table.c.created.desc(), table.c.id
    rows = connection.execute(sa.select(table).where(*these).order_by(*order)).mappings()
    return [_key(dict(row)) for row in rows]


def _key(row: dict[str, Any]) -> PersonKey:
    stamps = ("created", "last_used", "revoked")
    read = {name: as_utc(row[name]) if row[name] is not None else None for name in stamps}
    kept = {name: row[name] for name in PersonKey.model_fields}
    return PersonKey.model_validate({**kept, **read})
