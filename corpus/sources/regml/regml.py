"""RegML, the XML of the CFPB's eRegulations: parts of the Code of Federal Regulations.

A folder holds ``regulation/<part>/<document>.xml``, the whole text after a Federal Register
document, and ``notice/<part>/<document>.xml``, the document as a changeset of the text named in
``left``. A document with several effective dates has a file for each.

- The ``left`` document orders the documents of one date, and those based on one that takes effect
  later. A document changed the provisions whose text differs from that of its ``left``; a text
  never takes effect before one that it is based on.
- A text that is missing or unreadable is rebuilt from its notice. If that fails, the error is
  reported and the dates until the next whole text are a gap.
- The record ends on the date of the copy, the overlay's ``snapshot``; without one, with the newest
  document. A text that takes effect later is kept as announced, without a date, since the record
  cannot know whether it took effect then.
- A ``left`` document that both took effect and was published later than the document is wrong and
  is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from corpus.act_report import Observation, from_rows
from corpus.errors import Place, SourceError
from corpus.history.identity import provision_id
from corpus.history.placing import placements
from corpus.history.timeline import PublishedState, version_rows
from corpus.model import (
    Commencement,
    Coverage,
    DateBasis,
    EndReason,
    Provision,
    ProvisionNumber,
    SourceRef,
    Version,
    Work,
    WorkHistory,
)
from corpus.sources import OnFault
from corpus.sources.jsonl import modelling
from corpus.sources.overlay import BUILT_IN, Overlay, read_overlay
from corpus.sources.regml.regml_chain import Chain, Standing, follow
from corpus.sources.regml.regml_changes import label_order
from corpus.sources.regml.regml_documents import Document, Head, read_documents
from corpus.sources.regml.regml_text import Unit
from corpus.sources.xml.xml_reading import fingerprint, links_out, place_of, xml_files

_KINDS = ("section", "appendix", "supplement", "comment")
_OWN_OVERLAY = "overlay.toml"
_SMALL_WORDS = re.compile(r"(?<=\s)(And|At|For|In|Of|On|Or|The|To|Under)\b")


class Regml:
    """A folder of RegML. ``overlay`` corrects it and gives the date of the copy.

    Without one, ``overlay.toml`` in the folder is used, else the built-in one that names files of
    the folder, else none.
    """

    def __init__(self, folder: Path, overlay: Path | None = None) -> None:
        self._folder, self._files = folder, xml_files(folder)
        self._overlay = _overlay_of(folder, overlay)
        self._last: WorkHistory | None = None
        self._seen = Observation()

    @property
    def name(self) -> str:
        """Return the folder's name."""
        return self._folder.name

    def fingerprint(self) -> str:
        """Return a hash of the files and the overlay."""
        return fingerprint(self._folder, self._files, self._overlay.model_dump_json())

    def count(self) -> int | None:
        """Return the number of parts."""
        return len(self._parts())

    def place(self, subject_id: str) -> Place:
        """Return where a record of the work last yielded was read."""
        return place_of(self._last, subject_id, self._folder)

    def observed(self, work_id: str) -> Observation | None:
        """Return what was noted of the part last yielded, if it is this one."""
        return self._seen if self._last is not None and self._last.work.id == work_id else None

    def works(self, on_fault: OnFault) -> Iterator[WorkHistory]:
        """Yield the parts one by one; one whose documents cannot be put in order is a fault."""
        for fault in links_out(self._folder):
            on_fault(fault)
        for path in self._files:
            if self._part(path) is None:
                problem = "lies neither in regulation/PART nor in notice/PART and is not read"
                on_fault(SourceError(Place(str(path)), problem))
        for part in self._parts():
            self._seen = Observation()
            try:
                self._last = self._history(part, on_fault)
            except SourceError as fault:
                on_fault(fault)
            else:
                yield self._last

    def _parts(self) -> list[str]:
        """Return the names of the folders that hold documents."""
        return sorted({part for path in self._files if (part := self._part(path))})

    def _part(self, path: Path) -> str | None:
        """Return the part that a file belongs to, by its path, or ``None``."""
        steps = path.relative_to(self._folder).parts
        is_document = len(steps) == 3 and steps[0] in ("regulation", "notice")
        return steps[1] if is_document else None

    def _history(self, part: str, on_fault: OnFault) -> WorkHistory:
        documents = read_documents(self._folder, part, self._overlay, on_fault, self._seen)
        record = _Record(
            self._folder, documents, follow(documents, on_fault), self._day_of_copy(documents)
        )
        with modelling(documents[-1].file):
            history = record.history(_work(Head(self._folder, record.latest.file, self._overlay)))
        counted = from_rows(history)
        self._seen.states, self._seen.unchanged = len(documents), counted.unchanged
        return history

    def _day_of_copy(self, documents: Sequence[Document]) -> date:
        """Return the date of the copy, after which the record is unknown.

        A copy that holds a document published later was made later.
        """
        days = [d.published or d.effective for d in documents]
        newest = max(days) + timedelta(days=1)
        told = self._overlay.snapshot
        return max(told, newest) if told is not None else newest


