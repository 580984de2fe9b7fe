"""Batched sampling from a model in this process, through ``transformers``.

Prompts are padded on the left; prompts of very different lengths go into separate batches. Tokens
are drawn by inverting the cumulative distribution at a random number from the request's own seed,
so the result of one prompt does not depend on the others (except for rounding, which may differ
between batch shapes in the last digit). The weights are the trainer's own, so nothing is
synchronised.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any

from agent.models.catalogue import ModelError
from agent.models.sampling import Completion, Sampling
from agent.policy import PolicyError
from rl.rollouts.samplers import SamplingRequest, sample_one
from rl.rollouts.samplers.eval_mode import eval_mode

try:
    import torch
    from transformers import DynamicCache
except ImportError as missing:
    raise ModelError(f"{missing.name} is not installed: pip install 'inforce[train]'.") from missing

_UNEVEN = 2
"""Greatest ratio of two prompt lengths in one batch."""


class BatchedSampler:
    """Samples token by token from a causal language model, many prompts at a time.

    Args:
        model: a causal language model of ``transformers``, possibly wrapped by ``peft``. It is in
            evaluation mode while it samples, and is then restored.
        batch_size: most prompts in one batch.
    """

    def __init__(self, model: Any, batch_size: int = 64) -> None:
        self.model = model
        self._batch_size = batch_size
        self._lock = Lock()

    @property
    def context(self) -> int:
        """Return the context length: tokens of prompt and completion together."""
        return int(self.model.config.max_position_embeddings)

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        """Continue one prompt until a stop id or the token limit.

        Raises:
            PolicyError: out of memory.
        """
        return sample_one(self, SamplingRequest(tuple(prompt_ids), sampling, stop_ids))

    def sample_many(self, requests: Sequence[SamplingRequest]) -> list[Completion | PolicyError]:
        """Continue each prompt; results keep their order, running out of memory gives an error."""
        answers: dict[int, Completion | PolicyError] = {}
        with self._lock, torch.inference_mode(), eval_mode(self.model):
            for batch in batches(
                [len(request.prompt_ids) for request in requests], self._batch_size
            ):
                asked = [requests[n] for n in batch]
                try:
                    answers |= zip(batch, _Batch(self.model, asked).run(), strict=True)
                except torch.OutOfMemoryError:
                    longest = max(len(request.prompt_ids) for request in asked)
                    words = f"Memory ran out on {len(batch)} prompts of up to {longest} tokens."
                    answers |= dict.fromkeys(batch, PolicyError(words))
        return [answers[n] for n in range(len(requests))]


def batches(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Yield batches of prompt indices, so that similar lengths go together; each index once."""
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda n: -lengths[n]):
        full = len(batch) == batch_size
        if batch and (full or _UNEVEN * lengths[number] < lengths[batch[0]]):
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


class _Batch:
    """A batch being sampled; finished rows are removed once they are half of it."""

    def __init__(self, model: Any, requests: Sequence[SamplingRequest]) -> None:
        self._model, self._requests = model, requests
        self._rows = list(range(len(requests)))
        self._ids: list[list[int]] = [[] for _ in requests]
        self._logprobs: list[list[float]] = [[] for _ in requests]
        self._ended: list[str | None] = [None for _ in requests]
        self._cache = DynamicCache(config=model.config)
        self._draws = _Draws(requests, model.device)

    def run(self) -> list[Completion]:
        """Sample until every row has ended."""
        ids_N_P, mask_N_P = self._padded()
        positions_N_P = (mask_N_P.cumsum(-1) - 1).clamp(min=0)
        while True:
            out = self._model(
                input_ids=ids_N_P,
                attention_mask=mask_N_P,
                position_ids=positions_N_P,
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=1,
            )
            tokens_N = self._take(out.logits[:, -1].float())
            if not self._rows:
                return [self._completion(n) for n in range(len(self._requests))]
            kept = self._kept()
            mask_N_P = torch.cat((mask_N_P[kept], mask_N_P.new_ones((len(kept), 1))), dim=1)
            ids_N_P = tokens_N[kept][:, None]
            positions_N_P = positions_N_P[kept][:, -1:] + 1

    def _padded(self) -> tuple[Any, Any]:
        prompts = [request.prompt_ids for request in self._requests]
        ids_N_P = torch.zeros((len(prompts), max(map(len, prompts))), dtype=torch.long)
        mask_N_P = torch.zeros_like(ids_N_P)
        for n, prompt in enumerate(prompts):
            ids_N_P[n, -len(prompt) :] = torch.tensor(prompt)
            mask_N_P[n, -len(prompt) :] = 1
        return ids_N_P.to(self._model.device), mask_N_P.to(self._model.device)

    def _take(self, logits_N_V: Any) -> Any:
        """Draw one token for every row, record it, and return the tokens, shape (N,)."""
        tokens_N, logprobs_N = self._draws.draw(logits_N_V)
        for n, token, logprob in zip(
            self._rows, tokens_N.tolist(), logprobs_N.tolist(), strict=True
        ):
            if self._ended[n] is None:
                self._ids[n].append(token)
                self._logprobs[n].append(logprob)
                request = self._requests[n]
                if token in request.stop_ids:
                    self._ended[n] = "end"
                elif len(self._ids[n]) == request.sampling.max_tokens:
                    self._ended[n] = "length"
        if all(self._ended):
            self._rows = []
        return tokens_N

    def _kept(self) -> list[int]:
        """Return the indices of the rows to keep; finished rows go once there are many."""
        open_rows = [at for at, n in enumerate(self._rows) if self._ended[n] is None]
        if 2 * len(open_rows) > len(self._rows):
            return list(range(len(self._rows)))
        kept = torch.tensor(open_rows, device=self._model.device)
        self._cache.batch_select_indices(kept)
        self._draws.keep(kept)
        self._rows = [self._rows[at] for at in open_rows]
        return open_rows

    def _completion(self, n: int) -> Completion:
        stop = "end" if self._ended[n] == "end" else "length"
        return Completion.model_validate(
            {"ids": tuple(self._ids[n]), "logprobs": tuple(self._logprobs[n]), "stop": stop}
        )


