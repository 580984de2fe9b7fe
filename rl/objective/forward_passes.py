"""Extra forward passes: hidden states, top-k tokens and teacher scores, computed once per round.

Hidden states are recorded during forward passes that a round makes anyway
(:meth:`ForwardPasses.recording`) if they fit in :data:`KEPT` bytes: always those of the policy,
and those of the reference where a KL penalty already evaluates it. Tensors computed from recorded
hidden states need no further forward pass, and logits are computed for the model's own tokens only.
A reference that nothing else evaluates, and a teacher, cost one forward pass each.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from rl.objective.slots import Batch, Need, TopK
from rl.rollouts.rollout import Rollout

LIKELIEST = 16
"""Number of tokens K kept of each distribution for the Wasserstein-proximal term."""
POSITIONS = 512
"""Number of positions whose logits are in memory at once."""
ROWS = 16
"""Number of rollouts read in one forward pass."""
KEPT = 1 << 30
"""Most bytes of hidden states recorded per model and round; above it, a forward pass is repeated.
"""
READ: frozenset[Need] = frozenset({"hidden", "certainty", "top_k"})
"""Needs that are computed from the policy's hidden states."""

Teach = Callable[[Sequence[Rollout], Batch, Mapping[str, Any]], Tensor]
"""Returns the teacher's log-probs of the sampled tokens ``(N, T)``, NaN where it has none."""
Reduce = Callable[[Tensor, Tensor], Tensor]
"""Maps logits ``(P, V)`` and their logsumexp ``(P, 1)`` to one value, or C values, per position."""


@dataclass
class ForwardPasses:
    """Computes the tensors that slots need beyond log-probs and entropies.

    Where a slot compares with the initial model, a frozen copy of it is held, unless the trainer
    already holds one. Where an adapter is trained, only its initial weights are held, which are
    those of the warm start if there was one, and put back for the reference's forward passes.
    """

    needs: frozenset[Need]
    teach: Teach | None = None
    _reference: Any = None
    _initial: Mapping[str, Tensor] = field(default_factory=dict)
    _embeddings_V_D: Tensor | None = None
    _recorded: dict[int, list[Tensor]] = field(default_factory=dict)

    def open(self, trainer: Any) -> None:
        """Copy the initial model where it is needed. Call it before a checkpoint is loaded."""
        if "top_k" not in self.needs:
            return
        model = trainer.accelerator.unwrap_model(trainer.model)
        table = model.get_input_embeddings().weight.detach()
        self._embeddings_V_D = torch.nn.functional.normalize(table.float(), dim=-1)
        if trainer.ref_model is not None:
            self._reference = trainer.accelerator.unwrap_model(trainer.ref_model)
        elif hasattr(model, "disable_adapter"):
            trained = ((name, p) for name, p in model.named_parameters() if p.requires_grad)
            self._initial = {name: p.detach().clone() for name, p in trained}
        else:
            self._reference = copy.deepcopy(model).requires_grad_(False).eval()

    @contextmanager
    def recording(self, model: Any, length: int) -> Iterator[None]:
        """Record the hidden states of forward passes made inside the context, for :meth:`complete`.

        Args:
            model: the policy or the reference, unwrapped.
            length: number of completion tokens T.
        """
        recorded = self._recorded[id(model)] = []
        if not self.needs & READ:
            yield
            return

        def keep(_module: Any, _inputs: Any, found: Any) -> None:
            recorded.append(found.last_hidden_state[:, -length - 1 : -1].clone())
            if sum(one.nbytes for one in recorded) > KEPT:
                recorded.clear()

        hook = _whole(model).base_model.register_forward_hook(keep)
        try:
            yield
        finally:
            hook.remove()

    def complete(
        self, trainer: Any, batch: Batch, rollouts: Sequence[Rollout], out: Mapping[str, Any]
    ) -> Batch:
        """Return the batch with the tensors that the slots need.

        Args:
            trainer: the trainer, whose model is evaluated.
            batch: the batch so far.
            rollouts: the rollouts of the batch, in its order.
            out: TRL's tensors of the round (``prompt_ids``, ``completion_ids`` and their masks).
        """
        model = trainer.accelerator.unwrap_model(trainer.model)
        rows = min(ROWS, trainer.args.per_device_train_batch_size)
        wanted = batch.mask_N_T > 0
        read = _Reader(model, out, wanted, rows, trainer.temperature, self._of(model, wanted))
        with torch.no_grad():
            batch = self._completed(read, batch, rollouts, out)
        self._recorded.clear()
        return batch

    def _of(self, model: Any, wanted_N_T: Tensor) -> Sequence[Tensor]:
        """Return the recorded hidden states of a model; empty unless all rows were recorded."""
        recorded = self._recorded.get(id(model), [])
        return recorded if sum(map(len, recorded)) == len(wanted_N_T) else ()

    def _completed(
        self, read: _Reader, batch: Batch, rollouts: Sequence[Rollout], out: Mapping[str, Any]
    ) -> Batch:
        if "hidden" in self.needs:
            batch = replace(batch, hidden_chunks=read.hidden)
        wanted = {name: READS[name] for name in READS if name in self.needs}
        if wanted:
            found = read.each(list(wanted.values()))
            own = dict(zip(wanted, found, strict=True))
            batch = replace(batch, certainty_N_T=own.get("certainty"))
            if "top_k" in own:
                batch = replace(batch, top_k=self._top_k(read, own["top_k"]))
        if "teacher_logps" in self.needs and self.teach is not None:
            batch = replace(batch, teacher_logps_N_T=self.teach(rollouts, batch, out))
        return batch

    def _top_k(self, read: _Reader, own_N_T_2K: Tensor) -> TopK:
        assert self._embeddings_V_D is not None
        model = read.model if self._reference is None else self._reference
        recorded = self._of(model, read.wanted) if self._reference is not None else ()
        with _holding(model, self._initial):
            (ref_N_T_2K,) = replace(read, model=model, recorded=recorded).each([_likeliest])
        return TopK(*_apart(own_N_T_2K), *_apart(ref_N_T_2K), self._embeddings_V_D)


