"""How does a policy do on dated questions whose answer is known? ``inforce eval policy``.

Two kinds of numbers. What the policy *drafted* says how good it is. What *shipped* says what a
reader gets, and is checked here anew, by comparing each citation's interval with the day asked
about, without the verifier that let it pass.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from statistics import fmean, median

from agent.graph.nodes import AskRequest, Context
from agent.graph.run import run
from agent.policies.language_model import ModelPolicy
from agent.policy import Policy
from agent.trace import Trace
from corpus.demo import GoldenQuestion
from corpus.model import Citation, Frozen
from corpus.store import Store
from eval.metrics import Score, wilson
from rl.rewards.claims import Claim, claims
from rl.rollouts.batching import Batcher, BatchingSampler
from rl.rollouts.samplers import batches

Done = Callable[[Trace], None]


class PolicyReport(Frozen):
    """What a policy did, over questions or over citations; ``None``: there was nothing to count.

    ``right``: the gold version was cited, or the question declined for the right reason.
    ``answered`` and ``abstained`` are shares of questions; runs that failed are neither.
    ``valid``: drafted citations that exist, were found by the policy, were in force and are quoted
    word for word. ``anachronistic``: drafted citations of real versions out of force.
    ``shipped_anachronistic``: the same of what was answered. Tokens and turns are means per
    question, ``seconds`` its own time; ``wall_seconds`` is the whole run, ``at_once`` side by side.
    """

    policy: str
    questions: int
    at_once: int
    right: Score
    answered: Score
    abstained: Score
    valid: Score | None
    anachronistic: Score | None
    shipped_anachronistic: Score | None
    stops: dict[str, int]
    reasons: dict[str, int]
    turns: float
    prompt_tokens: float
    completion_tokens: float
    seconds_mean: float
    seconds_median: float
    wall_seconds: float


def ask_all(
    context: Context, questions: Sequence[GoldenQuestion], at_once: int, done: Done = lambda _: None
) -> tuple[list[Trace], float]:
    """Put every question to the policy; return the traces in order, and the seconds it took.

    Args:
        context: the library, the policy and its budget. A sampler of batches gets them.
        questions: what is asked.
        at_once: questions side by side.
        done: told each trace as it ends, from any thread.
    """
    width = min(at_once, len(questions))
    gathering = Batcher(width)
    seated = replace(context, policy=_seated(context.policy, gathering))

    def answer(place: int) -> dict[int, Trace]:
        found = {}
        with gathering.place(place):
            for number in range(place, len(questions), width):
                found[number] = run(seated, asked(questions[number]))
                done(found[number])
        return found

    began = time.perf_counter()
    with ThreadPoolExecutor(width) as pool:
        found = {n: trace for part in pool.map(answer, range(width)) for n, trace in part.items()}
    return [found[n] for n in range(len(questions))], time.perf_counter() - began


def _seated(policy: Policy, gathering: Batcher) -> Policy:
    if not isinstance(policy, ModelPolicy) or not batches(policy.sampler):
        return policy
    return replace(policy, sampler=BatchingSampler(gathering, policy.sampler))


def asked(question: GoldenQuestion) -> AskRequest:
    """Return a question as the graph takes it."""
    return AskRequest(
        question=question.question,
        as_at=question.as_at,
        known_at=question.known_at,
        extent=question.extent,
    )


def report(
    store: Store,
    questions: Sequence[GoldenQuestion],
    traces: Sequence[Trace],
    at_once: int = 1,
    wall_seconds: float = 0.0,
) -> PolicyReport:
    """Count what the traces show.

    Raises:
        ValueError: there are no questions, or not one trace for each.
    """
    pairs = list(zip(questions, traces, strict=True))
    drafted = [claim for trace in traces for claim in claims(trace)]
    shipped = [c for trace in traces if trace.answer for c in trace.answer.citations]
    seconds = [trace.milliseconds / 1000 for trace in traces]
    return PolicyReport(
        policy=traces[0].policy,
        questions=len(pairs),
        at_once=at_once,
        right=_share(is_right(question, trace) for question, trace in pairs),
        answered=_share(trace.answer is not None for trace in traces),
        abstained=_share(trace.stop == "abstained" for trace in traces),
        valid=_share_of(claim.stood for claim in drafted),
        anachronistic=_share_of(_is_anachronistic(c) for c in drafted if "resolves" in c.passed),
        shipped_anachronistic=_share_of(is_out_of_force(store, citation) for citation in shipped),
        stops=dict(Counter(trace.stop.value for trace in traces).most_common()),
        reasons=dict(
            Counter(t.abstention.reason.value for t in traces if t.abstention).most_common()
        ),
        turns=fmean(len(trace.turns) for trace in traces),
        prompt_tokens=fmean(sum(len(u.prompt_ids) for u in trace.turns) for trace in traces),
        completion_tokens=fmean(
            sum(len(u.completion_ids) for u in trace.turns) for trace in traces
        ),
        seconds_mean=fmean(seconds),
        seconds_median=median(seconds),
        wall_seconds=wall_seconds,
    )


def is_right(question: GoldenQuestion, trace: Trace) -> bool:
    """Tell whether a trace cites the gold version, or declines for the gold reason."""
    if question.abstain is not None:
        return trace.abstention is not None and trace.abstention.reason == question.abstain
    cited = trace.answer.citations if trace.answer else ()
    return question.gold_version in {citation.version_id for citation in cited}


def is_out_of_force(store: Store, citation: Citation) -> bool:
    """Tell whether what is cited was not the law on the day that the answer is for."""
    version = store.version(citation.version_id, citation.known_at)
    if version is None or version.valid_from is None:
        return True
    ended = version.valid_to is not None and version.valid_to <= citation.as_at
    return ended or citation.as_at < version.valid_from


def _is_anachronistic(claim: Claim) -> bool:
    return not claim.in_force


def _share(flags: Iterable[bool]) -> Score:
    counted = list(flags)
    return wilson(sum(counted), len(counted))


def _share_of(flags: Iterable[bool]) -> Score | None:
    """Return the share where there is anything to count."""
    counted = list(flags)
    return wilson(sum(counted), len(counted)) if counted else None
