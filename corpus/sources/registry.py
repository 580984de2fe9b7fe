"""Source registry: detect the format of a file or folder, or use a named dialect."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.errors import BadInputError, SourceError
from corpus.sources import Source
from corpus.sources.jsonl import Jsonl

if TYPE_CHECKING:
    from corpus.sources.dated.dated_dialect import Listing

_ESSENTIAL = {"file", "work", "in_force_from"}

Reader = Callable[[Path, str | None], Source | None]
"""Opens a path, in a dialect if one is named; ``None`` when this is not its format."""


def open_source(spec: str, dialect: str | None = None, overlay: Path | None = None) -> Source:
    """Return the source for a path, or the demonstration corpus for ``demo``.

    Args:
        spec: a file or folder, or ``demo``.
        dialect: a built-in dialect by name or another by the path of its TOML; ``None``: detect it.
        overlay: corrections of a RegML folder, and the date on which it was copied.

    Raises:
        BadInputError: there is no such path or dialect, or no source reads it.
    """
    if spec == "demo":
        from corpus.demo import demo_files

        return Jsonl(*demo_files())
    path = Path(spec)
    if not path.exists():
        raise BadInputError(f"{spec}: no such file or folder")
    if overlay is not None:
        return _corrected(path, dialect, overlay)
    for reader in (_jsonl, _git, _dated, _xml):
        source = reader(path, dialect)
        if source is not None:
            return source
    if dialect is not None:
        raise BadInputError(f"{spec}: there is no dialect '{dialect}' that reads this")
    raise BadInputError(f"{spec}: this layout is not known; name it with --dialect")


def _corrected(path: Path, dialect: str | None, overlay: Path) -> Source:
    from corpus.sources.regml.regml import Regml

    if not path.is_dir() or dialect or _root_element(path) not in ("regulation", "notice"):
        raise BadInputError(f"{path}: --overlay corrects a folder of RegML, which this is not")
    return Regml(path, overlay)


def _jsonl(path: Path, dialect: str | None) -> Source | None:
    if path.suffix != ".jsonl" or dialect is not None:
        return None
    return Jsonl(path)


def _git(path: Path, dialect: str | None) -> Source | None:
    """Read a bundle, a repository, or a folder that holds one bundle."""
    from corpus.sources.git.git_markdown import GitMarkdown, detect_dialect
    from corpus.sources.git.markdown_dialect import built_in, read_dialect

    place = _repository(path)
    if place is None:
        return None
    if dialect is None:
        spoken = detect_dialect(place)
    else:
        spoken = read_dialect(dialect) if _is_kind(dialect, built_in(), "page") else None
    return GitMarkdown(place, spoken) if spoken else None


def _repository(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix == ".bundle" else None
    if (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir()):
        return path
    bundles = list(path.glob("*.bundle"))
    return bundles[0] if len(bundles) == 1 else None


def _dated(path: Path, dialect: str | None) -> Source | None:
    """Read a folder with an index of dated files."""
    from corpus.sources.dated.dated_dialect import built_in, read_listing
    from corpus.sources.dated.dated_files import DatedFiles

    if not path.is_dir():
        return None
    if dialect is not None:
        spoken = _is_kind(dialect, built_in(), "index")
        return DatedFiles(path, read_listing(dialect)) if spoken else None
    listings = [read_listing(name) for name in built_in()]
    best = max(listings, key=lambda listing: _columns_found(path, listing))
    return DatedFiles(path, best) if _columns_found(path, best) else None


def _columns_found(folder: Path, listing: Listing) -> int:
    """Return how many of the dialect's columns the CSV index has; 0 if a required one is missing.

    Of ``a|b`` one is enough.
    """
    index = folder / listing.index.file
    if not index.is_file():
        return 0
    with index.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = set(next(csv.reader(file), []))
    found = {field for field, c in listing.index.columns.items() if header & set(c.split("|"))}
    essential = _ESSENTIAL & listing.index.columns.keys()
    return len(found) if essential <= found else 0


def _is_kind(dialect: str, names: Sequence[str], table: str) -> bool:
    """Return whether a dialect is one of the built-in ``names``, or a file with this table."""
    path = Path(dialect)
    if dialect in names or not path.is_file():
        return dialect in names
    try:
        return table in tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: not a TOML file: {error}") from None


def _xml(path: Path, dialect: str | None) -> Source | None:
    """Open a folder of XML files by the root element of the first readable one."""
    from corpus.sources.legaldocml.akoma_ntoso import AkomaNtoso
    from corpus.sources.regml.regml import Regml
    from corpus.sources.uk.clml import Clml

    if not path.is_dir() or dialect is not None:
        return None
    readers: dict[str, Callable[[Path], Source]] = {
        "Legislation": Clml,
        "akomaNtoso": AkomaNtoso,
        "regulation": Regml,
        "notice": Regml,
    }
    reader = readers.get(_root_element(path) or "")
    return reader(path) if reader else None


def _root_element(folder: Path) -> str | None:
    """Return the local name of the root of the first XML file that can be read."""
    from corpus.sources.xml.xml_reading import local, read_xml

    for file in sorted(path for path in folder.rglob("*.xml") if not path.is_symlink()):
        with suppress(SourceError):
            return local(read_xml(file))
    return None
