"""Dialect (TOML) of a folder of dated files.

A dialect names the columns of the index, how a text is divided into provisions, where the dates of
each edition are, and which of them are wrong. Built-in dialects are in ``dialects/dated/``; others
are given by path.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from corpus.errors import Place, SourceError
from corpus.model import DateBasis, EndReason, Frozen
from corpus.sources.git.markdown_dialect import Pattern
from corpus.sources.overlay import Correction
from corpus.validation import source_error

_BUILT_IN = Path(__file__).parents[1] / "dialects" / "dated"

FIELDS = frozenset(
    {
        *("file", "work", "title", "kind", "citation", "aliases", "note", "url"),
        *("jurisdiction", "language"),
        *("adopted", "published", "observed", "amended", "amendments", "introduced_by"),
        *("in_force_from", "condition", "basis"),
        *("in_force_to", "last_day", "ended", "ended_by", "expired"),
    }
)
"""Fields of an index row; they are documented in docs/dated-files.md."""


class Table(Frozen):
    """A CSV or JSON table: which column (value) holds which field (key).

    ``a|b`` names two columns of which the first non-empty one counts. ``keep`` are columns stored
    unchanged as well. ``decides`` are fields whose empty value in this table means unknown.
    """

    file: str
    columns: dict[str, str]
    keep: tuple[str, ...] = ()
    decides: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fields_are_known(self) -> Self:
        if unknown := (self.columns.keys() | set(self.decides)) - FIELDS:
            raise ValueError(f"there is no field '{min(unknown)}'")
        if "file" not in self.columns:
            raise ValueError("columns must say which one holds 'file'")
        return self


class Header(Frozen):
    """The lines above a text that list its history.

    ``ends`` matches the line that closes the header, ``line`` one dated event with the groups
    ``year``, ``month``, ``day`` and ``event``. Events that ``amends`` matches are amendments, those
    that ``published`` matches give the publication, those that ``ignore`` matches are left out.
    """

    ends: Pattern
    title: Pattern | None = None
    line: Pattern | None = None
    amends: Pattern | None = None
    published: Pattern | None = None
    ignore: Pattern | None = None


class Layout(Frozen):
    """How a text is divided into provisions.

    For text files each pattern of ``starts`` has the group ``label`` and may have ``heading``; the
    first pattern that matches anywhere in a file is used. A provision ends at the next one or at a
    line that ``division`` matches. Without patterns, the text is one provision labelled ``whole``.

    For JSON files ``articles`` names the list, ``number`` and ``text`` its keys; ``annals``,
    ``title``, ``url`` and ``alias`` name keys of the document. ``columns`` is the width at which a
    publisher wrapped its lines (a Chinese character has two); they are joined again.

    Markdown headings between provisions are their divisions, each inside those of fewer marks; in
    JSON the key ``divisions`` of an entry without a number is one. ``levels`` match their names,
    outermost first, where marks do not say how far out they stand.

    ``deleted`` matches a whole text that means there is none, ``remark`` (group 1) an editor's note
    below it.
    """

    format: Literal["text", "json"] = "text"
    kind: str = "article"
    starts: tuple[Pattern, ...] = ()
    division: Pattern | None = None
    label: str = "{label}"
    whole: str = "text"
    articles: str | None = None
    number: str | None = None
    text: str | None = None
    divisions: str | None = None
    levels: tuple[Pattern, ...] = ()
    annals: str | None = None
    title: str | None = None
    alias: str | None = None
    url: str | None = None
    columns: int | None = None
    remark: Pattern | None = None
    deleted: Pattern | None = None

    def level(self, name: str, depth: int) -> int:
        """Return the level of a division; ``depth`` is its number of marks."""
        found = (level for level, pattern in enumerate(self.levels) if pattern.match(name))
        return next(found, depth)


class Emendation(Frozen):
    """A misprint in the annals of one act: the printed text, the correction, and the reason."""

    work: str
    printed: str
    meant: str
    reason: str


class Ruling(Frozen):
    """A decision, such as a court's, by which provisions of one act ceased to be law.

    ``labels`` are those it names, ``day`` is the first day without them.
    """

    work: str
    labels: tuple[str, ...]
    day: date
    published: date
    by: str
    how: EndReason = EndReason.ANNULLED
    reason: str


class Instrument(Frozen):
    """An enactment or amendment whose own text is not in the collection.

    ``touched`` lists the labels it changed; without them it may have changed everything.
    """

    published: date
    in_force_from: date
    instrument: str
    touched: tuple[str, ...] | None = None


class Traced(Frozen):
    """An act whose amending instruments are in the collection and name what they change.

    ``amending`` is a pattern of the works that amend it; their text outside ``quoted`` is parsed:
    ``reference`` finds a label, ``inserted`` (group ``labels``) finds inserted ones, ``anchor``
    finds labels that only give a position. ``instruments`` are those not in the collection,
    including the enactment.
    """

    work: str
    amending: Pattern
    quoted: Pattern
    reference: Pattern
    inserted: Pattern
    anchor: Pattern
    instruments: tuple[Instrument, ...]


class Act(Frozen):
    """Data of one act that the index does not have."""

    aliases: tuple[str, ...] = ()
    title: str | None = None
    citation: str | None = None
    parts: tuple[str, ...] = ()
    ended: date | None = None
    how: EndReason = EndReason.REPEALED
    by: str | None = None
    published: date | None = None
    verified: bool = True


class Listing(Frozen):
    """One collection of dated files.

    ``jurisdiction`` and ``language`` are the defaults of rows.

    ``chronology``: ``index`` dates each edition by its row, ``roc-annals`` each article by the
    amendment annals printed in the text. ``strip`` are patterns removed from titles to make short
    ones. ``basis`` translates the beginning of a row's basis. ``placeholders`` are dates that mean
    "not fixed". ``undated_before``: annals do not date what was promulgated before this date,
    unless they say so; by this date it was in force.
    """

    name: str
    jurisdiction: str | None = Field(default=None, pattern=r"^[a-z]{2}(-[a-z]+)?$")
    language: str | None = None
    source: str
    licence: str | None = None
    note: str | None = None
    checked: date | None = None
    chronology: Literal["index", "roc-annals"] = "index"
    index: Table
    overlay: Table | None = None
    corrections: str | None = None
    renumberings: str | None = None
    header: Header | None = None
    layout: Layout
    kinds: dict[str, str] = Field(default_factory=dict)
    basis: dict[str, DateBasis] = Field(default_factory=dict)
    placeholders: tuple[str, ...] = ()
    strip: tuple[Pattern, ...] = ()
    undated_before: date | None = None
    edition: tuple[dict[str, str], ...] = ()
    correction: tuple[Correction, ...] = ()
    emendation: tuple[Emendation, ...] = ()
    ruling: tuple[Ruling, ...] = ()
    traced: tuple[Traced, ...] = ()
    acts: dict[str, Act] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _rows_name_their_work(self) -> Self:
        if "work" not in self.index.columns:
            raise ValueError("index.columns must say which one holds 'work'")
        return self


def built_in() -> tuple[str, ...]:
    """Return the names of the built-in dialects."""
    return tuple(sorted(path.stem for path in _BUILT_IN.glob("*.toml")))


def read_listing(name: str | Path) -> Listing:
    """Read a built-in dialect by its name (``cn``) or another by its path.

    Raises:
        SourceError: the file is missing or not TOML, or a setting is invalid or unknown.
    """
    path = _BUILT_IN / f"{name}.toml" if name in built_in() else Path(name)
    try:
        return Listing.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        known = ", ".join(built_in())
        problem = f"no such dialect file, and the built-in dialects are {known}"
        raise SourceError(Place(str(path)), problem) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(Place(path.name), f"not a TOML file: {error}") from error
    except ValidationError as error:
        raise source_error(Place(path.name), error) from None
