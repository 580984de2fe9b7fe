"""Teachers of on-policy distillation: another model, an endpoint, or the policy shown the law.

A teacher scores the token ids that the student wrote (:mod:`rl.objective.methods.opd`). Tokens
without a score are NaN and do not contribute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from agent.policies.endpoint import Endpoint
from agent.policy import PolicyError
from corpus.questions import Question
from rl.objective.methods.settings import OpdSettings
from rl.objective.slots import Batch
from rl.recipes.recipe import RecipeError
from rl.rollouts.rollout import Rollout

Teach = Callable[[Sequence[Rollout], Batch, Mapping[str, Any]], Tensor]
"""Returns log-probabilities of the sampled tokens ``(N, T)``."""

Shown = Callable[[Question], Sequence[int]]
"""Returns token ids to put before the student's prompt for the teacher; empty for none."""


def teacher(
    settings: OpdSettings, student: Any, text_of: Shown, rows: int = 8, temperature: float = 1.0
) -> Teach:
    """Return the teacher that a recipe names.

    Args:
        settings: settings of the method.
        student: the trained model, with attributes ``model`` and ``tokenizer``.
        text_of: returns the governing text of a question, as token ids of the student's tokenizer.
        rows: rollouts per forward pass.
        temperature: temperature of the student's distributions; the teacher uses the same.

    Raises:
        ModelError: there is no such model, or it is not prepared.
        RecipeError: its tokenizer is not the student's, or it cannot use this temperature.
    """
    shown = text_of if settings.shows_governing_text else _nothing
    if settings.teacher == "self":
        return ModelTeacher(student.model, shown, rows, temperature)
    if not settings.at_an_endpoint:
        opened = _opened(settings.teacher, student.tokenizer)
        return ModelTeacher(opened, shown, rows, temperature)
    if temperature != 1.0:
        raise RecipeError("A teacher behind an endpoint scores at temperature 1: set it to 1.")
    return EndpointTeacher(Endpoint(settings.teacher), str(settings.teacher_model), shown)


def _nothing(_: Question) -> Sequence[int]:
    return ()


def _opened(name: str, tokenizer: Any) -> Any:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from agent.models.catalogue import open_location

    location = open_location(name)
    if AutoTokenizer.from_pretrained(location).get_vocab() != tokenizer.get_vocab():
        raise RecipeError(
            f"{name} cannot be the teacher: its tokenizer differs from the model's, so it cannot"
            " score the model's tokens."
        )
    return AutoModelForCausalLM.from_pretrained(location).requires_grad_(False).eval()


@dataclass(frozen=True)
class ModelTeacher:
    """A teacher model in this process; ``model`` may be the student itself."""

    model: Any
    shown: Shown
    rows: int = 8
    temperature: float = 1.0

    def __call__(self, rollouts: Sequence[Rollout], batch: Batch, out: Mapping[str, Any]) -> Tensor:
        """Return the teacher's log-probabilities of the completion tokens, ``(N, T)``."""
        prefixes = [self.shown(rollout.question.with_answer()) for rollout in rollouts]
        device = batch.completion_ids_N_T.device
        self.model.to(device)
        parts = []
        for first in range(0, len(rollouts), self.rows):
            part = slice(first, first + self.rows)
            prompt, seen = prefixed(
                prefixes[part], out["prompt_ids"][part], out["prompt_mask"][part]
            )
            with torch.no_grad():
                parts.append(self._score(prompt, seen, out, part))
        return torch.cat(parts)

    def _score(self, prompt: Tensor, seen: Tensor, out: Mapping[str, Any], part: slice) -> Tensor:
        completion, written = out["completion_ids"][part], out["completion_mask"][part]
        ids = torch.cat([prompt, completion], dim=1)
        attention = torch.cat([seen, written], dim=1)
        places = (attention.cumsum(dim=1) - 1).clamp(min=0)
        found = self.model(
            input_ids=ids, attention_mask=attention, position_ids=places, use_cache=False
        )
        logits = found.logits[:, -completion.size(1) - 1 : -1].float()
        logps = (logits / self.temperature).log_softmax(-1)
        return logps.gather(2, completion.unsqueeze(2)).squeeze(2)


def prefixed(
    prefixes: Sequence[Sequence[int]], prompts: Tensor, masks: Tensor
) -> tuple[Tensor, Tensor]:
    """Return left-padded ids and mask with each prefix put before its prompt."""
    rows = [
        [*prefix, *prompt[mask > 0].tolist()]
        for prefix, prompt, mask in zip(prefixes, prompts, masks, strict=True)
    ]
    width = max(len(row) for row in rows)
    ids = [[0] * (width - len(row)) + row for row in rows]
    seen = [[0] * (width - len(row)) + [1] * len(row) for row in rows]
    return prompts.new_tensor(ids), masks.new_tensor(seen)


@dataclass(frozen=True)
class EndpointTeacher:
    """A teacher behind a vLLM endpoint, which scores a prompt's tokens (``prompt_logprobs``)."""

    endpoint: Endpoint
    model: str
    shown: Shown

    def __call__(self, rollouts: Sequence[Rollout], batch: Batch, out: Mapping[str, Any]) -> Tensor:
        """Return the teacher's log-probabilities ``(N, T)``, NaN where a token has none.

        Raises:
            PolicyError: the endpoint fails, or answers without log-probabilities.
        """
        scores = torch.full_like(batch.mask_N_T, torch.nan)
        for row, rollout in enumerate(rollouts):
            before = [
                *self.shown(rollout.question.with_answer()),
                *out["prompt_ids"][row][out["prompt_mask"][row] > 0].tolist(),
            ]
            written = out["completion_ids"][row][out["completion_mask"][row] > 0].tolist()
            found = self._scored(before + written)[len(before) :]
            scores[row, : len(found)] = scores.new_tensor(found)
        return scores

    def _scored(self, ids: list[int]) -> list[float]:
        body = {
            "model": self.model,
            "prompt": ids,
            "max_tokens": 1,
            "temperature": 0.0,
            "prompt_logprobs": 0,
        }
        answer = self.endpoint.call("/completions", body)
        try:
            places = answer["choices"][0]["prompt_logprobs"]
            return [
                torch.nan if place is None else float(place[str(token)]["logprob"])
                for token, place in zip(ids, places, strict=True)
            ]
        except (LookupError, TypeError, ValueError):
            raise PolicyError(
                f"{self.endpoint.url} answered without the log-probabilities of the prompt: a"
                " teacher behind an endpoint must be served by vLLM."
            ) from None
