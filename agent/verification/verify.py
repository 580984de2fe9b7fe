"""The verifier: checks every sentence of a draft against the store.

Deterministic code over the store; a model's text cannot change what is checked. A sentence passes
or fails as a whole: every version it cites must be stored, have been shown to the policy in this
run, be in force on the governing date, apply to the case and contain the quotation; and what the
sentence itself quotes, and every figure in it, must occur in those versions. A sentence that fails
is struck. Reasoning is based on all sentences, so it is struck with any of them.

What cannot be checked this way is listed in ``docs/verification.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Literal

from agent.library import Library
from agent.policy import Draft, DraftCitation, Sentence
from agent.trace import Answer, AnswerSentence, Finding, GoverningDate
from agent.verification.allowed_facts import AllowedFacts
from corpus.force_words import version_in_force
from corpus.gate.decide import rule_on
from corpus.gate.ruling import Case, Ruling
from corpus.languages.quotation import quotations, quoted_span, seen, unquoted
from corpus.languages.stated_figures import Figures, figures_said
from corpus.model import Citation, Frozen, Version
from corpus.number_words import number_on, other_numbers
from corpus.resolve import explain

Check = Literal["resolves", "in_force", "applies", "verbatim", "seen", "sentence", "figure"]

_END = re.compile(r"(?:(?<=\w{4})\.|[!?])[\"')\]]*(?=\s+[^\W\da-zß-ÿ])|[。！？](?=.)", re.DOTALL)
_MARKER = re.compile(r"\[\s*\d+\s*\]")
_NOWHERE = "stands in no text cited"
_SPELT_OUT = 20  # characters from which a quotation accounts for the figures inside it


class Verdict(Frozen):
    """The draft with its findings, and the sentences that passed.

    ``answer`` holds the sentences that passed, in order, without invisible characters; ``None`` if
    there are none.
    """

    draft: Draft
    answer: Answer | None

    @property
    def passed(self) -> bool:
        """Return whether the whole draft passed: something is cited and nothing was struck."""
        return self.answer is not None and all(finding.passed for finding in self.draft.findings)

    @property
    def explanation(self) -> str:
        """Return in words what was struck, and why."""
        return " ".join(f.explanation for f in self.draft.findings if not f.passed)


def verify(  # noqa: PLR0913 - everything that a draft is checked against, by name
    draft: Draft,
    library: Library,
    governing: GoverningDate,
    seen_ids: AbstractSet[str],
    *,
    extent: str | None = None,
    case: Case | None = None,
) -> Verdict:
    """Check every sentence of a draft, and strike those that fail.

    Args:
        draft: what the policy wants to say.
        library: the store is asked, never the index.
        governing: the day, and the day of knowledge, that the answer is for.
        seen_ids: version ids that a tool returned in this thread.
        extent: the territory asked about.
        case: what decides whether a version applies; where it is left out, the day and the
            territory alone.
    """
    day, known_at = governing.as_at, governing.known_at
    case = case or Case(as_at=day, known_at=known_at, extent=extent)
    desk = _Desk(library, governing, seen_ids, extent, case)
    checked = [_checked(sentence, desk) for sentence in draft.sentences]
    grounds = [ground for one in checked if not one.faults for ground in one.grounds]
    fallen = any(one.faults for one in checked)
    for one in checked:
        if one.is_reasoning and not one.faults:
            one.faults += _unfounded(grounds, fallen=fallen)
            if not one.faults:
                _hold(one, grounds)
    standing = tuple(one.shipped() for one in checked if not one.faults) if grounds else ()
    return Verdict(
        draft=Draft(sentences=tuple(one.verified() for one in checked)),
        answer=Answer(sentences=standing) if standing else None,
    )


def verify_citation(
    drafted: DraftCitation,
    library: Library,
    governing: GoverningDate,
    seen_ids: AbstractSet[str],
    case: Case,
) -> tuple[Citation | None, DraftCitation]:
    """Check a citation that stands alone, as those of a sentence are checked.

    Returns:
        The citation, ``None`` where a check failed, and the draft with findings and ruling.
    """
    alone = Sentence(text=drafted.version_id, citations=(drafted,))
    one = _Checked(alone, alone.text)
    _cite(one, drafted, _Desk(library, governing, seen_ids, case.extent, case))
    return next(iter(one.citations), None), one.cited[0]


@dataclass(frozen=True)
class _Desk:
    """What sentences are checked against."""

    library: Library
    governing: GoverningDate
    seen_ids: AbstractSet[str]
    extent: str | None
    case: Case


@dataclass
class _Checked:
    """A sentence during verification: its valid citations, and its errors.

    ``text`` is the sentence without invisible characters.
    """

    sentence: Sentence
    text: str
    cited: list[DraftCitation] = field(default_factory=list)
    details: list[Finding] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    grounds: list[AllowedFacts] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_reasoning(self) -> bool:
        return self.sentence.reasoning and not self.sentence.citations

    def fault(self, check: Check, subject: str, words: str) -> None:
        """Record a finding that strikes the sentence."""
        self.details.append(_finding(check, False, subject, words))
        self.faults.append(words)

    def verified(self) -> Sentence:
        """Return the sentence as drafted, with the findings on it and its citations."""
        update = {
            "citations": tuple(self.cited),
            "verdict": self._verdict(),
            "findings": tuple(self.details),
        }
        return self.sentence.model_copy(update=update)

    def shipped(self) -> AnswerSentence:
        """Return the sentence as it ships."""
        return AnswerSentence(
            text=self.text,
            citations=tuple(self.citations),
            rulings=tuple(self.rulings),
            reasoning=self.is_reasoning,
        )

    def _verdict(self) -> Finding:
        if self.faults:
            details = [*(f for cited in self.cited for f in cited.findings), *self.details]
            told = {finding.explanation for finding in details}
            more = [fault for fault in dict.fromkeys(self.faults) if fault not in told]
            words = " ".join([f"Struck: “{_shown(self.text)}”.", *more])
        elif self.is_reasoning:
            words = "The sentence is marked as reasoning and adds no figure of its own."
        else:
            words = "Everything in the sentence that can be checked stands in what it cites."
        return _finding("sentence", not self.faults, self.text, words)


def _checked(sentence: Sentence, desk: _Desk) -> _Checked:
    """Check one sentence, except what its reasoning is based on."""
    one = _Checked(sentence, seen(sentence.text).strip())
    for drafted in sentence.citations:
        _cite(one, drafted, desk)
    quotes = [citation.quote for citation in one.citations]
    names = [name for ground in one.grounds for name in ground.names]
    one.faults += _shape_faults(one, [*quotes, *names])
    if not one.is_reasoning and not one.faults:
        _hold(one, one.grounds)
    return one


def _shape_faults(one: _Checked, given: Iterable[str]) -> Iterable[str]:
    """Yield errors in the form of a sentence, and the given ones."""
    if not any(char.isalnum() for char in one.text):
        yield "It says nothing."
    if not one.sentence.citations and not one.sentence.reasoning:
        yield "It cites no provision and is not marked as reasoning."
    if _MARKER.search(one.text):
        yield "It writes the number of a citation itself."
    bare = _without_quotations(unquoted(one.text, given))
    if _END.search(bare.strip()):
        yield "It is more than one sentence; each needs its own citation."


def _without_quotations(text: str) -> str:
    return re.sub(r"\"[^\"]*\"", "", text.replace("\ufffc", "x"))


def _unfounded(grounds: list[AllowedFacts], *, fallen: bool) -> Iterable[str]:
    """Yield why a reasoning sentence has no basis."""
    if not grounds:
        yield "It rests on no citation that stands."
    elif fallen:
        yield "It may rest on a sentence that was struck."


def _hold(one: _Checked, grounds: list[AllowedFacts]) -> None:
    """Check that the sentence's quotations and figures occur in the versions it is based on."""
    text = one.text
    quotes = [citation.quote for citation in one.citations]
    names = [name for ground in grounds for name in ground.names]
    for quote in quotations(text, [*quotes, *names]):
        if not any(quoted_span(quote, ground.version.text) for ground in grounds):
            words = f"“{_shown(quote)}” is put between quotation marks and {_NOWHERE}."
            one.fault("verbatim", quote, words)
    said = unquoted(text, [quote for quote in quotes if len(quote) >= _SPELT_OUT])
    languages = {ground.version.language for ground in grounds}
    stated = figures_said(unquoted(said, names), languages)
    if not stated.empty:
        held = reduce(or_, (ground.figures() for ground in grounds), Figures())
        for words in stated.without(held):
            what = "is neither cited nor quoted" if words in stated.addresses.values() else _NOWHERE
            one.fault("figure", words, f"“{_shown(words)}” {what}.")


