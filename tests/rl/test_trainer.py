"""The trainer's seams: equal to stock GRPO when idle, exact about tokens, masks and faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.questions import Question

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

from trl import GRPOTrainer  # noqa: E402

from rl.objective.compose import Objective  # noqa: E402
from rl.objective.methods.stock import Gdpo  # noqa: E402
from rl.objective.slots import Batch  # noqa: E402
from rl.rewards.outcome import Outcome  # noqa: E402
from rl.rollouts.rollout import Rollout, record, scored_by  # noqa: E402
from rl.rollouts.trl_adapter import TrlAdapter, reward_functions  # noqa: E402
from rl.training.trainer import PolicyTrainer, TrainingFault, answer_numbers, everywhere  # noqa: E402
from tests.rl.conftest import END, Fake, a_question, trl_pieces  # noqa: E402


@dataclass
class Unsteady:
    """A scorer that never says the same twice."""

    name: str
    asked: int = 0

    def score(self, _trace: Any, _question: Question) -> float:
        self.asked += 1
        return self.asked / 7


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


def test_tool_tokens_with_an_absurd_advantage_do_not_move_the_gradient(tmp_path: Path) -> None:
    gradients = []
    for absurd in (0.0, 1e6):

        class Loud(PolicyTrainer):
            def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
                tools = inputs["completion_mask"] * (1 - inputs["tool_mask"])
                assert tools.sum() > 0
                inputs["advantages"] = inputs["advantages"] + absurd * tools  # noqa: B023
                return super()._compute_loss(model, inputs)

            def _clip_grad_norm(self, model: Any) -> Any:
                found = [p.grad.clone() for p in self.model.parameters() if p.grad is not None]
                gradients.append(torch.cat([g.flatten() for g in found]))
                return super()._clip_grad_norm(model)

        Loud(
            objective=Objective(), judge=judge, **trl_pieces(tmp_path, Fake(), max_steps=1)
        ).train()
    assert gradients[0].abs().max() > 0
    assert torch.equal(*gradients)


def faithful(model: Any) -> Any:
    """Make a rollout's log-probs those of the model, as a sampler would report them."""

    def altered(rollout: Rollout, _place: int) -> Rollout:
        tokens = rollout.episode
        if tokens is None:
            return rollout
        ids = torch.tensor([tokens.prompt_ids + tokens.completion_ids])
        with torch.no_grad():
            logps = model(input_ids=ids).logits[0, :-1].log_softmax(-1)
        first = len(tokens.prompt_ids) - 1
        own = logps[first:].gather(1, ids[0, first + 1 :, None])[:, 0] * torch.tensor(tokens.mask)
        update = {"logprobs": tuple(own.tolist())}
        return rollout.model_copy(update={"episode": tokens.model_copy(update=update)})

    return altered


def gaps(trainer: Any) -> list[float]:
    return [row["sampling/gap"] for row in trainer.state.log_history if "sampling/gap" in row]


def honest(folder: Path, distort: Any = None, max_gap: float = 0.01, **more: Any) -> Any:
    """Return a trainer fed with its own model's log-probs, then distorted on purpose."""
    fake = Fake()
    trainer = ours(folder, fake, max_gap=max_gap, **more)
    tell = faithful(trainer.model)
    fake.alter = lambda r, n: (distort or (lambda x: x))(tell(r, n))
    return trainer


def test_sampler_and_trainer_agree_on_every_token_of_three_rounds(tmp_path: Path) -> None:
    trainer = honest(tmp_path, max_steps=9)
    trainer.train()
    assert len(gaps(trainer)) == 3
    assert max(gaps(trainer)) < 1e-5


def shifted(rollout: Rollout) -> Rollout:
    tokens = rollout.episode
    assert tokens is not None
    mask = (tokens.mask[-1], *tokens.mask[:-1])
    logprobs = tuple(a * b for a, b in zip(tokens.logprobs, mask, strict=True))
    update = {"mask": mask, "logprobs": logprobs}
    return rollout.model_copy(update={"episode": tokens.model_copy(update=update)})


def retokenised(rollout: Rollout) -> Rollout:
    """Two ids where one was sampled, as decoding and encoding again can give."""
    tokens = rollout.episode
    assert tokens is not None
    ids = (*tokens.completion_ids[:1], 5, *tokens.completion_ids[1:])
    update = {
        "completion_ids": ids,
        "mask": (*tokens.mask[:1], 1, *tokens.mask[1:]),
        "logprobs": (*tokens.logprobs[:1], -0.7, *tokens.logprobs[1:]),
    }
    return rollout.model_copy(update={"episode": tokens.model_copy(update=update)})


