"""Documents that changed a part, in the order in which they are based on each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from lxml import etree

from corpus.act_report import Observation
from corpus.errors import Place, SourceError
from corpus.sources import OnFault
from corpus.sources.overlay import Overlay, UnreliableText
from corpus.sources.xml.xml_reading import iso_day, read_xml, squeeze

EREGS = "{eregs}"
Key = tuple[str, date]
"""A Federal Register document number and an effective date; a document may have several."""

_ADDRESS = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/([\w-]+)/")


@dataclass(frozen=True)
class Document:
    """One document on one of its effective dates.

    ``left`` is the text it amends: a number and, if the notice gives it, an effective date.
    ``text`` and ``notice`` are its readable files. ``upstream`` keeps rejected values of the head,
    ``distrust`` says which text to reject.
    """

    number: str
    effective: date
    published: date | None
    left: tuple[str, date | None] | None
    text: Path | None
    notice: Path | None
    url: str | None
    upstream: Mapping[str, str] = field(default_factory=dict)
    distrust: tuple[UnreliableText, ...] = ()

    @property
    def key(self) -> Key:
        """Return the key that is unique within the part."""
        return (self.number, self.effective)

    @property
    def name(self) -> str:
        """Return the document's citation."""
        return f"FR Doc. {self.number}"

    @property
    def file(self) -> Path:
        """Return its text file, else its notice."""
        found = self.text or self.notice
        assert found is not None
        return found


def read_documents(
    folder: Path, part: str, overlay: Overlay, on_fault: OnFault, seen: Observation
) -> tuple[Document, ...]:
    """Read the heads of a part's documents and sort them (:func:`in_order`).

    An unreadable file goes to ``on_fault`` if the document's other file is readable. A notice's
    ``left`` that both dates contradict is noted in ``seen`` and replaced.

    Raises:
        SourceError: neither file of a document can be read, two are the same document, or there is
            no order.
    """
    found: dict[Key, Document] = {}
    places = [folder / kind / part for kind in ("regulation", "notice")]
    for name in sorted({path.name for place in places for path in place.glob("*.xml")}):
        text, notice = (Head(folder, place / name, overlay) for place in places)
        document = _document(text, notice, on_fault)
        if document.key in found:
            problem = f"is the same document as {found[document.key].file.name}"
            raise SourceError(Place(str(document.file)), problem)
        found[document.key] = document
    return in_order([_believed(each, found.values(), seen) for each in found.values()])


def _believed(document: Document, others: Iterable[Document], seen: Observation) -> Document:
    """Return the document with a corrected ``left`` if that took effect and was published later.

    It then amends the last one that came before it by both dates.
    """
    left = amended(document, others)
    if left is None or left.effective <= document.effective:
        return document
    if not (left.published and document.published and left.published > document.published):
        return document
    problem = (
        f"{document.number} of {document.published}, in force on {document.effective}, says that "
        f"it amends {left.number} of {left.published}, in force on {left.effective}"
    )
    seen.note(Place(str(document.notice), field="leftDocumentNumber"), problem)
    reason = "both its days come before those of the document it names"
    upstream = {
        **document.upstream,
        "leftDocumentNumber": left.number,
        "leftDocumentNumber corrected because": reason,
    }
    earlier = [
        each
        for each in others
        if each.effective <= document.effective
        and (each.published or date.min) < document.published
    ]
    base = max(earlier, key=lambda d: (d.effective, d.published or date.min), default=None)
    named = (base.number, base.effective) if base else None
    return replace(document, left=named, upstream=upstream)


def _document(text: Head, notice: Head, on_fault: OnFault) -> Document:
    faults = [head.fault for head in (text, notice) if head.fault is not None]
    if text.root is None and notice.root is None:
        raise faults[0]
    for fault in faults:
        on_fault(fault)
    head = text if text.root is not None else notice
    number, effective = head.value("documentNumber"), head.day("effectiveDate")
    url = head.value("federalRegisterURL") or None
    return Document(
        number=number,
        effective=effective,
        published=_published(head, number, effective, url),
        left=notice.left(),
        text=text.path if text.root is not None else None,
        notice=notice.path if notice.root is not None else None,
        url=url,
        upstream=head.upstream | notice.upstream,
        distrust=text.distrust,
    )


