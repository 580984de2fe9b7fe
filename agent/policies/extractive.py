"""The extractive policy, without a language model: search, read, and quote verbatim.

A question that cites a provision is answered from that provision, or declined with the reason why
it was not in force. For any other question the policy searches on the governing date. The best
provision is quoted if it is good enough: by its terms, or by a calibrated score
(:mod:`agent.policies.choosing`).

If none is good enough, the same search is run on other dates. What it finds there is never cited;
the provision is read again *on the governing date*, which gives the reason (not yet in force,
repealed, not covered) or the text in force on that date. If that is no answer either, the closest
provisions are named. With the calibrated score the other dates are searched before an answer too:
a provision that answers better and is not law on the governing date speaks against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

from agent.policies.choosing import ByWords, Choice, Chooser
from agent.policy import Act, Draft, DraftCitation, PolicyError, PolicyState, Sentence, ToolRequest
from agent.tool_results import Passage, ProvisionReading, Refused, SearchResult
from agent.tools.relevance import QUOTE
from agent.trace import Abstention, AbstentionReason, Finding, ToolCall
from corpus.languages.dates import without_dates
from corpus.model import Frozen, Work
from corpus.wording import Wording, wording
from retrieval.citations.pinpoints import Pinpoint
from retrieval.citations.resolution import ParsedCitation, find_citations

PROBED_YEARS = (-100, -50, -20, -10, -5, -2, -1, 1, 2, 5, 10, 20, 50)
"""Years from the governing date of the other searches; most are near it."""

_Result = TypeVar("_Result", bound=Frozen)


@dataclass(frozen=True)
class ExtractivePolicy:
    """Acts by rules, from the question and the results so far.

    Args:
        works: works whose names a question may cite.
        chooser: selects provisions and quotations.
    """

    works: Sequence[Work]
    chooser: Chooser = field(default_factory=ByWords)

    @property
    def name(self) -> str:
        """Return the name for traces."""
        return "extractive"

    @property
    def encoder(self) -> str | None:
        """Return the identity of the encoder that quotations are scored with, if any."""
        return self.chooser.identity

    def act(self, state: PolicyState) -> Act:
        """Return the next move.

        Raises:
            PolicyError: a tool refused the arguments.
        """
        if not state.turns:
            return self._begin(state)
        if (draft := state.turns[-1].draft) is not None:
            return _withdraw(draft.findings)
        calls = state.turns[-1].calls
        if calls[0].name == "read_provision":
            return self._after_reading(state, [_result(call, ProvisionReading) for call in calls])
        results = [_result(call, SearchResult) for call in calls]
        if results[0].as_at == state.governing.as_at:
            return self._after_search(state, results[0])
        return self._after_probes(state, results)

    def _begin(self, state: PolicyState) -> Act:
        cited = find_citations(without_dates(state.question), self.works)
        if cited:
            references = dict.fromkeys(self._reference(citation) for citation in cited)
            return _read(state, references, "The question cites what to read.")
        search = _search("call-1", self.chooser.query(state), state.governing.as_at)
        return Act(thought="The question cites no provision: search.", calls=(search,))

    def _reference(self, cited: ParsedCitation) -> str:
        """Return a complete citation: in ``ss 94 and 98 ERA`` each number needs the name."""
        if find_citations(cited.text, self.works):
            return cited.text
        title = next(work.title for work in self.works if work.id == cited.work_id)
        return f"§ {cited.label} {title}"

    def _after_search(self, state: PolicyState, result: SearchResult) -> Act:
        best = self.chooser.chosen(state, result.hits)
        if best is not None and not self.chooser.compares_days:
            return _read_best(state, best)
        days, query = other_days(state.governing.as_at), self.chooser.query(state)
        calls = [_search(f"call-{n}", query, day) for n, day in enumerate(days, start=1)]
        if best is None:
            words = (
                "Nothing found in force on that date is enough of an answer: look at other days."
            )
        else:
            words = f"{best.passage.label} {best.why}: does anything answer better on other days?"
        return Act(thought=words, calls=tuple(calls))

    def _after_probes(self, state: PolicyState, results: Sequence[SearchResult]) -> Act:
        if self.chooser.compares_days and (best := self.chooser.chosen(state, _then(state))):
            return _read_best(state, best)
        other = [hit for result in results for hit in result.hits]
        if best := self.chooser.chosen(state, other, rivals=_then(state)):
            words = f"{best.passage.label} spoke of it {best.passage.interval}: what was it then?"
            return _read(state, [best.passage.provision_id], words)
        return self._offer(state)

    def _after_reading(self, state: PolicyState, readings: Sequence[ProvisionReading]) -> Act:
        """Quote every provision read; if one has no text in force, abstain."""
        sentences = []
        for reading in readings:
            if reading.passage is None:
                named = f"{reading.name}. " if reading.name else ""
                return _decline(AbstentionReason(reading.status), wording(named, reading.wording))
            if self._unconfirmed(state, reading.passage):
                return self._offer(state)
            sentences.append(self._sentence(state, reading.passage, reading.pinpoint))
        return Act(thought="Quote what answers best.", draft=Draft(sentences=tuple(sentences)))

    def _unconfirmed(self, state: PolicyState, passage: Passage) -> bool:
        """Tell whether a passage was found by way of another day and is no answer on this one."""
        if not _probed(state) or passage.provision_id in {hit.provision_id for hit in _then(state)}:
            return False
        return not self.chooser.confirmed(state, passage, _then(state))

    def _sentence(
        self, state: PolicyState, passage: Passage, pinpoint: Pinpoint | None
    ) -> Sentence:
        """Quote a passage, and of one that is cited by a part that part alone."""
        text = passage.text[pinpoint.start : pinpoint.end] if pinpoint else passage.text
        if pinpoint is not None and len(text) <= QUOTE:
            quote = text
        else:
            quote = self.chooser.quote(state, passage.model_copy(update={"text": text}))
        words = " ".join(quote.split())
        return Sentence(
            text=f"{passage.work_title}, {passage.label}: “{words}”",
            citations=(DraftCitation(version_id=passage.version_id, quote=quote),),
        )

    def _offer(self, state: PolicyState) -> Act:
        """Abstain, and name the closest provisions."""
        declined = _decline(AbstentionReason.NOT_FOUND, _looked_at(state))
        closest = self.chooser.closest(state, _then(state))
        likeliest = closest[0].probability if closest else None
        return declined.model_copy(update={"closest": closest, "probability": likeliest})


def _read_best(state: PolicyState, best: Choice) -> Act:
    read = _read(state, [best.passage.provision_id], f"{best.passage.label} {best.why}: read it.")
    return read.model_copy(update={"probability": best.probability})


def _then(state: PolicyState) -> tuple[Passage, ...]:
    """Return what the first search found in force on the governing date."""
    return next(_result(call, SearchResult) for call in state.turns[0].calls).hits


def _probed(state: PolicyState) -> bool:
    """Tell whether other days were searched."""
    return len(state.turns) > 1 and isinstance(state.turns[1].calls[0].result, SearchResult)


def _looked_at(state: PolicyState) -> Wording:
    """Return a sentence on which searches were made, since they do not prove that no law exists."""
    probes = [_result(call, SearchResult) for call in state.turns[1].calls]
    others = {hit.version_id for probe in probes for hit in probe.hits}
    return wording(
        f"None of the {len(_then(state))} provisions found that were in force on ",
        state.governing.as_at,
        f", and none of the {len(others)} texts found on other dates, holds enough of what was"
        " asked. Provisions whose dates the corpus does not record were not searched.",
    )


def _withdraw(findings: Sequence[Finding]) -> Act:
    """Abstain after a draft that failed verification."""
    words = " ".join(finding.explanation for finding in findings if not finding.passed)
    words = f"What was to be quoted does not stand: {words}"
    return _decline(AbstentionReason.UNVERIFIED, wording(words))


def other_days(day: date) -> Iterator[date]:
    """Yield the other days that are searched for a question on ``day``."""
    for years in PROBED_YEARS:
        ordinal = day.toordinal() + round(years * 365.2425)
        if date.min.toordinal() <= ordinal <= date.max.toordinal():
            yield day + timedelta(days=ordinal - day.toordinal())


def _search(call_id: str, query: str, day: date) -> ToolRequest:
    arguments: dict[str, Any] = {"query": query, "as_at": day.isoformat()}
    return ToolRequest(id=call_id, name="search_statutes", arguments=arguments)


def _read(state: PolicyState, references: Iterable[str], thought: str) -> Act:
    day = state.governing.as_at.isoformat()
    calls = (
        ToolRequest(
            id=f"call-{n}",
            name="read_provision",
            arguments={"reference": reference, "as_at": day},
        )
        for n, reference in enumerate(references, start=1)
    )
    return Act(thought=thought, calls=tuple(calls))


def _decline(reason: AbstentionReason, words: Wording) -> Act:
    return Act(thought=words.text, abstention=Abstention.worded(reason, words))


def _result(call: ToolCall, kind: type[_Result]) -> _Result:
    if isinstance(call.result, Refused):
        raise PolicyError(f"{call.name} refused: {call.result.problem}")
    assert isinstance(call.result, kind)
    return call.result
