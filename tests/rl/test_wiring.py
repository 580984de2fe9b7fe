"""The trainer hands each tensor to the slot that reads it, and each slot's result to the loss."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

from rl.objective.compose import Objective, bounds, penalty, shape  # noqa: E402
from rl.objective.methods.entropy import EntropyShaping  # noqa: E402
from rl.objective.methods.kl_cov import KlCov  # noqa: E402
from rl.objective.methods.settings import MethodSettings  # noqa: E402
from rl.objective.methods.stock import Ppo  # noqa: E402
from rl.objective.slots import AdditiveSlot, Batch, RegulariserSlot  # noqa: E402
from rl.rewards.outcome import Outcome  # noqa: E402
from rl.rewards.scored_trace import Scores  # noqa: E402
from rl.rollouts.rollout import Rollout  # noqa: E402
from rl.training.trainer import PolicyTrainer, TrainingFault  # noqa: E402
from tests.rl.conftest import Fake, trl_pieces  # noqa: E402
from tests.rl.test_objective import MASK, Double, FirstToken, Plus, batch  # noqa: E402


@dataclass(frozen=True)
class Pull(RegulariserSlot):
    """A penalty whose gradient is that of an advantage 0.5 higher, on every token it is given."""

    settings: MethodSettings = field(default_factory=lambda: MethodSettings(kind="pull"))
    needs = frozenset({"old_logps"})

    def select(self, batch: Batch, advantages_N_T: Any) -> Any:
        return torch.ones_like(advantages_N_T, dtype=torch.bool)

    def penalty(self, logps_N_T: Any, old_logps_N_T: Any, selected_N_T: Any) -> Any:
        return -0.5 * logps_N_T


@dataclass(frozen=True)
class Raised(AdditiveSlot):
    settings: MethodSettings = field(default_factory=lambda: MethodSettings(kind="raised"))

    def add(self, batch: Batch, advantages_N_T: Any) -> Any:
        return torch.full_like(advantages_N_T, 0.5)


def judge(rollout: Rollout) -> tuple[Outcome, str | None]:
    total = sum(rollout.episode.completion_ids) if rollout.episode else 0
    return Outcome(total % 3), str(total % 4)


def trained(folder: Path, objective: Objective, fake: Fake | None = None, **more: Any) -> Any:
    own = {name: more.pop(name) for name in ("observe", "max_gap") if name in more}
    pieces = trl_pieces(folder, fake or Fake(), **more)
    trainer = PolicyTrainer(objective=objective, judge=judge, **own, **pieces)
    trainer.train()
    return trainer


def weights(trainer: Any) -> Any:
    return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])


@pytest.mark.parametrize("loss", ["dapo", "grpo", "bnpo", "dr_grpo"])
def test_a_penalty_moves_the_weights_as_the_same_advantage_would(tmp_path: Path, loss: str) -> None:
    """Its sign, its normaliser and its mask, with two steps a round of two micro-batches each."""
    once = {"loss_type": loss, "num_iterations": 1, "max_steps": 2, "steps_per_generation": 4}
    # SGD: Adam would hide a wrong scale
    once |= {"optim": "sgd", "learning_rate": 0.05, "max_grad_norm": 1e9, "epsilon_high": 1e9}
    once |= {"epsilon": 0.999}
    added = weights(trained(tmp_path, Objective(additives=(Raised(),)), **once))
    punished = weights(trained(tmp_path, Objective(regularisers=(Pull(),)), **once))
    plain = weights(trained(tmp_path, Objective(), **once))
    moved = (added - plain).abs().max()
    assert moved > 1e-4
    assert (added - punished).abs().max() < 0.05 * moved


def watched(folder: Path, objective: Objective, fake: Fake | None = None, **more: Any) -> list[Any]:
    seen: list[Any] = []

    def observe(_trainer: Any, _rollouts: Any, shaped: Any) -> dict[str, float]:
        seen.append(shaped)
        return {}

    trained(folder, objective, fake, observe=observe, **{"max_steps": 1, **more})
    return seen


def marked(rollout: Rollout, place: int) -> Rollout:
    """One rollout of a group is another model's, and each label is trusted differently."""
    trust = Scores(rewards={"even": 0.0}, outcome=Outcome.WRONG, coefficient=place / 8)
    return rollout.model_copy(update={"own": place % 4 != 3, "scores": trust})


