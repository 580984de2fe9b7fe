"""What the tests of the XML sources share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import SourceError
from corpus.model import Version, WorkHistory
from corpus.resolve import Resolution, resolve
from corpus.sources.jsonl import write_jsonl

GOLDEN = Path(__file__).parent / "golden"
SHARED = Path(__file__).parents[2] / "../shared/corpora"


def shared(name: str) -> Path:
    """Return a folder of the shared corpora, or skip."""
    if not (SHARED / name).is_dir():
        pytest.skip(f"needs the shared corpora: {name} is not beside the repository")
    return SHARED / name


def no_fault(error: SourceError) -> None:
    raise error


def ask(
    history: WorkHistory,
    label: str,
    as_at: str,
    known_at: str | None = None,
    extent: str | None = None,
) -> Resolution:
    provision = next(p for p in history.provisions if p.labels[0].text == label)
    known = date.fromisoformat(known_at) if known_at else None
    return resolve(history.of(provision), date.fromisoformat(as_at), known, extent=extent)


def text(resolution: Resolution) -> str:
    assert isinstance(resolution, Version), resolution
    return resolution.text


def assert_rows(histories: Iterable[WorkHistory], name: str, scratch: Path) -> None:
    """Check works against ``golden/<name>/expected.jsonl``."""
    write_jsonl(histories, scratch / "rows.jsonl")
    made, expected = (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in (scratch / "rows.jsonl", GOLDEN / name / "expected.jsonl")
    )
    assert made == expected


def change(path: Path, old: str, new: str) -> None:
    """Replace what stands in a file."""
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new), encoding="utf-8")
