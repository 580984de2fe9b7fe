"""The cluster engine: Elasticsearch, 8.19 or later, through its official client.

The same terms, filters and ranking as the embedded engine; :mod:`retrieval.elastic_build` says how
they are stored. Quotations become ``match_phrase``, words ``match``: nothing that a user types is
read as syntax.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from corpus.errors import IndexMissingError, SearchFailedError
from retrieval.analysis import CHAINS, Chain, TextQuery, highlights, stemmed_languages, text_query
from retrieval.elastic_build import SCHEMA_VERSION, Meta, read_meta
from retrieval.elastic_node import CONNECTIONS, ElasticSettings, answering, connect, refused
from retrieval.layout import EVERYWHERE, stems_field
from retrieval.query import Hit, StatuteQuery
from retrieval.url import IndexUrl

_BATCH = 16  # searches in one request of search_many
_FRESH_SECONDS = 1.0  # how long what the index says of itself is believed


class ElasticIndex:
    """The index behind the alias of ``url``. A :class:`retrieval.index.StatuteIndex`.

    Raises:
        IndexMissingError: there is no index, or another version of InForce wrote it, or it has
            another chain than ``url`` asks for.
        SearchFailedError: the cluster cannot be reached or refuses access.
    """

    def __init__(self, url: IndexUrl) -> None:
        self._url = url
        self._settings = ElasticSettings.load()
        self._client = connect(url, self._settings)
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._meta, self._read_at = self._read_meta(), time.monotonic()

    @property
    def corpus_hash(self) -> str:
        """Return the hash of the corpus that the live index was built from."""
        return self._current().corpus_hash

    def search(self, query: StatuteQuery) -> list[Hit]:
        """Return hits in force on ``query.as_at``, best first, one per provision.

        Raises:
            IndexMissingError: the index was dropped meanwhile.
            SearchFailedError: the cluster cannot be reached, refuses, is too slow, or answered for
                some of its shards only.
        """
        words = text_query(query.text, query.languages)
        if words.empty:
            return []
        request = search_request(words, query, CHAINS[self._current().chain])
        with answering(self._url):
            answer = self._client.search(
                index=self._url.place, **self._how(), body={**request, **self._limits()}
            )
        return self._hits(answer.body, words)

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        """Search several queries, many to a request and several requests at once."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(CONNECTIONS // 4, thread_name_prefix="search")
        batches = [queries[i : i + _BATCH] for i in range(0, len(queries), _BATCH)]
        return [hits for found in self._pool.map(self._search_batch, batches) for hits in found]

    def close(self) -> None:
        """Release the connections."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown()
                self._pool = None
        self._client.close()

    def _search_batch(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        chain = CHAINS[self._current().chain]
        words = [text_query(query.text, query.languages) for query in queries]
        sent = [i for i, some in enumerate(words) if not some.empty]
        answers: list[list[Hit]] = [[] for _ in queries]
        if not sent:
            return answers
        lines: list[dict[str, Any]] = []
        for i in sent:
            lines += [self._how(), search_request(words[i], queries[i], chain) | self._limits()]
        with answering(self._url):
            found = self._client.msearch(index=self._url.place, searches=lines)
        for i, answer in zip(sent, found["responses"], strict=True):
            answers[i] = self._hits(answer, words[i])
        return answers

    def _how(self) -> dict[str, Any]:
        """Return how to search: all shards or none, and with the same word weights on each."""
        several = self._current().shards > 1
        how: dict[str, Any] = {"allow_partial_search_results": False}
        return {**how, "search_type": "dfs_query_then_fetch"} if several else how

    def _limits(self) -> dict[str, str]:
        """Return how long the cluster itself may work on a search."""
        return {"timeout": f"{int(self._settings.timeout * 1000)}ms"}

    def _hits(self, answer: Mapping[str, Any], words: TextQuery) -> list[Hit]:
        """Read an answer; one that is an error or incomplete is a failure, not few hits."""
        if "error" in answer:
            raise refused(self._url, answer.get("status", 500), answer["error"])
        if answer["timed_out"] or answer["_shards"]["failed"]:
            raise SearchFailedError(
                f"Elasticsearch at {self._url} did not finish the search in time"
            )
        return [_hit(found, words) for found in answer["hits"]["hits"]]

    def _current(self) -> Meta:
        """Return what the live index says of itself, read again when it may have changed."""
        if time.monotonic() - self._read_at > _FRESH_SECONDS:
            with self._lock:
                self._meta, self._read_at = self._read_meta(), time.monotonic()
        return self._meta

    def _read_meta(self) -> Meta:
        with answering(self._url):
            meta = read_meta(self._client, self._url.place)
        if meta is None or meta.schema_version != SCHEMA_VERSION:
            raise IndexMissingError(
                f"the search index at {self._url} was written by another version of InForce; "
                "build it anew with 'inforce index build'"
            )
        if self._url.chain_name not in (None, meta.chain):
            raise IndexMissingError(
                f"the search index at {self._url} was built with the chain '{meta.chain}', not "
                f"'{self._url.chain_name}'; build it anew with 'inforce index build'"
            )
        return meta


# -- the engine's query ------------------------------------------------------------------------


def search_request(words: TextQuery, query: StatuteQuery, chain: Chain) -> dict[str, Any]:
    """Return the body of a search: what to rank by, what to filter by, one hit per provision."""
    required = [_any(_phrase(reading) for reading in readings) for readings in words.phrases]
    ranking = [_any(_terms(words, chain, query.languages))] if words.terms else []
    clauses: dict[str, Any] = {"filter": list(_filters(query))}
    clauses["must"] = required or ranking
    if required:
        clauses["should"] = ranking
    return {
        "query": {"bool": clauses},
        "collapse": {"field": "provision"},
        "sort": [{"_score": "desc"}, {"tie": "asc"}],
        "size": query.limit,
        "track_total_hits": False,
        "_source": ["hit"],
    }


def _phrase(reading: Sequence[str]) -> dict[str, Any]:
    return {"match_phrase": {"body": " ".join(reading)}}


def _terms(words: TextQuery, chain: Chain, languages: Sequence[str]) -> Iterator[dict[str, Any]]:
    terms = " ".join(words.terms)
    yield {"match": {"body": terms}}
    for language in stemmed_languages(chain, languages):
        yield {"match": {stems_field(language): terms}}


def _any(queries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}


def _filters(query: StatuteQuery) -> Iterator[dict[str, Any]]:
    yield {"term": {"in_force": str(query.as_at)}}
    if query.known_at is None:
        yield {"term": {"latest": True}}
    else:
        yield {"term": {"known": str(query.known_at)}}
    for field, wanted in (
        ("jurisdiction", query.jurisdictions),
        ("work", query.works),
        ("language", query.languages),
        ("extent", (EVERYWHERE, query.extent) if query.extent else ()),
    ):
        if wanted:
            yield {"terms": {field: list(wanted)}}


def _hit(found: Mapping[str, Any], words: TextQuery) -> Hit:
    stored = found["_source"]["hit"]
    spans = highlights(stored["text"], stored["language"], words)
    return Hit.model_validate({**stored, "score": found["_score"], "highlights": spans})
