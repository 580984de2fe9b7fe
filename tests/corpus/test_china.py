"""China's real collection: each trap of its README, and the acts whose days are known."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import SourceError
from corpus.invariants import violations
from corpus.model import Commencement, EndReason, Provision, Version, WorkHistory
from corpus.provision_numbers import label_key
from corpus.resolve import CoverageGap, NotYetInForce, Repealed, Resolution, resolve
from corpus.sources.dated.alignment import align
from corpus.sources.dated.dated_files import DatedFiles
from corpus.sources.dated.editions import Unit, fold

REAL = Path(__file__).parents[2] / "../shared/corpora/cn-lawrefbook"
pytestmark = pytest.mark.corpora

CORRECTED = {"files/刑法/刑法.md", "files/民法典/婚姻家庭编.md"}
"""Rows of the overlay that the dialect corrects, each with its reason."""


@pytest.fixture(scope="module")
def works() -> dict[str, WorkHistory]:
    if not REAL.is_dir():
        pytest.skip("the real corpus of China (../shared/corpora/cn-lawrefbook) is not here")
    faults: list[SourceError] = []
    found = {h.work.id: h for h in DatedFiles.open(REAL, "cn").works(faults.append)}
    assert not faults
    return found


def overlay() -> list[dict[str, str]]:
    with (REAL / "overlay_effective_dates.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def bearing(history: WorkHistory, label: str, day: date) -> Iterator[Provision]:
    for provision in history.provisions:
        for borne in provision.labels:
            same = label_key(borne.text) == label_key(label)
            if same and borne.known_to is None and day in borne.valid:
                yield provision


def ask(
    history: WorkHistory, label: str, as_at: str, known_at: str | None = None, number_on: str = ""
) -> Resolution:
    provision = next(bearing(history, label, date.fromisoformat(number_on or as_at)))
    known = date.fromisoformat(known_at) if known_at else None
    return resolve(history.of(provision), date.fromisoformat(as_at), known)


def text(resolution: Resolution) -> str:
    assert isinstance(resolution, Version), resolution
    return resolution.text


# The whole collection -----------------------------------------------------------------------------


def test_every_row_loads_and_breaks_no_invariant(works: dict[str, WorkHistory]) -> None:
    assert len(works) == 128
    assert not [v for history in works.values() for v in violations(history)]


def test_titles_are_known_with_and_without_the_name_of_the_state(
    works: dict[str, WorkHistory],
) -> None:
    assert works["cn/刑法"].work.title == "中华人民共和国刑法"
    assert "刑法" in works["cn/刑法"].work.aliases
    interpretation = works["cn/最高人民法院关于适用《合同法》若干问题的解释（一）"].work
    assert "最高人民法院关于适用合同法若干问题的解释（一）" in interpretation.aliases
    names = [alias for history in works.values() for alias in set(history.work.aliases)]
    assert len(names) == len(set(names))


# Traps, by their number in the README -------------------------------------------------------------


def test_trap_4_no_placeholder_date(works: dict[str, WorkHistory]) -> None:
    days = {v.valid_from for h in works.values() for v in h.versions if v.valid_from}
    assert min(days) >= date(1982, 12, 10)
    assert max(days) <= date(2025, 7, 1)


def test_trap_5_adoption_is_not_commencement(works: dict[str, WorkHistory]) -> None:
    procedure = works["cn/民事诉讼法"]
    last = ask(procedure, "第二百七十二条", "2023-12-31")
    first = ask(procedure, "第二百七十六条", "2024-01-01")
    assert isinstance(last, Version)
    assert isinstance(first, Version)
    assert last.provision_id == first.provision_id
    assert text(last) != text(first)
    assert first.published == date(2023, 9, 1)
    assert first.upstream["db_valid_from"] == "2023-09-01"
    assert "wrong" in first.upstream["basis"]


def test_trap_5_every_resolved_day_of_the_overlay_is_used(works: dict[str, WorkHistory]) -> None:
    begun = {
        (history.work.id, version.valid_from)
        for history in works.values()
        for version in history.versions
    }
    parts = {"总则", "物权编", "合同编", "人格权编", "婚姻家庭编", "继承编", "侵权责任编", "附则"}
    for row in overlay():
        work = "民法典" if row["name"] in parts else row["name"]
        if row["in_force_from"] and row["file"] not in CORRECTED:
            assert (f"cn/{work}", date.fromisoformat(row["in_force_from"])) in begun, row["file"]


def test_trap_6_amended_text_keeps_the_clause_of_the_original_act(
    works: dict[str, WorkHistory],
) -> None:
    antitrust = works["cn/反垄断法"]
    clause = ask(antitrust, "第七十条", "2022-08-01")
    assert "2008年8月1日" in text(clause)  # what the text of 2022 still says
    amended = ask(antitrust, "第五十六条", "2022-08-01")
    assert isinstance(amended, Version)
    assert amended.valid_from == date(2022, 8, 1)
    assert "2008-08-01" in amended.upstream["trap"]


def test_trap_8_same_rule_moves_to_another_number(works: dict[str, WorkHistory]) -> None:
    legislation = works["cn/立法法"]
    before = ask(legislation, "第九十三条", "2023-03-14")
    after = ask(legislation, "第一百零四条", "2023-03-15")
    assert isinstance(before, Version)
    assert isinstance(after, Version)
    assert "不溯及既往" in before.text
    assert before.provision_id == after.provision_id


def test_trap_8_same_number_means_another_rule(works: dict[str, WorkHistory]) -> None:
    legislation = works["cn/立法法"]
    before = ask(legislation, "第九十三条", "2023-03-14")
    after = ask(legislation, "第九十三条", "2023-03-15")
    assert isinstance(before, Version)
    assert isinstance(after, Version)
    assert before.provision_id != after.provision_id
    assert "不溯及既往" not in after.text


def test_two_dates_of_one_interpretation_are_one_version(works: dict[str, WorkHistory]) -> None:
    damages = works["cn/最高人民法院关于审理人身损害赔偿案件适用法律若干问题的解释"]
    (row,) = (
        v
        for v in damages.versions
        if v.valid_from == date(2022, 5, 1) and "残疾赔偿金" in v.text[:10]
    )
    assert row.published == date(2022, 4, 24)  # not the day of adoption, 04-04
    assert row.upstream["also listed as"].endswith("(2022-04-24).md")


# Unknown days -------------------------------------------------------------------------------------


def unresolved() -> list[dict[str, str]]:
    blank = [row for row in overlay() if not row["in_force_from"]]
    assert len(blank) == 40
    return [row for row in blank if row["file"] not in CORRECTED]


def test_unresolved_day_is_never_in_force(works: dict[str, WorkHistory]) -> None:
    files = {row["file"] for row in unresolved()}
    assert len(files) == 39
    rows = [v for h in works.values() for v in h.versions if v.source.file in files]
    assert len(rows) > 1000
    assert {v.commencement for v in rows} == {Commencement.UNKNOWN}


def test_earlier_text_does_not_reach_over_an_unresolved_edition(
    works: dict[str, WorkHistory],
) -> None:
    checked = 0
    for row in unresolved():
        history = works[f"cn/{row['name']}"]
        adopted = date.fromisoformat(row["adopted_or_promulgated"])
        changed = {v.provision_id for v in history.versions if v.source.file == row["file"]}
        checked += len(changed)
        for version in history.versions:
            if version.provision_id in changed and version.known_to is None:
                assert not version.in_force(adopted), version.id
    assert checked > 1000


def test_unresolved_edition_leaves_what_it_repeats(works: dict[str, WorkHistory]) -> None:
    minors = works["cn/未成年人保护法"]
    assert isinstance(ask(minors, "第一条", "2024-06-01"), Version)
    (changed,) = {v.provision_id for v in minors.versions if v.valid_from is None}
    (label,) = next(p for p in minors.provisions if p.id == changed).labels
    assert isinstance(ask(minors, label.text, "2024-04-25"), Version)
    assert isinstance(ask(minors, label.text, "2024-04-26"), CoverageGap)


def test_act_without_any_known_day_has_no_coverage(works: dict[str, WorkHistory]) -> None:
    transport = works["cn/道路运输条例"]
    assert transport.coverage == ()
    assert isinstance(ask(transport, "第一条", "2023-01-01"), CoverageGap)


def test_edition_listed_in_the_header_but_not_held_is_a_hole(
    works: dict[str, WorkHistory],
) -> None:
    maternal = works["cn/母婴保健法实施办法"]
    spans = [(c.covered_from, c.covered_to) for c in maternal.coverage]
    assert spans == [
        (date(2017, 11, 17), date(2022, 3, 29)),
        (date(2023, 7, 20), None),
    ]
    assert isinstance(ask(maternal, "第一条", "2022-03-29", number_on="2018-01-01"), CoverageGap)


# The Criminal Law ---------------------------------------------------------------------------------


def test_bribery_by_a_unit_changes_on_2024_03_01(works: dict[str, WorkHistory]) -> None:
    criminal = works["cn/刑法"]
    before = ask(criminal, "第三百九十三条", "2024-02-29")
    after = ask(criminal, "第三百九十三条", "2024-03-01")
    assert "五年以下有期徒刑" in text(before)
    assert "三年以上十年以下有期徒刑" in text(after)
    assert isinstance(after, Version)
    assert after.introduced_by == "中华人民共和国刑法修正案（十二）"
    assert after.upstream["in_force_from"] == "2021-03-01"


def test_text_of_2021_is_not_shown_for_2010(works: dict[str, WorkHistory]) -> None:
    criminal = works["cn/刑法"]
    for label in ("第三百九十条", "第三百九十三条", "第十七条", "第一百三十四条"):
        assert isinstance(ask(criminal, label, "2010-06-01"), CoverageGap), label


def test_article_that_no_amendment_names_is_known_since_1997(works: dict[str, WorkHistory]) -> None:
    criminal = works["cn/刑法"]
    for label in ("第十二条", "第二百三十二条", "第二百六十六条"):
        version = ask(criminal, label, "1997-10-01")
        assert isinstance(version, Version)
        assert "no instrument after" in version.upstream["reason"]
    before = ask(criminal, "第二百三十二条", "1997-09-30", number_on="1997-10-01")
    assert isinstance(before, CoverageGap)


def test_article_added_by_an_amendment_did_not_exist_before(works: dict[str, WorkHistory]) -> None:
    criminal = works["cn/刑法"]
    early = ask(criminal, "第一百三十三条之二", "2021-02-28", number_on="2021-03-01")
    assert isinstance(early, NotYetInForce)
    assert early.starts == date(2021, 3, 1)


def test_amending_acts_confirm_the_texts_dated_by_them(works: dict[str, WorkHistory]) -> None:
    """Where an amendment quotes a whole article, the text dated by it reads so."""
    criminal = works["cn/刑法"]
    held = {
        (label_key(p.labels[0].text), v.introduced_by): fold(v.text)
        for p in criminal.provisions
        for v in criminal.versions
        if v.provision_id == p.id
    }
    whole = re.compile(
        r"将刑法(第[一二三四五六七八九十百零]+条(?:之[一二三四五六七八九十]+)?)修改为[：:]\s*“([^”]*)”(?=\s*(?:\n\n|$))"
    )
    agreeing = 0
    for file in sorted((REAL / "files/刑法").glob("刑法修正案*.md")):
        prose = file.read_text(encoding="utf-8")
        title = prose.split("\n", 1)[0].removeprefix("# ")
        for label, quoted in whole.findall(prose):
            if (key := (label_key(label), title)) in held:
                assert held[key] == fold(quoted), key
                agreeing += 1
    assert agreeing == 75


# Acts with known days -----------------------------------------------------------------------------


def test_civil_code_is_one_act_from_2021(works: dict[str, WorkHistory]) -> None:
    code = works["cn/民法典"]
    assert len(code.provisions) == 1260
    assert {v.valid_from for v in code.versions} == {date(2021, 1, 1)}
    assert {v.published for v in code.versions} == {date(2020, 5, 28)}
    early = ask(code, "第一千零四十二条", "2020-12-31", number_on="2021-01-01")
    assert isinstance(early, NotYetInForce)
    marriage = ask(code, "第一千零四十二条", "2021-01-01")
    assert isinstance(marriage, Version)
    assert marriage.source.file == "files/民法典/婚姻家庭编.md"


def test_interpretations_of_replaced_acts_end_with_them(works: dict[str, WorkHistory]) -> None:
    ended = [h for h in works.values() if any(v.ended is EndReason.REPEALED for v in h.versions)]
    assert len([h for h in ended if h.work.kind == "interpretation" and "《" in h.work.id]) >= 9
    marriage = works["cn/最高人民法院关于适用《婚姻法》若干问题的解释（一）"]
    assert isinstance(ask(marriage, "第一条", "2020-12-31"), Version)
    gone = ask(marriage, "第一条", "2021-01-01")
    assert isinstance(gone, Repealed)
    assert gone.by is not None
    assert "16号" in gone.by


def test_future_act_is_not_known_before_its_adoption(works: dict[str, WorkHistory]) -> None:
    company = works["cn/公司法"]
    day, number = "2024-07-01", "第二百六十六条"
    assert isinstance(ask(company, number, day), Version)
    (provision,) = bearing(company, number, date(2024, 7, 1))
    own = company.of(provision)
    assert not isinstance(resolve(own, date(2024, 7, 1), date(2023, 12, 28)), Version)


# Which article continues which --------------------------------------------------------------------


def units(*texts: tuple[str, str]) -> list[Unit]:
    return [Unit(label=label, text=words) for label, words in texts]


def test_shifted_numbers_follow_the_words() -> None:
    before = units(("第一条", "为了规范港口秩序制定本法"), ("第二条", "船舶入港应当报告港务机关"))
    after = units(
        ("第一条", "为了规范港口秩序制定本法"),
        ("第二条", "任何人不得向水中倾倒垃圾"),
        ("第三条", "船舶入港应当立即报告港务机关"),
    )
    assert align(before, after) == {0: 0, 2: 1}


def test_same_number_with_other_words_is_not_continued() -> None:
    before, after = (
        units(("第一条", "船舶入港应当报告港务机关")),
        units(("第一条", "罚款应当上缴国库")),
    )
    assert align(before, after) == {}


def test_one_article_is_continued_once() -> None:
    before = units(("第一条", "船舶入港应当报告港务机关"))
    after = units(("第一条", "船舶入港应当报告港务机关"), ("第二条", "船舶入港应当报告港务机关"))
    assert align(before, after) == {0: 0}


@pytest.mark.slow
def test_ten_thousand_random_mutations_of_a_real_act(tmp_path: Path) -> None:
    """A damaged file or table is a fault or still sound rows; nothing else comes out."""
    if not REAL.is_dir():
        pytest.skip("the real corpus of China (../shared/corpora/cn-lawrefbook) is not here")
    chance = random.Random(20261122)
    files = _two_editions(tmp_path, "国务院组织法")
    source = DatedFiles.open(tmp_path, "cn")
    counts = [0, 0]
    for _ in range(10_000):
        path, whole = chance.choice(files)
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(damaged))
            damaged[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
        path.write_bytes(damaged)
        faults: list[SourceError] = []
        found = list(source.works(faults.append))
        counts[0] += len(found)
        counts[1] += len([f for f in faults if "刑法@commit" not in str(f)])
        assert not [v for history in found for v in violations(history)]
        path.write_bytes(whole)
    assert min(counts) > 0


def _two_editions(folder: Path, work: str) -> list[tuple[Path, bytes]]:
    """Copy one act's editions with their lines of both tables."""
    named = [row["file"] for row in overlay() if row["name"] == work]
    for file in named:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes((REAL / file).read_bytes())
    for table in ("index.csv", "overlay_effective_dates.csv"):
        first, *lines = (REAL / table).read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.startswith(tuple(named))]
        (folder / table).write_text(first + "".join(kept), encoding="utf-8")
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [(path, path.read_bytes()) for path in sorted(files)]
