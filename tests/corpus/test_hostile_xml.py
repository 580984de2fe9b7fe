"""Hostile and damaged XML: every file either loads or is one SourceError that names it.

``INFORCE_MUTATIONS=10000`` makes that many mutations of each file instead of a few.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from corpus.errors import InForceError, SourceError
from corpus.ingest import ingest
from corpus.invariants import violations
from corpus.sources import Source
from corpus.sources.legaldocml.akoma_ntoso import AkomaNtoso
from corpus.sources.regml.regml import Regml
from corpus.sources.uk.clml import Clml
from corpus.sources.xml.xml_reading import read_xml
from corpus.store import Store
from tests.corpus.xml_sources import GOLDEN, change, no_fault, shared

MUTATIONS = int(os.environ.get("INFORCE_MUTATIONS", "3"))
SOURCES: dict[str, Callable[[Path], Source]] = {
    "regml": lambda folder: Regml(folder, GOLDEN / "regml/overlay.toml"),
    "clml": Clml,
    "akoma_ntoso": AkomaNtoso,
}


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# One file -----------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "external entity": (
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "declares the entity 'x'",
    ),
    "external entity in an attribute": (
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a b="&x;"/>',
        "external",
    ),
    "parameter entity": (
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x;]><a/>',
        "declares the entity 'x'",
    ),
    "entity of an external subset": (
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a>&x;</a>',
        "",
    ),
    "billion laughs": (f'<!DOCTYPE a [<!ENTITY a0 "ha">{LAUGHS}]><a>&a9;</a>', "entity"),
    "billion laughs in an attribute": (
        f'<!DOCTYPE a [<!ENTITY a0 "ha">{LAUGHS}]><a b="&a9;"/>',
        "ntity",
    ),
    "declared but unused entity": ('<!DOCTYPE a [<!ENTITY x "y">]><a/>', "declares the entity 'x'"),
    "undeclared entity": ("<a>&nbsp;</a>", "'nbsp' not defined"),
    "truncated": ("<a><b>text</b>", "not well-formed"),
    "empty": ("", "not well-formed"),
    "not XML": ("# Act", "not well-formed"),
    "too deep": ("<a>" * 5000 + "</a>" * 5000, "not well-formed"),
    "bytes that are not UTF-8": (b"<a>\xe9</a>", "not well-formed"),
    "UTF-8 that says it is Latin-1": (
        '<?xml version="1.0" encoding="ISO-8859-1"?><a>Präambel</a>',
        "declares encoding ISO-8859-1, but its bytes are UTF-8",
    ),
    "UTF-8 that says it is UTF-16": ('<?xml version="1.0" encoding="UTF-16"?><a>é</a>', ""),
    "Latin-1 that says it is UTF-8": (
        '<?xml version="1.0" encoding="UTF-8"?><a>é</a>'.encode("latin-1"),
        "not well-formed",
    ),
    "unknown encoding": ('<?xml version="1.0" encoding="klingon"?><a/>', "klingon"),
    "null bytes": (b"<a>\0</a>", ""),
}


@pytest.mark.parametrize(("content", "problem"), REFUSED.values(), ids=REFUSED)
def test_hostile_file_is_refused_with_its_place(
    tmp_path: Path, content: str | bytes, problem: str
) -> None:
    path = write(tmp_path / "act.xml", content)
    with pytest.raises(SourceError) as refused:
        read_xml(path)
    assert refused.value.place.file == str(path)
    assert problem in refused.value.problem
    assert "\n" not in str(refused.value)
    assert "root:" not in str(refused.value)


def test_place_of_a_fault_is_its_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refused:
        read_xml(write(tmp_path / "act.xml", "<a>\n<b>\n</c>\n</a>"))
    assert refused.value.place.line == 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_file_in_the_encoding_it_declares_is_read(tmp_path: Path, encoding: str) -> None:
    name = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "latin-1": "ISO-8859-1"}[encoding]
    content = f'<?xml version="1.0" encoding="{name}"?><a>é</a>'.encode(encoding)
    assert read_xml(write(tmp_path / "act.xml", content)).text == "é"


def test_comments_and_instructions_do_not_split_words(tmp_path: Path) -> None:
    root = read_xml(write(tmp_path / "act.xml", "<a>Prä<!-- -->am<?x y?>bel</a>"))
    assert root.text == "Präambel"


def test_file_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus.sources.xml.xml_reading.MAX_BYTES", 3)
    with pytest.raises(SourceError, match="larger than 3 bytes"):
        read_xml(write(tmp_path / "act.xml", "<a/>"))


def test_missing_file_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_xml(tmp_path / "act.xml")


# A folder -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOURCES)
def test_hostile_file_among_sound_ones_is_one_fault(name: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(GOLDEN / name, tmp_path / name))
    sound = list(SOURCES[name](folder).works(no_fault))
    inner = folder / "notice/9002" if name == "regml" else folder
    inner.mkdir(parents=True, exist_ok=True)
    write(inner / "evil.xml", REFUSED["billion laughs"][0])
    faults: list[SourceError] = []
    assert list(SOURCES[name](folder).works(faults.append)) == sound
    assert [Path(fault.place.file).name for fault in faults] == ["evil.xml"]


@pytest.mark.parametrize("name", SOURCES)
def test_damaged_folder_leaves_whole_works_in_the_store(name: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(GOLDEN / name, tmp_path / name))
    sound = {history.work.id: history for history in SOURCES[name](folder).works(no_fault)}
    victim = sorted(folder.rglob("*.xml"))[0]
    write(victim, victim.read_bytes()[:-20])
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}", create=True) as store:
        report = ingest(SOURCES[name](folder), store)
        held = list(store.histories())
        with pytest.raises(SourceError, match=victim.name):
            ingest(SOURCES[name](folder), store, strict=True)
        assert list(store.histories()) == held
    assert [victim.name in fault for fault in report.faults] == [True]
    assert all(not violations(history) for history in held)
    assert {history.work.id for history in held} <= set(sound)


def test_broken_invariant_names_the_file(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(GOLDEN / "clml", tmp_path / "clml"))
    change(folder / "kettle-regulations-made.xml", 'Date="2002-04-01"', 'Date="1900-01-01"')
    change(folder / "kettle-regulations-made.xml", "<ukm:Made", "<ukm:Was")
    source = Clml(folder)
    history = next(h for h in source.works(no_fault) if h.work.id == "uk/uksi-2002-777")
    (place,) = {str(source.place(version.id)) for version in history.versions}
    assert place == f"{folder}/kettle-regulations-made.xml, field 'regulation-1'"


@pytest.mark.parametrize("name", SOURCES)
def test_strict_reading_stops_at_the_hostile_file(name: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(GOLDEN / name, tmp_path / name))
    path = sorted(folder.rglob("*.xml"))[0]
    write(path, path.read_bytes()[:-20])
    with pytest.raises(SourceError):
        list(SOURCES[name](folder).works(no_fault))


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("kind", ["missing", "empty"])
def test_folder_without_files_is_one_sentence(name: str, kind: str, tmp_path: Path) -> None:
    if kind == "empty":
        (tmp_path / "x").mkdir()
    with pytest.raises(InForceError, match=r"no such folder|holds no XML file"):
        SOURCES[name](tmp_path / "x")


# Mutations ----------------------------------------------------------------------------------------

TOKENS = [
    b"<", b">", b"/", b'"', b"&", b"&x;", b"\0", b"\xff", b"-", b"9999-12-31", b"2999-12-31",
    b"0001-01-01", b"#", b"@", b" ", b"", b"<a/>", b"]]>", b"<!--", "第".encode(),
]  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Damage bytes once: change, cut, repeat or swap a piece, or put something in."""
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.choice([1, 1, 2, 10, 100, 1000]))
    piece, kind = data[start:end], rng.randrange(7)
    if kind == 0:
        return data[:start] + bytes([rng.randrange(256)]) + data[start + 1 :]
    if kind == 1:
        return data[:start] + data[end:]
    if kind == 2:
        return data[:start] + piece + piece + data[end:]
    if kind == 3:
        return data[:start] + rng.choice(TOKENS) + data[end:]
    if kind == 4:
        return data[:start]
    if kind == 5:
        return _attribute_changed(data, rng)
    other = rng.randrange(len(data))
    return data[:start] + data[other : other + len(piece)] + data[end:]


