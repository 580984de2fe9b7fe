"""Sampling parameters, completions, and the sampler protocol."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Literal, Protocol, Self, runtime_checkable

from pydantic import Field, model_validator

from corpus.model import Frozen

OnIds = Callable[[Sequence[int]], None]
"""Told the ids of a completion as they are drawn, the token that ends it among them."""


class Sampling(Frozen):
    """How tokens are drawn.

    Temperature 0 takes the likeliest token. ``seed`` and the prompt's ids together seed each draw,
    so a thread repeats exactly whatever else runs beside it; give each of several samples of one
    question its own seed.
    """

    temperature: float = Field(default=0.0, ge=0.0, le=5.0)
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    max_tokens: int = Field(default=512, ge=1)
    seed: int = Field(default=0, ge=0)

    def seed_for(self, prompt_ids: Sequence[int]) -> int:
        """Return the seed of one draw, below 2**63."""
        told = self.seed.to_bytes(16, "big") + array("q", prompt_ids).tobytes()
        return int.from_bytes(blake2b(told, digest_size=8).digest(), "big") >> 1


class Completion(Frozen):
    """The ids that a model sampled, the token that ended it among them.

    ``logprobs`` are natural logarithms, one per id, of the distribution that was drawn from: after
    temperature and top-p. At temperature 0 they are those of temperature 1. ``stop`` is ``end``
    when the model ended its turn and ``length`` when the budget did.

    Raises:
        ValueError: ids and log-probs differ in number.
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
    """A language model as the agent needs it. Must be safe to share between threads."""

    @property
    def context(self) -> int:
        """Return how many tokens prompt and completion may have together."""
        ...

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        """Continue a prompt until a stop id or the budget.

        Raises:
            PolicyError: the model failed or cannot be reached.
        """
        ...


@runtime_checkable
class StreamingSampler(Sampler, Protocol):
    """A sampler that can tell its ids as it draws them."""

    def stream(
        self,
        prompt_ids: Sequence[int],
        sampling: Sampling,
        stop_ids: frozenset[int],
        on_ids: OnIds,
    ) -> Completion:
        """Return what :meth:`sample` would, telling the ids on the way.

        Raises:
            PolicyError: as :meth:`sample`; ids told before count for nothing.
        """
        ...
