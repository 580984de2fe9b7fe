"""WPG: Wasserstein policy gradient, as far as it carries over to tokens.

Paper: Zhu, Gao, Li, "Global Convergence of Wasserstein Policy Gradient for Entropy-Regularized
Reinforcement Learning", arXiv 2605.26078. Status: published theory for actions in R^d with an
exact Q; no experiments, no language model, no code. Its geometric rate has an O(eta) bias.

Three things carry the name here:

- :mod:`rl.methods.wpg_particles` is the paper's own step for continuous actions;
- :mod:`rl.methods.wpg_finite` is the flow on finitely many actions, whose rate is checked exactly;
- this file is a *regulariser* for tokens: no gradient of Q with respect to a token exists, so the
  policy is held near a reference in optimal-transport distance, with the distance between tokens
  taken from their embeddings. That is the published WPR (arXiv 2602.01685, code aailab-kaist/WPR),
  and **no rate of convergence is claimed for it**.

Per position, with ``pi`` and ``ref`` on their own ``K`` likeliest tokens plus one bin for the rest,
cost ``1 - cos(e_a, e_b)`` between tokens and 1 between a token and the bin, ``f_{p,q}`` the dual
potential of entropic transport from ``p`` to ``q``, ``(N, T, K + 1)``::

    f   = f_{pi,ref} - f_{pi,pi}
    A_t += -weight * (f(y_t) - E_pi f)

which is the score-function form of the gradient of the debiased transport cost. Without the
second term the potential pushes even a policy that equals its reference.

Defaults: ``epsilon = 0.05``, 50 iterations, ``weight = 0.05``: ours (WPR: 0.01, up to 500). Ours
too: the bin's cost of 1, since WPR's bin is joined to itself only, which has no solution when the
two tails weigh differently; and a token outside the policy's ``K`` shares the bin's potential.

What it cannot do: anything in the tail that the ``K`` tokens do not show. It costs a forward pass
of the reference with its logits and ``iterations * (K + 1)^2`` operations per token, twice.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from rl.slots import AdditiveSlot, Batch, Need, TopK

FARTHEST = 300.0
"""Costs in epsilons whose exponential, and the reciprocal of it, float64 still holds."""
POSITIONS = 512
"""Tokens solved at once: bounds memory to ``POSITIONS * K * D`` numbers."""


class WassersteinProximal(AdditiveSlot):
    """Keep the policy near its reference, where a synonym is nearer than a stranger."""

    kind: Literal["wpg"] = "wpg"
    needs = frozenset[Need]({"top_k"})
    weight: float = Field(default=0.05, ge=0.0)
    epsilon: float = Field(default=0.05, gt=0.0)
    """Entropic smoothing, in units of the cost, which lies in [0, 2]."""
    iterations: int = Field(default=50, ge=1)

    def add(self, batch: Batch, advantages_N_T: Tensor) -> Tensor:  # noqa: ARG002
        """Return ``(N, T)``.

        Raises:
            ValueError: the batch has no likeliest tokens.
        """
        if batch.top_k is None:
            raise ValueError("wpg needs the likeliest tokens of the policy and the reference")
        potential_N_T = centred_potentials(
            batch.top_k, batch.completion_ids_N_T, batch.mask_N_T, self.epsilon, self.iterations
        )
        return -self.weight * potential_N_T


def centred_potentials(
    top_k: TopK, completion_ids_N_T: Tensor, mask_N_T: Tensor, epsilon: float, iterations: int
) -> Tensor:
    """Return ``f(y_t) - E_pi f``, ``(N, T)``; 0 where the mask is 0."""
    valid = mask_N_T > 0
    ids_P_K, old_P_K = top_k.old_ids[valid], top_k.old_logps[valid].double()
    ref_ids_P_K, ref_P_K = top_k.ref_ids[valid], top_k.ref_logps[valid].double()
    chosen_P = completion_ids_N_T[valid]
    solved = [torch.zeros(0, dtype=torch.float64, device=valid.device)]
    for start in range(0, chosen_P.shape[0], POSITIONS):
        part = slice(start, start + POSITIONS)
        here = with_bin(old_P_K[part])
        potential = _debiased(
            (ids_P_K[part], here),
            (ref_ids_P_K[part], with_bin(ref_P_K[part])),
            top_k.embeddings,
            epsilon,
            iterations,
        )
        at = (ids_P_K[part] == chosen_P[part].unsqueeze(1)).double()
        at = torch.cat([at, 1.0 - at.sum(dim=1, keepdim=True)], dim=1)
        solved.append(((at - here.exp()) * potential).sum(dim=1))
    spread = torch.zeros(valid.shape, dtype=torch.float32, device=valid.device)
    return spread.masked_scatter(valid, torch.cat(solved).float())


def with_bin(logps_P_K: Tensor) -> Tensor:
    """Return the log-masses of ``K`` tokens and of all others together, ``(P, K + 1)``."""
    rest = (1.0 - logps_P_K.exp().sum(dim=1, keepdim=True)).clamp(min=0.0)
    masses = torch.cat([logps_P_K, rest.log()], dim=1)
    return masses - masses.logsumexp(dim=1, keepdim=True)


def token_costs(ids_P_K: Tensor, other_ids_P_K: Tensor, embeddings_V_D: Tensor) -> Tensor:
    """Return ``1 - cos`` between tokens, 1 to the bin and 0 within it, ``(P, K + 1, K + 1)``."""
    ours, theirs = embeddings_V_D[ids_P_K], embeddings_V_D[other_ids_P_K]
    cosine = (ours @ theirs.transpose(1, 2)).double()
    cost = torch.nn.functional.pad((1.0 - cosine).clamp(min=0.0), (0, 1, 0, 1), value=1.0)
    cost[:, -1, -1] = 0.0
    return cost


def sinkhorn(
    log_p: Tensor, log_q: Tensor, cost: Tensor, epsilon: float, iterations: int
) -> tuple[Tensor, Tensor]:
    """Return the dual potentials ``f (P, A)`` and ``g (P, B)`` of entropic transport.

    The regulariser is ``epsilon * KL(plan || p x q)``; a mass of 0 (log -inf) takes no part. The
    iteration multiplies ``exp(f / epsilon)`` and ``exp(g / epsilon)``, which float64 holds while
    costs stay below some :data:`FARTHEST` epsilons; beyond, it adds logarithms, which is slower.

    Args:
        log_p: ``(P, A)``.
        log_q: ``(P, B)``.
        cost: ``(P, A, B)``, not negative.
        epsilon: of the regulariser.
        iterations: of both potentials.
    """
    if cost.numel() and float(cost.amax()) > FARTHEST * epsilon:
        return _in_logarithms(log_p, log_q, cost, epsilon, iterations)
    p, q = (mass.double().exp().unsqueeze(1) for mass in (log_p, log_q))
    kernel = (-cost.double() / epsilon).exp()
    from_p, from_q = kernel.transpose(1, 2).contiguous() * p, kernel * q
    u = v = torch.ones_like(from_q[:, :, :1])
    for _ in range(iterations):
        v = (from_p @ u).reciprocal()
        u = (from_q @ v).reciprocal()
    f, g = (epsilon * scale.log().squeeze(2) for scale in (u, v))
    return f.to(log_p.dtype), g.to(log_q.dtype)


def _in_logarithms(
    log_p: Tensor, log_q: Tensor, cost: Tensor, epsilon: float, iterations: int
) -> tuple[Tensor, Tensor]:
    f = torch.zeros_like(log_p)
    g = torch.zeros_like(log_q)
    for _ in range(iterations):
        g = -epsilon * torch.logsumexp(log_p.unsqueeze(2) + (f.unsqueeze(2) - cost) / epsilon, 1)
        f = -epsilon * torch.logsumexp(log_q.unsqueeze(1) + (g.unsqueeze(1) - cost) / epsilon, 2)
    return f, g


Masses = tuple[Tensor, Tensor]
"""Token ids ``(P, K)`` and log-masses ``(P, K + 1)``, the bin last."""


def _debiased(
    policy: Masses, reference: Masses, embeddings_V_D: Tensor, epsilon: float, iterations: int
) -> Tensor:
    """Return ``f_{pi,ref} - f_{pi,pi}``, ``(P, K + 1)``, each up to a constant."""
    potentials = [
        sinkhorn(
            policy[1],
            other[1],
            token_costs(policy[0], other[0], embeddings_V_D),
            epsilon,
            iterations,
        )[0]
        for other in (reference, policy)
    ]
    return potentials[0] - potentials[1]
