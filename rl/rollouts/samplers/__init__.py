"""Samplers that continue many prompts in one batch.

``local.py`` batches in this process, ``server.py`` asks a vLLM server, ``colocated.py`` runs vLLM
in this process on a GPU. All give what :class:`agent.models.sampling.Sampler` promises for each
prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeGuard

from agent.models.sampling import Completion, Sampler, Sampling
from agent.policy import PolicyError


class SamplingRequest(NamedTuple):
    """One prompt to be continued, and how."""

    prompt_ids: tuple[int, ...]
    sampling: Sampling
    stop_ids: frozenset[int]


class BatchSampler(Protocol):
    """A language model that continues many prompts at once. Also a ``Sampler``, of one prompt."""

    @property
    def context(self) -> int:
        """Return how many tokens prompt and completion may have together."""
        ...

    def sample_many(self, requests: Sequence[SamplingRequest]) -> list[Completion | PolicyError]:
        """Continue each prompt; answers keep their order, a failure stands in its place.

        What is sampled for one prompt does not depend on the others, as far as the arithmetic of
        the hardware allows: each draw is seeded by its own
        :class:`~agent.models.sampling.Sampling`.
        """
        ...

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        """Continue one prompt until a stop id or the budget.

        Raises:
            PolicyError: the model failed or cannot be reached.
        """
        ...


def batches(sampler: Sampler) -> TypeGuard[BatchSampler]:
    """Tell whether a sampler continues many prompts at once, without asking it anything."""
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
