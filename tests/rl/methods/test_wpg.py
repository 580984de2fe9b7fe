"""WPG: closed forms, the finite flow's exact rates, and the token regulariser (T14)."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from eval.claims.wpg_particles import explicit_moments, langevin_step, proximal_moments  # noqa: E402
from rl.control.wpg_finite import (  # noqa: E402
    SoftMdp,
    chi_squared,
    descent,
    flow,
    generator,
    kernel,
    mixed,
    random_mdp,
    spectral_gap,
)
from rl.objective.methods.wpg import (  # noqa: E402
    FARTHEST,
    WassersteinProximal,
    _in_logarithms,
    centred_potentials,
    sinkhorn,
    token_costs,
)
from rl.objective.slots import TopK  # noqa: E402
from tests.rl.methods.batches import a_batch  # noqa: E402

F64 = torch.float64


# -- (A) particles --


@settings(max_examples=30, deadline=None)
@given(
    eta=st.floats(0.01, 0.9), beta=st.floats(0.1, 1.0), tau=st.floats(0.01, 2), k=st.integers(1, 60)
)
def test_explicit_steps_follow_their_closed_form_to_a_biased_variance(eta, beta, tau, k) -> None:
    mean, variance = 3.0, 5.0
    for _ in range(k):
        mean, variance = explicit_moments(mean, variance, eta, tau, beta)
    limit = (tau / beta) / (1 - eta * beta / 2)
    assert mean == pytest.approx((1 - eta * beta) ** k * 3.0, abs=1e-12)
    assert variance - limit == pytest.approx((1 - eta * beta) ** (2 * k) * (5.0 - limit), abs=1e-11)


def test_particles_end_where_the_closed_form_says() -> None:
    eta, tau, beta, centre = 0.3, 0.5, 1.2, 2.0
    chance = torch.Generator().manual_seed(0)
    particles = torch.zeros(40_000, 1, dtype=F64)
    for _ in range(60):
        particles = langevin_step(particles, -beta * (particles - centre), eta, tau, chance)
    limit = (tau / beta) / (1 - eta * beta / 2)
    assert float(particles.mean()) == pytest.approx(centre, abs=4 * math.sqrt(limit / 40_000))
    assert float(particles.var()) == pytest.approx(limit, rel=4 * math.sqrt(2 / 40_000))


def test_proximal_steps_end_at_the_gibbs_variance_without_bias() -> None:
    mean, deviation = 3.0, 0.1
    for _ in range(400):
        mean, deviation = proximal_moments(mean, deviation, 0.7, 0.5, 1.2)
    assert mean == pytest.approx(0, abs=1e-12)
    assert deviation**2 == pytest.approx(0.5 / 1.2, abs=1e-12)


def test_a_proximal_step_is_the_minimum_that_it_claims_to_be() -> None:
    """W2^2 / (2 eta) + F over a grid of Gaussians."""
    eta, tau, beta, mean, deviation = 0.7, 0.5, 1.2, 1.5, 0.4

    def objective(m: float, s: float) -> float:
        distance = (m - mean) ** 2 + (s - deviation) ** 2
        free = beta / 2 * (m**2 + s**2) - tau * math.log(s)
        return distance / (2 * eta) + free

    best = proximal_moments(mean, deviation, eta, tau, beta)
    least = objective(*best)
    grid = [(best[0] + i / 200, best[1] + j / 200) for i in range(-60, 61) for j in range(-60, 61)]
    assert all(objective(m, s) >= least - 1e-12 for m, s in grid if s > 0)


# -- (B) finite actions --


def a_flow(seed: int, k: int = 6, tau: float = 0.5):
    chance = torch.Generator().manual_seed(seed)
    q = torch.randn(k, generator=chance, dtype=F64)
    actions = torch.randn(k, 3, generator=chance, dtype=F64)
    start = torch.rand(k, generator=chance, dtype=F64)
    return generator(q, kernel(actions), tau), torch.softmax(q / tau, -1), start / start.sum()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), k=st.integers(2, 9))
def test_the_generator_is_reversible_and_keeps_probability(seed: int, k: int) -> None:
    rates, target, start = a_flow(seed, k)
    torch.testing.assert_close(rates.sum(1), torch.zeros(k, dtype=F64), atol=1e-9, rtol=0)
    balance = target.unsqueeze(1) * rates
    torch.testing.assert_close(balance, balance.T, atol=1e-9, rtol=1e-9)
    later = flow(start, rates, 0.7)
    assert float(later.sum()) == pytest.approx(1, abs=1e-9)
    assert bool((later > -1e-12).all())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), time=st.floats(0.01, 3))
def test_the_flow_forgets_its_start_at_the_spectral_gap(seed: int, time: float) -> None:
    rates, target, start = a_flow(seed)
    bound = math.exp(-2 * spectral_gap(rates, target) * time) * chi_squared(start, target)
    assert chi_squared(flow(start, rates, time), target) <= bound * (1 + 1e-9) + 1e-12


def test_the_flow_is_the_gradient_flow_in_maas_metric() -> None:
    """-K(pi) dF = pi L, with the logarithmic mean as mobility."""
    rates, target, start = a_flow(3)
    ratio = start / target
    logs = ratio.log()
    top, bottom = ratio.unsqueeze(1) - ratio.unsqueeze(0), logs.unsqueeze(1) - logs.unsqueeze(0)
    mobility = torch.where(bottom.abs() > 1e-12, top / bottom, ratio.unsqueeze(1).expand(6, 6))
    conductance = (target.unsqueeze(1) * rates - torch.diag(target * rates.diagonal())) * mobility
    drift = conductance @ logs - conductance.sum(1) * logs
    torch.testing.assert_close(drift, start @ rates, atol=1e-9, rtol=0)


@settings(max_examples=25, deadline=None)
@given(eta=st.floats(0.01, 1), k=st.integers(1, 30), seed=st.integers(0, 99))
def test_on_the_complete_graph_the_error_shrinks_by_exactly_one_minus_eta(eta, k, seed) -> None:
    _, target, start = a_flow(seed)
    policy = start
    for _ in range(k):
        policy = mixed(policy, target, eta)
    torch.testing.assert_close(
        policy - target, (1 - eta) ** k * (start - target), atol=1e-12, rtol=0
    )


def random_policy(mdp: SoftMdp, seed: int) -> torch.Tensor:
    drawn = torch.rand(mdp.rewards.shape, generator=torch.Generator().manual_seed(seed)).double()
    return drawn / drawn.sum(1, keepdim=True)


def kl(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    return (p * (p.log() - q.log())).sum(1)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), gamma=st.floats(0, 0.97), tau=st.floats(0.05, 2))
def test_the_bellman_residual_is_the_divergence_from_the_best_response(seed, gamma, tau) -> None:
    mdp = random_mdp(4, 3, gamma, tau, seed)
    policy = random_policy(mdp, seed)
    values = mdp.values(policy)
    residual = mdp.backup(values) - values
    expected = tau * kl(policy, mdp.best_response(values))
    torch.testing.assert_close(residual, expected, atol=1e-9, rtol=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), eta=st.floats(0.05, 1), gamma=st.floats(0, 0.97))
def test_one_step_gains_what_the_divergence_loses(seed: int, eta: float, gamma: float) -> None:
    mdp = random_mdp(4, 3, gamma, 0.3, seed)
    policy = random_policy(mdp, seed)
    values = mdp.values(policy)
    target = mdp.best_response(values)
    after = mixed(policy, target, eta)
    gained = mdp.values(after) - values
    left = (torch.eye(4, dtype=F64) - gamma * mdp.dynamics(after)) @ gained
    exact = mdp.tau * (kl(policy, target) - kl(after, target))
    torch.testing.assert_close(left, exact, atol=1e-9, rtol=1e-9)
    assert bool((exact >= eta * mdp.tau * kl(policy, target) - 1e-12).all())
    assert bool((gained >= -1e-12).all())


def test_values_contract_on_two_hundred_random_processes() -> None:
    chance = torch.Generator().manual_seed(0)
    for seed in range(200):
        draw = torch.rand(5, generator=chance).tolist()
        states, actions = 2 + int(5 * draw[0]), 2 + int(4 * draw[1])
        gamma, tau, eta = 0.95 * draw[2], 0.05 + draw[3], 0.05 + 0.95 * draw[4]
        errors = descent(random_mdp(states, actions, gamma, tau, seed), eta, 15, seed)
        rate = 1 - eta * (1 - gamma)
        for before, after in zip(errors, errors[1:], strict=False):  # noqa: RUF007
            assert after <= rate * before + 1e-9


def test_at_full_step_it_is_soft_policy_iteration() -> None:
    mdp = random_mdp(5, 4, 0.9, 0.2, 1)
    policy = random_policy(mdp, 2)
    target = mdp.best_response(mdp.values(policy))
    assert torch.equal(mixed(policy, target, 1.0), target)
    assert descent(mdp, 1.0, 12)[-1] < 1e-9


# -- (C) tokens --


def potentials(batch, epsilon: float = 0.05, iterations: int = 200) -> torch.Tensor:
    return centred_potentials(
        batch.top_k, batch.completion_ids_N_T, batch.mask_N_T, epsilon, iterations
    )


def test_a_policy_that_equals_its_reference_is_left_alone() -> None:
    batch = a_batch()
    top = batch.top_k
    same = TopK(top.old_ids, top.old_logps, top.old_ids, top.old_logps, top.embeddings)
    found = WassersteinProximal().add(replace(batch, top_k=same), torch.ones(8, 6))
    assert torch.equal(found, torch.zeros(8, 6))


def test_without_debiasing_it_would_be_pushed() -> None:
    logits = torch.randn(1, 5, generator=torch.Generator().manual_seed(0), dtype=F64)
    cost = token_costs(torch.eye(4, dtype=F64)[None], torch.eye(4, dtype=F64)[None])
    f = sinkhorn(logits.log_softmax(-1), logits.log_softmax(-1), cost, 0.2, 500)[0]
    assert float(f.max() - f.min()) > 0.01


def test_all_mass_in_the_bin_says_nothing() -> None:
    batch = a_batch()
    top = batch.top_k
    nothing = torch.full_like(top.old_logps, -torch.inf)
    empty = TopK(top.old_ids, nothing, top.ref_ids, nothing, top.embeddings)
    assert float(potentials(replace(batch, top_k=empty)).abs().max()) < 1e-6


def test_the_mean_under_the_policy_is_zero() -> None:
    """Over every token of a vocabulary that K covers, f - E f averages out."""
    logps = torch.randn(1, 5, generator=torch.Generator().manual_seed(1)).log_softmax(-1)
    ref = torch.randn(1, 5, generator=torch.Generator().manual_seed(2)).log_softmax(-1)
    ids = torch.arange(5).expand(1, 5, 5)
    top = TopK(ids, logps.expand(1, 5, 5), ids, ref.expand(1, 5, 5), torch.eye(5))
    found = centred_potentials(top, torch.arange(5)[None], torch.ones(1, 5), 0.05, 200)
    assert float((found * logps.exp()).sum()) == pytest.approx(0, abs=1e-6)
    assert float(found.abs().max()) > 0.01


def test_transport_with_equal_distances_becomes_total_variation() -> None:
    p = torch.tensor([[0.7, 0.2, 0.1]], dtype=F64)
    q = torch.tensor([[0.1, 0.1, 0.8]], dtype=F64)
    cost = (1 - torch.eye(3, dtype=F64)).unsqueeze(0)
    f, g = sinkhorn(p.log(), q.log(), cost, 0.005, 3000)
    total = float((p * f).sum() + (q * g).sum())
    assert total == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize("dtype", [F64, torch.float32])
def test_far_costs_are_added_in_logarithms_with_the_same_result(dtype: torch.dtype) -> None:
    chance = torch.Generator().manual_seed(3)
    p, q = (torch.randn(4, 6, generator=chance).to(dtype).log_softmax(-1) for _ in range(2))
    q[:, 5], cost = -torch.inf, 2 * torch.rand(4, 6, 6, generator=chance).to(dtype)
    for epsilon in (0.05, *(2 / (0.99 * farthest) for farthest in FARTHEST.values())):
        found, slow = sinkhorn(p, q, cost, epsilon, 40), _in_logarithms(p, q, cost, epsilon, 40)
        for one, other in zip(found, slow, strict=True):
            assert one.dtype == dtype
            torch.testing.assert_close(one, other, rtol=0, atol=1e-6 if dtype == F64 else 1e-4)
    far = sinkhorn(p, q, cost, 1e-3, 40)[0]
    torch.testing.assert_close(far, _in_logarithms(p, q, cost, 1e-3, 40)[0])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9999),
    epsilon=st.floats(0.02, 1.0),
    sharp=st.floats(0.1, 8.0),
    k=st.integers(1, 9),
)
def test_longer_steps_end_where_the_marginals_hold(seed, epsilon, sharp, k) -> None:
    """Whatever the masses, costs and smoothing: potentials stay finite and the plan is one."""
    chance = torch.Generator().manual_seed(seed)
    p, q = (
        (sharp * torch.randn(3, k, generator=chance, dtype=F64)).log_softmax(-1) for _ in range(2)
    )
    cost = 2 * torch.rand(3, k, k, generator=chance, dtype=F64)
    f, g = sinkhorn(p, q, cost, epsilon, 4000)
    both = (f.unsqueeze(2) + g.unsqueeze(1) - cost) / epsilon
    plan = (both + p.unsqueeze(2) + q.unsqueeze(1)).exp()
    assert bool(torch.isfinite(f).all() and torch.isfinite(g).all())
    torch.testing.assert_close(plan.sum(2), p.exp(), atol=1e-3, rtol=0)
    torch.testing.assert_close(plan.sum(1), q.exp(), atol=1e-3, rtol=0)


def test_a_synonym_is_nearer_than_a_stranger() -> None:
    """What KL lacks: moving mass from token 0 to its near twin 1 costs less than to 2."""
    near = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.1], [-1.0, 0.2]]), dim=1)
    cost = token_costs(near[None], near[None])
    home = torch.tensor([[0.9, 0.05, 0.05, 0.0]], dtype=F64)
    totals = []
    for moved in ([0.5, 0.45, 0.05, 0.0], [0.5, 0.05, 0.45, 0.0]):
        p = torch.tensor([moved], dtype=F64)
        f, g = sinkhorn(p.log(), home.log(), cost, 0.01, 2000)
        totals.append(float((p * f).sum() + (home * g).sum()))
    assert totals[0] < 0.2 * totals[1]


def test_tokens_that_the_policy_gained_are_pushed_down() -> None:
    ids = torch.arange(3).expand(1, 1, 3)
    old = torch.tensor([[[0.8, 0.1, 0.1]]]).log()
    ref = torch.tensor([[[0.1, 0.1, 0.8]]]).log()
    top = TopK(ids, old, ids, ref, torch.eye(3))
    batch = a_batch(
        1, 1, 1, top_k=top, completion_ids_N_T=torch.tensor([[0]]), mask_N_T=torch.ones(1, 1)
    )
    assert float(WassersteinProximal().add(batch, torch.zeros(1, 1))) < 0
    other = replace(batch, completion_ids_N_T=torch.tensor([[2]]))
    assert float(WassersteinProximal().add(other, torch.zeros(1, 1))) > 0
