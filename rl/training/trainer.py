"""A subclass of TRL's GRPOTrainer that uses the slots of the objective.

TRL generates (through ``rollout_func``, which runs our graph), pads, computes the loss and makes
the optimiser steps. This class converts the rollouts' tensors to a
:class:`~rl.objective.slots.Batch`, replaces TRL's advantages and clip epsilons by the objective's,
and adds the regularisers to the loss. With every slot at its default the parameters equal those of
TRL's own trainer bit for bit.

A *round* generates once and trains on the result for ``epochs`` x ``minibatches`` steps.
Checkpoints are written between rounds only, so no partly used round has to be saved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor
from trl import GRPOTrainer

from rl.objective.compose import Objective, ShapedAdvantages, bounds, penalty, shape
from rl.objective.forward_passes import ForwardPasses
from rl.objective.slots import Batch
from rl.rewards.outcome import Outcome
from rl.rollouts.rollout import Rollout
from rl.run.checkpoints import Seal, TrainingFault
from rl.training.atomic_checkpoints import AtomicCheckpoints

OutcomeOf = Callable[[Rollout], tuple[Outcome, str | None]]
"""Returns the outcome of a rollout, and the key of its answer (``None``: unparseable)."""

Observe = Callable[["PolicyTrainer", Sequence[Rollout], ShapedAdvantages], Mapping[str, float]]
"""Callback before each round is trained on; returns metrics to log."""


class PolicyTrainer(AtomicCheckpoints, GRPOTrainer):  # type: ignore[misc]
    """A GRPOTrainer with the advantages, clip and regularisers of a recipe.

    Args:
        objective: the methods, by slot.
        judge: returns the outcome and answer key of a rollout.
        observe: called with each round; returns metrics.
        seal: completes a checkpoint.
        passes: computes tensors that need extra forward passes.
        max_gap: greatest mean log-prob difference of sampler and trainer, in nats per token.
        keep: number of checkpoints kept.
        trl: arguments of GRPOTrainer; its ``rollout_func`` returns a column ``rollout``.
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        objective: Objective,
        judge: OutcomeOf,
        observe: Observe = lambda _trainer, _rollouts, _shaped: {},
        seal: Seal = lambda _folder: None,
        passes: ForwardPasses | None = None,
        max_gap: float = float("inf"),
        keep: int = 2,
        **trl: Any,
    ) -> None:
        self._objective, self._judge, self._observe, self._seal = objective, judge, observe, seal
        self._max_gap, self._keep = max_gap, keep
        self._live: tuple[Tensor, Tensor] | None = None
        self._scored: list[tuple[Tensor, Tensor | None]] = []
        self._rewards: Tensor | None = None
        self.epsilon_low: float | Tensor
        self.epsilon_high: float | Tensor
        super().__init__(**trl)
        self._passes = passes or ForwardPasses(objective.needs)
        self._passes.open(self)

    # -- a round: rollouts become advantages --

    def _calculate_rewards(self, *args: Any, **kwargs: Any) -> Tensor:
        rewards: Tensor = super()._calculate_rewards(*args, **kwargs)
        self._rewards = rewards.detach().clone()
        return rewards

    def _get_per_token_logps_and_entropies(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep the tensors of the loss and those computed once for a round."""
        if torch.is_grad_enabled():
            found = super()._get_per_token_logps_and_entropies(model, *args, **kwargs)
            self._live = found[:2]
            return found
        if model is self.model and "entropies" in self._objective.needs:
            kwargs["compute_entropy"] = True
        with self._overhearing(model, *args):
            found = super()._get_per_token_logps_and_entropies(model, *args, **kwargs)
        self._scored.append(found[:2])
        return found

    def _overhearing(
        self, model: Any, _ids: Tensor, _attention: Tensor, length: int, *_: Any
    ) -> AbstractContextManager[None]:
        """Record a round's first forward pass (the rollout policy's) and the reference's."""
        if model is self.ref_model or (model is self.model and not self._scored):
            return self._passes.recording(self.accelerator.unwrap_model(model), length)
        return nullcontext()

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._scored.clear()
        out: dict[str, Any] = super()._generate_and_score_completions(inputs)
        rollouts = [row["rollout"] for row in inputs]
        shaped = shape(self._objective, self._batch(rollouts, out), self._estimate)
        out["advantages"] = shaped.advantages_N_T
        out["own"] = shaped.batch.own_N
        for number, selected in enumerate(shaped.selected_R_N_T):
            out[f"selected_{number}"] = selected
        advantages = shaped.advantages_N
        noted = {
            "advantage/abs_mean": advantages.abs().mean().item(),
            "advantage/std": advantages.std().item(),
            **self._observe(self, rollouts, shaped),
        }
        for name, value in noted.items():
            self._metrics["train"][name].append(value)
        return out

    def _estimate(self, batch: Batch) -> Tensor:
        """Return the advantages, computed over the rollouts of all processes."""
        if self.accelerator.num_processes == 1:
            return self._objective.advantage.estimate(batch)
        first = self.accelerator.process_index * len(batch.own_N)
        whole = self._objective.advantage.estimate(everywhere(batch, self.accelerator))
        return whole[first : first + len(batch.own_N)]

    def _batch(self, rollouts: Sequence[Rollout], out: Mapping[str, Any]) -> Batch:
        assert self._rewards is not None
        device, rows = self.accelerator.device, len(rollouts)
        first = self.accelerator.process_index * rows
        judged = [self._judge(rollout) for rollout in rollouts]
        keys = answer_numbers([key for _, key in judged], self.num_generations)
        old, entropies = self._rollout_policy(out)
        batch = Batch(
            group_size=self.num_generations,
            channels=tuple(self.reward_func_names),
            channel_weights_F=self.reward_weights.to(device),
            rewards_N_F=self._rewards[first : first + rows],
            completion_ids_N_T=out["completion_ids"],
            mask_N_T=_mask(out).to(self._rewards.dtype),
            outcomes_N=torch.tensor([int(label) for label, _ in judged], device=device),
            answer_keys_N=torch.tensor(keys, device=device),
            own_N=torch.tensor([rollout.own for rollout in rollouts], device=device),
            coefficients_N=torch.tensor([_coefficient(one) for one in rollouts], device=device),
            sampling_logps_N_T=_sampling_logps(out),
            old_logps_N_T=old,
            entropies_N_T=entropies,
            generator=self._chance("shape", device),
        )
        return self._passes.complete(self, batch, rollouts, out)

    def _rollout_policy(self, out: Mapping[str, Any]) -> tuple[Tensor | None, Tensor | None]:
        """Return log-probs and entropies under the policy at the start of the round.

        TRL computes the log-probs only where the ratio can differ from 1.
        """
        if "old_per_token_logps" in out:
            return self._scored[0]
        if not self._objective.needs:
            return None, None
        ids = torch.cat([out["prompt_ids"], out["completion_ids"]], dim=1)
        attention = torch.cat([out["prompt_mask"], out["completion_mask"]], dim=1)
        size, rows = out["completion_ids"].size(1), self.args.per_device_train_batch_size
        self._scored.clear()  # what was scored so far is the reference's
        with torch.no_grad():
            found: tuple[Tensor, Tensor | None, Any] = self._get_per_token_logps_and_entropies(
                self.model, ids, attention, size, batch_size=rows
            )
        return found[:2]

    # -- a forward pass: clip, regularisers and checks --

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Tensor:
        low, high = self.args.epsilon, self.args.epsilon_high or self.args.epsilon
        count = len(self._objective.regularisers)
        selected = [inputs[f"selected_{number}"] for number in range(count)]
        like = inputs["advantages"]
        chance = self._chance("clip", like.device)
        try:
            self.epsilon_low, self.epsilon_high = bounds(
                self._objective.clip, low, high, selected, like, chance
            )
            loss: Tensor = super()._compute_loss(model, inputs)
        finally:
            self.epsilon_low, self.epsilon_high = low, high
        assert self._live is not None
        logps, _ = self._live
        if selected:
            old = inputs.get("old_per_token_logps", logps.detach())
            terms = penalty(self._objective.regularisers, logps, old, selected)
            loss = loss + self._averaged(terms, inputs)
        self._check_gap(logps.detach(), inputs)
        self._live = None
        if not bool(torch.isfinite(loss)):
            raise TrainingFault(f"The loss of step {self._next_step} is not a finite number.")
        return loss

    def _averaged(self, terms_N_T: Tensor, inputs: Mapping[str, Any]) -> Tensor:
        """Return the average of token values, weighted as TRL averages its loss."""
        mask = _mask(inputs)
        terms, accumulated = terms_N_T * mask, self.current_gradient_accumulation_steps
        if self.loss_type == "dapo":
            tokens = inputs["num_items_in_batch"].clamp(min=1.0) / self.accelerator.num_processes
            return terms.sum() / (tokens * accumulated / self.args.steps_per_generation)
        if self.loss_type == "grpo":
            return (terms.sum(-1) / mask.sum(-1).clamp(min=1.0)).mean() / accumulated
        if self.loss_type == "dr_grpo":
            return terms.sum() / (len(terms) * self.max_completion_length) / accumulated
        return terms.sum() / mask.sum().clamp(min=1.0) / accumulated

    def _check_gap(self, logps_N_T: Tensor, inputs: Mapping[str, Any]) -> None:
        """Compare the sampler's log-probs with the trainer's, before the round's first step.

        They differ if ids, mask or weights are wrong: a turn was tokenised again, the mask is
        shifted, or the sampler did not receive new weights. The sampler must report a log-prob for
        every token of the policy, since nothing else shows such a fault.
        """
        sampled = inputs.get("sampling_per_token_logps")
        if sampled is None or self._place_in_round >= self.current_gradient_accumulation_steps:
            return
        counted = _mask(inputs).bool() & inputs["own"].unsqueeze(1)
        if not bool(counted.any()):
            return
        if unknown := int((counted & torch.isnan(sampled)).sum()):
            raise TrainingFault(
                f"The sampler reported NaN as the log-prob of {unknown} of {int(counted.sum())}"
                f" tokens sampled before step {self._next_step}: they cannot be compared with the"
                " trainer's."
            )
        gap = (logps_N_T - sampled).abs()[counted].mean().item()
        self._metrics["train"]["sampling/gap"].append(gap)
        if gap > self._max_gap:
            raise TrainingFault(
                f"Sampler and trainer differ by {gap:.2f} nats per token on what was sampled before"
                f" step {self._next_step} (at most {self._max_gap:g}): weights, ids or mask are"
                " wrong."
            )

    def _clip_grad_norm(self, model: Any) -> Any:
        norm = super()._clip_grad_norm(model)
        if norm is not None and not bool(torch.isfinite(torch.as_tensor(norm))):
            raise TrainingFault(f"The gradient of step {self._next_step} is not a finite number.")
        return norm

    @property
    def _next_step(self) -> int:
        return int(self.state.global_step) + 1

    @property
    def _place_in_round(self) -> int:
        return int(self._step % (self.args.steps_per_generation * self.num_iterations))

    def _chance(self, purpose: str, device: Any) -> torch.Generator:
        """Return the random generator of a forward pass; the same each time it is repeated."""
        place = (purpose, self.args.seed, self.state.global_step, self._place_in_round)
        told = repr((*place, self.accelerator.process_index)).encode()
        seed = int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), "big") >> 1
        return torch.Generator(device=device).manual_seed(seed)


