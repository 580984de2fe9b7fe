"""The appendix of a memo with which an answer can be audited and run again."""

from __future__ import annotations

from collections.abc import Iterator

from agent.trace import Finding, Trace
from corpus.wording import Wording
from ui.export.blocks import Block, Section, Table, Text
from ui.words import day_words

CHECKS = {
    "resolves": "on record",
    "in_force": "in force",
    "applies": "applies",
    "verbatim": "verbatim",
    "seen": "shown to the policy",
    "sentence": "sentence",
    "figure": "figures",
}
"""The verifier's checks in words."""


def appendix(trace: Trace, sources_read: Wording) -> Section:
    """Return the appendix: what identifies the run, and every finding of the verifier."""
    run = Table(columns=("Record", "Value"), rows=tuple(_record(trace, sources_read)))
    return Section(
        heading="Appendix: audit", blocks=(run, *_findings(trace.findings)), appendix=True
    )


def _record(trace: Trace, sources_read: Wording) -> Iterator[tuple[str, str]]:
    settings = trace.settings
    yield "Trace", trace.id
    yield "Answered", trace.started.strftime("%Y-%m-%d %H:%M:%S UTC")
    yield "Corpus hash", trace.corpus_hash
    if sources_read.text:
        yield "Library", sources_read.written(day_words)
    yield "Policy", trace.policy
    yield "Ended", trace.stop.value.replace("_", " ")
    yield "Jurisdictions", ", ".join(trace.jurisdictions) or "all of the library"
    if trace.issue is not None:
        yield "Issue", trace.issue.value
    if trace.topic is not None:
        yield "Topic", trace.topic
    for role, day in sorted(trace.facts.items()):
        yield f"Fact: {role.value}", day.isoformat()
    yield "Limits of the run", _limits(settings.max_turns, settings.max_tokens)
    if settings.encoder is not None:
        yield "Encoder", settings.encoder
    if trace.probability is not None:
        yield "Probability that the best quotation answers", f"{trace.probability:.2f}"
    yield "Schema of the trace", str(trace.schema_version)
    yield "Run again", f"inforce replay {trace.id}"


def _limits(turns: int, tokens: int | None) -> str:
    return f"{turns} turns" if tokens is None else f"{turns} turns, {tokens} tokens"


def _findings(findings: tuple[Finding, ...]) -> tuple[Block, ...]:
    if not findings:
        return (Text(text="There was no draft to verify."),)
    rows = tuple(
        (CHECKS[finding.check], "passed" if finding.passed else "failed", finding.explanation)
        for finding in findings
    )
    heading = Text(label="The verifier's findings.", text="")
    return heading, Table(columns=("Check", "Result", "Finding"), rows=rows)
