"""Samplers that continue many prompts in one batch.

``local.py`` samples from a model in this process, ``server.py`` from a vLLM server,
``colocated.py`` from vLLM in this process on a GPU. For each prompt they return what
:class:`agent.models.sampling.Sampler` specifies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeGuard

from agent.models.sampling import Completion, Sampler, Sampling
from agent.policy import PolicyError


class SamplingRequest(NamedTuple):
    """One prompt with its sampling settings and stop ids."""

    prompt_ids: tuple[int, ...]
    sampling: Sampling
    stop_ids: frozenset[int]


class BatchSampler(Protocol):
    """A language model that continues many prompts at once. It is also a ``Sampler``."""

    @property
    def context(self) -> int:
        """Return the context length: tokens of prompt and completion together."""
        ...

    def sample_many(self, requests: Sequence[SamplingRequest]) -> list[Completion | PolicyError]:
        """Continue each prompt; results keep their order, an error stands for a failed one.

        The result of one prompt does not depend on the others, up to the hardware's rounding: each
        is sampled with the seed of its own :class:`~agent.models.sampling.Sampling`.
        """
        ...

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        """Continue one prompt until a stop id or the token limit.

        Raises:
            PolicyError: the model failed or cannot be reached.
        """
        ...


def batches(sampler: Sampler) -> TypeGuard[BatchSampler]:
    """Return whether a sampler is a :class:`BatchSampler`, without calling it."""
    return callable(getattr(sampler, "sample_many", None))


def sample_one(sampler: BatchSampler, request: SamplingRequest) -> Completion:
    """Continue one prompt.

    Raises:
        PolicyError: the model failed or cannot be reached.
    """
    (answer,) = sampler.sample_many([request])
    if isinstance(answer, PolicyError):
        raise answer
    return answer