def stale(rollout: Rollout) -> Rollout:
    """Log-probs of weights that the sampler should long have exchanged."""
    tokens = rollout.episode
    assert tokens is not None
    old = tuple(0.5 * one for one in tokens.logprobs)
    return rollout.model_copy(update={"episode": tokens.model_copy(update={"logprobs": old})})


@pytest.mark.parametrize("known", [0, 3])
def test_log_probs_that_are_no_number_stop_the_run_before_it_learns(
    tmp_path: Path, known: int
) -> None:
    def unknown(rollout: Rollout) -> Rollout:
        tokens = rollout.episode
        assert tokens is not None
        nan = tuple(
            float("nan") if own and place >= known else one
            for place, (one, own) in enumerate(zip(tokens.logprobs, tokens.mask, strict=True))
        )
        return rollout.model_copy(update={"episode": tokens.model_copy(update={"logprobs": nan})})

    trainer = honest(tmp_path, unknown)
    start = parameters(trainer)
    with pytest.raises(TrainingFault, match=r"NaN as the log-prob of \d+ of \d+ tokens"):
        trainer.train()
    assert all(torch.equal(start[n], p) for n, p in parameters(trainer).items())


@pytest.mark.parametrize("fault", [shifted, retokenised, stale])
def test_a_sampler_that_went_astray_stops_the_run_before_it_learns(
    tmp_path: Path, fault: Any
) -> None:
    trainer = honest(tmp_path, fault)
    start = parameters(trainer)
    with pytest.raises(TrainingFault, match=r"differ by .* nats per token"):
        trainer.train()
    assert all(torch.equal(start[n], p) for n, p in parameters(trainer).items())


def test_old_log_probs_are_those_of_the_round_s_first_policy(tmp_path: Path) -> None:
    ratios: list[float] = []

    class Looking(PolicyTrainer):
        def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
            loss = super()._compute_loss(model, inputs)
            with torch.no_grad():
                ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1)
                attention = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1)
                now, *_ = GRPOTrainer._get_per_token_logps_and_entropies(
                    self, model, ids, attention, inputs["completion_ids"].size(1)
                )
            gap = (now - inputs["old_per_token_logps"]) * inputs["completion_mask"]
            ratios.append(float(gap.abs().max()))
            return loss

    Looking(objective=Objective(), judge=judge, **trl_pieces(tmp_path, Fake())).train()
    first_of_round = [0, 1, 6, 7]
    assert max(ratios[n] for n in first_of_round) < 1e-5
    assert min(ratios[n] for n in range(12) if n not in first_of_round) > 1e-3


def test_no_reward_is_not_a_reward_of_zero(tmp_path: Path) -> None:
    seen: list[Any] = []

    def observe(_trainer: Any, _rollouts: Any, shaped: Any) -> dict[str, float]:
        seen.append(shaped)
        return {}

    fake = Fake(alter=lambda r, n: r.model_copy(update={"void": "no server"}) if n == 1 else r)
    ours(tmp_path, fake, observe=observe, max_steps=1).train()
    rewards = seen[0].batch.rewards_N_F[:4]
    total = rewards.sum(1)[[0, 2, 3]]
    expected = (total - total.mean()) / (total.std() + 1e-4)
    assert torch.isnan(rewards[1]).all()
    assert seen[0].advantages_N[1] == 0.0
    assert torch.allclose(seen[0].advantages_N[[0, 2, 3]], expected, atol=1e-6)


def test_a_batch_in_which_no_group_varies_gives_no_gradient_and_no_nan(tmp_path: Path) -> None:
    pieces = trl_pieces(tmp_path, Fake(), max_steps=2)
    pieces["reward_funcs"] = [lambda rollout, **_: [1.0] * len(rollout)]
    trainer = PolicyTrainer(objective=Objective(), judge=judge, **pieces)
    start = parameters(trainer)
    trainer.train()
    assert [row["grad_norm"] for row in trainer.state.log_history[:-1]] == [0.0, 0.0]
    assert all(torch.equal(start[n], p) for n, p in parameters(trainer).items())


