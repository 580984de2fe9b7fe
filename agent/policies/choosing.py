"""How the extractive policy chooses what to read and quote: by words alone, or by the score.

By words, a provision is read when it holds enough of the question's informative terms
(:class:`agent.tools.relevance.TermCoverage`). With an encoder it is read when the calibrated score
(:mod:`agent.answering.score`) says that its best sentence is probable enough to answer, and what is
not probable enough is offered as the closest provisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from agent.answering.evidence import found_elsewhen
from agent.answering.quotations import widened
from agent.answering.reading import read_question
from agent.answering.score import Weighed, calibrated, weigh
from agent.policy import Candidate, PolicyState
from agent.tool_results import Passage, SearchResult
from agent.tools.relevance import best_quote, coverage
from corpus.languages.dates import without_dates
from retrieval.vectors.encoder import Encoder

MOST_CLOSEST = 5
"""Provisions that are offered as the closest."""


class Choice(NamedTuple):
    """The passage to read and why, in words; ``probability`` that it answers, if scored."""

    passage: Passage
    why: str
    probability: float | None = None


class Chooser(Protocol):
    """Selects provisions and their sentences."""

    @property
    def identity(self) -> str | None:
        """Return the identity of the encoder in use, if any."""
        ...

    @property
    def compares_days(self) -> bool:
        """Return whether what is found on other days counts before an answer is given."""
        ...

    def query(self, state: PolicyState) -> str:
        """Return what to search for."""
        ...

    def chosen(
        self, state: PolicyState, passages: Sequence[Passage], rivals: Sequence[Passage] = ()
    ) -> Choice | None:
        """Return the passage that is good enough to answer, ``None`` where none is.

        ``rivals`` are other provisions at hand, better than which it has to be.
        """
        ...

    def confirmed(self, state: PolicyState, passage: Passage, rivals: Sequence[Passage]) -> bool:
        """Tell whether a passage found by way of another day's text is good enough itself."""
        ...

    def quote(self, state: PolicyState, passage: Passage) -> str:
        """Return the words of a passage that answer best."""
        ...

    def closest(
        self, state: PolicyState, passages: Sequence[Passage]
    ) -> tuple[Candidate, ...] | None:
        """Return the quotations that come closest; ``None``: those of the best hits."""
        ...


@dataclass(frozen=True)
class ByWords:
    """Chooses by the question's terms that a text holds."""

    @property
    def identity(self) -> None:
        """Return that no encoder is in use."""
        return None

    @property
    def compares_days(self) -> bool:
        """Return that the texts of the day decide."""
        return False

    def query(self, state: PolicyState) -> str:
        """Return the question without its dates."""
        return without_dates(state.question)

    def chosen(
        self,
        state: PolicyState,
        passages: Sequence[Passage],
        rivals: Sequence[Passage] = (),  # noqa: ARG002 - a share of terms needs no rival
    ) -> Choice | None:
        """Return the passage that holds most, the engine's order deciding ties, if enough.

        One that does not apply is returned where none that applies holds enough, or as much of
        what is asked: reading it says why it does not, and a neighbour is no answer in its place.
        """
        subject = without_dates(state.question)
        held = {one.version_id: coverage(subject, one) for one in passages}
        best = max(
            passages,
            key=lambda one: (held[one.version_id].share, one.caution is None),
            default=None,
        )
        if best is None or not (most := held[best.version_id]).enough:
            return None
        return Choice(best, f"holds {most.held} of the {most.asked} terms asked for")

    def confirmed(self, *_: object) -> bool:
        """Take a provision that speaks of it on another day to do so on this one."""
        return True

    def quote(self, state: PolicyState, passage: Passage) -> str:
        """Return the run of sentences that covers most of the question."""
        return best_quote(without_dates(state.question), passage.text, passage.language)

    def closest(self, *_: object) -> None:
        """Leave it to the order of the search."""
        return


@dataclass(frozen=True)
class ByScore:
    """Chooses by the calibrated score."""

    encoder: Encoder

    @property
    def identity(self) -> str | None:
        """Return the identity of the encoder."""
        return self.encoder.identity

    @property
    def compares_days(self) -> bool:
        """Return that a provision of another day that answers better speaks against an answer."""
        return True

    def query(self, state: PolicyState) -> str:
        """Return the question without its dates, with words of law for its everyday words."""
        return read_question(state.question, state.governing.as_at).sought

    def chosen(
        self, state: PolicyState, passages: Sequence[Passage], rivals: Sequence[Passage] = ()
    ) -> Choice | None:
        """Return the passage whose best sentence answers most probably, if that is enough.

        A provision among the ``rivals`` is none to choose: its text of the day was not enough. Nor
        is one beside them that does not state the kind of thing asked for.
        """
        known = {rival.provision_id for rival in rivals}
        others = {one.provision_id: one for one in passages if one.provision_id not in known}
        best = next(iter(self._weighed(state, [*others.values(), *rivals])), None)
        if best is None or not best.score.enough or best.passage.provision_id in known:
            return None
        if rivals and best.score.evidence.kind < 0:
            return None
        likely = best.score.probability
        return Choice(best.passage, f"is {likely:.0%} likely to answer", round(likely, 4))

    def confirmed(self, state: PolicyState, passage: Passage, rivals: Sequence[Passage]) -> bool:
        """Tell whether the passage's best sentence is the likeliest of all and likely enough."""
        return self.chosen(state, [passage], rivals) is not None

    def quote(self, state: PolicyState, passage: Passage) -> str:
        """Return the sentence that answers most probably, with its neighbours while short.

        A provision that the question cites is quoted by its terms: often nothing else is asked.
        """
        if state.turns[0].calls[0].name == "read_provision":
            return ByWords().quote(state, passage)
        best = self._weighed(state, [passage])[0]
        start, end = widened(passage, (best.start, best.end))
        return passage.text[start:end]

    def closest(self, state: PolicyState, passages: Sequence[Passage]) -> tuple[Candidate, ...]:
        """Return the best quotation of each passage, best first; none where all are improbable.

        What is improbable is so in a library of any size, so that a large one offers no less.
        """
        least = calibrated(with_vectors=True).closest
        asked = read_question(state.question, state.governing.as_at)
        nearest = next(iter(weigh(asked, passages, self.encoder)), None)
        if nearest is None or nearest.score.probability < least:
            return ()
        weighed = self._weighed(state, passages)
        return tuple(
            Candidate(
                version_id=one.passage.version_id,
                quote=one.passage.text[slice(*widened(one.passage, (one.start, one.end)))],
                probability=round(one.score.probability, 4),
            )
            for one in weighed[:MOST_CLOSEST]
        )

    def _weighed(self, state: PolicyState, passages: Sequence[Passage]) -> tuple[Weighed, ...]:
        """Weigh passages beside what was found on other days alone."""
        day = state.governing.as_at
        searches = _searches(state)
        known = [hit for one in searches if one.as_at == day for hit in one.hits]
        others = (hit for one in searches if one.as_at != day for hit in one.hits)
        elsewhen = found_elsewhen([*known, *passages], others, day)
        versions = max((one.searched for one in searches if one.searched), default=None)
        asked = read_question(state.question, day)
        return weigh(asked, passages, self.encoder, versions, elsewhen)


def _searches(state: PolicyState) -> list[SearchResult]:
    results = (call.result for turn in state.turns for call in turn.calls)
    return [one for one in results if isinstance(one, SearchResult)]
