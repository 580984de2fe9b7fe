"""A policy put to questions with known answers: ``inforce eval policy``.

Runs go through the same graph that serves. They are kept as they end, so that a killed evaluation
goes on where it was; asking again for a finished one scores what is kept anew.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.library import Library
from agent.models.sampling import Sampling
from agent.policy import Policy
from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.questions import Question
from eval.metrics import Score
from eval.suites.abstention import AbstentionScores, abstention_scores
from eval.suites.answered import ScoredAnswer, mean_by_work
from eval.suites.temporal import TemporalScores, temporal_scores
from rl.rewards.rescore import FILE, ScoredTrace, as_line, read_scored, scored
from rl.rollouts.rollout import Limits, roll_out

SETTING = "evaluation.json"
PATIENCE = 20
Advance = Callable[[int], None]


class Setting(Frozen):
    """All that an answer depends on; a folder of answers belongs to one of these.

    ``questions`` is a digest of the questions in their order.
    """

    policy: str
    corpus_hash: str
    questions: str
    seed: int
    sampling: dict[str, float]
    max_turns: int


@dataclass(frozen=True)
class Evaluation:
    """A policy, where it looks, and how it runs. ``sampling`` and ``seed`` go into the setting."""

    library: Library
    policy: Policy
    sampling: Sampling
    seed: int = 0
    limits: Limits = field(default_factory=lambda: Limits(width=1))

    def run(self, questions: Sequence[Question], start: int) -> list[ScoredTrace]:
        """Answer the questions that begin at a place; the place alone seeds the sampling."""
        first = self.seed + start
        rollouts = roll_out(self.library, self.policy, questions, seed=first, limits=self.limits)
        return [scored(0, r.question, r.trace, r.void) for r in rollouts]

    def setting(self, questions: Sequence[Question]) -> Setting:
        """Return what the answers depend on."""
        return Setting(
            policy=self.policy.name,
            corpus_hash=self.library.corpus_hash,
            questions=_digest(questions),
            seed=self.seed,
            sampling=self.sampling.model_dump(exclude={"seed"}),
            max_turns=self.limits.max_turns,
        )


class EffortScores(Frozen):
    """What an answer costs, per question.

    ``searches`` are calls of any tool. ``prompt_tokens`` are those of the last prompt, which begins
    with all before it; ``completion_tokens`` are all that the model wrote.
    """

    turns: Score | None
    searches: Score | None
    seconds: Score | None
    prompt_tokens: Score | None
    completion_tokens: Score | None


class PolicyScores(Frozen):
    """What an evaluation found. ``void`` runs failed for reasons outside the policy."""

    policy: str
    corpus_hash: str
    questions: int
    void: int
    stops: dict[str, int]
    temporal: TemporalScores
    abstention: AbstentionScores
    effort: EffortScores


def answer_all(
    evaluation: Evaluation,
    questions: Sequence[Question],
    folder: Path | None = None,
    advance: Advance = lambda _: None,
) -> list[ScoredTrace]:
    """Return every question's run, in order; those that the folder holds are not run again.

    Args:
        evaluation: the policy, where it looks and how.
        questions: what is asked.
        folder: where runs are kept, a few at a time; ``None``: nowhere. Void ones are not kept, so
            that they are tried again.
        advance: told how many questions are done.

    Raises:
        BadInputError: the folder holds another evaluation or cannot be written, or of the first
            :data:`PATIENCE` runs every one failed for reasons outside the policy.
    """
    setting = evaluation.setting(questions)
    kept = {} if folder is None else _kept(folder, setting)
    done = {n: kept[question.id] for n, question in enumerate(questions) if question.id in kept}
    advance(len(done))
    for start, end in list(_stretches(done, len(questions), 4 * evaluation.limits.width)):
        fresh = evaluation.run(questions[start:end], start)
        done |= dict(enumerate(fresh, start))
        if folder is not None:
            _keep(folder / FILE, [record for record in fresh if record.void is None])
        advance(len(done))
        if len(done) >= PATIENCE and all(record.void for record in done.values()):
            raise BadInputError(f"None of {len(done)} questions was answered: {fresh[-1].void}")
    return [done[n] for n in range(len(questions))]


def policy_scores(records: Sequence[ScoredTrace]) -> PolicyScores:
    """Score the runs; void ones are counted and left out.

    Raises:
        BadInputError: every run is void.
    """
    answered = [ScoredAnswer(r.question, r.trace) for r in records if r.trace and r.void is None]
    if not answered:
        why = f" The first: {records[0].void}" if records else ""
        raise BadInputError(f"None of {len(records)} questions was answered.{why}")
    first = answered[0].trace
    stops = [one.trace.stop.value for one in answered]
    return PolicyScores(
        policy=first.policy,
        corpus_hash=first.corpus_hash,
        questions=len(records),
        void=len(records) - len(answered),
        stops={stop: stops.count(stop) for stop in sorted(set(stops))},
        temporal=temporal_scores(answered),
        abstention=abstention_scores(answered),
        effort=effort_scores(answered),
    )


def effort_scores(answered: Sequence[ScoredAnswer]) -> EffortScores:
    """Return what the answers cost."""

    def each(value: Callable[[ScoredAnswer], float]) -> Score | None:
        return mean_by_work(answered, lambda one: [value(one)])

    return EffortScores(
        turns=each(lambda one: len(one.trace.turns)),
        searches=each(lambda one: sum(len(turn.calls) for turn in one.trace.turns)),
        seconds=each(lambda one: one.trace.milliseconds / 1000),
        prompt_tokens=each(
            lambda one: max((len(t.prompt_ids) for t in one.trace.turns), default=0)
        ),
        completion_tokens=each(lambda one: sum(len(t.completion_ids) for t in one.trace.turns)),
    )


def draw(questions: Iterable[Question], limit: int | None, seed: int = 0) -> list[Question]:
    """Return about so many questions drawn evenly, in their order; a pair comes whole or not."""
    asked = list(questions)
    if limit is None or limit >= len(asked):
        return asked
    units: dict[str, int] = Counter(question.pair or question.id for question in asked)
    names = sorted(units)
    random.Random(seed).shuffle(names)  # noqa: S311 - no secret
    drawn, count = set(), 0
    for name in names:
        if count >= limit:
            break
        drawn.add(name)
        count += units[name]
    return [question for question in asked if (question.pair or question.id) in drawn]


def _digest(questions: Sequence[Question]) -> str:
    told = "\n".join(question.model_dump_json() for question in questions)
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def _stretches(done: Container[int], number: int, longest: int) -> Iterator[tuple[int, int]]:
    """Yield neighbours that are still to do as ``(start, end)``."""
    start = 0
    for n in range(number + 1):
        if n == number or n in done or n - start == longest:
            if n > start:
                yield start, n
            start = n + 1 if n in done else n


def _kept(folder: Path, setting: Setting) -> dict[str, ScoredTrace]:
    """Return the answers that a folder holds, by question, and make it ready to take more."""
    file, traces = folder / SETTING, folder / FILE
    told = setting.model_dump_json(indent=2) + "\n"
    try:
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(told, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != told:
            raise BadInputError(f"{folder} holds another evaluation: {file.name} says of what.")
        traces.touch()
        found = list(read_scored(traces))
        whole = traces.with_name(f"{FILE}.part")
        whole.write_text("".join(map(as_line, found)), encoding="utf-8")
        whole.replace(traces)
    except OSError as fault:
        raise BadInputError(f"Cannot write to {folder}: {fault.strerror}.") from fault
    return {record.question.id: record for record in found}


def _keep(file: Path, records: Sequence[ScoredTrace]) -> None:
    try:
        with file.open("a", encoding="utf-8") as lines:
            lines.writelines(map(as_line, records))
    except OSError as fault:
        raise BadInputError(f"Cannot write to {file}: {fault.strerror}.") from fault
