from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import BadInputError, SourceError
from corpus.invariants import violations
from corpus.model import Commencement, EndReason, Version, WorkHistory
from corpus.provision_numbers import label_key
from corpus.resolve import CoverageGap, NotYetInForce, Repealed, Resolution, resolve
from corpus.sources.dated.dated_dialect import FIELDS, read_listing
from corpus.sources.dated.dated_files import DatedFiles
from corpus.sources.jsonl import write_jsonl

GOLDEN = Path(__file__).parent / "golden/dated_files"
HARBOUR, NOISE, FEES = "zz/harbour-rules", "zz/noise-bylaw", "zz/quay-fees"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the golden folder that a test may damage."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "export"))


def change(path: Path, old: str, new: str) -> None:
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new), encoding="utf-8")


def load(folder: Path, dialect: str | Path = "folder") -> tuple[dict[str, WorkHistory], list[str]]:
    """Return the works by id and the faults as sentences."""
    faults: list[SourceError] = []
    works = {h.work.id: h for h in DatedFiles.open(folder, dialect).works(faults.append)}
    return works, [str(fault) for fault in faults]


def ask(
    history: WorkHistory, label: str, as_at: str, known_at: str | None = None, number_on: str = ""
) -> Resolution:
    """Resolve the provision that bears a number on ``number_on`` (default: ``as_at``)."""
    day = date.fromisoformat(number_on or as_at)
    provision = next(
        p
        for p in history.provisions
        if any(
            label_key(lb.text) == label_key(label) and lb.known_to is None and day in lb.valid
            for lb in p.labels
        )
    )
    known = date.fromisoformat(known_at) if known_at else None
    return resolve(history.of(provision), date.fromisoformat(as_at), known)


def text(resolution: Resolution) -> str:
    assert isinstance(resolution, Version), resolution
    return resolution.text


# The golden pair ----------------------------------------------------------------------------------


def test_golden_rows(tmp_path: Path) -> None:
    works, faults = load(GOLDEN)
    assert not faults
    write_jsonl(works.values(), tmp_path / "rows.jsonl")
    made, expected = (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in (tmp_path / "rows.jsonl", GOLDEN / "expected.jsonl")
    )
    assert made == expected


def test_golden_breaks_no_invariant() -> None:
    works, _ = load(GOLDEN)
    assert len(works) == 3
    assert not [v for history in works.values() for v in violations(history)]


def test_every_documented_column_is_read() -> None:
    documented = (Path(__file__).parents[2] / "docs/dated-files.md").read_text(encoding="utf-8")
    assert all(f"`{field}`" in documented for field in FIELDS)
    assert set(read_listing("folder").index.columns) <= FIELDS


# Time ---------------------------------------------------------------------------------------------


def test_commencement_day_belongs_to_new_version() -> None:
    harbour = load(GOLDEN)[0][HARBOUR]
    assert "six knots" in text(ask(harbour, "Section 2", "2015-06-30"))
    assert "five knots" in text(ask(harbour, "Section 2", "2015-07-01"))


def test_last_day_of_an_act_is_still_law() -> None:
    noise = load(GOLDEN)[0][NOISE]
    assert "horn" in text(ask(noise, "Section 1", "2019-12-31"))
    gone = ask(noise, "Section 1", "2020-01-01")
    assert isinstance(gone, Repealed)
    assert gone.by == "Harbour Rules"


def test_text_of_unknown_commencement_is_never_in_force() -> None:
    harbour = load(GOLDEN)[0][HARBOUR]
    (row,) = (v for v in harbour.versions if "four knots" in v.text)
    assert row.commencement is Commencement.UNKNOWN
    assert row.valid_from is None


def test_text_before_an_unknown_commencement_ends_when_the_next_is_published() -> None:
    harbour = load(GOLDEN)[0][HARBOUR]
    assert "five knots" in text(ask(harbour, "Section 2", "2021-05-13"))
    assert isinstance(ask(harbour, "Section 2", "2021-05-14"), CoverageGap)
    assert isinstance(ask(harbour, "Section 2", "2022-12-31"), CoverageGap)
    assert "three knots" in text(ask(harbour, "Section 2", "2023-01-01"))


