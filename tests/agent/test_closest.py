"""Closest provisions stand beside an abstention, verified one by one, and are never an answer."""

from __future__ import annotations

from datetime import date

import pytest

from agent.graph.nodes import Context
from agent.graph.run import AskRequest, run
from agent.library import Library
from agent.policy import Act, Candidate, Draft, DraftCitation, PolicyState, Sentence, ToolRequest
from agent.trace import Abstention, AbstentionReason, Outcome, Trace

DAY = date(2005, 1, 1)
REGISTER = "uk/widgets-1990#register"


class Scripted:
    """Makes the moves it is given, in order."""

    name = "scripted"

    def __init__(self, *acts: Act) -> None:
        self.acts = acts

    def act(self, state: PolicyState) -> Act:
        return self.acts[len(state.turns)]


def search(day: str = "2005-01-01", query: str = "register of widgets sold") -> Act:
    arguments = {"query": query, "as_at": day}
    return Act(calls=(ToolRequest(id="call-1", name="search_statutes", arguments=arguments),))


def abstain(*closest: Candidate, reason: AbstentionReason = AbstentionReason.NOT_FOUND) -> Act:
    return Act(abstention=Abstention(reason=reason, explanation="No."), closest=closest or None)


def played(library: Library, *acts: Act) -> Trace:
    asked = AskRequest(question="Which register is kept of widgets sold?", as_at=DAY)
    return run(Context(library, Scripted(*acts)), asked)


def candidate(version_id: str, quote: str = "A maker of widgets shall keep") -> Candidate:
    return Candidate(version_id=version_id, quote=quote, probability=0.4)


def test_a_policy_that_abstains_is_given_the_closest_of_its_own_thread(library: Library) -> None:
    trace = played(library, search(), abstain())
    assert trace.outcome is Outcome.CLOSEST
    assert trace.abstention is not None
    assert trace.closest[0].citation.version_id == f"{REGISTER}@2000-01-01"
    assert trace.closest[0].probability is None
    assert all(finding.passed for one in trace.closest for finding in one.findings)


@pytest.mark.parametrize(
    ("version_id", "quote", "hazard"),
    [
        (f"{REGISTER}@1990-01-01", "A maker of widgets shall keep a register", "out of force"),
        (f"{REGISTER}@2000-01-01", "A maker of widgets need keep no register", "not verbatim"),
        ("uk/levy-2001#levy@2016-01-01", "A ship entering port", "never seen"),
        ("uk/widgets-1990#nothing@2000-01-01", "A maker of widgets", "not on record"),
    ],
)
def test_what_the_verifier_strikes_is_no_closest_provision(
    library: Library, version_id: str, quote: str, hazard: str
) -> None:
    good = candidate(f"{REGISTER}@2000-01-01")
    trace = played(
        library, search("1995-01-01"), search(), abstain(candidate(version_id, quote), good)
    )
    assert [one.citation.version_id for one in trace.closest] == [good.version_id], hazard
    assert trace.closest[0].probability == 0.4


def test_hits_of_another_day_are_never_closest(library: Library) -> None:
    trace = played(library, search("1995-01-01"), abstain())
    assert trace.closest == ()
    assert trace.outcome is Outcome.ABSTAINED
    assert trace.looked_at is not None
    assert trace.looked_at.provisions == 0


@pytest.mark.parametrize("reason", [AbstentionReason.REPEALED, AbstentionReason.COVERAGE_GAP])
def test_a_reason_why_there_is_no_text_stands_alone(
    library: Library, reason: AbstentionReason
) -> None:
    trace = played(library, search(), abstain(reason=reason))
    assert trace.closest == ()
    assert trace.looked_at is not None


def test_a_draft_that_falls_leaves_the_closest_provisions(library: Library) -> None:
    cited = DraftCitation(version_id=f"{REGISTER}@2000-01-01", quote="An invented quotation.")
    draft = Act(draft=Draft(sentences=(Sentence(text="Invented.", citations=(cited,)),)))
    trace = played(library, search(), draft, draft)
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.UNVERIFIED
    assert trace.closest[0].citation.version_id == f"{REGISTER}@2000-01-01"


def test_how_much_was_looked_at_is_said(library: Library) -> None:
    trace = played(library, search(), abstain())
    looked = trace.looked_at
    assert looked is not None
    assert looked.as_at == DAY
    assert looked.works == ("uk/widgets-1990",)
    assert looked.jurisdictions == ("uk",)
    hits = trace.turns[0].calls[0].result.hits  # type: ignore[union-attr]
    assert looked.provisions == len(hits)
    words = f"Looked at: {len(hits)} provisions of 1 work (UK) found in force on 2005-01-01."
    assert looked.wording.text == words


def test_closest_provisions_beside_a_draft_are_no_move() -> None:
    sentence = Sentence(text="Kept.", reasoning=True)
    with pytest.raises(ValueError, match="beside an abstention"):
        Act(draft=Draft(sentences=(sentence,)), closest=(candidate("a#b@2000-01-01"),))


def test_a_trace_without_closest_provisions_still_opens(library: Library) -> None:
    kept = played(library, search(), abstain()).model_dump(mode="json")
    del kept["closest"], kept["looked_at"]
    assert Trace.model_validate(kept).outcome is Outcome.ABSTAINED
