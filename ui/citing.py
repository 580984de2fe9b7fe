"""A citation in the forms of published guides and as identifiers, from what the store holds.

A form that would need something that the store does not hold is left out; nothing is guessed.
Sources: OSCOLA, 4th edition, 2.4 (statutes), 2.5 (statutory instruments), 2.6 (EU legislation) and
2.8 (other jurisdictions); The Bluebook, 21st edition, rules 12.3 (U.S.C.) and 14.2 (C.F.R.), table
T1.2; the URI schemes of legislation.gov.uk, of EUR-Lex (ELI) and of LegalDocML.de (ELI); the
Akoma Ntoso naming convention 1.0 of OASIS, sections 4 and 5. Examples that libraries and publishers
print of each are in the tests, with their pages.
"""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlsplit

from corpus.force_words import citation_in_force
from corpus.model import Citation, Frozen, SourceRef, Work
from corpus.territories import territory_words
from ui.languages.catalogue import SOURCE, in_language
from ui.words import day_words


class CitationForm(Frozen):
    """A citation in one form: the name of the form, and the text to copy."""

    name: str
    text: str


def citation_forms(citation: Citation, work: Work, source: SourceRef) -> tuple[CitationForm, ...]:
    """Return the forms that a citation has: plain text first, then guides, then identifiers.

    They are those of the guides, in English, whatever the reader's language.
    """
    with in_language(SOURCE):
        found = (
            ("Plain", plain(citation, work)),
            ("OSCOLA", oscola(citation, work)),
            ("Bluebook", bluebook(citation, work)),
            (_eli_name(work), eli(citation, work, source)),
            ("Akoma Ntoso", akoma_ntoso(citation, work, source)),
        )
    return tuple(CitationForm(name=name, text=text) for name, text in found if text is not None)


def plain(citation: Citation, work: Work) -> str:
    """Return title, number and official citation, the governing date and the interval."""
    official = "" if work.citation == work.title else f" ({work.citation})"
    force = citation_in_force(citation).written(day_words)
    day = day_words(citation.as_at)
    return f"{work.title}, {citation.label}{official}, as at {day} (in force {force})"


# -- guides --------------------------------------------------------------------------------------


def oscola(citation: Citation, work: Work) -> str | None:
    """Return the citation by OSCOLA; ``None`` for a work whose form it does not give.

    UK acts: short title and year, then the section (2.4). UK instruments: title and number in the
    series SI, SSI or SR (2.5). EU: type, number, title, then year, series, issue and page of the
    Official Journal (2.6.1). Elsewhere as cited there, without full stops, and the jurisdiction
    (2.8).
    """
    place = _without_stops(citation.label)
    if work.jurisdiction == "uk":
        return f"{_name_in_uk(work)}, {place}"
    if work.jurisdiction == "eu":
        journal = _JOURNAL.fullmatch(work.citation)
        if journal is None:
            return None
        act, series, issue, year, page = journal.groups()
        title = f" ({work.title})" if work.title not in act else ""
        return f"{act}{title} [{year}] OJ {series}{issue}/{page}, {place.lower()}"
    if work.jurisdiction in _AS_CITED_THERE:
        return f"{work.title}, {place} ({territory_words(work.jurisdiction, None)})"
    return None


_AS_CITED_THERE = {"fr", "de", "es", "ee"}
_JOURNAL = re.compile(r"(.+) \(OJ ([LC]) (\d+), \d{1,2}\.\d{1,2}\.(\d{4}), p\. (\d+)\)")
_INSTRUMENT = re.compile(r"(S\.?S\.?I|S\.?I|S\.?R)\.? (?:No\.? )?(\d{4}/\d+)")


def _name_in_uk(work: Work) -> str:
    """Return the short title; for a statutory instrument without its article, with its number.

    Scottish instruments are numbered in the series SSI, Northern Irish rules in SR.
    """
    found = _INSTRUMENT.match(work.citation)
    if found is None:
        return work.title
    series, number = found.groups()
    return f"{work.title.removeprefix('The ')}, {series.replace('.', '')} {number}"


def _without_stops(label: str) -> str:
    """Return a number without the full stops of its abbreviations: ``art. R. 1-2``, ``art R 1-2``.

    A stop inside a number (``reg 4.2``) stays.
    """
    return re.sub(r"(?<=[^\W\d])\.(?!\d)", "", label)