@dataclass(frozen=True)
class _Reader:
    """Reads a model's distributions at the positions that predict each completion token.

    ``wanted`` ``(N, T)`` selects the tokens; ``recorded`` are recorded hidden states ``(n, T, D)``,
    rows in order, empty where none were recorded.
    """

    model: Any
    out: Mapping[str, Any]
    wanted: Tensor
    rows: int
    temperature: float
    recorded: Sequence[Tensor] = ()

    def hidden(self) -> Iterator[tuple[slice, Tensor]]:
        """Yield ``(rows, hidden)``, ``hidden`` of shape ``(n, T, D)``."""
        if not self.recorded:
            yield from self._read()
            return
        first = 0
        for part in self.recorded:
            yield slice(first, first + len(part)), part
            first += len(part)

    def _read(self) -> Iterator[tuple[slice, Tensor]]:
        """Yield hidden states of :data:`ROWS` rollouts at a time, by new forward passes."""
        ids = torch.cat([self.out["prompt_ids"], self.out["completion_ids"]], dim=1)
        attention = torch.cat([self.out["prompt_mask"], self.out["completion_mask"]], dim=1)
        length = self.out["completion_ids"].size(1)
        for first in range(0, len(ids), self.rows):
            part = slice(first, first + self.rows)
            unused = int((attention[part].flip(1).cumsum(dim=1) == 0).all(dim=0).sum())
            seen = slice(0, ids.size(1) - unused)
            with torch.no_grad():
                found = _whole(self.model).base_model(
                    input_ids=ids[part, seen], attention_mask=attention[part, seen], use_cache=False
                )
            hidden = found.last_hidden_state[:, -(length - unused) - 1 : -1]
            yield part, torch.nn.functional.pad(hidden, (0, 0, 0, unused))

    def each(self, reduces: Sequence[Reduce]) -> list[Tensor]:
        """Apply each function to the logits at the wanted positions.

        Returns ``(N, T)`` or ``(N, T, C)`` for each function, 0 at positions that are not wanted.
        """
        head = _whole(self.model).get_output_embeddings()
        parts: list[list[Tensor]] = [[] for _ in reduces]
        for rows, hidden in self.hidden():
            for span in hidden[self.wanted[rows]].split(POSITIONS):
                logits = head(span).float() / self.temperature
                total = logits.logsumexp(-1, keepdim=True)
                for found, reduce in zip(parts, reduces, strict=True):
                    found.append(reduce(logits, total))
        return [self._spread(found) for found in parts]

    def _spread(self, parts: Sequence[Tensor]) -> Tensor:
        found = torch.cat(list(parts))
        spread = found.new_zeros(*self.wanted.shape, *found.shape[1:])
        spread[self.wanted] = found
        return spread


@contextmanager
def _holding(model: Any, weights: Mapping[str, Tensor]) -> Iterator[None]:
    """Give a model other weights inside the context; no gradient may be taken there."""
    held = {name: p for name, p in model.named_parameters() if name in weights}
    present = {name: p.data for name, p in held.items()}
    for name, parameter in held.items():
        parameter.data = weights[name].to(parameter.device)
    try:
        yield
    finally:
        for name, parameter in held.items():
            parameter.data = present[name]


def _whole(model: Any) -> Any:
    """Return the model with its output layer, without the ``peft`` wrapper."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _certainty(logits_P_V: Tensor, total_P_1: Tensor) -> Tensor:
    """Return KL(uniform || policy) of each position, in nats."""
    return total_P_1.squeeze(-1) - math.log(logits_P_V.size(-1)) - logits_P_V.mean(-1)


def _likeliest(logits_P_V: Tensor, total_P_1: Tensor) -> Tensor:
    """Return ids and log-probs of the top-k tokens, concatenated; float64 holds ids exactly."""
    found = logits_P_V.topk(min(LIKELIEST, logits_P_V.size(-1)), dim=-1)
    return torch.cat([found.indices.double(), (found.values - total_P_1).double()], dim=-1)


def _apart(side_by_side_N_T_2K: Tensor) -> tuple[Tensor, Tensor]:
    """Split concatenated ids and log-probs into two tensors ``(N, T, K)``."""
    ids, logps = side_by_side_N_T_2K.chunk(2, dim=-1)
    return ids.long(), logps.float()


READS: Mapping[Need, Reduce] = {"certainty": _certainty, "top_k": _likeliest}
"""Function that computes each need from the policy's logits."""
