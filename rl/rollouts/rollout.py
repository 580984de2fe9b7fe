"""Run questions through the graph concurrently and return their rollouts.

Rollouts use the same graph as the application (:func:`agent.graph.run.run`), each in its own worker
thread; completions and searches of several rollouts are batched (:mod:`rl.rollouts.batching`).
Rollout ``n`` of a call is sampled with the seed ``seed + n``, so its text depends on its question,
the weights and ``n``, and not on the rollouts that run beside it.

An infrastructure failure (engine, server, memory) makes a rollout void: it has no reward, and is
never counted as a wrong answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Self

from pydantic import model_validator

from agent.graph.nodes import AskRequest, Context
from agent.graph.run import run
from agent.library import Library
from agent.models.token_sequence import TokenSequence, episode
from agent.policies.controllers import AdjustedPolicy
from agent.policies.language_model import ModelPolicy
from agent.policy import Policy
from agent.trace import StopReason, Trace
from corpus.errors import InForceError
from corpus.model import Frozen
from corpus.questions import Posed, Question
from rl.rewards.scored_trace import RolloutRecord, ScoredTrace, Scores, scored, scores
from rl.rewards.scorer import Scorer, prepare_scorers
from rl.rollouts.batching import Batcher, BatchingIndex, BatchingSampler
from rl.rollouts.samplers import batches

BROKEN = frozenset({StopReason.TOOL_ERROR, StopReason.POLICY_ERROR})
"""Stop reasons that mean an infrastructure failure."""

Advance = Callable[[int], None]
"""Callback that receives the number of finished rollouts."""

Asking = Callable[[Posed], AskRequest]
"""Turns a question into the request that a user would make."""


class Rollout(Frozen):
    """One run of a question through the graph.

    ``episode`` holds the prompt and completion ids, the mask of the model's own tokens and their
    sampling log-probs. It is ``None`` if the policy was never asked (the question had no date), if
    the policy has no tokens (it is not a language model), or if the rollout is void. ``void`` names
    the failure that voided it. ``own`` is false for a rollout of another policy. ``scores`` are set
    once, by :func:`scored_rollout`.

    Raises:
        ValueError: there is neither a trace nor a reason why not.
    """

    question: Posed
    trace: Trace | None
    episode: TokenSequence | None = None
    void: str | None = None
    own: bool = True
    scores: Scores | None = None

    @model_validator(mode="after")
    def _is_accounted_for(self) -> Self:
        if self.trace is None and self.void is None:
            raise ValueError("a rollout without a trace says why it is void")
        return self


@dataclass(frozen=True)
class Limits:
    """Limits of rollouts: turns and tokens of one, and the number of concurrent ones."""

    max_turns: int = 8
    max_tokens: int | None = None
    concurrency: int = 64


def asked_in_full(question: Posed) -> AskRequest:
    """Put a question with its day (if it states one), its state of knowledge and its territory."""
    return AskRequest(
        question=question.text,
        as_at=question.as_at if question.day_stated else None,
        known_at=question.known_at,
        extent=question.extent,
    )


def roll_out(  # noqa: PLR0913
    library: Library,
    policy: Policy,
    questions: Sequence[Posed],
    *,
    seed: int = 0,
    limits: Limits | None = None,
    advance: Advance = lambda _: None,
    asking: Asking = asked_in_full,
) -> list[Rollout]:
    """Run each entry of ``questions`` once; a question repeated G times makes a group of G.

    Args:
        library: the corpus and index that tools read.
        policy: the policy. Completions of a :class:`~agent.policies.language_model.ModelPolicy`
            whose sampler is an :class:`rl.rollouts.samplers.BatchSampler` are sampled in batches.
        questions: the questions, each with its governing date and known-at date.
        seed: seed of the first rollout, below 2**63; unused in greedy decoding.
        limits: limits on turns, tokens and concurrency.
        advance: called with the number of finished rollouts, from any thread.
        asking: turns each question into a request.

    Returns:
        One rollout per entry, in the order given.
    """
    return roll_out_each(
        library,
        [(question, policy) for question in questions],
        seed=seed,
        limits=limits,
        advance=advance,
        asking=asking,
    )


def roll_out_each(  # noqa: PLR0913
    library: Library,
    asked: Sequence[tuple[Posed, Policy]],
    *,
    seed: int = 0,
    limits: Limits | None = None,
    advance: Advance = lambda _: None,
    asking: Asking = asked_in_full,
) -> list[Rollout]:
    """Like :func:`roll_out`, with a policy for each question (for scripted experts)."""
    bounds = limits or Limits()
    places = min(bounds.concurrency, len(asked))
    gathering = Batcher(places)
    shared = _shared(library, [policy for _, policy in asked], gathering)
    ended: list[int] = []

    def answer(place: int) -> dict[int, Rollout]:
        done = {}
        with gathering.place(place):
            for number in range(place, len(asked), places):
                question, policy = asked[number]
                mine = _policy_of_rollout(policy, gathering, seed + number)
                done[number] = _episode(shared, mine, asking(question), question, bounds)
                ended.append(number)
                advance(len(ended))
        return done

    if not asked:
        return []
    with ThreadPoolExecutor(places, thread_name_prefix="episode") as pool:
        parts = [pool.submit(answer, place) for place in range(places)]
    found = {number: rollout for part in parts for number, rollout in part.result().items()}
    return [found[number] for number in range(len(asked))]


def scored_rollout(rollout: Rollout, scorers: Iterable[Scorer]) -> Rollout:
    """Return a rollout with its scores; each scorer is called once.

    Raises:
        ValueError: its question is posed without an answer.
    """
    trace = rollout.trace if rollout.void is None else None
    found = scores(trace, rollout.question.with_answer(), scorers)
    return rollout.model_copy(update={"scores": found})


def scored_by(scorers: Sequence[Scorer]) -> Callable[[Any, Sequence[Rollout]], list[Rollout]]:
    """Return a function that scores a round's rollouts by their gold answers."""

    def score(_trainer: Any, rollouts: Sequence[Rollout]) -> list[Rollout]:
        pairs = [
            (one.trace, one.question.with_answer())
            for one in rollouts
            if one.trace is not None and one.void is None
        ]
        prepare_scorers(scorers, pairs)
        return [scored_rollout(one, scorers) for one in rollouts]

    return score