def test_words_that_an_undated_edition_repeats_stay_law() -> None:
    harbour = load(GOLDEN)[0][HARBOUR]
    assert "takes a pilot" in text(ask(harbour, "Section 3", "2022-12-31"))
    for day in ("2021-05-13", "2021-05-14", "2022-06-01", "2024-01-01"):
        assert "gives each vessel a berth" in text(ask(harbour, "Section 5", day))


def test_provision_first_seen_in_an_undated_edition_is_a_gap_not_future() -> None:
    harbour = load(GOLDEN)[0][HARBOUR]
    assert isinstance(ask(harbour, "Section 6", "2022-01-01"), CoverageGap)
    assert "waste barge" in text(ask(harbour, "Section 6", "2023-01-01"))


def test_edition_missing_between_two_is_a_gap() -> None:
    fees = load(GOLDEN)[0][FEES]
    assert "ten crowns" in text(ask(fees, "Section 1", "2016-03-31"))
    assert isinstance(ask(fees, "Section 1", "2016-04-01", number_on="2012-07-01"), CoverageGap)
    assert isinstance(ask(fees, "Section 2", "2018-02-28", number_on="2012-07-01"), CoverageGap)
    assert "twelve crowns" in text(ask(fees, "Section 1", "2018-03-01"))


def test_placeholder_is_a_day_to_be_fixed_and_the_old_text_stays() -> None:
    fees = load(GOLDEN)[0][FEES]
    (waiting,) = (v for v in fees.versions if "fifteen" in v.text)
    assert waiting.commencement is Commencement.TO_BE_FIXED
    assert waiting.condition == "a day that the harbour master names"
    assert waiting.upstream["in_force_from"] == "9999-12-31"
    assert "twelve crowns" in text(ask(fees, "Section 1", "2026-01-01"))


def test_before_publication_the_old_end_was_open() -> None:
    harbour = load(GOLDEN)[0][HARBOUR]
    assert "six knots" in text(ask(harbour, "Section 2", "2016-01-01", known_at="2015-05-10"))
    assert "five knots" in text(ask(harbour, "Section 2", "2016-01-01", known_at="2015-05-11"))


def test_before_the_first_edition_of_an_original_act_is_not_yet() -> None:
    harbour = load(GOLDEN)[0][HARBOUR]
    early = ask(harbour, "Section 1", "2009-12-31", number_on="2010-03-01")
    assert isinstance(early, NotYetInForce)
    assert early.starts == date(2010, 3, 1)


def test_correction_keeps_the_wrong_date_and_the_reason() -> None:
    noise = load(GOLDEN)[0][NOISE]
    version = next(v for v in noise.versions if v.ended is EndReason.REPEALED)
    assert version.valid_from == date(2004, 10, 1)
    assert version.upstream["in_force_from"] == "2004-09-01"
    assert "Registry" in version.upstream["in_force_from: reason"]


# Numbers ------------------------------------------------------------------------------------------


def test_number_moves_with_the_words() -> None:
    harbour = load(GOLDEN)[0][HARBOUR]
    old = ask(harbour, "Section 4", "2012-01-01")
    new = ask(harbour, "Section 5", "2016-01-01")
    assert isinstance(old, Version)
    assert isinstance(new, Version)
    assert old.provision_id == new.provision_id


def test_number_used_again_is_another_provision() -> None:
    harbour = load(GOLDEN)[0][HARBOUR]
    lights, pilots = (ask(harbour, "Section 3", day) for day in ("2012-01-01", "2016-01-01"))
    assert isinstance(lights, Version)
    assert isinstance(pilots, Version)
    assert lights.provision_id != pilots.provision_id


def test_told_renumbering_links_what_words_do_not() -> None:
    harbour = load(GOLDEN)[0][HARBOUR]
    old, new = (
        ask(harbour, "Section 3", "2012-01-01"),
        ask(harbour, "Section 4", "2016-01-01"),
    )
    assert isinstance(old, Version)
    assert isinstance(new, Version)
    assert "white light" in old.text
    assert "two lamps" in new.text
    assert old.provision_id == new.provision_id


