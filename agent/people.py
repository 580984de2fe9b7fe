"""The people who may use an installation, their roles and the table of their keys, in SQL.

Who signs in is known by an id, as a rule an e-mail address that the sign-in provider has verified.
Where nobody can sign in, the app is used by one local person who has every role
(:func:`local_person`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from enum import StrEnum

import sqlalchemy as sa

from corpus.clock import now
from corpus.database import Database, parse_url, sqlite_file
from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.settings import LOCAL_PERSON, Settings

LONGEST = 200
"""Most characters of an id or a name."""

people_tables = sa.MetaData()
people_table = sa.Table(
    "people",
    people_tables,
    sa.Column("id", sa.String(LONGEST), primary_key=True),
    sa.Column("name", sa.String(LONGEST), nullable=False),
    sa.Column("added", sa.DateTime(timezone=True), nullable=False),
)
_roles = sa.Table(
    "people_roles",
    people_tables,
    sa.Column("person", sa.String(LONGEST), primary_key=True),
    sa.Column("role", sa.String(20), primary_key=True),
)
keys_table = sa.Table(
    "people_keys",
    people_tables,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("person", sa.String(LONGEST), nullable=False, index=True),
    sa.Column("name", sa.String(LONGEST), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires", sa.Date),
    sa.Column("last_used", sa.DateTime(timezone=True)),
    sa.Column("revoked", sa.DateTime(timezone=True)),
)
"""Keys of people (:mod:`agent.people_keys`); a key itself is not kept, only its digest."""


class Role(StrEnum):
    """What a person may do: a reader's pages, labelling, settling labels, and all of it."""

    READER = "reader"
    ANNOTATOR = "annotator"
    ADJUDICATOR = "adjudicator"
    ADMINISTRATOR = "administrator"


class Person(Frozen):
    """A person who may use the installation.

    Attributes:
        id: what they sign in as, in lower case; `local` without sign-in.
        name: the name that other people see.
        roles: what they may do.
    """

    id: str
    name: str
    roles: frozenset[Role]

    @property
    def local(self) -> bool:
        """Whether this is the person of an installation without sign-in."""
        return self.id == LOCAL_PERSON

    @property
    def reads(self) -> bool:
        """Whether they may ask, search and read the law."""
        return not self.roles.isdisjoint({Role.READER, Role.ADMINISTRATOR})

    @property
    def labels(self) -> bool:
        """Whether they may label items."""
        return not self.roles <= {Role.READER}

    @property
    def adjudicates(self) -> bool:
        """Whether they may settle labels."""
        return not self.roles.isdisjoint({Role.ADJUDICATOR, Role.ADMINISTRATOR})

    @property
    def administers(self) -> bool:
        """Whether they may change people and read the audit log."""
        return Role.ADMINISTRATOR in self.roles


def local_person() -> Person:
    """Return the person of an installation without sign-in, named by ``INFORCE_LOCAL_NAME``."""
    name = os.environ.get("INFORCE_LOCAL_NAME", "").strip() or "local user"
    return Person(id=LOCAL_PERSON, name=name[:LONGEST], roles=frozenset(Role))


class People(Database):
    """A database of people. Open it with :meth:`open`; thread-safe."""

    metadata = people_tables
    kept = "people"

    def add(self, person_id: str, name: str, roles: Iterable[Role]) -> Person:
        """Add a person and return them.

        Raises:
            BadInputError: the id is invalid or taken, the name is empty or too long, or there is
                no role.
            StoreError: the database refuses it.
        """
        person = Person(id=_checked_id(person_id), name=checked_name(name), roles=_some(roles))
        with self.writing() as connection:
            if found_person(connection, person.id) is not None:
                raise BadInputError(f"There is a person '{person.id}' already.")
            row = {"id": person.id, "name": person.name, "added": now()}
            connection.execute(sa.insert(people_table).values(row))
            _give(connection, person)
        return person

    def set_roles(self, person_id: str, roles: Iterable[Role]) -> Person:
        """Replace the roles of a person and return them.

        Raises:
            BadInputError: there is no such person or no role, or nobody would be administrator.
            StoreError: the database refuses it.
        """
        with self.writing() as connection:
            before = present(connection, person_id)
            after = before.model_copy(update={"roles": _some(roles)})
            if not after.administers:
                _check_another(connection, before)
            _give(connection, after)
        return after

    def remove(self, person_id: str) -> Person:
        """Remove a person, who can then no longer sign in, and revoke their keys.

        What they asked stays.

        Raises:
            BadInputError: there is no such person, or nobody would be administrator.
            StoreError: the database refuses it.
        """
        with self.writing() as connection:
            person = present(connection, person_id)
            _check_another(connection, person)
            revoke_keys(connection, keys_table.c.person == person.id)
            connection.execute(sa.delete(people_table).where(people_table.c.id == person.id))
            connection.execute(sa.delete(_roles).where(_roles.c.person == person.id))
        return person

    def find(self, person_id: str) -> Person | None:
        """Return the person with an id, written in any case, or ``None``.

        Raises:
            StoreError: the database cannot be read.
        """
        with self.reading() as connection:
            return found_person(connection, folded(person_id))

    def all(self) -> list[Person]:
        """Return everybody, by id.

        Raises:
            StoreError: the database cannot be read.
        """
        with self.reading() as connection:
            return _everybody(connection)


