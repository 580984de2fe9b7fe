"""G2D in the laboratory: one pass of DPO on pairs of a run's rollouts; the pairs are the product's.

The pass is :mod:`rl.after_run.g2d.dpo` on the laboratory's policy, with the same loss, masks and
batches.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from agent.models.token_sequence import TokenSequence
from eval.claims.lab import LabQuestion, Policy, Scored, Written
from rl.after_run.g2d.dpo import DpoSettings
from rl.after_run.g2d.labelled import Rank
from rl.after_run.g2d.pairs import Pair, Ranked, pairs_of_groups
from rl.rewards.outcome import Outcome


@dataclass
class KeptRollouts:
    """The judged rollouts of a run, by question, and the questions."""

    group_size: int
    groups: dict[str, list[Ranked]] = field(default_factory=dict)
    questions: dict[str, LabQuestion] = field(default_factory=dict)

    def keep(self, asked: LabQuestion, written: Written, judged: Scored) -> None:
        """Keep the rollouts of one round."""
        for row in range(len(asked)):
            name = f"{len(self.groups) - (row % self.group_size > 0)}"
            self.questions.setdefault(name, asked.take(torch.tensor([row])))
            ranked = Ranked(_rank(judged, row), _tokens(written, row), str(int(judged.keys[row])))
            self.groups.setdefault(name, []).append(ranked)


def prefer(policy: Policy, kept: KeptRollouts, learning_rate: float, seed: int) -> int:
    """Train a policy in place for one pass over the pairs; return how many there were.

    Args:
        policy: the policy; as it is given it is the reference.
        kept: the rollouts of its run.
        learning_rate: of AdamW, constant.
        seed: seed of the order of the pairs.
    """
    settings = DpoSettings(learning_rate=learning_rate, seed=seed)
    pairs, _ = pairs_of_groups(kept.groups)
    optimiser = torch.optim.AdamW(policy.parameters(), lr=settings.learning_rate, weight_decay=0.0)
    before = copy.deepcopy(policy)
    for batch in _batches(pairs, settings):
        asked = _questions([kept.questions[one.question] for one in batch])
        sides = [_side(batch, asked, one, (policy, before)) for one in ("chosen", "rejected")]
        loss = -torch.nn.functional.logsigmoid(settings.beta * (sides[0] - sides[1])).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return len(pairs)


def _batches(pairs: list[Pair], settings: DpoSettings) -> Iterator[list[Pair]]:
    chance = torch.Generator().manual_seed(settings.seed)
    order = torch.randperm(len(pairs), generator=chance).tolist()
    for first in range(0, len(order), settings.batch):
        yield [pairs[place] for place in order[first : first + settings.batch]]


def _side(
    batch: list[Pair], asked: LabQuestion, side: str, policies: tuple[Policy, Policy]
) -> Tensor:
    """Return the log-ratio ``(N,)`` of policy and reference on one side of the pairs."""
    ids = torch.tensor([getattr(one, f"{side}_ids") for one in batch])
    mask = torch.tensor([getattr(one, f"{side}_mask") for one in batch]).float()
    ours, theirs = (_sum_of_own(one, asked, ids, mask) for one in policies)
    return ours - theirs.detach()


def _sum_of_own(policy: Policy, asked: LabQuestion, ids: Tensor, mask: Tensor) -> Tensor:
    chosen = policy(asked, ids).gather(2, ids.unsqueeze(2)).squeeze(2)
    total: Tensor = (chosen * mask).sum(1)
    return total


def _questions(asked: list[LabQuestion]) -> LabQuestion:
    return LabQuestion(
        torch.cat([one.days for one in asked]),
        torch.cat([one.figures for one in asked]),
        torch.cat([one.latest for one in asked]),
    )


def _rank(judged: Scored, row: int) -> Rank:
    if bool(judged.task[row]):
        return Rank.RIGHT
    abstained = int(judged.outcomes[row]) == Outcome.ABSTAINED.value
    return Rank.ABSTAINED if abstained else Rank.WRONG


def _tokens(written: Written, row: int) -> TokenSequence:
    """Return a rollout of full length; what was not written is masked."""
    return TokenSequence(
        prompt_ids=(),
        completion_ids=tuple(written.ids[row].tolist()),
        mask=tuple(int(one) for one in written.mask[row].tolist()),
        logprobs=tuple(written.logps[row].tolist()),
    )
