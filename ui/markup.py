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
from corpus.model import Citation, Work
from corpus.wording import Wording
from ui import step_words
from ui.cards import Card, TimelineSpan
from ui.languages.catalogue import SOURCE, in_language, language, word
from ui.law.address import Place, write_place
from ui.pages.advice import counsel, heading
from ui.words import day_words, place_title

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    """Return text escaped for HTML; terminal and direction controls are replaced by U+FFFD."""
    return html.escape(_UNSAFE.sub("\ufffd", text))


def told(key: str, /, **values: date | int | str) -> str:
    """Return the sentence of a key of the catalogue, escaped."""
    return escaped(word(key, **values))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table, or nothing without rows.

    Args:
        head: keys of the catalogue of the words of the columns.
        rows: the cells, not escaped.
    """
    if not rows:
        return ""
    top = "".join(f'<th scope="col">{told(key)}</th>' for key in head)
    body = "".join("<tr>" + "".join(f"<td>{escaped(c)}</td>" for c in r) + "</tr>" for r in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def masthead() -> str:
    """Return the page header."""
    return (
        '<header class="masthead"><h1 class="mark">In<b>Force</b></h1>'
        f'<span class="motto">{told("site.motto")}</span></header>'
    )


def banner(governing: GoverningDate, today: date) -> str:
    """Return the banner with the governing date; its colour tells past from future dates."""
    known = ""
    if governing.known_at is not None:
        known = f" {told('banner.published', day=governing.known_at)}"
    return day_banner(governing.as_at, today, f"{known}{_ground(governing)}")


def day_banner(day: date, today: date, more: str = "") -> str:
    """Return the banner of a day; ``more`` is HTML that follows its sentence."""
    when = "past" if day < today else "future" if day > today else "today"
    return (
        f'<div class="banner {when}" role="status"><strong>'
        f"{told('banner.as_at', day=day)}</strong> "
        f"{told(f'banner.{when}')}{more}</div>"
    )


def no_day() -> str:
    """Return the request for a day, on a page that shows the law of one day."""
    return (
        f'<section class="declined" role="status"><h2>{told("abstention.no_date")}</h2>'
        f"<p>{told('day.choose')}</p></section>"
    )


def _ground(governing: GoverningDate) -> str:
    """Return how the governing date was found, if the asker did not give it: rule and caveats."""
    if governing.rule is None:
        said = english(governing.wording) if governing.assumed else escaped(governing.place)
        return f" {said}" if said else ""
    marks = f'<span class="rule">{escaped(governing.rule)}</span>'
    if governing.verified is False:
        marks += f'<span class="rule unverified">{told("banner.unverified")}</span>'
    if governing.assumed:
        marks += f'<span class="rule">{told("banner.assumed")}</span>'
    return f'<p class="ground">{marks} {english(governing.wording)}</p>'


def answer(shipped: Answer, place: str = "") -> str:
    """Return the answer's text; citation marks link to the cards with the same ``place``."""
    body = "".join(
        f"<p>{_paragraphs(sentence.text)}{''.join(_mark(number, place) for number in numbers)}</p>"
        for sentence, numbers in shipped.numbered()
    )
    return f'<section class="answer"><h2>{told("answer.heading")}</h2>{body}</section>'


def _paragraphs(text: str) -> str:
    return "</p><p>".join(escaped(part) for part in text.split("\n\n"))


def _mark(number: int, place: str) -> str:
    """Return a link to the quotation on the card of a citation."""
    return f' <a class="cite" href="#citation-{place}{number}">{number}</a>'


def card(shown: Card, place: str = "") -> str:
    """Return one citation: title, label, interval, text with the quote marked, later amendments."""
    citation = shown.citation
    language = escaped(shown.language)
    said = f'<h3 class="heading" lang="{language}">{escaped(shown.heading or "")}</h3>'
    heading = said if shown.heading else ""
    return (
        '<article class="card"><div class="top">'
        f'<span class="number">{shown.number}</span><div class="names">'
        f'<span class="work">{escaped(citation.work_title)}</span>'
        f'<span class="label">{escaped(shown.label)}</span></div>'
        f'<span class="chip">{told("card.in_force", days=shown.in_force)}</span></div>'
        f"{heading}{_text(shown, place)}{timeline(shown.spans)}{_ruling(shown)}"
        f'<p class="since"><strong>{told("card.amended_since")}</strong> '
        f"{escaped(shown.since)}</p>"
        f"{_provenance(shown)}</article>"
    )


def in_its_act(citation: Citation) -> str:
    """Return the link from a citation to its provision on the Law page, on the same day."""
    link = urlencode(write_place(Place(provision=citation.provision_id), citation.as_at))
    return (
        f'<p class="inact"><a href="law?{escaped(link)}">'
        f"{told('card.in_its_act', label=citation.label)}</a></p>"
    )


def _ruling(shown: Card) -> str:
    """Return where the text holds and whether it applies to the case."""
    where = told("card.holds_in", place=shown.territory) if shown.territory else ""
    ruling = shown.ruling
    if ruling is None:
        return f'<p class="ruling">{where}</p>' if where else ""
    return (
        f'<p class="ruling {ruling.kind.value}"><strong>'
        f"{told(f'ruling.{ruling.kind.value}')}</strong> "
        f"{english(ruling.grounds)} {where}</p>"
    )


