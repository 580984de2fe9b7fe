"""HTML of the labelling pages. All text that is not our own markup is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from agent.trace import AbstentionReason
from corpus.compare import as_html, compare
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
from ui.languages.catalogue import SOURCE, decimal, has_word, in_language, word
from ui.markup import escaped, timeline
from ui.words import in_force_words, redline_caption

_PLACE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands in a sentence where mark-up takes its place."""

LONGEST = 800
"""Characters around a quotation that are shown at once."""


def question(shown: Shown) -> str:
    """Return the question of an item with its governing date and why that date governs."""
    day = word("labelling.day", day=shown.as_at) if shown.as_at else word("labelling.no_day")
    ground = f'<p class="ground" lang="en">{escaped(shown.ground)}</p>' if shown.ground else ""
    return (
        f'<section class="asked"><h2 lang="{escaped(shown.language)}">{escaped(shown.question)}'
        f"</h2><p><strong>{escaped(day)}</strong></p>{ground}</section>"
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


def candidate(
    shown: Candidate, found: Sequence[Evidence], redlines: Sequence[str], language: str
) -> str:
    """Return a candidate: its answer, or its abstention, and each version that it cites.

    ``redlines`` lead to and from the versions cited, as HTML; ``language`` is that of the question
    and of an answer. An abstention is in English, as the agent writes it.
    """
    reason = shown.abstains
    lead = "" if reason is None else f"<p><em>{_no_answer(reason)}</em></p>"
    spoken = escaped(language if reason is None else SOURCE)
    parts = (escaped(part) for part in shown.text.split("\n") if part)
    paragraphs = "".join(f'<p lang="{spoken}">{part}</p>' for part in parts)
    cited = "".join(_cited(one) for one in found)
    changed = folded(word("labelling.changed"), "".join(redlines)) if redlines else ""
    return (
        f'<article class="card candidate"><div class="top"><span class="number">{shown.letter}'
        f'</span><div class="answer">{lead}{paragraphs}</div></div>{cited}{changed}</article>'
    )


def folded(words: str, content: str) -> str:
    """Return HTML that opens below ``words``, by mouse or by Tab and Enter."""
    return f"<details><summary>{escaped(words)}</summary>{content}</details>"


def _no_answer(reason: AbstentionReason | str) -> str:
    return escaped(word("labelling.no_answer", reason=reason_words(reason)))


def reason_words(reason: StrEnum | str) -> str:
    """Return a reason to abstain in words, not escaped."""
    key = f"abstaining.{reason}"
    return word(key) if has_word(key) else str(reason).replace("_", " ")


def skip_words(reason: str) -> str:
    """Return a reason to skip: one that has a key in the reader's language, else as typed."""
    return next((word(key) for key, kept in skip_reasons().items() if kept == reason), reason)


def skip_reasons() -> dict[str, str]:
    """Return the reasons to skip that need no typing, by the key of their words.

    Each is kept in English, whatever the language of who gives it.
    """
    keys = ("skip_reason.field", "skip_reason.long", "skip_reason.known")
    with in_language(SOURCE):
        return {key: word(key) for key in keys}


def redline(before: Version, after: Version) -> str:
    """Return the redline of two neighbouring versions."""
    found = compare(before, after)
    return as_html(found, redline_caption(found))


def version_text(version: Version) -> str:
    """Return the whole text of a version, with its interval."""
    return (
        f'<article class="card"><span class="chip">{escaped(in_force_words(version))}</span>'
        f"{_paragraph(version, escaped(version.text))}</article>"
    )


def decision_words(decision: Decision) -> str:
    """Return a decision in words, not escaped."""
    match decision.choice:
        case ChosenCandidate(letter=letter):
            return word("labelling.candidate_right", letter=letter)
        case ChosenVersion(version_id=version, quote=quote):
            return word("labelling.version_right", version=version, quote=_cut(quote, 160))
        case ChosenDecline(reason=reason):
            return word("labelling.decline_right", reason=reason_words(reason))
        case Skipped(reason=reason):
            return word("labelling.skipped", reason=skip_words(reason))
        case choice:
            return word(f"labelling.{choice.kind}")


def made(one: Made) -> str:
    """Return what one person decided, how sure they were, and their note."""
    decision = one.decision
    key = "labelling.sureness_flagged" if decision.flagged else "labelling.sureness"
    level = word(f"confidence.{decision.confidence}")
    sure = word(key, level=level, version=one.guidelines)
    note = f'<p class="note">{escaped(decision.note)}</p>' if decision.note else ""
    return (
        f'<section class="made"><h3 class="minor">{escaped(one.person)}</h3>'
        f"<p><strong>{escaped(decision_words(decision))}</strong></p>"
        f'<p class="quiet">{escaped(sure)}</p>{note}</section>'
    )


def why(origin: Origin) -> str:
    """Return why an item was chosen; to be shown after the decision alone."""
    chooser = origin.chooser
    if origin.score is not None:
        chooser = word("labelling.score", chooser=chooser, score=decimal(origin.score, 3))
    behind = ", ".join(
        f"{letter}: {len(traces)}" for letter, traces in sorted(origin.traces.items())
    )
    said = word(
        "labelling.why",
        chooser=chooser,
        round=str(origin.round),
        run=origin.run,
        behind=behind or word("labelling.nothing_behind"),
    )
    return f'<p class="quiet">{escaped(said)}</p>'


def _cited(found: Evidence) -> str:
    version = found.version
    if version is None:
        code = f"<code>{escaped(found.cited.version_id)}</code>"
        said = escaped(word("labelling.missing", version=_PLACE)).replace(_PLACE, code)
        return f'<p class="missing">{said}</p>'
    return (
        f'<div class="names"><span class="work">{escaped(found.title)}</span>'
        f'<span class="label">{escaped(found.label)}</span></div>'
        f'<span class="chip">{escaped(in_force_words(version))}</span>'
        f"{_text(version, found)}{timeline(found.spans)}"
        f'<p class="provenance">{escaped(found.source_read)}<br>'
        f"<code>{escaped(version.id)}</code></p>"
    )


def _text(version: Version, found: Evidence) -> str:
    lost = ""
    if found.span is None and found.cited.quote:
        lost = word("labelling.not_quoted", quote=found.cited.quote)
        lost = f'<p class="missing">{escaped(lost)}</p>'
    start, end = found.span or (0, 0)
    text = version.text
    quote = f"<mark>{escaped(text[start:end])}</mark>" if end > start else ""
    before, after = _clipped(text[:start], text[end:])
    part = f"{escaped(before)}{quote}{escaped(after)}"
    whole = ""
    if len(before) < start or len(after) < len(text) - end:
        whole = folded(word("labelling.whole"), _paragraph(version, escaped(text)))
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
