"""The memo of a matter: its facts and notes, then the memo of each of its answers."""

from __future__ import annotations

from collections.abc import Iterator

from agent.matters.bundle import Bundle
from agent.matters.records import CaseFrame, MatterRecord
from corpus.settings import Settings
from corpus.territories import extent_words
from ui.export.blocks import Block, Bullets, Memo, Section, Text
from ui.export.files import Format
from ui.export.markdown import markdown
from ui.export.memo import memo_of
from ui.export.pdf import pdf
from ui.export.recorded import recorded
from ui.export.word import word
from ui.words import day_words, place_title

_WRITTEN = "%Y-%m-%d %H:%M UTC"


def exported_matter(bundle: Bundle, settings: Settings, how: Format) -> bytes:
    """Return a matter as the bytes of a file.

    Args:
        bundle: the matter with its traces.
        settings: where the store is; the texts are read in the state of each answer.
        how: the format. JSON is the bundle, which ``inforce replay`` opens.

    Raises:
        StoreError: there is no store, or it does not hold a cited version.
    """
    if how is Format.JSON:
        return bundle.model_dump_json(indent=2).encode()
    memo = matter_memo(bundle, settings)
    if how is Format.MD:
        return markdown(memo).encode()
    return word(memo) if how is Format.DOCX else pdf(memo)


def matter_memo(bundle: Bundle, settings: Settings) -> Memo:
    """Return the memo of a matter.

    Raises:
        StoreError: there is no store, or it does not hold a cited version.
    """
    matter = bundle.matter
    answers = [memo_of(trace, *recorded(trace, settings)) for trace in bundle.traces]
    body = tuple(
        section.model_copy(update={"heading": f"{number}. {section.heading}"})
        for number, memo in enumerate(answers, start=1)
        for section in memo.sections
    )
    return Memo(
        title=f"Matter: {matter.name}",
        sections=(*_front(bundle), *body),
        footer=f"InForce, matter {matter.id[:12]}. Not legal advice.",
        trace_id=matter.id,
        written=bundle.exported.strftime(_WRITTEN),
    )


def file_name(name: str, matter: str, how: Format) -> str:
    """Return a name for the file: the letters and digits of the matter's name, and its id."""
    plain = "-".join("".join(c if c.isalnum() else " " for c in name).split())[:60]
    return f"{plain or 'matter'}-{matter[:8]}.{how.value}"


def _front(bundle: Bundle) -> Iterator[Section]:
    facts = tuple(_facts(bundle.matter))
    if facts:
        yield Section(heading="Facts and dates", blocks=(Bullets(items=facts),))
    if bundle.notes:
        blocks: tuple[Block, ...] = tuple(
            Text(label=f"{note.written.strftime(_WRITTEN)}, {note.author}.", text=note.text)
            for note in bundle.notes
        )
        yield Section(heading="Notes", blocks=blocks)
    lost = len(bundle.questions) - len(bundle.traces)
    if lost:
        words = "The record of one answer is" if lost == 1 else f"The records of {lost} answers are"
        yield Section(heading="Left out", blocks=(Text(text=f"{words} no longer kept."),))


def _facts(matter: MatterRecord) -> Iterator[str]:
    frame = matter.frame
    if matter.reference:
        yield f"Client's reference: {matter.reference}"
    for role, day in sorted(frame.facts.items()):
        yield f"{role.words.capitalize()}: {day_words(day)}"
    yield from frame_words(frame)


def frame_words(frame: CaseFrame) -> Iterator[str]:
    """Yield the date and filters of a case in words, without its facts."""
    if frame.as_at is not None:
        yield f"Law as at {day_words(frame.as_at)}"
    if frame.known_at is not None:
        yield f"As published by {day_words(frame.known_at)}"
    if frame.issue is not None:
        yield f"Issue: {frame.issue.value}"
    if frame.topic is not None:
        yield f"Subject: {frame.topic}"
    if frame.jurisdictions:
        yield f"Jurisdictions: {', '.join(map(place_title, frame.jurisdictions))}"
    if frame.extent:
        yield f"Territory: {extent_words(frame.extent)}"
