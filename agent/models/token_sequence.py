"""A conversation as one sequence of tokens, with a mask of the model's own tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import model_validator

from agent.trace import Turn
from corpus.model import Frozen


class TokenSequence(Frozen):
    """The token ids of a conversation, concatenated as sampled.

    ``prompt_ids`` is the first prompt. ``completion_ids`` is everything after it: the model's own
    tokens (``mask`` 1) and the tool results between them (``mask`` 0, ``logprobs`` 0.0).

    Raises:
        ValueError: ids, mask and log-probs differ in length.
    """

    prompt_ids: tuple[int, ...]
    completion_ids: tuple[int, ...]
    mask: tuple[int, ...]
    logprobs: tuple[float, ...]

    @model_validator(mode="after")
    def _is_aligned(self) -> Self:
        if not len(self.completion_ids) == len(self.mask) == len(self.logprobs):
            raise ValueError("ids, mask and log-probs of an episode must be as many")
        return self


def episode(turns: Sequence[Turn]) -> TokenSequence:
    """Return the token sequence of a run's turns.

    Raises:
        ValueError: there are no turns, or a prompt does not begin with the turns before it.
    """
    if not turns:
        raise ValueError("a thread without turns has no tokens")
    start = len(turns[0].prompt_ids)
    ids, mask, logprobs = list(turns[0].prompt_ids), [0] * start, [0.0] * start
    for turn in turns:
        if list(turn.prompt_ids[: len(ids)]) != ids:
            raise ValueError(f"turn {turn.index} does not continue the turns before it")
        shown = turn.prompt_ids[len(ids) :]
        ids += [*shown, *turn.completion_ids]
        mask += [0] * len(shown) + [1] * len(turn.completion_ids)
        logprobs += [0.0] * len(shown) + list(turn.logprobs)
    return TokenSequence(
        prompt_ids=tuple(ids[:start]),
        completion_ids=tuple(ids[start:]),
        mask=tuple(mask[start:]),
        logprobs=tuple(logprobs[start:]),
    )