def _attribute_changed(data: bytes, rng: random.Random) -> bytes:
    """Give one attribute the value of another."""
    pieces = data.split(b'"')
    if len(pieces) < 4:
        return data
    one, other = (2 * rng.randrange(len(pieces) // 2) + 1 for _ in range(2))
    pieces[one] = rng.choice([pieces[other], *TOKENS])
    return b'"'.join(pieces)


def check(source: Source) -> None:
    """Read all of a source: sound works or faults with a place, and nothing else."""
    faults: list[SourceError] = []
    for history in source.works(faults.append):
        broken = {violation.rule for violation in violations(history)}
        assert broken <= {"sentinel_date"}
    for fault in faults:
        assert fault.place.file
        assert "\n" not in str(fault)


def mutate(victim: Path, source: Callable[[], Source], times: int) -> None:
    """Damage a file again and again, read the source each time, and restore the file."""
    rng, data = random.Random(victim.name), victim.read_bytes()
    for _ in range(times):
        write(victim, mutated(data, rng))
        check(source())
    write(victim, data)


@pytest.mark.parametrize("name", SOURCES)
def test_mutations_of_the_golden_files(name: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(GOLDEN / name, tmp_path / name))
    for path in sorted(folder.rglob("*.xml")):
        mutate(path, lambda: SOURCES[name](folder), 20 * MUTATIONS)


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("name", "source"), [("uk-clml-samples", Clml), ("de-ldml-akn", AkomaNtoso)]
)
def test_mutations_of_the_real_files(
    name: str, source: Callable[[Path], Source], tmp_path: Path
) -> None:
    for path in sorted(shared(name).rglob("*.xml")):
        copy = write(tmp_path / "act.xml", path.read_bytes())
        mutate(copy, lambda: source(tmp_path), MUTATIONS)


@pytest.mark.corpora
@pytest.mark.parametrize("part", ["1002", "1005", "1013"])
def test_mutations_of_the_real_regulations(part: str, tmp_path: Path) -> None:
    """The texts of a part each alone, its notices each with the first text, which they amend."""
    root = shared("us-cfpb-regml")
    texts = sorted((root / "regulation" / part).glob("*.xml"))
    for path in texts:
        folder = tmp_path / path.stem
        victim = copied(path, folder / "regulation" / part)
        mutate(victim, partial(Regml, folder), MUTATIONS)
        shutil.rmtree(folder)
    amends = f'leftDocumentNumber="{texts[0].stem}"'.encode()
    for path in sorted((root / "notice" / part).glob("*.xml")):
        folder = tmp_path / path.stem
        copied(texts[0], folder / "regulation" / part)
        victim = copied(path, folder / "notice" / part)
        victim.write_bytes(re.sub(rb'leftDocumentNumber="[^"]*"', amends, victim.read_bytes()))
        mutate(victim, partial(Regml, folder), MUTATIONS)


def copied(path: Path, folder: Path) -> Path:
    folder.mkdir(parents=True)
    return write(folder / path.name, path.read_bytes())
