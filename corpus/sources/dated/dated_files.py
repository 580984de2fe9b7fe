"""A folder of dated texts with an index and corrections; country details are in its dialect.

China's collection, Taiwan's snapshots and a company's own export are three dialects of this format
(:mod:`corpus.sources.dated.dated_dialect`); docs/dated-files.md documents the columns.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from pydantic import ValidationError

from corpus.act_report import Observation, from_rows
from corpus.errors import BadInputError, Place, SourceError
from corpus.model import Work, WorkHistory
from corpus.provision_numbers import label_key
from corpus.sources import OnFault
from corpus.sources.dated.dated_dialect import Act, Listing, Traced, read_listing
from corpus.sources.dated.dating import work_history
from corpus.sources.dated.editions_by_work import by_amending_acts, by_annals, by_index
from corpus.sources.dated.items import Item
from corpus.sources.dated.rows import Row, StillbornError, rows
from corpus.sources.dated.tables import Damaged, inside, read_text, records
from corpus.sources.dated.texts import read_document
from corpus.sources.own_process import works_elsewhere
from corpus.sources.time_limit import READING_SECONDS, can_be_stopped, time_limit
from corpus.validation import source_error

_UNFIT = re.compile(r"[\s@#]+")

Renumberings = dict[str, dict[date, dict[str, tuple[str, Place]]]]
"""By work and date: the key of a new number, the key of the old one, and the place."""


class DatedFiles:
    """One collection of dated files. Each work is read whole; a faulty one is left out.

    ``reading_seconds`` is the most that one work may take.
    """

    def __init__(
        self, root: Path, listing: Listing, *, reading_seconds: float = READING_SECONDS
    ) -> None:
        if not root.is_dir():
            raise BadInputError(f"{root}: no such folder")
        self._root = root
        self._listing = listing
        self._seconds = reading_seconds
        self._refused: dict[str, list[StillbornError]] = {}
        self._seen, self._seen_of = Observation(), ""
        self._parts = {part: name for name, act in listing.acts.items() for part in act.parts}

    @classmethod
    def open(cls, root: Path, dialect: str | Path) -> DatedFiles:
        """Open a folder with a dialect: a built-in name (``cn``) or a path.

        Raises:
            BadInputError: there is no such folder.
            SourceError: the dialect is missing or invalid.
        """
        return cls(root, read_listing(dialect))

    @property
    def name(self) -> str:
        """Return the dialect's name and the folder's."""
        return f"{self._listing.name} ({self._root.name})"

    def fingerprint(self) -> str:
        """Return a hash of the dialect, the tables and every file the index names."""
        digest = hashlib.sha256(self._listing.model_dump_json().encode())
        tables = [self._listing.index, self._listing.overlay]
        files = [table.file for table in tables if table]
        files += filter(None, [self._listing.corrections, self._listing.renumberings])
        with suppress(SourceError):
            files += [row.file for row in rows(self._root, self._listing) if isinstance(row, Row)]
        for file in files:
            try:
                data = inside(self._root, file, Place(file)).read_bytes()
            except (SourceError, OSError):
                data = b""
            digest.update(hashlib.sha256(file.encode() + b"\0" + data).digest())
        return digest.hexdigest()

    def count(self) -> int | None:
        """Return how many works the index names; ``None`` when it cannot be read."""
        try:
            return len(self._rows(lambda _: None))
        except SourceError:
            return None

    def works(self, on_fault: OnFault) -> Iterator[WorkHistory]:
        """Yield each work of the index with the history of its provisions."""
        if not can_be_stopped():
            again = partial(DatedFiles, self._root, self._listing, reading_seconds=self._seconds)
            for work, seen in works_elsewhere(again, self.name, on_fault):
                self._seen, self._seen_of = seen or Observation(), work.work.id
                yield work
            return
        try:
            with time_limit(self._seconds, Place(self._listing.index.file)):
                grouped = self._rows(on_fault)
                renumbered = _renumberings(self._root, self._listing.renumberings)
                shared = Counter(n for name in grouped for n in {name, *self._short(name)})
        except SourceError as error:
            on_fault(error)
            return
        given: set[str] = set()
        for name, own in grouped.items():
            try:
                with time_limit(self._seconds, own[0].at()):
                    history = self._history(name, own, grouped, renumbered, shared)
                if history.work.id in given:
                    problem = f"another work already has the id {history.work.id}"
                    raise SourceError(own[0].at("work"), problem)
                given.add(history.work.id)
                self._note(name, history)
                yield history
            except SourceError as error:
                on_fault(error)
            except ValidationError as error:
                on_fault(source_error(own[0].at(), error))
            except ValueError as error:
                on_fault(SourceError(own[0].at(), str(error)))

    def observed(self, work_id: str) -> Observation | None:
        """Return what was noted of the work last yielded, if it is this one."""
        return self._seen if self._seen_of == work_id else None

    # -- inside ----------------------------------------------------------------------------

    def _rows(self, on_fault: OnFault) -> dict[str, list[Row]]:
        """Return the rows by work; a work with an invalid row is left out."""
        grouped: dict[str, list[Row]] = defaultdict(list)
        faulty: set[str] = set()
        stillborn: list[tuple[str, StillbornError]] = []
        for row in rows(self._root, self._listing):
            if isinstance(row, Row):
                grouped[self._parts.get(row.work, row.work)].append(row)
                continue
            work, fault = row
            name = self._parts.get(work, work) if work else None
            if name is not None and isinstance(fault, StillbornError):
                stillborn.append((name, fault))
                continue
            faulty |= {name} if name else set()
            on_fault(fault)
        self._refused = defaultdict(list)
        for name, never in stillborn:
            if never.is_replaced(grouped.get(name, ())):
                self._refused[name].append(never)
            else:
                faulty.add(name)
                on_fault(never)
        return {name: own for name, own in grouped.items() if name not in faulty}

    def _note(self, name: str, history: WorkHistory) -> None:
        self._seen, self._seen_of = from_rows(history), history.work.id
        for never in self._refused.get(name, ()):
            self._seen.refuse(never)

    def _history(
        self,
        name: str,
        own: Sequence[Row],
        grouped: Mapping[str, Sequence[Row]],
        renumbered: Renumberings,
        shared: Counter[str],
    ) -> WorkHistory:
        act = self._listing.acts.get(name, Act())
        items = self._joined(act, own) if act.parts else [self._item(row) for row in own]
        work = self._work(name, act, items, shared)
        traced = next((t for t in self._listing.traced if t.work == name), None)
        if self._listing.chronology == "roc-annals":
            return work_history(by_annals(work, items))
        if traced is not None:
            return work_history(by_amending_acts(work, traced, items, self._acts(traced, grouped)))
        return work_history(by_index(work, act, items, renumbered.get(name, {})))

    def _item(self, row: Row) -> Item:
        text = read_text(self._root, row.file, row.at("file"))
        document = read_document(text, row.file, self._listing.layout, self._listing.header)
        return Item(row, document, self._listing)

    def _joined(self, act: Act, own: Sequence[Row]) -> list[Item]:
        """Join the parts of an act that is stored in several files.

        Raises:
            SourceError: a part is missing, or the parts take effect on different dates.
        """
        parts = sorted(own, key=lambda row: act.parts.index(row.work))
        if tuple(row.work for row in parts) != act.parts:
            missing = sorted(set(act.parts) - {row.work for row in parts})
            raise SourceError(own[0].at("work"), f"the act's parts are not complete: {missing}")
        if len({row.in_force_from for row in parts}) > 1:
            raise SourceError(parts[0].at("in_force_from"), "the act's parts differ in their day")
        items = [self._item(row) for row in parts]
        first = items[0]
        units = tuple(
            unit.model_copy(
                update={"file": item.row.file, "divisions": (item.row.work, *unit.divisions)}
            )
            for item in items
            for unit in item.document.units
        )
        corrected = {
            f"{row.work}, {key}": value
            for row in parts
            for key, value in row.upstream.items()
            if key.startswith("in_force_from")
        }
        upstream = {**first.row.upstream, **corrected}
        return [
            Item(
                first.row.model_copy(update={"upstream": upstream}),
                first.document.model_copy(update={"units": units}),
                self._listing,
            )
        ]

    def _acts(self, traced: Traced, grouped: Mapping[str, Sequence[Row]]) -> list[Item]:
        found = (rows for name, rows in grouped.items() if traced.amending.fullmatch(name))
        return [self._item(row) for own in found for row in own]

    # -- the work --------------------------------------------------------------------------

    def _work(self, name: str, act: Act, items: Sequence[Item], shared: Counter[str]) -> Work:
        listing, latest = self._listing, items[-1]
        row = latest.row
        title = act.title or latest.document.title or row.title or name
        short = [n for n in (name, *self._short(name)) if shared[n] == 1]
        extra = [alias for alias in (latest.document.alias,) if alias]
        aliases = [*short, *self._short(title), *act.aliases, *row.aliases, *extra]
        for field, value in (("jurisdiction", row.jurisdiction), ("language", row.language)):
            if not value:
                raise SourceError(row.at(field), "is empty, and the dialect gives none")
        return Work(
            id=f"{row.jurisdiction}/{_UNFIT.sub('-', name)}",
            jurisdiction=row.jurisdiction or "",
            language=row.language or "",
            kind=listing.kinds.get(row.kind or "", row.kind or "act"),
            title=title,
            aliases=tuple(a for a in dict.fromkeys(aliases) if a != title),
            citation=act.citation or row.citation or title,
            source=listing.source,
            licence=listing.licence,
            note=listing.note,
        )

    def _short(self, title: str) -> list[str]:
        """Return shorter forms of a title: each pattern removed, one after the other."""
        found = []
        for pattern in self._listing.strip:
            cut = pattern.sub("", title).strip()
            if cut and cut != title:
                found.append(cut)
                title = cut
        return found


def _renumberings(root: Path, file: str | None) -> Renumberings:
    """Read the table of known renumberings: ``work``, ``day``, ``from``, ``to``.

    Raises:
        SourceError: a field is missing or invalid, or numbers are exchanged in a circle.
    """
    found: Renumberings = defaultdict(lambda: defaultdict(dict))
    for line, record in records(root, file) if file and (root / file).exists() else ():
        if isinstance(record, Damaged):
            raise record.fault
        for field in ("work", "day", "from", "to"):
            if not record.get(field, "").strip():
                raise SourceError(Place(file or "", line, field), "is empty")
        try:
            day = date.fromisoformat(record["day"].strip())
        except ValueError:
            problem = f"'{record['day']}' is not a date like 2024-07-01"
            raise SourceError(Place(file or "", line, "day"), problem) from None
        moves = found[record["work"].strip()][day]
        old, new = label_key(record["from"]), label_key(record["to"])
        place = Place(file or "", line, "to")
        if new in moves or old in (source for source, _ in moves.values()):
            raise SourceError(place, "the number moves twice on that day")
        moves[new] = (old, place)
        _refuse_circle(moves, place)
    return found


def _refuse_circle(moves: Mapping[str, tuple[str, Place]], place: Place) -> None:
    try:
        TopologicalSorter({new: [old] for new, (old, _) in moves.items()}).prepare()
    except CycleError as error:
        circle = " > ".join(reversed(error.args[1]))
        raise SourceError(place, f"the numbers move in a circle ({circle})") from None