def test_what_is_known_of_each_rollout_reaches_the_objective(tmp_path: Path) -> None:
    fake = Fake(alter=marked)
    batch_ = watched(tmp_path, Objective(), fake, reward_weights=[2.0, 0.25])[0].batch
    assert batch_.own_N.tolist() == [True, True, True, False] * 2
    assert batch_.coefficients_N.tolist() == [place / 8 for place in range(8)]
    labels = [judge(rollout) for rollout in fake.given[0]]
    assert batch_.outcomes_N.tolist() == [int(label) for label, _ in labels]
    assert len({int(label) for label, _ in labels}) > 1
    keys = [key for _, key in labels]
    same = [[a == b for b in keys[:4]] for a in keys[:4]]
    numbers = batch_.answer_keys_N[:4]
    assert (numbers.unsqueeze(0) == numbers.unsqueeze(1)).tolist() == same
    assert any(not all(row) for row in same)
    assert batch_.channel_weights_F.tolist() == [2.0, 0.25]


def test_methods_see_the_tokens_of_the_model_alone(tmp_path: Path) -> None:
    fake = Fake()
    batch_ = watched(tmp_path, Objective(), fake)[0].batch
    for row, rollout in enumerate(fake.given[0]):
        mask = list(rollout.episode.mask)
        assert 0 in mask
        assert batch_.mask_N_T[row, : len(mask)].tolist() == mask
        assert not batch_.mask_N_T[row, len(mask) :].any()


def test_entropies_are_computed_for_a_method_that_needs_them(tmp_path: Path) -> None:
    once = {"num_iterations": 3, "max_steps": 3}
    shaped = watched(tmp_path, Objective(additives=(EntropyShaping(),)), **once)[0]
    assert float(shaped.batch.entropies_N_T.max()) > 1.0


def test_weights_and_additives_reach_the_loss(tmp_path: Path) -> None:
    plain = weights(trained(tmp_path, Objective()))
    for objective in (Objective(weights=(Double(),)), Objective(additives=(Plus(),))):
        sgd = {"optim": "sgd", "learning_rate": 0.5}
        assert not torch.equal(
            weights(trained(tmp_path, objective, **sgd)),
            weights(trained(tmp_path, Objective(), **sgd)),
        )
    assert torch.isfinite(plain).all()


def test_a_regulariser_compares_with_the_policy_of_the_rollouts(tmp_path: Path) -> None:
    gaps: list[float] = []

    @dataclass(frozen=True)
    class Looking(Pull):
        def penalty(self, logps_N_T: Any, old_logps_N_T: Any, selected_N_T: Any) -> Any:
            gaps.append(float((logps_N_T - old_logps_N_T).detach().abs().max()))
            return 0.0 * logps_N_T

    trained(tmp_path, Objective(regularisers=(Looking(),)), max_steps=3)
    assert max(gaps[:2]) < 1e-5
    assert min(gaps[2:]) > 1e-3


def test_tokens_of_a_regulariser_have_a_gradient_far_outside_the_clip(tmp_path: Path) -> None:
    """KL-Cov on every token: the loss of these is never clipped, whatever the ratio."""
    everything = KlCov(KlCov().settings.model_copy(update={"fraction": 1.0, "coefficient": 0.0}))
    tight = {"epsilon": 1e-6, "epsilon_high": 1e-6, "max_steps": 3}
    wide = {"epsilon": 0.999999, "epsilon_high": 1e6, "max_steps": 3}
    clipped = weights(trained(tmp_path, Objective(), **tight))
    free = weights(trained(tmp_path, Objective(regularisers=(everything,)), **tight))
    unclipped = weights(trained(tmp_path, Objective(), **wide))
    torch.testing.assert_close(free, unclipped, atol=1e-5, rtol=0)
    assert (free - clipped).abs().max() > 1e-3