def abstention(declined: Abstention) -> str:
    """Return the reason for the abstention and what the user can do."""
    advised = counsel(declined.reason)
    more = f'<p class="counsel">{escaped(advised)}</p>' if advised else ""
    return (
        f'<section class="declined {declined.reason.value}" role="status">'
        f"<h2>{escaped(heading(declined.reason))}</h2>"
        f"<p>{english(declined.wording)}</p>{more}</section>"
    )


def looked_at(found: LookedAt) -> str:
    """Return how much was looked at before nothing was answered."""
    return f'<p class="looked">{english(found.wording)}</p>'


def closest_heading(found: Sequence[ClosestProvision]) -> str:
    """Return the heading above the cards of the closest provisions."""
    title = word("closest.heading", day=found[0].citation.as_at)
    return (
        f'<section class="closest"><h2>{escaped(title)}</h2>'
        f"<p>{told('closest.unconfirmed')}</p></section>"
    )


def likelihood(found: ClosestProvision) -> str:
    """Return how likely a provision answers, above its card; nothing where it was not scored."""
    if found.probability is None:
        return ""
    share = round(100 * found.probability)
    return f'<p class="likely">{told("closest.likely", percent=share)}</p>'


def waiting(missing: ClarifyingQuestion) -> str:
    """Return the clarifying question that a run waits for."""
    reason = AbstentionReason.AMBIGUOUS if missing.places else AbstentionReason.NO_DATE
    said = missing.roles or missing.places or missing.choices
    advised = "" if said else f'<p class="counsel">{escaped(counsel(reason) or "")}</p>'
    days_differ = bool(missing.choices) and not missing.places
    title = word("waiting.place" if missing.places else "waiting.days_differ")
    return (
        f'<section class="declined {reason.value}" role="status">'
        f"<h2>{escaped(title if missing.places or days_differ else heading(reason))}</h2>"
        f"<p>{english(missing.wording)}</p>{advised}</section>"
    )


def steps(trace: Trace) -> str:
    """Return the steps of a run: each turn with its tool calls, and every check."""
    items = "".join(f"<li>{_turn(turn)}</li>" for turn in trace.turns)
    checks = _checks(trace.findings)
    return f'<ol class="steps">{items}</ol>{checks}'


def footer(corpus_hash: str, works: int, jurisdictions: Sequence[str], sources_read: str) -> str:
    """Return the page footer: number of works, jurisdictions, when sources were read, corpus."""
    read = f" · {escaped(sources_read)}" if sources_read else ""
    places = ", ".join(name.upper() for name in jurisdictions)
    return (
        f'<footer class="foot">{told("foot.works", count=works, places=places)}{read} · '
        f"{told('foot.corpus')} <code>{escaped(corpus_hash[:12])}</code> · "
        f"{told('foot.no_advice')}</footer>"
    )


def holdings(works: Sequence[Work]) -> str:
    """Return the titles of the loaded works, by jurisdiction."""
    parts = []
    for place, group in groupby(sorted(works, key=_by_place), key=lambda work: work.jurisdiction):
        titles = "".join(f"<li>{escaped(work.title)}</li>" for work in group)
        title = f'<h2 class="minor">{escaped(place_title(place))}</h2>'
        parts.append(f'{title}<ul class="holdings">{titles}</ul>')
    return "".join(parts)


def _by_place(work: Work) -> tuple[str, str]:
    return work.jurisdiction, work.title


def stopped(steps: str) -> str:
    """Return that a run was stopped, after the steps that it had taken (HTML)."""
    return (
        f'<section class="declined stopped" role="status"><h2>{told("matters.stopped")}</h2>'
        f"<p>{told('matters.stopped_after')}</p>{steps}</section>"
    )


def doing(lines: Sequence[str]) -> str:
    """Return the steps of a run so far, from lines that are escaped."""
    items = "".join(f"<li>{line}</li>" for line in lines)
    return f'<ol class="doing" role="log">{items}</ol>'


def call_words(call: ToolCall) -> str:
    """Return a sentence about a tool call and its outcome, escaped."""
    return escaped(step_words.call_words(call))


def _turn(turn: Turn) -> str:
    said = f'<span class="thought" lang="{SOURCE}">{escaped(turn.thought)}</span>'
    thought = said if turn.thought else ""
    took = sum(call.milliseconds for call in turn.calls)
    time = f' <span class="took">{took:.0f} ms</span>' if turn.calls else ""
    calls = "".join(
        f'<span class="call">{escaped(said)}{time}</span>' for said in step_words.calls_words(turn)
    )
    returned = step_words.sent_back_words(turn)
    back = f'<span class="call">{escaped(returned)}</span>' if returned else ""
    return f"{thought}{calls}{back}"


def english(said: Wording) -> str:
    """Return a sentence of the agent, escaped; it is English, and so are its dates."""
    if language() == SOURCE:
        return escaped(said.written(day_words))
    with in_language(SOURCE):
        return f'<span lang="{SOURCE}">{escaped(said.written(day_words))}</span>'


def _checks(findings: Iterable[Finding]) -> str:
    rows = "".join(
        f'<li class="{"passed" if finding.passed else "failed"}" lang="en">'
        f"{escaped(finding.explanation)}</li>"
        for finding in findings
    )
    title = told("steps.verified")
    return f'<h3 class="minor">{title}</h3><ul class="checks">{rows}</ul>' if rows else ""


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
        f"<span>{told('card.text_of', number=place, count=len(texts))}</span></div>"
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
