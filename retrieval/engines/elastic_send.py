"""Send rows to Elasticsearch in bulk, with retries when nodes fail.

A row's id is its key, so a bulk request that a failing node left half done can be sent again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from corpus.errors import SearchFailedError
from retrieval.engines.elastic_client import in_words
from retrieval.engines.elastic_schema import document
from retrieval.engines.elastic_swap import building_alias
from retrieval.index_url import IndexUrl
from retrieval.patience import Patience
from retrieval.query import IndexedText
from retrieval.text.analyzers import Analyzer
from retrieval.vectors.kept_vectors import NO_VECTORS, RowVectors

_BATCH_ROWS, _BATCH_BYTES = 1000, 8_000_000
_AWAY = frozenset({408, 429, 500, 502, 503, 504})

Operation = tuple[str, bytes | None]
"""The key of a row and its document; ``None`` deletes the row."""


class Sender:
    """Sends batches to one physical index, retrying for ``patience`` seconds.

    Batches go to the alias of the index under construction: if that is gone, no index is created.
    """

    def __init__(
        self,
        client: Elasticsearch,
        url: IndexUrl,
        physical: str,
        patience: float,
        vectors: RowVectors = NO_VECTORS,
    ) -> None:
        self._client = client
        self._url = url
        self._physical = physical
        self._patience = patience
        self._vectors = vectors

    def write(
        self, rows: Iterable[IndexedText], chain: Analyzer, progress: Callable[[int], None]
    ) -> int:
        """Write rows and return their number; ``progress`` is called after each batch.

        Raises:
            SearchFailedError: a row is refused, or the cluster stays unavailable.
        """
        count = 0
        for batch in self._batches(rows, chain):
            self._send(batch)
            count += len(batch)
            progress(count)
        return count

    def remove(self, keys: Sequence[str]) -> None:
        """Delete rows by their keys.

        Raises:
            SearchFailedError: as :meth:`write`.
        """
        for i in range(0, len(keys), _BATCH_ROWS):
            self._send([(key, None) for key in keys[i : i + _BATCH_ROWS]])

    def _send(self, batch: Sequence[Operation]) -> None:
        """Send a batch until all of it is stored, waiting for an unavailable cluster."""
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

    def _batches(
        self, rows: Iterable[IndexedText], chain: Analyzer
    ) -> Iterator[list[tuple[str, bytes]]]:
        """Yield rows, ready to send, in batches of a bounded number and size."""
        batch: list[tuple[str, bytes]] = []
        size = 0
        for row in rows:
            source = json.dumps(document(row, chain, self._vectors), ensure_ascii=False).encode()
            batch.append((row.key, source))
            size += len(source)
            if len(batch) >= _BATCH_ROWS or size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _bulk(self, batch: Sequence[Operation]) -> list[Operation]:
        """Send a batch; return the operations to be retried."""
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


def _lines(key: str, source: bytes | None) -> list[bytes]:
    verb = "delete" if source is None else "index"
    action = json.dumps({verb: {"_id": key}}, ensure_ascii=False).encode()
    return [action] if source is None else [action, source]