def test_a_batch_without_any_token_of_the_model_gives_no_nan(tmp_path: Path) -> None:
    fake = Fake(alter=lambda r, _n: r.model_copy(update={"episode": None}))
    trainer = ours(tmp_path, fake, max_steps=2, max_gap=0.1)
    pieces = parameters(trainer)
    trainer.reward_funcs = [lambda rollout, **_: [float(n) for n in range(len(rollout))]] * 2
    trainer.train()
    assert all(torch.equal(pieces[n], p) for n, p in parameters(trainer).items())


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_loss_that_is_no_number_stops_before_the_weights_are_touched(
    tmp_path: Path, where: str
) -> None:
    trainer = ours(tmp_path, Fake())
    weight = next(trainer.model.parameters())
    if where == "loss":
        with torch.no_grad():
            weight[:] = float("nan")
    else:
        weight.register_hook(lambda grad: grad * float("inf"))
    start = parameters(trainer)
    with pytest.raises(TrainingFault, match=f"The {where} of step 1 is not a finite number"):
        trainer.train()
    for name, value in parameters(trainer).items():
        assert torch.equal(torch.nan_to_num(start[name]), torch.nan_to_num(value))


def test_answers_are_numbered_within_their_group() -> None:
    keys = ["a", "b", "a", None, "b", "b", "a", "c"]
    assert answer_numbers(keys, 4) == [0, 1, 0, -1, 0, 0, 1, 2]


def test_advantages_of_two_processes_are_estimated_over_both() -> None:
    whole = Batch(
        group_size=2,
        channels=("a",),
        channel_weights_F=torch.ones(1),
        rewards_N_F=torch.tensor([[0.0], [1.0], [5.0], [9.0]]),
        completion_ids_N_T=torch.arange(12).reshape(4, 3),
        mask_N_T=torch.ones(4, 3),
        outcomes_N=torch.zeros(4),
        answer_keys_N=torch.arange(4),
        own_N=torch.ones(4, dtype=torch.bool),
    )
    parts = [_rows(whole, slice(0, 2), 3), _rows(whole, slice(2, 4), 2)]

    class Two:
        """Gathers what both processes would have sent, in the order of the fields."""

        def __init__(self) -> None:
            names = ("rewards_N_F", "completion_ids_N_T", "mask_N_T")
            rest = ("outcomes_N", "answer_keys_N", "own_N")
            self.sent = iter([getattr(parts[1], name) for name in (*names, *rest)])

        def pad_across_processes(self, value: Any, dim: int) -> Any:
            return value

        def gather(self, value: Any) -> Any:
            other = next(self.sent)
            if other.dim() > 1:
                other = torch.nn.functional.pad(other, (0, value.shape[1] - other.shape[1]))
            return torch.cat([value, other])

    found = everywhere(parts[0], Two())
    assert torch.equal(found.rewards_N_F, whole.rewards_N_F)
    assert found.completion_ids_N_T.shape == (4, 3)
    assert torch.equal(Gdpo().estimate(found), Gdpo().estimate(whole))
    assert not torch.allclose(Gdpo().estimate(parts[0]), Gdpo().estimate(whole)[:2])


def _rows(batch: Batch, rows: slice, length: int) -> Batch:
    tokens = ("completion_ids_N_T", "mask_N_T")
    cut = {name: getattr(batch, name)[rows, :length] for name in tokens}
    lists = ("rewards_N_F", "outcomes_N", "answer_keys_N", "own_N")
    return replace(batch, **cut, **{name: getattr(batch, name)[rows] for name in lists})


def test_the_journal_of_a_round_holds_the_rewards_that_are_learnt_from(tmp_path: Path) -> None:
    scorers = [Unsteady("task"), Unsteady("cost")]
    fake, kept = Fake(), []

    def play(trainer: Any, questions: Sequence[Question], _seed: int) -> list[Rollout]:
        return list(fake([question.id for question in questions], trainer)["rollout"])

    def observe(trainer: Any, rollouts: Sequence[Rollout], shaped: Any) -> dict[str, float]:
        step = trainer.state.global_step
        for rollout, learnt_F in zip(rollouts, shaped.batch.rewards_N_F, strict=True):
            kept.append((record(step, rollout), learnt_F.tolist()))
        return {}

    questions = {f"q{number}": a_question(number) for number in range(12)}
    pieces = trl_pieces(tmp_path, fake) | {
        "rollout_func": TrlAdapter(play, questions, scored_by(scorers), seed=0, filler=END),
        "reward_funcs": reward_functions(["task", "cost"]),
    }
    PolicyTrainer(objective=Objective(), judge=judge, observe=observe, **pieces).train()
    assert len(kept) > 8
    for line, learnt in kept:
        assert learnt == [float(np.float32(value)) for value in line.rewards.values()]
    drawn = [line.rewards["task"] for line, _ in kept]
    assert len(set(drawn)) == len(drawn), "another number would have been drawn"
    assert scorers[0].asked == len(kept), "each rollout is scored once"
