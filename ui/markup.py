"""HTML of the app. All text that is not our own markup is escaped.

Pure functions; the classes are styled by ``style.css``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from math import sqrt
from urllib.parse import urlencode

from agent.request import ClarifyingQuestion
from agent.trace import (
    Abstention,
    AbstentionReason,
    Answer,
    ClosestProvision,
    Finding,
    GoverningDate,
    LookedAt,
    ToolCall,
    Trace,
    Turn,
)
from corpus.gate.ruling import KIND_WORDS
from corpus.model import Citation, Work
from corpus.wording import Wording
from ui import step_words
from ui.cards import Card, TimelineSpan
from ui.law.address import Place, write_place
from ui.pages.advice import COUNSEL, HEADINGS
from ui.words import day_words

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    """Return text escaped for HTML; terminal and direction controls are replaced by U+FFFD."""
    return html.escape(_UNSAFE.sub("\ufffd", text))


def masthead() -> str:
    """Return the page header."""
    return (
        '<header class="masthead"><span class="mark">In<b>Force</b></span>'
        '<span class="motto">Ask what the law said on the day that matters.</span></header>'
    )


def banner(governing: GoverningDate, today: date) -> str:
    """Return the banner with the governing date; its colour tells past from future dates."""
    known = ""
    if governing.known_at is not None:
        known = f" As published by {day_words(governing.known_at)}."
    return day_banner(governing.as_at, today, f"{known}{_ground(governing)}")


_NOTES = {
    "past": "It may have changed since.",
    "future": "Only law already enacted is known; it may still change.",
    "today": "This is today’s law, as far as the corpus has been kept up to date.",
}


def day_banner(day: date, today: date, more: str = "") -> str:
    """Return the banner of a day; ``more`` is HTML that follows its sentence."""
    when = "past" if day < today else "future" if day > today else "today"
    return (
        f'<div class="banner {when}" role="status"><strong>Law as at {day_words(day)}.</strong> '
        f"{_NOTES[when]}{more}</div>"
    )


def no_day() -> str:
    """Return the request for a day, on a page that shows the law of one day."""
    return (
        '<section class="declined" role="status"><h2>A date is needed</h2><p>Choose the day whose '
        "law you want to read. It is never assumed to be today.</p></section>"
    )


def _ground(governing: GoverningDate) -> str:
    """Return how the governing date was found, if the asker did not give it: rule and caveats."""
    if governing.rule is None:
        said = _in_words(governing.wording) if governing.assumed else escaped(governing.place)
        return f" {said}" if said else ""
    marks = f'<span class="rule">{escaped(governing.rule)}</span>'
    if governing.verified is False:
        marks += '<span class="rule unverified">unverified rule</span>'
    if governing.assumed:
        marks += '<span class="rule">facts assumed</span>'
    return f'<p class="ground">{marks} {_in_words(governing.wording)}</p>'


def answer(shipped: Answer, place: str = "") -> str:
    """Return the answer's text; citation marks link to the cards with the same ``place``."""
    body = "".join(
        f"<p>{_paragraphs(sentence.text)}{''.join(_mark(number, place) for number in numbers)}</p>"
        for sentence, numbers in shipped.numbered()
    )
    return f'<section class="answer"><h2>Answer</h2>{body}</section>'


def _paragraphs(text: str) -> str:
    return "</p><p>".join(escaped(part) for part in text.split("\n\n"))


def _mark(number: int, place: str) -> str:
    """Return a link to the quotation on the card of a citation."""
    return f' <a class="cite" href="#citation-{place}{number}">{number}</a>'


