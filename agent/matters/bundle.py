"""A matter as one JSON file: its record, notes and questions, and every trace whole."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from agent.matters.records import Contents, FiledQuestion, MatterRecord, Note
from agent.matters.store import Matters
from agent.people import Person
from agent.trace import Trace
from agent.trace_migration import StoredTrace, read_trace_file
from agent.trace_store import TraceStore
from corpus.clock import now
from corpus.errors import Place
from corpus.model import Frozen
from corpus.validation import source_error


class Bundle(Frozen):
    """A matter with its answers. ``inforce replay`` runs each of them again.

    Attributes:
        kind: always `matter`.
        exported: instant of the export.
        matter: the matter.
        notes: its notes, oldest first.
        questions: its questions, in the order in which they were filed.
        traces: the trace of each question that is still kept, in the same order.
    """

    kind: Literal["matter"] = "matter"
    exported: datetime
    matter: MatterRecord
    notes: tuple[Note, ...] = ()
    questions: tuple[FiledQuestion, ...] = ()
    traces: tuple[StoredTrace, ...] = ()


def bundle_of(matters: Matters, person: Person, matter: str, traces: TraceStore) -> Bundle:
    """Return a matter with every trace that is still kept.

    Raises:
        BadInputError: the person may not see the matter.
        TraceError: a trace is damaged.
        StoreError: a database cannot be read.
    """
    contents = matters.contents(person, matter)
    return Bundle(
        exported=now(),
        matter=contents.matter,
        notes=contents.notes,
        questions=contents.questions,
        traces=traces_of(contents, traces),
    )


def traces_of(contents: Contents, traces: TraceStore) -> tuple[Trace, ...]:
    """Return the traces of a matter that are still kept, in the order in which they were filed.

    Raises:
        TraceError: one is damaged.
        StoreError: the database cannot be read.
    """
    ids = [question.trace_id for question in contents.questions]
    kept = {line.id for line in traces.lines(ids=ids)}
    return tuple(traces.load(each) for each in ids if each in kept)


def read_traces(file: Path) -> tuple[Trace, ...]:
    """Read the trace in a JSON file, or every trace of an exported matter.

    Raises:
        BadInputError: the file cannot be read, or holds neither; the message names the place.
    """
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        content = None  # said by the reader of traces
    if not isinstance(content, dict) or content.get("kind") != "matter":
        return (read_trace_file(file),)
    try:
        return Bundle.model_validate_json(file.read_bytes()).traces
    except ValidationError as error:
        raise source_error(Place(str(file)), error, "a matter") from None
