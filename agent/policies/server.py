"""Policy of a language model behind an OpenAI-compatible endpoint.

With its tokenizer and vLLM behind the endpoint, token ids are exchanged: the prompt is sent as ids,
and sampled ids and log-probs are returned (``return_token_ids``). Any other endpoint gets the same
conversation as chat messages; such turns have no ids and cannot be trained on.

The endpoint is first called at the first turn, so an endpoint that is down ends a run like any
other failure: with a message in a trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from agent.models.parsing import parse
from agent.models.rendering import conversation
from agent.models.sampling import Completion, OnIds, Sampling
from agent.policies.endpoint import Endpoint, RefusedError
from agent.policies.language_model import ModelPolicy
from agent.policy import Act, PolicyError, PolicyState

RESULT_CHARACTERS = 12_000
"""Most characters of one tool result in a chat message."""

_NO_LIST = {404, 405, 501}
"""Status codes of endpoints that do not list their models."""


@dataclass(frozen=True)
class Served:
    """A model behind an endpoint. ``wanted`` is its served name; without one, the only model."""

    endpoint: Endpoint
    wanted: str | None = None

    @property
    def title(self) -> str:
        """Return the name for messages, without calling the endpoint."""
        return self.wanted or urlsplit(self.endpoint.url).netloc

    @cached_property
    def card(self) -> dict[str, Any]:
        """Return the endpoint's entry of the model; cached.

        Raises:
            PolicyError: the endpoint fails, does not serve the model, or serves several and none is
                named.
        """
        try:
            listed = self.endpoint.call("/models").get("data")
        except RefusedError as refusal:
            if refusal.status in _NO_LIST and self.wanted:
                return {"id": self.wanted}
            raise
        cards = listed if isinstance(listed, list) else []
        named = {str(card["id"]): card for card in cards if isinstance(card, dict) and "id" in card}
        wanted = self.wanted or (next(iter(named)) if len(named) == 1 else None)
        if wanted not in named:
            raise PolicyError(self._not_served(list(named)))
        return named[wanted]

    @property
    def model(self) -> str:
        """Return the model's name in requests.

        Raises:
            PolicyError: see :attr:`card`.
        """
        return str(self.card["id"])

    def _not_served(self, names: Sequence[str]) -> str:
        served = ", ".join(names[:10]) + (" and others" if len(names) > 10 else "")
        if self.wanted is None:
            which = f"one of {served}" if names else "its name"
            return f"{self.endpoint.url} does not serve one model alone: write {which} after a '#'."
        return f"{self.endpoint.url} has no model '{self.wanted}'; it serves {served or 'none'}."


def server_policy(
    served: Served, *, tokenizer: str | None = None, sampling: Sampling | None = None
) -> ModelPolicy | ChatPolicy:
    """Return the policy of a served model. The endpoint is first called when it acts.

    Args:
        served: the model and its endpoint.
        tokenizer: the model's name, folder or hub id, to exchange token ids with vLLM. ``None``
            exchanges text with any endpoint.
        sampling: sampling parameters.

    Raises:
        ModelError: there is no such tokenizer.
    """
    drawn = sampling or Sampling()
    if tokenizer is None:
        return ChatPolicy(served, drawn)
    from agent.models.tokenizers import open_codec

    name = f"server:{served.title}"
    return ModelPolicy(name, open_codec(tokenizer), ServerSampler(served), drawn)


@dataclass(frozen=True)
class ServerSampler:
    """Samples through vLLM's ``/v1/completions``, with token ids in both directions."""

    served: Served

    @property
    def context(self) -> int:
        """Return the context length: tokens of prompt and completion together.

        Raises:
            PolicyError: the endpoint fails or does not serve the model.
        """
        return int(self.served.card.get("max_model_len") or 1 << 20)

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        """Continue a prompt until a stop id or the token limit.

        Raises:
            PolicyError: the endpoint fails, or its response lacks exact token ids or log-probs.
        """
        body = self._body(prompt_ids, sampling, stop_ids)
        with self._exact():
            choice = self.served.endpoint.call("/completions", body)["choices"][0]
            return self._completion(choice, prompt_ids, stop_ids)

    def stream(
        self,
        prompt_ids: Sequence[int],
        sampling: Sampling,
        stop_ids: frozenset[int],
        on_ids: OnIds,
    ) -> Completion:
        """Like :meth:`sample`, calling ``on_ids`` with the ids as they arrive.

        Raises:
            PolicyError: as :meth:`sample`.
        """
        body = self._body(prompt_ids, sampling, stop_ids)
        with self._exact():
            return self._completion(self._heard(body, on_ids), prompt_ids, stop_ids)

    def _body(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> dict[str, Any]:
        return {
            "model": self.served.model,
            "prompt": list(prompt_ids),
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed_for(prompt_ids),
            "stop_token_ids": sorted(stop_ids),
            "logprobs": 0,
            "return_token_ids": True,
        }

    @contextmanager
    def _exact(self) -> Iterator[None]:
        """Turn a response without the requested ids and log-probs into :class:`PolicyError`."""
        try:
            yield
        except (LookupError, TypeError, AttributeError, ValidationError):
            raise PolicyError(
                f"{self.served.endpoint.url} answered without token ids and log-probs: it is not "
                "vLLM, or too old; use it without a tokenizer."
            ) from None

    def _heard(self, body: dict[str, Any], on_ids: OnIds) -> dict[str, Any]:
        """Return a streamed choice as a whole, calling ``on_ids`` as ids arrive."""
        ids: list[int] = []
        logprobs: list[float] = []
        given = None
        for event in self.served.endpoint.events("/completions", body):
            for choice in event["choices"]:
                given = given or choice.get("prompt_token_ids")
                if choice["token_ids"]:
                    ids += choice["token_ids"]
                    logprobs += choice["logprobs"]["token_logprobs"]
                    on_ids(choice["token_ids"])
        return {
            "token_ids": ids,
            "logprobs": {"token_logprobs": logprobs},
            "prompt_token_ids": given,
        }

    def _completion(
        self, choice: dict[str, Any], prompt_ids: Sequence[int], stop_ids: frozenset[int]
    ) -> Completion:
        ids, given = choice["token_ids"], choice.get("prompt_token_ids")
        completion = Completion(
            ids=ids,
            logprobs=choice["logprobs"]["token_logprobs"],
            stop="end" if ids and ids[-1] in stop_ids else "length",
        )
        if not completion.ids:
            raise PolicyError(f"{self.served.endpoint.url} answered with nothing.")
        if given is not None and given != list(prompt_ids):
            raise PolicyError(
                f"{self.served.endpoint.url} changed the prompt: its ids came back different."
            )
        return completion


@dataclass(frozen=True)
class ChatPolicy:
    """Sends the conversation as chat messages and parses the move from the text."""

    served: Served
    sampling: Sampling = field(default_factory=Sampling)

    @property
    def name(self) -> str:
        """Return the name for traces."""
        return f"chat:{self.served.title}"

    def act(self, state: PolicyState) -> Act:
        """Return the next move, without token ids.

        Raises:
            PolicyError: the endpoint fails.
        """
        answer = self.served.endpoint.call("/chat/completions", self._body(state))
        try:
            choice = answer["choices"][0]
            text, ended = choice["message"]["content"] or "", choice.get("finish_reason")
        except (LookupError, TypeError, AttributeError):
            raise PolicyError(f"{self.served.endpoint.url} answered without a message.") from None
        return self._act(text, ended)

    def stream(self, state: PolicyState, on_text: Callable[[str], None]) -> Act:
        """Like :meth:`act`, calling ``on_text`` with each piece of text as it arrives.

        Raises:
            PolicyError: the endpoint fails.
        """
        text, ended = "", None
        for piece, why in self._pieces(self._body(state)):
            text, ended = text + piece, why or ended
            if piece:
                on_text(piece)
        return self._act(text, ended)

    def _body(self, state: PolicyState) -> dict[str, Any]:
        chat = conversation(state, "system", lambda text: len(text) <= RESULT_CHARACTERS)
        return {
            "model": self.served.model,
            "messages": [{"role": part.role, "content": part.content} for part in chat],
            "max_tokens": self.sampling.max_tokens,
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "seed": self.sampling.seed,
        }

    def _pieces(self, body: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
        """Yield each piece of a streamed message, with the finish reason if given."""
        for event in self.served.endpoint.events("/chat/completions", body):
            try:
                for choice in event["choices"]:
                    yield choice["delta"].get("content") or "", choice.get("finish_reason")
            except (LookupError, TypeError, AttributeError):
                url = self.served.endpoint.url
                raise PolicyError(f"{url} answered without a message.") from None

    def _act(self, text: Any, ended: str | None) -> Act:
        if not isinstance(text, str):
            raise PolicyError(
                f"{self.served.endpoint.url} answered with a message that is no text."
            )
        return parse(text, cut=ended == "length")
