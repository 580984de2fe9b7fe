"""A model small enough to reason about: bytes, a few merges, two special tokens, a script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent.models.codec import PromptFormat
from agent.models.sampling import Completion, Sampling

END, BEGIN = 0, 1
SPECIAL = {"<end>": END, "<begin>": BEGIN}
MERGES = ["the", "widget", "version", "register", "as_at", "in", "er", "第四", '"}']
SPLIT = re.compile("|".join(map(re.escape, MERGES)) + "|.", re.DOTALL)


class ToyCodec:
    """Has several spellings of one text: any byte sequence, of which ``words`` gives one."""

    stop_ids = frozenset({END})

    def __init__(self, prompt_format: PromptFormat = "system") -> None:
        self.prompt_format = prompt_format
        self.encoded: list[str] = []

    def template(
        self, messages: Sequence[Mapping[str, str]], tools: Sequence[Mapping[str, Any]] | None
    ) -> str:
        head = (
            f"<begin>tools\n{[tool['function']['name'] for tool in tools]}<end>\n" if tools else ""
        )
        body = "".join(f"<begin>{m['role']}\n{m['content']}<end>\n" for m in messages)
        return f"{head}{body}<begin>assistant\n"

    def markup(self, text: str) -> list[int]:
        self.encoded.append(text)
        parts = re.split("(<end>|<begin>)", text)
        return [i for part in parts for i in ([SPECIAL[part]] if part in SPECIAL else merged(part))]

    def words(self, text: str) -> list[int]:
        self.encoded.append(text)
        return merged(text)

    def decode(self, ids: Iterable[int]) -> str:
        pieces = [
            MERGES[i - 258].encode() if i >= 258 else bytes([i - 2]) if i > 1 else b"<special>"
            for i in ids
        ]
        return b"".join(pieces).decode("utf-8", "replace")


def merged(text: str) -> list[int]:
    """Return the canonical ids: merges where they apply, bytes elsewhere."""
    return [i for piece in SPLIT.findall(text) for i in _piece(piece)]


def _piece(piece: str) -> list[int]:
    return [258 + MERGES.index(piece)] if piece in MERGES else spelt(piece)


def spelt(text: str) -> list[int]:
    """Return ids that decode to the text and are not how it would be encoded: byte by byte."""
    return [byte + 2 for byte in text.encode("utf-8", "surrogatepass")]


class Script:
    """A sampler that says what it is told, byte by byte, and remembers what it was asked."""

    def __init__(self, *texts: str, context: int = 100_000, cut: Sequence[int] = ()) -> None:
        self.texts = list(texts)
        self.cut = cut
        self.context = context
        self.prompts: list[tuple[int, ...]] = []

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        number = len(self.prompts)
        self.prompts.append(tuple(prompt_ids))
        ids = spelt(self.texts[min(number, len(self.texts) - 1)])
        stop = "length" if number in self.cut else "end"
        if stop == "end":
            ids.append(min(stop_ids))
        logprobs = tuple(-0.25 - n / 1000 for n in range(len(ids)))
        return Completion.model_validate({"ids": tuple(ids), "logprobs": logprobs, "stop": stop})
