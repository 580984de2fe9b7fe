"""What a matter holds, as data."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from agent.request import AskRequest
from corpus.applicability import Issue, Role
from corpus.model import Frozen


class CaseFrame(Frozen):
    """The date, facts and filters of a case, with which every question of its matter is asked.

    Attributes:
        as_at: the governing date; null if facts or each question give it.
        known_at: only what had been published by this date counts; null for the latest knowledge.
        issue: the legal issue, whose rules choose the governing date; null if not said.
        topic: a special topic with rules of its own; null for none.
        facts: dates of the case by role.
        extent: territory of the case; null for none.
        jurisdictions: jurisdictions to search; empty for all.
    """

    as_at: date | None = None
    known_at: date | None = None
    issue: Issue | None = None
    topic: str | None = None
    facts: dict[Role, date] = Field(default_factory=dict)
    extent: str | None = None
    jurisdictions: tuple[str, ...] = ()

    def request(self, question: str) -> AskRequest:
        """Return the request that asks a question with this date, these facts and filters."""
        return AskRequest(question=question, **self.model_dump())

    @classmethod
    def of(cls, asked: AskRequest) -> CaseFrame:
        """Return the date, facts and filters of a request."""
        return cls(**asked.model_dump(include=set(cls.model_fields)))


class MatterRecord(Frozen):
    """A matter: a case under a name, private to its owner and those it is shared with.

    Attributes:
        id: id of the matter.
        name: its name.
        reference: the file number or reference under which the client has it; null for none.
        owner: id of the person who owns it.
        frame: date, facts and filters of the case.
        shared_with: ids of the other people who may see it.
        archived: instant at which it was archived; null while it is open.
        created: instant at which it was made.
        changed: instant of the last change.
    """

    id: str
    name: str
    reference: str | None = None
    owner: str
    frame: CaseFrame
    shared_with: tuple[str, ...] = ()
    archived: datetime | None = None
    created: datetime
    changed: datetime


class Note(Frozen):
    """A note of a matter.

    Attributes:
        id: id of the note.
        text: the note.
        author: id of the person who wrote it.
        written: instant at which it was written.
    """

    id: str
    text: str
    author: str
    written: datetime


class FiledQuestion(Frozen):
    """A question that was filed in a matter; its answer is the trace.

    Attributes:
        trace_id: id of its trace.
        filed_by: id of the person who filed it.
        filed: instant at which it was filed.
    """

    trace_id: str
    filed_by: str
    filed: datetime


class Contents(Frozen):
    """Everything that a matter holds beside the traces themselves.

    Attributes:
        matter: the matter.
        notes: its notes, oldest first.
        questions: its questions, in the order in which they were filed.
    """

    matter: MatterRecord
    notes: tuple[Note, ...] = ()
    questions: tuple[FiledQuestion, ...] = ()
