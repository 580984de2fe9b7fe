"""Evaluation of a policy on questions with known answers: ``inforce eval policy``.

Questions go through the runner that training uses (:func:`rl.rollouts.rollout.roll_out`). Rollouts
are scored and journalled as they end, so an interrupted evaluation can be continued, and results of
a finished one are read from the journal.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from agent.library import Library
from agent.models.sampling import Sampling
from agent.policy import Policy
from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.questions import Question
from eval.suites.abstention import AbstentionScores, abstention_scores
from eval.suites.effort import EffortScores, effort_scores
from eval.suites.means import ScorerMean, scorer_means
from eval.suites.temporal import TemporalScores, temporal_scores
from eval.trivial import TrivialScores, trivial_scores
from rl.journal import TRACES, Journal
from rl.rewards import REWARDS
from rl.rewards.scored_trace import ScoredTrace, append_scored, read_scored
from rl.rewards.scorer import Scorer
from rl.rollouts.rollout import (
    Asking,
    Limits,
    asked_in_full,
    graded_record,
    roll_out,
)

SETTING = "evaluation.json"
PATIENCE = 20
Advance = Callable[[int], None]


class Setting(Frozen):
    """Everything that a journal depends on; a folder belongs to one setting.

    ``questions`` is a digest of the questions in their order, ``scorers`` are names.
    """

    policy: str
    corpus_hash: str
    questions: str
    seed: int
    sampling: dict[str, float]
    max_turns: int
    max_tokens: int | None = None
    scorers: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """A policy with its library, run limits and scorers.

    ``sampling`` and ``seed`` are recorded in the setting. ``asking`` turns a question into a
    request.
    """

    library: Library
    policy: Policy
    sampling: Sampling
    seed: int = 0
    limits: Limits = field(default_factory=lambda: Limits(concurrency=1))
    scorers: tuple[Scorer, ...] = tuple(REWARDS.values())
    asking: Asking = asked_in_full

    def run(self, questions: Sequence[Question], start: int) -> list[ScoredTrace]:
        """Run questions and return their scored traces; ``start`` seeds the sampling."""
        first = self.seed + start
        rollouts = roll_out(
            self.library,
            self.policy,
            questions,
            seed=first,
            limits=self.limits,
            asking=self.asking,
        )
        return [graded_record(one, self.scorers) for one in rollouts]

    def setting(self, questions: Sequence[Question]) -> Setting:
        """Return the settings that the answers and their scores depend on."""
        return Setting(
            policy=self.policy.name,
            corpus_hash=self.library.corpus_hash,
            questions=self._digest(questions),
            seed=self.seed,
            sampling=self.sampling.model_dump(exclude={"seed"}),
            max_turns=self.limits.max_turns,
            max_tokens=self.limits.max_tokens,
            scorers=tuple(scorer.name for scorer in self.scorers),
        )

    def _digest(self, questions: Sequence[Question]) -> str:
        told = [question.model_dump_json() for question in questions]
        if self.asking is not asked_in_full:
            told += [self.asking(question).model_dump_json() for question in questions]
        return hashlib.blake2b("\n".join(told).encode(), digest_size=8).hexdigest()


class PolicyScores(Frozen):
    """Results of an evaluation.

    Attributes:
        policy: name of the policy.
        corpus_hash: digest of the corpus.
        questions: number of questions.
        void: runs with an infrastructure failure, which are left out.
        stops: number of runs by stop reason.
        reasons: number of abstentions by reason.
        temporal: temporal scores.
        abstention: abstention scores.
        effort: cost per question.
        scorers: mean of each scorer.
        trivial: scores of the trivial policies on the same questions, by name.
    """

    policy: str
    corpus_hash: str
    questions: int
    void: int
    stops: dict[str, int]
    reasons: dict[str, int]
    temporal: TemporalScores
    abstention: AbstentionScores
    effort: EffortScores
    scorers: dict[str, ScorerMean]
    trivial: dict[str, TrivialScores]


def answer_all(
    evaluation: Evaluation,
    questions: Sequence[Question],
    folder: Path | None = None,
    advance: Advance = lambda _: None,
) -> list[ScoredTrace]:
    """Return every question's scored trace, in order; those in the folder's journal are reused.

    Args:
        evaluation: the policy, its library, limits and scorers.
        questions: the questions.
        folder: folder of the journal; ``None``: nothing is kept. Void rollouts are not kept, so
            they are tried again.
        advance: called with the number of finished questions.

    Raises:
        BadInputError: the folder holds another evaluation or cannot be written, or each of the
            first :data:`PATIENCE` runs failed for reasons outside the policy.
        RunError: the disk is full.
    """
    journal = None if folder is None else _opened(folder, evaluation.setting(questions))
    kept = {} if journal is None else {r.question.id: r for r in read_scored(journal.path)}
    done = {n: kept[question.id] for n, question in enumerate(questions) if question.id in kept}
    advance(len(done))
    for start, end in list(_stretches(done, len(questions), 4 * evaluation.limits.concurrency)):
        fresh = evaluation.run(questions[start:end], start)
        done |= dict(enumerate(fresh, start))
        if journal is not None:
            append_scored(journal, [one for one in fresh if one.void is None])
        advance(len(done))
        if len(done) >= PATIENCE and all(one.void for one in done.values()):
            raise BadInputError(f"None of {len(done)} questions was answered: {fresh[-1].void}")
    return [done[n] for n in range(len(questions))]


def policy_scores(records: Sequence[ScoredTrace], library: Library | None = None) -> PolicyScores:
    """Return the scores of a journal's traces; void rollouts are counted and left out.

    Args:
        records: the scored traces, of an evaluation or of a training run.
        library: where the intervals of shipped citations are looked up, and the trivial policies
            answer the same questions; ``None``: the intervals of the traces count, and there are no
            trivial policies.

    Raises:
        BadInputError: every rollout is void.
    """
    traces = [one.trace for one in records if one.trace is not None and one.void is None]
    if not traces:
        why = f" The first: {records[0].void}" if records else ""
        raise BadInputError(f"None of {len(records)} questions was answered.{why}")
    declined = [trace.abstention.reason.value for trace in traces if trace.abstention]
    return PolicyScores(
        policy=traces[0].policy,
        corpus_hash=traces[0].corpus_hash,
        questions=len(records),
        void=len(records) - len(traces),
        stops=_counted(trace.stop.value for trace in traces),
        reasons=_counted(declined),
        temporal=temporal_scores(records, library.store if library else None),
        abstention=abstention_scores(records),
        effort=effort_scores(records),
        scorers=scorer_means(records),
        trivial=trivial_scores(library, [one.question for one in records]) if library else {},
    )


def _stretches(done: Container[int], number: int, longest: int) -> Iterator[tuple[int, int]]:
    """Yield ranges ``(start, end)`` of questions that are not done, of at most ``longest``."""
    start = 0
    for n in range(number + 1):
        if n == number or n in done or n - start == longest:
            if n > start:
                yield start, n
            start = n + 1 if n in done else n


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _opened(folder: Path, setting: Setting) -> Journal:
    """Open the journal of a folder for appending."""
    file = folder / SETTING
    try:
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(setting.model_dump_json(indent=2) + "\n", encoding="utf-8")
        elif _read(file) != setting:
            raise BadInputError(f"{folder} holds another evaluation: {file.name} says of what.")
        journal = Journal(folder / TRACES)
        journal.path.touch()
        journal.cut_unfinished()
    except OSError as fault:
        raise BadInputError(f"Cannot write to {folder}: {fault.strerror}.") from fault
    return journal


def _read(file: Path) -> Setting | None:
    try:
        return Setting.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError:
        return None