def _cite(one: _Checked, drafted: DraftCitation, desk: _Desk) -> None:
    """Check one citation; keep it if all checks passed."""
    name, governing = drafted.version_id, desk.governing
    version = desk.library.store.version(name, governing.known_at)
    ground = _ground(version, desk) if version else None
    if version is None or ground is None:
        words = f"{name} is not a version on record."
        found = (_finding("resolves", False, name, words),)
        one.cited.append(drafted.model_copy(update={"findings": found}))
        one.faults.append(words)
        return
    span = quoted_span(drafted.quote, version.text)
    in_force, ruling = _in_force(version, desk), rule_on(desk.library.store, version, desk.case)
    findings = [
        _finding("resolves", True, name, f"{name} is on record."),
        _seen(name, desk.seen_ids),
        in_force,
        _verbatim(drafted, span),
    ]
    if in_force.passed and not ruling.ships:
        findings.append(_finding("applies", False, name, f"{name}: {ruling.sentence}"))
    update = {"findings": tuple(findings), "ruling": ruling}
    one.cited.append(drafted.model_copy(update=update))
    failed = [finding.explanation for finding in findings if not finding.passed]
    one.faults += failed
    if span is not None and not failed:
        ground = replace(ground, quote=version.text[slice(*span)])
        one.grounds.append(ground)
        one.citations.append(_citation(ground, span, desk))
        one.rulings.append(ruling)


