"""Rows of the index: each version under each number that its provision had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from corpus.model import Interval, Provision, ProvisionNumber, Version, WorkHistory
from corpus.store import Store
from retrieval.query import IndexedText


def indexed_texts(store: Store) -> Iterator[IndexedText]:
    """Yield every row that is in force on some date, work by work, in constant memory."""
    for history in store.histories():
        yield from work_texts(history)


def texts_of(store: Store, works: Iterable[str]) -> Iterator[IndexedText]:
    """Yield every row of some works; a work that the store no longer has yields none."""
    for work_id in sorted(works):
        history = store.work_history(work_id)
        if history is not None:
            yield from work_texts(history)


def work_texts(history: WorkHistory) -> Iterator[IndexedText]:
    """Yield the rows of one work. A version without commencement has none."""
    rows = defaultdict(list)
    for version in history.versions:
        if version.valid_from is not None:
            rows[version.provision_id].append(version)
    for provision in history.provisions:
        for n, version in enumerate(rows[provision.id]):
            for label in provision.labels:
                text = _under_label(history, provision, version, label, n)
                if text is not None:
                    yield text


def _under_label(
    history: WorkHistory, provision: Provision, version: Version, label: ProvisionNumber, n: int
) -> IndexedText | None:
    valid = version.valid.intersect(label.valid)
    known = version.known.intersect(label.known)
    if valid is None or known is None or valid.start is None or version.valid_from is None:
        return None
    work = history.work
    return IndexedText(
        key=_key(version, label, valid, n),
        version_id=version.id,
        provision_id=provision.id,
        work_id=work.id,
        work_title=work.title,
        aliases=work.aliases,
        jurisdiction=work.jurisdiction,
        language=version.language,
        extent=version.extent,
        kind=work.kind,
        label=label.text,
        heading=version.heading,
        text=version.text,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        known_from=known.start,
        known_to=known.end,
        row_from=valid.start,
        row_to=valid.end,
    )


def _key(version: Version, label: ProvisionNumber, valid: Interval, n: int) -> str:
    since = "" if label.known_from is None else f"~{label.known_from}"
    return f"{version.id}|{valid.start}|{n}{since}"
