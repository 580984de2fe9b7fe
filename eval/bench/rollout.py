"""``inforce bench rollout``: rollouts against bare generation of the same tokens.

A round of rollouts runs once through the graph while every request to the model is recorded; then
the same requests, in the same batches and with the same seeds, go to the model alone. Both generate
the same tokens, so the ratio of their times is the share that is generation. The tool calls of the
same questions are timed batched and one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.library import Library
from agent.models.sampling import Completion, Sampling
from agent.policies.language_model import ModelPolicy
from agent.policy import PolicyError, ToolRequest
from agent.tools.statutes import Scope
from agent.tools.toolbox import run_tool
from corpus.model import Frozen
from corpus.questions import Family, Question, make_questions
from retrieval.index import CachedIndex
from rl.questions.synthetic_environment import synthetic_library
from rl.questions.training_questions import draw
from rl.rollouts.batching import Batcher, BatchingIndex
from rl.rollouts.cached_library import cached_library
from rl.rollouts.rollout import Limits, roll_out
from rl.rollouts.samplers import BatchSampler, SamplingRequest, sample_one


class RolloutSpeed(Frozen):
    """One round, in wall-clock seconds; ``share`` is bare time over time through the graph.

    Attributes:
        model: name of the model.
        episodes: number of rollouts.
        tokens: tokens generated.
        graph_seconds: wall-clock time through the graph.
        bare_seconds: wall-clock time of generation alone.
        graph_tokens_per_second: tokens per second through the graph.
        bare_tokens_per_second: tokens per second of generation alone.
        share: bare time over time through the graph.
        same_tokens: whether both generated the same tokens.
    """

    model: str
    episodes: int
    tokens: int
    graph_seconds: float
    bare_seconds: float
    graph_tokens_per_second: float
    bare_tokens_per_second: float
    share: float
    same_tokens: bool


class CallSpeed(Frozen):
    """Time of the same searches through the tool, one after another and batched.

    Attributes:
        calls: number of searches.
        distinct: number of distinct searches.
        one_by_one_seconds: time of the searches one after another.
        together_seconds: time of the batched searches.
        times: ratio of the two times.
    """

    calls: int
    distinct: int
    one_by_one_seconds: float
    together_seconds: float
    times: float


def run(  # noqa: PLR0913
    folder: Path, model: str, dtype: str, episodes: int, tokens: int, seed: int
) -> dict[str, RolloutSpeed | CallSpeed]:
    """Run both measurements on a synthetic statute book.

    Args:
        folder: where the book is made.
        model: a model opened in this process, with the short prompt.
        dtype: number format of its weights.
        episodes: rollouts of a round, and tool calls of a step.
        tokens: most tokens of one turn.
        seed: seed of questions and sampling.

    Raises:
        ModelError: the model is missing or not prepared.
    """
    from agent.models.codec import TokenizerCodec, learnt
    from agent.models.tokenizers import open_codec
    from agent.policies.local import LocalSampler, local_policy
    from rl.rollouts.samplers.local import BatchedSampler

    sampling = Sampling(temperature=1.0, max_tokens=tokens)
    opened = local_policy(model, sampling=sampling, dtype=dtype)
    assert isinstance(opened.sampler, LocalSampler)
    tokenizer = open_codec(model)._tokenizer
    learnt(tokenizer)
    policy = replace(opened, codec=TokenizerCodec(tokenizer, opened.codec.stop_ids))
    sampler = BatchedSampler(opened.sampler.model, episodes)
    with synthetic_library(folder, 2000, seed) as library:
        made = make_questions(library.store.histories(), seed, 20, (Family.VALUE_AT_DATE,))
        questions = draw(made, episodes, seed)
        groups = [question for question in questions[: episodes // 8] for _ in range(8)]
        return {
            "rollouts": rollout_speed(
                library, policy, sampler, questions, Limits(max_turns=2, concurrency=episodes)
            ),
            "tool calls, all different": call_speed(library, questions),
            "tool calls, groups of 8 alike": call_speed(library, groups),
        }


class _Noting:
    """A sampler that records each batch of requests with its results."""

    def __init__(self, inner: BatchSampler) -> None:
        self._inner = inner
        self.batches: list[tuple[Sequence[SamplingRequest], list[Completion | PolicyError]]] = []

    @property
    def context(self) -> int:
        return self._inner.context

    def sample(self, *request: object) -> Completion:
        return sample_one(self, SamplingRequest(*request))  # type: ignore[arg-type]

    def sample_many(self, requests: Sequence[SamplingRequest]) -> list[Completion | PolicyError]:
        answers = self._inner.sample_many(requests)
        self.batches.append((requests, answers))
        return answers


def rollout_speed(
    library: Library,
    policy: ModelPolicy,
    sampler: BatchSampler,
    questions: Sequence[Question],
    limits: Limits,
) -> RolloutSpeed:
    """Time a round of rollouts, and the generation in it alone.

    Args:
        library: corpus and index; read and searched once before anything is timed.
        policy: the policy; its sampler is replaced by ``sampler``.
        sampler: the model.
        questions: one per rollout.
        limits: limits of the rollouts.
    """
    known = cached_library(library)
    roll_out(known, replace(policy, sampler=sampler), questions, limits=limits)
    noting = _Noting(sampler)
    noted = replace(policy, sampler=noting)
    graph = _timed(lambda: roll_out(known, noted, questions, limits=limits))
    again: list[list[Completion | PolicyError]] = []
    bare = _timed(
        lambda: again.extend(sampler.sample_many(requests) for requests, _ in noting.batches)
    )
    first = [answers for _, answers in noting.batches]
    tokens = sum(len(a.ids) for answers in first for a in answers if isinstance(a, Completion))
    return RolloutSpeed(
        model=policy.name,
        episodes=len(questions),
        tokens=tokens,
        graph_seconds=round(graph, 3),
        bare_seconds=round(bare, 3),
        graph_tokens_per_second=round(tokens / graph, 1),
        bare_tokens_per_second=round(tokens / bare, 1),
        share=round(bare / graph, 3),
        same_tokens=first == again,
    )


def call_speed(library: Library, questions: Sequence[Question], repeats: int = 5) -> CallSpeed:
    """Time the searches of one step of as many rollouts as there are questions.

    One by one they go to the index itself; together they are batched through ``search_many`` of a
    cached index, as in rollouts. Caches are emptied before each repeat; the shortest time counts.
    """
    requests = [
        ToolRequest(
            id="call00001",
            name="search_statutes",
            arguments={"query": question.text, "as_at": str(question.as_at)},
        )
        for question in questions
    ]
    alone = Scope(library=replace(library, index=_bare(library)))
    single = min(_timed(lambda: [run_tool(alone, r) for r in requests]) for _ in range(repeats))
    joint = min(_timed(lambda: _together(library, requests)) for _ in range(repeats))
    return CallSpeed(
        calls=len(requests),
        distinct=len({(r.arguments["query"], r.arguments["as_at"]) for r in requests}),
        one_by_one_seconds=round(single, 4),
        together_seconds=round(joint, 4),
        times=round(single / joint, 2),
    )


def _together(library: Library, requests: Sequence[ToolRequest]) -> None:
    """Run the calls as rollouts do: each in its thread, all in one batched search."""
    gathering = Batcher(len(requests))
    index = BatchingIndex(gathering, CachedIndex(_bare(library)))
    scope = Scope(library=replace(library, index=index))

    def call(place: int) -> None:
        with gathering.place(place):
            run_tool(scope, requests[place])

    with ThreadPoolExecutor(len(requests)) as pool:
        list(pool.map(call, range(len(requests))))


def _bare(library: Library) -> Any:
    """Return the index without any cache around it."""
    index = library.index
    return index._inner if isinstance(index, CachedIndex) else index


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
