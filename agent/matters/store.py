"""The database of matters: who may see each, its notes and its questions.

Every method takes the person who acts. What a person may not see does not exist for them: the
message is the same for a matter of somebody else and for one that is not there.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from agent.matters import tables
from agent.matters.records import CaseFrame, Contents, FiledQuestion, MatterRecord, Note
from agent.people import LONGEST, Person, folded
from corpus.clock import now
from corpus.console import printable
from corpus.database import Database, take_turns
from corpus.errors import BadInputError
from corpus.record_clock import as_utc
from corpus.settings import Settings

LONGEST_NAME = 200
LONGEST_REFERENCE = 100
LONGEST_NOTE = 20_000
SHORTEST_ID = 4
"""Least number of characters of an abbreviated id."""

_matters, _shares = tables.matters, tables.shares


class Matters(Database):
    """A database of matters. Open it with :meth:`open`; thread-safe."""

    metadata = tables.metadata
    kept = "the matters"

    # -- reading ---------------------------------------------------------------------------

    def all(self, person: Person, *, archived: bool = False, find: str = "") -> list[MatterRecord]:
        """Return the open (or the archived) matters that a person may see, last changed first.

        Args:
            person: who looks.
            archived: the archived ones instead of the open ones.
            find: only those whose name or reference has this text, whatever its case.

        Raises:
            StoreError: the database cannot be read.
        """
        is_archived = _matters.c.archived.is_not(None)
        wanted = is_archived if archived else sa.not_(is_archived)
        with self.reading() as connection:
            found = _matters_where(connection, _visible(person), wanted)
        text = " ".join(find.casefold().split())
        return [one for one in found if text in f"{one.name}\n{one.reference or ''}".casefold()]

    def get(self, person: Person, matter: str) -> MatterRecord:
        """Return a matter by its id, or the only visible one whose id begins with it.

        Raises:
            BadInputError: there is none that the person may see, or there are several.
            StoreError: the database cannot be read.
        """
        with self.reading() as connection:
            return _seen(connection, person, matter)

    def contents(self, person: Person, matter: str) -> Contents:
        """Return a matter with its notes and questions.

        Raises:
            BadInputError: there is none that the person may see.
            StoreError: the database cannot be read.
        """
        with self.reading() as connection:
            found = _seen(connection, person, matter)
            return Contents(
                matter=found,
                notes=tuple(_notes(connection, found.id)),
                questions=tuple(_questions(connection, found.id)),
            )

    # -- changes of the owner -----------------------------------------------------------------

    def create(
        self,
        person: Person,
        name: str,
        frame: CaseFrame = CaseFrame(),  # noqa: B008 - frozen
        reference: str = "",
    ) -> MatterRecord:
        """Make a matter that only this person sees.

        Raises:
            BadInputError: the name is empty, or name or reference is too long.
            StoreError: the database refuses it.
        """
        made = now()
        matter = MatterRecord(
            id=uuid.uuid4().hex,
            name=checked_name(name),
            reference=_checked_reference(reference),
            owner=person.id,
            frame=frame,
            created=made,
            changed=made,
        )
        row = matter.model_dump(exclude={"shared_with", "frame"})
        with self.writing() as connection:
            connection.execute(
                sa.insert(_matters).values({**row, "frame": frame.model_dump_json()})
            )
        return matter

    def rename(self, person: Person, matter: str, name: str) -> MatterRecord:
        """Give a matter another name; only its owner may.

        Raises:
            BadInputError: the person may not, or the name is empty or too long.
            StoreError: the database refuses it.
        """
        return self._change(person, matter, name=checked_name(name))

    def refer(self, person: Person, matter: str, reference: str) -> MatterRecord:
        """Set the client's reference of a matter, or remove it if empty; only its owner may.

        Raises:
            BadInputError: the person may not, or the reference is too long.
            StoreError: the database refuses it.
        """
        return self._change(person, matter, reference=_checked_reference(reference))

    def set_frame(self, person: Person, matter: str, frame: CaseFrame) -> MatterRecord:
        """Replace the date, facts and filters of the case; only its owner may.

        Raises:
            BadInputError: the person may not.
            StoreError: the database refuses it.
        """
        return self._change(person, matter, frame=frame.model_dump_json())

    def archive(self, person: Person, matter: str, *, archived: bool = True) -> MatterRecord:
        """Archive a matter, which can then only be read, or open it again; only its owner may.

        Raises:
            BadInputError: the person may not.
            StoreError: the database refuses it.
        """
        return self._change(person, matter, archived=now() if archived else None)

    def share(self, person: Person, matter: str, other: str) -> MatterRecord:
        """Let another person see a matter, add notes and file questions; only its owner may.

        Raises:
            BadInputError: the person may not, or the id of the other is empty or too long.
            StoreError: the database refuses it.
        """
        other_id = _checked_person(other)
        with self._owned(person, matter) as (connection, found):
            if other_id not in {found.owner, *found.shared_with}:
                row = {"matter": found.id, "person": other_id}
                connection.execute(sa.insert(_shares).values(row))
            return _seen(connection, person, found.id)

    def unshare(self, person: Person, matter: str, other: str) -> MatterRecord:
        """End the sharing of a matter with a person; only its owner may.

        Raises:
            BadInputError: the person may not.
            StoreError: the database refuses it.
        """
        with self._owned(person, matter) as (connection, found):
            these = _shares.c.matter == found.id, _shares.c.person == folded(other)
            connection.execute(sa.delete(_shares).where(*these))
            return _seen(connection, person, found.id)

    # -- changes of everybody who sees it -----------------------------------------------------

    def add_note(self, person: Person, matter: str, text: str) -> Note:
        """Add a note.

        Raises:
            BadInputError: the person may not see the matter, it is archived, or the note is empty
                or too long.
            StoreError: the database refuses it.
        """
        note = Note(id=uuid.uuid4().hex, text=_checked_note(text), author=person.id, written=now())
        with self.open_matter(person, matter) as (connection, found):
            connection.execute(sa.insert(tables.notes).values(matter=found.id, **note.model_dump()))
        return note

    def remove_note(self, person: Person, matter: str, note: str) -> None:
        """Remove a note; one that is not there is no error.

        Raises:
            BadInputError: the person may not see the matter, it is archived, or the note is
                somebody else's and the person is not the owner.
            StoreError: the database refuses it.
        """
        table = tables.notes
        with self.open_matter(person, matter) as (connection, found):
            authors = {one.id: one.author for one in _notes(connection, found.id)}
            if person.id not in {found.owner, authors.get(note, person.id)}:
                raise BadInputError("Only its author and the owner of the matter remove a note.")
            these = table.c.matter == found.id, table.c.id == note
            connection.execute(sa.delete(table).where(*these))

    # -- transactions ------------------------------------------------------------------------

    @contextmanager
    def open_matter(
        self, person: Person, matter: str
    ) -> Iterator[tuple[sa.Connection, MatterRecord]]:
        """Yield a transaction that changes what a matter holds.

        Raises:
            BadInputError: the person may not see it, or it is archived.
            StoreError: the database refuses it.
        """
        with self.writing() as connection:
            found = _seen(connection, person, matter)
            if found.archived is not None:
                raise BadInputError(f"Matter '{found.name}' is archived: open it again first.")
            yield connection, found
            _touch(connection, found.id)

    @contextmanager
    def _owned(self, person: Person, matter: str) -> Iterator[tuple[sa.Connection, MatterRecord]]:
        with self.writing() as connection:
            yield connection, _owned_by(connection, person, matter)

    def _change(self, person: Person, matter: str, **values: object) -> MatterRecord:
        with self._owned(person, matter) as (connection, found):
            these = _matters.c.id == found.id
            connection.execute(sa.update(_matters).where(these).values(changed=now(), **values))
            return _seen(connection, person, found.id)

    @contextmanager
    def writing(self, doing: str | None = None) -> Iterator[sa.Connection]:
        """Yield a connection as every database does; in Postgres, too, others that write wait."""
        with super().writing(doing) as connection:
            take_turns(connection)
            yield connection


def matters_url(settings: Settings) -> str:
    """Return the database URL of matters: ``INFORCE_MATTERS``, else beside the store."""
    return os.environ.get("INFORCE_MATTERS") or settings.beside("matters.db")


def checked_name(text: str) -> str:
    """Return the name of a matter on one line.

    Raises:
        BadInputError: it is empty or too long.
    """
    name = " ".join(printable(text).split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise BadInputError(f"A matter needs a name of 1 to {LONGEST_NAME} characters.")
    return name


def _checked_reference(text: str) -> str | None:
    """Return a reference on one line; ``None`` for an empty one.

    Raises:
        BadInputError: it is too long.
    """
    reference = " ".join(printable(text).split())
    if len(reference) > LONGEST_REFERENCE:
        raise BadInputError(f"A client's reference has at most {LONGEST_REFERENCE} characters.")
    return reference or None


def matters_by_id(connection: sa.Connection, ids: Collection[str]) -> dict[str, MatterRecord]:
    """Return matters whoever owns them, by id: for checks of all of them, not for a person."""
    return {one.id: one for one in _matters_where(connection, _matters.c.id.in_(ids))}


def _owned_by(connection: sa.Connection, person: Person, matter: str) -> MatterRecord:
    """Return a matter of a person's own.

    Raises:
        BadInputError: they may not see it, or it is shared with them by its owner.
    """
    found = _seen(connection, person, matter)
    if found.owner != person.id:
        raise BadInputError(f"Only the owner of matter '{found.name}' may do that.")
    return found


def _checked_note(text: str) -> str:
    note = printable(text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not 0 < len(note) <= LONGEST_NOTE:
        raise BadInputError(
            f"A note has 1 to {LONGEST_NOTE:,} characters; this one has {len(note):,}."
        )
    return note


def _checked_person(text: str) -> str:
    person = folded(printable(text))
    if not 0 < len(person) <= LONGEST or len(person.split()) != 1:
        raise BadInputError(
            "Name the person by what they sign in as, as a rule an e-mail address, without blanks."
        )
    return person


def _visible(person: Person) -> sa.ColumnElement[bool]:
    shared = sa.select(_shares.c.matter).where(_shares.c.person == person.id)
    return sa.or_(_matters.c.owner == person.id, _matters.c.id.in_(shared))


def _seen(connection: sa.Connection, person: Person, matter: str) -> MatterRecord:
    """Return a matter that a person may see, by its id or the beginning of it."""
    found = _matters_where(connection, _visible(person), _matters.c.id == matter)
    if not found and len(matter) >= SHORTEST_ID:
        begins = _matters.c.id.startswith(matter, autoescape=True)
        found = _matters_where(connection, _visible(person), begins)
    if not found:
        raise BadInputError(
            f"There is no matter '{printable(matter)[:80]}' that {person.name} may see."
        )
    if len(found) > 1:
        raise BadInputError(f"Several matters begin with '{matter}': give more of the id.")
    return found[0]


def _matters_where(connection: sa.Connection, *these: sa.ColumnElement[bool]) -> list[MatterRecord]:
    query = sa.select(_matters).where(*these)
    rows = connection.execute(query.order_by(_matters.c.changed.desc(), _matters.c.id))
    found = [dict(row) for row in rows.mappings()]
    people = _people_of(connection, [row["id"] for row in found])
    return [_matter(row, people.get(row["id"], ())) for row in found]


def _people_of(connection: sa.Connection, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    query = sa.select(_shares).where(_shares.c.matter.in_(ids)).order_by(_shares.c.person)
    found: dict[str, tuple[str, ...]] = {}
    for row in connection.execute(query).mappings():
        found[row["matter"]] = (*found.get(row["matter"], ()), row["person"])
    return found


def _matter(row: dict[str, Any], shared_with: tuple[str, ...]) -> MatterRecord:
    frame = CaseFrame.model_validate_json(row["frame"])
    stamps = {name: _instant(row[name]) for name in ("created", "changed", "archived")}
    return MatterRecord.model_validate(
        {**row, **stamps, "frame": frame, "shared_with": shared_with}
    )


def _notes(connection: sa.Connection, matter: str) -> Iterator[Note]:
    table = tables.notes
    query = sa.select(table).where(table.c.matter == matter).order_by(table.c.written, table.c.id)
    for row in connection.execute(query).mappings():
        yield Note(
            id=row["id"], text=row["text"], author=row["author"], written=as_utc(row["written"])
        )


def _questions(connection: sa.Connection, matter: str) -> Iterator[FiledQuestion]:
    table = tables.questions
    query = sa.select(table).where(table.c.matter == matter).order_by(table.c.filed, table.c.trace)
    for row in connection.execute(query).mappings():
        yield FiledQuestion(
            trace_id=row["trace"],
            filed_by=row["filed_by"],
            filed=as_utc(row["filed"]),
        )


def _instant(stamp: datetime | None) -> datetime | None:
    return as_utc(stamp) if stamp is not None else None


def _touch(connection: sa.Connection, matter: str) -> None:
    these = _matters.c.id == matter
    connection.execute(sa.update(_matters).where(these).values(changed=now()))
