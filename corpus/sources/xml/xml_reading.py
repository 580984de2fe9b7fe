"""Safe reading of untrusted XML, shared by the adapters of XML formats.

Entity expansion, network access, external DTDs and huge trees are disabled; a file that is
malformed, truncated, wrongly encoded or uses an entity is refused with its place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lxml import etree

from corpus.errors import BadInputError, Place, SourceError
from corpus.invariants import is_placeholder
from corpus.model import WorkHistory

MAX_BYTES = 64 * 2**20
"""Largest file that is read."""

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ONE_BYTE = re.compile(rb"(?i)^(iso-8859-\d+|latin-?\d|windows-125\d|cp125\d|us-ascii)$")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00(?::00(?:\.0+)?)?)?(?:Z|[+-]\d{2}:\d{2})?")
_SPACE = re.compile(r"\s+")


def read_xml(path: Path) -> etree._Element:
    """Parse a file and return its root element.

    Raises:
        SourceError: the file is unreadable, too large, not well-formed, wrongly encoded, or
            declares or uses an entity.
    """
    data = _bytes(path)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        problem = f"not well-formed XML: {squeeze(error.msg or '')}"
        raise SourceError(Place(str(path), error.lineno or None), problem) from None
    _refuse_entities(root, path)
    return root


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(Place(str(path)), f"larger than {MAX_BYTES} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(Place(str(path)), f"cannot be read: {error.strerror}") from None
    declared = _DECLARED.match(data)
    if declared and _ONE_BYTE.match(declared[1]) and _is_utf8(data):
        label = declared[1].decode()
        raise SourceError(
            Place(str(path), 1), f"declares encoding {label}, but its bytes are UTF-8"
        )
    return data


def _is_utf8(data: bytes) -> bool:
    """Return whether the bytes hold non-ASCII characters, all of them valid UTF-8."""
    try:
        return not data.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def _refuse_entities(root: etree._Element, path: Path) -> None:
    """Refuse entities; skipping one would silently drop text of the law."""
    dtd = root.getroottree().docinfo.internalDTD
    declared = next(iter(dtd.iterentities()), None) if dtd is not None else None
    if declared is not None:
        raise SourceError(Place(str(path)), f"declares the entity '{declared.name}'")
    used = next(root.iter(etree.Entity), None)
    if used is not None:
        raise SourceError(Place(str(path), used.sourceline), f"uses the entity {used.text}")


def xml_files(folder: Path) -> tuple[Path, ...]:
    """Return the XML files below a folder, sorted by name.

    Raises:
        BadInputError: there is no such folder, or no XML file in it.
    """
    if not folder.is_dir():
        raise BadInputError(f"{folder}: no such folder")
    files = tuple(sorted(path for path in folder.rglob("*.xml") if _is_inside(path, folder)))
    if not files:
        raise BadInputError(f"{folder}: holds no XML file")
    return files


def links_out(folder: Path) -> Iterator[SourceError]:
    """Yield an error for each XML file that is a link out of the folder; it is not read."""
    for path in sorted(folder.rglob("*.xml")):
        if path.is_symlink() and not _is_inside(path, folder):
            yield SourceError(Place(str(path)), "is a link that leads out of the folder")


def _is_inside(path: Path, folder: Path) -> bool:
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())


def fingerprint(folder: Path, files: Iterable[Path], settings: str) -> str:
    """Return a hash of the files' names and bytes and of the settings that affect reading."""
    digest = hashlib.sha256(settings.encode())
    for path in files:
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def place_of(history: WorkHistory | None, subject_id: str, folder: Path) -> Place:
    """Return the file that a version, or the first version of a provision, was read from."""
    for version in history.versions if history else ():
        if subject_id in (version.id, version.provision_id):
            return Place(str(folder / version.source.file), field=version.source.locator)
    return Place(str(folder))


def squeeze(text: str) -> str:
    """Return the text with each run of white space as one space, trimmed."""
    return _SPACE.sub(" ", text).strip()


def local(element: etree._Element) -> str:
    """Return the element's name without its namespace."""
    return str(etree.QName(element).localname)


def iso_day(text: str | None, element: etree._Element | None, field: str, path: Path) -> date:
    """Return an ISO date (``2014-01-18``) that is not a placeholder.

    Raises:
        SourceError: it is missing, invalid, or a placeholder.
    """
    day = written_day(text, element, field, path)
    if is_placeholder(day):
        line = None if element is None else element.sourceline
        raise SourceError(Place(str(path), line, field), f"{day} is a placeholder, not a day")
    return day


def written_day(text: str | None, element: etree._Element | None, field: str, path: Path) -> date:
    """Return an ISO date as written, possibly a placeholder; a time zone (``Z``) is ignored.

    Raises:
        SourceError: it is missing or invalid.
    """
    written = squeeze(text or "")
    try:
        if found := _DAY.fullmatch(written):
            return date.fromisoformat(found[1])
    except ValueError:
        pass
    line = None if element is None else element.sourceline
    raise SourceError(Place(str(path), line, field), f"'{written}' is not a day")


@dataclass(frozen=True)
class Layout:
    """Elements of a format that are lines, that are left out, or that are quoted.

    ``marker`` returns the number at the start of an element's first line, empty if it has none.
    """

    lines: frozenset[str]
    silent: frozenset[str]
    marker: Callable[[etree._Element], str]
    quoted: frozenset[str] = frozenset()


def text_lines(element: etree._Element, layout: Layout) -> list[str]:
    """Return the text of an element as lines, each with its leading numbers."""
    name = local(element)
    if name in layout.silent:
        return []
    if name == "tr":
        cells = [squeeze(_words(cell, layout)) for cell in element]
        return [" | ".join(cells)] if any(cells) else []
    if name in layout.lines:
        line = squeeze(_words(element, layout))
        return [line] if line else []
    found = [line for child in element for line in text_lines(child, layout)]
    if marker := layout.marker(element):
        found[:1] = [f"{marker} {found[0]}" if found else marker]
    if name in layout.quoted and found:
        found[0], found[-1] = f"“{found[0]}", f"{found[-1]}”"
    return found


def _words(element: etree._Element, layout: Layout) -> str:
    """Return the text of a line, without the elements that are left out.

    Akoma Ntoso writes quotation marks as attributes.
    """
    words = [element.get("startQuote") or "", element.text or ""]
    for child in element:
        if local(child) not in layout.silent:
            words.append(_words(child, layout))
        words.append(child.tail or "")
    return "".join([*words, element.get("endQuote") or ""])


def division_names(
    levels: Iterable[etree._Element], kinds: Collection[str], parts: Sequence[str]
) -> tuple[str, ...]:
    """Return the names of the divisions around an element, outermost first.

    Args:
        levels: the elements around it, innermost first.
        kinds: names of the elements that are divisions.
        parts: names of the children that hold a division's number and title.
    """
    names = [
        " ".join(squeeze("".join(child.itertext())) for child in level if local(child) in parts)
        for level in levels
        if local(level) in kinds
    ]
    return tuple(name for name in reversed(names) if name)
