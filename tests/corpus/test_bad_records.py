"""One bad record never stops an ingest: it is left out with its place, and the rest loads."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from corpus.errors import BadInputError, Place, SourceError
from corpus.ingest import ingest
from corpus.sources.dated.dated_dialect import read_listing
from corpus.sources.dated.dated_files import DatedFiles
from corpus.sources.git.git_markdown import GitMarkdown
from corpus.sources.git.markdown_dialect import read_dialect
from corpus.sources.jsonl import Jsonl, write_jsonl
from corpus.sources.regml.regml import Regml
from corpus.sources.time_limit import time_limit
from corpus.sources.uk.clml import Clml
from corpus.store import Store
from tests.corpus.build import history, version
from tests.corpus.commits import bundle, repository
from tests.corpus.xml_sources import GOLDEN

Record = dict[str, Any]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(f"sqlite:///{tmp_path / 'law.db'}", create=True)


def two_works(path: Path, spoil: Callable[[list[str]], None]) -> Jsonl:
    """A file of a spoilt work and a sound one after it."""
    write_jsonl([history(version("1990-01-01"))], path)
    sound = path.read_text(encoding="utf-8").replace("widgets-1990", "gadgets-1990")
    lines = path.read_text(encoding="utf-8").splitlines()
    spoil(lines)
    path.write_text("\n".join(lines) + "\n" + sound, encoding="utf-8")
    return Jsonl(path)


def set_field(line: int, field: str, written: str) -> Callable[[list[str]], None]:
    def spoil(lines: list[str]) -> None:
        record = json.loads(lines[line])
        record[field] = "@@"
        lines[line] = json.dumps(record).replace('"@@"', written)

    return spoil


@pytest.mark.parametrize(
    ("line", "field", "written"),
    [
        (1, "order", "9" * 5000),
        (1, "order", "1" + "0" * 26),
        (1, "order", "-" + "9" * 30),
        (1, "order", "1e400"),
        (1, "order", "NaN"),
        (2, "record", "{}"),
        (2, "record", "[]"),
        (2, "record", "null"),
        (2, "record", "7"),
        (0, "title", r'"Widgets \u0000 Act"'),
        (2, "text", r'"A \u0000 text"'),
        (2, "text", r'"A \ud800 text"'),
        (0, "title", r'"\udfff"'),
        (2, "note", r'"\ud83d"'),
        (2, "text", "[" * 100_000 + "]" * 100_000),
        (2, "valid_from", "99999999999999999999"),
        (2, "source", '{"file": "x\\u0000y"}'),
    ],
)
def test_one_bad_line_leaves_out_one_work(
    tmp_path: Path, store: Store, line: int, field: str, written: str
) -> None:
    source = two_works(tmp_path / "law.jsonl", set_field(line, field, written))
    report = ingest(source, store)
    assert (report.works, len(report.faults)) == (1, 1), report.faults
    assert "law.jsonl:" in report.faults[0]
    assert [work.id for work in store.works()] == ["uk/gadgets-1990"]


F04 = """
{"record":"work","id":"zz/ferry","jurisdiction":"zz","language":"en","kind":"act","title":"Ferry Act 1990","citation":"Ferry Act 1990","source":"made up"}
{"record":"provision","id":"zz/ferry#1","work_id":"zz/ferry","labels":[{"text":"s 1"}]}
{"record":"version","id":"zz/ferry#1@a","provision_id":"zz/ferry#1","language":"en","text":"Red.","valid_from":"1990-01-01","valid_to":"2000-01-01","ended":"superseded","source":{"file":"x"}}
{"record":"version","id":"zz/ferry#1@dead","provision_id":"zz/ferry#1","language":"en","text":"Green.","valid_from":"START","valid_to":"END","ended":"superseded","source":{"file":"x"}}
{"record":"version","id":"zz/ferry#1@b","provision_id":"zz/ferry#1","language":"en","text":"Blue.","valid_from":"2000-01-01","source":{"file":"x"}}
{"record":"coverage","work_id":"zz/ferry","covered_from":"1990-01-01","from_origin":true}
"""  # noqa: E501


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2000-01-01", "1999-12-24"),
        ("2000-01-01", "2000-01-01"),
        ("2005-01-01", "2000-01-01"),
        ("1995-01-01", "1990-01-01"),
        ("2010-01-01", "1950-01-01"),
        ("1990-01-01", "1989-12-31"),
    ],
)
def test_version_replaced_before_it_began_is_left_out_alone(
    tmp_path: Path, store: Store, start: str, end: str
) -> None:
    path = tmp_path / "ferry.jsonl"
    path.write_text(F04.replace("START", start).replace("END", end), encoding="utf-8")
    report = ingest(Jsonl(path), store)
    assert (report.works, report.faults) == (1, ())
    (kept,) = store.histories()
    assert [v.text for v in kept.versions] == ["Red.", "Blue."]
    (act,) = report.acts
    assert f"interval ends {end} but starts {start}" in act.refused[0].problem
    assert act.refused[0].place == f"{path}:5"


@pytest.mark.parametrize(
    ("start", "end"), [("1980-01-01", "1970-01-01"), ("1989-12-31", "1980-01-01")]
)
def test_version_whose_days_are_confused_leaves_no_silent_hole(
    tmp_path: Path, store: Store, start: str, end: str
) -> None:
    path = tmp_path / "ferry.jsonl"
    path.write_text(F04.replace("START", start).replace("END", end), encoding="utf-8")
    report = ingest(Jsonl(path), store)
    assert report.works == 0
    assert f"ferry.jsonl:5: interval ends {end} but starts {start}" in report.faults[0]


# XML ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["stray.xml", "regulation/stray.xml", "other/9001/stray.xml"])
def test_regml_file_outside_a_part_is_a_fault_of_its_own(tmp_path: Path, place: str) -> None:
    folder = Path(shutil.copytree(GOLDEN / "regml", tmp_path / "regml"))
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_text("<regulation/>", encoding="utf-8")
    faults: list[SourceError] = []
    assert len(list(Regml(folder).works(faults.append))) == 1
    assert [str(f) for f in faults] == [
        f"{folder / place}: lies neither in regulation/PART nor in notice/PART and is not read"
    ]


def test_xml_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    folder, secret = tmp_path / "acts", tmp_path / "secret.xml"
    folder.mkdir()
    for file in (GOLDEN / "clml").glob("*.xml"):
        (folder / file.name).write_bytes(file.read_bytes())
    secret.write_bytes((GOLDEN / "clml/tea-act-2010-01-01.xml").read_bytes())
    (folder / "link.xml").symlink_to(secret)
    faults: list[SourceError] = []
    assert list(Clml(folder).works(faults.append)) != []
    assert [str(f) for f in faults] == [
        f"{folder / 'link.xml'}: is a link that leads out of the folder"
    ]


@pytest.mark.parametrize("day", ["2003-01-01Z", "2003-01-01+01:00", "2003-01-01T00:00:00Z"])
def test_day_with_a_time_zone_is_that_day(day: str) -> None:
    from corpus.sources.xml.xml_reading import written_day

    assert str(written_day(day, None, "x", Path("x.xml"))) == "2003-01-01"


@pytest.mark.parametrize("day", ["2003-01-01T23:00:00Z", "2003-01-01 Z", "2003-13-01Z", "Z"])
def test_day_that_is_none_is_refused(day: str) -> None:
    from corpus.sources.xml.xml_reading import written_day

    with pytest.raises(SourceError, match="is not a day"):
        written_day(day, None, "x", Path("x.xml"))


# Dialects -----------------------------------------------------------------------------------------

DIALECT = """
name = "xx"
jurisdiction = "xx"
language = "en"
files = "xx/*.md"
source = "X"
[dates]
effective = { trailer = "Source-Date" }
[page]
start = '^§ (?P<label>\\d+)$'
"""


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("label = '{nope}'", "label needs"),
        ("label = '{label:>999999999}'", "label needs"),
        ("label = '{label}{0}'", "label needs"),
        ("label = 'art.'", "label needs"),
        ("label = '{label.__class__}'", "label needs"),
        ("rename = [{ match = 'a', write = '\\9' }]", "cannot be written"),
        ("rewrite = [{ match = '(a)', write = '\\g<nope>' }]", "cannot be written"),
        ("rewrite = [{ match = '(a)', write = '\\g<' }]", "cannot be written"),
    ],
)
def test_setting_that_would_break_reading_is_named(
    tmp_path: Path, setting: str, sentence: str
) -> None:
    file = tmp_path / "x.toml"
    file.write_text(f"{DIALECT}{setting}\n", encoding="utf-8")
    with pytest.raises(SourceError, match=sentence) as fault:
        read_dialect(file)
    assert str(fault.value).startswith("x.toml, field 'page")


ENDLESS = [r"(a+)+$", r"(a|aa)+$", r"(\w+\s?)*!$", r"(aa|a)+$", r"(.*a){20}!$"]


def endless(folder: Path, pattern: str) -> GitMarkdown:
    """A repository whose second act a pattern of the dialect never comes to the end of."""
    texts = ("One.", f"{'a' * 40}!?", "Three.")
    commits = [
        {
            "path": f"xx/{n}.md",
            "message": f"{n}\n\nSource-Date: 2000-01-01\n",
            "text": f"---\ntitle: X\n---\n§ 1\n\n{text}\n",
        }
        for n, text in enumerate(texts)
    ]
    file = folder / "x.toml"
    file.write_text(f"{DIALECT}rewrite = [{{ match = '{pattern}', write = '' }}]\n")
    repo = repository(folder / "r", commits)
    return GitMarkdown(repo, read_dialect(file), reading_seconds=0.5)


def in_a_thread(call: Callable[[], None]) -> None:
    """Call something outside the main thread, and wait for its end."""
    thread = Thread(target=call, daemon=True)
    thread.start()
    thread.join(timeout=60)
    assert not thread.is_alive()


@pytest.mark.parametrize("pattern", ENDLESS)
def test_pattern_that_never_ends_is_stopped(tmp_path: Path, pattern: str) -> None:
    faults: list[SourceError] = []
    found = list(endless(tmp_path, pattern).works(faults.append))
    assert [work.versions[0].text for work in found] == ["One.", "Three."]
    assert [str(f).startswith("xx/1.md: was not read within 0.5 s of work") for f in faults] == [
        True
    ]


def test_pattern_that_never_ends_is_stopped_in_a_thread(tmp_path: Path, store: Store) -> None:
    source, reports = endless(tmp_path, ENDLESS[0]), []
    in_a_thread(lambda: reports.append(ingest(source, store)))
    assert [
        fault.startswith("xx/1.md: was not read within 0.5 s of work")
        for fault in reports[0].faults
    ]
    assert [version.text for work in store.histories() for version in work.versions] == [
        "One.",
        "Three.",
    ]


def endless_files(folder: Path) -> DatedFiles:
    """A folder of dated texts, one of whose patterns never comes to an end."""
    export = Path(shutil.copytree(GOLDEN / "dated_files", folder / "export"))
    listing = read_listing("folder")
    starts = (re.compile(r"^(?P<label>(\w+[ ,.:]*)+)\0$", re.MULTILINE),)
    layout = listing.layout.model_copy(update={"starts": starts})
    return DatedFiles(export, listing.model_copy(update={"layout": layout}), reading_seconds=0.5)


@pytest.mark.parametrize("is_main", [True, False])
def test_pattern_that_never_ends_is_stopped_in_dated_files(tmp_path: Path, is_main: bool) -> None:
    faults: list[SourceError] = []

    def read() -> None:
        assert list(endless_files(tmp_path).works(faults.append)) == []

    read() if is_main else in_a_thread(read)
    assert faults
    assert all("was not read within 0.5 s of work" in str(fault) for fault in faults)


def test_time_in_which_the_process_does_not_run_does_not_count() -> None:
    with time_limit(0.2, Place("law.md")):
        time.sleep(0.6)
    with pytest.raises(SourceError, match="was not read within"), time_limit(0.2, Place("law.md")):
        re.match("(a+)+$", "a" * 60 + "!")


def test_works_read_in_a_thread_are_those_of_the_main_thread(tmp_path: Path) -> None:
    export = Path(shutil.copytree(GOLDEN / "dated_files", tmp_path / "export"))
    min((export / "texts").iterdir()).unlink()
    read: dict[str, tuple[list[str], list[str]]] = {}

    def reading(where: str) -> None:
        faults: list[SourceError] = []
        works = DatedFiles.open(export, "folder").works(faults.append)
        found = [work.model_dump_json() for work in works]
        read[where] = (found, [f"{fault} {fault.place}" for fault in faults])

    reading("here")
    in_a_thread(lambda: reading("elsewhere"))
    assert read["here"][0]
    assert read["here"][1]
    assert read["elsewhere"] == read["here"]


def test_fault_in_a_thread_stops_a_strict_reading(tmp_path: Path, store: Store) -> None:
    source, stopped = endless(tmp_path, ENDLESS[0]), []

    def strictly() -> None:
        with pytest.raises(SourceError, match="was not read within"):
            ingest(source, store, strict=True)
        stopped.append(True)

    in_a_thread(strictly)
    assert stopped == [True]


# Bundles ------------------------------------------------------------------------------------------


def bomb(folder: Path, depth: int = 10, width: int = 10) -> Path:
    """A bundle of one blob under trees that each name the next one many times."""
    import pygit2

    repo = pygit2.init_repository(str(folder), bare=True, initial_head="main")
    oid = repo.create_blob(b"x")
    mode = pygit2.enums.FileMode.BLOB
    for _ in range(depth):
        builder = repo.TreeBuilder()
        for number in range(width):
            builder.insert(f"d{number}.md", oid, mode)
        oid, mode = builder.write(), pygit2.enums.FileMode.TREE
    root = repo.TreeBuilder()
    root.insert("xx", oid, mode)
    who = pygit2.Signature("t", "t@example.org", 1, 0)
    repo.create_commit("refs/heads/main", who, who, "x", root.write(), [])
    return bundle(folder, folder.parent / "bomb.bundle")


def blob(folder: Path, size: int) -> Path:
    text = "---\ntitle: X\n---\n" + " " * size
    commit = {"path": "xx/1.md", "message": "x\n\nSource-Date: 2000-01-01\n", "text": text}
    return bundle(repository(folder, [commit]), folder.parent / "blob.bundle")


_READ = """
import sys
from pathlib import Path
from corpus.errors import InForceError
from corpus.sources.git.git_markdown import GitMarkdown
from corpus.sources.git.markdown_dialect import read_dialect
try:
    faults = []
    list(GitMarkdown(Path(sys.argv[1]), read_dialect(sys.argv[2])).works(faults.append))
    print(*faults)
