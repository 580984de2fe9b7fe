"""Laboratory: a tiny dated-question task with exact scores; a run takes seconds.

A *work* has three versions, each with a figure, and three dates: two on which the text changed and
one on which the record ends. A question names a date. The policy writes which version governs, the
environment returns that version's figure (a tool's token, masked), and the policy copies it and
ends; or it abstains, which is right if the date is after the end of the record. Works are split
into train, selection and test, so every score is on works never trained on.

The policy is two layers over hand-made features, so that the probability of a right answer can be
computed instead of sampled. The objective is the one used in training
(:mod:`rl.objective.compose`); the policy, the questions and their number are not. Results are about
methods, not about law.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rl.rewards.outcome import Outcome

FIGURES, DAYS = 6, 12
VERSIONS = (0, 1, 2)
ABSTAIN = 3
END = 4 + FIGURES
PAD = END + 1
VOCABULARY = PAD + 1
TOKENS = 4
"""Tokens of an answer: version, the tool's figure, the copied figure, end."""
HIDDEN = 48
FEATURES = 4 * DAYS + 3 * FIGURES + 1 + 2 * VOCABULARY + TOKENS


@dataclass(frozen=True)
class LabQuestion:
    """Questions: three change dates and the governing date ``(B, 4)``, figures ``(B, 3)``, family.

    ``latest`` asks for the newest version instead, a second skill whose loss can be measured.
    """

    days: Tensor
    figures: Tensor
    latest: Tensor

    def __len__(self) -> int:
        return len(self.days)

    def take(self, rows: Tensor) -> LabQuestion:
        """Return the selected rows."""
        return LabQuestion(self.days[rows], self.figures[rows], self.latest[rows])

    @property
    def gold(self) -> Tensor:
        """Return the right first token ``(B,)``: a version, or to abstain."""
        first, second, end, day = self.days.unbind(1)
        dated = (day >= first).long() + (day >= second).long()
        dated = torch.where(day >= end, ABSTAIN, dated)
        return torch.where(self.latest, 2, dated)


def ask(count: int, seed: int, *, latest: bool = False) -> LabQuestion:
    """Draw works and one question each; different seeds draw different works."""
    chance = torch.Generator().manual_seed(seed)
    changes = torch.stack([torch.randperm(DAYS, generator=chance)[:3] for _ in range(count)])
    day = torch.randint(DAYS, (count, 1), generator=chance)
    figures = torch.randint(FIGURES, (count, 3), generator=chance)
    days = torch.cat([changes.sort(dim=1).values, day], dim=1)
    return LabQuestion(days, figures, torch.full((count,), latest))


class Policy(nn.Module):  # type: ignore[misc]
    """Next-token distributions from the question, the position and the two previous tokens."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.body = nn.Sequential(
            nn.Linear(FEATURES, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN), nn.Tanh()
        )
        self.head = nn.Linear(HIDDEN, VOCABULARY)

    def hidden(self, asked: LabQuestion, ids_N_T: Tensor) -> Tensor:
        """Return the last hidden state at every position, ``(N, T, HIDDEN)``."""
        states: Tensor = self.body(features(asked, ids_N_T))
        return states

    def forward(self, asked: LabQuestion, ids_N_T: Tensor) -> Tensor:
        """Return log-probabilities ``(N, T, V)`` of the token at every position."""
        logits: Tensor = self.head(self.hidden(asked, ids_N_T))
        return logits.log_softmax(-1)


def features(asked: LabQuestion, ids_N_T: Tensor) -> Tensor:
    """Return the input features before each token, ``(N, T, FEATURES)``."""
    one_hot = nn.functional.one_hot
    reached = (asked.days.unsqueeze(2) >= torch.arange(DAYS)).float().flatten(1)
    figures = one_hot(asked.figures, FIGURES).float().flatten(1)
    question = torch.cat([reached, figures, asked.latest.float().unsqueeze(1)], dim=1)
    shifted = nn.functional.pad(ids_N_T, (2, 0), value=PAD)
    before = [one_hot(shifted[:, lag : lag + TOKENS], VOCABULARY).float() for lag in (0, 1)]
    n = len(asked)
    place = torch.eye(TOKENS).expand(n, -1, -1)
    return torch.cat([question.unsqueeze(1).expand(-1, TOKENS, -1), *before, place], dim=2)


@dataclass(frozen=True)
class Written:
    """A batch of completions: ids, mask of its own tokens, log-probabilities, all ``(N, T)``."""

    ids: Tensor
    mask: Tensor
    logps: Tensor


def write(policy: Policy, asked: LabQuestion, chance: torch.Generator) -> Written:
    """Sample an answer to each question."""
    n = len(asked)
    ids = torch.full((n, TOKENS), PAD)
    mask, logps = torch.zeros(n, TOKENS), torch.zeros(n, TOKENS)
    going = torch.ones(n, dtype=torch.bool)
    for place in range(TOKENS):
        if place == 1:
            ids[:, 1], going = answered(asked, ids[:, 0], going)
            continue
        with torch.no_grad():
            spread = policy(asked, ids)[:, place]
        drawn = torch.multinomial(spread.exp(), 1, generator=chance).squeeze(1)
        ids[going, place] = drawn[going]
        mask[going, place] = 1.0
        logps[going, place] = spread.gather(1, drawn.unsqueeze(1)).squeeze(1)[going]
        going = going & (drawn != END)
    return Written(ids, mask, logps)


def answered(asked: LabQuestion, first: Tensor, going: Tensor) -> tuple[Tensor, Tensor]:
    """Return the tool's tokens ``(N,)`` and a mask of the sequences that named a version."""
    named = first < len(VERSIONS)
    figure = asked.figures.gather(1, first.clamp(max=2).unsqueeze(1)).squeeze(1)
    return torch.where(named, 4 + figure, PAD), going & named


