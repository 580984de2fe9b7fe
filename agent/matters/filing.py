"""File a question in a matter, with what the store said of each text that its answer cites."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import sqlalchemy as sa

from agent.matters import tables
from agent.matters.standing import Standing, standing_of
from agent.matters.store import Matters
from agent.people import Person
from agent.trace import Trace
from corpus.clock import now
from corpus.model import Citation, Frozen
from corpus.record_clock import CorpusState
from corpus.store import Store


class Relied(Frozen):
    """A citation in the answer to a filed question, and how its text stood then.

    Attributes:
        citation: the citation.
        standing: the version in the state from which the question was answered.
        asked_on: the day of the question.
    """

    citation: Citation
    standing: Standing
    asked_on: date


def file_question(
    matters: Matters,
    person: Person,
    matter: str,
    trace: Trace,
    store: Store,
) -> None:
    """File a trace in a matter; one that is there already is filed once.

    Args:
        matters: the database of matters.
        person: who files it.
        matter: id of the matter.
        trace: the question with its answer.
        store: the store; it is read in the state from which the question was answered.

    Raises:
        BadInputError: the person may not see the matter, or it is archived.
        StoreError: a database refuses it.
    """
    relied = list(relied_on(trace, store))
    with matters.open_matter(person, matter) as (connection, found):
        _remove(connection, found.id, trace.id)
        row = {"matter": found.id, "trace": trace.id, "filed_by": person.id, "filed": now()}
        connection.execute(sa.insert(tables.questions).values(row))
        cited = [
            {
                "matter": found.id,
                "trace": trace.id,
                "version": one.citation.version_id,
                "content": one.model_dump_json(),
            }
            for one in relied
        ]
        if cited:
            connection.execute(sa.insert(tables.citations), cited)


def begin_conversation(matters: Matters, person: Person, matter: str, thread: str) -> None:
    """Keep in mind that a conversation belongs to a matter, so that it is deleted with it.

    Raises:
        BadInputError: the person may not see the matter, or it is archived.
        StoreError: the database refuses it.
    """
    table = tables.conversations
    with matters.open_matter(person, matter) as (connection, found):
        these = table.c.matter == found.id, table.c.thread == thread
        connection.execute(sa.delete(table).where(*these))
        connection.execute(sa.insert(table).values(matter=found.id, thread=thread))


def take_out(matters: Matters, person: Person, matter: str, trace_id: str) -> None:
    """Take a question out of a matter; its trace stays, and nothing more is told of its citations.

    Raises:
        BadInputError: the person may not see the matter, or it is archived.
        StoreError: the database refuses it.
    """
    with matters.open_matter(person, matter) as (connection, found):
        _remove(connection, found.id, trace_id)


def is_filed_for(matters: Matters, person: Person, trace_id: str) -> bool:
    """Return whether a trace is filed in a matter that the person may see.

    Raises:
        StoreError: the database cannot be read.
    """
    table = tables.questions
    with matters.reading() as connection:
        filed = connection.scalars(sa.select(table.c.matter).where(table.c.trace == trace_id))
        among = set(filed)
    seen = (*matters.all(person), *matters.all(person, archived=True))
    return any(one.id in among for one in seen)


def relied_on(trace: Trace, store: Store) -> Iterator[Relied]:
    """Yield each version that an answer cites, as it stood when the question was answered."""
    cited = {one.version_id: one for one in (trace.answer.citations if trace.answer else ())}
    if not cited:
        return
    state = CorpusState(corpus_hash=trace.corpus_hash, recorded_at=trace.started)
    recorded = store.holding(state) or store
    for citation in cited.values():
        yield Relied(
            citation=citation,
            standing=standing_of(recorded, citation.provision_id, citation.version_id),
            asked_on=trace.settings.today or trace.started.date(),
        )


def _remove(connection: sa.Connection, matter: str, trace_id: str) -> None:
    for table in (tables.citations, tables.questions):
        these = table.c.matter == matter, table.c.trace == trace_id
        connection.execute(sa.delete(table).where(*these))
