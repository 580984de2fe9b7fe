"""A memo as Markdown. Text of others is escaped, so that no image or link of theirs is shown."""

from __future__ import annotations

from collections.abc import Iterator

from ui.export.blocks import Block, Bullets, Entry, Memo, Quotation, Table, Text
from ui.words import literal


def markdown(memo: Memo) -> str:
    """Return a memo as Markdown text."""
    lines = [f"# {literal(memo.title)}", ""]
    for section in memo.sections:
        lines += [f"## {section.heading}", ""]
        for block in section.blocks:
            lines += _lines(block)
    return "\n".join([*lines, "---", "", f"{memo.written}. {literal(memo.footer)}", ""])


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Text(label=label, text=text, code=code):
            said = f"`{text.replace('`', '')}`" if code else literal(text)
            yield " ".join(part for part in (f"**{label}**" if label else "", said) if part)
        case Quotation(text=text):
            yield from (f"> {literal(line)}" for line in text.splitlines())
        case Entry(number=number, title=title, more=more):
            yield f"{number}. **{literal(title)}** {literal(more)}"
        case Bullets(items=items):
            yield from (f"- {literal(item)}" for item in items)
        case Table(columns=columns, rows=rows):
            yield from map(_row, (columns, ("---",) * len(columns)))
            yield from (_row(tuple(map(literal, row))) for row in rows)
    yield ""


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
