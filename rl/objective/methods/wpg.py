"""WPG: Wasserstein policy gradient, as far as it carries over to tokens.

Paper: Zhu, Gao, Li, "Global Convergence of Wasserstein Policy Gradient for Entropy-Regularized
Reinforcement Learning", arXiv 2605.26078. Status: published theory for actions in R^d with an
exact Q; no experiments, no language model, no code. Its geometric rate has an O(eta) bias.

Three modules implement parts of it:

- :mod:`eval.claims.wpg_particles` is the paper's own step for continuous actions;
- :mod:`rl.control.wpg_finite` is the flow on finitely many actions, whose rate is checked exactly;
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
second term the potential would move even a policy that equals its reference.

Defaults: ``epsilon = 0.2``, 15 iterations, ``weight = 0.05``: ours (WPR: 0.01, up to 500). At 0.05
and 50 iterations the potential has not converged where likely tokens lie far apart and the two
policies are close (measured in ``docs/methods.md``). Ours too: the bin's cost of 1, since WPR's bin
is joined to itself only, which has no solution when the two tails weigh differently; and a token
outside the policy's ``K`` shares the bin's potential.

Limitations: it does not act on tokens outside the top ``K``. It costs a forward pass of the
reference (unless a KL penalty makes one anyway), the logits of both models, and
``iterations * (K + 1)^2`` operations per token, twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from rl.objective.methods.settings import WpgSettings
from rl.objective.slots import AdditiveSlot, Batch, Need, TopK

FARTHEST = {torch.float32: 40.0, torch.float64: 300.0}
"""Greatest cost in epsilons for which a float type holds exp and its reciprocal, squared."""
PLAIN = 2
"""Iterations before over-relaxation begins."""
POSITIONS = 256
"""Positions solved at once: bounds memory to ``POSITIONS * K * D`` numbers, which fit into cache.
"""


@dataclass(frozen=True)
class WassersteinProximal(AdditiveSlot):
    """Regulariser towards the reference in optimal-transport distance between token embeddings."""

    settings: WpgSettings = field(default_factory=WpgSettings)
    needs = frozenset[Need]({"top_k"})

    def add(self, batch: Batch, advantages_N_T: Tensor) -> Tensor:  # noqa: ARG002
        """Return the advantage added to each token, shape ``(N, T)``.

        Raises:
            ValueError: the batch has no top-k tokens.
        """
        if batch.top_k is None:
            raise ValueError("wpg needs the likeliest tokens of the policy and the reference")
        potential_N_T = centred_potentials(
            batch.top_k,
            batch.completion_ids_N_T,
            batch.mask_N_T,
            self.settings.epsilon,
            self.settings.iterations,
        )
        return -self.settings.weight * potential_N_T


def centred_potentials(
    top_k: TopK, completion_ids_N_T: Tensor, mask_N_T: Tensor, epsilon: float, iterations: int
) -> Tensor:
    """Return ``f(y_t) - E_pi f``, ``(N, T)``; 0 where the mask is 0."""
    valid = mask_N_T > 0
    ids_P_K, ref_ids_P_K = top_k.old_ids[valid], top_k.ref_ids[valid]
    masses, ref_masses = with_bin(top_k.old_logps[valid]), with_bin(top_k.ref_logps[valid])
    at = ids_P_K == completion_ids_N_T[valid].unsqueeze(1)
    at = torch.cat([at, ~at.any(dim=1, keepdim=True)], dim=1).to(masses.dtype)
    solved = [torch.zeros(0, device=valid.device)]
    for start in range(0, len(at), POSITIONS):
        part = slice(start, start + POSITIONS)
        potential = debiased(
            (ids_P_K[part], masses[part]),
            (ref_ids_P_K[part], ref_masses[part]),
            top_k.embeddings,
            epsilon,
            iterations,
        )
        solved.append(((at[part] - masses[part].exp()) * potential).sum(dim=1))
    spread = torch.zeros(valid.shape, dtype=torch.float32, device=valid.device)
    return spread.masked_scatter(valid, torch.cat(solved).float())


def with_bin(logps_P_K: Tensor) -> Tensor:
    """Return the log-masses of ``K`` tokens and of all others in one bin, ``(P, K + 1)``."""
    exact = logps_P_K.double()
    rest = (1.0 - exact.exp().sum(dim=1, keepdim=True)).clamp(min=0.0)
    masses = torch.cat([exact, rest.log()], dim=1)
    return (masses - masses.logsumexp(dim=1, keepdim=True)).to(logps_P_K.dtype)


def token_costs(tokens_P_K_D: Tensor, others_P_K_D: Tensor) -> Tensor:
    """Return the cost matrix ``(P, K + 1, K + 1)``: ``1 - cos`` between tokens, 1 to the bin.

    The cost within the bin is 0.

    Args:
        tokens_P_K_D: embeddings of unit norm.
        others_P_K_D: embeddings of the other distribution's tokens, of unit norm.
    """
    cosine = tokens_P_K_D @ others_P_K_D.transpose(1, 2)
    cost = torch.nn.functional.pad((1.0 - cosine).clamp(min=0.0), (0, 1, 0, 1), value=1.0)
    cost[:, -1, -1] = 0.0
    return cost


def sinkhorn(
    log_p: Tensor, log_q: Tensor, cost: Tensor, epsilon: float, iterations: int
) -> tuple[Tensor, Tensor]:
    """Return the dual potentials ``f (P, A)`` and ``g (P, B)`` of entropic transport.

    The regulariser is ``epsilon * KL(plan || p x q)``; a mass of 0 (log -inf) is ignored. The
    iteration multiplies ``exp(f / epsilon)`` and ``exp(g / epsilon)``, in the masses' precision or
    else in float64, while costs stay below :data:`FARTHEST` epsilons; above, it works with
    logarithms, which is slower. After :data:`PLAIN` iterations each step is over-relaxed by one
    half (arXiv 1711.01851), which halves the number of iterations needed.

    Args:
        log_p: log-masses ``(P, A)``.
        log_q: log-masses ``(P, B)``.
        cost: costs ``(P, A, B)``, not negative.
        epsilon: strength of the entropic regulariser.
        iterations: number of updates of both potentials.
    """
    farthest = float(cost.amax()) / epsilon if cost.numel() else 0.0
    precision = log_p.dtype if farthest <= FARTHEST.get(log_p.dtype, 0.0) else torch.float64
    if farthest > FARTHEST[precision]:
        return _in_logarithms(log_p, log_q, cost, epsilon, iterations)
    p, q = (mass.to(precision).exp().T for mass in (log_p, log_q))
    kernel = (-cost.to(precision) / epsilon).exp().permute(1, 2, 0)
    from_p, from_q = ((kernel * mass).contiguous() for mass in (p.unsqueeze(1), q.unsqueeze(0)))
    u = torch.ones_like(p)
    v = torch.ones_like(q)
    for number in range(iterations):
        next_v = (from_p * u.unsqueeze(1)).sum(dim=0).reciprocal()
        v = next_v if number < PLAIN else next_v * (next_v / v).sqrt()
        next_u = (from_q * v.unsqueeze(0)).sum(dim=1).reciprocal()
        u = next_u if number < PLAIN else next_u * (next_u / u).sqrt()
    f, g = (epsilon * scale.log().T for scale in (u, v))
    return f.to(log_p.dtype), g.to(log_q.dtype)


def _in_logarithms(
    log_p: Tensor, log_q: Tensor, cost: Tensor, epsilon: float, iterations: int
) -> tuple[Tensor, Tensor]:
    f = torch.zeros_like(log_p)
    g = torch.zeros_like(log_q)
    for number in range(iterations):
        step = 1.0 if number < PLAIN else 1.5
        to_g = log_p.unsqueeze(2) + (f.unsqueeze(2) - cost) / epsilon
        g = g + step * (-epsilon * torch.logsumexp(to_g, 1) - g)
        to_f = log_q.unsqueeze(1) + (g.unsqueeze(1) - cost) / epsilon
        f = f + step * (-epsilon * torch.logsumexp(to_f, 2) - f)
    return f, g


Masses = tuple[Tensor, Tensor]
"""Token ids ``(P, K)`` and log-masses ``(P, K + 1)``, the bin last."""


def debiased(
    policy: Masses, reference: Masses, embeddings_V_D: Tensor, epsilon: float, iterations: int
) -> Tensor:
    """Return ``f_{pi,ref} - f_{pi,pi}``, ``(P, K + 1)``, up to a constant.

    Args:
        policy: ids and log-masses of ``pi``.
        reference: ids and log-masses of the reference.
        embeddings_V_D: token embeddings of unit norm.
        epsilon: entropic smoothing.
        iterations: iterations of Sinkhorn's algorithm.
    """
    ours, theirs = (
        torch.nn.functional.embedding(m[0], embeddings_V_D) for m in (policy, reference)
    )
    f = sinkhorn(policy[1], reference[1], token_costs(ours, theirs), epsilon, iterations)[0]
    itself = sinkhorn(policy[1], policy[1], token_costs(ours, ours), epsilon, iterations)[0]
    return f - itself
