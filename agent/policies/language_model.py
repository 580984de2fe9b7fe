"""Policy of any language model: render the prompt, sample, parse the completion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.models.codec import Codec
from agent.models.parsing import parse
from agent.models.rendering import render
from agent.models.sampling import Completion, OnIds, Sampler, Sampling, StreamingSampler
from agent.models.short_prompt import resolved
from agent.policy import Act, PolicyError, PolicyState


@dataclass(frozen=True)
class ModelPolicy:
    """A language model policy: a sampler, its codec, and sampling parameters.

    Cheap to copy with another ``sampling`` (:func:`dataclasses.replace`): copies share the model.
    """

    name: str
    codec: Codec
    sampler: Sampler
    sampling: Sampling = field(default_factory=Sampling)

    def act(self, state: PolicyState) -> Act:
        """Return the next move, with the prompt ids, sampled ids and log-probs.

        Raises:
            PolicyError: the conversation exceeds the context length, or the model fails.
        """
        prompt, sampling = self._prompt(state)
        return self._act(state, prompt, self.sampler.sample(prompt, sampling, self.codec.stop_ids))

    def stream(self, state: PolicyState, on_text: Callable[[str], None]) -> Act:
        """Like :meth:`act`, calling ``on_text`` with each piece of text as it is sampled.

        A sampler that cannot stream calls nothing.

        Raises:
            PolicyError: as :meth:`act`.
        """
        if not isinstance(self.sampler, StreamingSampler):
            return self.act(state)
        prompt, sampling = self._prompt(state)
        on_ids = self._spoken(on_text)
        completion = self.sampler.stream(prompt, sampling, self.codec.stop_ids, on_ids)
        return self._act(state, prompt, completion)

    def _prompt(self, state: PolicyState) -> tuple[tuple[int, ...], Sampling]:
        """Return the prompt and sampling parameters, within the context and the token limit."""
        room = self.sampler.context - self.sampling.max_tokens
        prompt = render(state, self.codec, room)
        if len(prompt) > room:
            raise PolicyError(
                f"The thread has {len(prompt)} tokens; {self.name} takes {self.sampler.context}, "
                f"of which {self.sampling.max_tokens} are kept for its answer."
            )
        if state.tokens_left is None:
            return prompt, self.sampling
        left = max(1, min(self.sampling.max_tokens, state.tokens_left - len(prompt)))
        return prompt, self.sampling.model_copy(update={"max_tokens": left})

    def _act(self, state: PolicyState, prompt: tuple[int, ...], completion: Completion) -> Act:
        act = parse(self._said(completion), cut=completion.stop == "length")
        if self.codec.prompt_format == "learnt":
            act = resolved(act, state.turns)
        update = {
            "prompt_ids": prompt,
            "completion_ids": completion.ids,
            "logprobs": completion.logprobs,
        }
        return act.model_copy(update=update)

    def _said(self, completion: Completion) -> str:
        ids = completion.ids
        return self.codec.decode(ids[:-1] if completion.stop == "end" else ids)

    def _spoken(self, on_text: Callable[[str], None]) -> OnIds:
        """Return a callback that converts ids to text, at character boundaries."""
        ids: list[int] = []
        told = 0

        def on_ids(more: Sequence[int]) -> None:
            nonlocal told
            ids.extend(i for i in more if i not in self.codec.stop_ids)
            text = self.codec.decode(ids)
            if len(text) > told and not text.endswith("\ufffd"):
                on_text(text[told:])
                told = len(text)

        return on_ids
