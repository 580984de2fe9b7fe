"""What a label says of rollouts: which of them are right. Free of torch.

A gold answer is graded by the reward channels of the recipe. A person's label, or the majority of
the rollouts, says which answer is right; then every channel has the same reward: 1 for a rollout
with that answer, 0 for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from agent.trace import Trace
from corpus.model import Frozen
from corpus.questions import Question
from rl.annotation.items import (
    Candidate,
    Choice,
    ChosenCandidate,
    ChosenDecline,
    ChosenVersion,
    Item,
)
from rl.annotation.selection.clusters import abstention_key, cited_key, cluster_key
from rl.rewards import right
from rl.rewards.claims import acted, claims, declared
from rl.rewards.outcome import Outcome
from rl.rewards.scored_trace import Scores, scores
from rl.rewards.scorer import Scorer


class GoldAnswer(Frozen):
    """The gold answer of a question, in a simulation."""

    kind: Literal["gold"] = "gold"
    question: Question


class RightAnswer(Frozen):
    """The rollouts with this cluster key are right."""

    kind: Literal["answer"] = "answer"
    key: str


class RightVersion(Frozen):
    """The rollouts are right that cite this version alone, and words that overlap the marked ones.

    ``quote`` are the words that a person marked as the answer.
    """

    kind: Literal["version"] = "version"
    version_id: str
    quote: str


class NoAnswer(Frozen):
    """A person decided that nothing can be learnt from the question."""

    kind: Literal["none"] = "none"


Verdict = Annotated[GoldAnswer | RightAnswer | RightVersion | NoAnswer, Field(discriminator="kind")]


def verdict_of(item: Item, choice: Choice) -> Verdict:
    """Return what a person's decision on an item says of rollouts.

    Raises:
        KeyError: it names a candidate that the item does not have.
    """
    shown = {candidate.letter: candidate for candidate in item.shown.candidates}
    match choice:
        case ChosenCandidate(letter=letter):
            return RightAnswer(key=candidate_key(shown[letter], item.shown.language))
        case ChosenVersion(version_id=version, quote=quote):
            return RightVersion(version_id=version, quote=quote)
        case ChosenDecline(reason=reason):
            return RightAnswer(key=abstention_key(reason.value))
        case _:
            return NoAnswer()


def candidate_key(candidate: Candidate, language: str) -> str:
    """Return the cluster key of the rollouts behind a candidate."""
    if candidate.abstains is not None:
        return abstention_key(candidate.abstains.value)
    cited = candidate.citations
    return cited_key([c.version_id for c in cited], [c.quote for c in cited], language)


def says_right(verdict: Verdict, trace: Trace | None, language: str) -> bool | None:
    """Return whether a rollout is right by a verdict; ``None`` where that cannot be said."""
    if trace is None or not acted(trace):
        return None
    match verdict:
        case GoldAnswer(question=question):
            return right(trace, question)
        case RightAnswer(key=key):
            return cluster_key(trace, language) == key
        case RightVersion(version_id=version, quote=quote):
            return _cites(trace, version, quote)
        case NoAnswer():
            return None


def graded(
    verdict: Verdict, trace: Trace | None, language: str, scorers: Sequence[Scorer]
) -> Scores:
    """Return the scores of a rollout by a verdict; ``trace`` is ``None`` for a void one."""
    if isinstance(verdict, GoldAnswer):
        return scores(trace, verdict.question, scorers)
    found = says_right(verdict, trace, language)
    if found is None:
        return unlabelled(scorers)
    assert trace is not None
    wrong = Outcome.ABSTAINED if declared(trace) is not None else Outcome.WRONG
    return Scores(
        rewards={scorer.name: float(found) for scorer in scorers},
        outcome=Outcome.CORRECT if found else wrong,
    )


def unlabelled(scorers: Sequence[Scorer]) -> Scores:
    """Return the scores of a rollout whose question has no label: none, and coefficient 0."""
    return Scores(
        rewards={scorer.name: None for scorer in scorers},
        outcome=Outcome.EXCLUDED,
        coefficient=0.0,
    )


def _cites(trace: Trace, version: str, quote: str) -> bool:
    if declared(trace) is not None:
        return False
    made = claims(trace)
    provision = version.partition("@")[0]
    cited = {one.version_id for one in made if one.version_id.partition("@")[0] == provision}
    marked = " ".join(quote.split())
    quotes = [" ".join(one.quote.split()) for one in made if one.version_id == version]
    return cited == {version} and any(marked in said or said in marked for said in quotes)
