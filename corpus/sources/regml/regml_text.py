"""Sections, appendices and comments of a RegML text, as readable text with a label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from corpus.errors import Place, SourceError
from corpus.history.placing import Divisions
from corpus.sources.xml.xml_reading import local, squeeze

EREGS = "{eregs}"
_INTRODUCTION = {"": "introduction", "-h1": "introduction"}
_PARAGRAPHS = ("paragraph", "interpParagraph", "appendixSection")
_TITLES = ("subject", "title", "appendixTitle")
_HEADING = re.compile(
    r"^(?:§+\s*[\d.]+|Section\s+[\d.]+|Appendix\s+\w+(?:\s+to\s+Part\s+\d+)?)[\s.:—-]*"
)


@dataclass(frozen=True)
class Unit:
    """A section, an appendix or the comments on one of them, as printed in one text.

    ``doubt`` says why the text is rejected; ``divisions`` is the subpart that it stands in.
    """

    key: str
    kind: str
    label: str
    heading: str | None
    text: str
    doubt: str | None = None
    divisions: Divisions = field(default=(), compare=False)


def units(part: etree._Element, path: Path) -> dict[str, Unit]:
    """Return the units of a part by their RegML label (``1005-33``), in printed order.

    Raises:
        SourceError: a unit has no label, or two have the same.
    """
    found: dict[str, Unit] = {}
    for element in part.iter(f"{EREGS}section", f"{EREGS}appendix", f"{EREGS}interpSection"):
        key = element.get("label")
        if not key or key in found:
            problem = f"a second <{local(element)}> bears this label" if key else "is missing"
            raise SourceError(Place(str(path), element.sourceline, "label"), problem)
        found[key] = _unit(key, element)
    return found


def _unit(key: str, element: etree._Element) -> Unit:
    title = next((squeeze(_inline(c)) for c in element if local(c) in _TITLES), "")
    text = "\n".join(line for line in _lines(element) if line)
    kind, label = _name(key)
    heading = _HEADING.sub("", title).rstrip(".") or None
    return Unit(
        key=key,
        kind=kind,
        label=label,
        heading=heading,
        text=text or title or "[Reserved]",
        divisions=_divisions(element),
    )


def _divisions(element: etree._Element) -> Divisions:
    """Return the subpart around a unit: ``Subpart A: General``."""
    for level in element.iterancestors(f"{EREGS}subpart"):
        letter, title = level.get("subpartLetter"), squeeze(level.findtext(f"{EREGS}title") or "")
        if letter and title:
            return (f"Subpart {letter}: {title}",)
    return ()


def _name(key: str) -> tuple[str, str]:
    """Return kind and label as cited: ``1005-33-Interp`` is ``Comment 33``."""
    body, interpretation, tail = key.partition("-Interp")
    part, _, number = body.partition("-")
    if interpretation and not number:
        return "supplement", f"Supplement I, {_INTRODUCTION.get(tail, tail.strip('-'))}"
    if interpretation:
        return "comment", f"Comment {number if number[0].isdigit() else f'app. {number}'}{tail}"
    if number[:1].isdigit():
        return "section", f"§ {part}.{number}"
    return "appendix", f"Appendix {number or part}"


def _lines(element: etree._Element) -> Iterator[str]:
    """Yield the text of an element, one line per paragraph, beginning with its marker."""
    for child in element:
        name = local(child)
        if name in _PARAGRAPHS:
            yield _opening(child)
            yield from _lines(child)
        elif name == "reserved":
            yield "[Reserved]"
        elif name == "content" and local(element) not in _PARAGRAPHS:
            yield squeeze(_inline(child))


def _opening(paragraph: etree._Element) -> str:
    parts = [_inline(c) for c in paragraph if local(c) in (*_TITLES, "content")]
    return squeeze(" ".join([paragraph.get("marker") or "", *parts]))


def _inline(element: etree._Element) -> str:
    """Return the words of an element; form fields are blanks, table rows are separated."""
    name = local(element)
    if name == "graphic":
        words = f" {_graphic(element)} "
    else:
        words = (element.text or "") + "".join(_inline(c) + (c.tail or "") for c in element)
    if name == "dash":
        return f"{words} ____ "
    return f"{words} | " if name in ("cell", "row") else words


def _graphic(element: etree._Element) -> str:
    described = squeeze(element.findtext(f"{EREGS}altText") or "")
    number = re.sub(r"^!\[.*\]\((.*)\)$", r"\1", squeeze(element.findtext(f"{EREGS}text") or ""))
    return f"[Image {number}: {described}]" if described else f"[Image {number}]"
