"""On-policy distillation: a teacher scores the student's own tokens.

Papers: Nie, "Post-Training is About States, Not Tokens", arXiv 2605.22731; the method is GKD's,
arXiv 2306.13649. Status: published; the first paper's code was not retrievable.

For the score function, ``E_{y ~ pi}[(log p_T(y) - log pi(y)) grad log pi(y)]`` is minus the
gradient of ``KL(pi || p_T)``, so reverse-KL distillation on the student's own states is an
advantage of its own, ``(N, T)``::

    A_t += lam * clamp(log p_T(y_t) - log pi_old(y_t), -clip, clip)

:func:`jensen_shannon` is the same loss over the whole vocabulary, as in TRL's
``DistillationTrainer``: ``beta = 1`` is reverse KL, 0 forward KL.

The teacher is another model, an endpoint that returns the log-probabilities of given tokens, or
the policy itself shown the governing text (:mod:`rl.objective.methods.teachers`).

Defaults: ``clip = 5`` nats, ours; ``lam = 0.1``, ours: the papers distil in a stage of its own,
without rewards beside it.

Limitations: the teacher must have the student's tokenizer, since it scores token ids; nothing is
learnt about states that the student never visits. Tokens that the teacher did not score (NaN) get
no advantage.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from rl.objective.methods.groups import widened
from rl.objective.methods.settings import OpdSettings
from rl.objective.slots import AdditiveSlot, Batch, Need


@dataclass(frozen=True)
class Distillation(AdditiveSlot):
    """Adds the clipped log-probability difference of teacher and policy to the advantage."""

    settings: OpdSettings = field(default_factory=OpdSettings)
    needs = frozenset[Need]({"teacher_logps", "old_logps"})

    def add(self, batch: Batch, advantages_N_T: Tensor) -> Tensor:  # noqa: ARG002
        """Return the distillation advantage of each token, shape ``(N, T)``.

        Raises:
            ValueError: the batch has no log-probabilities of the teacher or the policy.
        """
        if batch.teacher_logps_N_T is None or batch.old_logps_N_T is None:
            raise ValueError("opd needs the log-probabilities of the teacher and of the policy")
        gap_N_T = towards_teacher(
            batch.teacher_logps_N_T, batch.old_logps_N_T, batch.mask_N_T, self.settings.clip
        )
        return self.settings.lam * gap_N_T


def towards_teacher(
    teacher_logps_N_T: Tensor, logps_N_T: Tensor, mask_N_T: Tensor, clip: float
) -> Tensor:
    """Return the clipped difference of log-probabilities ``(N, T)``; 0 where unknown or masked."""
    gap_N_T = widened(teacher_logps_N_T) - widened(logps_N_T)
    known = (mask_N_T > 0) & ~torch.isnan(gap_N_T)
    return torch.where(known, gap_N_T.clamp(-clip, clip), 0.0)


def jensen_shannon(
    logits_N_T_V: Tensor, teacher_logits_N_T_V: Tensor, mask_N_T: Tensor, beta: float = 1.0
) -> Tensor:
    """Return the mean generalised Jensen-Shannon divergence per unmasked token, in nats.

    Args:
        logits_N_T_V: logits of the student, with a gradient.
        teacher_logits_N_T_V: logits of the teacher, at the same temperature.
        mask_N_T: tokens that count.
        beta: 1 is KL(student || teacher), 0 is KL(teacher || student).
    """
    student, teacher = logits_N_T_V.log_softmax(-1), teacher_logits_N_T_V.log_softmax(-1)
    if beta in (0.0, 1.0):
        first, second = (student, teacher) if beta else (teacher, student)
        divergence_N_T = (first.exp() * (first - second)).sum(dim=-1)
    else:
        mixed = torch.logaddexp(student + _log(1 - beta), teacher + _log(beta))
        divergence_N_T = beta * (teacher.exp() * (teacher - mixed)).sum(dim=-1)
        divergence_N_T += (1 - beta) * (student.exp() * (student - mixed)).sum(dim=-1)
    mask = mask_N_T > 0
    return torch.where(mask, divergence_N_T, 0.0).sum() / mask.sum().clamp(min=1)


def _log(share: float) -> float:
    return float(torch.tensor(share, dtype=torch.float64).log())