def card(shown: Card, place: str = "") -> str:
    """Return one citation: title, label, interval, text with the quote marked, later amendments."""
    citation = shown.citation
    language = escaped(shown.language)
    heading = f'<h4 lang="{language}">{escaped(shown.heading)}</h4>' if shown.heading else ""
    return (
        '<article class="card"><div class="top">'
        f'<span class="number">{shown.number}</span><div class="names">'
        f'<span class="work">{escaped(citation.work_title)}</span>'
        f'<span class="label">{escaped(shown.label)}</span></div>'
        f'<span class="chip">In force {shown.in_force}</span></div>'
        f"{heading}{_text(shown, place)}{timeline(shown.spans)}{_ruling(shown)}"
        f'<p class="since"><strong>Amended since?</strong> {escaped(shown.since)}</p>'
        f"{_provenance(shown)}</article>"
    )


def in_its_act(citation: Citation) -> str:
    """Return the link from a citation to its provision on the Law page, on the same day."""
    link = urlencode(write_place(Place(provision=citation.provision_id), citation.as_at))
    return (
        f'<p class="inact"><a href="law?{escaped(link)}">{escaped(citation.label)} in its act, '
        "with timeline and redlines</a></p>"
    )


def _ruling(shown: Card) -> str:
    """Return where the text holds and whether it applies to the case."""
    where = f"Holds in {escaped(shown.territory)}." if shown.territory else ""
    ruling = shown.ruling
    if ruling is None:
        return f'<p class="ruling">{where}</p>' if where else ""
    return (
        f'<p class="ruling {ruling.kind.value}"><strong>{escaped(KIND_WORDS[ruling.kind])}.'
        f"</strong> {_in_words(ruling.grounds)} {where}</p>"
    )


def abstention(declined: Abstention) -> str:
    """Return the reason for the abstention and what the user can do."""
    counsel = COUNSEL.get(declined.reason)
    more = f'<p class="counsel">{escaped(counsel)}</p>' if counsel else ""
    return (
        f'<section class="declined {declined.reason.value}" role="status">'
        f"<h2>{escaped(HEADINGS[declined.reason])}</h2>"
        f"<p>{_in_words(declined.wording)}</p>{more}</section>"
    )


def looked_at(found: LookedAt) -> str:
    """Return how much was looked at before nothing was answered."""
    return f'<p class="looked">{_in_words(found.wording)}</p>'


def closest_heading(found: Sequence[ClosestProvision]) -> str:
    """Return the heading above the cards of the closest provisions."""
    day = day_words(found[0].citation.as_at)
    return (
        f'<section class="closest"><h2>Closest provisions in force on {day}</h2>'
        "<p>Unconfirmed: the nearest that was found, best first. None of them is an answer.</p>"
        "</section>"
    )


def likelihood(found: ClosestProvision) -> str:
    """Return how likely a provision answers, above its card; nothing where it was not scored."""
    if found.probability is None:
        return ""
    return f'<p class="likely">{found.probability:.0%} likely to answer</p>'


_OPEN = {
    (False, False): HEADINGS[AbstentionReason.NO_DATE],
    (False, True): "The days differ",
    (True, False): "A place is needed",
    (True, True): "A place is needed",
}


def waiting(missing: ClarifyingQuestion) -> str:
    """Return the clarifying question that a run waits for."""
    reason = AbstentionReason.AMBIGUOUS if missing.places else AbstentionReason.NO_DATE
    said = missing.roles or missing.places or missing.choices
    counsel = "" if said else f'<p class="counsel">{escaped(COUNSEL[reason])}</p>'
    heading = _OPEN[bool(missing.places), bool(missing.choices)]
    return (
        f'<section class="declined {reason.value}" role="status">'
        f"<h2>{escaped(heading)}</h2>"
        f"<p>{_in_words(missing.wording)}</p>{counsel}</section>"
    )


def steps(trace: Trace) -> str:
    """Return the steps of a run: each turn with its tool calls, and every check."""
    items = "".join(f"<li>{_turn(turn)}</li>" for turn in trace.turns)
    checks = _checks(trace.findings)
    return f'<ol class="steps">{items}</ol>{checks}'


