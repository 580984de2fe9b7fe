"""Changes of people and of their keys, each with its line in the audit log.

The log is opened first, so that nothing is changed where it cannot be written. ``by`` is who makes
the change: whoever has the command line of the server acts as the local person.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from agent.audit import Action, AuditLog, Kind, audit_url
from agent.people import People, Person, Role, people_url
from agent.people_keys import PersonKey, PersonKeys
from corpus.errors import BadInputError
from corpus.settings import Settings


def add_person(
    settings: Settings, by: Person, person_id: str, name: str, roles: Iterable[Role]
) -> Person:
    """Let a person sign in, and return them.

    Raises:
        BadInputError: ``by`` is no administrator, or as :meth:`People.add`.
        StoreError: a database refuses it.
    """
    _check_administers(by)
    with AuditLog.open(audit_url(settings)) as log, People.open(people_url(settings)) as people:
        person = people.add(person_id, name, roles)
        log.add(by.id, Action.ADDED, Kind.PERSON, person.id)
    return person


def set_roles(settings: Settings, by: Person, person_id: str, roles: Iterable[Role]) -> Person:
    """Replace the roles of a person, and return them; it takes effect with their next click.

    Raises:
        BadInputError: ``by`` is no administrator, or as :meth:`People.set_roles`.
        StoreError: a database refuses it.
    """
    _check_administers(by)
    with AuditLog.open(audit_url(settings)) as log, People.open(people_url(settings)) as people:
        person = people.set_roles(person_id, roles)
        log.add(by.id, Action.CHANGED, Kind.PERSON, person.id)
    return person


def remove_person(settings: Settings, by: Person, person_id: str) -> Person:
    """Let a person sign in no longer, and revoke their keys; what they asked stays.

    Raises:
        BadInputError: ``by`` is no administrator, or as :meth:`People.remove`.
        StoreError: a database refuses it.
    """
    _check_administers(by)
    with AuditLog.open(audit_url(settings)) as log, People.open(people_url(settings)) as people:
        person = people.remove(person_id)
        log.add(by.id, Action.REMOVED, Kind.PERSON, person.id)
    return person


def make_key(
    settings: Settings, by: Person, person_id: str, name: str, expires: date | None = None
) -> tuple[PersonKey, str]:
    """Make a key for a person; return what is kept of it, and the key, which is not.

    Raises:
        BadInputError, StoreError: as :meth:`PersonKeys.create`.
    """
    with AuditLog.open(audit_url(settings)) as log, PersonKeys.open(people_url(settings)) as keys:
        made, secret = keys.create(by, person_id, name, expires)
        log.add(by.id, Action.ADDED, Kind.KEY, made.id, other=made.person)
    return made, secret


def revoke_key(settings: Settings, by: Person, key_id: str) -> PersonKey:
    """Revoke a key, and return what is kept of it.

    Raises:
        BadInputError, StoreError: as :meth:`PersonKeys.revoke`.
    """
    with AuditLog.open(audit_url(settings)) as log, PersonKeys.open(people_url(settings)) as keys:
        key = keys.revoke(by, key_id)
        log.add(by.id, Action.REMOVED, Kind.KEY, key.id, other=key.person)
    return key


def _check_administers(by: Person) -> None:
    if not by.administers:
        raise BadInputError("Only an administrator changes who may sign in.")