def _published(head: Head, number: str, effective: date, url: str | None) -> date | None:
    """Return the date in the Federal Register URL; ``fdsys/date`` often repeats the effect."""
    said = head.day("fdsys/date")
    published: date | None
    match = _ADDRESS.search(url or "")
    if match and match[4] == number:
        published = iso_day(
            "-".join(match.groups()[:3]), head.root, "federalRegisterURL", head.path
        )
        reason = f"the Federal Register published {number} on {published}"
    else:
        published = said if said != effective else None
        reason = "it repeats the effective date and says nothing of publication"
    if published != said:
        head.upstream |= {"fdsys/date": str(said), "fdsys/date corrected because": reason}
    return published


def in_order(documents: Iterable[Document]) -> tuple[Document, ...]:
    """Sort documents by effect, then publication, but each after the one that it amends.

    Raises:
        SourceError: a document amends one that does not exist, documents amend each other in a
            circle, or one takes effect before the first.
    """
    waiting = sorted(documents, key=lambda d: (d.effective, d.published or date.min, d.number))
    lefts = {document.key: amended(document, waiting) for document in waiting}
    done: dict[Key, Document] = {}
    while waiting:
        ready = (d for d in waiting if (left := lefts[d.key]) is None or left.key in done)
        following = next(ready, None)
        if following is None:
            names = ", ".join(d.number for d in waiting)
            raise SourceError(Place(str(waiting[0].file)), f"amend each other in a circle: {names}")
        done[following.key] = following
        waiting.remove(following)
    first, *others = done.values()
    early = next((d for d in others if d.effective < first.effective), None)
    if early is not None:
        problem = f"takes effect on {early.effective}, before the first text ({first.effective})"
        raise SourceError(Place(str(early.file)), problem)
    return (first, *others)


def amended(document: Document, documents: Iterable[Document]) -> Document | None:
    """Return the document whose text a document amends; ``None`` without a notice.

    Raises:
        SourceError: that document does not exist.
    """
    if document.left is None:
        return None
    number, day = document.left
    matching = [
        d
        for d in documents
        if d.number == number and d.key != document.key and day in (None, d.effective)
    ]
    if not matching:
        place = Place(str(document.notice), field="leftDocumentNumber")
        raise SourceError(place, f"{document.number} amends {number}, which is not in the folder")
    earlier = [d for d in matching if d.effective <= document.effective]
    return max(earlier or matching, key=lambda d: d.effective)


class Head:
    """The head of a file, with the overlay applied; ``upstream`` collects corrected values."""

    def __init__(self, folder: Path, path: Path, overlay: Overlay) -> None:
        self.path, self.upstream = path, dict[str, str]()
        self.root: etree._Element | None = None
        self.fault: SourceError | None = None
        self._overlay, self._file = overlay, path.relative_to(folder).as_posix()
        self.distrust = tuple(d for d in overlay.distrust if d.file == self._file)
        try:
            self.root = read_xml(path) if path.exists() else None
        except SourceError as fault:
            self.fault = fault

    def value(self, tag: str) -> str:
        """Return the text of an element of the head, corrected; empty if there is none."""
        found = self._find(tag)
        return self._corrected(tag, squeeze(found.text or "") if found is not None else "")

    def day(self, tag: str) -> date:
        """Return a date of the head, corrected."""
        return iso_day(self.value(tag), self._find(tag), tag, self.path)

    def left(self) -> tuple[str, date | None] | None:
        """Return the document that the notice's changeset amends."""
        changeset = self._find("changeset")
        if changeset is None:
            return None
        number = self._corrected("leftDocumentNumber", changeset.get("leftDocumentNumber") or "")
        day = changeset.get("leftEffectiveDate")
        return number, day and iso_day(day, changeset, "leftEffectiveDate", self.path)

    def _find(self, tag: str) -> etree._Element | None:
        if self.root is None:
            return None
        path = "/".join(EREGS + step for step in tag.split("/"))
        return self.root.find(f".//{path}")

    def _corrected(self, field: str, written: str) -> str:
        correction = self._overlay.of(self._file, field, written)
        if correction is None:
            return written
        reason = f"{correction.reason} ({correction.by})"
        self.upstream |= {field: written, f"{field} corrected because": reason}
        return correction.value
