"""Books, titles and chapters: those of the day, from each format, none where they are unsure."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from corpus.database import open_engine
from corpus.history.identity import trace
from corpus.history.placing import APART, after, divisions_near, names, placements
from corpus.history.snapshots import Snapshot, Unit
from corpus.model import Placement, Provision, ProvisionNumber, SourceRef, WorkHistory
from corpus.reading.act import Entry, act_as_at
from corpus.reading.contents import PAGE, contents, opened, pages
from corpus.schema import STORE, _alembic
from corpus.sources.dated.dated_dialect import read_listing
from corpus.sources.dated.texts import read_document
from corpus.sources.git.markdown_dialect import read_dialect
from corpus.sources.git.markdown_page import PageReader
from corpus.sources.registry import open_source
from corpus.sources.regml.regml_text import units
from corpus.sources.xml.xml_reading import division_names
from corpus.store import Store
from corpus.store_rows import content_of
from tests.corpus.build import history, version
from tests.corpus.test_reading import provisions

EE_CORPUS = Path(__file__).parents[2] / "../shared/corpora/ee-riigiteataja-git/ee-acts.bundle"
MILLS = ("Book I", "Title I : Mills")
CREDIT = ("Book I", "Title II : Credit")


def on(text: str) -> date:
    return date.fromisoformat(text)


def placed(*each: tuple[str | None, tuple[str, ...]]) -> tuple[Placement, ...]:
    return placements((day and on(day), divisions) for day, divisions in each)


# -- through time ------------------------------------------------------------------------------


def test_a_chapter_that_is_named_anew_begins_on_its_day() -> None:
    first, second = placed(("2001-01-01", MILLS), ("2000-01-01", MILLS), ("2010-06-01", CREDIT))
    assert (first.valid_from, first.valid_to) == (on("2000-01-01"), on("2010-06-01"))
    assert (second.divisions, second.valid_to) == (CREDIT, None)
    assert placed(("2000-01-01", ()), ("2001-01-01", ())) == ()


@pytest.mark.parametrize(
    ("day", "divisions"),
    [("1990-01-01", MILLS), ("2010-05-31", MILLS), ("2010-06-01", CREDIT), ("2030-01-01", CREDIT)],
)
def test_the_divisions_of_a_day_are_never_those_of_a_later_one(
    day: str, divisions: tuple[str, ...]
) -> None:
    provision = Provision(
        id="uk/a#p",
        work_id="uk/a",
        labels=(ProvisionNumber(text="s 1"),),
        placements=placed(("2000-01-01", MILLS), ("2010-06-01", CREDIT)),
    )
    assert divisions_near(provision, on(day)) == divisions


def test_a_heading_ends_those_of_its_level_and_further_in() -> None:
    path = after((), [(1, "Book I"), (2, "Title I"), (4, "Section 1")])
    assert names(after(path, [(2, "Title II")])) == ("Book I", "Title II")
    assert names(after(path, [(APART, "Annexes")])) == ("Annexes",)
    assert names(after(path, [(APART, "Annexes"), (2, "Title II")])) == ("Title II",)


def test_a_provision_that_moves_to_another_chapter_keeps_its_text_and_versions() -> None:
    unit = Unit("1", "Article 1", None, "Les moulins tournent.", "Les moulins tournent.")
    stages = [
        Snapshot(
            day=on(day),
            page={"1": (unit,)},
            source=SourceRef(file="x"),
            divisions={"1": divisions},
        )
        for day, divisions in (("2000-01-01", MILLS), ("2005-01-01", MILLS), ("2010-01-01", CREDIT))
    ]
    (provision,), versions = trace("fr/x", stages, language="fr")
    assert [p.divisions for p in provision.placements] == [MILLS, CREDIT]
    assert provision.placements[1].valid_from == on("2010-01-01")
    assert len(versions) == 1


# -- formats -----------------------------------------------------------------------------------

PAGE_EE = """# Veskiseadus

## 1. osa ÜLDOSA

### 1. peatükk Üldsätted

##### § 1. Veski

Veski jahvatab.

#### 1. jagu Tuul

##### § 2. Tuul

Tuul puhub.

### 2. peatükk Lõpp

##### § 3. Lõpp

