"""The policy of any language model: render, sample, read. Nothing is tokenised twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.codec import Codec
from agent.parsing import parse
from agent.policy import Act, PolicyError, PolicyState
from agent.rendering import render
from agent.sampling import Completion, Sampler, Sampling


@dataclass(frozen=True)
class ModelPolicy:
    """A sampler, the codec that belongs to it, and how it is sampled.

    Cheap to copy with another ``sampling`` (:func:`dataclasses.replace`): copies share the model.
    """

    name: str
    codec: Codec
    sampler: Sampler
    sampling: Sampling = field(default_factory=Sampling)

    def act(self, state: PolicyState) -> Act:
        """Return the next move, with the ids it was given and the ids and log-probs it sampled.

        Raises:
            PolicyError: the thread no longer fits the model, or the model fails.
        """
        room = self.sampler.context - self.sampling.max_tokens
        prompt = render(state, self.codec, room)
        if len(prompt) > room:
            raise PolicyError(
                f"The thread has {len(prompt)} tokens; {self.name} takes {self.sampler.context}, "
                f"of which {self.sampling.max_tokens} are kept for its answer."
            )
        completion = self.sampler.sample(prompt, self.sampling, self.codec.stop_ids)
        act = parse(self._said(completion), cut=completion.stop == "length")
        update = {
            "prompt_ids": prompt,
            "completion_ids": completion.ids,
            "logprobs": completion.logprobs,
        }
        return act.model_copy(update=update)

    def _said(self, completion: Completion) -> str:
        ids = completion.ids
        return self.codec.decode(ids[:-1] if completion.stop == "end" else ids)
