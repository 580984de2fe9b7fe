"""HTML of the Coverage page. All text that is not our own markup is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from corpus.force_words import source_words
from corpus.model import Interval
from corpus.reading.holdings import Holding
from corpus.territories import extent_words
from ui.law.address import Place, write_place
from ui.markup import escaped
from ui.words import day_words, interval_words, place_title

_FAULTS = 5
"""Greatest number of faults of an act that are shown; the rest are counted."""


def summary(acts: Sequence[Holding], day: date) -> str:
    """Return how much is held, and how much of it is covered on the day."""
    provisions = sum(act.provisions for act in acts)
    versions = sum(act.versions for act in acts)
    on_day = sum(bool(act.covered_on) for act in acts)
    many = "act" if len(acts) == 1 else "acts"
    return (
        f'<p class="looked" role="status">{len(acts):,} {many} with {provisions:,} provisions in '
        f"{versions:,} texts; the record of {on_day:,} is complete on {day_words(day)}.</p>"
    )


def acts(place: str, held: Sequence[Holding], day: date) -> str:
    """Return the acts of a jurisdiction as a list of cards."""
    cards = "".join(_act(act, day) for act in held)
    return (
        f'<section class="held"><h2>{escaped(place_title(place))}</h2>'
        f'<p class="quiet">{len(held):,} {"act" if len(held) == 1 else "acts"}</p>{cards}</section>'
    )


def _act(act: Holding, day: date) -> str:
    link = escaped(f"law?{urlencode(write_place(Place(act=act.work), day))}")
    rows = [
        ("Complete", "; ".join(map(interval_words, act.covered)) or "on no day"),
        ("Not recorded", "; ".join(map(interval_words, act.gaps))),
        ("Limited to", ", ".join(map(extent_words, act.extents))),
        ("Texts", _texts(act)),
        ("Source", f"{act.source}; {source_words(act.source_read).written(day_words)}"),
    ]
    shown = "".join(f"<dt>{name}</dt><dd>{escaped(value)}</dd>" for name, value in rows if value)
    return (
        f'<article class="holding"><h3 lang="{escaped(act.language)}"><a href="{link}">'
        f"{escaped(act.title)}</a></h3>{_uncovered(act, day)}"
        f'<dl class="facts">{shown}</dl>{_faults(act.faults, act.work)}</article>'
    )


def _uncovered(act: Holding, day: date) -> str:
    if act.covered_on:
        return ""
    return f'<p class="missing">Not covered on {day_words(day)}: its law is then not known.</p>'


def _texts(act: Holding) -> str:
    many = f"{act.provisions:,} provisions in {act.versions:,} texts"
    if act.first is None or act.last_change is None:
        return f"{many}; none is dated"
    since = interval_words(Interval(start=act.first))
    return f"{many}, {since}; last change {day_words(act.last_change)}"


def _faults(faults: Sequence[str], work: str) -> str:
    if not faults:
        return ""
    items = "".join(f"<li>{escaped(fault)}</li>" for fault in faults[:_FAULTS])
    more = len(faults) - _FAULTS
    link = escaped(f"ingest-report?{urlencode({'work': work})}")
    said = f'and {more} more: <a href="{link}">ingest report</a>'
    rest = f"<li>{said}</li>" if more > 0 else ""
    return f'<ul class="faults">{items}{rest}</ul>'


def left_out(faults: Sequence[str]) -> str:
    """Return what could not be read, each with its place and reason."""
    return "<ul>" + "".join(f"<li>{escaped(fault)}</li>" for fault in faults) + "</ul>"
