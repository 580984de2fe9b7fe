"""Ingesting is idempotent, survives a kill, and names the place of every fault."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import BadInputError, SourceError
from corpus.ingest import ingest
from corpus.model import Work, WorkHistory
from corpus.sources.jsonl import Jsonl, write_jsonl
from corpus.store import Store
from tests.corpus.build import WORK, history, version

Record = dict[str, Any]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'law.db'}", create=True) as opened:
        yield opened


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "law.jsonl"
    write_jsonl([history(version("1990-01-01", "2000-01-01"), version("2000-01-01"))], path)
    return path


def other_work(n: int) -> WorkHistory:
    """The widgets work again under another id."""
    text = history(version("1990-01-01")).model_dump_json()
    return WorkHistory.model_validate_json(text.replace("widgets-1990", f"gadgets-{n}"))


def spoil(path: Path, line: int, change: Callable[[Record], object]) -> None:
    lines = path.read_text().splitlines()
    record = json.loads(lines[line - 1])
    change(record)
    lines[line - 1] = json.dumps(record)
    path.write_text("\n".join(lines) + "\n")


def test_interchange_round_trip_is_exact(sound: Path) -> None:
    works = list(Jsonl(sound).works(on_fault=pytest.fail))
    assert works == [history(version("1990-01-01", "2000-01-01"), version("2000-01-01"))]


def test_second_ingest_writes_nothing(store: Store, sound: Path) -> None:
    assert ingest(Jsonl(sound), store).written == 1
    again = ingest(Jsonl(sound), store)
    assert (again.written, again.unchanged, again.faults) == (0, 1, ())


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        (3, lambda r: r.update(valid_to="1989-01-01"), "law.jsonl:3: interval ends 1989-01-01"),
        (3, lambda r: r.update(valid_from="1990-13-01"), "law.jsonl:3, field 'valid_from'"),
        (3, lambda r: r.update(valid_from=0), "field 'valid_from': a day is written as YYYY-MM-DD"),
        (3, lambda r: r.update(valid_to="86400"), "law.jsonl:3, field 'valid_to'"),
        (3, lambda r: r.pop("text"), "law.jsonl:3, field 'text': Field required"),
        (3, lambda r: r.update(colour="red"), "law.jsonl:3, field 'colour': Extra inputs"),
        (4, lambda r: r.update(valid_from="1995-01-01"), "law.jsonl:"),
        (3, lambda r: r.update(record="statute"), "field 'record': must be one of work,"),
        (1, lambda r: r.update(record="version"), "law.jsonl:1"),
    ],
)
def test_fault_names_its_place_and_changes_nothing(
    store: Store, sound: Path, line: int, change: Callable[[Record], object], message: str
) -> None:
    ingest(Jsonl(sound), store)
    before = store.corpus_hash()
    spoil(sound, line, change)
    report = ingest(Jsonl(sound), store)
    assert len(report.faults) >= 1
    assert message in report.faults[0]
    assert "\n" not in report.faults[0]
    assert store.corpus_hash() == before


def test_overlapping_versions_are_refused_with_their_line(store: Store, sound: Path) -> None:
    spoil(sound, 4, lambda r: r.update(valid_from="1999-12-31"))
    (fault,) = ingest(Jsonl(sound), store).faults
    assert "law.jsonl:4" in fault or "law.jsonl:3" in fault
    assert "overlap" in fault


@pytest.mark.parametrize(
    ("garbage", "message"),
    [
        (b'{"record": "version", "id": \n', ":5: not JSON"),
        (b'{"record": "version", "text": "\xff"}\n', ":5: not UTF-8"),
        (b"[1, 2]\n", ":5, field 'record'"),
        (b"[" * 100_000 + b"\n", ":5: not JSON"),
    ],
)
def test_malformed_line_is_named(store: Store, sound: Path, garbage: bytes, message: str) -> None:
    lines = sound.read_bytes().splitlines(keepends=True)
    sound.write_bytes(b"".join([*lines[:4], garbage, *lines[4:]]))
    (fault,) = ingest(Jsonl(sound), store).faults
    assert message in fault
    assert store.works() == []


def test_faulty_work_is_left_out_and_the_others_load(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "three.jsonl"
    write_jsonl([other_work(n) for n in range(3)], path)
    spoil(path, 7, lambda r: r.update(valid_from="soon"))
    report = ingest(Jsonl(path), store)
    assert len(report.faults) == 1
    assert [work.id for work in store.works()] == ["uk/gadgets-0", "uk/gadgets-2"]


def test_broken_work_line_does_not_spoil_the_work_before(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    write_jsonl([other_work(0), other_work(1)], path)
    spoil(path, 5, lambda r: r.update(id="no slash"))
    (fault,) = ingest(Jsonl(path), store).faults
    assert ":5, field 'id'" in fault
    assert [work.id for work in store.works()] == ["uk/gadgets-0"]


def test_strict_stops_at_the_first_fault(store: Store, sound: Path) -> None:
    spoil(sound, 3, lambda r: r.pop("text"))
    with pytest.raises(SourceError, match="field 'text'"):
        ingest(Jsonl(sound), store, strict=True)
    assert store.works() == []


def test_missing_file_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"nowhere\.jsonl: no such file"):
        Jsonl(tmp_path / "nowhere.jsonl")


def test_killed_run_leaves_whole_works_and_resumes(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    total = 300
    write_jsonl([other_work(n) for n in range(total)], path)
    code = (
        "import sys; from pathlib import Path; from corpus.ingest import ingest\n"
        "from corpus.store import Store; from corpus.sources.jsonl import Jsonl\n"
        "say = lambda done, total, title: print(done, flush=True)\n"
        "ingest(Jsonl(Path(sys.argv[1])), Store.open(sys.argv[2]), progress=say)"
    )
    url = store._engine.url.render_as_string()
    run = subprocess.Popen(
        [sys.executable, "-c", code, str(path), url], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    for _ in range(40):
        run.stdout.readline()
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    left = [store.work_history(work.id) for work in store.works()]
    assert 40 <= len(left) < total
    expected = {h.work.id: h for h in map(other_work, range(total))}
    assert all(work == expected[work.work.id] for work in left if work)
    report = ingest(Jsonl(path), store)
    assert (report.unchanged, report.written) == (len(left), total - len(left))


def test_work_model_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        WORK.title = "Other"  # type: ignore[misc]
    assert isinstance(WORK, Work)
