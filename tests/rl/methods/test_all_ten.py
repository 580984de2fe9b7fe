"""All methods at once on the real trainer: finite, resumable, and not much slower."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

from rl.objective.compose import Objective, build_objective  # noqa: E402
from rl.objective.forward_passes import ForwardPasses, _Reader  # noqa: E402
from rl.recipes.load import load_recipe  # noqa: E402
from rl.recipes.recipe import ObjectiveSettings  # noqa: E402
from rl.rewards.outcome import Outcome  # noqa: E402
from rl.rollouts.rollout import Rollout  # noqa: E402
from rl.training.trainer import PolicyTrainer  # noqa: E402
from tests.rl.conftest import Fake, trl_pieces  # noqa: E402

STEPS = 20


def judge(rollout: Rollout) -> tuple[Outcome, str | None]:
    """Some right, some wrong, some abstain; by the tokens alone."""
    total = sum(rollout.episode.completion_ids)
    return Outcome(total % 3), str(total % 4)


def partly_foreign(rollout: Rollout, place: int) -> Rollout:
    return rollout.model_copy(update={"own": place % 4 != 3})


def teach(rollouts: Any, batch: Any, out: Any) -> torch.Tensor:
    return batch.old_logps_N_T - 0.1


def all_ten() -> Objective:
    return build_objective(load_recipe("methods/all-ten").objective)


def trainer_of(folder: Path, steps: int = STEPS, **more: Any) -> PolicyTrainer:
    objective = all_ten()
    pieces = trl_pieces(
        folder, Fake(alter=partly_foreign), max_steps=steps, learning_rate=1e-3, **more
    )
    if "beta" in more:
        pieces["model"].save_pretrained(folder / "start")  # from which TRL opens its reference
        pieces["model"] = type(pieces["model"]).from_pretrained(folder / "start")
    return PolicyTrainer(
        objective=objective, judge=judge, passes=ForwardPasses(objective.needs, teach), **pieces
    )


def weights(trainer: PolicyTrainer) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])


def assert_same(one: torch.Tensor, other: torch.Tensor) -> None:
    """Two runs differ by rounding only; how much depends on the processor (up to 8e-6 seen)."""
    torch.testing.assert_close(one, other, rtol=0, atol=1e-4)


def test_all_methods_together_stay_finite_for_twenty_steps(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path)
    before = weights(trainer).clone()
    trainer.train()
    assert trainer.state.global_step == STEPS
    assert bool(torch.isfinite(weights(trainer)).all())
    assert float((weights(trainer) - before).abs().max()) > 0
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    assert len(losses) == STEPS
    assert all(loss == loss and abs(loss) < 1e6 for loss in losses)


def test_going_on_equals_going_straight(tmp_path: Path) -> None:
    saving = {"save_strategy": "steps", "save_steps": 6}
    straight = trainer_of(tmp_path / "a", 12, **saving)
    straight.train()
    trainer_of(tmp_path / "b", 6, **saving).train()
    again = trainer_of(tmp_path / "b", 12, **saving)
    again.train(resume_from_checkpoint=str(next((tmp_path / "b").glob("checkpoint-6"))))
    assert torch.equal(weights(straight), weights(again))


def test_what_is_overheard_is_what_a_pass_of_its_own_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hidden states that do not fit are read anew, and nothing else changes."""
    heard = trainer_of(tmp_path / "a", 6)
    heard.train()
    monkeypatch.setattr("rl.objective.forward_passes.KEPT", 0)
    read: list[Any] = []
    original = _Reader._read
    monkeypatch.setattr(_Reader, "_read", lambda self: read.append(self) or original(self))
    anew = trainer_of(tmp_path / "b", 6)
    anew.train()
    assert len(read) > 3
    assert_same(weights(heard), weights(anew))


def test_a_reference_that_a_kl_asks_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    original = _Reader._read
    monkeypatch.setattr(_Reader, "_read", lambda self: read.append(self) or original(self))
    held = trainer_of(tmp_path / "a", 6, beta=0.1)
    held.train()
    assert not read
    monkeypatch.setattr("rl.objective.forward_passes.KEPT", 0)
    anew = trainer_of(tmp_path / "b", 6, beta=0.1)
    anew.train()
    assert any(one.model is not anew.model for one in read)
    assert_same(weights(held), weights(anew))


def test_a_reference_pass_is_not_taken_for_the_policys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an adapter, a KL and no moving ratio, the round's first pass is the reference's."""
    peft = pytest.importorskip("peft", reason="needs the extra train")
    read_off = {"channels": ["certainty"], "additives": ["wpg"]}
    objective = build_objective(ObjectiveSettings.model_validate(read_off))
    found = []
    for kept in (1 << 30, 0):
        monkeypatch.setattr("rl.objective.forward_passes.KEPT", kept)
        once = {"num_iterations": 1, "beta": 0.1, "learning_rate": 0.1, "max_steps": 4}
        pieces = trl_pieces(tmp_path / str(kept), Fake(), **once)
        adapter = peft.LoraConfig(r=4, lora_alpha=8, target_modules="all-linear")
        torch.manual_seed(0)
        pieces["model"] = peft.get_peft_model(pieces["model"].double(), adapter)
        trainer = PolicyTrainer(objective=objective, judge=judge, **pieces)
        trainer.train()
        found.append(weights(trainer))
    assert_same(*found)


def test_the_reference_of_an_adapter_is_its_warm_start(tmp_path: Path) -> None:
    """The proximal term is 0 before the first step, as a KL to the same model is."""
    peft = pytest.importorskip("peft", reason="needs the extra train")
    objective = build_objective(ObjectiveSettings.model_validate({"additives": ["wpg"]}))
    passes, seen = ForwardPasses(objective.needs), []
    completed = passes.complete

    def watched(*given: Any) -> Any:
        batch = completed(*given)
        seen.append(batch.top_k)
        return batch

    passes.complete = watched  # type: ignore[method-assign]
    pieces = trl_pieces(tmp_path, Fake(), learning_rate=0.1, max_steps=4, num_iterations=1)
    adapter = peft.LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    torch.manual_seed(0)
    pieces["model"] = peft.get_peft_model(pieces["model"].double(), adapter)
    trainer = PolicyTrainer(objective=objective, judge=judge, passes=passes, **pieces)
    started = weights(trainer).clone()
    trainer.train()
    first, last = seen[0], seen[-1]
    assert torch.equal(first.old_ids, first.ref_ids)
    torch.testing.assert_close(first.old_logps, first.ref_logps)
    moved = float((last.old_logps - last.ref_logps).abs().max())
    assert moved > 1e-3, "the policy moved, the reference did not"
    assert float((weights(trainer) - started).abs().max()) > 0