def test_the_upper_bound_of_the_clip_is_its_own(tmp_path: Path) -> None:
    seen: list[tuple[Any, Any]] = []

    @dataclass(frozen=True)
    class Looking(Ppo):
        def epsilons(self, low: float, high: float, like_N_T: Any, generator: Any) -> Any:
            seen.append((low, high))
            return low, high

    trained(tmp_path, Objective(clip=Looking()), max_steps=1)
    assert set(seen) == {(0.2, 0.28)}


def test_foreign_rollouts_are_not_compared_with_the_sampler(tmp_path: Path) -> None:
    """Their log-probs are another model's; the policy's own still are compared."""
    none = Fake(alter=lambda rollout, _: rollout.model_copy(update={"own": False}))
    trained(tmp_path, Objective(), none, max_gap=1e-6, max_steps=1)
    with pytest.raises(TrainingFault, match="nats per token"):
        trained(tmp_path, Objective(), Fake(), max_gap=1e-6, max_steps=1)


def test_the_draws_of_a_method_differ_between_rounds_and_repeat_with_the_run(
    tmp_path: Path,
) -> None:
    drawn: list[float] = []

    @dataclass(frozen=True)
    class Drawing(AdditiveSlot):
        settings: MethodSettings = field(default_factory=lambda: MethodSettings(kind="drawing"))

        def add(self, batch: Batch, advantages_N_T: Any) -> Any:
            drawn.append(float(torch.rand(1, generator=batch.generator)))
            return torch.zeros_like(advantages_N_T)

    for _ in range(2):
        trained(tmp_path, Objective(additives=(Drawing(),)), num_iterations=1, max_steps=2)
    assert drawn[0] != drawn[1]
    assert drawn[:2] == drawn[2:]


def test_a_token_of_one_of_two_regularisers_is_free_of_the_clip() -> None:
    first = torch.tensor([[True, False, False, False]]).expand(4, 4)
    second = torch.tensor([[False, True, False, False]]).expand(4, 4)
    low, _ = bounds(Ppo(), 0.2, 0.28, (first, second), MASK, torch.Generator())
    assert torch.isinf(low[:, :2]).all()
    assert torch.equal(low[:, 2:], torch.full((4, 2), 0.2))


def test_the_penalties_of_two_regularisers_are_added() -> None:
    logps, old = torch.full((4, 4), -1.0), torch.full((4, 4), -3.0)
    first = torch.arange(4).expand(4, 4) == 0
    found = penalty((FirstToken(), Pull()), logps, old, (first, torch.ones(4, 4)))
    assert found[0].tolist() == [2.5, 0.5, 0.5, 0.5]


def test_advantages_may_be_estimated_elsewhere() -> None:
    """With several processes the whole batch is needed, which one process does not have."""
    given = torch.tensor([1.0, -2.0, 3.0, -4.0])
    assert torch.equal(shape(Objective(), batch(), lambda _: given).advantages_N, given)


def test_log_probs_of_the_round_are_the_policy_s_where_a_reference_is_asked_too(
    tmp_path: Path,
) -> None:
    """With a KL the reference is scored last; old log-probs must not be its own."""
    seen: list[tuple[Any, Any]] = []

    class Looking(PolicyTrainer):
        def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
            seen.append((inputs["old_per_token_logps"], inputs["ref_per_token_logps"]))
            return super()._compute_loss(model, inputs)

    batches: list[Batch] = []

    def observe(_trainer: Any, _rollouts: Any, shaped: Any) -> dict[str, float]:
        batches.append(shaped.batch)
        return {}

    pieces = trl_pieces(tmp_path, Fake(), beta=0.1, max_steps=6, learning_rate=0.1)
    pieces["model"].save_pretrained(tmp_path / "start")
    pieces["model"] = type(pieces["model"]).from_pretrained(tmp_path / "start")
    Looking(objective=Objective(), judge=judge, observe=observe, **pieces).train()
    second = batches[1]
    old = torch.cat([pair[0] for pair in seen[6:8]])
    reference = torch.cat([pair[1] for pair in seen[6:8]])
    rows = {tuple(row.tolist()) for row in second.old_logps_N_T}
    assert {tuple(row.tolist()) for row in old} <= rows
    assert float((old - reference).abs().max()) > 1e-3
