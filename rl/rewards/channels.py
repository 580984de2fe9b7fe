"""The reward channels: pure functions of one trace and its question.

**What is scored is the draft.** What ships is what the verifier left of it; where nothing is left,
the run ends in an abstention. A reward that saw only what shipped could not tell a struck draft
from an honest abstention, and inventing law would cost nothing. So every channel reads the policy's
last draft together with the findings on it. :func:`right` alone, by which rollouts are labelled and
accuracy is measured, asks what shipped.

``None`` says that a rollout cannot be scored (:func:`rl.rewards.claims.scorable`), or that the
channel has nothing to say of its question. It is never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from agent.tool_results import ProvisionReading, Refused, ToolResult, VersionList
from agent.tools.toolbox import TOOLS
from agent.trace import ToolCall, Trace
from corpus.questions import Decline, Question
from rl.rewards.claims import Claim, Statement, declared, readable, scorable, statements
from rl.rewards.stated_answer import recited, states_figure

RIGHT = 0.95
"""Share from which a reply counts as right: ROUGE-L of a recitation, as in LegalSearch-R1."""

ROOM = 600
"""Characters that a reply about a figure may quote before it is marked down."""

COSTLY = 16
"""Tool calls that use up the whole reward for thrift."""


def task(trace: Trace, question: Question) -> float | None:
    """Return how far the draft says what was asked, from 0 to 1.

    A figure: 1 when it stands, in its place, in a quotation of the applicable version, and the
    reply states no other figure of that kind. A text: ROUGE-L of what was quoted. A version: 1 when
    it alone is cited of its provision. A reason to decline: 1 when it was declared and a tool had
    shown it. Only sentences count that the verifier let stand, and the reward is multiplied by
    their share of the draft.

    Hack: quote the whole statute, so that every figure stands in it; list every figure that ever
    held; write many sentences, so that one stands. Guard: quotations beyond :data:`ROOM` characters
    divide the reward, all quotations count for ROUGE-L's precision, a contradicting figure in the
    reply's own words forfeits it, and so does, in part, each sentence that was struck.
    """
    if not scorable(trace, question):
        return None
    if not readable(trace):
        return 0.0
    if question.decline is not None:
        return float(declared(trace) == question.decline.value and _was_shown(trace, question))
    made = _on_the_day(trace, question)
    standing = sum(statement.stood for statement in made) / max(len(made), 1)
    value = _said(question, made) * standing
    if question.gold_span is None or question.gold_span.lead is None:
        return value
    quoted = sum(len(quote) for quote in {c.quote for s in made for c in s.claims})
    return value * min(1.0, ROOM / max(quoted, 1))


def temporal(trace: Trace, question: Question) -> float | None:
    """Return the temporal consistency of the draft: F1 of cited against applicable versions.

    A citation is valid when its version is on record, in force on the question's day and was
    returned by a tool. Every other citation counts against precision; duplicates count once. Where
    no version applies, a declared abstention scores 1 and all else 0.

    Hack: cite nothing; cite one eternal law; cite every version; guess an id. Guard: recall, the
    gold version, precision, and that a tool must have returned it. A run for another day than the
    question's, or for none, has no valid citation: it fails closed.
    """
    if not scorable(trace, question):
        return None
    if not readable(trace):
        return 0.0
    if question.gold_version is None:
        return float(declared(trace) is not None)
    made = [claim for statement in _on_the_day(trace, question) for claim in statement.claims]
    cited = {claim.version_id for claim in made}
    valid = {claim.version_id for claim in made if claim.applicable}
    return temporal_f1(cited, valid, {question.gold_version})


def query(trace: Trace, question: Question) -> float | None:
    """Return 1 when a statute query carried the question's day and the temporal reward is earned.

    Hack: stuff the turn with queries for every day there is. Guard: nothing without a right
    citation, a second dated query earns nothing, and each costs (:func:`cost`).
    """
    consistent = temporal(trace, question)
    if consistent is None or question.as_at is None:
        return None
    day = question.as_at.isoformat()
    asked = any(_answered(call) and call.arguments.get("as_at") == day for call in _calls(trace))
    return float(asked and consistent > 0)


def format_gate(trace: Trace, question: Question) -> float | None:
    """Return 1 when every turn was a readable move and the last an answer or an abstention.

    Hack: well-formed emptiness. Guard: it multiplies the positive channels and has no weight of its
    own unless a recipe gives it one.
    """
    return float(readable(trace)) if scorable(trace, question) else None


def abstention(trace: Trace, question: Question) -> float | None:
    """Return the ternary reward: 1 right, 0 declined, -1 wrong, as TruthRL has it.

    Where the question must be declined, the right reason, shown by a tool, is 1. A struck draft, an
    unreadable turn and a spent budget are wrong, not declined.

    Hack: abstain always, or guess the commonest reason. Guard: an abstention earns nothing where
    there is an answer, and nothing for a reason that no tool returned on the question's day.
    """
    if not scorable(trace, question):
        return None
    if question.decline is not None and task(trace, question) == 1.0:
        return 1.0
    if declared(trace) is not None:
        return 0.0
    return 1.0 if right(trace, question) else -1.0


def cost(trace: Trace, question: Question) -> float | None:
    """Return the price of the tool calls: 0 for none, down to -1 from :data:`COSTLY` calls on.

    A draft that the verifier sent back costs as much as a call.

    Hack: never search; the cheapest run is one that gives up at once. Guard: thrift counts only
    where the temporal reward is earned; all others pay the full price.
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
    """Tell whether the run ended right: the answer that shipped, or the reason to decline."""
    shipped: tuple[Statement, ...] = ()
    if trace.answer is not None:
        shipped = tuple(one for one in _on_the_day(trace, question) if one.stood)
    return is_right(question, shipped, trace.abstention.reason if trace.abstention else None)


