"""Sending rows to Elasticsearch in bulk, through nodes that die and come back.

A row's id is its key, so writing it twice is writing it once, and a bulk that a dying node left
half done is simply sent again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from corpus.errors import SearchFailedError
from retrieval.engines.elastic_client import in_words
from retrieval.engines.elastic_schema import document
from retrieval.engines.elastic_swap import building_alias
from retrieval.index_url import IndexUrl
from retrieval.query import IndexedText
from retrieval.text.analyzers import Analyzer

_BATCH_ROWS, _BATCH_BYTES = 1000, 8_000_000
_AWAY = frozenset({408, 429, 500, 502, 503, 504})

Operation = tuple[str, bytes | None]
"""The key of a row and what to write of it; ``None`` removes the row."""


class Sender:
    """Sends batches to one physical index, for ``patience`` seconds while the cluster is away.

    They go to the alias that an index bears while it is built: where that is gone, nothing is made.
    """

    def __init__(
        self, client: Elasticsearch, url: IndexUrl, physical: str, patience: float
    ) -> None:
        self._client = client
        self._url = url
        self._physical = physical
        self._patience = patience

    def write(
        self, rows: Iterable[IndexedText], chain: Analyzer, progress: Callable[[int], None]
    ) -> int:
        """Write rows and return how many; ``progress`` is told after each batch.

        Raises:
            SearchFailedError: a row is refused, or the cluster stays away.
        """
        count = 0
        for batch in _batches(rows, chain):
            self._send(batch)
            count += len(batch)
            progress(count)
        return count

    def remove(self, keys: Sequence[str]) -> None:
        """Remove rows by their keys.

        Raises:
            SearchFailedError: as :meth:`write`.
        """
        for i in range(0, len(keys), _BATCH_ROWS):
            self._send([(key, None) for key in keys[i : i + _BATCH_ROWS]])

    def _send(self, batch: Sequence[Operation]) -> None:
        """Send until all of a batch is in, waiting for a cluster that is away for a while."""
        patience = Patience(self._patience)
        waiting = list(batch)
        while waiting:
            try:
                waiting = self._bulk(waiting)
            except (ApiError, TransportError) as error:
                if isinstance(error, ApiError) and error.status_code not in _AWAY:
                    raise
                patience.wait(in_words(self._url, error))
            else:
                if waiting:
                    problem = SearchFailedError(f"{self._url} does not take {len(waiting)} rows")
                    patience.wait(problem)

    def _bulk(self, batch: Sequence[Operation]) -> list[Operation]:
        """Send a batch; return what has to be sent again."""
        lines: list[Any] = [part for operation in batch for part in _lines(*operation)]
        place = building_alias(self._physical)
        answer = self._client.bulk(index=place, operations=lines, require_alias=True)
        again = []
        for sent, item in zip(batch, answer["items"], strict=True):
            (result,) = item.values()
            if result["status"] in _AWAY:
                again.append(sent)
            elif result.get("error", {}).get("type") == "index_not_found_exception":
                raise SearchFailedError(
                    f"the index {self._physical} was removed while it was built; build it again"
                )
            elif "error" in result:
                why = result["error"].get("reason", result["error"])
                raise SearchFailedError(f"{self._url} refuses the row {sent[0]}: {why}")
        return again


class Patience:
    """Waiting with growing pauses for something that is away, up to a number of seconds."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._pause = 0.2

    def wait(self, problem: Exception) -> None:
        """Sleep a while, or raise ``problem`` once the time is up."""
        if time.monotonic() + self._pause > self._until:
            raise problem
        time.sleep(self._pause)
        self._pause = min(self._pause * 1.5, 5.0)


def _batches(rows: Iterable[IndexedText], chain: Analyzer) -> Iterator[list[tuple[str, bytes]]]:
    """Yield rows, ready to send, in batches of a bounded number and size."""
    batch: list[tuple[str, bytes]] = []
    size = 0
    for row in rows:
        source = json.dumps(document(row, chain), ensure_ascii=False).encode()
        batch.append((row.key, source))
        size += len(source)
        if len(batch) >= _BATCH_ROWS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _lines(key: str, source: bytes | None) -> list[bytes]:
    verb = "delete" if source is None else "index"
    action = json.dumps({verb: {"_id": key}}, ensure_ascii=False).encode()
    return [action] if source is None else [action, source]