def bluebook(citation: Citation, work: Work) -> str | None:
    """Return the citation by the Bluebook; ``None`` outside the codes of the United States.

    United States Code: title and section, without a year (12.3.2). Code of Federal Regulations:
    title, section, and the year of an edition that has the cited text (14.2), as a Treasury
    regulation in title 26 (table T1.2); ``None`` where no edition has it.
    """
    section = re.fullmatch(r"§ ?(\S+)", citation.label)
    if work.jurisdiction != "us" or section is None:
        return None
    code = re.match(r"(\d+) U\.S\.C\.", work.citation)
    if code is not None:
        return f"{code[1]} U.S.C. § {section[1]}"
    rules = re.match(r"(\d+) C\.?F\.?R\.?", work.citation)
    edition = _edition(int(rules[1]), citation) if rules else None
    if rules is None or edition is None:
        return None
    name = "Treas. Reg." if rules[1] == _TREASURY else f"{rules[1]} C.F.R."
    return f"{name} § {section[1]} ({edition})"


_TREASURY = "26"


def _edition(title: int, citation: Citation) -> int | None:
    """Return the year of the edition of the C.F.R. that has the text in force on ``as_at``.

    The titles are revised once a year: 1 to 16 as of 1 January, 17 to 27 as of 1 April, 28 to 41
    as of 1 July, 42 to 50 as of 1 October. The last edition up to ``as_at`` comes before the next.
    """
    month = next(month for last, month in ((16, 1), (27, 4), (41, 7), (50, 10)) if title <= last)
    before = citation.as_at.year - (citation.as_at.month < month)
    editions = (before, before + 1)
    return next((year for year in editions if date(year, month, 1) in citation.valid), None)


# -- identifiers ---------------------------------------------------------------------------------


def _eli_name(work: Work) -> str:
    return "legislation.gov.uk URI" if work.jurisdiction == "uk" else "ELI"


def eli(citation: Citation, work: Work, source: SourceRef) -> str | None:
    """Return the European Legislation Identifier, or legislation.gov.uk's URI of the day.

    ``None`` where the store has no official page from which it follows. Legifrance's ELI names an
    act by its date and NOR number, which the store does not hold.
    """
    if work.jurisdiction == "uk":
        path = _uk_path(source)
        return f"http://www.legislation.gov.uk/{path}/{citation.as_at}" if path else None
    if work.jurisdiction == "eu":
        return _eu_eli(citation, source)
    if german := _GERMAN.fullmatch(work.id):
        return "eli/bund/{}/{}/{}".format(*german.groups())
    return None


_GERMAN = re.compile(r"de/(bgbl-[12])-(\d{4})-(s\d+|\d+)")


def _uk_path(source: SourceRef) -> str | None:
    """Return the path of an official page of legislation.gov.uk, without ``id/`` and a day."""
    url = urlsplit(source.url or "")
    path = re.fullmatch(r"/(?:id/)?([a-z]+/[\w-]+(?:/[\w-]+)?/\d+(?:/[a-z]+/[\w/-]+)?)", url.path)
    official = url.hostname in {"www.legislation.gov.uk", "legislation.gov.uk"}
    return path[1] if official and path else None


def _eu_eli(citation: Citation, source: SourceRef) -> str | None:
    url = re.fullmatch(
        r"https?://(?:eur-lex|data)\.europa\.eu/(eli/\w+/\d{4}/\d+)(?:/oj)?", source.url or ""
    )
    article = re.fullmatch(r"[Aa]rt\.? (\d+\w?)", citation.label)
    if url is None:
        return None
    part = f"/art_{article[1]}" if article else ""
    return f"http://data.europa.eu/{url[1]}{part}/oj"


def akoma_ntoso(citation: Citation, work: Work, source: SourceRef) -> str | None:
    """Return the IRI of the cited expression: country, type, year, number, language, first day.

    The country is the code of ISO 3166-1 that the convention asks for, ``gb``.

    ``None`` unless the official page of a UK act or instrument names its type, year and number.
    """
    path = _uk_path(source) if work.jurisdiction == "uk" else None
    parts = re.match(r"([a-z]+)/(\d{4})/(\d+)(?:/([a-z]+)/(\w+)$)?", path or "")
    if parts is None:
        return None
    kind, year, number, level, place = parts.groups()
    element = f"/~{_ELEMENTS[level]}_{place}" if level in _ELEMENTS else ""
    return f"/akn/gb/act/{kind}/{year}/{number}/eng@{citation.valid_from}{element}"


_ELEMENTS = {"section": "sec", "article": "art", "regulation": "reg", "rule": "rule"}