def people_url(settings: Settings) -> str:
    """Return the database URL of people: ``INFORCE_PEOPLE``, else beside the store."""
    return os.environ.get("INFORCE_PEOPLE") or settings.beside("people.db")


def people_are_kept(settings: Settings) -> bool:
    """Return whether there is a database of people; opening one would create it."""
    file = sqlite_file(parse_url(people_url(settings)))
    return file is None or file.exists()


def folded(person_id: str) -> str:
    """Return an id as it is kept: without blanks around it, in lower case."""
    return person_id.strip().lower()


def _everybody(connection: sa.Connection, *only: sa.ColumnElement[bool]) -> list[Person]:
    query = (
        sa.select(people_table.c.id, people_table.c.name, _roles.c.role)
        .outerjoin(_roles, _roles.c.person == people_table.c.id)
        .where(*only)
        .order_by(people_table.c.id)
    )
    names: dict[str, str] = {}
    roles: dict[str, set[Role]] = {}
    for person_id, name, role in connection.execute(query):
        names[person_id] = name
        roles.setdefault(person_id, set()).update({Role(role)} if role else ())
    return [
        Person(id=person_id, name=name, roles=frozenset(roles[person_id]))
        for person_id, name in names.items()
    ]


def found_person(connection: sa.Connection, person_id: str) -> Person | None:
    """Return the person with an id as it is kept, or ``None``."""
    return next(iter(_everybody(connection, people_table.c.id == person_id)), None)


def present(connection: sa.Connection, person_id: str) -> Person:
    """Return the person with an id, written in any case.

    Raises:
        BadInputError: there is none.
    """
    person = found_person(connection, folded(person_id))
    if person is None:
        raise BadInputError(
            f"There is no person '{person_id[:LONGEST]}': 'inforce people list' shows everybody."
        )
    return person


def revoke_keys(connection: sa.Connection, *these: sa.ColumnElement[bool]) -> None:
    """Revoke the keys that are not revoked yet, now."""
    table = keys_table
    change = sa.update(table).where(table.c.revoked.is_(None), *these)
    connection.execute(change.values(revoked=now()))


def _check_another(connection: sa.Connection, person: Person) -> None:
    """Refuse to lose the last administrator, unless nobody else is there.

    Raises:
        BadInputError: the others would have no administrator.
    """
    others = [other for other in _everybody(connection) if other.id != person.id]
    if person.administers and others and not any(other.administers for other in others):
        raise BadInputError(
            f"{person.id} is the only administrator: make another person one first."
        )


def _give(connection: sa.Connection, person: Person) -> None:
    """Replace the roles of a person in the table."""
    connection.execute(sa.delete(_roles).where(_roles.c.person == person.id))
    rows = [{"person": person.id, "role": role.value} for role in sorted(person.roles)]
    connection.execute(sa.insert(_roles), rows)


def _checked_id(text: str) -> str:
    found = folded(text)
    if not re.fullmatch(r"[^\s\0]+", found) or len(found) > LONGEST or found == LOCAL_PERSON:
        raise BadInputError(
            f"'{text[:LONGEST]}' cannot be a person's id: give what they sign in as, as a rule an "
            "e-mail address, without blanks."
        )
    return found


def checked_name(text: str, what: str = "A person") -> str:
    """Return a name on one line.

    Raises:
        BadInputError: it is empty or too long.
    """
    found = " ".join(text.replace("\0", "").split())
    if not 0 < len(found) <= LONGEST:
        raise BadInputError(f"{what} needs a name of 1 to {LONGEST} characters.")
    return found


def _some(roles: Iterable[Role]) -> frozenset[Role]:
    found = frozenset(roles)
    if not found:
        raise BadInputError(f"A person needs a role: {', '.join(Role)}.")
    return found
