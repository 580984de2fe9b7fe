"""Territories as data (``territories.toml``): names, parts, and where law holds from when to when.

A version's ``extent`` joins codes of parts with ``+`` (``E+W``); ``None`` is everywhere in the
jurisdiction of its work. An extent that is asked about may name several parts as well: a text fits
when it holds in all of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files

from pydantic import Field, TypeAdapter

from corpus.model import Frozen, Interval


class Holding(Frozen):
    """A span of days in which a jurisdiction's law holds in another one, and on what authority."""

    jurisdiction: str
    valid_from: date
    valid_to: date | None = None
    authority: str = Field(min_length=1)

    @property
    def valid(self) -> Interval:
        """The days on which it holds there."""
        return Interval(start=self.valid_from, end=self.valid_to)


class Territory(Frozen):
    """A jurisdiction: its name, its parts by code, and where else its law holds."""

    name: str
    parts: dict[str, str] = Field(default_factory=dict)
    also: dict[str, str] = Field(default_factory=dict)
    holds_in: tuple[Holding, ...] = ()


@cache
def territories() -> Mapping[str, Territory]:
    """Return every jurisdiction that the table describes."""
    text = (files("corpus") / "territories.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Territory]).validate_python(tomllib.loads(text))


def extent_parts(extent: str) -> tuple[str, ...]:
    """Return the codes of an extent, each as the table writes it."""
    also = {code: known for each in territories().values() for code, known in each.also.items()}
    return tuple(also.get(part, part) for part in extent.split("+"))


def extent_fits(extent: str | None, asked: str | None) -> bool:
    """Return whether ``extent`` covers the whole extent asked about; ``None``: everywhere."""
    if extent is None or asked is None:
        return True
    return set(extent_parts(asked)) <= set(extent_parts(extent))


def extent_words(extent: str) -> str:
    """Return the name of an extent: ``E+W`` is England and Wales. Unknown codes are unchanged."""
    names = {code: name for each in territories().values() for code, name in each.parts.items()}
    return joined(names.get(part, part) for part in extent_parts(extent))


def extent_choice(extent: str) -> str:
    """Return the name of an extent with its code, for selection: ``Scotland (S)``."""
    words = extent_words(extent)
    return words if words == extent else f"{words} ({extent})"


def place_name(jurisdiction: str) -> str:
    """Return the name of a jurisdiction, or its code if it is unknown."""
    known = territories().get(jurisdiction)
    return known.name if known else jurisdiction.upper()


def territory_words(jurisdiction: str, extent: str | None) -> str:
    """Return the territory of a text: its extent, or the whole jurisdiction of its work."""
    return extent_words(extent) if extent else place_name(jurisdiction)


def jurisdiction_of(extent: str) -> str | None:
    """Return the jurisdiction whose part an extent is; ``None`` where no jurisdiction has it."""
    wanted = set(extent_parts(extent))
    found = (place for place, each in territories().items() if wanted <= each.parts.keys())
    return next(found, None)


def holding(jurisdiction: str, place: str, day: date) -> Holding | None:
    """Return the authority by which a jurisdiction's law holds in another on a day, if any."""
    known = territories().get(jurisdiction)
    held = known.holds_in if known else ()
    return next((each for each in held if each.jurisdiction == place and day in each.valid), None)


def ended_holding(jurisdiction: str, place: str, day: date) -> Holding | None:
    """Return the authority by which it last held there before ``day``, if any."""
    known = territories().get(jurisdiction)
    held = [each for each in (known.holds_in if known else ()) if each.jurisdiction == place]
    return next((each for each in reversed(held) if each.valid.before(day)), None)


def joined(words: Iterable[str]) -> str:
    """Join words as a sentence lists them: ``England and Wales``."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
