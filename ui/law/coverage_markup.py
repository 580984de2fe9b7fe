"""HTML of the Coverage page. All text that is not our own markup is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from corpus.reading.holdings import Holding
from ui.languages.catalogue import word
from ui.law.address import Place, write_place
from ui.markup import escaped, told
from ui.words import extent_title, interval_words, place_title, source_words

_FAULTS = 5
"""Greatest number of faults of an act that are shown; the rest are counted."""


def summary(acts: Sequence[Holding], day: date) -> str:
    """Return how much is held, and how much of it is covered on the day."""
    provisions = sum(act.provisions for act in acts)
    versions = sum(act.versions for act in acts)
    on_day = sum(bool(act.covered_on) for act in acts)
    held = word("coverage.acts", count=len(acts))
    more = word("coverage.summary", acts=held, **_counted(provisions, versions))
    complete = word("coverage.complete_on", count=on_day, day=day)
    return f'<p class="looked" role="status">{escaped(f"{more}; {complete}")}</p>'


def acts(place: str, held: Sequence[Holding], day: date) -> str:
    """Return the acts of a jurisdiction as a list of cards."""
    cards = "".join(_act(act, day) for act in held)
    return (
        f'<section class="held"><h2>{escaped(place_title(place))}</h2>'
        f'<p class="quiet">{told("coverage.acts", count=len(held))}</p>{cards}</section>'
    )


def _act(act: Holding, day: date) -> str:
    link = escaped(f"law?{urlencode(write_place(Place(act=act.work), day))}")
    rows = [
        ("complete", "; ".join(map(interval_words, act.covered)) or word("days.never")),
        ("not_recorded", "; ".join(map(interval_words, act.gaps))),
        ("limited_to", "; ".join(map(extent_title, act.extents))),
        ("texts", _texts(act)),
        ("source", f"{act.source}; {source_words(act.source_read)}"),
    ]
    shown = "".join(
        f"<dt>{told(f'held.{name}')}</dt><dd>{escaped(value)}</dd>" for name, value in rows if value
    )
    return (
        f'<article class="holding"><h3 lang="{escaped(act.language)}"><a href="{link}">'
        f"{escaped(act.title)}</a></h3>{_uncovered(act, day)}"
        f'<dl class="facts">{shown}</dl>{_faults(act.faults, act.work)}</article>'
    )


def _uncovered(act: Holding, day: date) -> str:
    if act.covered_on:
        return ""
    return f'<p class="missing">{told("coverage.not_covered", day=day)}</p>'


def _texts(act: Holding) -> str:
    counted = _counted(act.provisions, act.versions)
    if act.first is None or act.last_change is None:
        return word("coverage.undated", **counted)
    return word("coverage.dated", **counted, first=act.first, last=act.last_change)


def _counted(provisions: int, versions: int) -> dict[str, str]:
    """Return how many provisions and texts there are, in words."""
    return {
        "provisions": word("coverage.provisions", count=provisions),
        "texts": word("coverage.texts", count=versions),
    }


def _faults(faults: Sequence[str], work: str) -> str:
    if not faults:
        return ""
    items = "".join(f"<li>{escaped(fault)}</li>" for fault in faults[:_FAULTS])
    more = len(faults) - _FAULTS
    link = escaped(f"ingest-report?{urlencode({'work': work})}")
    words = told("coverage.more_faults", count=more)
    rest = f'<li><a href="{link}">{words}</a></li>' if more > 0 else ""
    return f'<ul class="faults">{items}{rest}</ul>'


def left_out(faults: Sequence[str]) -> str:
    """Return what could not be read, each with its place and reason."""
    return "<ul>" + "".join(f"<li>{escaped(fault)}</li>" for fault in faults) + "</ul>"
