"""HTML of the People page. All text that is not our own markup is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from agent.audit import AuditLine
from agent.people import Person
from agent.people_keys import PersonKey
from ui.languages.catalogue import word
from ui.markup import escaped, table, told
from ui.words import day_words


def people_table(
    everybody: Sequence[Person],
    seen: Mapping[str, datetime],
    keys: Sequence[PersonKey],
    today: date,
) -> str:
    """Return everybody with their roles, when they were last here, and how many valid keys."""
    valid = [key.person for key in keys if key.is_valid(today)]
    rows = [
        (
            person.name,
            person.id,
            role_words(person),
            seen_words(seen.get(person.id)),
            str(valid.count(person.id)),
        )
        for person in everybody
    ]
    return _scrolled(
        table(("people.name", "people.id", "people.roles", "people.seen", "people.keys"), rows)
    )


def keys_table(keys: Sequence[PersonKey], today: date) -> str:
    """Return the keys of a person, valid or not."""
    rows = [
        (
            key.name,
            day_words(key.created.date()),
            day_words(key.last_used.date()) if key.last_used else word("people.never_used"),
            _key_state(key, today),
        )
        for key in keys
    ]
    return _scrolled(table(("people.key", "people.made", "people.used", "people.state"), rows))


def refused(lines: Sequence[AuditLine]) -> str:
    """Return who was refused at sign-in, each with the day."""
    items = "".join(
        f"<li>{escaped(line.person)}, {escaped(day_words(line.at.date()))}</li>" for line in lines
    )
    return f'<h3 class="eyebrow">{told("people.refused")}</h3><ul>{items}</ul>'


def role_words(person: Person) -> str:
    """Return the roles of a person in words."""
    return ", ".join(word(f"people_role.{role}") for role in sorted(person.roles))


def seen_words(at: datetime | None) -> str:
    """Return the day on which a person was last here."""
    return word("people.never_seen") if at is None else day_words(at.date())


def _key_state(key: PersonKey, today: date) -> str:
    if key.revoked is not None:
        return word("people.key_revoked", day=key.revoked.date())
    if key.expires is None:
        return word("people.key_valid")
    return word(f"people.key_{'expires' if key.is_valid(today) else 'expired'}", day=key.expires)


def _scrolled(table: str) -> str:
    """Return a table that may be wider than the page."""
    return f'<div class="overview" tabindex="0">{table}</div>'