def _overlay_of(folder: Path, named: Path | None) -> Overlay:
    """Return the named overlay, the folder's own, or the built-in one that fits."""
    own = folder / _OWN_OVERLAY
    if named is not None or own.is_file():
        return read_overlay(named or own)
    for path in sorted(BUILT_IN.glob("*.toml")):
        built_in = read_overlay(path)
        if any((folder / file).is_file() for file in built_in.files):
            return built_in
    return Overlay()


def _work(head: Head) -> Work:
    title, part, letter = (head.value(tag) for tag in ("cfrTitleNum", "cfr/section", "regLetter"))
    name = head.value("fdsys/title")
    if name.isupper():
        name = _SMALL_WORDS.sub(lambda match: match[0].lower(), name.title())
    short = (f"Regulation {letter}", f"Reg {letter}", f"Reg. {letter}") if letter else ()
    return Work(
        id=f"us/{title}-cfr-{part}",
        jurisdiction="us",
        language="en",
        kind="regulation",
        title=f"{name} (Regulation {letter})" if letter else name,
        aliases=(*short, f"{title} CFR {part}", f"{title} C.F.R. Part {part}"),
        citation=f"{title} CFR Part {part}",
        source="CFPB, regulations-xml",
        licence="Public domain (17 U.S.C. 105)",
    )


