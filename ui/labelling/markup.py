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

LONGEST = 800
"""Characters around a quotation that are shown at once."""


def question(shown: Shown) -> str:
    """Return the question of an item with its governing date and why that date governs."""
    day = "No governing date." if shown.as_at is None else f"Law as at {day_words(shown.as_at)}."
    ground = f'<p class="ground">{escaped(shown.ground)}</p>' if shown.ground else ""
    return (
        f'<section class="asked"><h2 lang="{escaped(shown.language)}">{escaped(shown.question)}'
        f"</h2><p><strong>{day}</strong></p>{ground}</section>"
    )


def focus_question(screen: str) -> str:
    """Return a script that scrolls to the question and gives it the focus, once a screen.

    Streamlit scrolls a part of the page that the keyboard cannot reach; it runs a script again when
    its text has changed. ``screen`` must be an id of ours, for it is not escaped.
    """
    return f"""<script data-screen="{screen}">{{
  const question = document.querySelector(".asked");
  question.tabIndex = -1;
  question.focus({{preventScroll: true}});
  document.querySelector("[data-testid=stMain]").scrollTop = 0;
}}</script>"""


def candidate(shown: Candidate, found: Sequence[Evidence], redlines: Sequence[str]) -> str:
    """Return a candidate: its answer, or its abstention, and each version that it cites.

    ``redlines`` lead to and from the versions cited, as HTML.
    """
    reason = shown.abstains
    lead = "" if reason is None else f"<p><em>No answer: {reason_words(reason)}.</em></p>"
    paragraphs = "".join(f"<p>{escaped(part)}</p>" for part in shown.text.split("\n") if part)
    cited = "".join(_cited(one) for one in found)
    changed = folded("What changed before and after", "".join(redlines)) if redlines else ""
    return (
        f'<article class="card candidate"><div class="top"><span class="number">{shown.letter}'
        f'</span><div class="answer">{lead}{paragraphs}</div></div>{cited}{changed}</article>'
    )


def folded(words: str, content: str) -> str:
    """Return HTML that opens below ``words``, by mouse or by Tab and Enter."""
    return f"<details><summary>{escaped(words)}</summary>{content}</details>"


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
        f"{_paragraph(version, escaped(version.text))}</article>"
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
            return f"None is right; {version}: “{_cut(quote, 160)}”"
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
        f'<section class="made"><h3 class="minor">{escaped(one.person)}</h3>'
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
    text = version.text
    quote = f"<mark>{escaped(text[start:end])}</mark>" if end > start else ""
    before, after = _clipped(text[:start], text[end:])
    part = f"{escaped(before)}{quote}{escaped(after)}"
    whole = ""
    if len(before) < start or len(after) < len(text) - end:
        whole = folded("The whole text", _paragraph(version, escaped(text)))
    return f"{lost}{_paragraph(version, part)}{whole}"


def _clipped(before: str, after: str) -> tuple[str, str]:
    """Return the text around a quotation, cut between words where the whole would be too long."""
    if len(before) + len(after) <= LONGEST:
        return before, after
    if not before:  # nothing is quoted, or it stands at the beginning
        return "", _cut(after, LONGEST)
    half = LONGEST // 2
    return _cut(before[::-1], half)[::-1], _cut(after, half)


def _cut(text: str, longest: int) -> str:
    """Return the beginning of a text, cut between two words and marked so."""
    if len(text) <= longest:
        return text
    part = text[:longest]
    return f"{part[: part.rfind(' ')] if ' ' in part else part} …"


def _paragraph(version: Version, body: str) -> str:
    return f'<p class="text" lang="{escaped(version.language)}">{body}</p>'
