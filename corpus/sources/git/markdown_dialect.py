"""Dialect (TOML) of legislation as Markdown in git.

A dialect says which files are acts, where a state's dates are (a commit trailer or a frontmatter
key), which commits are not reforms, and how a provision begins on the page. Built-in dialects are
in ``dialects/``; others are given by path.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from corpus.errors import Place, SourceError
from corpus.history.placing import APART
from corpus.model import EndReason, Frozen

_BUILT_IN = Path(__file__).parents[1] / "dialects"
_BILL = r"(?i)^(?:draft[ _-]?)?bills?$|^draft(?:[ _-]\w+)?$|^(?:projet|proposition)[ _-]de[ _-]loi$"


def _by_line(pattern: re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(pattern.pattern, pattern.flags | re.MULTILINE)


Pattern = Annotated[re.Pattern[str], AfterValidator(_by_line)]
"""A regular expression; ``^`` and ``$`` match at every line."""


class Where(Frozen):
    """Where a value is written: in a commit trailer or in a frontmatter key.

    ``unknown`` lists placeholders for "not recorded"; ``match`` keeps only values that it matches.
    """

    trailer: str | None = None
    frontmatter: str | None = None
    unknown: tuple[str, ...] = ()
    match: Pattern | None = None

    @property
    def field(self) -> str:
        """Return the name of the trailer or key."""
        return self.trailer or self.frontmatter or ""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.trailer is None) == (self.frontmatter is None):
            raise ValueError("give either trailer or frontmatter")
        return self

    def read(self, trailers: Mapping[str, str], frontmatter: Mapping[str, str]) -> str | None:
        """Return the value as written, including placeholders; ``None`` if there is none."""
        held = trailers if self.trailer is not None else frontmatter
        value = held.get(self.field, "").strip()
        return value if value and (self.match is None or self.match.search(value)) else None


class Rewrite(Frozen):
    """One substitution: what ``match`` finds becomes ``write`` (``\\1`` is the first group)."""

    match: Pattern
    write: str

    @model_validator(mode="after")
    def _write_names_groups_of_match(self) -> Self:
        try:
            self.match.sub(self.write, "")
        except (re.error, IndexError) as error:
            raise ValueError(f"'{self.write}' cannot be written: {error}") from None
        return self

    def on(self, text: str) -> str:
        """Return ``text`` with every match replaced."""
        return self.match.sub(self.write, text)


class Commits(Frozen):
    """Which commits are not reforms. Both patterns are searched in the commit message.

    ``drop``: commits that hold no state of the law. ``snapshot``: copies of the text as it stood on
    a date; they confirm it, or show that reforms are missing. ``same_day`` says how two texts of
    one provision with one date are treated: ``both`` keeps both, as ambiguous; ``last`` keeps the
    one committed last, for sources that commit corrections.
    """

    drop: Pattern | None = None
    snapshot: Pattern | None = None
    same_day: Literal["both", "last"] = "both"


class Dates(Frozen):
    """Where each date of a state is written, as ``YYYY-MM-DD``.

    ``effective``: the day the state takes effect; a source that knows only publication has none.
    ``published``: the day it became known. ``last_day``: the last day it was in force. ``ended``:
    the first day on which the act was no longer law. ``origin``: the day the act first took effect.
    ``updated``: the day of the last change in a text that the source calls current.
    """

    effective: Where | None = None
    published: Where | None = None
    last_day: Where | None = None
    ended: Where | None = None
    origin: Where | None = None
    updated: Where | None = None

    @model_validator(mode="after")
    def _states_have_a_day(self) -> Self:
        if self.effective is None and self.published is None:
            raise ValueError("give effective, or published where the source knows no other day")
        return self


class TextState(Frozen):
    """Which frontmatter value says whose text a file holds, whatever date the commit has.

    ``current``: the text of the day the source was copied. ``as_enacted``: the text of the first
    day, without later amendments.
    """

    current: Where = Where.model_validate({"frontmatter": "text_state", "match": "^current$"})
    as_enacted: Where = Where.model_validate({"frontmatter": "text_state", "match": "^as_enacted$"})


class Gap(Frozen):
    """When a snapshot proves that reforms are missing: both limits must be exceeded.

    ``silence_days``: days since the previous state. ``share``: the share of all provisions of the
    two states that differ (0 to 1).
    """

    silence_days: int = Field(default=366, ge=1)
    share: float = Field(default=0.1, gt=0, le=1)


class PageRules(Frozen):
    """How a page is divided into provisions.

    ``start`` matches the first line of a provision, with the groups ``label`` and, if the provision
    has a title, ``heading``. ``rewrite`` repairs and simplifies one provision, heading line
    included, before it is parsed. ``label`` is the form used in citations. A provision ends at the
    next one, at a Markdown heading, or before closing lines that ``division`` matches. Markdown
    headings between provisions are their divisions, unless ``divisions`` is false; ``levels`` match
    their names, outermost first, and without them the depth of a heading is its level. ``repealed``
    and ``omitted`` match whole texts that mean the provision is repealed, or that its text is not
    given; ``empty`` says which of the two an empty provision is.
    """

    kind: Literal["article", "section"] = "article"
    start: Pattern
    label: str = "{label}"
    rename: tuple[Rewrite, ...] = ()
    rewrite: tuple[Rewrite, ...] = ()
    division: Pattern | None = None
    divisions: bool = True
    levels: tuple[Pattern, ...] = ()
    repealed: Pattern | None = None
    omitted: Pattern | None = None
    empty: Literal["repealed", "omitted"] = "omitted"

    @model_validator(mode="after")
    def _start_names_its_groups(self) -> Self:
        if "label" not in self.start.groupindex:
            raise ValueError("start needs a group named 'label'")
        if self.label.count("{label}") != 1 or re.search(
            r"[{}]", self.label.replace("{label}", "")
        ):
            raise ValueError("label needs '{label}' once, and no other braces")
        return self

    def level(self, name: str, depth: int) -> int:
        """Return the level of a division; ``depth`` is the number of marks of its heading."""
        for level, pattern in enumerate(self.levels):
            if pattern.match(name):
                return level
        if not self.levels:
            return depth
        return APART if depth == 2 else len(self.levels)

    def absence(self, text: str) -> EndReason | None:
        """Return the reason for absence that a text states; ``None`` if it is law."""
        if not text:
            return EndReason.REPEALED if self.empty == "repealed" else EndReason.UNKNOWN
        if self.repealed is not None and self.repealed.fullmatch(text):
            return EndReason.REPEALED
        if self.omitted is not None and self.omitted.fullmatch(text):
            return EndReason.UNKNOWN
        return None


class Act(Frozen):
    """Data of one act that the files do not have: short titles, and its first day.

    ``ended`` is the first day on which it was no longer law.
    """

    aliases: tuple[str, ...] = ()
    origin: date | None = None
    ended: date | None = None


class Dialect(Frozen):
    """The format of one country's legislation as Markdown in git.

    ``files`` is a pattern of paths (``fr/*.md``); a file's stem is the act's local id. ``kinds``
    translates the frontmatter's ``rank``. ``short_title`` and ``citation`` are frontmatter keys.
    ``renumbering_length`` is the least number of characters by which a provision is recognised
    under a new number. ``ended_when`` says which value of a frontmatter key or trailer, in the
    latest state, means that the act is no longer law; the date is in ``dates.ended``,
    ``dates.last_day`` or ``acts.<id>.ended``. ``bills`` says which files are not acts.
    """

    name: str
    jurisdiction: str
    language: str
    files: str
    source: str
    licence: str | None = None
    note: str | None = None
    branch: str = "main"
    short_title: str | None = None
    citation: str | None = None
    introduced_by: Where | None = None
    kinds: dict[str, str] = Field(default_factory=dict)
    renumbering_length: int = Field(default=80, ge=20)
    bills: Where | None = Where.model_validate({"frontmatter": "rank", "match": _BILL})
    ended_when: Where | None = None
    text_state: TextState = TextState()
    commits: Commits = Commits()
    dates: Dates
    gap: Gap = Gap()
    page: PageRules
    acts: dict[str, Act] = Field(default_factory=dict)


def built_in() -> tuple[str, ...]:
    """Return the names of the built-in dialects."""
    return tuple(sorted(path.stem for path in _BUILT_IN.glob("*.toml")))


def read_dialect(name: str | Path) -> Dialect:
    """Read a built-in dialect by its name (``fr``) or another by its path.

    Raises:
        SourceError: the file is missing or not TOML, or a setting is invalid or unknown.
    """
    path = _BUILT_IN / f"{name}.toml" if name in built_in() else Path(name)
    place = Place(path.name)
    try:
        return Dialect.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        known = ", ".join(built_in())
        problem = f"no such dialect file, and the built-in dialects are {known}"
        raise SourceError(Place(str(path)), problem) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(place, f"not a TOML file: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise SourceError(Place(path.name, field=field or None), first["msg"]) from error