def footer(
    corpus_hash: str, works: int, jurisdictions: Sequence[str], sources_read: Wording
) -> str:
    """Return the page footer: number of works, jurisdictions, when sources were read, corpus."""
    read = f" · {_in_words(sources_read)}" if sources_read.text else ""
    places = ", ".join(name.upper() for name in jurisdictions)
    return (
        f'<footer class="foot">{works} works from {escaped(places)}{read} · corpus '
        f"<code>{escaped(corpus_hash[:12])}</code> · Not legal advice.</footer>"
    )


def holdings(works: Sequence[Work]) -> str:
    """Return the titles of the loaded works, by jurisdiction."""
    parts = []
    for place, group in groupby(sorted(works, key=_by_place), key=lambda work: work.jurisdiction):
        titles = "".join(f"<li>{escaped(work.title)}</li>" for work in group)
        parts.append(f"<h5>{escaped(place.upper())}</h5><ul class='holdings'>{titles}</ul>")
    return "".join(parts)


def _by_place(work: Work) -> tuple[str, str]:
    return work.jurisdiction, work.title


def call_words(call: ToolCall) -> str:
    """Return a sentence about a tool call and its outcome, escaped."""
    return escaped(step_words.call_words(call))


def _turn(turn: Turn) -> str:
    thought = f'<span class="thought">{escaped(turn.thought)}</span>' if turn.thought else ""
    took = sum(call.milliseconds for call in turn.calls)
    time = f' <span class="took">{took:.0f} ms</span>' if turn.calls else ""
    calls = "".join(
        f'<span class="call">{escaped(said)}{time}</span>' for said in step_words.calls_words(turn)
    )
    returned = step_words.sent_back_words(turn)
    back = f'<span class="call">{escaped(returned)}</span>' if returned else ""
    return f"{thought}{calls}{back}"


def _in_words(said: Wording) -> str:
    """Return a text with its dates written out, escaped."""
    return escaped(said.written(day_words))


def _checks(findings: Iterable[Finding]) -> str:
    rows = "".join(
        f'<li class="{"passed" if finding.passed else "failed"}">'
        f"{escaped(finding.explanation)}</li>"
        for finding in findings
    )
    return f'<h5>Verified before shipping</h5><ul class="checks">{rows}</ul>' if rows else ""


def _text(shown: Card, place: str) -> str:
    """Return the provision with the quotation marked; the link in the answer leads to the mark."""
    start, end = shown.citation.start, shown.citation.end
    before, quote, after = shown.text[:start], shown.text[start:end], shown.text[end:]
    return (
        f'<p class="text" lang="{escaped(shown.language)}">{escaped(before)}'
        f'<span class="quoted" id="citation-{place}{shown.number}"><mark>{escaped(quote)}</mark>'
        f"</span>{escaped(after)}</p>"
    )


def timeline(spans: Sequence[TimelineSpan]) -> str:
    """Return the provision's timeline as a bar; widths grow with the square root of the days."""
    bars = "".join(
        f'<span class="span-{span.kind}" style="flex-grow:{max(1, round(sqrt(span.days)))}" '
        f'title="{escaped(span.words)}"></span>'
        for span in spans
    )
    texts = [span for span in spans if span.kind != "gap"]
    place = next((n for n, span in enumerate(texts, start=1) if span.kind == "cited"), None)
    if place is None or len(texts) < 2:
        return ""
    return (
        f'<div class="timeline"><div class="bar">{bars}</div>'
        f"<span>Text {place} of {len(texts)}</span></div>"
    )


def _provenance(shown: Card) -> str:
    url = shown.source.url or ""
    name = escaped(shown.official)
    official = f'<a href="{escaped(url)}" target="_blank" rel="noopener">{name}</a>'
    source = official if url.startswith("https://") else name
    note = f" · {escaped(shown.note)}" if shown.note else ""
    return (
        f'<p class="provenance">{source} · {escaped(shown.source_read)}{note}'
        f"<br><code>{escaped(shown.citation.version_id)}</code></p>"
    )
