"""The trace: the record of one question as typed data.

It is rendered by the app, scored by rewards, labelled by annotators, aggregated by evaluation, and
run again by ``inforce replay``; no text is parsed back. Traces of an earlier schema are read by
:mod:`agent.trace_migration`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from agent.models.sampling import Sampling
from agent.tool_results import ToolResult
from corpus.applicability import Code, Issue, Role
from corpus.gate.ruling import Ruling
from corpus.model import Citation, Frozen
from corpus.wording import DayAt, Wording, wording

SCHEMA: Literal[2] = 2
"""Schema version of a trace; every change that needs :mod:`agent.trace_migration` raises it."""


class StopReason(StrEnum):
    """Why the run ended."""

    ANSWERED = "answered"
    ABSTAINED = "abstained"
    TURN_BUDGET = "turn_budget"
    TOKEN_BUDGET = "token_budget"  # noqa: S105 - a word, not a secret
    POLICY_ERROR = "policy_error"
    TOOL_ERROR = "tool_error"


class AbstentionReason(StrEnum):
    """Why there is no answer."""

    NO_DATE = "no_date"
    NOT_YET_IN_FORCE = "not_yet_in_force"
    REPEALED = "repealed"
    COVERAGE_GAP = "coverage_gap"
    AMBIGUOUS = "ambiguous"
    OTHER_TERRITORY = "other_territory"
    NOT_APPLICABLE = "not_applicable"
    NOT_FOUND = "not_found"
    UNVERIFIED = "unverified"
    FAILED = "failed"


class GoverningDate(Frozen):
    """The governing date and its ground. ``assumed`` dates are shown as such.

    ``ground_days`` are the dates in ``ground``, so that renderings can format them.

    ``rule`` and ``rule_id`` name the rule that chose it (``corpus/rules/*.toml``) and ``verified``
    says whether that rule was compared with the official text; all are ``None`` if the date was
    given or taken from the question without a rule. ``candidates`` are set if several dates govern,
    or may: ``as_at`` is one of them, and each is answered separately.

    Attributes:
        as_at: the governing date.
        known_at: only what had been published by this date counts; null for the latest knowledge.
        ground: why this date governs, in a sentence.
        ground_days: the dates in ``ground`` with their positions.
        assumed: whether the date was taken from the question or assumed, not given.
        rule: legal ground of the rule that chose it; null without a rule.
        rule_id: name of that rule.
        verified: whether that rule was compared with the official text.
        candidates: all dates that govern, or may govern.
        confirmed: whether the asker confirmed the date, whatever the dates of the case.
        place: what the question says of the place, where that was assumed; part of ``ground``.
    """

    as_at: date
    known_at: date | None = None
    ground: str
    ground_days: tuple[DayAt, ...] = ()
    assumed: bool = False
    rule: Code | None = None
    rule_id: str | None = None
    verified: bool | None = None
    candidates: tuple[date, ...] = ()
    confirmed: bool = False
    place: str = ""

    @property
    def wording(self) -> Wording:
        """Return the ground, with its dates kept as dates."""
        return Wording(text=self.ground, days=self.ground_days)


class ToolCall(Frozen):
    """One tool call and its result. ``error`` is set if the infrastructure failed.

    Attributes:
        id: unique within the turn.
        name: name of the tool.
        arguments: arguments as the policy gave them.
        result: the tool's result; null if it failed.
        error: message of an infrastructure failure; null if the call worked.
        milliseconds: duration of the call.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    result: ToolResult | None = None
    error: str | None = None
    milliseconds: float = 0.0


class Finding(Frozen):
    """The result of one check of the verifier, on a citation or a sentence of the draft.

    Attributes:
        check: the check that was made.
        passed: whether it passed.
        subject: the version id or the words that it is about.
        explanation: the result in a sentence.
    """

    check: Literal["resolves", "in_force", "applies", "verbatim", "seen", "sentence", "figure"]
    passed: bool
    subject: str
    explanation: str


class DraftCitation(Frozen):
    """A cited version, and the words quoted from it.

    Attributes:
        version_id: id of the cited version.
        quote: words quoted from it.
        findings: the verifier's findings on the citation; empty before verification.
        ruling: whether the version applies to the case, and why; null before verification, and for
            an unknown version.
    """

    version_id: str
    quote: str = Field(max_length=20_000)
    findings: tuple[Finding, ...] = ()
    ruling: Ruling | None = None


class Sentence(Frozen):
    """One sentence of a draft. Without citations it must be marked as ``reasoning``.

    Attributes:
        text: the sentence.
        citations: the versions that it cites.
        reasoning: whether it draws a conclusion instead of citing.
        verdict: whether the sentence passed, and if not, why; null before verification.
        findings: the verifier's findings on the sentence's own quotations and figures.
    """

    text: str = Field(min_length=1)
    citations: tuple[DraftCitation, ...] = ()
    reasoning: bool = False
    verdict: Finding | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def stands(self) -> bool:
        """Return whether the sentence passed verification."""
        return self.verdict is not None and self.verdict.passed

    def all_findings(self) -> Iterator[Finding]:
        """Yield the verdict, then the findings on each citation, then the sentence's own."""
        if self.verdict is not None:
            yield self.verdict
        for citation in self.citations:
            yield from citation.findings
        yield from self.findings


class Draft(Frozen):
    """The policy's answer, with the verifier's findings after verification.

    Attributes:
        sentences: the sentences in order.
    """

    sentences: tuple[Sentence, ...] = Field(min_length=1)

    @property
    def verified(self) -> bool:
        """Return whether every sentence was verified."""
        return all(sentence.verdict is not None for sentence in self.sentences)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return every finding, in reading order."""
        return tuple(f for sentence in self.sentences for f in sentence.all_findings())


class Turn(Frozen):
    """One turn of the policy with its tool calls.

    Attributes:
        index: number of the turn, from 0.
        text: the policy's output as text.
        thought: reasoning before the move.
        calls: tool calls of the turn with their results.
        draft: the answer of this turn, shipped or not.
        prompt_ids: token ids of the prompt; empty without a model.
        completion_ids: token ids as sampled; empty without a model.
        logprobs: natural logarithm of each sampled token's probability.
        sent_back: whether the draft was returned to the policy with its findings.
        adjustment: instruction that a controller added to the prompt.
    """

    index: int
    text: str = ""
    thought: str = ""
    calls: tuple[ToolCall, ...] = ()
    draft: Draft | None = None
    prompt_ids: tuple[int, ...] = ()
    completion_ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    sent_back: bool = False
    adjustment: str = ""


class AnswerSentence(Frozen):
    """One sentence that passed verification, with its citations.

    A ``reasoning`` sentence is based on all citations of the answer.

    Attributes:
        text: the sentence.
        citations: its citations; empty for reasoning.
        rulings: for each citation, in order, why it applies; empty in traces of earlier versions.
        reasoning: whether it draws a conclusion from all citations.
    """

    text: str = Field(min_length=1)
    citations: tuple[Citation, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    reasoning: bool = False


class Answer(Frozen):
    """The answer that shipped, sentence by sentence.

    Attributes:
        sentences: the sentences that passed verification.

    Raises:
        ValueError: nothing is cited.
    """

    sentences: tuple[AnswerSentence, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _cites_something(self) -> Self:
        if not self.citations:
            raise ValueError("an answer cites at least one version")
        return self

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Return the citations in the order of their numbers."""
        return tuple(citation for sentence in self.sentences for citation in sentence.citations)

    @property
    def rulings(self) -> tuple[Ruling | None, ...]:
        """Return the ruling on each of :attr:`citations`; ``None`` where none was recorded."""
        recorded = (s.rulings or (None,) * len(s.citations) for s in self.sentences)
        return tuple(ruling for rulings in recorded for ruling in rulings)

    def numbered(self) -> Iterator[tuple[AnswerSentence, range]]:
        """Yield each sentence with the numbers of its citations, counted from 1."""
        start = 1
        for sentence in self.sentences:
            end = start + len(sentence.citations)
            yield sentence, range(start, end)
            start = end

    @property
    def text(self) -> str:
        """Return the answer as plain text: a paragraph per sentence, with citation numbers."""
        return "\n\n".join(
            " ".join([sentence.text, *(f"[{number}]" for number in numbers)])
            for sentence, numbers in self.numbered()
        )


class Abstention(Frozen):
    """Why there is no answer, as a code and as a sentence.

    Attributes:
        reason: reason code.
        explanation: the reason in a sentence.
        explanation_days: the dates in ``explanation`` with their positions.
    """

    reason: AbstentionReason
    explanation: str
    explanation_days: tuple[DayAt, ...] = ()

    @classmethod
    def worded(cls, reason: AbstentionReason, words: Wording) -> Self:
        """Return an abstention whose explanation keeps its dates."""
        return cls(reason=reason, explanation=words.text, explanation_days=words.days)

    @property
    def wording(self) -> Wording:
        """Return the explanation, with its dates kept as dates."""
        return Wording(text=self.explanation, days=self.explanation_days)


class ClosestProvision(Frozen):
    """A provision in force on the governing date that may answer; nothing confirms that it does.

    The verifier found its ``citation`` on record, shown in the thread, in force and verbatim
    (``findings``). ``probability`` is that the quotation answers the question; ``None`` where it
    was not scored.

    Attributes:
        citation: the provision and its quotation.
        findings: the verifier's findings on it; all passed.
        ruling: that it applies to the case, and why.
        probability: that the quotation answers the question; null where it was not scored.
    """

    citation: Citation
    findings: tuple[Finding, ...] = ()
    ruling: Ruling | None = None
    probability: float | None = Field(default=None, ge=0, le=1)


class LookedAt(Frozen):
    """What the searches of a thread found in force on the governing date: how much was looked at.

    It says nothing about law that no search found. ``works`` and ``jurisdictions`` are ids, sorted.

    Attributes:
        as_at: the governing date.
        provisions: number of provisions returned that were in force on it.
        works: ids of their works.
        jurisdictions: jurisdictions of those works.
    """

    as_at: date
    provisions: int = Field(ge=0)
    works: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()

    @property
    def wording(self) -> Wording:
        """Say it in a sentence, whose day is a date."""
        places = ", ".join(place.upper() for place in self.jurisdictions)
        where = f" of {_counted(len(self.works), 'work')} ({places})" if self.works else ""
        found = _counted(self.provisions, "provision")
        return wording(f"Looked at: {found}{where} found in force on ", self.as_at, ".")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Outcome(StrEnum):
    """How a question ended, for its reader."""

    ANSWERED = "answered"
    CLOSEST = "closest"
    ABSTAINED = "abstained"


class RunSettings(Frozen):
    """Settings that influence a run besides the question, the corpus and the policy.

    ``max_turns`` is the most turns of the policy; ``max_tokens`` the most ids of all prompts and
    completions together, ``None`` without a limit. ``sampling`` are the sampling parameters of a
    language model; ``None`` for a policy without one. ``today`` is the asker's date; ``None`` in a
    trace stored before that was recorded, where it is the date in UTC on which it was made. The
    asker's replies are in ``facts`` and ``governing``, a controller's instructions and returned
    drafts in each turn.

    Attributes:
        max_turns: most turns of the policy.
        max_tokens: most token ids of all prompts and completions; null for no limit.
        sampling: sampling parameters of a language model; null without one.
        today: the asker's date; null in traces of earlier versions.
        encoder: identity of the encoder that scored quotations; null where none did.
    """

    max_turns: int = Field(ge=1)
    max_tokens: int | None = None
    sampling: Sampling | None = None
    today: date | None = None
    encoder: str | None = None


class Trace(Frozen):
    """One question, from request to answer or abstention.

    Exactly one of ``answer`` and ``abstention`` is set: a run that stops for any other reason has
    an abstention with the reason ``failed``. With the filters (``extent`` and ``jurisdictions``),
    the facts (``issue``, ``topic`` and ``facts``) and its ``settings`` a trace holds everything
    needed to run it again: :func:`agent.graph.replay.replay`.

    Beside an abstention, ``closest`` are the provisions in force that may answer, best first, and
    ``looked_at`` counts what the tools returned. ``probability`` is that the best quotation found
    answers the question, whether or not it was given; ``None`` where the policy scored none.

    Attributes:
        schema_version: version of this schema.
        id: unique id of the trace.
        question: the question as asked.
        governing: the governing date and its ground; null if none was found.
        extent: territory that the asker chose; null for none.
        jurisdictions: jurisdictions that the asker chose; empty for all.
        issue: legal issue that the asker gave.
        topic: special topic that the asker gave.
        facts: dates of the case by role, given by the asker.
        settings: settings of the run.
        turns: the policy's turns, in order.
        answer: the answer that shipped; null for an abstention.
        abstention: why there is no answer; null for an answer.
        closest: beside an abstention, the provisions in force that may answer, best first.
        looked_at: beside an abstention, how much the tools returned.
        probability: that the best quotation found answers; null where the policy scored none.
        stop: why the run ended.
        policy: name of the policy.
        corpus_hash: digest of the corpus that was searched.
        started: instant at which the run started.
        milliseconds: duration of the run.
    """

    schema_version: Literal[2] = SCHEMA
    id: str
    question: str
    governing: GoverningDate | None
    extent: str | None = None
    jurisdictions: tuple[str, ...] = ()
    issue: Issue | None = None
    topic: str | None = None
    facts: dict[Role, date] = Field(default_factory=dict)
    settings: RunSettings
    turns: tuple[Turn, ...] = ()
    answer: Answer | None = None
    abstention: Abstention | None = None
    closest: tuple[ClosestProvision, ...] = ()
    looked_at: LookedAt | None = None
    probability: float | None = Field(default=None, ge=0, le=1)
    stop: StopReason
    policy: str
    corpus_hash: str
    started: datetime
    milliseconds: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """How it ended: answered, with the closest provisions at least, or without any."""
        if self.answer is not None:
            return Outcome.ANSWERED
        return Outcome.CLOSEST if self.closest else Outcome.ABSTAINED

    @property
    def verified_draft(self) -> Draft | None:
        """Return the last draft that was verified, shipped or struck."""
        drafts = (turn.draft for turn in reversed(self.turns))
        return next((draft for draft in drafts if draft is not None and draft.verified), None)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return the findings on :attr:`verified_draft`, in reading order."""
        return self.verified_draft.findings if self.verified_draft else ()

    @property
    def struck(self) -> tuple[Finding, ...]:
        """Return the verdict on each struck sentence of :attr:`verified_draft`."""
        sentences = self.verified_draft.sentences if self.verified_draft else ()
        verdicts = (sentence.verdict for sentence in sentences)
        return tuple(found for found in verdicts if found is not None and not found.passed)
