"""Foreign rollouts: weights, the filter, and what the group still counts (T13)."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rl.objective.methods.ftis import OffPolicyFilter, TruncatedWeights, distances, truncated  # noqa: E402
from rl.objective.methods.settings import FtisFilterSettings, TisSettings  # noqa: E402
from rl.objective.methods.stock import Grpo  # noqa: E402
from tests.rl.methods.batches import a_batch  # noqa: E402


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), cap=st.floats(0.1, 10), spread=st.floats(0, 1000))
def test_weights_lie_above_zero_and_not_above_the_cap(seed: int, cap: float, spread: float) -> None:
    batch = a_batch(seed=seed)
    far = replace(batch, sampling_logps_N_T=batch.sampling_logps_N_T * spread)
    found = TruncatedWeights(TisSettings(cap=cap)).weigh(far, torch.ones(8))
    assert bool((found > 0).all())
    assert float(found.max()) <= torch.tensor(cap)


def test_the_policys_own_rollouts_are_plain_grpo() -> None:
    batch = a_batch()
    own = replace(batch, sampling_logps_N_T=batch.old_logps_N_T, own_N=torch.ones(8).bool())
    assert torch.equal(TruncatedWeights().weigh(own, torch.ones(8)), torch.ones(8, 6))
    advantages = Grpo().estimate(own)
    assert torch.equal(
        OffPolicyFilter(FtisFilterSettings(limit=0)).adjust(own, advantages), advantages
    )


def test_an_unknown_sampler_weighs_one() -> None:
    batch = replace(a_batch(), sampling_logps_N_T=torch.full((8, 6), torch.nan))
    assert torch.equal(TruncatedWeights().weigh(batch, torch.ones(8)), torch.ones(8, 6))
    unknown = replace(batch, sampling_logps_N_T=None)
    assert torch.equal(TruncatedWeights().weigh(unknown, torch.ones(8)), torch.ones(8, 6))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), limit=st.floats(0, 3), k1=st.booleans(), per_token=st.booleans())
def test_only_bad_foreign_rollouts_are_dropped_and_the_others_keep_their_advantage(
    seed: int, limit: float, k1: bool, per_token: bool
) -> None:
    batch = a_batch(seed=seed)
    advantages = Grpo().estimate(batch)
    slot = OffPolicyFilter(
        FtisFilterSettings(limit=limit, estimate="k1" if k1 else "k3", per_token=per_token)
    )
    found = slot.adjust(batch, advantages)
    dropped = found != advantages
    assert bool((found[dropped] == 0).all())
    assert bool((advantages[dropped] < 0).all())
    assert not bool(batch.own_N[dropped].any())


def test_far_and_bad_is_dropped_near_or_good_is_kept() -> None:
    old = torch.full((4, 3), -8.0)
    far, near = torch.full((3,), -0.1), torch.full((3,), -7.9)
    batch = a_batch(
        1,
        4,
        3,
        old_logps_N_T=old,
        mask_N_T=torch.ones(4, 3),
        sampling_logps_N_T=torch.stack([far, near, far, far]),
        own_N=torch.tensor([False, False, False, True]),
    )
    found = OffPolicyFilter().adjust(batch, torch.tensor([-1.0, -1.0, 1.0, -1.0]))
    assert found.tolist() == [0.0, -1.0, 1.0, -1.0]


def test_without_cap_the_weighted_gradient_is_unbiased() -> None:
    chance = torch.Generator().manual_seed(0)
    logits, foreign = (torch.randn(6, generator=chance, dtype=torch.float64) for _ in range(2))
    policy, sampler = logits.softmax(-1), foreign.softmax(-1)
    reward = torch.randn(6, generator=chance, dtype=torch.float64)
    score = torch.eye(6).double() - policy
    weight = truncated(foreign.log_softmax(-1) - logits.log_softmax(-1), cap=float("inf"))
    off_policy = ((sampler * weight * reward).unsqueeze(1) * score).sum(0)
    on_policy = ((policy * reward).unsqueeze(1) * score).sum(0)
    torch.testing.assert_close(off_policy, on_policy, atol=1e-12, rtol=0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999))
def test_the_distance_is_never_negative_and_estimates_kl(seed: int) -> None:
    chance = torch.Generator().manual_seed(seed)
    logits, foreign = (torch.randn(5, generator=chance, dtype=torch.float64) for _ in range(2))
    drift = (foreign.log_softmax(-1) - logits.log_softmax(-1)).unsqueeze(1)
    found = distances(drift)
    assert bool((found >= 0).all())
    kl = (logits.softmax(-1) * -drift[:, 0]).sum()
    assert float((logits.softmax(-1) * found).sum()) == pytest.approx(float(kl), abs=1e-9)


def test_the_limit_is_per_rollout_unless_it_is_said_to_be_per_token() -> None:
    """Four tokens, each 3 nats away by k1: 12 in all."""
    old = torch.full((1, 4), -5.0)
    batch = a_batch(
        1,
        1,
        4,
        old_logps_N_T=old,
        sampling_logps_N_T=old + 3.0,
        mask_N_T=torch.ones(1, 4),
        own_N=torch.tensor([False]),
    )
    bad = torch.tensor([-1.0])

    def kept(limit: float, per_token: bool) -> bool:
        made = FtisFilterSettings(limit=limit, per_token=per_token, estimate="k1")
        return bool(OffPolicyFilter(made).adjust(batch, bad)[0] != 0)

    assert not kept(10.0, False)
    assert kept(10.0, True)
    assert kept(14.0, False)
    assert not kept(2.0, True)
