"""What is kept of a person, for the programs that have a key of theirs: answers and matters.

Read-only; what is opened is in the audit log under the person's name, as on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from agent.audit import Action, Kind
from agent.matters.audited import log
from agent.matters.reading import readable_traces
from agent.matters.records import Contents, MatterRecord
from agent.matters.store import Matters, matters_url
from agent.people import Person
from agent.tools.tool_schema import validated
from agent.trace import Trace
from agent.trace_store import TraceLine, TraceStore, traces_url
from corpus.model import Frozen
from corpus.settings import Settings
from ui.assistants.keys import Caller, NotAllowedError
from ui.assistants.verbs import Verb, plain_schema


class Newest(Frozen):
    """How many answers to list."""

    limit: int = Field(50, ge=1, le=1000, description="How many answers to return, newest first.")


class ById(Frozen):
    """Which answer or matter to read."""

    id: str = Field(min_length=1, max_length=200, description="The id from a list.")


class Which(Frozen):
    """Which matters to list."""

    archived: bool = Field(False, description="Those that are archived, instead of the open ones.")


class OwnAnswers(Frozen):
    """The questions that a person asked, newest first."""

    answers: tuple[TraceLine, ...]


class ReadAnswer(Frozen):
    """The answer of an id: one trace, or one for each day that its question may mean."""

    traces: tuple[Trace, ...]


class OwnMatters(Frozen):
    """The matters that a person owns or that are shared with them, last changed first."""

    matters: tuple[MatterRecord, ...]


def list_answers(settings: Settings, caller: Caller, asked: Newest) -> OwnAnswers:
    """Return the questions that the person asked.

    Raises:
        NotAllowedError: the call has no key of a person.
        StoreError: the database cannot be read.
    """
    person = _person(caller)
    with TraceStore.open(traces_url(settings)) as store:
        return OwnAnswers(answers=tuple(store.of(person.id, asked.limit)))


def read_answer(settings: Settings, caller: Caller, asked: ById) -> ReadAnswer:
    """Return an answer that the person asked for, or that a matter of theirs holds.

    Raises:
        NotAllowedError: the call has no key of a person.
        BadInputError: there is none, or they may not see it; the sentence is the same.
        StoreError: a database cannot be read, or the audit log cannot be written.
    """
    person = _person(caller)
    found = readable_traces(settings, asked.id, person)
    log(settings, person, Action.SAW, Kind.TRACE, *(trace.id for trace in found))
    return ReadAnswer(traces=found)


def list_matters(settings: Settings, caller: Caller, asked: Which) -> OwnMatters:
    """Return the matters that the person may see.

    Raises:
        NotAllowedError: the call has no key of a person.
        StoreError: the database cannot be read.
    """
    person = _person(caller)
    with Matters.open(matters_url(settings)) as matters:
        return OwnMatters(matters=tuple(matters.all(person, archived=asked.archived)))


def read_matter(settings: Settings, caller: Caller, asked: ById) -> Contents:
    """Return a matter that the person may see, with its notes and the ids of its answers.

    Raises:
        NotAllowedError: the call has no key of a person.
        BadInputError: there is none, or they may not see it; the sentence is the same.
        StoreError: a database cannot be read, or the audit log cannot be written.
    """
    person = _person(caller)
    with Matters.open(matters_url(settings)) as matters:
        found = matters.contents(person, asked.id)
    log(settings, person, Action.SAW, Kind.MATTER, found.matter.id)
    return found


def keep(settings: Settings, caller: Caller, trace: Trace) -> None:
    """Keep an answer as that of the person who asked; of the local person nothing is kept.

    Raises:
        TraceError: it holds text that cannot be stored.
        StoreError: it cannot be kept, or the audit log cannot be written.
    """
    if caller.person.local:
        return
    log(settings, caller.person, Action.ASKED, Kind.TRACE, trace.id)
    with TraceStore.open(traces_url(settings)) as store:
        store.save(trace, caller.person.id)


def own_verbs() -> tuple[Verb, ...]:
    """Return the verbs of a person's key with their schemas."""
    return tuple(
        Verb(name, own.description, plain_schema(own.arguments.model_json_schema()))
        for name, own in OWN.items()
    )


def use_own(
    settings: Settings, caller: Caller, name: str, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the result of one of :data:`OWN` as JSON.

    Raises:
        BadInputError: an argument is invalid.
        InForceError: as the verb.
    """
    own = OWN[name]
    found = own.read(settings, caller, validated(own.arguments, arguments, name))
    shown: dict[str, Any] = found.model_dump(mode="json")
    return shown


@dataclass(frozen=True)
class _Own:
    description: str
    arguments: type[Frozen]
    read: Callable[[Settings, Caller, Any], Frozen]


OWN = {
    "list_answers": _Own(
        "List the questions that this person asked, newest first.", Newest, list_answers
    ),
    "read_answer": _Own(
        "Read an answer of this person, or of a matter that they may see, by its id.",
        ById,
        read_answer,
    ),
    "list_matters": _Own(
        "List the matters (cases) of this person and those shared with them.", Which, list_matters
    ),
    "read_matter": _Own(
        "Read a matter by its id: its date and facts, notes, and the ids of its answers.",
        ById,
        read_matter,
    ),
}
"""The verbs of a person's key: they concern what is kept, not law, so they take no date."""


def _person(caller: Caller) -> Person:
    if caller.person.local:
        raise NotAllowedError(
            "Answers and matters are those of a person: this needs a key of one, which "
            "'inforce keys create' makes."
        )
    return caller.person
