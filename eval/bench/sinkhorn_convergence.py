"""Convergence of the Sinkhorn iteration of the method WPG.

At the positions of the fixed neutral texts, transport is computed between a model's top-k tokens
and those of a reference whose logits differ by Gaussian noise, with costs from the token
embeddings. The potential after some iterations is compared with the converged one, weighted by the
policy's probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from agent.models.catalogue import open_location
from corpus.model import Frozen
from rl.objective.forward_passes import LIKELIEST
from rl.objective.methods.wpg import debiased, with_bin
from rl.training.state_drift import neutral_prompts

APART = (0.1, 0.5, 2.0)
"""Standard deviations of the noise, in nats."""
EPSILONS = (0.05, 0.1, 0.2)
ITERATIONS = (10, 15, 50, 500)
SETTLED = 20_000
POSITIONS = 64


class Convergence(Frozen):
    """Error after ``iterations``: root mean square error over the root mean square potential.

    Attributes:
        apart: standard deviation of the noise, in nats.
        epsilon: entropic smoothing.
        iterations: number of iterations.
        error: root mean square error over the root mean square potential.
        correlation: correlation with the converged potential.
    """

    apart: float
    epsilon: float
    iterations: int
    error: float
    correlation: float


def sinkhorn_convergence(model: str, seed: int = 0) -> Iterator[Convergence]:
    """Yield the error for every noise level, epsilon and number of iterations.

    Args:
        model: a prepared model, or a folder.
        seed: seed of the noise.

    Raises:
        ModelError: there is no such model.
    """
    logits, embeddings = _opened(model)
    chance = torch.Generator().manual_seed(seed)
    for apart in APART:
        noise = torch.randn(logits.shape, generator=chance, dtype=logits.dtype)
        for epsilon in EPSILONS:
            yield from _settling(logits, logits + apart * noise, embeddings, apart, epsilon)


def _opened(model: str) -> tuple[Tensor, Tensor]:
    """Return logits ``(P, V)`` and embeddings of unit norm ``(V, D)``, in float64."""
    location = open_location(model)
    tokenizer = AutoTokenizer.from_pretrained(location)
    opened = AutoModelForCausalLM.from_pretrained(location, dtype=torch.float32).eval()
    ids = tokenizer(" ".join(neutral_prompts()), return_tensors="pt").input_ids[:, :POSITIONS]
    with torch.no_grad():
        logits = opened(ids).logits[0].double()
    table = opened.get_input_embeddings().weight.detach().double()
    return logits, torch.nn.functional.normalize(table, dim=-1)


def _settling(
    logits: Tensor, reference: Tensor, embeddings: Tensor, apart: float, epsilon: float
) -> Iterator[Convergence]:
    sides = [one.log_softmax(-1).topk(LIKELIEST, dim=-1) for one in (logits, reference)]
    policy, other = ((side.indices, with_bin(side.values)) for side in sides)
    weights = policy[1].exp()

    def potential(iterations: int) -> Tensor:
        found = debiased(policy, other, embeddings, epsilon, iterations)
        return found - (weights * found).sum(dim=1, keepdim=True)

    def inner(one: Tensor, two: Tensor) -> float:
        return float((weights * one * two).sum(dim=1).mean())

    settled = potential(SETTLED)
    for iterations in ITERATIONS:
        found = potential(iterations)
        gap, whole = found - settled, inner(settled, settled)
        yield Convergence(
            apart=apart,
            epsilon=epsilon,
            iterations=iterations,
            error=(inner(gap, gap) / whole) ** 0.5,
            correlation=inner(found, settled) / (inner(found, found) * whole) ** 0.5,
        )
