"""Tensors beyond log-probs and entropies: made once per round, and only where a slot needs them.

The policy's hidden states come from the pass that a round makes anyway (:meth:`Passes.overhearing`)
where they fit in :data:`KEPT`; what is read off them costs no pass of its own. A reference's
distributions and a teacher's opinion do.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from rl.rollout import Rollout
from rl.slots import Batch, Need, TopK

LIKELIEST = 16
"""Tokens kept of a distribution for the Wasserstein-proximal term."""
POSITIONS = 128
"""Tokens whose logits are held at once."""
KEPT = 1 << 30
"""Bytes of a round's hidden states that are kept; where they are more, they are read anew."""
READ: frozenset[Need] = frozenset({"hidden", "certainty", "top_k"})
"""What is read off the policy's hidden states."""

Teach = Callable[[Sequence[Rollout], Batch, Mapping[str, Any]], Tensor]
"""Returns the teacher's log-probs of the sampled tokens ``(N, T)``, NaN where it has none."""


@dataclass
class Passes:
    """Makes what the slots of a run need beyond log-probs and entropies.

    Holds a frozen copy of the model that the run began with where a slot compares with it, unless
    the model trains an adapter: then switching that off is enough.
    """

    needs: frozenset[Need]
    teach: Teach | None = None
    _reference: Any = None
    _embeddings_V_D: Tensor | None = None
    _heard: list[Tensor] = field(default_factory=list)

    def open(self, trainer: Any) -> None:
        """Keep what the run began with. Called before any checkpoint is loaded."""
        if "top_k" not in self.needs:
            return
        model = trainer.accelerator.unwrap_model(trainer.model)
        table = model.get_input_embeddings().weight.detach()
        self._embeddings_V_D = torch.nn.functional.normalize(table.float(), dim=-1)
        if not hasattr(model, "disable_adapter"):
            self._reference = copy.deepcopy(model).requires_grad_(False).eval()

    @contextmanager
    def overhearing(self, model: Any, length: int) -> Iterator[None]:
        """Keep the hidden states of the passes made within, for :meth:`complete`.

        Args:
            model: the policy, unwrapped.
            length: T, of the completions.
        """
        self._heard.clear()
        if not self.needs & READ:
            yield
            return

        def keep(_module: Any, _inputs: Any, found: Any) -> None:
            self._heard.append(found.last_hidden_state[:, -length - 1 : -1].clone())
            if sum(one.nbytes for one in self._heard) > KEPT:
                self._heard.clear()

        hook = _whole(model).base_model.register_forward_hook(keep)
        try:
            yield
        finally:
            hook.remove()

    def complete(
        self, trainer: Any, batch: Batch, rollouts: Sequence[Rollout], out: Mapping[str, Any]
    ) -> Batch:
        """Return the batch with the tensors that are needed."""
        model = trainer.accelerator.unwrap_model(trainer.model)
        rows = trainer.args.per_device_train_batch_size
        heard = tuple(self._heard)
        self._heard.clear()
        if sum(map(len, heard)) != len(out["completion_ids"]):
            heard = ()
        read = _Reader(model, out, rows, trainer.temperature, heard)
        with torch.no_grad():
            return self._completed(read, batch, rollouts, out)

    def _completed(
        self, read: _Reader, batch: Batch, rollouts: Sequence[Rollout], out: Mapping[str, Any]
    ) -> Batch:
        if "hidden" in self.needs:
            batch = replace(batch, hidden_chunks=read.hidden)
        if "certainty" in self.needs:
            batch = replace(batch, certainty_N_T=read.each(_certainty))
        if "top_k" in self.needs:
            batch = replace(batch, top_k=self._top_k(read))
        if "teacher_logps" in self.needs and self.teach is not None:
            batch = replace(batch, teacher_logps_N_T=self.teach(rollouts, batch, out))
        return batch

    def _top_k(self, read: _Reader) -> TopK:
        assert self._embeddings_V_D is not None
        old_ids, old = read.pair(_likeliest)
        other = self._reference or read.model
        switched: AbstractContextManager[Any] = nullcontext()
        if self._reference is None:
            switched = read.model.disable_adapter()
        with switched:
            ref_ids, ref = replace(read, model=other, heard=()).pair(_likeliest)
        return TopK(old_ids, old, ref_ids, ref, self._embeddings_V_D)


@dataclass(frozen=True)
class _Reader:
    """Reads a model's distributions at the positions that predict each completion token.

    ``heard``: its hidden states ``(n, T, D)``, rows in order, where a pass left them.
    """

    model: Any
    out: Mapping[str, Any]
    rows: int
    temperature: float
    heard: tuple[Tensor, ...] = ()

    def hidden(self) -> Iterator[tuple[slice, Tensor]]:
        """Yield ``(rows, hidden)``, ``hidden`` of shape ``(n, T, D)``."""
        if not self.heard:
            yield from self._read()
            return
        first = 0
        for part in self.heard:
            yield slice(first, first + len(part)), part
            first += len(part)

    def _read(self) -> Iterator[tuple[slice, Tensor]]:
        ids = torch.cat([self.out["prompt_ids"], self.out["completion_ids"]], dim=1)
        attention = torch.cat([self.out["prompt_mask"], self.out["completion_mask"]], dim=1)
        length = self.out["completion_ids"].size(1)
        for first in range(0, len(ids), self.rows):
            part = slice(first, first + self.rows)
            with torch.no_grad():
                found = _whole(self.model).base_model(
                    input_ids=ids[part], attention_mask=attention[part], use_cache=False
                )
            yield part, found.last_hidden_state[:, -length - 1 : -1]

    def each(self, reduce: Callable[[Tensor], Tensor]) -> Tensor:
        """Return ``reduce`` of the log-probs ``(n, t, V)`` at every position."""
        head = _whole(self.model).get_output_embeddings()
        parts = []
        for _, hidden in self.hidden():
            spans = hidden.split(POSITIONS, dim=1)
            logps = ((head(span).float() / self.temperature).log_softmax(-1) for span in spans)
            parts.append(torch.cat([reduce(one) for one in logps], dim=1))
        return torch.cat(parts)

    def pair(self, reduce: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """Return the likeliest ids and their log-probs, each ``(N, T, K)``."""
        ids, logps = self.each(reduce).unbind(-1)
        return ids.long(), logps.float()


def _whole(model: Any) -> Any:
    """Return the model with its output layer, without what ``peft`` wraps around it."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _certainty(logps_n_t_V: Tensor) -> Tensor:
    """Return KL(uniform || policy), in nats."""
    return -math.log(logps_n_t_V.size(-1)) - logps_n_t_V.mean(-1)


def _likeliest(logps_n_t_V: Tensor) -> Tensor:
    """Return ids and log-probs of the likeliest tokens side by side, exact in float64."""
    found = logps_n_t_V.topk(min(LIKELIEST, logps_n_t_V.size(-1)), dim=-1)
    return torch.stack([found.indices.double(), found.values.double()], dim=-1)
