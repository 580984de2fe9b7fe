"""Hybrid search: the words' ranking and the vectors' of one day, fused by weight."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from corpus.record_clock import CorpusState
from retrieval.index_protocols import EngineIndex
from retrieval.query import Facets, Hit, IndexStatus, Status, StatuteQuery
from retrieval.text.analysis import text_query
from retrieval.vectors.encoder import Encoder, EncoderError, Vectors
from retrieval.vectors.fusion import WEIGHT, fused, weight_for
from retrieval.vectors.passage import kept_as

DEPTH = 50  # hits of each ranking that take part
_RETRY_SECONDS = 30.0  # after a failure of the encoder


class HybridIndex:
    """An engine's index, searched by words and, where it holds vectors, by meaning too.

    A quoted phrase asks for the very words, so such a query is left to the words alone. So is every
    query where the vectors cannot be used; :attr:`words_only` then says why. An
    :class:`retrieval.index.EngineIndex`.

    Args:
        engine: the index.
        encoder: returns the encoder in use; asked when the engine first has vectors.
    """

    def __init__(self, engine: EngineIndex, encoder: Callable[[], Encoder | None]) -> None:
        self._engine = engine
        self._encoder = encoder
        self._failed: tuple[str, float] | None = None  # why, and until when it is believed

    @property
    def words_only(self) -> str | None:
        """Why searching goes by words alone, in one sentence; ``None``: as it was set up."""
        return self._engine.words_only or self._mismatch() or (self._failed or (None,))[0]

    @property
    def vectors(self) -> str | None:
        """The name under which the engine's vectors are kept; ``None``: it has none."""
        return self._engine.vectors

    @property
    def dimension(self) -> int | None:
        """How many numbers each of the engine's vectors has; ``None``: it has none."""
        return self._engine.dimension

    @property
    def corpus_hash(self) -> str:
        """The hash of the corpus it was built from."""
        return self._engine.corpus_hash

    @property
    def state(self) -> CorpusState:
        """The state of the corpus that it holds now."""
        return self._engine.state

    @property
    def version(self) -> str:
        """The version of the engine's index."""
        return self._engine.version

    def without_vectors(self) -> HybridIndex:
        """Return the same index searched by words alone."""
        return HybridIndex(self._engine, lambda: None)

    def pinned(self) -> HybridIndex:
        """Return an index of what is held now, which answers from that alone."""
        return HybridIndex(self._engine.pinned(), self._encoder)

    def search(self, query: StatuteQuery) -> list[Hit]:
        """Return hits in force on ``query.as_at``, best first, one per provision.

        Where vectors took part, ``score`` is the fused one, from 0 to 1.

        Raises:
            SearchFailedError: the engine failed.
        """
        (vector,) = self._encoded([query])
        if vector is None:
            return self._engine.search(query)
        deep = _deep(query)
        return _fused(self._engine.search(deep), self._engine.nearest(vector, deep), query)

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        """Search several queries at once; answers keep their order."""
        vectors = self._encoded(queries)
        asked = [
            query if vector is None else _deep(query)
            for query, vector in zip(queries, vectors, strict=True)
        ]
        pairs = [(v, q) for v, q in zip(vectors, asked, strict=True) if v is not None]
        near = iter(self._engine.nearest_many(pairs))
        found = self._engine.search_many(asked)
        return [
            hits if vector is None else _fused(hits, next(near), query)
            for hits, vector, query in zip(found, vectors, queries, strict=True)
        ]

    def nearest(self, vector_D: Vectors, query: StatuteQuery) -> list[Hit]:
        """Return the provisions in force whose vectors are nearest; ``score`` is the cosine."""
        return self._engine.nearest(vector_D, query)

    def nearest_many(self, asked: Sequence[tuple[Vectors, StatuteQuery]]) -> list[list[Hit]]:
        """Find the nearest of several at once; answers keep their order."""
        return self._engine.nearest_many(asked)

    def elsewhen(self, query: StatuteQuery, status: Status) -> list[Hit]:
        """Return texts with the words of ``query`` that are law before or after its date."""
        return self._engine.elsewhen(query, status)

    def facets(self, query: StatuteQuery) -> Facets:
        """Count what the words of ``query`` find."""
        return self._engine.facets(query)

    def keys(self) -> Iterator[str]:
        """Yield the key of every row held."""
        return self._engine.keys()

    def status(self) -> IndexStatus:
        """Say what the engine's index is, and why it is searched by words alone, if it is."""
        return self._engine.status().model_copy(update={"words_only": self.words_only})

    def close(self) -> None:
        """Release the engine's index."""
        self._engine.close()

    def _encoded(self, queries: Sequence[StatuteQuery]) -> list[Vectors | None]:
        """Return the vector of each query; ``None``: words alone."""
        asked = [_asked_by_meaning(query) for query in queries]
        if not any(asked) or self._engine.vectors is None or self._resting() or self._mismatch():
            return [None] * len(queries)
        encoder = self._encoder()
        if encoder is None:
            return [None] * len(queries)
        texts = [query.text for query, by_meaning in zip(queries, asked, strict=True) if by_meaning]
        try:
            found = self._of_dimension(encoder.questions(texts))
        except EncoderError as error:
            self._failed = (f"searched by words alone: {error}", time.monotonic() + _RETRY_SECONDS)
            return [None] * len(queries)
        self._failed = None
        vectors = iter(found)
        return [next(vectors) if by_meaning else None for by_meaning in asked]

    def _of_dimension(self, vectors_N_D: Vectors) -> Vectors:
        """Return vectors of questions that can be compared with those of the index.

        Raises:
            EncoderError: they are of another dimension, under the same name of the encoder.
        """
        held, given = self._engine.dimension, vectors_N_D.shape[1]
        if held not in (None, given):
            raise EncoderError(
                f"the encoder now gives vectors of {given} numbers, but those of the index have "
                f"{held}: remove the file of kept vectors, then run 'inforce index build --anew'"
            )
        return vectors_N_D

    def _resting(self) -> bool:
        return self._failed is not None and time.monotonic() < self._failed[1]

    def _mismatch(self) -> str | None:
        """Say why the index's vectors are not the encoder's, or ``None``."""
        held, encoder = self._engine.vectors, self._encoder() if self._engine.vectors else None
        if held is None or encoder is None or kept_as(encoder.identity) == held:
            return None
        return (
            f"searched by words alone: the index holds vectors of {held} and the encoder in use is "
            f"{kept_as(encoder.identity)}; 'inforce index build' makes its vectors"
        )


def _asked_by_meaning(query: StatuteQuery) -> bool:
    words = text_query(query.text, query.languages)
    return not words.phrases and not words.empty


def _deep(query: StatuteQuery) -> StatuteQuery:
    return query.model_copy(update={"limit": max(DEPTH, query.limit)})


def _fused(words: Sequence[Hit], near: Sequence[Hit], query: StatuteQuery) -> list[Hit]:
    hits = {hit.provision_id: hit for hit in (*near, *words)}
    cosines = {hit.provision_id: hit.score for hit in near}
    best = words[0] if words else None
    weight = weight_for(query.text, best.heading, best.text, best.language) if best else WEIGHT
    ranking = fused([(hit.provision_id, hit.score) for hit in words], list(cosines.items()), weight)
    wanted = text_query(query.text, query.languages).wanted
    return [
        hits[name].model_copy(
            update={"score": score, "similarity": cosines.get(name), "matched": wanted}
        )
        for name, score in ranking[: query.limit]
    ]
