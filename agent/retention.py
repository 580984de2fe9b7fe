"""Delete questions for good: the old ones, or everything of a person.

Deleted are traces, their threads and the files that were written of them. A question that is filed
in a matter stays until its matter is deleted. The audit log keeps the ids of what was deleted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from agent.audit import Action, AuditLog, Kind, audit_url
from agent.exported_files import delete_files
from agent.graph.checkpoints import open_checkpoints, threads_url
from agent.matters import tables
from agent.matters.deletion import delete_matter, delete_threads
from agent.matters.store import Matters, matters_url
from agent.people import Person
from agent.trace_store import TraceStore, traces_url
from corpus.database import erase_free_space
from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.settings import LOCAL_PERSON, Settings
from retrieval.saved_searches import SavedSearches, searches_url


class Forgotten(Frozen):
    """What was deleted for good, and what was not.

    Attributes:
        traces: number of traces deleted, those of deleted matters included.
        threads: number of threads deleted.
        matters: number of matters deleted.
        searches: number of saved searches deleted.
        files: exported files deleted.
        kept: sentences on what is still there, and why.
    """

    traces: int = 0
    threads: int = 0
    matters: int = 0
    searches: int = 0
    files: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


class ToForget(Frozen):
    """What would be deleted, by id; ``filed`` traces are in a matter and stay.

    Of a person also their ``matters``, with the traces in them, and so many saved ``searches``.
    """

    traces: tuple[str, ...]
    threads: tuple[str, ...]
    filed: int = 0
    matters: tuple[str, ...] = ()
    searches: int = 0


def retention_days() -> int | None:
    """Return how many days questions are kept: ``INFORCE_RETENTION_DAYS``; ``None`` is for ever.

    Raises:
        BadInputError: the setting is not a positive whole number.
    """
    text = os.environ.get("INFORCE_RETENTION_DAYS")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 1_000_000:
        raise BadInputError(f"INFORCE_RETENTION_DAYS: '{text}' is no number of days.")
    return int(text)


def older_than(settings: Settings, days: int, now: datetime) -> ToForget:
    """Return the questions asked, and the threads last used, more than so many days ago.

    Raises:
        StoreError: a database cannot be read.
    """
    before = now - timedelta(days=days)
    with TraceStore.open(traces_url(settings)) as store:
        found, filed = _unfiled(settings, store.before(before))
    last: dict[str, str] = {}
    with open_checkpoints(threads_url(settings)) as checkpoints:
        for saved in checkpoints.list(None):
            name = saved.config["configurable"]["thread_id"]
            last[name] = max(last.get(name, ""), saved.checkpoint["ts"])
    of_matters = _in_matters(settings, tables.conversations.c.thread)
    old = {name for name, at in last.items() if datetime.fromisoformat(at) < before}
    return ToForget(traces=found, threads=tuple(sorted(old - of_matters)), filed=filed)


def all_of(settings: Settings, person: Person) -> ToForget:
    """Return the questions of a person, their threads, matters and saved searches.

    Questions filed in their own matters are not among them: they are deleted with the matter.

    Raises:
        StoreError: a database cannot be read.
    """
    with TraceStore.open(traces_url(settings)) as store:
        found, filed = _unfiled(settings, [line.id for line in store.of(person.id)])
    with Matters.open(matters_url(settings)) as matters:
        own = _own(matters, person)
    with SavedSearches.open(searches_url(settings)) as kept:
        searches = len(kept.all(person.id))
    return ToForget(traces=found, threads=found, filed=filed, matters=own, searches=searches)


def forget(settings: Settings, what: ToForget, *, of: str = "") -> Forgotten:
    """Delete traces, threads and the files written of them; ``of`` is the person concerned.

    It is logged first, so that nothing is deleted unlogged; what was interrupted is finished by
    the next call.

    Raises:
        StoreError: a database refuses it, or the audit log cannot be written.
    """
    with AuditLog.open(audit_url(settings)) as log:
        log.add(LOCAL_PERSON, Action.DELETED, Kind.TRACE, *what.traces, other=of)
        log.add(LOCAL_PERSON, Action.DELETED, Kind.THREAD, *what.threads, other=of)
    with TraceStore.open(traces_url(settings)) as store:
        files, shared = store.files_of(what.traces)
        gone, kept = delete_files(files)
        count = store.delete(what.traces)
    delete_threads({*what.threads, *what.traces}, settings)
    kept += [f"{path} holds other questions too and stays: export it again." for path in shared]
    if what.filed:
        kept.append(f"{what.filed} questions are filed in a matter and stay until it is deleted.")
    kept += _erased(traces_url(settings), threads_url(settings))
    return Forgotten(traces=count, threads=len(what.threads), files=tuple(gone), kept=tuple(kept))


def forget_person(settings: Settings, person: Person) -> Forgotten:
    """Delete everything of a person: their matters, questions, threads, files and saved searches.

    Their lines in the audit log stay. What others filed of theirs in matters of their own stays.

    Raises:
        StoreError: a database refuses it, or the audit log cannot be written.
    """
    with Matters.open(matters_url(settings)) as matters:
        own = _own(matters, person)
        deleted = [delete_matter(matters, person, one, settings) for one in own]
    rest = forget(settings, all_of(settings, person), of=person.id)
    with SavedSearches.open(searches_url(settings)) as searches:
        count = searches.forget_all(person.id)
    erased = _erased(matters_url(settings), searches_url(settings))
    return Forgotten(
        traces=rest.traces + sum(each.traces for each in deleted),
        threads=rest.threads + sum(each.threads for each in deleted),
        matters=len(deleted),
        searches=count,
        files=(*rest.files, *(file for each in deleted for file in each.files)),
        kept=(*rest.kept, *(said for each in deleted for said in each.kept), *erased),
    )


def _own(matters: Matters, person: Person) -> tuple[str, ...]:
    """Return the ids of the matters that a person owns, archived ones included."""
    return tuple(
        one.id
        for archived in (False, True)
        for one in matters.all(person, archived=archived)
        if one.owner == person.id
    )


def _unfiled(settings: Settings, ids: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Return the ids that no matter holds, and how many are held."""
    filed = _in_matters(settings, tables.questions.c.trace)
    free = tuple(each for each in ids if each not in filed)
    return free, len(ids) - len(free)


def _in_matters(settings: Settings, column: sa.Column[str]) -> set[str]:
    with Matters.open(matters_url(settings)) as matters, matters.reading() as connection:
        return set(connection.scalars(sa.select(column)))


def _erased(*urls: str) -> list[str]:
    """Overwrite what was deleted from each database once; return what is left to be done."""
    said: Iterable[str | None] = [erase_free_space(url) for url in dict.fromkeys(urls)]
    return [each for each in said if each]
