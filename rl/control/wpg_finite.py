"""The Wasserstein flow on finitely many actions, and its rate, exactly.

Papers: arXiv 2605.26078 for the idea (see :mod:`rl.objective.methods.wpg`), Maas 1102.5238 for the
right distance on a finite set. Status: our finite analogue, proved and checked here; **not the
paper's theorem**, whose actions are continuous.

One state, ``Q (K,)``, temperature ``tau``, target ``g = softmax(Q / tau)``, kernel
``kappa_ab = exp(-c_ab / sigma)``::

    L_ab = kappa_ab exp((Q_b - Q_a) / (2 tau)),  L_aa = -sum_b L_ab      g_a L_ab = g_b L_ba
    pi_t = pi_0 expm(t L)               the gradient flow of tau KL(pi || g) in Maas' metric
    chi2(pi_t, g) <= exp(-2 gap t) chi2(pi_0, g)

Joining every pair of actions at rate ``g_b`` gives ``pi' = (1 - eta) pi + eta g``. In a soft MDP
with rewards ``R (S, A)``, transitions ``P (S, A, S)``, exact ``V`` and ``Q = R + gamma P V`` and
``p = softmax(Q / tau)``, that step has, without any bias term::

    T*V - V = tau KL(pi || p)   for every state
    V' >= V   and   |V* - V'| <= (1 - eta (1 - gamma)) |V* - V|      largest over states

Limitations: nothing follows for sampled gradients or for a policy with parameters. Here ``Q`` is
exact and every state has its own distribution. ``eta = 1`` is soft policy iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def kernel(embeddings_K_D: Tensor) -> Tensor:
    """Return the affinity of actions ``(K, K)``: 1 for identical embeddings, 0 on the diagonal.

    The scale is the median squared distance between different actions.
    """
    cost = (embeddings_K_D.unsqueeze(0) - embeddings_K_D.unsqueeze(1)).square().sum(dim=-1)
    apart = ~torch.eye(len(cost), dtype=torch.bool, device=cost.device)
    sigma = cost[apart].median() if apart.any() else cost.new_ones(())
    return torch.exp(-cost / sigma.clamp(min=1e-12)) * apart


def generator(q_K: Tensor, kernel_K_K: Tensor, tau: float) -> Tensor:
    """Return the rates ``L (K, K)``: rows sum to 0, reversible for ``softmax(Q / tau)``."""
    lift = torch.exp((q_K.unsqueeze(0) - q_K.unsqueeze(1)) / (2.0 * tau))
    rates = kernel_K_K * lift
    rates = rates - torch.diag(rates.diagonal())
    return rates - torch.diag(rates.sum(dim=1))


def flow(policy_K: Tensor, rates_K_K: Tensor, time: float) -> Tensor:
    """Return the policy after ``time``, ``(K,)``."""
    return policy_K @ torch.linalg.matrix_exp(time * rates_K_K)


def spectral_gap(rates_K_K: Tensor, target_K: Tensor) -> float:
    """Return the spectral gap of a reversible flow: its slowest rate of convergence."""
    root = target_K.sqrt()
    symmetric = -(root.unsqueeze(1) * rates_K_K / root.unsqueeze(0))
    return float(torch.linalg.eigvalsh((symmetric + symmetric.T) / 2)[1])


def chi_squared(policy_K: Tensor, target_K: Tensor) -> float:
    """Return ``sum (pi - g)^2 / g``."""
    return float(((policy_K - target_K).square() / target_K).sum())


def mixed(policy_S_A: Tensor, target_S_A: Tensor, eta: float) -> Tensor:
    """Return the step on the complete graph, ``(1 - eta) pi + eta g``."""
    return (1.0 - eta) * policy_S_A + eta * target_S_A


@dataclass(frozen=True)
class SoftMdp:
    """A finite decision process with an entropy bonus of weight ``tau``.

    ``rewards (S, A)``, ``transitions (S, A, S)`` with rows that sum to 1, ``0 <= gamma < 1``.
    """

    rewards: Tensor
    transitions: Tensor
    gamma: float
    tau: float

    def dynamics(self, policy_S_A: Tensor) -> Tensor:
        """Return the state-to-state probabilities under a policy, ``(S, S)``."""
        return torch.einsum("sa,sat->st", policy_S_A, self.transitions)

    def values(self, policy_S_A: Tensor) -> Tensor:
        """Return the exact soft value of every state under a policy, ``(S,)``."""
        surprise = torch.special.entr(policy_S_A).sum(dim=1)
        gain = (policy_S_A * self.rewards).sum(dim=1) + self.tau * surprise
        eye = torch.eye(len(gain), dtype=gain.dtype, device=gain.device)
        return torch.linalg.solve(eye - self.gamma * self.dynamics(policy_S_A), gain)

    def q_values(self, values_S: Tensor) -> Tensor:
        """Return ``R + gamma P V``, ``(S, A)``."""
        return self.rewards + self.gamma * (self.transitions @ values_S)

    def best_response(self, values_S: Tensor) -> Tensor:
        """Return ``softmax(Q / tau)``, ``(S, A)``."""
        return torch.softmax(self.q_values(values_S) / self.tau, dim=1)

    def backup(self, values_S: Tensor) -> Tensor:
        """Return the optimal soft Bellman operator applied to ``V``, ``(S,)``."""
        return self.tau * torch.logsumexp(self.q_values(values_S) / self.tau, dim=1)

    def optimum(self, rounds: int = 200) -> Tensor:
        """Return the optimal soft values ``(S,)``, by soft policy iteration."""
        values = self.values(torch.full_like(self.rewards, 1.0 / self.rewards.shape[1]))
        for _ in range(rounds):
            better = self.values(self.best_response(values))
            gained = float((better - values).abs().max())
            values = better
            if gained <= 1e-13 * float(values.abs().max()):
                break
        return values


def random_mdp(states: int, actions: int, gamma: float, tau: float, seed: int) -> SoftMdp:
    """Return a process with normal rewards and mostly sparse random transitions, in float64."""
    chance = torch.Generator().manual_seed(seed)
    rewards = torch.randn(states, actions, generator=chance, dtype=torch.float64)
    weights = torch.rand(states, actions, states, generator=chance, dtype=torch.float64) ** 3
    return SoftMdp(rewards, weights / weights.sum(dim=-1, keepdim=True), gamma, tau)


def descent(mdp: SoftMdp, eta: float, steps: int, seed: int = 0) -> list[float]:
    """Return the largest error of the values before each step and after the last.

    The first policy is random, drawn from ``seed``.
    """
    chance = torch.Generator().manual_seed(seed)
    drawn = torch.rand(mdp.rewards.shape, generator=chance, dtype=mdp.rewards.dtype)
    policy = drawn / drawn.sum(dim=1, keepdim=True)
    best = mdp.optimum()
    errors = []
    for _ in range(steps + 1):
        values = mdp.values(policy)
        errors.append(float((best - values).abs().max()))
        policy = mixed(policy, mdp.best_response(values), eta)
    return errors
