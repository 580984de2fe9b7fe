"""CLML, the XML of legislation.gov.uk: United Kingdom acts and instruments at points in time.

A file is an act, or a part of one, as it stood on a date. Sections, regulations, articles and
paragraphs of schedules are the provisions. ``RestrictStartDate`` and ``RestrictEndDate`` (the day
after the last), ``RestrictExtent``, ``Status`` and ``Match`` may be on any level and hold for the
elements below, unless one of these overrides them. Concurrent texts for different territories are
in ``<Versions>`` and are found through ``AltVersionRefs``.

A text without an end is known up to the date on which the file was last modified. An as-enacted or
as-made text is known for its first day only, since later amendments are not in the file. Several
files of one act are read as one work.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lxml import etree

from corpus.act_report import Observation
from corpus.errors import Place, SourceError
from corpus.model import Work, WorkHistory
from corpus.sources.jsonl import modelling
from corpus.sources.uk.clml_provisions import ClmlHead, read_statements
from corpus.sources.xml.statements import (
    Statement,
    refuse_doubles,
    without_stillborn,
    work_history,
)
from corpus.sources.xml.xml_folder import XmlFolder
from corpus.sources.xml.xml_reading import (
    iso_day,
    local,
    read_xml,
    squeeze,
)

_URI = re.compile(
    r"legislation\.gov\.uk/(?:id/)?([a-z]+)/((?:[A-Za-z][\w-]*/)?\d[\d-]*)/(\d+)(?=/|$)"
)
_POINT = re.compile(r"/(\d{4}-\d{2}-\d{2})(?:/|$)")
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CITED = {
    "ukpga": "{year} c. {number}",
    "asp": "{year} asp {number}",
    "anaw": "{year} anaw {number}",
    "mwa": "{year} nawm {number}",
    "nia": "{year} c. {number} (N.I.)",
    "uksi": "S.I. {year}/{number}",
    "wsi": "S.I. {year}/{number} (W.)",
    "ssi": "S.S.I. {year}/{number}",
}


@dataclass(frozen=True)
class _File:
    """Content of one file. ``points`` are the dates for which the publisher has other texts."""

    path: Path
    work: Work
    statements: Sequence[Statement]
    points: Sequence[str]


class Clml(XmlFolder[_File]):
    """A folder of CLML files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "clml 1", _read, _history)


def _history(files: Sequence[_File], noted: Observation) -> WorkHistory:
    newest = max(files, key=lambda file: max(s.seen for s in file.statements))
    points = sorted({point for file in files for point in file.points})
    note = f"The publisher dates texts of {', '.join(points)}." if points else None
    statements = [statement for file in files for statement in file.statements]
    with modelling(newest.path):
        return work_history(newest.work, without_stillborn(statements, noted), note=note)


def _read(path: Path, folder: Path) -> _File:
    """Read one file.

    Raises:
        SourceError: it is not CLML, holds no provision, or a date or a name is missing or invalid.
    """
    root = read_xml(path)
    if local(root) not in ("Legislation", "Fragment"):
        raise SourceError(Place(str(path), 1), f"is <{local(root)}>, not a CLML document")
    header = _Header(root, path, folder)
    with modelling(path):
        work = header.work()
        statements = list(read_statements(root, header.head()))
    refuse_doubles(statements, path)
    if not statements:
        raise SourceError(Place(str(path)), f"holds no text of {work.title}, only metadata")
    return _File(path, work, statements, header.points())


class _Header:
    """The metadata of a file."""

    def __init__(self, root: etree._Element, path: Path, folder: Path) -> None:
        self.root, self.path = root, path
        self.file = path.relative_to(folder).as_posix()
        self.uri = root.get("IdURI") or root.get("DocumentURI") or ""

    def head(self) -> ClmlHead:
        """Return the data that hold for all provisions of the file."""
        unapplied = sum(1 for _ in self.root.iter("{*}UnappliedEffect"))
        tasks = sum(a.get("Status") == "ToDo" for a in self.root.iter("{*}Amendment"))
        return ClmlHead(
            path=self.path,
            file=self.file,
            language=self._language(),
            seen=self._seen(),
            final=self._value("DocumentStatus") == "final",
            enacted=self._day("EnactmentDate") or self._day("Made"),
            commencement=self._commencement(),
            unapplied=unapplied + tasks,
        )

    def work(self) -> Work:
        """Return the work that the file is a text of."""
        match = _URI.search(self.uri)
        if match is None:
            raise SourceError(Place(str(self.path), 1, "IdURI"), f"'{self.uri}' names no work")
        kind, year, number = match.groups()
        title = self._title()
        repealed = title.endswith(" (repealed)")
        cited = _CITED.get(kind, f"{kind} {{year}}/{{number}}")
        title = title.removesuffix(" (repealed)")
        return Work(
            id=f"uk/{kind}-{year.replace('/', '-')}-{number}",
            jurisdiction="uk",
            language=self._language(),
            kind="act" if self._value("DocumentCategory") == "primary" else "instrument",
            title=title,
            aliases=(title.removeprefix("The "),) if title.startswith("The ") else (),
            citation=cited.format(year=year, number=number),
            source="legislation.gov.uk",
            licence="Open Government Licence v3.0",
            note="The publisher marks the whole as repealed." if repealed else None,
        )

    def _language(self) -> str:
        return self.root.get(_LANG) or self._text("language") or "en"

    def _seen(self) -> date:
        """Return the date on which the file last changed, else the date of its text."""
        modified = self.root.find(".//{*}Metadata/{*}modified")
        if modified is not None:
            return iso_day(modified.text, modified, "dc:modified", self.path)
        point = _POINT.search(self.root.get("DocumentURI") or "")
        return iso_day(point[1] if point else None, self.root, "dc:modified", self.path)

    def _commencement(self) -> date | None:
        """Return the one date on which the whole act came into force, or ``None``."""
        days = self.root.findall(".//{*}Metadata//{*}ComingIntoForce/{*}DateTime")
        if len(days) != 1:
            return None
        return iso_day(days[0].get("Date"), days[0], "ComingIntoForce", self.path)

    def points(self) -> list[str]:
        """Return the dates for which the publisher lists other texts."""
        links = self.root.iter("{http://www.w3.org/2005/Atom}link")
        versions = (link for link in links if link.get("rel", "").endswith("/hasVersion"))
        titles = (link.get("title") or "" for link in versions)
        return [title for title in titles if title[:1].isdigit()]

    def _title(self) -> str:
        title = self._text("title")
        if not title:
            found = next(self.root.iter("{*}PrimaryPrelims", "{*}SecondaryPrelims"), None)
            title = squeeze("".join(found.find("{*}Title").itertext())) if found is not None else ""
        return title

    def _text(self, tag: str) -> str:
        return squeeze(self.root.findtext(f".//{{*}}Metadata/{{*}}{tag}") or "")

    def _value(self, tag: str) -> str | None:
        found = self.root.find(f".//{{*}}Metadata//{{*}}{tag}")
        return None if found is None else found.get("Value")

    def _day(self, tag: str) -> date | None:
        found = self.root.find(f".//{{*}}Metadata//{{*}}{tag}")
        return None if found is None else iso_day(found.get("Date"), found, tag, self.path)
