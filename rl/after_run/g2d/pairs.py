"""Preference pairs from the rollouts of a run. Free of torch.

Paper: arXiv 2605.21266 (G2D); it does not give its rule for pairs, so the rule is ours. Two
rollouts of a question make a pair if one is better: a right answer, before an abstention, before a
wrong answer. A right abstention counts as a right answer. A question is used if its share of right
rollouts is neither too low nor too high: then the rollouts differ, and not by luck alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Literal, NamedTuple, Self

from pydantic import Field, ValidationError, model_validator

from agent.models.token_sequence import TokenSequence, episode
from corpus.errors import Place
from corpus.model import Frozen
from corpus.validation import source_error
from rl.after_run.g2d.labelled import Rank, Verdict, rank_by_label
from rl.annotation.exchange import read_text
from rl.rewards import answer_key, right
from rl.rewards.outcome import Outcome
from rl.rewards.scored_trace import ScoredTrace


class PairSettings(Frozen):
    """Which pairs are made.

    Attributes:
        lowest: least share of a question's rollouts that are right.
        highest: greatest share.
        most: most pairs of a question.
        ratio: greatest ratio of the numbers of tokens of the two.
    """

    lowest: float = Field(default=0.1, ge=0.0, le=1.0)
    highest: float = Field(default=0.9, ge=0.0, le=1.0)
    most: int = Field(default=4, ge=1)
    ratio: float = Field(default=2.0, ge=1.0)


class Pair(Frozen):
    """Two continuations of one prompt, the better one first.

    A mask is 1 for the model's own tokens and 0 for those of tools.

    Raises:
        ValueError: ids and mask differ in length, or the chosen rollout is not better.
    """

    question: str
    prompt_ids: tuple[int, ...]
    chosen_ids: tuple[int, ...]
    chosen_mask: tuple[int, ...]
    rejected_ids: tuple[int, ...]
    rejected_mask: tuple[int, ...]
    chosen: Rank
    rejected: Rank
    source: Literal["run", "labels"] = "run"

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if len(self.chosen_ids) != len(self.chosen_mask):
            raise ValueError("the ids and the mask of the chosen rollout differ in length")
        if len(self.rejected_ids) != len(self.rejected_mask):
            raise ValueError("the ids and the mask of the rejected rollout differ in length")
        if self.chosen <= self.rejected:
            raise ValueError("the chosen rollout is not better than the rejected one")
        return self


class PairTally(Frozen):
    """What became of the rollouts.

    Attributes:
        rollouts: rollouts with token ids that can be judged.
        questions: questions that they answer.
        usable: questions whose share of right rollouts is within the bounds.
        pairs: pairs made of the run's rollouts.
        labelled: those of them in which a person's label decides.
        given: pairs that were given beside them, made of labels.
        pass_rate: mean share of right rollouts over all questions; null without any.
    """

    rollouts: int
    questions: int
    usable: int
    pairs: int
    labelled: int = 0
    given: int = 0
    pass_rate: float | None


class Ranked(NamedTuple):
    """A rollout that can be judged; equal ``key`` is an equal answer."""

    rank: Rank
    tokens: TokenSequence
    key: str
    labelled: bool = False


def read_pairs(path: Path) -> list[Pair]:
    """Return the pairs of a file, as ``inforce labels export --as pairs`` writes them.

    Raises:
        BadInputError: the file cannot be read.
        SourceError: a line is no pair; names line and field.
    """
    found = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        try:
            found.append(Pair.model_validate_json(line))
        except ValidationError as fault:
            raise source_error(Place(str(path), number), fault, "a pair") from fault
    return found


def rank_of(record: ScoredTrace) -> Rank | None:
    """Return how good a rollout is; ``None`` where it says nothing of the policy."""
    if record.trace is None or record.void is not None or record.outcome is Outcome.EXCLUDED:
        return None
    if right(record.trace, record.question):
        return Rank.RIGHT
    return Rank.ABSTAINED if record.outcome is Outcome.ABSTAINED else Rank.WRONG


def pairs_of(
    records: Iterable[ScoredTrace],
    settings: PairSettings | None = None,
    labels: Mapping[str, Verdict] | None = None,
) -> tuple[list[Pair], PairTally]:
    """Return the pairs of rollouts, in the order of the questions, and what became of the rollouts.

    The result depends on the arguments and the order of the records alone.

    Args:
        records: the rollouts.
        settings: which pairs are made.
        labels: verdicts of people by the id of a trace; they override the gold answer.
    """
    groups: defaultdict[str, list[Ranked]] = defaultdict(list)
    for record in records:
        ranked = _ranked(record, labels or {})
        if ranked is not None:
            groups[record.question.id].append(ranked)
    return pairs_of_groups(groups, settings)


def pairs_of_groups(
    groups: Mapping[str, Sequence[Ranked]], settings: PairSettings | None = None
) -> tuple[list[Pair], PairTally]:
    """Return the pairs of ranked rollouts by question, and what became of the rollouts."""
    rule = settings or PairSettings()
    rates = {name: _pass_rate(group) for name, group in groups.items()}
    usable = [name for name, rate in rates.items() if rule.lowest <= rate <= rule.highest]
    found = [pair for name in usable for pair in _of_question(name, groups[name], rule)]
    tally = PairTally(
        rollouts=sum(map(len, groups.values())),
        questions=len(groups),
        usable=len(usable),
        pairs=len(found),
        labelled=sum(pair.source == "labels" for pair in found),
        pass_rate=fmean(rates.values()) if rates else None,
    )
    return found, tally


def _ranked(record: ScoredTrace, labels: Mapping[str, Verdict]) -> Ranked | None:
    rank, trace = rank_of(record), record.trace
    if rank is None or trace is None or not trace.turns:
        return None
    verdict = labels.get(trace.id)
    if verdict is not None:
        rank = rank_by_label(verdict, record)
    if not all(turn.completion_ids for turn in trace.turns):
        return None
    tokens = episode(trace.turns)
    key = answer_key(trace) or repr(tokens.completion_ids)
    return Ranked(rank, tokens, key, verdict is not None)


def _pass_rate(group: Sequence[Ranked]) -> float:
    return sum(one.rank is Rank.RIGHT for one in group) / len(group)


def _of_question(name: str, group: Sequence[Ranked], rule: PairSettings) -> list[Pair]:
    """Return at most ``rule.most`` pairs: the greatest differences, each rollout used evenly."""
    distinct = list({(one.rank, one.key): one for one in reversed(group)}.values())[::-1]
    places = range(len(distinct))
    left = [(a, b) for a, b in product(places, places) if _fits(distinct[a], distinct[b], rule)]
    used = [0] * len(distinct)
    found: list[Pair] = []

    def order(pair: tuple[int, int]) -> tuple[int, int, int, int]:
        better, worse = pair
        gap = distinct[better].rank - distinct[worse].rank
        return -gap, used[better] + used[worse], better, worse

    while left and len(found) < rule.most:
        better, worse = min(left, key=order)
        left.remove((better, worse))
        used[better] += 1
        used[worse] += 1
        found.append(_pair(name, distinct[better], distinct[worse]))
    return found


def _fits(better: Ranked, worse: Ranked, rule: PairSettings) -> bool:
    if better.rank <= worse.rank or better.tokens.prompt_ids != worse.tokens.prompt_ids:
        return False
    sizes = sorted((len(better.tokens.completion_ids), len(worse.tokens.completion_ids)))
    return sizes[1] <= rule.ratio * sizes[0]


def _pair(name: str, better: Ranked, worse: Ranked) -> Pair:
    return Pair(
        question=name,
        prompt_ids=better.tokens.prompt_ids,
        chosen_ids=better.tokens.completion_ids,
        chosen_mask=better.tokens.mask,
        rejected_ids=worse.tokens.completion_ids,
        rejected_mask=worse.tokens.mask,
        chosen=better.rank,
        rejected=worse.rank,
        source="labels" if better.labelled or worse.labelled else "run",
    )
