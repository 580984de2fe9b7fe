"""What a trace claims: drafted citations with what the verifier found, or an abstention.

Read off the trace's typed fields; no text is parsed again and no store is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.parsing import UNREADABLE
from agent.trace import AbstentionReason, Draft, Finding, StopReason, Trace
from corpus.model import Frozen

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
        """Tell whether every check passed, so that the citation could ship."""
        return self.passed >= _CHECKS

    @property
    def in_force(self) -> bool:
        """Tell whether it names a version on record that was the law on the governing date."""
        return {"resolves", "in_force"} <= self.passed

    @property
    def applicable(self) -> bool:
        """Tell whether it was in force and a tool returned it: found, not guessed."""
        return self.in_force and "seen" in self.passed


def scorable(trace: Trace | None) -> bool:
    """Tell whether a trace says anything of the policy: it acted, and nothing around it broke."""
    return trace is not None and bool(trace.turns) and trace.stop not in UNSCORABLE


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


def claims(trace: Trace) -> tuple[Claim, ...]:
    """Return the citations of the last draft, in order, shipped or struck.

    Raises:
        ValueError: the findings do not belong to the draft.
    """
    draft = drafted(trace)
    cited = [c for sentence in draft.sentences for c in sentence.citations] if draft else []
    groups = list(_by_citation(trace.findings)) if draft else []
    if [group[0].subject for group in groups] != [citation.version_id for citation in cited]:
        raise ValueError(f"the findings of trace {trace.id} do not belong to its draft")
    return tuple(
        Claim(
            version_id=citation.version_id,
            quote=citation.quote,
            passed=frozenset(f.check for f in group if f.passed),
        )
        for citation, group in zip(cited, groups, strict=True)
    )


def readable(trace: Trace) -> bool:
    """Tell whether every turn was a move, and the last one an answer or an abstention."""
    ended = drafted(trace) is not None or declared(trace) is not None
    return ended and all(c.name != UNREADABLE for turn in trace.turns for c in turn.calls)


def _by_citation(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    """Yield the findings on each citation; the first of each says whether it resolves."""
    group: list[Finding] = []
    for finding in findings:
        if finding.check == "resolves" and group:
            yield group
            group = []
        if finding.check in _CHECKS:
            group.append(finding)
    if group:
        yield group