def test_without_the_table_rewritten_words_are_another_provision(copy: Path) -> None:
    (copy / "renumberings.csv").unlink()
    harbour = load(copy)[0][HARBOUR]
    old, new = ask(harbour, "Section 3", "2012-01-01"), ask(harbour, "Section 4", "2016-01-01")
    assert isinstance(old, Version)
    assert isinstance(new, Version)
    assert old.provision_id != new.provision_id


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "texts/../texts/fees-2012.md",
        "../secret.txt",
        "/etc/hostname",
        "texts/../../secret.txt",
        "C:\\\\secret.txt",
        "a\\b.txt",
        ".",
    ],
)
def test_index_cannot_name_a_file_outside(copy: Path, name: str) -> None:
    (copy.parent / "secret.txt").write_text("Section 1. Secret.", encoding="utf-8")
    (copy / "corrections.csv").unlink()
    change(copy / "index.csv", "texts/noise.txt", name)
    works, faults = load(copy)
    assert set(works) == {HARBOUR, FEES}
    (fault,) = faults
    assert fault.startswith("index.csv:6, field 'file'")


def test_link_out_of_the_collection_is_refused(copy: Path) -> None:
    (copy.parent / "secret.txt").write_text("Section 1. Secret.", encoding="utf-8")
    (copy / "texts/noise.txt").unlink()
    (copy / "texts/noise.txt").symlink_to(copy.parent / "secret.txt")
    works, faults = load(copy)
    assert NOISE not in works
    assert "leads out of the collection" in faults[0]


def test_wrong_encoding_names_file_and_line(copy: Path) -> None:
    damaged = "Section 1. Fee\nA berth costs ten £.".encode("latin-1")
    (copy / "texts/noise.txt").write_bytes(damaged)
    works, faults = load(copy)
    assert set(works) == {HARBOUR, FEES}
    assert faults == ["texts/noise.txt:2: not UTF-8 text"]


def test_index_in_a_wrong_encoding_is_one_fault(copy: Path) -> None:
    (copy / "index.csv").write_bytes("file,work\né,x".encode("latin-1"))
    works, faults = load(copy)
    assert not works
    assert faults == ["index.csv:2: not UTF-8 text"]


def test_byte_order_mark_is_no_text(copy: Path) -> None:
    index = copy / "index.csv"
    index.write_bytes(b"\xef\xbb\xbf" + index.read_bytes())
    assert set(load(copy)[0]) == {HARBOUR, NOISE, FEES}


Damage = Callable[[Path], None]


def edited(file: str, old: str, new: str) -> Damage:
    return lambda folder: change(folder / file, old, new)


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (lambda f: (f / "texts/noise.txt").unlink(), "index.csv:6, field 'file'"),
        (lambda f: (f / "texts/noise.txt").write_text(""), "texts/noise.txt: "),
        (edited("index.csv", ",2004-09-03,", ",2004-02-30,"), "index.csv:6, field 'published'"),
        (edited("index.csv", ",2004-09-03,", ",3 Sept 2004,"), "index.csv:6, field 'published'"),
        (edited("index.csv", ",repealed,", ",forgotten,"), "index.csv:6, field 'ended'"),
        (edited("index.csv", "2019-12-31", ""), "index.csv:6, field 'in_force_to'"),
        (edited("index.csv", "2019-12-31", "2003-12-31"), "index.csv:6, field 'in_force_to'"),
        (
            edited("index.csv", "Noise Bylaw,zz", "Noise Bylaw,"),
            "index.csv:6, field 'jurisdiction'",
        ),
        (edited("index.csv", "Noise Bylaw,zz", "Noise Bylaw,ZZZ"), "index.csv:6, field 'id'"),
        (edited("index.csv", "noise-bylaw", ""), "index.csv:6, field 'work'"),
        (
            edited("index.csv", ",repealed,Harbour Rules,,,,", ",repealed"),
            "index.csv:6: not as many",
        ),
        (edited("corrections.csv", "2004-09-01", "2004-09-02"), "texts/noise.txt, field 'in_force"),
        (
            edited("corrections.csv", ",in_force_from,", ",in_force,"),
            "texts/noise.txt, field 'in_f",
        ),
        (
            edited("texts/noise.txt", "Section 2.", "Section 1."),
            "texts/noise.txt:4: 'Section 1' stands twice (first on line 1)",
        ),
    ],
)
def test_fault_is_named_and_the_rest_loads(copy: Path, damage: Damage, place: str) -> None:
    damage(copy)
    works, faults = load(copy)
    assert set(works) == {HARBOUR, FEES}
    assert [fault for fault in faults if fault.startswith(place)], faults


