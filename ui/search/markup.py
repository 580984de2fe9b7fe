"""HTML of the Search page. All text that is not our own markup is escaped."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from corpus.model import Interval
from retrieval.search import CitedLine, FoundLine, Searched
from retrieval.text.snippet import Snippet
from ui.languages.catalogue import SOURCE, said, word
from ui.law.address import Place, write_place
from ui.markup import escaped, told
from ui.words import interval_words, place_title


def counted_words(words: str, count: int) -> str:
    """Return the words of a choice with the number of provisions behind it."""
    return f"{words} ({said(count)})"


def citations(found: Searched) -> str:
    """Return what each citation in the search meant on the day."""
    lines = "".join(_citation(line, found.as_at) for line in found.citations)
    return (
        f'<section class="cited"><h2>{told("search.citations")}</h2><ul>{lines}</ul></section>'
        if lines
        else ""
    )


def _citation(line: CitedLine, day: date) -> str:
    name = escaped(line.citation)
    if line.provision is not None:
        name = f'<a href="{_link(line.provision, day)}">{name}</a>'
    status = told(f"resolved.{line.status}")
    return (
        f"<li><strong>{name}</strong> ({status}): "
        f'<span lang="{SOURCE}">{escaped(line.explanation)}</span></li>'
    )


def heading(found: Searched) -> str:
    """Return how many provisions are shown, and of which days."""
    key = f"search.found_{found.request.status}"
    title = word(key, count=len(found.found), day=found.as_at)
    return (
        f'<section class="closest"><h2>{escaped(title)}</h2>'
        f"<p>{told('search.order', limit=found.request.limit)}</p></section>"
    )


def nothing(found: Searched) -> str:
    """Return that nothing was found, and what can be tried."""
    others = found.counts.statuses
    elsewhere = sum(count for status, count in others.items() if status != found.request.status)
    more = [word("search.elsewhere", count=elsewhere)] if elsewhere else []
    text = " ".join([word("search.nothing"), *more, word("search.nothing_try")])
    return (
        f'<section class="declined" role="status"><h2>{told("search.nothing_title")}</h2>'
        f"<p>{escaped(text)}</p></section>"
    )


def line(found: FoundLine, day: date) -> str:
    """Return one provision: act, number, days, passage with the words marked, link to the law."""
    read = found.valid_from if found.status != "in_force" else day
    link = _link(found.provision, read)
    language = escaped(found.language)
    said_heading = f'<h4 class="heading" lang="{language}">{escaped(found.heading or "")}</h4>'
    heading = said_heading if found.heading else ""
    days = interval_words(Interval(start=found.valid_from, end=found.valid_to))
    when = word(f"search.days_{found.status}", days=days)
    cited = f'<span class="chip">{told("search.cited")}</span>' if found.cited else ""
    return (
        f'<article class="card found {found.status}"><div class="top"><div class="names">'
        f'<span class="work">{escaped(place_title(found.jurisdiction))} · {escaped(found.title)}'
        f'</span><h3 class="label"><a href="{link}">{escaped(found.label)}</a></h3></div>{cited}'
        f'<span class="chip">{escaped(when)}</span></div>{heading}'
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
