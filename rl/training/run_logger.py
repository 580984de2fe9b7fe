"""Run logger: writes rollouts and metrics to the journals of a run."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from accelerate.utils import gather_object
from transformers import TrainerCallback

from agent.tools.toolbox import SEARCH
from rl.objective.compose import ShapedAdvantages
from rl.rewards.claims import dated
from rl.rewards.outcome import Outcome
from rl.rewards.scored_trace import RolloutRecord, append_scored
from rl.rollouts.rollout import Rollout, record
from rl.run.checkpoints import SEAL
from rl.run.progress import ProgressWatcher
from rl.run.run_directory import Run
from rl.training.state_drift import StateDriftProbe, provenance, visited_states

if TYPE_CHECKING:
    from rl.training.trainer import PolicyTrainer

CLOCKED = frozenset({"step_time"})
"""Metrics of wall-clock time, which differ between two identical runs."""


class RunLogger(TrainerCallback):  # type: ignore[misc]
    """Writes the journals of a run; a ``TrainerCallback``.

    Args:
        run: the run directory.
        steps: optimiser steps of the whole run.
        steps_per_round: optimiser steps of one round.
        watch: receives the progress.
        probe: measures state-distribution drift every few rounds.
    """

    def __init__(
        self,
        run: Run,
        steps: int,
        steps_per_round: int,
        watch: ProgressWatcher,
        probe: StateDriftProbe | None = None,
    ) -> None:
        self._run, self._steps = run, steps
        self._per_round, self._watch, self._probe = steps_per_round, watch, probe

    def observe(
        self, trainer: PolicyTrainer, rollouts: Sequence[Rollout], shaped: ShapedAdvantages
    ) -> dict[str, float]:
        """Append a round's rollouts to the journal; return their metrics."""
        step = int(trainer.state.global_step)
        learnt = zip(rollouts, shaped.advantages_N.tolist(), strict=True)
        kept = gather_object([record(step, rollout, gained) for rollout, gained in learnt])
        if trainer.is_world_process_zero():
            append_scored(self._run.traces, kept)
        states = [visited_states(r.episode, own=r.own) for r in rollouts if r.episode is not None]
        noted = {**_counts(kept), **provenance(states)}
        if self._probe is not None and self._probe.due(step // self._per_round):
            model = trainer.accelerator.unwrap_model(trainer.model)
            noted |= self._probe.measure(model, states)
        return noted

    def seal(self, folder: Path) -> None:
        """Record the lengths of the journals in a checkpoint."""
        (folder / SEAL).write_text(json.dumps(self._run.stands()) + "\n", encoding="utf-8")

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Write a line of metrics for each optimiser step."""
        if "loss" not in logs or not state.is_world_process_zero:
            return
        metrics = {name: _number(value) for name, value in logs.items()}
        clocked = {name: metrics.pop(name) for name in CLOCKED & metrics.keys()}
        place = {"step": state.global_step, "round": (state.global_step - 1) // self._per_round}
        self._run.metrics.append([{**place, **metrics, "seconds": clocked}])
        self._watch.stepped(state.global_step, self._steps, metrics)


def journal_lengths(checkpoint: Path) -> dict[str, int]:
    """Return the lengths of the journals at a checkpoint, in bytes."""
    found: dict[str, int] = json.loads((checkpoint / SEAL).read_text(encoding="utf-8"))
    return found


def _counts(kept: Sequence[RolloutRecord]) -> dict[str, float]:
    """Return the metrics of a round: shares of outcomes, void and unscored rollouts, and means."""
    total = len(kept)
    found = Counter(one.outcome for one in kept)
    noted = {f"outcome/{label.name.lower()}": found[label] / total for label in Outcome}
    noted["void"] = sum(one.void is not None for one in kept) / total
    asked = sum(len(one.rewards) for one in kept if one.void is None)
    noted["unscored"] = sum(len(one.unscored) for one in kept) / max(asked, 1)
    traces = [one.trace for one in kept if one.trace is not None]
    if traces:
        calls = [[c.name for turn in trace.turns for c in turn.calls] for trace in traces]
        noted["searches"] = fmean(own.count(SEARCH) for own in calls)
        noted["calls"] = fmean(len(own) for own in calls)
        noted["turns"] = fmean(len(trace.turns) for trace in traces)
        days = [on for trace in traces if (on := dated(trace)) is not None]
        noted |= {"dated": fmean(days)} if days else {}
    return noted


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
