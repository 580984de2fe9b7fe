"""Build an Elasticsearch index: a physical index per build, behind an alias.

``statutes`` is an alias; what it points to is named by schema, chain, corpus and build
(``statutes-e4.2-plain-9f86d081884c-1c9a``). A build writes beside the live index, or into a clone
of it where few works changed, checks counts and canary queries, and moves the alias in one step.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from elastic_transport import TransportError
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from corpus.errors import BadInputError, IndexMissingError, SearchFailedError
from corpus.record_clock import CorpusState
from retrieval.engines.elastic_client import ElasticSettings, answering, connect, reason
from retrieval.engines.elastic_schema import (
    SCHEMA_VERSION,
    LiveIndex,
    Meta,
    analysis_settings,
    live_indices,
    mapping,
    read_live,
    said,
)
from retrieval.engines.elastic_send import Sender
from retrieval.engines.elastic_swap import (
    building_alias,
    discard,
    put_into_use,
    remove_unused,
    this_builder,
)
from retrieval.engines.index_schema import number
from retrieval.index_url import IndexUrl
from retrieval.query import IndexedText
from retrieval.vectors.kept_vectors import NO_VECTORS, RowVectors

_CANARIES = 20
_PATIENT_SECONDS = 3600
_PAGE = 10_000  # rows of one page of a search


class ElasticBuilder:
    """Builds the index behind the alias of ``url``. A :class:`retrieval.index.IndexBuilder`."""

    def __init__(self, url: IndexUrl, vectors: RowVectors = NO_VECTORS) -> None:
        self._url = url
        self._vectors = vectors
        self._settings = ElasticSettings.load()
        self._client = connect(url, self._settings)

    def build(
        self, rows: Iterable[IndexedText], state: CorpusState, progress: Callable[[int], None]
    ) -> int:
        """Write every row into a new index, check it, then move the alias to it.

        Raises:
            BadInputError: the cluster lacks a filter of the analyzer (nothing is written).
            SearchFailedError: the cluster cannot be reached, refuses, or holds other rows than were
                sent; the alias is not moved.
        """
        with answering(self._url):
            self._check_filters()
            before = live_indices(self._client, self._url.place)
            physical = self._create(state)
            with self._putting_into_use(physical, before):
                canaries: list[IndexedText] = []
                count = self._write(physical, _watched(rows, canaries), progress)
                self._finish(physical, state, count, canaries, max_num_segments=1)
        self._client.close()
        return count

    def update(
        self,
        base: CorpusState,
        works: frozenset[str],
        rows: Iterable[IndexedText],
        state: CorpusState,
        progress: Callable[[int], None],
    ) -> int | None:
        """Replace the rows of some works in a clone of the live index; ``None``: rebuild needed.

        The clone shares its files with the live index. Deleted rows are merged away, so that they
        do not count in the term statistics.

        Raises:
            SearchFailedError: as :meth:`build`.
        """
        with answering(self._url):
            live = self._live_of(base)
            if live is None or live.meta.rows is None:
                return None
            physical = self._clone(live, state)
            with self._putting_into_use(physical, [live.name]):
                gone = self._keys_of(physical, works)
                self._sender(physical).remove(gone)
                canaries: list[IndexedText] = []
                count = self._write(physical, _watched(rows, canaries), progress)
                held = live.meta.rows - len(gone) + count
                merging = {"only_expunge_deletes": True} if gone else {}
                self._finish(physical, state, held, canaries, **merging)
        self._client.close()
        return count

    def _live_of(self, base: CorpusState) -> LiveIndex | None:
        """Return the live index if it is the only one and has this analyzer and this state."""
        try:
            live = read_live(self._client, self._url.place)
        except IndexMissingError:
            return None
        if live is None or live.state != base or live.meta.chain != self._url.chain.name:
            return None
        return live if live.meta.vectors == self._vectors.identity else None

    def _clone(self, live: LiveIndex, state: CorpusState) -> str:
        """Clone an index for writing under a new name; the original is not written to again."""
        physical, patient = self._new_name(state), self._patient
        patient.indices.put_settings(index=live.name, settings={"index.blocks.write": True})
        settings = {
            "index.blocks.write": None,
            "index.auto_expand_replicas": "0-1",
            "index.merge.policy.expunge_deletes_allowed": 0,
        }
        try:
            patient.indices.clone(
                index=live.name,
                target=physical,
                settings=settings,
                aliases={building_alias(physical): {}},
            )
        except BadRequestError as error:
            _ignore_existing(error)
        meta = self._meta(state).model_copy(update={"shards": live.meta.shards})
        patient.indices.put_mapping(index=physical, meta=said(meta))
        wait = f"{int(self._settings.patience)}s"
        patient.cluster.health(index=physical, wait_for_status="yellow", timeout=wait)
        return physical

    def _keys_of(self, physical: str, works: frozenset[str]) -> list[str]:
        """Return the keys of the rows of some works in an index."""
        found: list[str] = []
        for some in _parts(sorted(works), 1000):
            query = {"terms": {"work": list(some)}}
            after: list[Any] | None = None
            while True:
                page = self._patient.search(
                    index=physical,
                    query=query,
                    sort=[{"place": "asc"}],
                    size=_PAGE,
                    source=False,
                    search_after=after,
                    allow_partial_search_results=False,
                )["hits"]["hits"]
                found += (row["_id"] for row in page)
                if len(page) < _PAGE:
                    break
                after = page[-1]["sort"]
        return found

    def _sender(self, physical: str) -> Sender:
        return Sender(self._client, self._url, physical, self._settings.patience, self._vectors)

    def _write(
        self, physical: str, rows: Iterable[IndexedText], progress: Callable[[int], None]
    ) -> int:
        return self._sender(physical).write(rows, self._url.chain, progress)

    def _check_filters(self) -> None:
        """Check that the cluster has each stemmer of the analyzer."""
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

    def _create(self, state: CorpusState) -> str:
        """Create the index to be filled."""
        chain, physical = self._url.chain, self._new_name(state)
        try:
            self._patient.indices.create(
                index=physical,
                aliases={building_alias(physical): {}},
                mappings=mapping(chain, self._meta(state), self._dimension),
                settings={
                    "number_of_shards": self._settings.shards,
                    "auto_expand_replicas": "0-1",
                    "refresh_interval": "-1",
                    "analysis": analysis_settings(chain),
                },
            )
        except BadRequestError as error:
            _ignore_existing(error)
        return physical

    @property
    def _dimension(self) -> int | None:
        return self._vectors.kept.dimension if self._vectors.kept else None

    def _new_name(self, state: CorpusState) -> str:
        corpus, build = state.corpus_hash[:12].lower(), uuid4().hex[:4]
        return f"{self._url.place}-{SCHEMA_VERSION}-{self._url.chain.name}-{corpus}-{build}"

    @property
    def _patient(self) -> Elasticsearch:
        """Return the client with a longer timeout, for administrative requests."""
        return self._client.options(request_timeout=_PATIENT_SECONDS)

    def _meta(self, state: CorpusState) -> Meta:
        return Meta(
            alias=self._url.place,
            schema_version=SCHEMA_VERSION,
            chain=self._url.chain.name,
            corpus_hash=state.corpus_hash,
            recorded_at=state.recorded_at,
            vectors=self._vectors.identity,
            words_only=self._vectors.words_only,
            shards=self._settings.shards,
            builder=this_builder(),
        )

    def _finish(
        self,
        physical: str,
        state: CorpusState,
        count: int,
        canaries: Sequence[IndexedText],
        **merging: Any,
    ) -> None:
        """Refresh the index, and check that all rows are there with the dates sent."""
        patient = self._patient
        patient.indices.refresh(index=physical)
        if merging:
            patient.indices.forcemerge(index=physical, **merging)
            patient.indices.refresh(index=physical)
        held = patient.count(index=physical)["count"]
        if held != count:
            raise SearchFailedError(
                f"{self._url}: {physical} holds {held} rows, {count} were sent; "
                "the index in use was left as it is"
            )
        for row in canaries:
            self._check_canary(physical, row)
        complete = self._meta(state).model_copy(
            update={"rows": count, "shards": self._shards(physical)}
        )
        patient.indices.put_mapping(index=physical, meta=said(complete))
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

    def _shards(self, physical: str) -> int:
        settings = self._patient.indices.get_settings(index=physical)[physical]["settings"]
        return int(settings["index"]["number_of_shards"])

    @contextmanager
    def _putting_into_use(self, physical: str, before: Sequence[str]) -> Iterator[None]:
        """Put an index into use once it is finished inside; remove it where that fails."""
        alias, patient = self._url.place, self._patient
        try:
            yield
            replaced = put_into_use(patient, alias, physical, before)
        except BaseException:
            with suppress(ApiError, TransportError):
                discard(self._client, physical)
            raise
        if replaced is None:
            discard(patient, physical)
        else:
            remove_unused(patient, alias, physical, keep=replaced[-1:])


def _ignore_existing(error: BadRequestError) -> None:
    """Raise an error, unless a node died after doing what the client then asked the next one."""
    if error.error != "resource_already_exists_exception":
        raise error


def _parts(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[i : i + size] for i in range(0, len(items), size))


def _watched(rows: Iterable[IndexedText], canaries: list[IndexedText]) -> Iterator[IndexedText]:
    """Yield the rows, and collect those with the smallest hashes as a fixed random sample."""
    kept: list[tuple[int, str, IndexedText]] = []
    for row in rows:
        entry = (-number(row.key), row.key, row)
        if len(kept) < _CANARIES:
            heapq.heappush(kept, entry)
        elif entry > kept[0]:
            heapq.heapreplace(kept, entry)
        yield row
    canaries.extend(row for _, _, row in kept)