except InForceError as error:
    print(error)
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def read_apart(file: Path, folder: Path) -> tuple[str, int]:
    """Read a bundle in a process of its own; return what it said and its peak MiB."""
    dialect = folder / "x.toml"
    dialect.write_text(DIALECT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(file), str(dialect)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    said, peak = done.stdout.strip().rsplit("\n", 1)
    return said, int(peak)


def test_tree_bomb_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = bomb(tmp_path / "r")
    assert file.stat().st_size < 5_000
    said, peak = read_apart(file, tmp_path)
    assert "files and folders to look at" in said
    assert peak < 500


def test_tree_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    said, _ = read_apart(bomb(tmp_path / "r", depth=200, width=1), tmp_path)
    assert "folders deep" in said


def test_huge_blob_is_refused_unread(tmp_path: Path) -> None:
    file = blob(tmp_path / "r", 100 * 2**20)
    assert file.stat().st_size < 2**20
    said, peak = read_apart(file, tmp_path)
    assert "more than 67,108,864" in said
    assert peak < 200


def test_copy_left_behind_by_a_killed_process_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (tmp_path / f"temporary/inforce-bundle-{gone}-x").mkdir()
    (tmp_path / f"temporary/inforce-bundle-{os.getpid()}-y").mkdir()
    dialect = tmp_path / "x.toml"
    dialect.write_text(DIALECT, encoding="utf-8")
    GitMarkdown(blob(tmp_path / "r", 10), read_dialect(dialect)).count()
    left = sorted(path.name for path in (tmp_path / "temporary").iterdir())
    assert left == [f"inforce-bundle-{os.getpid()}-y"]


def test_overlay_of_what_is_no_regml_is_refused(tmp_path: Path) -> None:
    from corpus.sources.registry import open_source

    (tmp_path / "o.toml").write_text("snapshot = 2020-01-01\n", encoding="utf-8")
    with pytest.raises(BadInputError, match="--overlay corrects a folder of RegML"):
        open_source(str(GOLDEN / "clml"), overlay=tmp_path / "o.toml")
    assert isinstance(open_source(str(GOLDEN / "regml"), overlay=tmp_path / "o.toml"), Regml)
