"""Reward channels: pure functions of one trace and its question.

Rewards are computed from the policy's last *draft* and the verifier's findings on it, not from what
shipped. If the verifier strikes a whole draft, the run ends in an abstention; a reward computed
from what shipped could not tell this from a declared abstention, and inventing law would cost
nothing. Only :func:`right`, which labels rollouts and measures accuracy, uses what shipped.

``None`` means that a rollout cannot be scored (:func:`rl.rewards.claims.scorable`) or that the
channel does not apply to its question. It is never replaced by 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from agent.tool_results import (
    ProvisionReading,
    Refused,
    SearchResult,
    ToolResult,
    VersionList,
)
from agent.tools.toolbox import TOOLS
from agent.trace import ToolCall, Trace
from corpus.questions import Decline, Question
from rl.rewards.claims import Claim, Statement, declared, readable, scorable, statements
from rl.rewards.stated_answer import carries, contradicts, denies, recited, states

RIGHT = 0.95
"""Least score of a right answer: ROUGE-L of a recitation, as in LegalSearch-R1."""

ROOM = 600
"""Characters that an answer about a figure may quote before its reward is reduced."""

COSTLY = 16
"""Number of tool calls at which the cost reaches -1."""


def task(trace: Trace, question: Question) -> float | None:
    """Return how well the draft answers the question, from 0 to 1.

    For a figure, 1 if a sentence states it, a quotation of the applicable version in that sentence
    holds it in its place, and the reply states no other figure of that kind. For a text, ROUGE-L of
    the quotations. For a version, 1 if no other version of its provision is cited. For a reason to
    decline, 1 if it was declared and a tool had returned it. Only sentences that the verifier
    accepted count, and the reward is multiplied by their share of the draft.

    Hack: quote the whole statute, which contains every figure; list every figure that ever applied;
    write many sentences, one of them right; quote rightly under a sentence that says nothing, or
    denies it; quote one word. Guard: quotations beyond :data:`ROOM` characters divide the reward,
    all quotations count for ROUGE-L's precision, a contradicting figure in the reply's own words
    makes the reward 0, each struck sentence reduces it, the sentence itself must state the figure
    and may not deny, and a quotation without the figure needs a few words.
    """
    if not scorable(trace, question):
        return None
    if not readable(trace):
        return 0.0
    if question.decline is not None:
        return float(_declined_rightly(trace, question, declared(trace)))
    made = _on_the_day(trace, question)
    standing = sum(statement.stood for statement in made) / max(len(made), 1)
    value = _said(question, made) * standing
    if question.gold_span is None or question.gold_span.lead is None:
        return value
    quoted = sum(len(quote) for quote in {c.quote for s in made for c in s.claims})
    return value * min(1.0, ROOM / max(quoted, 1))


def temporal(trace: Trace, question: Question) -> float | None:
    """Return the temporal consistency of the draft: F1 of cited against applicable versions.

    A citation is valid if the verifier accepted its sentence (the version is stored, was in force
    on the governing date and was returned by a tool, the quotation is verbatim), the quotation
    holds what was asked for, the sentence states it, and no other sentence denies what it quotes.
    Every other citation reduces precision; duplicates count once. Where no version applies, an
    abstention scores 1 if it gives the reason, and a tool had returned it; everything else scores
    0.

    Hack: cite nothing; always cite a law that never changed; cite every version; guess an id;
    invent a quotation of the right version; decline without looking. Guard: recall, the gold
    version, precision, that a tool must have returned it, and the checks of the quotation and its
    sentence. A run with another governing date than the question's, or with none, has no valid
    citation.
    """
    if not scorable(trace, question):
        return None
    if not readable(trace):
        return 0.0
    if question.gold_version is None:
        return float(_declined_rightly(trace, question, declared(trace)))
    made = _on_the_day(trace, question)
    cited = {claim.version_id for statement in made for claim in statement.claims}
    denied = any(_denies(statement, question) for statement in made)
    stated = () if denied else made
    valid = {claim.version_id for statement in stated for claim in _supported(statement, question)}
    return temporal_f1(cited, valid, {question.gold_version})


def query(trace: Trace, question: Question) -> float | None:
    """Return the share of dated queries that had the question's date, if temporal is positive.

    Hack: send queries for many dates. Guard: the reward is 0 without a valid citation, each query
    for another date reduces the share, and each has a cost (:func:`cost`).
    """
    consistent = temporal(trace, question)
    if consistent is None or question.as_at is None:
        return None
    days = [call.arguments.get("as_at") for call in _calls(trace) if _answered(call)]
    dated = [day for day in days if day is not None]
    if not dated or consistent == 0:
        return 0.0
    return dated.count(question.as_at.isoformat()) / len(dated)


def format_gate(trace: Trace, question: Question) -> float | None:
    """Return 1 if every turn could be parsed and the last is an answer or an abstention.

    Hack: well-formed answers without content. Guard: it multiplies the positive channels and has no
    weight of its own unless a recipe gives it one.
    """
    return float(readable(trace)) if scorable(trace, question) else None


def abstention(trace: Trace, question: Question) -> float | None:
    """Return the ternary reward of TruthRL: 1 right, 0 abstained, -1 wrong.

    Where the question must be declined, 1 needs the right reason, returned by a tool. A struck
    draft, a turn that cannot be parsed and a spent budget are wrong, not abstentions.

    Hack: abstain always, or guess the most common reason. Guard: an abstention earns nothing where
    there is an answer, and nothing for a reason that no tool returned for the question's date.
    """
    if not scorable(trace, question):
        return None
    if question.decline is not None and task(trace, question) == 1.0:
        return 1.0
    if declared(trace) is not None:
        return 0.0
    return 1.0 if right(trace, question) else -1.0


def cost(trace: Trace, question: Question) -> float | None:
    """Return the cost of the tool calls: 0 for none, down to -1 for :data:`COSTLY` or more.

    A draft that the verifier sent back costs as much as a call.

    Hack: never search; the cheapest run is one that abstains at once. Guard: few calls are rewarded
    only where the temporal reward is positive; otherwise the cost is -1.
    """
    consistent = temporal(trace, question)
    if consistent is None:
        return None
    if consistent == 0:
        return -1.0
    sent_back = sum(turn.sent_back for turn in trace.turns)
    return -min(1.0, (sum(1 for _ in _calls(trace)) + sent_back) / COSTLY)


def temporal_f1(
    cited: AbstractSet[str], valid: AbstractSet[str], applicable: AbstractSet[str]
) -> float:
    """Return F1 of the cited versions that are valid, against the applicable ones.

    With nothing applicable, citing nothing is perfect and citing anything is 0.
    """
    if not applicable:
        return float(not cited)
    hit = len(valid & applicable)
    return 2 * hit / (len(cited) + len(applicable))


def right(trace: Trace, question: Question) -> bool:
    """Return whether a run ended right, by the answer or abstention that shipped.

    An abstention is right only if a tool had returned its reason in the run; a missing date is
    found by the graph itself.
    """
    shipped: tuple[Statement, ...] = ()
    if trace.answer is not None:
        shipped = tuple(one for one in _on_the_day(trace, question) if one.stood)
    reason = trace.abstention.reason if trace.abstention else None
    if question.decline is not None and question.as_at is not None:
        return _declined_rightly(trace, question, reason)
    return is_right(question, shipped, reason)


def is_right(question: Question, shipped: Sequence[Statement], declined: str | None) -> bool:
    """Return whether a reply is right. This is the only definition of "right".

    Args:
        question: the question with its gold answer.
        shipped: the sentences of the answer with their citations; empty for an abstention.
        declined: the reason of the abstention, or ``None``.

    Where the question must be declined, the reason must be the question's. Otherwise the gold
    version must be cited, and its quotations must give what is asked for: the figure in its place,
    stated by the sentence, without another figure of its kind in the reply's own words; the text,
    with a ROUGE-L of at least :data:`RIGHT`; or, where a version is asked for, no other version of
    the provision may be cited. No sentence may deny what it quotes.
    """
    if question.decline is not None:
        return declined == question.decline.value
    return _said(question, shipped) >= RIGHT


def _said(question: Question, made: Sequence[Statement]) -> float:
    """Return a score from 0 to 1: how well the sentences state the gold answer."""
    cited = [claim for statement in made for claim in statement.claims]
    held = [claim for statement in made if statement.stood for claim in statement.claims]
    quotes = [claim.quote for claim in held if claim.version_id == question.gold_version]
    span = question.gold_span
    if not quotes or any(_denies(statement, question) for statement in made):
        return 0.0
    if span is None:
        rivals = {claim.version_id for claim in cited if _provision(claim) == question.provision_id}
        enough = any(carries(quote, question) for quote in quotes)
        return float(rivals == {question.gold_version} and enough)
    if span.lead is None:
        return recited(quotes, [claim.quote for claim in cited], span.text)
    if any(contradicts(statement.text, quotes, question, span) for statement in made):
        return 0.0
    return float(any(_answers(statement, question) for statement in made if statement.stood))


def _answers(statement: Statement, question: Question) -> bool:
    """Return whether a sentence states the answer, on a quotation of the gold version."""
    own = [c.quote for c in statement.claims if c.version_id == question.gold_version]
    return any(carries(quote, question) for quote in own) and states(statement.text, own, question)


def _denies(statement: Statement, question: Question) -> bool:
    return denies(statement.text, [claim.quote for claim in statement.claims], question.language)


def _supported(statement: Statement, question: Question) -> Iterator[Claim]:
    """Yield the citations of a standing sentence that hold what was asked for and it states."""
    for claim in statement.claims if statement.stood else ():
        own = [one.quote for one in statement.claims if one.version_id == claim.version_id]
        if carries(claim.quote, question) and states(statement.text, own, question):
            yield claim


def _provision(claim: Claim) -> str:
    return claim.version_id.partition("@")[0]


def _on_the_day(trace: Trace, question: Question) -> tuple[Statement, ...]:
    """Return the drafted sentences, all as struck if the run had another date than the question."""
    governing = trace.governing
    made = statements(trace)
    if governing and (governing.as_at, governing.known_at) == (question.as_at, question.known_at):
        return made
    return tuple(statement.struck() for statement in made)


def _declined_rightly(trace: Trace, question: Question, reason: str | None) -> bool:
    """Return whether the reason is the question's, and a tool returned it in the run."""
    return (
        question.decline is not None
        and reason == question.decline.value
        and _was_shown(trace, question)
    )


def _was_shown(trace: Trace, question: Question) -> bool:
    """Return whether a tool returned the reason to decline, or the provision, for the date.

    Where no provision answers the question, a search is enough.
    """
    day = question.as_at.isoformat() if question.as_at else None
    return any(
        _shows(call.result, question.decline, question.provision_id)
        for call in _calls(trace)
        if _answered(call) and call.arguments.get("as_at") == day
    )


def _shows(result: ToolResult | None, reason: Decline | None, provision_id: str | None) -> bool:
    match result:
        case ProvisionReading(status=status, provision_id=read):
            return status == reason and read == provision_id
        case VersionList(provision_id=listed):
            return listed == provision_id
        case SearchResult():
            return reason is Decline.NOT_FOUND and provision_id is None
        case _:
            return False


def _calls(trace: Trace) -> Iterable[ToolCall]:
    """Yield the calls of the four tools, and those that a tool of another package answered."""
    calls = (call for turn in trace.turns for call in turn.calls)
    return (call for call in calls if call.name in TOOLS or _answered(call))


def _answered(call: ToolCall) -> bool:
    return call.result is not None and not isinstance(call.result, Refused)
