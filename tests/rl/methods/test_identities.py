"""The identities that let methods be composed (T2, T3) and what tools' tokens may do (T18)."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rl.objective.compose import bounds, build_objective, penalty, shape  # noqa: E402
from rl.objective.methods.opd import towards_teacher  # noqa: E402
from rl.objective.methods.settings import SETTINGS  # noqa: E402
from rl.objective.methods.wpg import sinkhorn  # noqa: E402
from rl.recipes.recipe import ObjectiveSettings  # noqa: E402
from tests.rl.methods.batches import a_batch  # noqa: E402
from tests.rl.methods.losses import clipped_loss, gradient  # noqa: E402

FLOAT64 = torch.float64


def ratios(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    ratio = torch.exp(torch.randn(40, generator=chance, dtype=FLOAT64))
    advantage = torch.randn(40, generator=chance, dtype=FLOAT64)
    return ratio, advantage, torch.rand(40, generator=chance, dtype=FLOAT64) * 3


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999))
def test_a_weight_outside_the_clip_is_a_weight_on_the_advantage(seed: int) -> None:
    ratio, advantage, weight = ratios(seed)
    outside = gradient(lambda r: weight * clipped_loss(r, advantage, 0.2, 0.28), ratio)
    inside = gradient(lambda r: clipped_loss(r, weight * advantage, 0.2, 0.28), ratio)
    torch.testing.assert_close(outside, inside, atol=1e-6, rtol=0)


def test_a_negative_weight_does_not_commute_with_the_clip() -> None:
    ratio, advantage, weight = ratios(0)
    outside = -weight * clipped_loss(ratio, advantage, 0.2, 0.28)
    inside = clipped_loss(ratio, -weight * advantage, 0.2, 0.28)
    assert float((outside - inside).abs().max()) > 0.1


def test_distillation_is_an_additive_advantage() -> None:
    chance = torch.Generator().manual_seed(1)
    logits, teacher = (torch.randn(9, generator=chance, dtype=FLOAT64) for _ in range(2))
    teacher_logps = teacher.log_softmax(-1)
    old = logits.log_softmax(-1)
    added = towards_teacher(teacher_logps, old, torch.ones(9), clip=1e9)

    def score_function(z: torch.Tensor) -> torch.Tensor:
        return old.exp() * added * z.log_softmax(-1)

    def reverse_kl(z: torch.Tensor) -> torch.Tensor:
        return z.log_softmax(-1).exp() * (z.log_softmax(-1) - teacher_logps)

    torch.testing.assert_close(
        gradient(score_function, logits), -gradient(reverse_kl, logits), atol=1e-6, rtol=0
    )


def transport(z: torch.Tensor, q: torch.Tensor, cost: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Entropic transport cost from softmax(z) to q, by its dual."""
    log_p = z.log_softmax(-1).unsqueeze(0)
    f, g = sinkhorn(log_p, q.log().unsqueeze(0), cost.unsqueeze(0), epsilon, 2000)
    return (log_p.exp() * f).sum() + (q * g[0]).sum()


def test_the_potential_is_the_gradient_of_transport() -> None:
    chance = torch.Generator().manual_seed(2)
    z = torch.randn(6, generator=chance, dtype=FLOAT64)
    q = torch.randn(6, generator=chance, dtype=FLOAT64).softmax(-1)
    cost = torch.rand(6, 6, generator=chance, dtype=FLOAT64)
    log_p = z.log_softmax(-1)
    f = sinkhorn(log_p[None], q.log()[None], cost[None], 0.1, 2000)[0][0]
    p = log_p.exp()
    analytic = p * (f - (p * f).sum())
    step = 1e-5
    eye = torch.eye(6, dtype=FLOAT64) * step
    differences = torch.stack(
        [
            (transport(z + e, q, cost, 0.1) - transport(z - e, q, cost, 0.1)) / (2 * step)
            for e in eye
        ]
    )
    torch.testing.assert_close(analytic, differences, atol=1e-6, rtol=0)


SLOT_OF = {
    "grpo": "advantage", "gdpo": "advantage", "rloo": "advantage", "lampo": "advantage",
    "ppo": "clip", "nsr": "clip", "kl_cov": "regularisers", "agreement": "channels",
    "certainty": "channels", "overconfidence": "channels", "tiar": "post",
    "ftis_filter": "post", "soft_adv": "post", "delta": "weights", "tis": "weights",
    "opd": "additives", "wpg": "additives", "entropy": "additives",
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(SETTINGS))
def test_tool_tokens_have_no_gradient_through_any_slot(kind: str) -> None:
    """A tool's token with an absurd advantage must not move the gradient (T18)."""
    field = SLOT_OF[kind]
    objective = build_objective(ObjectiveSettings.model_validate({field: kind}))
    batch = a_batch(seed=3)
    logps = batch.old_logps_N_T + 0.3 * torch.randn(
        batch.mask_N_T.shape, generator=torch.Generator().manual_seed(4)
    )

    def whole_loss(at: torch.Tensor, absurd: float) -> torch.Tensor:
        shaped = shape(objective, a_batch(seed=3))
        tools = shaped.batch.mask_N_T == 0
        advantages = shaped.advantages_N_T + absurd * tools
        chance = torch.Generator().manual_seed(5)
        low, high = bounds(objective.clip, 0.2, 0.28, shaped.selected_R_N_T, at, chance)
        old = shaped.batch.old_logps_N_T
        loss = clipped_loss(torch.exp(at - old), advantages, low, high)
        terms = penalty(objective.regularisers, at, old, shaped.selected_R_N_T)
        return (loss + terms) * shaped.batch.mask_N_T

    sober = gradient(lambda at: whole_loss(at, 0.0), logps)
    assert bool((sober[batch.mask_N_T == 0] == 0).all())
    assert torch.equal(gradient(lambda at: whole_loss(at, 1e6), logps), sober)
    assert float(sober.abs().sum()) > 0
