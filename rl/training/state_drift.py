"""State-distribution drift: which states the model is trained on (arXiv 2605.22731).

A *state* is a prefix: everything before a token that the model wrote. Training on states that the
model reaches itself keeps it close to the initial model; training on states reached by others (long
warm starts, old rollouts) correlates with forgetting. The metrics say where the states come from,
how likely they are under the base and the current policy, and the KL divergence between the two, on
the model's own states and on text unrelated to law.

The trainer holds one :class:`StateDriftProbe` and calls it every few rounds::

    probe = StateDriftProbe(reference, tuple(codec.words(text) for text in neutral_prompts()))
    ...
    seen = [
        visited_states(r.episode, own=r.own, age=age)
        for r in rollouts
        if r.episode is not None
    ]
    metrics |= provenance(seen)  # counts only: every round
    if probe.due(step):
        metrics |= probe.measure(unwrapped_model, seen)  # two forward passes per sequence

All values are floats under names that begin with ``states/``; a value that cannot be computed is
left out, never 0. No random number is drawn and no gradient computed, so a run with a probe has the
same parameters as one without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.models.token_sequence import TokenSequence
from rl.rollouts.samplers.eval_mode import eval_mode

if TYPE_CHECKING:
    from torch import Tensor


class VisitedState(NamedTuple):
    """A sequence that is trained on.

    ``mask`` is 1 for each id of ``ids`` that is trained on. ``own``: the current policy sampled it
    (:class:`rl.rollouts.rollout.Rollout`). ``age`` is the number of rounds since it was sampled,
    ``None`` for a demonstration.
    """

    ids: tuple[int, ...]
    mask: tuple[int, ...]
    own: bool
    age: int | None


def visited_states(
    episode: TokenSequence, *, own: bool = True, age: int | None = 0
) -> VisitedState:
    """Return the token sequence of a rollout as a sequence that is trained on."""
    prompt = episode.prompt_ids
    mask = (0,) * len(prompt) + episode.mask
    return VisitedState(prompt + episode.completion_ids, mask, own, age)


def neutral_prompts() -> tuple[str, ...]:
    """Return fixed texts unrelated to law, the same for every run."""
    text = (files(__package__) / "neutral_prompts.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def provenance(seen: Sequence[VisitedState]) -> dict[str, float]:
    """Return metrics of where the states come from; no model is needed.

    ``states/own_share`` is the share of states (tokens trained on) that the current policy reached,
    ``states/after_tool_share`` the share that come after a tool result, ``states/age_mean`` and
    ``states/age_max`` the age of the sequences in rounds.
    """
    states = sum(sum(sequence.mask) for sequence in seen)
    ages = [sequence.age for sequence in seen if sequence.age is not None]
    found: dict[str, float] = {"states/count": float(states)}
    if states:
        own = sum(sum(s.mask) for s in seen if s.own)
        found["states/own_share"] = own / states
        found["states/after_tool_share"] = sum(map(_after_tool, seen)) / states
    if ages:
        found |= {"states/age_mean": fmean(ages), "states/age_max": float(max(ages))}
    return found


def token_logps(logits_T_V: Tensor, ids_T: Tensor) -> Tensor:
    """Return the log-prob of each token but the first, given the tokens before: ``(T-1,)``."""
    logps = logits_T_V[:-1].float().log_softmax(dim=-1)
    return logps.gather(-1, ids_T[1:, None]).squeeze(-1)


def kl(policy_T_V: Tensor, base_T_V: Tensor) -> Tensor:
    """Return KL(policy || base) in nats at each position, from logits, over the whole vocabulary.

    Positions are processed in chunks, so no float32 tensor of size T x V is held.
    """
    import torch

    parts = []
    for policy, base in zip(policy_T_V.split(_STRETCH), base_T_V.split(_STRETCH), strict=True):
        p, q = policy.float().log_softmax(dim=-1), base.float().log_softmax(dim=-1)
        parts.append((p.exp() * (p - q)).nansum(dim=-1))
    return torch.cat(parts).clamp(min=0.0)


@dataclass(frozen=True)
class StateDriftProbe:
    """Measures likelihood of, and KL divergence on, the states that a model is trained on.

    Attributes:
        reference: the base, a frozen causal language model; ``None``: the policy has a LoRA
            adapter, and is the base with the adapter disabled.
        neutral_ids: token ids of the neutral texts.
        every: rounds between measurements; the first round is measured.
        sequences: number of sequences in a measurement, evenly spaced over those given.
        tokens: longer sequences are cut to this length.
    """

    reference: Any | None
    neutral_ids: tuple[Sequence[int], ...]
    every: int = 10
    sequences: int = 4
    tokens: int = 4096

    def due(self, step: int) -> bool:
        """Return whether a round, counted from 0, is measured."""
        return step % self.every == 0

    def measure(self, model: Any, seen: Sequence[VisitedState]) -> dict[str, float]:
        """Return likelihood and drift metrics of some of the sequences and of the neutral texts.

        ``states/nll_base`` and ``states/nll_policy`` are nats per token of the training prefixes
        (all tokens), ``states/written_nll_*`` of the tokens trained on alone;
        ``states/kl_base_own`` is KL(policy || base) per state that the policy itself reached,
        ``states/kl_base_neutral`` per token of the neutral texts.

        Args:
            model: the policy, unwrapped: what ``accelerator.unwrap_model`` returns.
            seen: the sequences of this round.

        Raises:
            ValueError: there is no reference, and the model has no adapter to disable.
        """
        chosen = _spread(seen, self.sequences)
        read = [self._compare(model, sequence) for sequence in chosen]
        own = [(row.kl, row.written) for row, s in zip(read, chosen, strict=True) if s.own]
        plain = [VisitedState(tuple(ids), (1,) * len(ids), False, None) for ids in self.neutral_ids]
        neutral = [(row.kl, row.written) for row in (self._compare(model, s) for s in plain)]
        found = {
            "states/nll_base": _mean([(-row.base, None) for row in read]),
            "states/nll_policy": _mean([(-row.policy, None) for row in read]),
            "states/written_nll_base": _mean([(-row.base, row.written) for row in read]),
            "states/written_nll_policy": _mean([(-row.policy, row.written) for row in read]),
            "states/kl_base_own": _mean(own),
            "states/kl_base_neutral": _mean(neutral),
            "states/measured": float(len(chosen)),
        }
        return {name: value for name, value in found.items() if value is not None}

    def _compare(self, model: Any, sequence: VisitedState) -> _Compared:
        import torch

        device = next(model.parameters()).device
        ids = torch.tensor(sequence.ids[: self.tokens], device=device)
        written = torch.tensor(sequence.mask[1 : self.tokens], dtype=torch.bool, device=device)
        with torch.no_grad(), eval_mode(model):
            policy = model(input_ids=ids[None]).logits[0]
            with _base(model, self.reference) as reference:
                base = reference(input_ids=ids[None]).logits[0]
            gap = kl(policy[:-1], base[:-1])
            return _Compared(token_logps(policy, ids), token_logps(base, ids), gap, written)


class _Compared(NamedTuple):
    """One sequence: log-probs under policy and base, their KL divergence, and the training mask."""

    policy: Tensor
    base: Tensor
    kl: Tensor
    written: Tensor


_STRETCH = 128  # positions


@contextmanager
def _base(model: Any, reference: Any | None) -> Iterator[Any]:
    if reference is not None:
        with eval_mode(reference):
            yield reference
    elif hasattr(model, "disable_adapter"):
        with model.disable_adapter():
            yield model
    else:
        raise ValueError("a model without an adapter needs a reference to be compared with")


def _mean(parts: Sequence[tuple[Tensor, Tensor | None]]) -> float | None:
    """Return the mean over the selected tokens of all sequences; ``None`` without any."""
    kept = [values if chosen is None else values[chosen] for values, chosen in parts]
    count = sum(values.numel() for values in kept)
    return sum(float(values.double().sum()) for values in kept) / count if count else None


def _spread(seen: Sequence[VisitedState], wanted: int) -> list[VisitedState]:
    """Return evenly spaced sequences, the same for the same batch."""
    long_enough = [sequence for sequence in seen if len(sequence.ids) > 1]
    if len(long_enough) <= wanted:
        return long_enough
    return [long_enough[n * len(long_enough) // wanted] for n in range(wanted)]


def _after_tool(sequence: VisitedState) -> int:
    """Return the number of states that come after a tool result."""
    first = sequence.mask.index(1) if 1 in sequence.mask else len(sequence.mask)
    shown = [n for n in range(first, len(sequence.mask)) if not sequence.mask[n]]
    return sum(sequence.mask[shown[0] :]) if shown else 0