def expert(asked: LabQuestion) -> Written:
    """Return the right answers."""
    gold = asked.gold
    shown, going = answered(asked, gold, torch.ones(len(asked), dtype=torch.bool))
    ids = torch.stack(
        [gold, shown, torch.where(going, shown, PAD), torch.where(going, END, PAD)], 1
    )
    mask = torch.stack([torch.ones_like(going), torch.zeros_like(going), going, going], 1).float()
    return Written(ids, mask, torch.zeros_like(mask))


@dataclass(frozen=True)
class Scored:
    """Scores of answers, all ``(N,)``. Equal ``keys`` are equal answers; -1 is unparseable."""

    task: Tensor
    temporal: Tensor
    form: Tensor
    outcomes: Tensor
    keys: Tensor


def judge(asked: LabQuestion, ids_N_T: Tensor) -> Scored:
    """Score answers by the rules used for traces."""
    gold, first = asked.gold, ids_N_T[:, 0]
    formed = (ids_N_T[:, 2] >= 4) & (ids_N_T[:, 2] < END) & (ids_N_T[:, 3] == END)
    formed = formed & (first < ABSTAIN)
    abstained = first == ABSTAIN
    copied = ids_N_T[:, 2] == ids_N_T[:, 1]
    right = torch.where(abstained, gold == ABSTAIN, formed & copied & (first == gold))
    outcome = torch.where(right, Outcome.CORRECT.value, Outcome.WRONG.value)
    keys = torch.where(formed, first * VOCABULARY + ids_N_T[:, 2], -1)
    return Scored(
        task=right.float(),
        temporal=((first == gold) & (abstained | formed)).float(),
        form=(formed | abstained).float(),
        outcomes=torch.where(abstained, Outcome.ABSTAINED.value, outcome),
        keys=torch.where(abstained, VOCABULARY * VOCABULARY, keys),
    )


@dataclass(frozen=True)
class Score:
    """Exact expectations over questions, without sampling.

    ``accuracy`` of the whole answer; ``abstention`` is F1 of abstaining exactly where nothing is
    recorded; ``anachronism`` the probability of a version not in force; ``entropy`` of the first
    token, and its KL divergence from another policy, in nats. On the agent alone: ``consistency``
    is the temporal reward of the drafts, ``dated`` the share of first dated calls that have the
    governing date.
    """

    accuracy: float
    abstention: float
    anachronism: float
    entropy: float
    divergence: float
    consistency: float | None = None
    dated: float | None = None


def score(policy: Policy, asked: LabQuestion, start: Policy) -> Score:
    """Score a policy on questions, against the policy that it started from."""
    right = expert(asked)
    with torch.no_grad():
        logps, before = policy(asked, right.ids), start(asked, right.ids)[:, 0]
    chosen = logps.gather(2, right.ids.unsqueeze(2)).squeeze(2)
    first = logps[:, 0]
    gold, p = asked.gold, logps[:, 0].exp()
    declined, ought = p[:, ABSTAIN], (gold == ABSTAIN).float()
    hit = (declined * ought).sum()
    versions = p[:, :3].sum(1) - torch.where(gold < 3, p.gather(1, gold.unsqueeze(1)).squeeze(1), 0)
    return Score(
        accuracy=float((chosen * right.mask).sum(1).exp().mean()),
        abstention=float(2 * hit / (declined.sum() + ought.sum()).clamp(min=1e-9)),
        anachronism=float(versions.mean()),
        entropy=float(-(p * first).sum(1).mean()),
        divergence=float((p * (first - before)).sum(1).mean()),
    )
