"""Send each alert once by each channel, also where several processes check at once.

Before a message is sent its alerts are claimed in the database. A failure frees them for the next
check; the claim of a process that died ends after :data:`CLAIMED_FOR`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import sqlalchemy as sa

from agent.matters import tables
from agent.matters.alerts import Alert, read_alert
from agent.matters.channels import Channel, DeliveryError, Sendable, UnreachableError
from agent.matters.store import Matters, matters_by_id
from corpus.clock import now

CLAIMED_FOR = timedelta(minutes=10)
"""After this time an alert that was claimed and not sent is claimed again."""

_deliveries, _alerts = tables.deliveries, tables.alerts


def deliver(matters: Matters, channels: Iterable[Channel], today: date) -> tuple[str, ...]:
    """Send what has not been sent and is not acknowledged; return a sentence for each failure.

    Raises:
        StoreError: the database cannot be used.
    """
    return tuple(problem for channel in channels for problem in _delivered(matters, channel, today))


def _delivered(matters: Matters, channel: Channel, today: date) -> list[str]:
    batches = list(channel.batches(_claimed(matters, channel.name)))
    problems: list[str] = []
    while batches:
        batch = batches.pop(0)
        try:
            channel.send(batch, today)
        except DeliveryError as problem:
            problems.append(str(problem))
            left = batches if isinstance(problem, UnreachableError) else []
            _note(matters, channel.name, (batch, *left), claimed=None)
            if left:
                break
        else:
            _note(matters, channel.name, (batch,), sent=now())
    return list(dict.fromkeys(problems))


def _claimed(matters: Matters, channel: str) -> list[Sendable]:
    """Claim what a channel has to send."""
    table, stamp = _deliveries, now()
    taken = sa.or_(table.c.sent.is_not(None), table.c.claimed > stamp - CLAIMED_FOR)
    busy = sa.select(table.c.alert).where(table.c.channel == channel, taken)
    wanted = sa.select(_alerts).where(_alerts.c.acknowledged.is_(None), _alerts.c.id.not_in(busy))
    with matters.writing() as connection:
        rows = connection.execute(wanted.order_by(_alerts.c.found, _alerts.c.id)).mappings()
        found = [read_alert(row) for row in rows]
        ids = [alert.id for alert in found]
        for alert in ids:
            these = table.c.alert == alert, table.c.channel == channel
            connection.execute(sa.delete(table).where(*these))
        if ids:
            row = {"channel": channel, "claimed": stamp}
            connection.execute(sa.insert(table), [{"alert": alert, **row} for alert in ids])
        kept = matters_by_id(connection, {alert.matter for alert in found})
    return [Sendable(alert, kept[alert.matter]) for alert in found if alert.matter in kept]


def _note(
    matters: Matters, channel: str, batches: Iterable[tuple[Sendable, ...]], **values: object
) -> None:
    ids = [each.alert.id for batch in batches for each in batch]
    these = _deliveries.c.channel == channel, _deliveries.c.alert.in_(ids)
    with matters.writing() as connection:
        connection.execute(sa.update(_deliveries).where(*these).values(values))


def sent_by(matters: Matters, alerts: Iterable[Alert]) -> dict[str, tuple[str, ...]]:
    """Return the channels by which each alert was sent, by its id.

    Raises:
        StoreError: the database cannot be read.
    """
    ids = [alert.id for alert in alerts]
    query = sa.select(_deliveries.c.alert, _deliveries.c.channel).where(
        _deliveries.c.alert.in_(ids), _deliveries.c.sent.is_not(None)
    )
    found: dict[str, tuple[str, ...]] = {}
    with matters.reading() as connection:
        for alert, channel in connection.execute(query.order_by(_deliveries.c.channel)):
            found[alert] = (*found.get(alert, ()), channel)
    return found