def scores_of(rollout: Rollout) -> Scores:
    """Return the scores of a rollout.

    Raises:
        ValueError: the rollout has not been scored.
    """
    if rollout.scores is None:
        raise ValueError(f"the rollout of {rollout.question.id} has not been scored")
    return rollout.scores


def graded_record(rollout: Rollout, scorers: Iterable[Scorer] = ()) -> ScoredTrace:
    """Return the journal line of a rollout in an evaluation, scored by its gold answer.

    Raises:
        ValueError: its question is posed without an answer.
    """
    question = rollout.question.with_answer()
    return scored(0, question, rollout.trace, rollout.void, tuple(scorers))


def record(step: int, rollout: Rollout, advantage: float | None = None) -> RolloutRecord:
    """Return the journal line of a scored rollout, with the gold answer where it has one.

    ``advantage`` is what the objective made of its rewards.

    Raises:
        ValueError: the rollout has not been scored.
    """
    kind = ScoredTrace if isinstance(rollout.question, Question) else RolloutRecord
    return kind(
        step=step,
        question=rollout.question,
        trace=rollout.trace,
        void=rollout.void,
        advantage=advantage,
        **dict(scores_of(rollout)),
    )


def _shared(library: Library, policies: Iterable[Policy], gathering: Batcher) -> Library:
    """Return a library whose searches are batched if the policies' completions are batched.

    Otherwise searches stay direct: a rollout that waits for its own server would block the others'
    searches.
    """
    bare = [policy.policy if isinstance(policy, AdjustedPolicy) else policy for policy in policies]
    samplers = [policy.sampler for policy in bare if isinstance(policy, ModelPolicy)]
    if not all(batches(sampler) for sampler in samplers):
        return library
    return replace(library, index=BatchingIndex(gathering, library.index))


def _policy_of_rollout(policy: Policy, gathering: Batcher, seed: int) -> Policy:
    """Return the policy of one rollout, with its own seed and a batching sampler.

    Under a controller this is done to the policy that it steers.
    """
    if isinstance(policy, AdjustedPolicy):
        return replace(policy, policy=_policy_of_rollout(policy.policy, gathering, seed))
    if not isinstance(policy, ModelPolicy):
        return policy
    sampling = policy.sampling.model_copy(update={"seed": seed})
    if not batches(policy.sampler):
        return replace(policy, sampling=sampling)
    return replace(policy, sampling=sampling, sampler=BatchingSampler(gathering, policy.sampler))


def broken(trace: Trace) -> str | None:
    """Return why an engine or a model failed and ended a run; ``None`` if none did."""
    if trace.stop not in BROKEN:
        return None
    return trace.abstention.explanation if trace.abstention else trace.stop.value


def _episode(
    library: Library, policy: Policy, asked: AskRequest, question: Posed, limits: Limits
) -> Rollout:
    context = Context(library, policy, max_turns=limits.max_turns, max_tokens=limits.max_tokens)
    try:
        trace = run(context, asked)
    except InForceError as failure:
        return Rollout(question=question, trace=None, void=str(failure))
    words = broken(trace)
    if words is not None:
        return Rollout(question=question, trace=trace, void=words)
    sampled = bool(trace.turns) and all(turn.completion_ids for turn in trace.turns)
    return Rollout(
        question=question, trace=trace, episode=episode(trace.turns) if sampled else None
    )
