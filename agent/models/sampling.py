"""Sampling parameters, completions, and the sampler protocol."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Literal, Protocol, Self, runtime_checkable

from pydantic import Field, model_validator

from corpus.model import Frozen

OnIds = Callable[[Sequence[int]], None]
"""Callback that receives the sampled ids, including the token that ends the completion."""


class Sampling(Frozen):
    """Sampling parameters.

    Temperature 0 is greedy decoding. ``seed`` and the prompt's ids together seed each completion,
    so results are reproducible whatever runs concurrently; use different seeds for several samples
    of one question.
    """

    temperature: float = Field(default=0.0, ge=0.0, le=5.0)
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    max_tokens: int = Field(default=512, ge=1)
    seed: int = Field(default=0, ge=0)

    def seed_for(self, prompt_ids: Sequence[int]) -> int:
        """Return the seed of one completion, below 2**63."""
        told = self.seed.to_bytes(16, "big") + array("q", prompt_ids).tobytes()
        return int.from_bytes(blake2b(told, digest_size=8).digest(), "big") >> 1


class Completion(Frozen):
    """The ids that a model sampled, including the token that ended it.

    ``logprobs`` are natural logarithms, one per id, under the sampling distribution: after
    temperature and top-p. At temperature 0 they are those of temperature 1. ``stop`` is ``end`` if
    the model ended its turn and ``length`` if the token limit did.

    Raises:
        ValueError: the numbers of ids and log-probs differ.
    """

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    stop: Literal["end", "length"]

    @model_validator(mode="after")
    def _has_a_logprob_for_each_id(self) -> Self:
        if len(self.ids) != len(self.logprobs):
            raise ValueError(f"{len(self.ids)} ids but {len(self.logprobs)} log-probs")
        return self


class Sampler(Protocol):
    """A language model that continues token ids. Implementations must be thread-safe."""

    @property
    def context(self) -> int:
        """Return the context length: tokens of prompt and completion together."""
        ...

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        """Continue a prompt until a stop id or the token limit.

        Raises:
            PolicyError: the model failed or cannot be reached.
        """
        ...


@runtime_checkable
class StreamingSampler(Sampler, Protocol):
    """A sampler that can stream its ids."""

    def stream(
        self,
        prompt_ids: Sequence[int],
        sampling: Sampling,
        stop_ids: frozenset[int],
        on_ids: OnIds,
    ) -> Completion:
        """Like :meth:`sample`, calling ``on_ids`` with the ids as they are sampled.

        Raises:
            PolicyError: as :meth:`sample`; ids streamed before are invalid.
        """
        ...
