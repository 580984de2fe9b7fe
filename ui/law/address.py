"""Read and write what is read in the URL of the Law page.

``?as_at=2006-04-04&act=fr/code-civil&page=2`` is an act,
``?as_at=2006-04-04&provision=fr/code-civil%23art-144&par=1&corpus=0f3a9c7be1d2`` a provision.
``with=2016-10-01`` compares it with its text on another day, ``extent=S`` chooses a territory.
``corpus`` is the beginning of a corpus hash: it pins what is read to that state.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from corpus.model import Frozen
from ui.languages.catalogue import word
from ui.pages.address import day_named

HASH = 12
"""Number of characters of a corpus hash in a link."""


class Place(Frozen):
    """What the Law page shows besides the day; everything is optional."""

    act: str | None = None
    provision: str | None = None
    paragraph: int | None = None
    page: int | None = None
    other: date | None = None
    extent: str | None = None
    corpus: str | None = None

    @property
    def work_id(self) -> str | None:
        """Return the id of the act that is read."""
        return self.provision.partition("#")[0] if self.provision else self.act


def read_place(parameters: Mapping[str, str]) -> tuple[Place, tuple[str, ...]]:
    """Return the place in a URL, and a sentence for each parameter that cannot be parsed."""
    problems: list[str] = []
    place = Place(
        act=parameters.get("act") or None,
        provision=parameters.get("provision") or None,
        paragraph=_number(parameters, "par", problems),
        page=_number(parameters, "page", problems),
        other=day_named(parameters, "with", problems),
        extent=parameters.get("extent") or None,
        corpus=parameters.get("corpus") or None,
    )
    return place, tuple(problems)


def write_place(place: Place, day: date | None) -> dict[str, str]:
    """Return the parameters that :func:`read_place` reads back; empty parts are left out."""
    parts = {
        "as_at": day,
        "act": None if place.provision else place.act,
        "provision": place.provision,
        "par": place.paragraph,
        "page": place.page,
        "with": place.other,
        "extent": place.extent,
        "corpus": place.corpus,
    }
    return {name: str(value) for name, value in parts.items() if value is not None}


def permalink(provision: str, day: date, corpus_hash: str, paragraph: int | None = None) -> str:
    """Return the link to a provision on a day, relative to the app, pinned to a corpus."""
    place = Place(provision=provision, paragraph=paragraph, corpus=corpus_hash[:HASH])
    return f"law?{urlencode(write_place(place, day))}"


def _number(parameters: Mapping[str, str], name: str, problems: list[str]) -> int | None:
    text = parameters.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < 10**6):
        problems.append(word("address.no_number", said=f"{name}={text[:40]}"))
        return None
    return int(text)
