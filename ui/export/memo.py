"""The content of a memo on one answer or abstention.

A memo has the question, the governing date and the rule that chose it, the short answer, the
authorities, the reasoning, the limits, and an appendix for audit.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.trace import AnswerSentence, GoverningDate, Trace
from corpus.gate.ruling import KIND_WORDS, Ruling
from corpus.territories import extent_words
from corpus.wording import Wording
from ui.cards import Card
from ui.export.audit import appendix
from ui.export.blocks import Block, Bullets, Entry, Memo, Quotation, Section, Text
from ui.export.limits import limits
from ui.pages.advice import counsel, heading
from ui.step_words import calls_words, sent_back_words
from ui.words import day_words

UNCONFIRMED = "Unconfirmed: the nearest that was found, best first. None of them is an answer."


def memo_of(trace: Trace, cards: tuple[Card, ...], sources_read: Wording) -> Memo:
    """Return the memo of a trace.

    Args:
        trace: the answer or abstention.
        cards: cards of its citations, or of the closest provisions.
        sources_read: when the sources of the corpus were last read.
    """
    sections = (
        Section(heading="Question", blocks=(Text(text=trace.question),)),
        Section(heading="Governing date", blocks=tuple(_date(trace))),
        _short_answer(trace),
        *_authorities(trace, cards),
        *_reasoning(trace, cards),
        Section(heading="Limits", blocks=(Bullets(items=tuple(limits(trace, cards))),)),
        appendix(trace, sources_read),
    )
    return Memo(
        title=_title(trace.governing),
        sections=sections,
        footer=f"InForce, trace {trace.id[:12]}. Not legal advice.",
        trace_id=trace.id,
        written=trace.started.strftime("%Y-%m-%d %H:%M UTC"),
    )


def _title(governing: GoverningDate | None) -> str:
    if governing is None:
        return "Memorandum: no governing date"
    return f"Memorandum: the law as at {day_words(governing.as_at)}"


def _date(trace: Trace) -> Iterator[Block]:
    governing = trace.governing
    if governing is None:
        yield Text(label="Law as at.", text="No date was given.")
        return
    ground = governing.wording.written(day_words)
    yield Text(label="Law as at.", text=f"{day_words(governing.as_at)}. {ground}")
    if governing.rule is not None:
        doubt = "" if governing.verified else ", unverified"
        yield Text(label="Rule.", text=f"{governing.rule} ({governing.rule_id}{doubt})")
    if governing.candidates:
        days = ", ".join(map(day_words, governing.candidates))
        yield Text(label="Days whose law may count.", text=days)
    if governing.known_at is not None:
        yield Text(label="As published by.", text=day_words(governing.known_at))
    if trace.extent:
        yield Text(label="Territory.", text=extent_words(trace.extent))


def _short_answer(trace: Trace) -> Section:
    """Return the conclusions of an answer, else its cited sentences; or why there is none."""
    if trace.answer is not None:
        sentences = _conclusions(trace) or tuple(trace.answer.numbered())
        blocks = tuple(Text(text=_marked(*sentence)) for sentence in sentences)
        return Section(heading="Short answer", blocks=blocks)
    why = heading(trace.abstention.reason) if trace.abstention else "No answer"
    return Section(heading=f"No answer: {why}", blocks=tuple(_declined(trace)))


def _declined(trace: Trace) -> Iterator[Block]:
    if trace.abstention is not None:
        yield Text(text=trace.abstention.wording.written(day_words))
        advised = counsel(trace.abstention.reason)
        if advised:
            yield Text(text=advised)
    if trace.looked_at is not None and trace.looked_at.provisions:
        yield Text(text=trace.looked_at.wording.written(day_words))


def _conclusions(trace: Trace) -> tuple[tuple[AnswerSentence, range], ...]:
    numbered = trace.answer.numbered() if trace.answer else ()
    return tuple(pair for pair in numbered if pair[0].reasoning)


def _marked(sentence: AnswerSentence, numbers: range) -> str:
    return " ".join([sentence.text, *(f"[{number}]" for number in numbers)])


# -- authorities ---------------------------------------------------------------------------------


def _authorities(trace: Trace, cards: tuple[Card, ...]) -> Iterator[Section]:
    blocks = tuple(block for card in cards for block in _authority(card))
    if trace.answer is not None:
        yield Section(heading="Authorities", blocks=blocks)
    elif trace.closest:
        day = day_words(trace.closest[0].citation.as_at)
        title = f"Closest provisions in force on {day}"
        yield Section(heading=title, blocks=(Text(text=UNCONFIRMED), *blocks))


def _authority(card: Card) -> Iterator[Block]:
    citation = card.citation
    more = f"({card.official}), in force {card.in_force}"
    yield Entry(number=card.number, title=f"{citation.work_title}, {card.label}", more=more)
    yield Quotation(text=citation.quote, language=card.language)
    if card.territory:
        yield Text(text=f"Holds in {card.territory}.")
    yield Text(label="Amended since?", text=card.since)
    source = card.source.url or card.source.file
    yield Text(label="Source.", text=f"{source}; {card.source_read}.")
    for form in card.forms[1:]:
        yield Text(label=f"{form.name}.", text=form.text)
    yield Text(label="Version.", text=citation.version_id, code=True)
    if card.note:
        yield Text(label="Note.", text=card.note)


# -- reasoning -----------------------------------------------------------------------------------


def _reasoning(trace: Trace, cards: tuple[Card, ...]) -> Iterator[Section]:
    """Yield the section on why the answer holds: its sentences, the rulings, the steps."""
    blocks: list[Block] = []
    if trace.answer is not None and _conclusions(trace):
        blocks += (Text(text=_marked(*sentence)) for sentence in trace.answer.numbered())
    blocks += (_ruled(card, card.ruling) for card in cards if card.ruling is not None)
    steps = tuple(_steps(trace))
    if steps:
        blocks += (Text(label="How this was found.", text=""), Bullets(items=steps))
    if blocks:
        yield Section(heading="Reasoning", blocks=tuple(blocks))


def _ruled(card: Card, ruling: Ruling) -> Text:
    label = f"[{card.number}] {KIND_WORDS[ruling.kind]}."
    return Text(label=label, text=ruling.grounds.written(day_words))


def _steps(trace: Trace) -> Iterator[str]:
    for turn in trace.turns:
        yield from calls_words(turn)
        returned = sent_back_words(turn)
        if returned is not None:
            yield returned
