"""Put a finished Elasticsearch index behind the alias, and delete unused ones.

Builds of one alias may run concurrently, in any number of processes. Three rules keep one complete
index behind the alias throughout:

- an index under construction has an alias of its own (``NAME-building``). Rows are written through
  it only, so a deleted index is never created again by a late bulk request, and no build deletes
  the index of another that is still running;
- the alias moves only from the indices that were read before: if another build moved it meanwhile,
  the request fails and is decided again;
- of two states the one recorded later stays.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from corpus.errors import SearchFailedError
from corpus.model import Frozen
from retrieval.engines.elastic_schema import SCHEMA_VERSION, Meta

ABANDONED_SECONDS = 24 * 3600
"""Age from which an unfinished index of another machine counts as abandoned."""


class PhysicalIndex(Frozen):
    """An index that was built for an alias.

    ``meta`` is ``None`` if another version of InForce wrote it; ``created`` is in seconds of the
    cluster's clock.
    """

    name: str
    meta: Meta | None
    building: bool
    live: bool
    builder: str
    created: float

    @property
    def is_complete(self) -> bool:
        """Return whether it was finished and put behind the alias, now or before."""
        return self.meta is not None and self.meta.rows is not None and not self.building

    @property
    def age_key(self) -> tuple[datetime, str]:
        """Return the sort key of indices: the instant of their corpus state, then the name."""
        recorded = self.meta.recorded_at if self.meta else datetime.min.replace(tzinfo=UTC)
        return recorded, self.name


def building_alias(physical: str) -> str:
    """Return the alias of an index under construction."""
    return f"{physical}-building"


def this_builder() -> str:
    """Return a name of this process that other processes of the machine can check."""
    return f"{socket.gethostname()}:{os.getpid()}"


def indices_of(client: Elasticsearch, alias: str) -> list[PhysicalIndex]:
    """Return the indices that were built for ``alias``, live or not, by name."""
    found = client.indices.get(index=f"{alias}-*", allow_no_indices=True)
    held = (_physical(name, index, alias) for name, index in sorted(found.items()))
    return [index for index in held if index is not None]


def put_into_use(
    client: Elasticsearch, alias: str, physical: str, before: Collection[str]
) -> Sequence[str] | None:
    """Move ``alias`` to a finished index alone; return the names of those it replaced.

    ``before`` are the indices that were behind the alias when the build began. Returns ``None``,
    without moving the alias, if another build has meanwhile put a state there that is not older.

    Raises:
        SearchFailedError: the finished index was deleted meanwhile.
    """
    expected = sorted(before)
    while not _moved(client, alias, physical, expected):
        held = {index.name: index for index in indices_of(client, alias)}
        mine = held.get(physical)
        if mine is None or not (mine.building or mine.live):
            raise SearchFailedError(
                f"the index {physical} was removed while it was built; build it again"
            )
        if mine.live:  # a node died after it did what it was asked
            break
        live = [index for index in held.values() if index.live]
        if any(_outranks(index, mine) for index in live):
            return None
        expected = [index.name for index in live]
    return expected if _settle(client, alias, physical) else None


def remove_unused(client: Elasticsearch, alias: str, physical: str, keep: Collection[str]) -> None:
    """Delete the indices that are neither under construction, live, nor in ``keep``.

    ``physical`` is an index created just now, from which the cluster's time is read.
    """
    held = indices_of(client, alias)
    now = max((index.created for index in held if index.name == physical), default=0.0)
    for index in held:
        at_work = index.building and not _is_abandoned(index, now)
        if not (index.live or at_work or index.name in keep):
            client.options(ignore_status=404).indices.delete(index=index.name)


def discard(client: Elasticsearch, physical: str) -> None:
    """Delete an index that was not put behind the alias."""
    if client.indices.exists_alias(name=building_alias(physical)):
        client.options(ignore_status=404).indices.delete(index=physical)


def _physical(name: str, index: dict[str, Any], alias: str) -> PhysicalIndex | None:
    said = index["mappings"].get("_meta", {}).get("inforce", {})
    if said.get("alias") != alias:
        return None
    is_present = said.get("schema_version") == SCHEMA_VERSION
    return PhysicalIndex(
        name=name,
        meta=Meta.model_validate(said) if is_present else None,
        building=building_alias(name) in index["aliases"],
        live=alias in index["aliases"],
        builder=said.get("builder") or "",
        created=int(index["settings"]["index"]["creation_date"]) / 1000,
    )


def _moved(client: Elasticsearch, alias: str, physical: str, expected: Sequence[str]) -> bool:
    """Move the alias atomically; ``False``: it was not at the expected indices."""
    own = {"index": physical, "alias": building_alias(physical), "must_exist": True}
    actions: list[dict[str, Any]] = [
        {"add": {"index": physical, "alias": alias}},
        {"remove": own},
        *({"remove": {"index": n, "alias": alias, "must_exist": True}} for n in expected),
    ]
    try:
        client.indices.update_aliases(actions=actions)
    except NotFoundError:
        return False
    return True


def _outranks(live: PhysicalIndex, mine: PhysicalIndex) -> bool:
    """Return whether a live index makes another unnecessary: same analyzer, not older."""
    if live.meta is None or mine.meta is None or live.meta.chain != mine.meta.chain:
        return False
    return live.meta.recorded_at >= mine.meta.recorded_at


def _settle(client: Elasticsearch, alias: str, physical: str) -> bool:
    """Leave one of several indices behind the alias; return whether it is ``physical``.

    Only first builds that end together find several; all of them keep the same one.
    """
    while True:
        live = sorted((i for i in indices_of(client, alias) if i.live), key=lambda i: i.age_key)
        if len(live) < 2:
            return any(index.name == physical for index in live)
        actions = [
            {"remove": {"index": index.name, "alias": alias, "must_exist": False}}
            for index in live[:-1]
        ]
        client.options(ignore_status=404).indices.update_aliases(actions=actions)


def _is_abandoned(index: PhysicalIndex, now: float) -> bool:
    """Return whether an index is abandoned: its process has ended, or it is a day old."""
    host, _, process = index.builder.rpartition(":")
    if host == socket.gethostname() and not _is_alive(int(process)):
        return True
    return now - index.created > ABANDONED_SECONDS


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
