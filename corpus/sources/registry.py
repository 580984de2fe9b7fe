"""Which source reads a file or folder: recognised by what lies there, or told by a dialect."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from corpus.errors import BadInputError, SourceError
from corpus.sources import Source
from corpus.sources.jsonl import Jsonl

Reader = Callable[[Path, str | None], Source | None]
"""Opens a path, in a dialect if one is named; ``None`` when this is not its format."""


def open_source(spec: str, dialect: str | None = None) -> Source:
    """Return the source for a path, or the demonstration corpus for ``demo``.

    Args:
        spec: a file or folder, or ``demo``.
        dialect: a built-in dialect by name or any by the path of its TOML; recognised if ``None``.

    Raises:
        BadInputError: there is no such path or dialect, or nothing here reads it.
    """
    if spec == "demo":
        from corpus.demo import demo_files

        return Jsonl(*demo_files())
    path = Path(spec)
    if not path.exists():
        raise BadInputError(f"{spec}: no such file or folder")
    for reader in (_jsonl, _git, _dated, _xml):
        source = reader(path, dialect)
        if source is not None:
            return source
    spoken = f" in the dialect '{dialect}'" if dialect else "; name its layout with --dialect"
    raise BadInputError(f"{spec}: this is no legislation that InForce can read{spoken}")


def _jsonl(path: Path, dialect: str | None) -> Source | None:
    if path.suffix != ".jsonl" or dialect is not None:
        return None
    return Jsonl(path)


def _git(path: Path, dialect: str | None) -> Source | None:
    """Read a bundle, a repository, or a folder that holds one bundle."""
    from corpus.sources.dialect import built_in, read_dialect
    from corpus.sources.git_markdown import GitMarkdown, detect_dialect

    place = _repository(path)
    if place is None:
        return None
    if dialect is None:
        spoken = detect_dialect(place)
    else:
        speaks = dialect in built_in() or _has_table(dialect, "page")
        spoken = read_dialect(dialect) if speaks else None
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
    from corpus.sources.dated.dialect import built_in, read_listing
    from corpus.sources.dated_files import DatedFiles

    if not path.is_dir():
        return None
    if dialect is not None:
        speaks = dialect in built_in() or _has_table(dialect, "index")
        return DatedFiles(path, read_listing(dialect)) if speaks else None
    for name in built_in():
        listing = read_listing(name)
        if _has_columns(path / listing.index.file, set(listing.index.columns.values())):
            return DatedFiles(path, listing)
    return None


def _has_columns(index: Path, wanted: set[str]) -> bool:
    """Tell whether a CSV index has all columns; of ``a|b`` one is enough."""
    if not index.is_file():
        return False
    with index.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = set(next(csv.reader(file), []))
    return all(header & set(columns.split("|")) for columns in wanted)


def _has_table(dialect: str, table: str) -> bool:
    """Tell whether the TOML at a path has a table, which shows what kind of dialect it is."""
    path = Path(dialect)
    if not path.is_file():
        raise BadInputError(f"--dialect: there is no built-in dialect or file '{dialect}'")
    try:
        return table in tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: not a TOML file: {error}") from None


def _xml(path: Path, dialect: str | None) -> Source | None:
    """Read a folder of XML files by the root element of the first sound one."""
    from corpus.sources.akoma_ntoso import AkomaNtoso
    from corpus.sources.clml import Clml
    from corpus.sources.regml import Regml

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
    from corpus.sources.xml import local, read_xml

    for file in sorted(folder.rglob("*.xml")):
        with suppress(SourceError):
            return local(read_xml(file))
    return None
