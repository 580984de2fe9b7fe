"""``inforce bench agent``: the graph against bare generation by vLLM.

Questions run through the graph concurrently, with a model behind vLLM as the policy. Then plain
requests to the same server continue the same prompts by the same number of tokens, question by
question and turn by turn: without graph, searches, log-probs and seeds. The ratio of the two times
is the overhead.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from agent.policies.endpoint import Endpoint
from agent.policies.language_model import ModelPolicy
from agent.policies.server import ServerSampler
from agent.trace import Trace, Turn
from corpus.demo import demo_questions
from corpus.errors import BadInputError
from corpus.model import Frozen
from eval.suites.demo import demo_library
from eval.suites.effort import completion_tokens, prompt_tokens
from rl.rollouts.rollout import Limits, roll_out


class Round(Frozen):
    """One set of questions, measured both ways. Tokens are the sum over all turns.

    Attributes:
        questions: number of questions.
        turns: number of turns.
        prompt_tokens: tokens of all prompts.
        completion_tokens: tokens generated.
        graph_seconds: wall-clock time through the graph.
        bare_seconds: wall-clock time of bare generation.
    """

    questions: int
    turns: int
    prompt_tokens: int
    completion_tokens: int
    graph_seconds: float
    bare_seconds: float

    @property
    def ratio(self) -> float:
        """Return graph time divided by bare time."""
        return self.graph_seconds / self.bare_seconds


def bench(
    policy: ModelPolicy, concurrency: int, rounds: int, max_turns: int, say: Callable[[str], None]
) -> list[Round]:
    """Measure the graph against bare generation, each round with new questions.

    Args:
        policy: a model behind vLLM, exchanging token ids.
        concurrency: concurrent questions.
        rounds: number of repetitions.
        max_turns: most turns of one question.
        say: called with progress messages.

    Raises:
        BadInputError: the policy does not exchange token ids with a server, or the server fails.
    """
    if not isinstance(policy.sampler, ServerSampler):
        raise BadInputError("The policy must be a model behind vLLM that exchanges token ids.")
    questions = demo_questions(concurrency * rounds)
    limits = Limits(max_turns=max_turns, concurrency=concurrency)
    found = []
    with demo_library() as library:
        roll_out(library, policy, questions[:1], limits=limits)
        for start in range(0, len(questions), concurrency):
            some = questions[start : start + concurrency]
            began = time.perf_counter()
            rollouts = roll_out(library, policy, some, limits=limits)
            seconds = time.perf_counter() - began
            traces = [one.trace for one in rollouts if one.trace is not None and not one.void]
            if not traces:
                why = rollouts[0].void
                raise BadInputError(f"None of {len(some)} questions was answered: {why}")
            say(f"{len(some)} questions through the graph: {seconds:.1f} s")
            found.append(_round(traces, seconds, policy.sampler, policy.sampling.temperature))
            say(f"the same tokens from the bare server: {found[-1].bare_seconds:.1f} s")
    return found


def _round(
    traces: Sequence[Trace], seconds: float, sampler: ServerSampler, temperature: float
) -> Round:
    turns = [turn for trace in traces for turn in trace.turns]
    bare = _Bare(sampler.served.endpoint, sampler.served.model, temperature)
    return Round(
        questions=len(traces),
        turns=len(turns),
        prompt_tokens=prompt_tokens(turns),
        completion_tokens=completion_tokens(turns),
        graph_seconds=seconds,
        bare_seconds=bare.generate([trace.turns for trace in traces]),
    )


class _Bare:
    """Bare requests to the server, whose prefix cache does not hold the graph's prompts."""

    def __init__(self, endpoint: Endpoint, model: str, temperature: float) -> None:
        self._endpoint = endpoint
        self._shared = {
            "model": model,
            "temperature": temperature,
            "ignore_eos": True,
            "cache_salt": uuid.uuid4().hex,
        }

    def generate(self, threads: Sequence[Sequence[Turn]]) -> float:
        """Continue all prompts by as many tokens as they had; return the seconds it took."""
        self._continue(threads[0][:1])
        began = time.perf_counter()
        with ThreadPoolExecutor(len(threads)) as pool:
            list(pool.map(self._continue, threads))
        return time.perf_counter() - began

    def _continue(self, turns: Sequence[Turn]) -> None:
        for turn in turns:
            body = {"prompt": turn.prompt_ids, "max_tokens": len(turn.completion_ids)}
            self._endpoint.call("/completions", {**self._shared, **body})