Veski seisab.
"""


def test_markdown_headings_are_divisions_and_the_title_of_the_act_is_none() -> None:
    _, stats = PageReader(read_dialect("ee").page).read(PAGE_EE)
    assert list(stats.divisions.values()) == [
        ("1. osa ÜLDOSA", "1. peatükk Üldsätted"),
        ("1. osa ÜLDOSA", "1. peatükk Üldsätted", "1. jagu Tuul"),
        ("1. osa ÜLDOSA", "2. peatükk Lõpp"),
    ]


def test_headings_that_may_be_of_another_day_are_not_read() -> None:
    page = "# Code\n\n## Livre Ier\n\n##### Article 1\n\nLes moulins tournent.\n"
    _, stats = PageReader(read_dialect("fr").page).read(page)
    assert set(stats.divisions.values()) == {()}


def test_chapters_of_a_json_dump_stand_around_the_articles_after_them() -> None:
    entries = [
        {"編章節": "第 一 編 總則"},
        {"編章節": "第 一 章 編制"},
        {"條號": "第 1 條", "條文內容": "磨坊轉動。"},
        {"編章節": "第 二 章 罰則"},
        {"條號": "第 2 條", "條文內容": "處罰鍰。"},
    ]
    text = json.dumps({"法規名稱": "磨坊法", "法規內容": entries}, ensure_ascii=False)
    document = read_document(text, "x.json", read_listing("tw").layout, None)
    assert [unit.divisions for unit in document.units] == [
        ("第 一 編 總則", "第 一 章 編制"),
        ("第 一 編 總則", "第 二 章 罰則"),
    ]


def test_elements_around_a_provision_are_named_from_their_number_and_title() -> None:
    root = etree.fromstring(
        "<Body><Part><Number>Part I</Number><Title>Mills</Title><Chapter><Number/>"
        "<P1>x</P1></Chapter></Part></Body>"
    )
    (provision,) = root.iter("P1")
    around = division_names(provision.iterancestors(), {"Part", "Chapter"}, ("Number", "Title"))
    assert around == ("Part I Mills",)


def test_a_subpart_of_regulations_is_a_division(tmp_path: Path) -> None:
    part = etree.fromstring(
        '<part xmlns="eregs"><content><subpart subpartLetter="A" label="9-Subpart-A">'
        "<title>General</title><content><section label='9-1'><subject>Scope</subject>"
        "<paragraph><content>Mills.</content></paragraph></section></content></subpart>"
        "</content></part>"
    )
    assert units(part, tmp_path)["9-1"].divisions == ("Subpart A: General",)


@pytest.mark.skipif(not EE_CORPUS.exists(), reason="the Estonian corpus is not here")
def test_every_provision_of_an_act_with_chapters_stands_in_one() -> None:
    works = open_source(str(EE_CORPUS)).works(lambda fault: pytest.fail(str(fault)))
    language_act = next(work for work in works if work.work.id == "ee/118032011001")
    entries = act_as_at(language_act, on("2020-01-01")).live
    assert all(entry.divisions for entry in entries)
    assert all(part.name for part in contents(entries))
    assert contents(entries)[0].title.startswith("1. peatükk")


# -- the store ---------------------------------------------------------------------------------


def test_a_store_of_an_earlier_version_takes_divisions_and_keeps_its_rows(
    database_url: str,
) -> None:
    from alembic import command

    engine = open_engine(database_url, create=True)
    with engine.begin() as connection:
        command.upgrade(_alembic(connection, STORE), "0003")
    engine.dispose()
    act = history(version("1990-01-01"))
    with Store.open(database_url, upgrade=True) as store:
        store.write(act)
        before = store.corpus_hash()
        (kept,) = store.provisions(act.work.id)
        assert kept.placements == ()
        moved = kept.model_copy(update={"placements": placed((None, MILLS))})
        assert store.write(act.model_copy(update={"provisions": (moved,)}))
        assert store.provisions(act.work.id) == [moved]
        assert store.corpus_hash() != before


def test_an_act_without_divisions_has_the_content_that_it_had_before_there_were_any() -> None:
    act = history(version("1990-01-01"))
    assert "placements" in act.model_dump_json()
    (one,) = act.provisions
    moved = one.model_copy(update={"placements": placed((None, MILLS))})
    contents_of = {content_of(act), content_of(act.model_copy(update={"provisions": (moved,)}))}
    assert len(contents_of) == 2
    assert content_of(act) == PINNED


PINNED = "23ffe7d0051de4777b8843bd94c9ee5ecb18b3df9fa97113e1a12fbcba6cc3bf"
"""The digest of that act as InForce computed it before it read divisions."""

# -- the contents of an act ----------------------------------------------------------------------


def divided(*paths: tuple[str, ...]) -> WorkHistory:
    """An act of sections 1, 2, ... that stand in these divisions."""
    act = provisions(*(f"s {number}" for number in range(1, len(paths) + 1)))
    made = tuple(
        each.model_copy(update={"placements": placed((None, path))})
        for each, path in zip(act.provisions, paths, strict=True)
    )
    return act.model_copy(update={"provisions": made})


def read(*groups: tuple[tuple[str, ...], int]) -> tuple[Entry, ...]:
    """The entries of an act with so many sections in each path of divisions."""
    paths = [divisions for divisions, count in groups for _ in range(count)]
    return act_as_at(divided(*paths), on("2000-01-01")).entries


def test_a_division_that_fits_on_a_page_is_one_and_a_longer_one_is_opened() -> None:
    long = (("Part 1", "Chapter 1"), 30), (("Part 1", "Chapter 2"), PAGE + 5)
    entries = read(*long, (("Part 2", "Chapter 1"), 3), (("Part 2", "Chapter 2"), 2))
    first, second = contents(entries)
    assert [part.title for part in first.parts] == ["Chapter 1", "Chapter 2"]
    assert [len(part.pages) for part in first.parts] == [1, 2]
    assert (second.title, second.parts, len(second.pages)) == ("Part 2", (), 1)
    listed = pages((first, second))
    assert [page.number for page in listed] == [1, 2, 3, 4]
    assert [entry for page in listed for entry in page.entries] == list(entries)
    assert all(len(page.entries) <= PAGE for page in listed)


def test_provisions_outside_all_divisions_are_ranges_of_numbers_beside_them() -> None:
    entries = read(((), 2), (("Part 1",), 3))
    assert [part.name for part in contents(entries)] == [None, "Part 1"]
    assert contents(entries)[0].title == "s 1 – s 2"


def test_divisions_are_named_where_they_begin_and_not_again() -> None:
    assert opened((), ("Part 1", "Chapter 1")) == ((0, "Part 1"), (1, "Chapter 1"))
    assert opened(("Part 1", "Chapter 1"), ("Part 1", "Chapter 2")) == ((1, "Chapter 2"),)
    assert opened(("Part 1", "Chapter 1"), ("Part 2", "Chapter 1"))[0] == (0, "Part 2")
    assert opened(("Part 1",), ("Part 1",)) == ()
