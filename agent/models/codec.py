"""Encode and decode tokens; text of others is never read as control tokens.

A chat template is *markup*: in it ``<|im_end|>`` is one special token that ends a turn. The words
of a question, a statute or a search result are *words*: the same characters there are ordinary
text and can neither end a turn nor open one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal, Protocol

from agent.policy import PolicyError

PromptFormat = Literal["tool", "system", "user", "learnt"]
"""Where a chat template carries the tools: in its own way, in the system message, or, when it has
no such role, in the first message of the user. A model that was trained on them needs no words
about them (``learnt``, see :mod:`agent.models.short_prompt`)."""

_CARRIER = "inforce_carrier"

_WORDS = "[[words-{}]]"


class Codec(Protocol):
    """A tokenizer and its chat template. Must be safe to share between threads."""

    @property
    def prompt_format(self) -> PromptFormat:
        """Return where the template carries the tools."""
        ...

    @property
    def stop_ids(self) -> frozenset[int]:
        """Return the ids that end a turn of the model."""
        ...

    def template(
        self, messages: Sequence[Mapping[str, str]], tools: Sequence[Mapping[str, Any]] | None
    ) -> str:
        """Return the chat as markup, opened for the assistant's next turn.

        Raises:
            PolicyError: the template refuses such a chat.
        """
        ...

    def markup(self, text: str) -> list[int]:
        """Return the ids of text that we wrote, special tokens included."""
        ...

    def words(self, text: str) -> list[int]:
        """Return the ids of text that others wrote: never a special token."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of sampled ids; an unfinished character becomes U+FFFD."""
        ...


class TokenizerCodec:
    """The codec of a ``transformers`` tokenizer.

    Args:
        tokenizer: a fast tokenizer (one with a ``backend_tokenizer``).
        stop_ids: ids that end a turn besides the tokenizer's own end of sequence.
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
        """Return the chat as markup, opened for the assistant's next turn.

        Raises:
            PolicyError: the template refuses such a chat.
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
        """Return the ids of text that we wrote, special tokens included."""
        return list(self._markup.encode(text, add_special_tokens=False).ids)

    def words(self, text: str) -> list[int]:
        """Return the ids of text that others wrote: never a special token."""
        return list(self._words.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of sampled ids; an unfinished character becomes U+FFFD."""
        return str(self._markup.decode(list(ids), skip_special_tokens=False))

    @cached_property
    def prompt_format(self) -> PromptFormat:
        """Return where the template carries the tools: as the tokenizer says, else by trying."""
        if self._tokenizer.init_kwargs.get(_CARRIER) == "learnt":
            return "learnt"
        if self._carries(("system", "user", "assistant", "tool"), _PROBE_TOOL):
            return "tool"
        return "system" if self._carries(("system", "user", "assistant", "user")) else "user"

    def _carries(self, roles: Sequence[str], tool: Mapping[str, Any] | None = None) -> bool:
        """Tell whether a chat of these roles comes out whole, in order and with the tool."""
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
    """Note in a tokenizer that its model has learnt the tools; it is saved with the tokenizer."""
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
    """Return the template of models that bring none: headings, each turn closed by its token."""
    return (files("agent") / "prompts" / "plain.jinja").read_text(encoding="utf-8")