class _Record:
    """Rows of a part, made after its documents were read. The record stops at ``end``."""

    def __init__(
        self, folder: Path, documents: Sequence[Document], chain: Chain, end: date
    ) -> None:
        self._folder, self._documents, self._chain, self._end = folder, documents, chain, end
        whole = [d for d in documents if d not in chain.missing and d.text is not None]
        if not whole:
            raise SourceError(Place(str(documents[0].file)), "no whole text of the part is there")
        self.latest = whole[-1]
        self._gaps = list(self._find_gaps())

    def history(self, work: Work) -> WorkHistory:
        provisions: list[Provision] = []
        versions: list[Version] = []
        for key, changes in sorted(self._chain.changes.items(), key=_order):
            provision = self._provision(work.id, len(provisions), changes)
            states = [self._state(c) for c in changes if c.effective < self._end]
            states += self._unknown(key)
            provisions.append(provision)
            versions += version_rows(provision.id, states, language="en")
            versions += self._announced(provision.id, changes)
            versions += self._doubted(provision.id, changes)
        return WorkHistory(
            work=work,
            provisions=tuple(provisions),
            versions=tuple(versions),
            coverage=tuple(self._coverage(work.id)),
        )

    def _provision(self, work_id: str, order: int, changes: Sequence[Standing]) -> Provision:
        unit, since = _first_unit(changes), changes[0].effective
        return Provision(
            id=provision_id(work_id, unit.label, since),
            work_id=work_id,
            kind=unit.kind,
            order=order,
            labels=(
                ProvisionNumber(text=unit.label, valid_from=since if since < self._end else None),
            ),
            placements=placements(
                (change.effective, change.unit.divisions) for change in changes if change.unit
            ),
        )

    def _state(self, change: Standing, since: date | None = None) -> PublishedState:
        upstream, unit = _upstream(change), change.unit
        return PublishedState(
            valid_from=since or change.effective,
            text=unit.text if unit and not unit.doubt else None,
            heading=unit.heading if unit else None,
            gone=EndReason.UNKNOWN if unit and unit.doubt else EndReason.REPEALED,
            published=change.published,
            introduced_by=change.document.name,
            date_basis=DateBasis.OVERLAY if "effectiveDate" in upstream else DateBasis.METADATA,
            source=self._source(change),
            upstream=upstream,
            note=_note(change),
        )

    def _source(self, change: Standing) -> SourceRef:
        return SourceRef(
            file=change.document.file.relative_to(self._folder).as_posix(),
            locator=change.unit.key if change.unit else None,
            url=change.document.url,
        )

    def _find_gaps(self) -> Iterator[tuple[date, Document | None]]:
        """Yield the first day of each gap and the document whose whole text ends it, if any.

        A document without a text opens a gap; the next in order with a later date ends it.
        """
        closed = date.min
        for place, document in enumerate(self._documents):
            start = document.effective
            if document in self._chain.missing and closed <= start < self._end:
                later = (d for d in self._documents[place:] if start < d.effective < self._end)
                whole = next((d for d in later if d not in self._chain.missing), None)
                closed = whole.effective if whole else self._end
                yield start, whole

    def _unknown(self, key: str) -> Iterator[PublishedState]:
        """Yield states: the provision is unknown in the gaps and after the end, known between."""
        nowhere = SourceRef(file=self._folder.name)
        for day in (*(start for start, _ in self._gaps), self._end):
            yield PublishedState(valid_from=day, text=None, gone=EndReason.UNKNOWN, source=nowhere)
        for _, whole in self._gaps:
            standing = self._chain.after[whole.key].get(key) if whole else None
            if whole is not None and standing is not None:
                yield self._state(standing, since=whole.effective)

    def _coverage(self, work_id: str) -> Iterator[Coverage]:
        starts = [self._documents[0].effective, *(w.effective for _, w in self._gaps if w)]
        stops = [*(start for start, _ in self._gaps), self._end]
        for start, stop in zip(starts, stops, strict=False):
            if start < stop:
                yield Coverage(
                    work_id=work_id, covered_from=start, covered_to=stop, checked=self._end
                )

    def _doubted(self, provision_id: str, changes: Sequence[Standing]) -> Iterator[Version]:
        """Yield the texts that the overlay rejects, without commencement."""
        for change in changes:
            if change.unit is not None and change.unit.doubt is not None:
                yield Version(
                    id=f"{provision_id}@{change.effective}",
                    provision_id=provision_id,
                    language="en",
                    heading=change.unit.heading,
                    text=change.unit.text,
                    commencement=Commencement.UNKNOWN,
                    condition=change.unit.doubt,
                    published=change.published,
                    known_from=change.published,
                    source=self._source(change),
                    upstream=_upstream(change) | {"effectiveDate": str(change.effective)},
                )

    def _announced(self, provision_id: str, changes: Sequence[Standing]) -> Iterator[Version]:
        """Yield the texts with a date after the end, each until another replaced it."""
        ahead = [change for change in changes if change.effective >= self._end]
        for place, (change, following) in enumerate(pairwise([*ahead, None])):
            if change is None or change.unit is None:
                continue
            replaced = following.published if following else None
            if replaced is not None and replaced == change.published:
                continue
            earlier = sum(c.effective == change.effective for c in ahead[:place])
            yield Version(
                id=f"{provision_id}@{change.effective}" + (f"~{earlier + 1}" if earlier else ""),
                provision_id=provision_id,
                language="en",
                heading=change.unit.heading,
                text=change.unit.text,
                commencement=Commencement.TO_BE_FIXED,
                condition=f"the day published for it, {change.effective}, comes after this record "
                f"ends ({self._end})",
                introduced_by=change.document.name,
                published=change.published,
                known_from=change.published,
                known_to=replaced
                if following and following.effective == change.effective
                else None,
                source=self._source(change),
                upstream=_upstream(change),
                note=_note(change),
            )


def _order(item: tuple[str, Sequence[Standing]]) -> tuple[int, tuple[tuple[int, int, str], ...]]:
    key, changes = item
    return _KINDS.index(_first_unit(changes).kind), label_order(key)


def _first_unit(changes: Sequence[Standing]) -> Unit:
    return next(change.unit for change in changes if change.unit is not None)


def _note(change: Standing) -> str | None:
    """Return a note if the text is not the one that the source prints."""
    document, key = change.document, change.unit.key if change.unit else None
    if document.text is None:
        return f"Rebuilt from the changes that {document.name} makes to the text before it."
    for doubt in document.distrust:
        if doubt.use == "notice" and key in doubt.units:
            return f"Rebuilt from the changes of {document.name}: {doubt.reason} ({doubt.by})."
    return None


def _upstream(change: Standing) -> dict[str, str]:
    """Return the source's values that differ from the row, with the reason."""
    upstream = dict(change.document.upstream)
    days = {
        "effectiveDate": (change.document.effective, change.effective),
        "published": (change.document.published, change.published),
    }
    for field, (said, taken) in days.items():
        if said != taken:
            upstream[field] = str(said)
            upstream[f"{field} corrected because"] = f"it builds on a text of {taken}"
    return upstream
