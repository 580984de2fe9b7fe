"""Sampler for a vLLM server, on a CPU or a GPU.

Each prompt is one request with its own seed; the server batches concurrent requests. Requests and
responses hold token ids, so nothing is tokenised again.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from agent.models.sampling import Completion, Sampling
from agent.policies.endpoint import Endpoint
from agent.policies.server import Served, ServerSampler
from agent.policy import PolicyError
from rl.rollouts.samplers import SamplingRequest, sample_one


class VllmSampler:
    """Samples from a model served by a vLLM server.

    Args:
        endpoint: the server.
        model: the served name of a model, or of an adapter that the server has loaded.
        concurrency: most concurrent requests.
    """

    def __init__(self, endpoint: Endpoint, model: str, concurrency: int = 64) -> None:
        self._endpoint, self._concurrency = endpoint, concurrency
        self._first = self._inner = ServerSampler(Served(endpoint, model))
        self._context: int | None = None
        self.model = model

    @property
    def context(self) -> int:
        """Return the context length: tokens of prompt and completion together.

        Raises:
            PolicyError: the endpoint fails or does not serve the model.
        """
        if self._context is None:
            self._context = self._first.context
        return self._context

    def switch(self, model: str) -> None:
        """Sample from another served name from now on: other weights with the same limits."""
        self._inner = ServerSampler(Served(self._endpoint, model))
        self.model = model

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        """Continue one prompt until a stop id or the token limit.

        Raises:
            PolicyError: the endpoint fails, or its response lacks exact token ids or log-probs.
        """
        return sample_one(self, SamplingRequest(tuple(prompt_ids), sampling, stop_ids))

    def sample_many(self, requests: Sequence[SamplingRequest]) -> list[Completion | PolicyError]:
        """Continue each prompt; results keep their order, an error stands for a failed one."""
        inner = self._inner

        def answer(request: SamplingRequest) -> Completion | PolicyError:
            try:
                return inner.sample(*request)
            except PolicyError as failure:
                return failure

        threads = max(1, min(self._concurrency, len(requests)))
        with ThreadPoolExecutor(threads, thread_name_prefix="vllm") as pool:
            return list(pool.map(answer, requests))
