"""Gold answers as labels: the simulation of annotators who are always right and always there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.trace import Trace
from corpus.questions import Question
from rl.annotation.items import Item
from rl.annotation.selection.advantage_gap import advantage_gap
from rl.annotation.selection.clusters import AnswerGroup
from rl.annotation.sources.source import Tally
from rl.annotation.sources.truth import size_of_the_right
from rl.annotation.sources.verdict import GoldAnswer, Verdict


class GoldSource:
    """Answers at once with the gold answer.

    Args:
        questions: the questions of the run with their gold answers.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self._answers = {question.id: question for question in questions}
        self._tally = Tally()

    @property
    def handed_out(self) -> int:
        """Return how many questions a label was handed out for, each counted once."""
        return len(self._tally)

    def ask(self, items: Sequence[Item]) -> Mapping[str, Verdict]:
        """Return the gold answer of every item, by item id."""
        found = {
            item.id: GoldAnswer(question=self._answers[item.origin.question_id]) for item in items
        }
        return self._tally.add(items, found)

    def gaps(
        self, groups: Sequence[AnswerGroup], traces: Sequence[Sequence[Trace | None]]
    ) -> dict[str, float]:
        """Return the true Corrective Advantage Gap of groups, by question id: an upper bound.

        It reads the gold answers of all groups to choose among them, so these do not count as
        labels, and no rollout is graded by them.
        """
        found = {}
        for group, mine in zip(groups, traces, strict=True):
            if group.majority is None:
                continue
            verdict = GoldAnswer(question=self._answers[group.question.id])
            right = size_of_the_right(verdict, group, mine)
            found[group.question.id] = advantage_gap(group.n, len(group.majority.members), right)
        return found
