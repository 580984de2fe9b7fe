"""Alerts: what a matter cites and has changed since, has ended, or is about to.

A check compares each cited text as it stood when the question was answered with the store as it is
now (:mod:`agent.matters.standing`). A change is told once; an acknowledged alert stays in history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from agent.matters import tables
from agent.matters.filing import Relied
from agent.matters.standing import Change, Standing, changes, standing_of
from agent.matters.store import Matters
from agent.people import Person
from corpus.clock import now
from corpus.errors import BadInputError
from corpus.model import Citation, Frozen
from corpus.record_clock import as_utc
from corpus.store import Store
from corpus.wording import Wording, wording

_CHUNK = 500


class Alert(Frozen):
    """A change of a text that a matter cites.

    Attributes:
        id: id of the alert; equal changes of one matter have equal ids.
        matter: id of the matter.
        trace_id: a question whose answer cites the text.
        citation: the citation.
        change: the change.
        found: instant of the check that found it.
        acknowledged: instant at which a person acknowledged it; null while it is new.
        acknowledged_by: id of that person.
    """

    id: str
    matter: str
    trace_id: str
    citation: Citation
    change: Change
    found: datetime
    acknowledged: datetime | None = None
    acknowledged_by: str | None = None

    def said(self, today: date) -> Wording:
        """Say what changed in a sentence."""
        cited = f"{self.citation.work_title}, {self.citation.label}: "
        return wording(cited, _said(self.change, self.citation, today))


def check_alerts(matters: Matters, store: Store, today: date, days_ahead: int) -> list[Alert]:
    """Compare what all open matters cite with the store; return the alerts that are new.

    Processes that check at once find each alert once.

    Raises:
        StoreError: a database cannot be used.
    """
    until = date.fromordinal(min(today.toordinal() + days_ahead, date.max.toordinal()))
    with matters.reading() as connection:
        relied = list(_relied(connection))
    standings = _standings(store, (one for _, _, one in relied))
    found: dict[str, Alert] = {}
    for matter, trace_id, one in relied:
        after = standings[one.citation.version_id]
        for change in changes(one.standing, after, one.citation, one.asked_on, until):
            alert = _alert(matter, trace_id, one.citation, change)
            found.setdefault(alert.id, alert)
    return _kept(matters, found)


def alerts_of(
    matters: Matters, person: Person, matter: str | None = None, *, acknowledged: bool = False
) -> list[Alert]:
    """Return the alerts that a person may see, of one matter or of all open ones, newest first.

    ``acknowledged`` adds those that were acknowledged.

    Raises:
        BadInputError: the person may not see the matter.
        StoreError: the database cannot be read.
    """
    table = tables.alerts
    ids = [matters.get(person, matter).id] if matter else [m.id for m in matters.all(person)]
    query = sa.select(table).where(table.c.matter.in_(ids))
    if not acknowledged:
        query = query.where(table.c.acknowledged.is_(None))
    with matters.reading() as connection:
        rows = connection.execute(query.order_by(table.c.found.desc(), table.c.id))
        return [read_alert(row) for row in rows.mappings()]


def acknowledge(matters: Matters, person: Person, alert: str) -> Alert:
    """Acknowledge an alert, named by its id or the only beginning of one.

    Raises:
        BadInputError: there is none in a matter that the person may see, or there are several.
        StoreError: the database refuses it.
    """
    seen = alerts_of(matters, person, acknowledged=True)
    found = [one for one in seen if one.id.startswith(alert)] if alert else []
    if not found:
        raise BadInputError(f"There is no alert '{alert[:80]}' that {person.name} may see.")
    if len(found) > 1:
        raise BadInputError(f"Several alerts begin with '{alert[:80]}': give more of the id.")
    told = {"acknowledged": now(), "acknowledged_by": person.id}
    table = tables.alerts
    with matters.writing() as connection:
        these = table.c.id == found[0].id, table.c.acknowledged.is_(None)
        connection.execute(sa.update(table).where(*these).values(told))
    return found[0].model_copy(update=told)


# -- inside --------------------------------------------------------------------------------------


def _relied(connection: sa.Connection) -> Iterator[tuple[str, str, Relied]]:
    """Yield what each open matter cites, with the matter and the trace."""
    table, kept = tables.citations, tables.matters
    query = sa.select(table).join(kept, kept.c.id == table.c.matter)
    ordered = query.where(kept.c.archived.is_(None)).order_by(table.c.matter, table.c.trace)
    for row in connection.execute(ordered).mappings():
        yield row["matter"], row["trace"], Relied.model_validate_json(row["content"])


def _standings(store: Store, relied: Iterable[Relied]) -> Mapping[str, Standing]:
    cited = {one.citation.version_id: one.citation.provision_id for one in relied}
    return {version: standing_of(store, provision, version) for version, provision in cited.items()}


def _alert(matter: str, trace_id: str, citation: Citation, change: Change) -> Alert:
    what = change.model_dump_json(exclude={"by"})
    key = f"{matter}\n{citation.version_id}\n{what}"
    return Alert(
        id=hashlib.sha256(key.encode()).hexdigest()[:32],
        matter=matter,
        trace_id=trace_id,
        citation=citation,
        change=change,
        found=now(),
    )


def _kept(matters: Matters, found: Mapping[str, Alert]) -> list[Alert]:
    """Store the alerts that are not there yet, and return them."""
    if not found:
        return []
    table, kept = tables.alerts, tables.matters
    with matters.writing() as connection:
        there: set[str] = set()
        names = sorted(found)
        for start in range(0, len(names), _CHUNK):
            some = table.c.id.in_(names[start : start + _CHUNK])
            there |= set(connection.scalars(sa.select(table.c.id).where(some)))
        present = set(connection.scalars(sa.select(kept.c.id)))
        new = [found[name] for name in names if name not in there]
        new = [alert for alert in new if alert.matter in present]  # not deleted meanwhile
        if new:
            connection.execute(sa.insert(table), [_row(alert) for alert in new])
    return new


def _row(alert: Alert) -> dict[str, object]:
    content = alert.model_dump_json(include={"trace_id", "citation", "change"})
    return {"id": alert.id, "matter": alert.matter, "content": content, "found": alert.found}


def read_alert(row: Mapping[Any, Any]) -> Alert:
    """Return the alert of a row."""
    inside = _Content.model_validate_json(row["content"])
    stamps = {name: row[name] for name in ("found", "acknowledged")}
    return Alert.model_validate(
        {
            **{name: row[name] for name in ("id", "matter", "acknowledged_by")},
            **{n: as_utc(s) if isinstance(s, datetime) else None for n, s in stamps.items()},
            **dict(inside),
        }
    )


class _Content(Frozen):
    trace_id: str
    citation: Citation
    change: Change


def _said(change: Change, citation: Citation, today: date) -> Wording:
    if change.kind == "removed":
        return wording("the library no longer holds the text that was cited.")
    if change.kind == "record_ends":
        return wording("the record now stops; whether the text is still the law is not known.")
    if change.day is None or change.kind == "corrected":
        return wording("the record of the text that was cited was corrected; read it again.")
    done = change.day <= today
    if change.kind == "renumbered":
        verb = "renumbered" if done else "will be renumbered"
        return wording(f"{verb} {change.number} on ", change.day, ".")
    by = f" by {change.by}" if change.by else ""
    verb = change.kind if done else _COMING[change.kind]
    late = ("; it was not in force on ", citation.as_at) if change.day <= citation.as_at else ()
    return wording(f"{verb} on ", change.day, by, *late, ".")


_COMING = {
    "amended": "will be amended",
    "repealed": "will be repealed",
    "expired": "expires",
    "annulled": "will be annulled",
    "suspended": "will be suspended",
}
