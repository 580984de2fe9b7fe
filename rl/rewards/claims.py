"""What a trace claims: drafted sentences with what the verifier found, or an abstention.

Read off the trace's typed fields; no text is parsed again and no store is asked.
"""

from __future__ import annotations

from agent.models.parsing import UNREADABLE
from agent.trace import AbstentionReason, Draft, DraftCitation, StopReason, Trace
from corpus.model import Frozen
from corpus.questions import Question

UNSCORABLE = frozenset({StopReason.TOOL_ERROR, StopReason.POLICY_ERROR, StopReason.TOKEN_BUDGET})
"""Ends of a run that say nothing of the policy: a failed engine or model, a thread cut short."""

_CHECKS = frozenset({"resolves", "seen", "in_force", "verbatim"})
_NOT_DECLARED = frozenset({AbstentionReason.UNVERIFIED, AbstentionReason.FAILED})


class Claim(Frozen):
    """A drafted citation. ``passed`` are the verifier's checks that it passed."""

    version_id: str
    quote: str
    passed: frozenset[str]

    @property
    def stood(self) -> bool:
        """Tell whether every check of the citation itself passed."""
        return self.passed >= _CHECKS

    @property
    def in_force(self) -> bool:
        """Tell whether it names a version on record that was the law on the governing date."""
        return {"resolves", "in_force"} <= self.passed

    @property
    def applicable(self) -> bool:
        """Tell whether it was in force and a tool returned it: found, not guessed."""
        return self.in_force and "seen" in self.passed


class Statement(Frozen):
    """A drafted sentence: what it says, what it cites, and whether the verifier let it stand."""

    text: str
    stood: bool
    claims: tuple[Claim, ...]

    def struck(self) -> Statement:
        """Return the same sentence as if it had failed every check."""
        failed = tuple(c.model_copy(update={"passed": frozenset()}) for c in self.claims)
        return self.model_copy(update={"stood": False, "claims": failed})


def acted(trace: Trace | None) -> bool:
    """Tell whether the policy acted, and nothing around it broke or was cut short."""
    return trace is not None and bool(trace.turns) and trace.stop not in UNSCORABLE


def scorable(trace: Trace | None, question: Question) -> bool:
    """Tell whether a trace says how well the policy dealt with a question."""
    return trace is not None and why_not_scorable(trace, question) is None


def why_not_scorable(trace: Trace, question: Question) -> str | None:
    """Return why a trace says nothing of the policy; ``None`` where it does.

    What becomes of a question that names no day is decided before the policy is asked.
    """
    if question.as_at is None:
        return "the question names no day"
    if acted(trace):
        return None
    return f"the run ended by {trace.stop}" if trace.turns else "the policy was never asked"


def drafted(trace: Trace) -> Draft | None:
    """Return the last answer that the policy wanted to give, shipped or struck."""
    return trace.turns[-1].draft if trace.turns else None


def declared(trace: Trace) -> AbstentionReason | None:
    """Return why the policy itself declined; ``None`` where it did not.

    A struck draft and a spent budget also end in an abstention, but not in one that was declared.
    Neither is the graph's own request for a date, made before the policy is asked.
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
    if draft is None:
        return ()
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
    """Tell whether every turn was a move, and the last one an answer or an abstention."""
    ended = drafted(trace) is not None or declared(trace) is not None
    return ended and all(c.name != UNREADABLE for turn in trace.turns for c in turn.calls)


def dated(trace: Trace) -> bool | None:
    """Tell whether the first dated call carried the governing day; ``None``: there was none."""
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
