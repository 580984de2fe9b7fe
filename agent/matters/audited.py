"""Log what people do with matters; of the local person of an installation nothing is logged."""

from __future__ import annotations

from agent.audit import Action, AuditLog, Kind, audit_url
from agent.people import Person
from corpus.settings import Settings


def log(
    settings: Settings,
    person: Person,
    action: Action,
    kind: Kind,
    *objects: str,
    other: str = "",
) -> None:
    """Add a line for each object.

    Raises:
        StoreError: the log cannot be written; what was to be logged must then not be done.
    """
    if person.local or not objects:
        return
    with AuditLog.open(audit_url(settings)) as audit:
        audit.add(person.id, action, kind, *objects, other=other)
