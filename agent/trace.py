"""The record of one question: typed events, made once, never parsed back out of text.

Everything shares it. The page renders it, rewards score it, labels attach to it, evaluation
aggregates it, and ``inforce replay`` runs it again.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from corpus.applicability import Code, Issue, Role
from corpus.model import Citation, Frozen


class StopReason(StrEnum):
    """Why the run ended."""

    ANSWERED = "answered"
    ABSTAINED = "abstained"
    TURN_BUDGET = "turn_budget"
    TOKEN_BUDGET = "token_budget"  # noqa: S105 - a word, not a secret
    POLICY_ERROR = "policy_error"
    TOOL_ERROR = "tool_error"


class AbstentionReason(StrEnum):
    """Why no answer is given."""

    NO_DATE = "no_date"
    NOT_YET_IN_FORCE = "not_yet_in_force"
    REPEALED = "repealed"
    COVERAGE_GAP = "coverage_gap"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"
    UNVERIFIED = "unverified"
    FAILED = "failed"


class GoverningDate(Frozen):
    """The date whose law governs, and on what ground. ``assumed`` is shown to the reader.

    ``rule`` and ``rule_id`` name the rule that chose it (``corpus/rules/*.toml``) and ``verified``
    says whether that rule was compared with the official text; all ``None`` where the date was
    given or read out of the question without a rule. ``candidates`` are set where the law of
    several days counts, or may: ``as_at`` is one of them, and each wants an answer of its own.
    """

    as_at: date
    known_at: date | None = None
    ground: str
    assumed: bool = False
    rule: Code | None = None
    rule_id: str | None = None
    verified: bool | None = None
    candidates: tuple[date, ...] = ()


class ToolCall(Frozen):
    """One call of a tool and what came back. ``error`` set means the infrastructure failed."""

    id: str
    name: str
    arguments: dict[str, Any]
    result: Any = None
    error: str | None = None
    milliseconds: float = 0.0


class Finding(Frozen):
    """What the verifier says of one citation or statement of the draft."""

    check: Literal["resolves", "in_force", "verbatim", "seen", "sentence", "figure"]
    passed: bool
    subject: str
    explanation: str


class DraftCitation(Frozen):
    """A version and words claimed to stand in it; unverified."""

    version_id: str
    quote: str = Field(max_length=20_000)


class Sentence(Frozen):
    """One sentence of a draft. Without citations it must be marked as ``reasoning``."""

    text: str = Field(min_length=1)
    citations: tuple[DraftCitation, ...] = ()
    reasoning: bool = False


class Draft(Frozen):
    """An answer that nobody has checked yet."""

    sentences: tuple[Sentence, ...] = Field(min_length=1)


class Turn(Frozen):
    """One act of the policy and the tool calls it asked for.

    ``prompt_ids``, ``completion_ids`` and ``logprobs`` (natural log, one per completion token) are
    kept exactly as sampled; empty for a policy without a model. ``draft`` is the answer it wanted
    to give, whether or not it shipped. ``findings`` are what the verifier said of it, where the
    policy was told and could act once more. ``adjustment`` is what a controller added to the
    prompt before it.
    """

    index: int
    text: str = ""
    thought: str = ""
    calls: tuple[ToolCall, ...] = ()
    draft: Draft | None = None
    prompt_ids: tuple[int, ...] = ()
    completion_ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    findings: tuple[Finding, ...] = ()
    adjustment: str = ""


class Answer(Frozen):
    """What shipped: text and the citations it rests on."""

    text: str
    citations: tuple[Citation, ...] = Field(min_length=1)


class Abstention(Frozen):
    """Why nothing shipped, in a code and in a sentence."""

    reason: AbstentionReason
    explanation: str


class Trace(Frozen):
    """One question from asking to answer or abstention.

    Exactly one of ``answer`` and ``abstention`` is set: a run that stops for any other reason
    abstains with the reason ``failed``. With what the asker set besides the question (the filters
    ``extent`` and ``jurisdictions``; ``issue``, ``topic`` and ``facts``, which choose the date) a
    trace holds all that asking again needs: :func:`agent.graph.run.request_of`.
    """

    id: str
    question: str
    governing: GoverningDate | None
    extent: str | None = None
    jurisdictions: tuple[str, ...] = ()
    issue: Issue | None = None
    topic: str | None = None
    facts: dict[Role, date] = Field(default_factory=dict)
    turns: tuple[Turn, ...] = ()
    findings: tuple[Finding, ...] = ()
    answer: Answer | None = None
    abstention: Abstention | None = None
    stop: StopReason
    policy: str
    corpus_hash: str
    started: datetime
    milliseconds: float = 0.0