def _ground(version: Version, desk: _Desk) -> AllowedFacts | None:
    store = desk.library.store
    provision = store.provision(version.provision_id)
    work = store.work(provision.work_id) if provision else None
    if provision is None or work is None:
        return None
    return AllowedFacts(version, provision, work, desk.governing)


def _seen(name: str, seen_ids: AbstractSet[str]) -> Finding:
    if name in seen_ids:
        return _finding("seen", True, name, f"{name} was returned by a tool.")
    return _finding("seen", False, name, f"No tool returned {name} in this thread.")


def _in_force(version: Version, desk: _Desk) -> Finding:
    day, known_at = desk.governing.as_at, desk.governing.known_at
    resolution = desk.library.store.resolve(
        version.provision_id, day, known_at, extent=desk.extent, language=version.language
    )
    if isinstance(resolution, Version) and resolution.id == version.id:
        words = f"{version.id} is in force on {day}."
        return _finding("in_force", True, version.id, words)
    governs = explain(resolution) if resolution and not isinstance(resolution, Version) else ""
    words = (
        f"{version.id} is not the law on {day}: its text holds {version_in_force(version).text}."
    )
    return _finding("in_force", False, version.id, f"{words} {governs}".strip())


def _verbatim(drafted: DraftCitation, span: tuple[int, int] | None) -> Finding:
    name = drafted.version_id
    if span is not None:
        return _finding("verbatim", True, name, f"The quotation stands in {name} word for word.")
    return _finding("verbatim", False, name, f"The quotation does not stand in {name}.")


def _citation(ground: AllowedFacts, span: tuple[int, int], desk: _Desk) -> Citation:
    version, governing = ground.version, ground.governing
    borne = number_on(ground.provision, governing.as_at, governing.known_at)
    assert version.valid_from is not None  # it is in force
    return Citation(
        version_id=version.id,
        provision_id=version.provision_id,
        work_id=ground.work.id,
        work_title=ground.work.title,
        label=ground.label,
        label_from=borne and borne.valid_from,
        other_numbers=other_numbers(ground.provision, governing.as_at, governing.known_at),
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        ended=version.ended,
        source_read=desk.library.store.source_read(ground.work.id),
        as_at=governing.as_at,
        known_at=governing.known_at,
        quote=ground.quote,
        start=span[0],
        end=span[1],
    )


def _shown(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"


def _finding(check: Check, passed: bool, subject: str, explanation: str) -> Finding:
    return Finding(check=check, passed=passed, subject=seen(subject), explanation=seen(explanation))
