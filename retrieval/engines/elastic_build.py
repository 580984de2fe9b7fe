"""Writing an index to Elasticsearch: a physical index per corpus, behind an alias.

``statutes`` is an alias; what it points to is named by schema, chain and corpus
(``statutes-e2.2-plain-9f86d081884c``). A build writes beside the live index, checks counts and
canary queries, and moves the alias in one step. A row's id is its key, so writing it twice is
writing it once, and a bulk that a dying node left half done is simply sent again.
"""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from corpus.errors import BadInputError, SearchFailedError
from retrieval.engines.elastic_client import ElasticSettings, answering, connect, in_words, reason
from retrieval.engines.elastic_schema import (
    SCHEMA_VERSION,
    Meta,
    analysis_settings,
    document,
    live_index,
    mapping,
    physical_indices,
)
from retrieval.engines.index_schema import number
from retrieval.index_url import IndexUrl
from retrieval.query import IndexedText
from retrieval.text.analyzers import Analyzer

_BATCH_ROWS, _BATCH_BYTES = 1000, 8_000_000
_AWAY = frozenset({408, 429, 500, 502, 503, 504})
_CANARIES = 20
_PATIENT_SECONDS = 3600


class ElasticBuilder:
    """Builds the index behind the alias of ``url``. A :class:`retrieval.index.IndexBuilder`."""

    def __init__(self, url: IndexUrl) -> None:
        self._url = url
        self._settings = ElasticSettings.load()
        self._client = connect(url, self._settings)

    def build(
        self, rows: Iterable[IndexedText], corpus_hash: str, progress: Callable[[int], None]
    ) -> int:
        """Write every row into an index of its own, check it, then move the alias to it.

        Raises:
            BadInputError: the cluster lacks a filter that the chain asks for (nothing is written).
            SearchFailedError: the cluster cannot be reached, refuses, or what it holds differs
                from what was sent; the alias stays where it is.
        """
        with answering(self._url):
            self._check_filters()
            live = live_index(self._client, self._url.place)
            physical = self._create(corpus_hash, live)
            canaries: list[IndexedText] = []
            count = self._send(physical, _watched(rows, canaries), progress)
            self._finish(physical, corpus_hash, count, canaries)
            self._swap(physical, live)
        self._client.close()
        return count

    def _check_filters(self) -> None:
        """Ask the cluster to try each stemmer of the chain."""
        chain = self._url.chain
        for language, name in chain.stemmers.items():
            stemmer: dict[str, Any] = {"type": "stemmer", "language": name}
            try:
                self._client.indices.analyze(tokenizer="whitespace", filter=[stemmer], text="law")
            except BadRequestError as error:
                raise BadInputError(
                    f"Elasticsearch at {self._url.hosts[0]} cannot stem {language} for the chain "
                    f"'{chain.name}' ({reason(error.body)}): use a full installation of "
                    "Elasticsearch (its module analysis-common), or build with ?chain=plain"
                ) from None

    def _create(self, corpus_hash: str, live: str | None) -> str:
        """Create the index to fill; what a killed build left under its name goes first."""
        chain, alias = self._url.chain, self._url.place
        physical = f"{alias}-{SCHEMA_VERSION}-{chain.name}-{corpus_hash[:12].lower()}"
        if physical == live:
            physical += "-again"
        patient = self._patient
        patient.options(ignore_status=404).indices.delete(index=physical)
        try:
            patient.indices.create(
                index=physical,
                mappings=mapping(chain, self._meta(corpus_hash)),
                settings={
                    "number_of_shards": self._settings.shards,
                    "auto_expand_replicas": "0-1",
                    "refresh_interval": "-1",
                    "analysis": analysis_settings(chain),
                },
            )
        except BadRequestError as error:
            # a node that died after creating it: the client asked the next one again
            if error.error != "resource_already_exists_exception":
                raise
        return physical

    @property
    def _patient(self) -> Elasticsearch:
        """The client with time for what changes the cluster itself."""
        return self._client.options(request_timeout=_PATIENT_SECONDS)

    def _meta(self, corpus_hash: str) -> Meta:
        return Meta(
            alias=self._url.place,
            schema_version=SCHEMA_VERSION,
            chain=self._url.chain.name,
            corpus_hash=corpus_hash,
            shards=self._settings.shards,
        )

    def _send(
        self, physical: str, rows: Iterable[IndexedText], progress: Callable[[int], None]
    ) -> int:
        count = 0
        for batch in _batches(rows, self._url.chain):
            self._send_batch(physical, batch)
            count += len(batch)
            progress(count)
        return count

    def _send_batch(self, physical: str, batch: Sequence[tuple[str, bytes]]) -> None:
        """Send until all of a batch is in, waiting for a cluster that is away for a while."""
        patience = Patience(self._settings.patience)
        waiting = list(batch)
        while waiting:
            try:
                waiting = self._bulk(physical, waiting)
            except (ApiError, TransportError) as error:
                if isinstance(error, ApiError) and error.status_code not in _AWAY:
                    raise
                patience.wait(in_words(self._url, error))
            else:
                if waiting:
                    problem = SearchFailedError(f"{self._url} does not take {len(waiting)} rows")
                    patience.wait(problem)

    def _bulk(self, physical: str, batch: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        """Send a batch; return what has to be sent again."""
        lines: list[Any] = [part for key, source in batch for part in (_action(key), source)]
        answer = self._client.bulk(index=physical, operations=lines)
        again = []
        for sent, item in zip(batch, answer["items"], strict=True):
            result = item["index"]
            if result["status"] in _AWAY:
                again.append(sent)
            elif "error" in result:
                why = result["error"].get("reason", result["error"])
                raise SearchFailedError(f"{self._url} refuses the row {sent[0]}: {why}")
        return again

    def _finish(
        self, physical: str, corpus_hash: str, count: int, canaries: Sequence[IndexedText]
    ) -> None:
        """Make the rows searchable and check that they are all there and dated as sent."""
        patient = self._patient
        patient.indices.refresh(index=physical)
        patient.indices.forcemerge(index=physical, max_num_segments=1)
        patient.indices.refresh(index=physical)
        held = patient.count(index=physical)["count"]
        if held != count:
            raise SearchFailedError(
                f"{self._url}: {physical} holds {held} rows, {count} were sent; "
                "the index in use was left as it is"
            )
        for row in canaries:
            self._check_canary(physical, row)
        complete = self._meta(corpus_hash).model_copy(update={"rows": count})
        patient.indices.put_mapping(index=physical, meta={"inforce": complete.model_dump()})
        patient.indices.put_settings(index=physical, settings={"refresh_interval": None})

    def _check_canary(self, physical: str, row: IndexedText) -> None:
        """Check that a row is found on its first day and not on the day before."""
        days = [(row.row_from, 1)]
        if row.row_from > date.min:
            days.append((row.row_from - timedelta(days=1), 0))
        for day, wanted in days:
            filters = [{"ids": {"values": [row.key]}}, {"term": {"in_force": str(day)}}]
            query = {"bool": {"filter": filters}}
            found = self._client.count(index=physical, query=query)["count"]
            if found != wanted:
                raise SearchFailedError(
                    f"{self._url}: {physical} shows {row.key} {found} times on {day}, "
                    f"not {wanted}; the index in use was left as it is"
                )

    def _swap(self, physical: str, live: str | None) -> None:
        """Move the alias in one step; keep the index it leaves, drop older ones."""
        alias = self._url.place
        actions: list[dict[str, Any]] = [{"add": {"index": physical, "alias": alias}}]
        if live is not None:
            actions.append({"remove": {"index": live, "alias": alias}})
        self._patient.indices.update_aliases(actions=actions)
        for name in physical_indices(self._client, alias):
            if name not in (physical, live):
                self._patient.options(ignore_status=404).indices.delete(index=name)


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


def _action(key: str) -> bytes:
    return json.dumps({"index": {"_id": key}}, ensure_ascii=False).encode()


def _watched(rows: Iterable[IndexedText], canaries: list[IndexedText]) -> Iterator[IndexedText]:
    """Pass rows through and keep those with the smallest numbers: a fixed random sample."""
    kept: list[tuple[int, str, IndexedText]] = []
    for row in rows:
        entry = (-number(row.key), row.key, row)
        if len(kept) < _CANARIES:
            heapq.heappush(kept, entry)
        elif entry > kept[0]:
            heapq.heapreplace(kept, entry)
        yield row
    canaries.extend(row for _, _, row in kept)
