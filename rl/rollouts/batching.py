"""Dynamic batching of the requests of concurrent rollouts.

Each rollout runs in its own worker thread and blocks on requests for completions or searches. Once
every running rollout waits, all pending requests are served in one batch, in the order of the
rollouts. So which requests share a batch does not depend on the speed of the threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from agent.models.sampling import Completion, Sampling
from corpus.errors import InForceError
from retrieval.index import StatuteIndex
from retrieval.query import Facets, Hit, IndexStatus, Status, StatuteQuery
from rl.rollouts.samplers import BatchSampler, SamplingRequest

Serve = Callable[[Sequence[Any]], Sequence[Any]]
"""Serves requests of one kind, in order. A result that is an exception is raised in the caller."""


@dataclass
class _Waiting:
    place: int
    serve: Serve
    request: Any
    answer: Any = None
    served: threading.Event = field(default_factory=threading.Event)


class Batcher:
    """Serves pending requests in one batch once every running rollout waits.

    Args:
        places: number of rollouts at the start, numbered from 0. Each must run inside :meth:`place`
            once.
    """

    def __init__(self, places: int) -> None:
        self._running = places
        self._waiting: list[_Waiting] = []
        self._lock = threading.Lock()
        self._here = threading.local()

    @contextmanager
    def place(self, number: int) -> Iterator[None]:
        """Register this thread as a running rollout while inside."""
        self._here.number = number
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                due = self._due()
            _serve(due)

    def ask(self, serve: Serve, request: Any) -> Any:
        """Wait until all rollouts wait, and return the result.

        Raises:
            InForceError: the request could not be served.
        """
        mine = _Waiting(self._here.number, serve, request)
        with self._lock:
            self._waiting.append(mine)
            due = self._due()
        _serve(due)
        mine.served.wait()
        if isinstance(mine.answer, BaseException):
            raise mine.answer
        return mine.answer

    def _due(self) -> list[_Waiting]:
        """Return all pending requests once every running rollout waits, else an empty list."""
        if len(self._waiting) < self._running:
            return []
        due, self._waiting = self._waiting, []
        return sorted(due, key=lambda waiting: waiting.place)


def _serve(due: Sequence[_Waiting]) -> None:
    """Serve each kind of request in one batch and wake the waiting threads."""
    kinds: dict[Serve, list[_Waiting]] = {}
    for waiting in due:
        kinds.setdefault(waiting.serve, []).append(waiting)
    for serve, group in kinds.items():
        for waiting, answer in zip(group, _answers(serve, group), strict=True):
            waiting.answer = answer
    for waiting in due:
        waiting.served.set()


def _answers(serve: Serve, group: Sequence[_Waiting]) -> Sequence[Any]:
    """Return one result for each request; an exception stands for each request that failed."""
    try:
        return serve([waiting.request for waiting in group])
    except InForceError as failure:
        return [failure] * len(group)
    except BaseException as fault:  # noqa: BLE001 - raised again by every thread that waits
        return [fault] * len(group)


class BatchingSampler:
    """A sampler whose requests are batched with those of other rollouts."""

    def __init__(self, gathering: Batcher, inner: BatchSampler) -> None:
        self._gathering = gathering
        self._inner = inner

    @property
    def context(self) -> int:
        """Return the context length: tokens of prompt and completion together."""
        return self._inner.context

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        """Continue a prompt, in one batch with the requests of other rollouts.

        Raises:
            PolicyError: the model failed or cannot be reached.
        """
        request = SamplingRequest(tuple(prompt_ids), sampling, stop_ids)
        answer: Completion = self._gathering.ask(self._inner.sample_many, request)
        return answer


class BatchingIndex:
    """An index whose searches are batched with those of other rollouts; other calls are direct."""

    def __init__(self, gathering: Batcher, inner: StatuteIndex) -> None:
        self._gathering = gathering
        self._inner = inner

    @property
    def corpus_hash(self) -> str:
        """Return the hash of the corpus that the index was built from."""
        return self._inner.corpus_hash

    @property
    def vectors(self) -> str | None:
        """Return the name under which the index's vectors are kept; ``None``: it has none."""
        return self._inner.vectors

    @property
    def words_only(self) -> str | None:
        """Return why searching goes by words alone, in one sentence; ``None``: as it was set up."""
        return self._inner.words_only

    @property
    def version(self) -> str:
        """Return the version of the index."""
        return self._inner.version

    def search(self, query: StatuteQuery) -> list[Hit]:
        """Search, in one batch with the searches of other rollouts.

        Raises:
            SearchFailedError: the engine failed.
        """
        hits: list[Hit] = self._gathering.ask(self._inner.search_many, query)
        return hits

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        """Run several queries; results keep their order."""
        return self._inner.search_many(queries)

    def elsewhen(self, query: StatuteQuery, status: Status) -> list[Hit]:
        """Return texts with the words of ``query`` that are law before or after its date."""
        return self._inner.elsewhen(query, status)

    def facets(self, query: StatuteQuery) -> Facets:
        """Return the facet counts of a query."""
        return self._inner.facets(query)

    def keys(self) -> Iterator[str]:
        """Yield the key of every indexed row."""
        return self._inner.keys()

    def status(self) -> IndexStatus:
        """Return the contents and condition of the index."""
        return self._inner.status()

    def close(self) -> None:
        """Do nothing; the owner of the index closes it."""