def test_faulty_edition_takes_its_whole_work_along(copy: Path) -> None:
    change(copy / "index.csv", ",2015-07-01,", ",2015-13-01,")
    works, faults = load(copy)
    assert set(works) == {NOISE, FEES}
    assert faults[0].startswith("index.csv:3, field 'in_force_from'")


def test_row_that_cannot_be_attributed_refuses_the_index(copy: Path) -> None:
    with (copy / "index.csv").open("a", encoding="utf-8") as index:
        index.write("texts/harbour-2010.md\n")
    works, faults = load(copy)
    assert not works
    assert faults[0].startswith("index.csv:10: not as many fields")


def test_correction_of_an_unlisted_file_is_a_fault(copy: Path) -> None:
    with (copy / "corrections.csv").open("a", encoding="utf-8") as corrections:
        corrections.write("texts/none.txt,note,,x,y,z\n")
    works, faults = load(copy)
    assert len(works) == 3
    assert faults == ["corrections.csv:3, field 'file': the index does not name 'texts/none.txt'"]


def test_unknown_commencement_needs_a_date_of_publication(copy: Path) -> None:
    change(copy / "index.csv", "2021-05-10,2021-05-14,unknown", ",,unknown")
    works, faults = load(copy)
    assert HARBOUR not in works
    assert faults[0].startswith("index.csv:4, field 'in_force_from': is unknown, and nothing says")


def test_end_that_does_not_meet_the_next_edition_is_a_fault(copy: Path) -> None:
    change(copy / "index.csv", "2010-03-01,,,", "2010-03-01,,2014-12-31,")
    works, faults = load(copy)
    assert HARBOUR not in works
    assert faults[0].startswith("index.csv:2, field 'in_force_to': ends on 2015-01-01")


def test_cyclic_renumbering_is_refused(copy: Path) -> None:
    with (copy / "renumberings.csv").open("a", encoding="utf-8") as table:
        table.write("harbour-rules,2015-07-01,Section 4,Section 3\n")
    works, faults = load(copy)
    assert not works
    assert faults[0].startswith("renumberings.csv:3, field 'to': the numbers move in a circle")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("harbour-rules,2015-07-01,Section 9,Section 5", "no provision is numbered '9' before"),
        ("harbour-rules,2015-07-01,Section 2,Section 9", "no provision is numbered '9' on"),
        ("harbour-rules,2015-07-02,Section 4,Section 5", "no edition of the work takes effect"),
    ],
)
def test_renumbering_that_does_not_fit_is_refused(copy: Path, row: str, problem: str) -> None:
    with (copy / "renumberings.csv").open("a", encoding="utf-8") as table:
        table.write(row + "\n")
    works, faults = load(copy)
    assert HARBOUR not in works
    assert problem in faults[0]
    assert faults[0].startswith("renumberings.csv:3")


@pytest.mark.parametrize("day", ["", "soon"])
def test_renumbering_without_a_day_is_refused(copy: Path, day: str) -> None:
    change(copy / "renumberings.csv", "2015-07-01", day)
    assert load(copy)[1][0].startswith("renumberings.csv:2, field 'day'")


def test_two_works_of_one_id_are_a_fault(copy: Path) -> None:
    change(copy / "index.csv", "noise-bylaw", "quay fees")
    works, faults = load(copy)
    assert len(works) == 2
    assert "another work already has the id zz/quay-fees" in faults[0]


def test_dialect_faults_name_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('name = "own"\nsource = "x"\n[index]\nfile = "i.csv"\n', encoding="utf-8")
    with pytest.raises(SourceError, match=r"own\.toml, field 'index\.columns'"):
        read_listing(path)
    with pytest.raises(SourceError, match="no such dialect file"):
        read_listing(tmp_path / "none.toml")


def test_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no such folder"):
        DatedFiles.open(tmp_path / "none", "folder")


def test_random_damage_gives_faults_and_never_bad_rows(copy: Path) -> None:
    chance = random.Random(20261122)
    files = sorted(path for path in copy.rglob("*") if path.is_file() and path.suffix != ".jsonl")
    whole = {path: path.read_bytes() for path in files}
    for _ in range(150):
        path = chance.choice(files)
        damaged = bytearray(whole[path])
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(damaged))
            damaged[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        path.write_bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])])
        works, _ = load(copy)
        assert not [v for history in works.values() for v in violations(history)], path
        path.write_bytes(whole[path])