class _Draws:
    """Sampling state of a batch: temperatures, top-p, and random numbers of shape (N, T)."""

    def __init__(self, requests: Sequence[SamplingRequest], device: Any) -> None:
        longest = max(request.sampling.max_tokens for request in requests)
        chances = [
            _chances(request.sampling.seed_for(request.prompt_ids), longest) for request in requests
        ]
        self._chances_N_T = torch.tensor(chances, dtype=torch.float64, device=device)
        settings = [(request.sampling.temperature, request.sampling.top_p) for request in requests]
        self._temperatures_N, self._top_p_N = torch.tensor(settings, device=device).unbind(-1)
        self._step = 0

    def keep(self, rows: Any) -> None:
        """Keep only these rows."""
        self._chances_N_T = self._chances_N_T[rows]
        self._temperatures_N, self._top_p_N = self._temperatures_N[rows], self._top_p_N[rows]

    def draw(self, logits_N_V: Any) -> tuple[Any, Any]:
        """Return tokens and their log-probs under the sampling distribution, each (N,)."""
        greedy_N = self._temperatures_N == 0
        heat_N = torch.where(greedy_N, torch.ones_like(self._temperatures_N), self._temperatures_N)
        logprobs_N_V = torch.log_softmax(logits_N_V / heat_N[:, None], dim=-1)
        if bool((self._top_p_N < 1).any()):
            logprobs_N_V = nucleus(logprobs_N_V, self._top_p_N.masked_fill(greedy_N, 1.0))
        tokens_N = logprobs_N_V.argmax(-1)
        if not bool(greedy_N.all()):
            drawn_N = inverted(logprobs_N_V, self._chances_N_T[:, self._step])
            tokens_N = torch.where(greedy_N, tokens_N, drawn_N)
        self._step += 1
        return tokens_N, logprobs_N_V.gather(-1, tokens_N[:, None])[:, 0]


def inverted(logprobs_N_V: Any, chances_N: Any) -> Any:
    """Return the first tokens whose cumulative probability exceeds ``chances_N``, shape (N,)."""
    reached_N_V = logprobs_N_V.double().exp().cumsum(-1)
    wanted_N = chances_N * reached_N_V[:, -1]
    found_N = torch.searchsorted(reached_N_V, wanted_N[:, None], right=True)[:, 0]
    return found_N.clamp(max=logprobs_N_V.shape[-1] - 1)


def nucleus(logprobs_N_V: Any, top_p_N: Any) -> Any:
    """Keep of each row the top-p tokens, at least one; the others get log-prob -inf."""
    ordered_N_V, order_N_V = logprobs_N_V.sort(dim=-1, descending=True)
    before_N_V = ordered_N_V.exp().cumsum(-1) - ordered_N_V.exp()
    out_N_V = (before_N_V >= top_p_N[:, None]) & (top_p_N[:, None] < 1)
    out_N_V[:, 0] = False
    cut_N_V = torch.zeros_like(out_N_V).scatter(-1, order_N_V, out_N_V)
    return torch.log_softmax(logprobs_N_V.masked_fill(cut_N_V, -torch.inf), dim=-1)


def _chances(seed: int, count: int) -> list[float]:
    drawn = random.Random(seed)  # noqa: S311 - no secret
    return [drawn.random() for _ in range(count)]
