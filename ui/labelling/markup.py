"""HTML of the labelling pages. All text that is not our own markup is escaped."""

from __future__ import annotations

from collections.abc import Sequence

from agent.trace import AbstentionReason
from corpus.compare import as_html, compare
from corpus.force_words import version_in_force
from corpus.model import Version
from rl.annotation.items import (
    Candidate,
    ChosenCandidate,
    ChosenDecline,
    ChosenVersion,
    Decision,
    Origin,
    Shown,
    Skipped,
)
from rl.annotation.queue.adjudication import Made
from ui.labelling.evidence import Evidence
from ui.markup import escaped, timeline
from ui.words import day_words


def question(shown: Shown) -> str:
    """Return the question of an item with its governing date and why that date governs."""
    day = "No governing date." if shown.as_at is None else f"Law as at {day_words(shown.as_at)}."
    ground = f'<p class="ground">{escaped(shown.ground)}</p>' if shown.ground else ""
    return (
        f'<section class="asked"><h2 lang="{escaped(shown.language)}">{escaped(shown.question)}'
        f"</h2><p><strong>{day}</strong></p>{ground}</section>"
    )


def candidate(shown: Candidate, found: Sequence[Evidence]) -> str:
    """Return a candidate: its answer, or its abstention, and each version that it cites."""
    reason = shown.abstains
    lead = "" if reason is None else f"<p><em>No answer: {reason_words(reason)}.</em></p>"
    paragraphs = "".join(f"<p>{escaped(part)}</p>" for part in shown.text.split("\n") if part)
    cited = "".join(_cited(one) for one in found)
    return (
        f'<article class="card candidate"><div class="top"><span class="number">{shown.letter}'
        f'</span><div class="answer">{lead}{paragraphs}</div></div>{cited}</article>'
    )


def reason_words(reason: AbstentionReason | str) -> str:
    """Return a reason to abstain in words."""
    return escaped(str(getattr(reason, "value", reason)).replace("_", " "))


def redline(before: Version, after: Version) -> str:
    """Return the redline of two neighbouring versions."""
    return as_html(compare(before, after))


def version_text(version: Version) -> str:
    """Return the whole text of a version, with its interval."""
    return (
        f'<article class="card"><span class="chip">In force {_in_force(version)}</span>'
        f'<p class="text" lang="{escaped(version.language)}">{escaped(version.text)}</p></article>'
    )


def _in_force(version: Version) -> str:
    """Return on which days a version is the law; where the record stops, that is said."""
    return escaped(version_in_force(version).written(day_words))


def decision_words(decision: Decision) -> str:
    """Return a decision in words, not escaped."""
    match decision.choice:
        case ChosenCandidate(letter=letter):
            return f"Candidate {letter} is right"
        case ChosenVersion(version_id=version, quote=quote):
            return f"None is right; {version}: “{quote}”"
        case ChosenDecline(reason=reason):
            return f"Abstaining is right: {reason.value.replace('_', ' ')}"
        case Skipped(reason=reason):
            return f"Skipped: {reason}"
        case choice:
            return {"unsure": "Unsure", "faulty": "Faulty question"}[choice.kind]


def made(one: Made) -> str:
    """Return what one person decided, how sure they were, and their note."""
    decision = one.decision
    flag = " · flagged" if decision.flagged else ""
    note = f'<p class="note">{escaped(decision.note)}</p>' if decision.note else ""
    return (
        f'<section class="made"><h5>{escaped(one.person)}</h5>'
        f"<p><strong>{escaped(decision_words(decision))}</strong></p>"
        f'<p class="quiet">Confidence {decision.confidence.value}{flag}'
        f" · guidelines {one.guidelines}</p>{note}</section>"
    )


def why(origin: Origin) -> str:
    """Return why an item was chosen; to be shown after the decision alone."""
    score = "" if origin.score is None else f", score {origin.score:.3f}"
    behind = ", ".join(
        f"{letter}: {len(traces)}" for letter, traces in sorted(origin.traces.items())
    )
    return (
        f'<p class="quiet">Why this item: chosen by {escaped(origin.chooser)}{score}, round '
        f"{origin.round} of {escaped(origin.run)}. Rollouts behind each candidate: "
        f"{behind or 'none'}.</p>"
    )


def _cited(found: Evidence) -> str:
    version = found.version
    if version is None:
        return (
            '<p class="missing">The corpus has no version '
            f"<code>{escaped(found.cited.version_id)}</code>.</p>"
        )
    return (
        f'<div class="names"><span class="work">{escaped(found.title)}</span>'
        f'<span class="label">{escaped(found.label)}</span></div>'
        f'<span class="chip">In force {_in_force(version)}</span>'
        f"{_text(version, found)}{timeline(found.spans)}"
        f'<p class="provenance">{escaped(found.source_read)}<br>'
        f"<code>{escaped(version.id)}</code></p>"
    )


def _text(version: Version, found: Evidence) -> str:
    lost = ""
    if found.span is None and found.cited.quote:
        lost = (
            '<p class="missing">The words quoted do not stand in this version: '
            f"“{escaped(found.cited.quote)}”</p>"
        )
    start, end = found.span or (0, 0)
    before, quote, after = version.text[:start], version.text[start:end], version.text[end:]
    marked = f"<mark>{escaped(quote)}</mark>" if quote else ""
    return (
        f'{lost}<p class="text" lang="{escaped(version.language)}">{escaped(before)}{marked}'
        f"{escaped(after)}</p>"
    )
