"""The last gate: what is not in force, not seen or not verbatim does not ship.

Pure code over the store; nothing that a model writes can change what is checked. A quote is
compared with the version's text after two normalisations and no others: any run of white space
equals any other, and quotation marks and apostrophes of one kind (double, single) are equal. A
quote may not cut a word or a figure: "lawful" does not stand in "unlawful", nor "5 years" in
"15 years" or "2.5 years".
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from datetime import date

from agent.library import Library
from agent.policy import Draft, DraftCitation
from agent.trace import Finding, GoverningDate
from corpus.model import Citation, Frozen, Version
from corpus.resolve import explain

_MARKS = ('"“”„‟«»＂', "'‘’‚‛‹›＇")
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_NUMERAL = "零〇一二三四五六七八九十百千万亿两萬億"
_PIECE = re.compile(r"\s+|\S", re.DOTALL)


class Verdict(Frozen):
    """Every check with its outcome, and the citations that stood."""

    findings: tuple[Finding, ...]
    citations: tuple[Citation, ...]

    @property
    def passed(self) -> bool:
        """Tell whether the draft may ship: something is cited and every check passed."""
        return bool(self.citations) and all(finding.passed for finding in self.findings)

    @property
    def explanation(self) -> str:
        """Say in words what failed."""
        failed = [finding.explanation for finding in self.findings if not finding.passed]
        return " ".join(failed) or "The draft cites nothing."


def verify(
    draft: Draft,
    library: Library,
    governing: GoverningDate,
    seen_ids: AbstractSet[str],
    *,
    extent: str | None = None,
) -> Verdict:
    """Check every sentence and citation of a draft.

    Args:
        draft: what the policy wants to say.
        library: the store is asked, never the index.
        governing: the day, and the day of knowledge, that the answer is for.
        seen_ids: version ids that a tool returned in this thread.
        extent: the territory asked about.
    """
    findings: list[Finding] = []
    citations: list[Citation] = []
    for sentence in draft.sentences:
        if not sentence.citations and not sentence.reasoning:
            findings.append(
                _finding("sentence", False, sentence.text, "A sentence cites no provision.")
            )
        for drafted in sentence.citations:
            checks, citation = _check(drafted, library, governing, seen_ids, extent)
            findings += checks
            if citation is not None:
                citations.append(citation)
    return Verdict(findings=tuple(findings), citations=tuple(citations))


def quoted_span(quote: str, text: str) -> tuple[int, int] | None:
    """Return where ``quote`` stands in ``text`` (characters), or ``None``."""
    pattern = _quote_pattern(quote.strip())
    match = pattern.search(text) if pattern else None
    return match.span() if match else None


def _check(
    drafted: DraftCitation,
    library: Library,
    governing: GoverningDate,
    seen_ids: AbstractSet[str],
    extent: str | None,
) -> tuple[list[Finding], Citation | None]:
    """Return the findings on one citation, and the citation where all passed."""
    name = drafted.version_id
    version = library.store.version(name, governing.known_at)
    if version is None:
        return [_finding("resolves", False, name, f"{name} is not a version on record.")], None
    span = quoted_span(drafted.quote, version.text)
    findings = [
        _finding("resolves", True, name, f"{name} is on record."),
        _seen(name, seen_ids),
        _in_force(version, library, governing, extent),
        _verbatim(drafted, span),
    ]
    if span is None or not all(finding.passed for finding in findings):
        return findings, None
    return findings, _citation(version, span, library, governing)


def _seen(name: str, seen_ids: AbstractSet[str]) -> Finding:
    if name in seen_ids:
        return _finding("seen", True, name, f"{name} was returned by a tool.")
    return _finding("seen", False, name, f"No tool returned {name} in this thread.")


def _in_force(
    version: Version, library: Library, governing: GoverningDate, extent: str | None
) -> Finding:
    day: date = governing.as_at
    resolution = library.store.resolve(
        version.provision_id, day, governing.known_at, extent=extent, language=version.language
    )
    if isinstance(resolution, Version) and resolution.id == version.id:
        words = f"{version.id} is in force on {day}."
        return _finding("in_force", True, version.id, words)
    governs = explain(resolution) if resolution and not isinstance(resolution, Version) else ""
    words = f"{version.id} is not the law on {day}: its text holds {version.valid.words()}."
    return _finding("in_force", False, version.id, f"{words} {governs}".strip())


def _verbatim(drafted: DraftCitation, span: tuple[int, int] | None) -> Finding:
    name = drafted.version_id
    if span is not None:
        return _finding("verbatim", True, name, f"The quotation stands in {name} word for word.")
    return _finding("verbatim", False, name, f"The quotation does not stand in {name}.")


def _citation(
    version: Version, span: tuple[int, int], library: Library, governing: GoverningDate
) -> Citation | None:
    provision = library.store.provision(version.provision_id)
    work = library.store.work(provision.work_id) if provision else None
    if provision is None or work is None or version.valid_from is None:
        return None
    label = provision.label_on(governing.as_at, governing.known_at)
    return Citation(
        version_id=version.id,
        provision_id=provision.id,
        work_id=work.id,
        work_title=work.title,
        label=label or provision.labels[-1].text,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        as_at=governing.as_at,
        known_at=governing.known_at,
        quote=version.text[slice(*span)],
        start=span[0],
        end=span[1],
    )


def _quote_pattern(quote: str) -> re.Pattern[str] | None:
    """Compile a quote: white space and quotation marks vary, words and figures stay whole."""
    if not any(char.isalnum() for char in quote):
        return None
    body = "".join(_piece_pattern(piece) for piece in _PIECE.findall(quote))
    return re.compile(_edge(quote[0], before=True) + body + _edge(quote[-1], before=False))


def _piece_pattern(piece: str) -> str:
    if piece.isspace():
        return r"\s+"
    marks = next((kind for kind in _MARKS if piece in kind), None)
    return f"[{marks}]" if marks else re.escape(piece)


def _edge(char: str, *, before: bool) -> str:
    """Return the assertion that a quote's outer character does not cut a word or a figure."""
    look = "(?<!" if before else "(?!"
    if char in _NUMERAL:
        return f"{look}[{_NUMERAL}])"
    if not char.isalnum() or re.match(f"[{_SPACELESS}]", char):
        return ""
    edge = f"{look}[^\\W{_SPACELESS}])"
    if char.isdigit():
        edge += r"(?<!\d[.,])" if before else r"(?![.,]\d)"
    return edge


def _finding(check: str, passed: bool, subject: str, explanation: str) -> Finding:
    return Finding.model_validate(
        {"check": check, "passed": passed, "subject": subject, "explanation": explanation}
    )
