"""Documents of a collection: Markdown, plain text or JSON to units, header and annals."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from corpus.errors import Place, SourceError
from corpus.history.placing import DivisionPath, after, names
from corpus.model import Frozen
from corpus.provision_numbers import label_key
from corpus.sources.dated.dated_dialect import Header, Layout
from corpus.sources.dated.editions import Unit
from corpus.sources.dated.tables import plausible_day


class AnnalEvent(Frozen):
    """A dated line of a header: an adoption, amendment, publication or commencement."""

    day: date
    words: str


class Document(Frozen):
    """A parsed file: its units as printed, and its own metadata."""

    units: tuple[Unit, ...]
    title: str | None = None
    alias: str | None = None
    url: str | None = None
    events: tuple[AnnalEvent, ...] = ()
    annals: str | None = None
    body: str = ""


def read_document(text: str, file: str, layout: Layout, header: Header | None) -> Document:
    """Parse a file into its units.

    Raises:
        SourceError: the file is malformed, holds no provision, or one number twice.
    """
    document = (
        _json(text, file, layout) if layout.format == "json" else _text(text, file, layout, header)
    )
    if not document.units:
        raise SourceError(Place(file), "holds no provision")
    seen: dict[str, Unit] = {}
    for unit in document.units:
        first = seen.setdefault(label_key(unit.label), unit)
        if first is not unit:
            problem = f"'{unit.label}' stands twice (first on line {first.line})"
            raise SourceError(Place(file, unit.line), problem)
    return document


# Text ---------------------------------------------------------------------------------------------


def _text(text: str, file: str, layout: Layout, header: Header | None) -> Document:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    end = header.ends.search(text) if header else None
    if header and end is None:
        raise SourceError(Place(file), "has no line that ends its header")
    top, body = (text[: end.start()], text[end.end() :]) if end else ("", text)
    title = header.title.search(top or text) if header and header.title else None
    first = text.count("\n", 0, end.end()) + 1 if end else 1
    return Document(
        units=tuple(_units(body, layout, first)),
        title=title[1].strip() if title else None,
        events=tuple(_events(top, header, file)) if header else (),
        body=body,
    )


def _units(body: str, layout: Layout, first_line: int) -> Iterator[Unit]:
    start = next((p for p in layout.starts if p.search(body)), None)
    if start is None:
        if body.strip():
            yield Unit(label=layout.whole, text=_lines(body), line=first_line)
        return
    found = list(start.finditer(body))
    path = after((), _headings(_TITLE.sub("", body[: found[0].start()], count=1), layout))
    for match, following in zip(found, [*found[1:], None], strict=True):
        end = following.start() if following else len(body)
        text = body[match.end() : end]
        division = layout.division.search(text) if layout.division else None
        text = _lines(text[: division.start()] if division else text)
        heading = match.groupdict().get("heading") or ""
        gone = not text or (layout.deleted is not None and layout.deleted.fullmatch(text))
        yield Unit(
            label=layout.label.format(label=match["label"].strip()),
            text=None if gone else text,
            heading=heading.strip() or None,
            line=first_line + body.count("\n", 0, match.start("label")),
            divisions=names(path),
        )
        if division:
            path = after(path, _headings(body[match.end() + division.start() : end], layout))


_HEADING = re.compile(r"^(#{1,6}) +(.+?)[ \t#]*$", re.MULTILINE)
_TITLE = re.compile(r"\A\s*# [^\n]*")


def _headings(written: str, layout: Layout) -> Iterator[tuple[int, str]]:
    """Yield the Markdown headings in what stands between two units, with their levels."""
    for heading in _HEADING.finditer(written) if layout.division else ():
        name = " ".join(heading[2].split())
        yield layout.level(name, len(heading[1])), name


def _lines(text: str) -> str:
    """Return a text with one line per paragraph and no blank lines."""
    lines = (re.sub(r"[ \t\u3000\xa0]+", " ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _unwrapped(text: str, columns: int | None) -> str:
    """Join lines wrapped at a fixed width: a full line that does not end a sentence."""
    if columns is None:
        return text
    joined = ""
    for line in text.split("\n"):
        width = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)
        cut = columns - 4 <= width <= columns + 2 and not line.endswith(("。", "：", "；"))
        joined += line if cut else line + "\n"
    return joined.strip()


def _events(top: str, header: Header, file: str) -> Iterator[AnnalEvent]:
    for match in header.line.finditer(top) if header.line else ():
        words = match["event"].strip()
        if header.ignore is None or not header.ignore.search(words):
            place = Place(file, top.count("\n", 0, match.start()) + 1)
            day = plausible_day(place, match["year"], match["month"], match["day"])
            yield AnnalEvent(day=day, words=words)


# JSON ---------------------------------------------------------------------------------------------


def _json(text: str, file: str, layout: Layout) -> Document:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"not JSON ({error.msg}): the file may be cut short"
        raise SourceError(Place(file, error.lineno), problem) from None
    except RecursionError:
        raise SourceError(Place(file), "nested too deeply") from None
    if not isinstance(document, dict):
        raise SourceError(Place(file), "not an object")
    return Document(
        units=tuple(_json_units(document, file, layout)),
        title=_value(document, layout.title, file),
        alias=_value(document, layout.alias, file),
        url=_value(document, layout.url, file),
        annals=_value(document, layout.annals, file),
    )


def _value(document: Mapping[str, Any], key: str | None, file: str) -> str | None:
    value = document.get(key, "") if key else ""
    if not isinstance(value, str):
        raise SourceError(Place(file, field=key), "not a text")
    return value.strip() or None


def _json_units(document: Mapping[str, Any], file: str, layout: Layout) -> Iterator[Unit]:
    articles = document.get(layout.articles or "")
    if not isinstance(articles, list):
        raise SourceError(Place(file, field=layout.articles), "not a list of articles")
    path: DivisionPath = ()
    for place, article in enumerate(articles, start=1):
        if not isinstance(article, dict):
            raise SourceError(Place(file, place, layout.articles), "not an object")
        label = _value(article, layout.number, file)
        if label is None:
            if name := " ".join((_value(article, layout.divisions, file) or "").split()):
                path = after(path, [(layout.level(name, len(layout.levels)), name)])
            continue
        text = _unwrapped(_lines(_value(article, layout.text, file) or ""), layout.columns)
        remark = layout.remark.search(text) if layout.remark else None
        law = text[: remark.start()].strip() if remark else text
        gone = not law or (layout.deleted is not None and layout.deleted.fullmatch(law))
        yield Unit(
            label=layout.label.format(label=re.sub(r"\s+", "", label)),
            text=None if gone else law,
            line=place,
            remark=_lines(remark[1]) if remark else None,
            divisions=names(path),
        )
