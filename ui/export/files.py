"""The file formats of an answer, and writing one to disk."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path

from agent.trace import Trace
from corpus.errors import BadInputError
from corpus.wording import Wording
from ui.cards import Card
from ui.export.markdown import markdown
from ui.export.memo import memo_of
from ui.export.pdf import pdf
from ui.export.word import word


class Format(StrEnum):
    """A file format; the value is the suffix of its files."""

    DOCX = "docx"
    PDF = "pdf"
    MD = "md"
    JSON = "json"


MEDIA = {
    Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Format.PDF: "application/pdf",
    Format.MD: "text/markdown",
    Format.JSON: "application/json",
}
"""The media type of each format."""

NAMES = {Format.DOCX: "Word", Format.PDF: "PDF", Format.MD: "Markdown", Format.JSON: "JSON"}
"""The name of each format, as on a button."""


def exported(trace: Trace, cards: tuple[Card, ...], sources_read: Wording, how: Format) -> bytes:
    """Return an answer or abstention as the bytes of a file.

    Args:
        trace: the answer.
        cards: cards of its citations, or of the closest provisions; not used for JSON.
        sources_read: when the sources of the corpus were last read.
        how: the format. JSON is the whole trace, which ``inforce replay`` opens.
    """
    if how is Format.JSON:
        return as_json(trace).encode()
    memo = memo_of(trace, cards, sources_read)
    if how is Format.MD:
        return markdown(memo).encode()
    return word(memo) if how is Format.DOCX else pdf(memo)


def as_json(trace: Trace) -> str:
    """Return the whole trace: question, date, citations, every step, and the corpus hash."""
    return json.dumps(trace.model_dump(mode="json"), ensure_ascii=False, indent=2)


def file_name(trace: Trace, how: Format) -> str:
    """Return a name for the file: the governing date and the start of the trace's id."""
    day = trace.governing.as_at if trace.governing else "undated"
    return f"inforce-{day}-{trace.id[:8]}.{how.value}"


def format_of(file: Path, name: str | None) -> Format:
    """Return the format called ``name``, else the one of the file's suffix.

    Raises:
        BadInputError: there is no such format.
    """
    wanted = (name or file.suffix.removeprefix(".")).lower()
    if wanted not in set(Format):
        formats = ", ".join(Format)
        said = f"'{wanted}' is no format" if wanted else f"{file} has no suffix"
        raise BadInputError(f"{said}: choose one of {formats} with --as.")
    return Format(wanted)