# The rest of the protocol -------------------------------------------------------------------------


def test_index_may_be_json(copy: Path, tmp_path: Path) -> None:
    import csv

    with (copy / "index.csv").open(encoding="utf-8", newline="") as index:
        listed = list(csv.DictReader(index))
    (copy / "index.json").write_text(json.dumps(listed), encoding="utf-8")
    own = tmp_path / "own.toml"
    shutil.copy(Path(__file__).parents[2] / "corpus/sources/dialects/dated/folder.toml", own)
    change(own, '"index.csv"', '"index.json"')
    assert load(copy, own) == load(GOLDEN)
    change(copy / "index.json", "]", "")
    assert load(copy, own) == ({}, ["index.json:1: not JSON"])


def test_fingerprint_follows_every_byte_that_is_read(copy: Path) -> None:
    source = DatedFiles.open(copy, "folder")
    before = source.fingerprint()
    assert before == DatedFiles.open(copy, "folder").fingerprint()
    change(copy / "texts/noise.txt", "ten at night", "nine at night")
    after = source.fingerprint()
    assert after != before
    change(copy / "corrections.csv", "Registry", "Clerk")
    assert source.fingerprint() not in (before, after)
    listing = read_listing("folder").model_copy(update={"licence": "ours"})
    assert DatedFiles(copy, listing).fingerprint() != source.fingerprint()


def test_count_is_the_number_of_works(copy: Path) -> None:
    assert DatedFiles.open(copy, "folder").count() == 3
    (copy / "index.csv").unlink()
    assert DatedFiles.open(copy, "folder").count() is None


def test_short_titles_are_aliases() -> None:
    works, _ = load(GOLDEN)
    assert works[HARBOUR].work.aliases == ("harbour-rules", "HR 2010", "Harbour Code")


DEAD = (
    "texts/harbour-dead.md,harbour-rules,Harbour Rules,zz,en,rules,,,,"
    "{adopted},{start},,{last},,,,,,\n"
)


def with_dead_edition(copy: Path, start: str, last: str, place: int) -> DatedFiles:
    """The golden folder with an edition of the harbour rules that ended before it began."""
    (copy / "texts/harbour-dead.md").write_bytes((copy / "texts/harbour-2010.md").read_bytes())
    lines = (copy / "index.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    lines.insert(place, DEAD.format(adopted="2010-01-01", start=start, last=last))
    (copy / "index.csv").write_text("".join(lines), encoding="utf-8")
    return DatedFiles.open(copy, "folder")


@pytest.mark.parametrize(
    ("start", "last"),
    [
        ("2015-07-01", "2015-06-30"),
        ("2015-07-01", "2010-01-01"),
        ("2023-01-01", "2022-12-31"),
        ("2010-03-01", "2010-02-28"),
        ("2010-03-01", "1990-01-01"),
    ],
)
@pytest.mark.parametrize("place", [1, 3, 9])
def test_edition_replaced_before_it_began_is_left_out_alone(
    copy: Path, start: str, last: str, place: int
) -> None:
    straight, _ = load(copy)
    source = with_dead_edition(copy, start, last, place)
    faults: list[SourceError] = []
    found, remarks = {}, {}
    for history in source.works(faults.append):
        found[history.work.id] = history
        seen = source.observed(history.work.id)
        assert seen is not None
        remarks[history.work.id] = [str(remark) for remark in seen.refused]
    assert faults == []
    assert [(v.text, v.valid) for v in found[HARBOUR].versions] == [
        (v.text, v.valid) for v in straight[HARBOUR].versions
    ]
    problem = f"index.csv:{place + 1}, field 'in_force_to': is not after {start}"
    assert remarks[HARBOUR] == [f"{problem}: it was never in force"]
    assert not remarks[NOISE]


@pytest.mark.parametrize(
    ("start", "last"), [("2012-01-01", "2011-01-01"), ("2009-01-01", "2008-01-01")]
)
def test_edition_whose_days_are_confused_leaves_no_silent_hole(
    copy: Path, start: str, last: str
) -> None:
    faults: list[SourceError] = []
    works = [h.work.id for h in with_dead_edition(copy, start, last, 9).works(faults.append)]
    assert HARBOUR not in works
    assert f"is not after {start}" in str(faults[0])
