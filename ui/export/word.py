"""A memo as a Word document (Office Open XML), written with python-docx."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

from corpus.console import printable
from ui.export.blocks import Block, Bullets, Entry, Memo, Quotation, Section, Table, Text

if TYPE_CHECKING:
    from docx.document import Document

_NOT_XML = re.compile("[\ufffe\uffff]")
_EAST_ASIAN = "SimSun"
_SMALL = 9  # points
_INDENT = 24  # points
_A4 = (210, 297)  # millimetres
_SIDE = 25  # millimetres


def word(memo: Memo) -> bytes:
    """Return a memo as the bytes of a .docx file."""
    import docx

    document = docx.Document()
    _describe(document, memo)
    document.add_heading(_safe(memo.title), level=0)
    for section in memo.sections:
        _section(document, section)
    to = BytesIO()
    document.save(to)
    return to.getvalue()


def _describe(document: Document, memo: Memo) -> None:
    """Set the properties of the file, its fonts for East Asian text, and the footer."""
    from datetime import UTC, datetime

    core = document.core_properties
    core.title, core.author, core.comments = _safe(memo.title), "InForce", ""
    core.identifier = memo.trace_id
    core.created = core.modified = datetime.strptime(memo.written, "%Y-%m-%d %H:%M UTC").replace(
        tzinfo=UTC
    )
    fonts = document.styles["Normal"].element.get_or_add_rPr().get_or_add_rFonts()
    fonts.set(_w("eastAsia"), _EAST_ASIAN)
    _page(document.sections[0], f"{_safe(memo.footer)} {memo.written}. Page ")


def _page(page: Any, footer: str) -> None:
    """Set the size of the pages, and the footer with the number of the page."""
    from docx.oxml import OxmlElement
    from docx.shared import Mm

    page.page_width, page.page_height = map(Mm, _A4)
    page.left_margin = page.right_margin = Mm(_SIDE)
    line = page.footer.paragraphs[0]
    run = line.add_run(footer)
    run.font.size = _points(_SMALL)
    number = OxmlElement("w:fldSimple")
    number.set(_w("instr"), "PAGE")
    line._p.append(number)


def _section(document: Document, section: Section) -> None:
    heading = document.add_heading(_safe(section.heading), level=1)
    heading.paragraph_format.page_break_before = section.appendix
    for block in section.blocks:
        _block(document, block)


def _block(document: Document, block: Block) -> None:
    match block:
        case Text(label=label, text=text, code=code):
            _text(document, label, text, code=code)
        case Quotation(text=text, language=language):
            _quotation(document, text, language)
        case Entry(number=number, title=title, more=more):
            line = document.add_paragraph(style="Heading 3")
            line.add_run(f"[{number}] {_safe(title)}")
            document.add_paragraph(_safe(more))
        case Bullets(items=items):
            for item in items:
                document.add_paragraph(_safe(item), style="List Bullet")
        case Table():
            _table(document, block)


def _text(document: Document, label: str, text: str, *, code: bool) -> None:
    line = document.add_paragraph()
    if label:
        line.add_run(f"{_safe(label)} ").bold = True
    run = line.add_run(_safe(text))
    if code:
        run.font.name = "Courier New"
        run.font.size = _points(_SMALL)


def _quotation(document: Document, text: str, language: str) -> None:
    """Add a quotation; its language is marked, for fonts, hyphenation and screen readers."""
    from docx.oxml import OxmlElement

    line = document.add_paragraph(style="Quote")
    line.paragraph_format.left_indent = _points(_INDENT)
    run = line.add_run(_safe(text))
    run.italic = False
    mark = OxmlElement("w:lang")
    chinese = language.startswith("zh")
    tag = "zh-TW" if language == "zh-Hant" else "zh-CN" if chinese else language
    mark.set(_w("eastAsia" if chinese else "val"), tag)
    run.element.get_or_add_rPr().append(mark)


def _table(document: Document, block: Table) -> None:
    """Add a table whose head is repeated on every page."""
    from docx.oxml import OxmlElement
    from docx.shared import Mm

    table = document.add_table(rows=0, cols=len(block.columns), style="Light Grid Accent 1")
    table.autofit = False
    widths = _WIDTHS[len(block.columns)]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    for row in (block.columns, *block.rows):
        for cell, text, width in zip(table.add_row().cells, row, widths, strict=True):
            cell.width = Mm(width)
            cell.paragraphs[0].add_run(_safe(text)).font.size = _points(_SMALL)
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    document.add_paragraph()


_WIDTHS = {2: (45, 115), 3: (30, 20, 110)}
"""Widths of the columns of a table in millimetres, by their number."""


def _points(size: int) -> Any:
    from docx.shared import Pt

    return Pt(size)


def _w(name: str) -> str:
    from docx.oxml.ns import qn

    return qn(f"w:{name}")


def _safe(text: str) -> str:
    """Return a text without characters that XML does not allow or that reorder text."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", printable(text))