def is_right(question: Question, shipped: Sequence[Statement], declined: str | None) -> bool:
    """Tell whether a reply is right. This is the only meaning of "right" there is.

    Args:
        question: what was asked.
        shipped: the sentences of the answer, with what they cite; none where it was declined.
        declined: the reason for which it was declined, if it was.

    Where the question must be declined, the reason must be the question's. Else the gold version
    must be cited, and its quotations must give what is asked for: the figure in its place, without
    another figure of its kind in the reply's own words; the text, from :data:`RIGHT` on by ROUGE-L;
    or, where a version is asked for, no other version of the provision may be cited.
    """
    if question.decline is not None:
        return declined == question.decline.value
    return _said(question, shipped) >= RIGHT


def _said(question: Question, made: Sequence[Statement]) -> float:
    """Return how far sentences say the answer, whatever else they quote of the law."""
    cited = [claim for statement in made for claim in statement.claims]
    held = [claim for statement in made if statement.stood for claim in statement.claims]
    quotes = [claim.quote for claim in held if claim.version_id == question.gold_version]
    span = question.gold_span
    if not quotes:
        return 0.0
    if span is None:
        rivals = {claim.version_id for claim in cited if _provision(claim) == question.provision_id}
        return float(rivals == {question.gold_version})
    if span.lead is None:
        return recited(quotes, [claim.quote for claim in cited], span.text)
    return float(states_figure([statement.text for statement in made], quotes, question, span))


def _provision(claim: Claim) -> str:
    return claim.version_id.partition("@")[0]


def _on_the_day(trace: Trace, question: Question) -> tuple[Statement, ...]:
    """Return the draft; nothing of it stood if the run was for another day than the question's."""
    governing = trace.governing
    made = statements(trace)
    if governing and (governing.as_at, governing.known_at) == (question.as_at, question.known_at):
        return made
    return tuple(statement.struck() for statement in made)


def _was_shown(trace: Trace, question: Question) -> bool:
    """Tell whether a tool returned the reason to decline, or the provision's record, on the day."""
    day = question.as_at.isoformat() if question.as_at else None
    return any(
        _shows(call.result, question.decline, question.provision_id)
        for call in _calls(trace)
        if _answered(call) and call.arguments.get("as_at") == day
    )


def _shows(result: ToolResult | None, reason: Decline | None, provision_id: str | None) -> bool:
    match result:
        case ProvisionReading(status=status):
            return status == reason
        case VersionList(provision_id=listed):
            return listed == provision_id
        case _:
            return False


def _calls(trace: Trace) -> Iterable[ToolCall]:
    return (call for turn in trace.turns for call in turn.calls if call.name in TOOLS)


def _answered(call: ToolCall) -> bool:
    return call.result is not None and not isinstance(call.result, Refused)
