"""Tables of the languages: ``<language>/<subject>.toml``, parsed and validated.

A table is optional: a language need not have every subject.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, ValidationError

from corpus.errors import Place, SourceError
from corpus.model import Frozen
from corpus.validation import source_error

_Shape = TypeVar("_Shape", bound=Frozen)


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as fault:
        raise ValueError(f"not a regular expression: {fault}") from fault
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression in a table."""


@cache
def languages(subject: str | None = None) -> tuple[str, ...]:
    """Return the tags of all languages, or of those with a table of ``subject``, sorted."""
    folders = [entry for entry in files(__package__).iterdir() if entry.is_dir()]
    return tuple(
        sorted(
            folder.name
            for folder in folders
            if not folder.name.startswith("_")
            and (subject is None or (folder / f"{subject}.toml").is_file())
        )
    )


def base_language(tag: str) -> str:
    """Return the primary language of a tag: ``zh`` for ``zh-Hant``."""
    return tag.partition("-")[0]


def table_language(tag: str, subject: str) -> str | None:
    """Return the tag whose table is used: its own, its primary language's, or ``None``."""
    known = languages(subject)
    return next((name for name in (tag, base_language(tag)) if name in known), None)


@cache
def language_table(language: str, subject: str) -> Mapping[str, Any]:
    """Return a table as parsed from TOML.

    Raises:
        SourceError: the language has no such table, or it is not TOML; names the file.
    """
    name = _name(language, subject)
    file = files(__package__) / language / f"{subject}.toml"
    if language not in languages(subject):
        raise SourceError(Place(name), f"there is no table '{subject}' of language '{language}'")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        line = re.search(r"line (\d+)", str(fault))
        place = Place(name, int(line[1]) if line else None)
        raise SourceError(place, f"not a TOML file: {fault}") from fault


def read_table(language: str, subject: str, shape: type[_Shape]) -> _Shape:
    """Return a validated table.

    Raises:
        SourceError: there is none, or a field is missing, unknown or invalid; names file and field.
    """
    try:
        return shape.model_validate(language_table(language, subject))
    except ValidationError as fault:
        raise source_error(Place(_name(language, subject)), fault) from fault


def read_tables(subject: str, shape: type[_Shape]) -> dict[str, _Shape]:
    """Return the validated tables of all languages that have one, by language.

    Raises:
        SourceError: a field is missing, unknown or invalid; names file and field.
    """
    return {language: read_table(language, subject, shape) for language in languages(subject)}


def _name(language: str, subject: str) -> str:
    return f"corpus/languages/{language}/{subject}.toml"
