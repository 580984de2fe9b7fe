"""Pool of off-policy rollouts, of another model or an older checkpoint (method F-TIS).

A pool is read from the ``traces.jsonl`` of a run. Its rollouts keep the token ids and
log-probabilities with which they were sampled, which importance weights need.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from agent.models.token_sequence import episode
from corpus.questions import Posed
from rl.journal import TRACES
from rl.recipes.recipe import RecipeError
from rl.rewards.scored_trace import RolloutRecord, read_rollouts
from rl.rollouts.rollout import Rollout

Play = Callable[[Any, Sequence[Posed], int], list[Rollout]]


@dataclass(frozen=True)
class Pool:
    """Off-policy rollouts by question id, in file order."""

    rollouts: dict[str, tuple[Rollout, ...]]

    def draw(self, question: Posed, count: int, chance: Random) -> list[Rollout]:
        """Draw at most ``count`` different rollouts of a question, without replacement.

        They carry the question as it is given here, with or without its gold answer.
        """
        known = self.rollouts.get(question.id, ())
        drawn = chance.sample(known, min(count, len(known)))
        return [rollout.model_copy(update={"question": question}) for rollout in drawn]


def pool(records: Iterable[RolloutRecord]) -> Pool:
    """Return the pool of all non-void rollouts that have token ids."""
    found: defaultdict[str, list[Rollout]] = defaultdict(list)
    for record in records:
        trace = record.trace
        if record.void is None and trace is not None and any(t.completion_ids for t in trace.turns):
            found[record.question.id].append(
                Rollout(
                    question=record.question,
                    trace=trace,
                    episode=episode(trace.turns),
                    own=False,
                )
            )
    return Pool({name: tuple(rollouts) for name, rollouts in found.items()})


def pool_file(path: Path, home: Path) -> Path:
    """Return the file of traces that a recipe's ``rollout.pool`` names.

    Args:
        path: a file, a run directory, or a run's name.
        home: folder of runs.

    Raises:
        RecipeError: there is no such file.
    """
    places = (path, path / TRACES, home / path / TRACES)
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise RecipeError(
            f"There is no pool of rollouts at {path}, nor a run of that name in {home}:"
            " rollout.pool names a run that has been trained."
        )
    return found


def read_pool(file: Path) -> Pool:
    """Read the pool from a run's ``traces.jsonl``.

    Raises:
        RecipeError: the file holds no usable rollout.
        SourceError: a line is damaged; names it.
    """
    found = pool(read_rollouts(file))
    if not found.rollouts:
        raise RecipeError(f"{file} has no rollouts with token ids: no model sampled them.")
    return found


def mixing(play: Play, foreign: Pool, share: float, group_size: int) -> Play:
    """Return a ``play`` in which up to ``share`` of every group is drawn from the pool.

    Questions that the pool does not have are answered by the policy alone. Pool rollouts come last
    in their group.
    """

    def played(trainer: Any, questions: Sequence[Posed], seed: int) -> list[Rollout]:
        chance = Random(seed)  # noqa: S311 - no secret
        starts = range(0, len(questions), group_size)
        groups = [questions[start : start + group_size] for start in starts]
        drawn = [foreign.draw(g[0], round(share * len(g)), chance) for g in groups]
        own = [g[: len(g) - len(d)] for g, d in zip(groups, drawn, strict=True)]
        sampled = iter(play(trainer, [one for group in own for one in group], seed))
        mixed: list[Rollout] = []
        for asked, others in zip(own, drawn, strict=True):
            mixed += [*(next(sampled) for _ in asked), *others]
        return mixed

    return played