def everywhere(batch: Batch, accelerator: Any) -> Batch:
    """Return the batch of all processes, in rank order; every process must call it.

    Hidden states and top-k tokens are left out.
    """
    whole: dict[str, Any] = {"hidden_chunks": None, "top_k": None}
    for one in fields(batch):
        value = getattr(batch, one.name)
        if isinstance(value, Tensor) and one.name != "channel_weights_F":
            wide = accelerator.pad_across_processes(value, dim=1) if value.dim() > 1 else value
            whole[one.name] = accelerator.gather(wide)
    return replace(batch, **whole)


def answer_numbers(keys: Sequence[str | None], group_size: int) -> list[int]:
    """Return a number for each distinct answer of a group; -1 where there is none."""
    numbers: list[int] = []
    for first in range(0, len(keys), group_size):
        seen: dict[str, int] = {}
        for key in keys[first : first + group_size]:
            numbers.append(-1 if key is None else seen.setdefault(key, len(seen)))
    return numbers


def _coefficient(rollout: Rollout) -> float:
    return 1.0 if rollout.scores is None else rollout.scores.coefficient


def _mask(tensors: Mapping[str, Any]) -> Tensor:
    mask: Tensor = tensors["completion_mask"]
    return mask * tensors["tool_mask"] if "tool_mask" in tensors else mask


def _sampling_logps(out: Mapping[str, Any]) -> Tensor | None:
    found: Tensor | None = out.get("sampling_per_token_logps")
    return found
