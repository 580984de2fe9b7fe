"""Export an answer as Markdown or JSON."""

from __future__ import annotations

import json

from agent.trace import Answer, Trace
from corpus.gate.ruling import KIND_WORDS
from corpus.territories import extent_words
from corpus.wording import Wording
from ui.cards import Card
from ui.pages.advice import HEADINGS
from ui.words import day_words, literal


def as_json(trace: Trace) -> str:
    """Return the whole trace: question, date, citations, every step, and the corpus hash."""
    return json.dumps(trace.model_dump(mode="json"), ensure_ascii=False, indent=2)


def as_markdown(trace: Trace, cards: tuple[Card, ...], sources_read: Wording) -> str:
    """Return a Markdown note: the question, the governing date, the answer and its citations.

    Args:
        trace: the answer or abstention.
        cards: its citations, or the closest provisions.
        sources_read: when the sources of the corpus were last read.
    """
    lines = [
        "# InForce: answer on the law of one day",
        "",
        f"**Question.** {literal(trace.question)}",
        "",
    ]
    lines += _date_lines(trace)
    if trace.abstention is not None:
        heading = HEADINGS[trace.abstention.reason]
        lines += [f"## No answer: {heading}", "", literal(trace.abstention.explanation), ""]
        lines += _besides(trace, cards)
    if trace.answer is not None:
        lines += ["## Answer", "", *_sentences(trace.answer), "## Authorities", ""]
        lines += [line for card in cards for line in _card_lines(card)]
    stamp = trace.started.strftime("%Y-%m-%d %H:%M UTC")
    lines += ["---", "", f"Answered {stamp} by the {trace.policy} policy; trace `{trace.id}`;"]
    read = f", {sources_read.written(day_words)}" if sources_read.text else ""
    lines += [f"corpus `{trace.corpus_hash}`{read}. Not legal advice.", ""]
    return "\n".join(lines)


def _besides(trace: Trace, cards: tuple[Card, ...]) -> list[str]:
    """Return what stands beside an abstention: how much was looked at, and what comes closest."""
    lines = []
    if trace.looked_at is not None and trace.looked_at.provisions:
        lines += [literal(trace.looked_at.wording.written(day_words)), ""]
    if trace.closest:
        day = day_words(trace.closest[0].citation.as_at)
        lines += [f"## Closest provisions in force on {day}", "", _UNCONFIRMED, ""]
        lines += [line for card in cards for line in _card_lines(card)]
    return lines


_UNCONFIRMED = "Unconfirmed: the nearest that was found, best first. None of them is an answer."


def _date_lines(trace: Trace) -> list[str]:
    if trace.governing is None:
        return ["**Law as at.** No date was given.", ""]
    lines = [
        f"**Law as at.** {day_words(trace.governing.as_at)}. {literal(trace.governing.ground)}",
        "",
    ]
    if trace.governing.rule is not None:
        doubt = "" if trace.governing.verified else ", unverified"
        rule = f"{trace.governing.rule} (`{trace.governing.rule_id}`{doubt})"
        lines += [f"**Rule.** {rule}", ""]
    if trace.governing.candidates:
        days = ", ".join(map(day_words, trace.governing.candidates))
        lines += [f"**Days whose law may count.** {days}", ""]
    if trace.governing.known_at is not None:
        lines += [f"**As published by.** {day_words(trace.governing.known_at)}", ""]
    if trace.extent:
        lines += [f"**Territory.** {literal(extent_words(trace.extent))}", ""]
    return lines


def _card_lines(card: Card) -> list[str]:
    citation = card.citation
    source = card.source.url or card.source.file
    quote = "\n".join(f"> {literal(line)}" for line in citation.quote.splitlines())
    return [
        f"{card.number}. **{literal(f'{citation.work_title}, {card.label}')}** "
        f"({literal(card.official)}), "
        f"in force {literal(card.in_force)}",
        "",
        quote,
        "",
        *([f"   {verdict}"] if (verdict := _verdict(card)) else []),
        f"   {literal(card.since)}",
        f"   Source: {literal(source)}; {literal(card.source_read)}. "
        f"Version `{citation.version_id}`.",
        *([f"   {literal(card.note)}"] if card.note else []),
        "",
    ]


def _verdict(card: Card) -> str:
    """Return whether the text applies to the case and why, and where it holds."""
    holds = literal(f"Holds in {card.territory}.") if card.territory else ""
    if card.ruling is None:
        return holds
    kind = literal(f"{KIND_WORDS[card.ruling.kind]}.")
    return f"**{kind}** {literal(card.ruling.grounds.written(day_words))} {holds}".rstrip()


def _sentences(answer: Answer) -> list[str]:
    """Return a paragraph for each sentence, with the numbers of its citations."""
    lines = []
    for sentence, numbers in answer.numbered():
        marks = "".join(f" [{number}]" for number in numbers)
        lines += [literal(sentence.text) + marks, ""]
    return lines
