"""A memo as PDF, written with ReportLab.

Latin text is set in Bitstream Vera, which is embedded. Characters that it lacks (Chinese, Greek,
Cyrillic) are set in the TrueType font that ``INFORCE_PDF_FONT`` names, which is embedded too;
without one, in the fonts for simplified or traditional Chinese that PDF viewers supply.
"""

from __future__ import annotations

import os
from functools import cache
from html import escape
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Any

from corpus.console import printable
from corpus.errors import BadInputError
from ui.export.blocks import Block, Bullets, Entry, Memo, Quotation, Section, Table, Text

if TYPE_CHECKING:
    from reportlab.lib.styles import ParagraphStyle

LATIN, BOLD = "Vera", "VeraBd"
SIMPLIFIED, TRADITIONAL = "STSong-Light", "MSung-Light"
OWN = "Own"
_MARGIN = 62  # points
_WIDE = "\u2e80"  # the first character of the East Asian scripts


def pdf(memo: Memo) -> bytes:
    """Return a memo as the bytes of a PDF file; equal memos give equal bytes.

    Raises:
        BadInputError: the file that ``INFORCE_PDF_FONT`` names is no TrueType font.
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    fonts()
    to = BytesIO()
    document = SimpleDocTemplate(
        to,
        pagesize=A4,
        title=printable(memo.title),
        author="InForce",
        subject=f"Trace {memo.trace_id}",
        lang="en",
        invariant=1,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
    )
    story = [_paragraph(_marked(memo.title, bold=True), "title")]
    for section in memo.sections:
        story += _section(section)
    footer = f"{memo.footer} {memo.written}"
    document.build(
        story,
        onFirstPage=lambda canvas, _: _footer(canvas, footer),
        onLaterPages=lambda canvas, _: _footer(canvas, footer),
    )
    return to.getvalue()


@cache
def fonts() -> frozenset[int]:
    """Register the fonts, once in a process; return the characters that the Latin one has."""
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.pdfmetrics import getFont, registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    for name in (LATIN, BOLD):
        registerFont(TTFont(name, f"{name}.ttf"))
    for name in (SIMPLIFIED, TRADITIONAL):
        registerFont(UnicodeCIDFont(name))
    if file := os.environ.get("INFORCE_PDF_FONT"):
        registerFont(_own_font(file))
    return frozenset(getFont(LATIN).face.charToGlyph)


def _own_font(file: str) -> Any:
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    try:
        return TTFont(OWN, file)
    except TTFError:
        raise BadInputError(
            f"INFORCE_PDF_FONT names {file}, which is no readable TrueType font (.ttf or .ttc)."
        ) from None


def _chinese(language: str) -> str:
    """Return the font of characters that the Latin one lacks, for a text in ``language``."""
    if os.environ.get("INFORCE_PDF_FONT"):
        return OWN
    return TRADITIONAL if language == "zh-Hant" else SIMPLIFIED


def _section(section: Section) -> list[Any]:
    from reportlab.platypus import PageBreak

    found: list[Any] = [PageBreak()] if section.appendix else []
    found.append(_paragraph(_marked(section.heading, bold=True), "section"))
    for block in section.blocks:
        found += _block(block)
    return found


def _block(block: Block) -> list[Any]:
    match block:
        case Text(label=label, text=text):
            said = f"{_marked(label, bold=True)} {_marked(text)}" if label else _marked(text)
            return [_paragraph(said, "text", wide=_is_wide(text))]
        case Quotation(text=text, language=language):
            return [_paragraph(_marked(text, language=language), "quote", wide=_is_wide(text))]
        case Entry(number=number, title=title, more=more):
            named = _marked(f"[{number}] {title}", bold=True)
            return [
                _paragraph(named, "entry", wide=_is_wide(title)),
                _paragraph(_marked(more), "text", wide=_is_wide(more)),
            ]
        case Bullets(items=items):
            return [_paragraph(f"\u2022 {_marked(item)}", "bullet", wide=True) for item in items]
        case Table():
            return _table(block)


def _table(block: Table) -> list[Any]:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import Spacer, TableStyle
    from reportlab.platypus import Table as PdfTable

    head = [_paragraph(_marked(name, bold=True), "cell") for name in block.columns]
    rows = [[_paragraph(_marked(cell), "cell", wide=True) for cell in row] for row in block.rows]
    room = A4[0] - 2 * _MARGIN - 12
    first = [room * 0.25] if len(block.columns) == 2 else [room * 0.17, room * 0.12]
    widths = [*first, room - sum(first)]
    line = ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor("#b8bec6"))
    style = TableStyle([line, ("VALIGN", (0, 0), (-1, -1), "TOP")])
    return [
        PdfTable([head, *rows], colWidths=widths, repeatRows=1, style=style),
        Spacer(0, 8),
    ]


def _paragraph(marked: str, style: str, *, wide: bool = False) -> Any:
    """Return a paragraph of marked-up text; ``wide`` text may break between any characters."""
    from reportlab.platypus import Paragraph

    return Paragraph(marked, _styles()[style, wide])


@cache
def _styles() -> dict[tuple[str, bool], ParagraphStyle]:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle

    shapes: dict[str, dict[str, Any]] = {
        "title": {"fontSize": 17, "leading": 22, "spaceAfter": 10},
        "section": {"fontSize": 12.5, "leading": 16, "spaceBefore": 12, "spaceAfter": 4},
        "entry": {"fontSize": 10, "leading": 14, "spaceBefore": 8, "spaceAfter": 2},
        "text": {"spaceAfter": 5},
        "bullet": {"leftIndent": 12, "firstLineIndent": -9, "spaceAfter": 3},
        "cell": {"fontSize": 7.5, "leading": 10},
        "quote": {
            "leftIndent": 14,
            "spaceBefore": 3,
            "spaceAfter": 8,
            "backColor": HexColor("#f3f5f8"),
            "borderPadding": 5,
        },
    }
    plain = {"fontName": LATIN, "fontSize": 9.5, "leading": 13.5}
    return {
        (name, wide): ParagraphStyle(
            f"{name}-{wide}", **{**plain, **shape}, wordWrap="CJK" if wide else None
        )
        for name, shape in shapes.items()
        for wide in (False, True)
    }


def _is_wide(text: str) -> bool:
    """Return whether a text has East Asian characters, which no spaces separate."""
    return any(char >= _WIDE for char in text)


def _marked(text: str, *, bold: bool = False, language: str = "") -> str:
    """Return a text as ReportLab's markup: each run in a font that has its characters."""
    latin, held, chinese = BOLD if bold else LATIN, fonts(), _chinese(language)
    runs = groupby(printable(text), key=lambda char: ord(char) in held or char in "\n\t")
    return "".join(
        f'<font name="{latin if plain else chinese}">{_escaped("".join(run))}</font>'
        for plain, run in runs
    )


def _escaped(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br/>")


def _footer(canvas: Any, text: str) -> None:
    canvas.saveState()
    canvas.setFont(LATIN, 7)
    canvas.drawString(_MARGIN, 30, printable(text))
    canvas.drawRightString(canvas._pagesize[0] - _MARGIN, 30, str(canvas.getPageNumber()))
    canvas.restoreState()
