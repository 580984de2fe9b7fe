"""HTML of the Search page. All text that is not our own markup is escaped."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from corpus.model import Interval
from retrieval.query import Status
from retrieval.search import CitedLine, FoundLine, Searched
from retrieval.text.snippet import Snippet
from ui.law.address import Place, write_place
from ui.markup import escaped
from ui.words import day_words, interval_words, place_title

STATUS_WORDS: dict[Status, str] = {
    "in_force": "In force on the day",
    "not_yet_in_force": "Law only later",
    "no_longer_in_force": "Law only earlier",
}


def citations(found: Searched) -> str:
    """Return what each citation in the search meant on the day."""
    lines = "".join(_citation(line, found.as_at) for line in found.citations)
    return f'<section class="cited"><h2>Citations</h2><ul>{lines}</ul></section>' if lines else ""


def _citation(line: CitedLine, day: date) -> str:
    name = escaped(line.citation)
    if line.provision is not None:
        name = f'<a href="{_link(line.provision, day)}">{name}</a>'
    status = escaped(line.status.replace("_", " "))
    return f"<li><strong>{name}</strong> ({status}): {escaped(line.explanation)}</li>"


def heading(found: Searched) -> str:
    """Return how many provisions are shown, and of which days."""
    count = len(found.found)
    what = "provision" if count == 1 else "provisions"
    when = {
        "in_force": f"in force on {day_words(found.as_at)}",
        "not_yet_in_force": f"that are law only after {day_words(found.as_at)}",
        "no_longer_in_force": f"that were law only before {day_words(found.as_at)}",
    }[found.request.status]
    return (
        f'<section class="closest"><h2>{count} {what} {when}</h2><p>Cited provisions first, then '
        "the best; at most "
        f"{found.request.limit} are shown. Counts are of the words alone.</p></section>"
    )


def nothing(found: Searched) -> str:
    """Return that nothing was found, and what can be tried."""
    others = found.counts.statuses
    elsewhere = sum(count for status, count in others.items() if status != found.request.status)
    more = f" {elsewhere:,} texts of other days have these words." if elsewhere else ""
    return (
        '<section class="declined" role="status"><h2>Nothing was found</h2><p>No provision with '
        f"these words and filters.{more} Use the words of the statute, or fewer filters.</p>"
        "</section>"
    )


def line(found: FoundLine, day: date) -> str:
    """Return one provision: act, number, days, passage with the words marked, link to the law."""
    read = found.valid_from if found.status != "in_force" else day
    link = _link(found.provision, read)
    language = escaped(found.language)
    heading = f'<h4 lang="{language}">{escaped(found.heading)}</h4>' if found.heading else ""
    days = interval_words(Interval(start=found.valid_from, end=found.valid_to))
    when = "In force" if found.status == "in_force" else f"{STATUS_WORDS[found.status]}:"
    cited = '<span class="chip">Cited</span>' if found.cited else ""
    return (
        f'<article class="card found {found.status}"><div class="top"><div class="names">'
        f'<span class="work">{escaped(place_title(found.jurisdiction))} · {escaped(found.title)}'
        f'</span><h3 class="label"><a href="{link}">{escaped(found.label)}</a></h3></div>{cited}'
        f'<span class="chip">{escaped(when)} {escaped(days)}</span></div>{heading}'
        f'<p class="text" lang="{language}">{_passage(found.passage)}</p></article>'
    )


def _passage(shown: Snippet) -> str:
    parts, reached = ["… " if shown.cut_before else ""], 0
    for start, end in shown.highlights:
        parts += [
            escaped(shown.text[reached:start]),
            f"<mark>{escaped(shown.text[start:end])}</mark>",
        ]
        reached = end
    return "".join([*parts, escaped(shown.text[reached:]), " …" if shown.cut_after else ""])


def _link(provision: str, day: date) -> str:
    return escaped(f"law?{urlencode(write_place(Place(provision=provision), day))}")
