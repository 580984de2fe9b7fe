"""A language model behind an OpenAI-compatible endpoint.

With its tokenizer at hand and vLLM behind the endpoint, the exchange is exact: the prompt goes out
as token ids, and sampled ids and log-probs come back (``return_token_ids``). Any other endpoint is
sent the same thread as chat messages; such turns have no ids and cannot be trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from agent.parsing import parse
from agent.policies.endpoint import Endpoint
from agent.policies.modelled import ModelPolicy
from agent.policy import Act, Policy, PolicyError, PolicyState
from agent.rendering import conversation
from agent.sampling import Completion, Sampling

RESULT_CHARACTERS = 12_000
"""Characters of one tool result that a chat message shows."""


def server_policy(
    endpoint: Endpoint,
    model: str,
    *,
    tokenizer: str | None = None,
    sampling: Sampling | None = None,
) -> Policy:
    """Return the policy that a served model decides, once the endpoint is known to serve it.

    Args:
        endpoint: where the server answers.
        model: the name that the endpoint gives the model.
        tokenizer: the model's name, folder or hub id, to exchange token ids with vLLM. ``None``
            exchanges text with any endpoint.
        sampling: how tokens are drawn.

    Raises:
        PolicyError: the endpoint is down or does not serve the model.
        ModelError: there is no such tokenizer.
    """
    drawn = sampling or Sampling()
    card = _model_card(endpoint, model)
    if tokenizer is None:
        return ChatPolicy(endpoint, model, drawn)
    from agent.policies.codecs import open_codec

    sampler = ServerSampler(endpoint, model, int(card.get("max_model_len") or 1 << 20))
    return ModelPolicy(f"server:{model}", open_codec(tokenizer), sampler, drawn)


@dataclass(frozen=True)
class ServerSampler:
    """Samples through vLLM's ``/v1/completions``, ids in and ids out."""

    endpoint: Endpoint
    model: str
    context: int

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        """Continue a prompt until a stop id or the budget.

        Raises:
            PolicyError: the endpoint fails, or its answer is not exact to the id.
        """
        body = {
            "model": self.model,
            "prompt": list(prompt_ids),
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed_for(prompt_ids),
            "stop_token_ids": sorted(stop_ids),
            "logprobs": 0,
            "return_token_ids": True,
        }
        answer = self.endpoint.call("/completions", body)
        return self._completion(answer, prompt_ids, stop_ids)

    def _completion(
        self, answer: dict[str, Any], prompt_ids: Sequence[int], stop_ids: frozenset[int]
    ) -> Completion:
        try:
            choice = answer["choices"][0]
            ids = choice["token_ids"]
            given = choice.get("prompt_token_ids")
            completion = Completion(
                ids=ids,
                logprobs=choice["logprobs"]["token_logprobs"],
                stop="end" if ids and ids[-1] in stop_ids else "length",
            )
        except (LookupError, TypeError, AttributeError, ValidationError):
            raise PolicyError(
                f"{self.endpoint.url} answered without token ids and log-probs: it is not vLLM, "
                "or too old; use it without a tokenizer."
            ) from None
        if not completion.ids:
            raise PolicyError(f"{self.endpoint.url} answered with nothing.")
        if given is not None and given != list(prompt_ids):
            raise PolicyError(
                f"{self.endpoint.url} changed the prompt: its ids came back different."
            )
        return completion


@dataclass(frozen=True)
class ChatPolicy:
    """Sends the thread as chat messages and reads the move out of the text."""

    endpoint: Endpoint
    model: str
    sampling: Sampling = field(default_factory=Sampling)

    @cached_property
    def name(self) -> str:
        """Return the name that traces record."""
        return f"chat:{self.model}"

    def act(self, state: PolicyState) -> Act:
        """Return the next move, without token ids.

        Raises:
            PolicyError: the endpoint fails.
        """
        chat = conversation(state, "system", lambda text: len(text) <= RESULT_CHARACTERS)
        body = {
            "model": self.model,
            "messages": [{"role": part.role, "content": part.content} for part in chat],
            "max_tokens": self.sampling.max_tokens,
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "seed": self.sampling.seed,
        }
        answer = self.endpoint.call("/chat/completions", body)
        try:
            choice = answer["choices"][0]
            text, ended = choice["message"]["content"] or "", choice.get("finish_reason")
        except (LookupError, TypeError, AttributeError):
            raise PolicyError(f"{self.endpoint.url} answered without a message.") from None
        if not isinstance(text, str):
            raise PolicyError(f"{self.endpoint.url} answered with a message that is no text.")
        return parse(text, cut=ended == "length")


def _model_card(endpoint: Endpoint, model: str) -> dict[str, Any]:
    """Return what the endpoint says of a model.

    Raises:
        PolicyError: it does not serve the model.
    """
    listed = endpoint.call("/models").get("data")
    cards = [card for card in listed if isinstance(card, dict)] if isinstance(listed, list) else []
    names = [str(card.get("id")) for card in cards]
    if model not in names:
        served = ", ".join(names) or "none"
        raise PolicyError(f"{endpoint.url} has no model '{model}'; it serves {served}.")
    return cards[names.index(model)]
