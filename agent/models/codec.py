"""Encode and decode tokens; external text is never encoded as control tokens.

The output of a chat template is *markup*: ``<|im_end|>`` in it is one special token that ends a
turn. The text of a question, a statute or a search result is *words*: the same characters in it are
ordinary text and can neither end nor open a turn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal, Protocol

from agent.policy import PolicyError

PromptFormat = Literal["tool", "system", "user", "learnt"]
"""Where a chat template puts the tool schemas: in its own tools section (``tool``), in the system
message (``system``), or in the first user message (``user``). ``learnt``: nowhere, for a model
trained on the tools (see :mod:`agent.models.short_prompt`)."""

_CARRIER = "inforce_carrier"

_WORDS = "[[words-{}]]"


class Codec(Protocol):
    """A tokenizer and its chat template. Implementations must be thread-safe."""

    @property
    def prompt_format(self) -> PromptFormat:
        """Return where the template puts the tool schemas."""
        ...

    @property
    def stop_ids(self) -> frozenset[int]:
        """Return the ids that end an assistant turn."""
        ...

    def template(
        self, messages: Sequence[Mapping[str, str]], tools: Sequence[Mapping[str, Any]] | None
    ) -> str:
        """Return the chat as markup, with the assistant's next turn opened.

        Raises:
            PolicyError: the template rejects such a chat.
        """
        ...

    def markup(self, text: str) -> list[int]:
        """Return the ids of trusted markup, special tokens included."""
        ...

    def words(self, text: str) -> list[int]:
        """Return the ids of external text, without special tokens."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of sampled ids; an incomplete character becomes U+FFFD."""
        ...


class TokenizerCodec:
    """The codec of a ``transformers`` tokenizer.

    Args:
        tokenizer: a fast tokenizer (one with a ``backend_tokenizer``).
        stop_ids: ids that end a turn besides the tokenizer's end of sequence.
    """

    def __init__(self, tokenizer: Any, stop_ids: Iterable[int] = ()) -> None:
        backend = tokenizer.backend_tokenizer
        bare = json.loads(backend.to_str())
        bare["added_tokens"] = []
        self._tokenizer = tokenizer
        self._markup = type(backend).from_str(backend.to_str())
        self._words = type(backend).from_str(json.dumps(bare))
        own = () if tokenizer.eos_token_id is None else (tokenizer.eos_token_id,)
        self.stop_ids = frozenset((*own, *stop_ids))

    def template(
        self, messages: Sequence[Mapping[str, str]], tools: Sequence[Mapping[str, Any]] | None
    ) -> str:
        """Return the chat as markup, with the assistant's next turn opened.

        Raises:
            PolicyError: the template rejects such a chat.
        """
        from jinja2 import TemplateError

        try:
            text = self._tokenizer.apply_chat_template(
                [dict(message) for message in messages],
                tools=list(tools) if tools else None,
                chat_template=self._tokenizer.chat_template or _plain_template(),
                tokenize=False,
                add_generation_prompt=True,
            )
        except (TemplateError, TypeError, LookupError, ValueError, AttributeError) as error:
            raise PolicyError(f"The model's chat template fails: {error}") from error
        return str(text)

    def markup(self, text: str) -> list[int]:
        """Return the ids of trusted markup, special tokens included."""
        return list(self._markup.encode(text, add_special_tokens=False).ids)

    def words(self, text: str) -> list[int]:
        """Return the ids of external text, without special tokens."""
        return list(self._words.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of sampled ids; an incomplete character becomes U+FFFD."""
        return str(self._markup.decode(list(ids), skip_special_tokens=False))

    @cached_property
    def prompt_format(self) -> PromptFormat:
        """Return where the template puts the tools: as the tokenizer says, else by trying."""
        if self._tokenizer.init_kwargs.get(_CARRIER) == "learnt":
            return "learnt"
        if self._carries(("system", "user", "assistant", "tool"), _PROBE_TOOL):
            return "tool"
        return "system" if self._carries(("system", "user", "assistant", "user")) else "user"

    def _carries(self, roles: Sequence[str], tool: Mapping[str, Any] | None = None) -> bool:
        """Return whether the template renders a chat of these roles completely, with the tool."""
        words = [_WORDS.format(n) for n in range(len(roles))]
        chat = [
            {"role": role, "content": text, "name": "probe_tool", "tool_call_id": "call00001"}
            for role, text in zip(roles, words, strict=True)
        ]
        try:
            text = self.template(chat, [tool] if tool else None)
        except PolicyError:
            return False
        places = [text.find(part) for part in words]
        return -1 not in places and places == sorted(places) and (not tool or "probe_tool" in text)


def learnt(tokenizer: Any) -> None:
    """Mark a tokenizer's model as trained on the tools; the mark is saved with the tokenizer."""
    tokenizer.init_kwargs[_CARRIER] = "learnt"


_PROBE_TOOL = {
    "type": "function",
    "function": {
        "name": "probe_tool",
        "description": "A tool.",
        "parameters": {"type": "object", "properties": {}},
    },
}


@cache
def _plain_template() -> str:
    """Return the chat template for models without one: headings, and an end token per turn."""
    return (files("agent") / "prompts" / "plain.jinja").read_text(encoding="utf-8")
