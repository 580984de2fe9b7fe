"""Putting a finished Elasticsearch index behind the alias, and removing what no build needs.

Builds of one alias may run at the same time, in any number of processes. Three things keep one
complete index behind the alias throughout:

- an index that is being built bears an alias of its own (``NAME-building``). Rows are written
  through it alone, so an index that was removed is never made again by a late bulk, and no build
  removes the index of another that is still at work;
- the alias moves only from the indices that were seen behind it: where another build moved it
  meanwhile, the request fails and is decided anew;
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

    ``meta`` is ``None`` where another version of InForce wrote it; ``created`` is in seconds of the
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
        """Tell whether it was finished and put into use, now or before."""
        return self.meta is not None and self.meta.rows is not None and not self.building

    @property
    def age_key(self) -> tuple[datetime, str]:
        """What decides between two indices: when the store held their state, then the name."""
        recorded = self.meta.recorded_at if self.meta else datetime.min.replace(tzinfo=UTC)
        return recorded, self.name


def building_alias(physical: str) -> str:
    """Return the alias that an index bears until it is put into use."""
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
    """Let ``alias`` stand for a finished index alone; return the names of those it replaced.

    ``before`` are the indices that were behind the alias when the build began. Returns ``None``,
    and leaves the alias, where another build has meanwhile put in a state that is not older.

    Raises:
        SearchFailedError: the finished index was removed meanwhile.
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
    """Remove the indices that no build works on and that are neither live nor to be kept.

    ``physical`` is an index made just now, whose age is that of the cluster's clock.
    """
    held = indices_of(client, alias)
    now = max((index.created for index in held if index.name == physical), default=0.0)
    for index in held:
        at_work = index.building and not _is_abandoned(index, now)
        if not (index.live or at_work or index.name in keep):
            client.options(ignore_status=404).indices.delete(index=index.name)


def discard(client: Elasticsearch, physical: str) -> None:
    """Remove an index that was not put into use."""
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
    """Move the alias in one step; ``False``: it did not stand for what was expected."""
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
    """Tell whether a live index makes another needless: it is of its kind and not older."""
    if live.meta is None or mine.meta is None or live.meta.chain != mine.meta.chain:
        return False
    return live.meta.recorded_at >= mine.meta.recorded_at


def _settle(client: Elasticsearch, alias: str, physical: str) -> bool:
    """Leave one of several indices behind the alias; tell whether it is ``physical``.

    Only first builds that end together come here with several: each of them leaves the same one.
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
    """Tell whether nobody builds an index any more: its process is gone, or it is a day old."""
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
