"""The trainer's seams: equal to stock GRPO when idle, exact about tokens, masks and faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

from trl import GRPOTrainer  # noqa: E402

from rl.objective import Objective  # noqa: E402
from rl.outcome import Outcome  # noqa: E402
from rl.rollout import Rollout  # noqa: E402
from rl.trainer import PolicyTrainer, TrainingFault, answer_numbers  # noqa: E402
from tests.rl.conftest import Fake, trl_pieces  # noqa: E402


def judge(rollout: Rollout) -> tuple[Outcome, str | None]:
    return (Outcome.EXCLUDED if rollout.void else Outcome.WRONG), None


def ours(folder: Path, fake: Fake, objective: Objective | None = None, **more: Any) -> Any:
    own = {key: more.pop(key) for key in ("observe", "seal", "max_gap", "keep") if key in more}
    pieces = trl_pieces(folder, fake, **more)
    return PolicyTrainer(objective=objective or Objective(), judge=judge, **own, **pieces)


def parameters(trainer: Any) -> dict[str, Any]:
    return {name: p.detach().clone() for name, p in trainer.model.named_parameters()}


def most_different(one: Any, other: Any) -> float:
    ones, others = parameters(one), parameters(other)
    return max(float((ones[name] - others[name]).abs().max()) for name in ones)


@pytest.mark.parametrize("loss", ["dapo", "grpo", "bnpo", "dr_grpo"])
def test_idle_slots_equal_a_stock_trainer_to_the_last_bit(tmp_path: Path, loss: str) -> None:
    stock = GRPOTrainer(**trl_pieces(tmp_path, Fake(), loss_type=loss))
    stock.train()
    slotted = ours(tmp_path, Fake(), loss_type=loss)
    start = parameters(slotted)
    slotted.train()
    clipped = [row["clip_ratio/region_mean"] for row in slotted.state.log_history[:-1]]
    assert slotted.state.global_step == 6
    assert max(clipped) > 0.05
    assert any(not torch.equal(start[n], p) for n, p in parameters(slotted).items())
    assert most_different(stock, slotted) == 0.0
