"""Saved searches: words and filters under a name, in SQL; the day is chosen when one is run.

Each person has a list of their own. Without sign-in there is one list, of the local person.
"""

from __future__ import annotations

import os

import sqlalchemy as sa

from corpus.clock import now
from corpus.database import Database
from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.settings import LOCAL_PERSON, Settings
from retrieval.search import SearchRequest

LONGEST_NAME = 100

_metadata = sa.MetaData()
_searches = sa.Table(
    "searches_of_people",
    _metadata,
    sa.Column("person", sa.String(200), primary_key=True),
    sa.Column("name", sa.String(LONGEST_NAME), primary_key=True),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("saved", sa.DateTime(timezone=True), nullable=False),
)


class SavedSearch(Frozen):
    """A search under a name.

    Attributes:
        name: its name.
        request: words and filters.
    """

    name: str
    request: SearchRequest


class SavedSearches(Database):
    """A database of saved searches. Open it with :meth:`open`; thread-safe."""

    metadata = _metadata
    kept = "searches"

    def save(self, name: str, request: SearchRequest, person: str = LOCAL_PERSON) -> None:
        """Save a search of a person, replacing theirs of the same name.

        Raises:
            BadInputError: the name is empty or too long, or nothing is searched for.
            StoreError: the database refuses it.
        """
        name = name.strip()
        if not 0 < len(name) <= LONGEST_NAME:
            raise BadInputError(f"A saved search needs a name of 1 to {LONGEST_NAME} characters.")
        if not request.text.strip():
            raise BadInputError("There are no words to save: search for something first.")
        row = {"person": person, "name": name, "saved": now()}
        row["request"] = request.model_dump_json()
        self._write(name, person, sa.insert(_searches).values(row))

    def forget(self, name: str, person: str = LOCAL_PERSON) -> None:
        """Remove a saved search of a person; one that is not there is no error.

        Raises:
            StoreError: the database refuses it.
        """
        self._write(name, person, None)

    def forget_all(self, person: str) -> int:
        """Remove the saved searches of a person; return how many there were.

        Raises:
            StoreError: the database refuses it.
        """
        with self.writing("delete searches") as connection:
            mine = _searches.c.person == person
            return connection.execute(sa.delete(_searches).where(mine)).rowcount

    def all(self, person: str = LOCAL_PERSON) -> list[SavedSearch]:
        """Return the saved searches of a person, by name.

        Raises:
            StoreError: the database cannot be read.
        """
        query = (
            sa.select(_searches.c.name, _searches.c.request)
            .where(_searches.c.person == person)
            .order_by(_searches.c.name)
        )
        with self.reading() as connection:
            rows = connection.execute(query).all()
        return [
            SavedSearch(name=name, request=SearchRequest.model_validate_json(request))
            for name, request in rows
        ]

    def named(self, name: str, person: str = LOCAL_PERSON) -> SearchRequest:
        """Return the search that a person saved under a name.

        Raises:
            BadInputError: there is none; the message lists those there are.
            StoreError: the database cannot be read.
        """
        kept = {each.name: each.request for each in self.all(person)}
        if name not in kept:
            listed = ", ".join(kept) or "none"
            raise BadInputError(f"No search is saved as '{name[:80]}'; there are: {listed}.")
        return kept[name]

    def _write(self, name: str, person: str, insert: sa.Insert | None) -> None:
        """Remove the search of a name, and insert another in the same transaction."""
        with self.writing(f"keep search '{name}'") as connection:
            own = (_searches.c.name == name) & (_searches.c.person == person)
            connection.execute(sa.delete(_searches).where(own))
            if insert is not None:
                connection.execute(insert)


def searches_url(settings: Settings) -> str:
    """Return the database URL of saved searches: ``INFORCE_SEARCHES``, else beside the store."""
    return os.environ.get("INFORCE_SEARCHES") or settings.beside("searches.db")
