"""The parts of a memo, which every file format renders."""

from __future__ import annotations

from typing import Literal

from corpus.model import Frozen


class Text(Frozen):
    """A paragraph. ``label`` stands before it in bold; ``code``: ``text`` is an identifier."""

    kind: Literal["text"] = "text"
    text: str
    label: str = ""
    code: bool = False


class Quotation(Frozen):
    """A verbatim quotation of a version. ``language`` is the code of its language."""

    kind: Literal["quotation"] = "quotation"
    text: str
    language: str


class Entry(Frozen):
    """The heading of an authority with its citation number."""

    kind: Literal["entry"] = "entry"
    number: int
    title: str
    more: str


class Bullets(Frozen):
    """A list without numbers."""

    kind: Literal["bullets"] = "bullets"
    items: tuple[str, ...]


class Table(Frozen):
    """A table: the names of the columns, then rows of as many cells."""

    kind: Literal["table"] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Text | Quotation | Entry | Bullets | Table


class Section(Frozen):
    """A section of a memo. An ``appendix`` begins on a page of its own where there are pages."""

    heading: str
    blocks: tuple[Block, ...]
    appendix: bool = False


class Memo(Frozen):
    """A memo: ``title``, ``sections`` in order, and ``footer``, which stands on every page.

    ``trace_id`` and ``written`` (date and time of the answer, UTC) identify it.
    """

    title: str
    sections: tuple[Section, ...]
    footer: str
    trace_id: str
    written: str
