"""Claims of a trace: drafted sentences with the verifier's findings, or an abstention.

Computed from the trace's typed fields; no text is parsed and no store is read.
"""

from __future__ import annotations

from agent.models.parsing import UNREADABLE
from agent.trace import AbstentionReason, Draft, DraftCitation, StopReason, Trace
from corpus.model import Frozen
from corpus.questions import Question

UNSCORABLE = frozenset({StopReason.TOOL_ERROR, StopReason.POLICY_ERROR, StopReason.TOKEN_BUDGET})
"""Stop reasons that say nothing about the policy: a failed engine or model, a full context."""

_CHECKS = frozenset({"resolves", "seen", "in_force", "verbatim"})
_NOT_DECLARED = frozenset({AbstentionReason.UNVERIFIED, AbstentionReason.FAILED})


class Claim(Frozen):
    """A drafted citation. ``passed`` holds the verifier's checks that it passed."""

    version_id: str
    quote: str
    passed: frozenset[str]

    @property
    def stood(self) -> bool:
        """Return whether every check of the citation itself passed."""
        return self.passed >= _CHECKS

    @property
    def in_force(self) -> bool:
        """Return whether it names a stored version that was in force on the governing date."""
        return {"resolves", "in_force"} <= self.passed

    @property
    def stored(self) -> bool:
        """Return whether it names a stored version."""
        return "resolves" in self.passed

    @property
    def read(self) -> bool:
        """Return whether it names a stored version that a tool had returned in this run."""
        return {"resolves", "seen"} <= self.passed


class Statement(Frozen):
    """A drafted sentence: its text, its citations, and whether the verifier accepted it."""

    text: str
    stood: bool
    claims: tuple[Claim, ...]

    def struck(self) -> Statement:
        """Return the same sentence as failing every check."""
        failed = tuple(c.model_copy(update={"passed": frozenset()}) for c in self.claims)
        return self.model_copy(update={"stood": False, "claims": failed})


def acted(trace: Trace | None) -> bool:
    """Return whether the policy acted, without a failure or a cut-off by the infrastructure."""
    return trace is not None and bool(trace.turns) and trace.stop not in UNSCORABLE


def scorable(trace: Trace | None, question: Question) -> bool:
    """Return whether a trace can be scored for a question."""
    return trace is not None and why_not_scorable(trace, question) is None


def why_not_scorable(trace: Trace, question: Question) -> str | None:
    """Return why a trace cannot be scored; ``None`` where it can.

    A question without a date is answered by the graph before the policy is asked, so it is not
    scored.
    """
    if question.as_at is None:
        return "the question names no day"
    if acted(trace):
        return None
    return f"the run ended by {trace.stop}" if trace.turns else "the policy was never asked"


def drafted(trace: Trace) -> Draft | None:
    """Return the policy's last draft, shipped or struck; ``None`` if there was none."""
    return trace.turns[-1].draft if trace.turns else None


def first_draft(trace: Trace) -> Draft | None:
    """Return the first draft, as written before the verifier objected; ``None`` if none."""
    return next((turn.draft for turn in trace.turns if turn.draft is not None), None)


def declared(trace: Trace) -> AbstentionReason | None:
    """Return the reason of an abstention that the policy declared, else ``None``.

    A run that ends in an abstention because the draft was struck, a budget was spent or a date was
    missing has not declared it.
    """
    if not trace.turns or trace.abstention is None or trace.abstention.reason in _NOT_DECLARED:
        return None
    return trace.abstention.reason


def statements(trace: Trace) -> tuple[Statement, ...]:
    """Return the sentences of the last draft, in order, shipped or struck.

    Raises:
        ValueError: the draft was not verified.
    """
    draft = drafted(trace)
    return () if draft is None else statements_of(draft, trace)


def statements_of(draft: Draft, trace: Trace) -> tuple[Statement, ...]:
    """Return the sentences of a draft of a trace, in order.

    Raises:
        ValueError: the draft was not verified.
    """
    if not draft.verified:
        raise ValueError(f"the draft of trace {trace.id} was not verified")
    return tuple(
        Statement(
            text=sentence.text,
            stood=sentence.stands,
            claims=tuple(_claim(citation) for citation in sentence.citations),
        )
        for sentence in draft.sentences
    )


def claims(trace: Trace) -> tuple[Claim, ...]:
    """Return the citations of the last draft, in order, shipped or struck.

    Raises:
        ValueError: the draft was not verified.
    """
    return tuple(claim for statement in statements(trace) for claim in statement.claims)


def readable(trace: Trace) -> bool:
    """Return whether every turn could be parsed and the last is an answer or an abstention."""
    ended = drafted(trace) is not None or declared(trace) is not None
    return ended and all(c.name != UNREADABLE for turn in trace.turns for c in turn.calls)


def dated(trace: Trace) -> bool | None:
    """Return whether the first dated call had the governing date; ``None``: no such call."""
    calls = (call for turn in trace.turns for call in turn.calls)
    day = next((c.arguments["as_at"] for c in calls if c.arguments.get("as_at")), None)
    if day is None or trace.governing is None:
        return None
    return bool(day == str(trace.governing.as_at))


def _claim(citation: DraftCitation) -> Claim:
    return Claim(
        version_id=citation.version_id,
        quote=citation.quote,
        passed=frozenset(finding.check for finding in citation.findings if finding.passed),
    )
