"""The Elasticsearch engine, 8.19 or later, through the official client.

It uses the same terms, filters and ranking as the embedded engine;
:mod:`retrieval.engines.elastic_build` describes the storage. Quotations become ``match_phrase``,
words ``match``; user input is never parsed as query syntax.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from corpus.errors import IndexMissingError, SearchFailedError
from corpus.record_clock import CorpusState
from retrieval.engines.elastic_client import (
    CONNECTIONS,
    ElasticSettings,
    answering,
    connect,
    refused,
)
from retrieval.engines.elastic_schema import LiveIndex, read_live
from retrieval.engines.index_schema import (
    EVERYWHERE,
    FACET_COUNTS,
    STATUSES,
    facets,
    stems_field,
)
from retrieval.index_url import IndexUrl
from retrieval.query import Facets, Hit, IndexStatus, Status, StatuteQuery
from retrieval.text.analysis import TextQuery, text_query
from retrieval.text.analyzers import CHAINS, Analyzer
from retrieval.vectors.encoder import Vectors
from retrieval.vectors.quantised import quantised

_T = TypeVar("_T")
_BATCH = 16  # searches in one request of search_many
_FRESH_SECONDS = 1.0  # how long what the index says of itself is believed


class ElasticIndex:
    """The index behind the alias of ``url``. A :class:`retrieval.index.StatuteIndex`.

    Raises:
        IndexMissingError: there is no index, it was written by another version of InForce, or its
            analyzer is not the one that ``url`` asks for.
        SearchFailedError: the cluster cannot be reached or refuses access.
    """

    def __init__(self, url: IndexUrl, *, only: LiveIndex | None = None) -> None:
        self._url = url
        self._settings = ElasticSettings.load()
        self._client = connect(url, self._settings)
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._follows = only is None
        self._live, self._read_at = only or self._read_live(), time.monotonic()

    def pinned(self) -> ElasticIndex:
        """Return an index of the present build, wherever the alias moves later."""
        return ElasticIndex(self._url, only=self._current())

    @property
    def vectors(self) -> str | None:
        """Return the name under which its vectors are kept; ``None``: it has none."""
        return self._current().meta.vectors

    @property
    def dimension(self) -> int | None:
        """Return how many numbers each of its vectors has; ``None``: it has none."""
        return self._current().dimension

    @property
    def words_only(self) -> str | None:
        """Say in one sentence why it has no vectors although they were asked for, or ``None``."""
        return self._current().meta.words_only

    @property
    def state(self) -> CorpusState:
        """Return the state of the corpus in the live index."""
        return self._current().state

    @property
    def corpus_hash(self) -> str:
        """Return the hash of the corpus that the live index was built from."""
        return self._current().meta.corpus_hash

    @property
    def version(self) -> str:
        """Return the name of the index behind the alias."""
        return self._current().name

    def search(self, query: StatuteQuery) -> list[Hit]:
        """Return hits in force on ``query.as_at``, best first, one per provision.

        Raises:
            IndexMissingError: the index was dropped meanwhile.
            SearchFailedError: the cluster cannot be reached, refuses, is too slow, or returned
                results of some shards only.
        """
        return self._by_words(query, "in_force")

    def elsewhen(self, query: StatuteQuery, status: Status) -> list[Hit]:
        """Return texts with the words of ``query`` that are law before or after its date.

        Raises:
            SearchFailedError: as :meth:`search`.
        """
        return self._by_words(query, status)

    def _by_words(self, query: StatuteQuery, status: Status) -> list[Hit]:
        words = text_query(query.text, query.languages)
        if words.empty:
            return []

        def asked(live: LiveIndex) -> list[Hit]:
            request = search_request(words, query, CHAINS[live.meta.chain], status)
            answer = self._client.search(
                index=live.name, **_how(live), body={**request, **self._limits()}
            )
            return self._hits(answer.body, words)

        return self._of_live(asked)

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        """Run several queries, batched into concurrent requests; results keep their order."""
        batches = [queries[i : i + _BATCH] for i in range(0, len(queries), _BATCH)]
        found = self._threads().map(self._search_batch, batches)
        return [hits for some in found for hits in some]

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(CONNECTIONS // 4, thread_name_prefix="search")
            return self._pool

    def nearest(self, vector_D: Vectors, query: StatuteQuery) -> list[Hit]:
        """Return provisions in force whose vectors are nearest, best first; none without vectors.

        Raises:
            SearchFailedError: as :meth:`search`.
        """
        if self.vectors is None:
            return []
        count = 2 * query.limit
        while True:
            request = nearest_request(vector_D, query, count)

            def asked(live: LiveIndex, request: dict[str, Any] = request) -> list[Hit]:
                body = {**request, **self._limits()}
                answer = self._client.search(index=live.name, **_how(live), body=body)
                return [_near(found) for found in self._whole(answer.body)["hits"]["hits"]]

            found = self._of_live(asked)
            best: dict[str, Hit] = {}
            for hit in found:
                best.setdefault(hit.provision_id, hit)
            if len(best) >= query.limit or len(found) < count:
                return list(best.values())[: query.limit]
            count *= 4

    def nearest_many(self, asked: Sequence[tuple[Vectors, StatuteQuery]]) -> list[list[Hit]]:
        """Find the nearest of several, several requests at once; answers keep their order."""
        return list(self._threads().map(lambda one: self.nearest(*one), asked))

    def facets(self, query: StatuteQuery) -> Facets:
        """Return the number of matches of ``query`` on its date and, by status, on others.

        Raises:
            SearchFailedError: as :meth:`search`.
        """
        words = text_query(query.text, query.languages)
        if words.empty:
            return facets({}, {})
        return self._of_live(lambda live: self._count(live, words, query))

    def _count(self, live: LiveIndex, words: TextQuery, query: StatuteQuery) -> Facets:
        chain = CHAINS[live.meta.chain]
        asked = {status: engine_query(words, query, chain, status) for status in STATUSES}
        provisions = {"provisions": {"cardinality": {"field": "provision"}}}
        lines: list[dict[str, Any]] = []
        for status, found in asked.items():
            aggs = {**provisions, **(FACET_COUNTS if status == "in_force" else {})}
            lines += [_how(live), {"query": found, "size": 0, "aggs": aggs} | self._limits()]
        answers = self._client.msearch(index=live.name, searches=lines)["responses"]
        counted = {s: self._whole(a)["aggregations"] for s, a in zip(asked, answers, strict=True)}
        statuses = {status: count["provisions"]["value"] for status, count in counted.items()}
        return facets(counted["in_force"], statuses)

    def keys(self) -> Iterator[str]:
        """Yield the key of every row, as of one moment."""
        with answering(self._url):
            name = self._current().name
            moment = self._client.open_point_in_time(index=name, keep_alive="5m")["id"]
            after: list[Any] | None = None
            while True:
                page = self._whole(
                    self._client.search(
                        pit={"id": moment, "keep_alive": "5m"},
                        sort=[{"_shard_doc": "asc"}],
                        size=10_000,
                        source=False,
                        track_total_hits=False,
                        search_after=after,
                    ).body
                )
                rows = page["hits"]["hits"]
                yield from (row["_id"] for row in rows)
                if not rows:
                    break
                moment, after = page["pit_id"], rows[-1]["sort"]
            self._client.close_point_in_time(id=moment)

    def status(self) -> IndexStatus:
        """Return the live index's contents, size (without replicas) and health."""
        live = self._current()
        with answering(self._url):
            health = self._client.cluster.health(index=live.name)["status"]
            stats = self._client.indices.stats(index=live.name, metric=["docs", "store"])
        held = stats["_all"]["primaries"]
        return IndexStatus(
            engine="elastic",
            place=str(self._url),
            version=live.name,
            chain=live.meta.chain,
            corpus_hash=live.meta.corpus_hash,
            rows=held["docs"]["count"],
            bytes=held["store"]["size_in_bytes"],
            health=health,
            vectors=live.meta.vectors,
            words_only=live.meta.words_only,
        )

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown()
                self._pool = None
        self._client.close()

    def _search_batch(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        words = [text_query(query.text, query.languages) for query in queries]
        sent = [i for i, some in enumerate(words) if not some.empty]
        if not sent:
            return [[] for _ in queries]

        def asked(live: LiveIndex) -> list[list[Hit]]:
            chain = CHAINS[live.meta.chain]
            answers: list[list[Hit]] = [[] for _ in queries]
            lines: list[dict[str, Any]] = []
            for i in sent:
                lines += [_how(live), search_request(words[i], queries[i], chain) | self._limits()]
            found = self._client.msearch(index=live.name, searches=lines)
            for i, answer in zip(sent, found["responses"], strict=True):
                answers[i] = self._hits(answer, words[i])
            return answers

        return self._of_live(asked)

    def _of_live(self, call: Callable[[LiveIndex], _T]) -> _T:
        """Call with the live index; once more if it was replaced and removed meanwhile."""
        live = self._current()
        try:
            with answering(self._url):
                return call(live)
        except IndexMissingError:
            if not self._follows:
                raise IndexMissingError(
                    f"the search index {live.name} was replaced and removed; "
                    f"open {self._url} again for the present one"
                ) from None
            self._renew()
            if self._live.name == live.name:
                raise
        with answering(self._url):
            return call(self._live)

    def _limits(self) -> dict[str, str]:
        """Return the time limit parameters of a search on the cluster."""
        return {"timeout": f"{int(self._settings.timeout * 1000)}ms"}

    def _hits(self, answer: Mapping[str, Any], words: TextQuery) -> list[Hit]:
        wanted = words.wanted
        return [_hit(found, wanted) for found in self._whole(answer)["hits"]["hits"]]

    def _whole(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the response; an error or an incomplete one raises :class:`SearchFailedError`."""
        if "error" in answer:
            raise refused(self._url, answer.get("status", 500), answer["error"])
        if answer["timed_out"] or answer["_shards"]["failed"]:
            raise SearchFailedError(f"Elasticsearch at {self._url} did not finish in time")
        return answer

    def _current(self) -> LiveIndex:
        """Return the live index's metadata, read again if it may have changed."""
        if self._follows and time.monotonic() - self._read_at > _FRESH_SECONDS:
            self._renew()
        return self._live

    def _renew(self) -> None:
        with self._lock:
            self._live, self._read_at = self._read_live(), time.monotonic()

    def _read_live(self) -> LiveIndex:
        with answering(self._url):
            live = read_live(self._client, self._url.place)
        if live is None:
            raise IndexMissingError(
                f"the search index at {self._url} was written by another version of InForce; "
                "build it anew with 'inforce index build'"
            )
        if self._url.chain_name not in (None, live.meta.chain):
            raise IndexMissingError(
                f"the search index at {self._url} was built with the chain '{live.meta.chain}', "
                f"not '{self._url.chain_name}'; build it anew with 'inforce index build'"
            )
        return live


def _how(live: LiveIndex) -> dict[str, Any]:
    """Return the search parameters: all shards or none, with the same term weights on each."""
    how: dict[str, Any] = {"allow_partial_search_results": False}
    return {**how, "search_type": "dfs_query_then_fetch"} if live.meta.shards > 1 else how


# -- the engine's query ------------------------------------------------------------------------


def search_request(
    words: TextQuery, query: StatuteQuery, chain: Analyzer, status: Status = "in_force"
) -> dict[str, Any]:
    """Return the body of a search: query, filters, and one hit per provision."""
    return {
        "query": engine_query(words, query, chain, status),
        "collapse": {"field": "provision"},
        "sort": [{"_score": "desc"}, {"place": "asc"}],
        "size": query.limit,
        "track_total_hits": False,
        "_source": ["hit"],
    }


def nearest_request(vector_D: Vectors, query: StatuteQuery, count: int) -> dict[str, Any]:
    """Return the body of a search for the nearest rows among those that the filters admit."""
    (codes_D,) = quantised(vector_D[None])
    return {
        "knn": {
            "field": "vector",
            "query_vector": codes_D.tolist(),
            "k": count,
            "num_candidates": count,
            "filter": [_dated(query, "in_force"), *_filters(query)],
        },
        "sort": [{"_score": "desc"}, {"place": "asc"}],
        "size": count,
        "track_total_hits": False,
        "_source": ["hit"],
    }


def engine_query(
    words: TextQuery, query: StatuteQuery, chain: Analyzer, status: Status = "in_force"
) -> dict[str, Any]:
    """Return the engine query: ranked terms, and filters that do not change scores."""
    phrases = [_any(_phrase(reading) for reading in readings) for readings in words.phrases]
    ranking = [_any(_terms(words, chain, query.languages))] if words.terms else []
    clauses = {
        "filter": [_dated(query, status), *_filters(query)],
        "must": phrases or ranking,
        "should": ranking if phrases else [],
    }
    return {"bool": clauses}


def _dated(query: StatuteQuery, status: Status) -> dict[str, Any]:
    if status == "in_force":
        return {"term": {"in_force": str(query.as_at)}}
    if status == "not_yet_in_force":
        return {"range": {"row_from": {"gt": str(query.as_at)}}}
    return {"range": {"row_to": {"lte": str(query.as_at)}}}


def _phrase(reading: Sequence[str]) -> dict[str, Any]:
    return {"match_phrase": {"body": " ".join(reading)}}


def _terms(words: TextQuery, chain: Analyzer, languages: Sequence[str]) -> Iterator[dict[str, Any]]:
    terms = " ".join(words.terms)
    yield {"match": {"body": terms}}
    for language in chain.languages(languages):
        yield {"match": {stems_field(language): terms}}


def _any(queries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}


def _filters(query: StatuteQuery) -> Iterator[dict[str, Any]]:
    if query.known_at is None:
        yield {"term": {"latest": True}}
    else:
        yield {"term": {"known": str(query.known_at)}}
    for field, wanted in (
        ("jurisdiction", query.jurisdictions),
        ("work", query.works),
        ("language", query.languages),
        *(("extent", (EVERYWHERE, part)) for part in query.extents),
    ):
        if wanted:
            yield {"terms": {field: list(wanted)}}


def _near(found: Mapping[str, Any]) -> Hit:
    """Return a hit with its cosine; the engine scores ``(1 + cosine) / 2``."""
    hit = {**found["_source"]["hit"], "score": 2 * found["_score"] - 1}
    return Hit.model_validate(hit)


def _hit(found: Mapping[str, Any], wanted: frozenset[str]) -> Hit:
    stored = found["_source"]["hit"]
    return Hit.model_validate({**stored, "score": found["_score"], "matched": wanted})
