"""Taiwan: the prose of the annals, and each trap of the README on the real dumps."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import SourceError
from corpus.invariants import violations
from corpus.model import Commencement, EndReason, Version, WorkHistory
from corpus.provision_numbers import label_key
from corpus.resolve import CoverageGap, NotYetInForce, Repealed, Resolution, resolve
from corpus.sources.dated.amendments import Amendment, number
from corpus.sources.dated.dated_files import DatedFiles
from corpus.sources.dated.roc_annals import amendments, roc_date

REAL = Path(__file__).parents[2] / "../shared/corpora/tw-moj-json"
CRIMINAL, PROCEDURE, TRAFFIC = "tw/C0000001", "tw/C0010001", "tw/K0040012"
EQUALITY, TAX, PRIVACY, COMPANY = "tw/N0030014", "tw/G0340003", "tw/I0050021", "tw/J0080001"


def ask(history: WorkHistory, label: str, as_at: str, known_at: str | None = None) -> Resolution:
    provision = next(
        p for p in history.provisions if label_key(p.labels[0].text) == label_key(f"第{label}條")
    )
    known = date.fromisoformat(known_at) if known_at else None
    return resolve(history.of(provision), date.fromisoformat(as_at), known)


def text(resolution: Resolution) -> str:
    assert isinstance(resolution, Version), resolution
    return resolution.text


# The prose of the annals --------------------------------------------------------------------------


def read(*entries: str) -> tuple[Amendment, ...]:
    prose = "\r\n".join(f"{n}.{entry}" for n, entry in enumerate(entries, start=1))
    return amendments(prose, third_day_since=date(1970, 9, 2))


def days(amendment: Amendment, label: str, paragraphs: int = 0) -> list[str]:
    found = amendment.starts(number(label), paragraphs)
    return sorted("pending" if s.pending else str(s.day) for s in found)


ENACTED = "中華民國一百年一月三日總統令制定公布全文 20 條"


def test_year_of_the_republic_is_converted() -> None:
    assert roc_date("一百零七", "六", "十三") == date(2018, 6, 13)
    assert roc_date("一百十二", "十二", "三十一") == date(2023, 12, 31)
    assert roc_date("二十四", "七", "一") == date(1935, 7, 1)


def test_promulgation_takes_effect_on_the_third_day_counting_itself() -> None:
    (act,) = read(ENACTED)
    assert days(act, "第5條") == ["2011-01-05"]
    (same,) = read(ENACTED + "；並自公布日施行")
    assert days(same, "第5條") == ["2011-01-05"]


def test_promulgation_before_that_rule_is_undated() -> None:
    (act,) = read("中華民國五十年一月三日總統令制定公布全文 20 條")
    assert days(act, "第5條") == ["None"]


@pytest.mark.parametrize(
    ("clause", "day"),
    [
        ("；並自中華民國一百零一年七月一日施行", "2012-07-01"),
        ("；並自一百零一年七月一日起施行", "2012-07-01"),
        ("；並自公布後六個月施行", "2011-08-01"),
        ("；並自公布後一年六個月施行", "2012-08-01"),
        ("；自一百零一年度施行", "2012-01-01"),
        ("；施行日期，由行政院定之", "pending"),
        ("；施行日期，由行政院會同司法院另定之", "pending"),
        ("；施行日期，由行政院以命令定之", "pending"),
    ],
)
def test_commencement_clause(clause: str, day: str) -> None:
    _, change = read(ENACTED, "中華民國一百年二月一日總統令修正公布第 5  條條文" + clause)
    assert days(change, "第5條") == [day]
    assert not change.touches(number("第6條"))


def test_month_without_that_day_ends_on_its_last() -> None:
    _, change = read(
        ENACTED, "中華民國一百年八月三十一日總統令修正公布第5條條文；並自公布後六個月施行"
    )
    assert days(change, "第5條") == ["2012-02-29"]


def test_exception_has_a_day_of_its_own() -> None:
    _, change = read(
        ENACTED,
        "中華民國一百十二年二月八日總統華總一義字第 11200007241  號令修正公布第 10、\r\n"
        "  12-1 條條文；增訂第 19-1～19-6 條條文及第二編第二十八章之一章名；\r\n"
        "  除第 12-1 條條文自一百十二年七月一日施行外，自公布日施行",
    )
    assert change.instrument == "總統華總一義字第11200007241號令"
    assert days(change, "第10條") == ["2023-02-10"]
    assert days(change, "第12-1條") == ["2023-07-01"]
    assert days(change, "第19-3條") == ["2023-02-10"]
    assert change.inserts(number("第19-6條"))
    assert not change.touches(number("第19條"))
    assert not change.touches(number("第19-7條"))


def test_paragraphs_may_take_effect_apart() -> None:
    _, change = read(
        ENACTED,
        "中華民國一百十二年八月十六日總統令修正公布第5、12條條文；除第5條第2～4項、第12條第1項"
        "自一百十三年三月八日施行外，自公布日施行",
    )
    assert days(change, "第5條", 6) == ["2023-08-18", "2024-03-08"]
    assert days(change, "第12條", 1) == ["2024-03-08"]


def test_order_fixes_a_day_and_before_it_the_day_was_open() -> None:
    _, change = read(
        ENACTED,
        "中華民國一百零七年五月二十三日總統令修正公布第 6、7  條條文；施行日期，由行政院以命\r\n"
        "  令定之\r\n"
        "  中華民國一百零七年七月二十三日行政院院臺交字第 1070094210 號令發布除第\r\n"
        "  7  條條文外，其餘條文，定自一百零七年九月一日施行\r\n"
        "  中華民國一百零七年十月一日行政院院臺交字第 1070094211 號令發布第 7  條\r\n"
        "  條文定自一百零八年一月一日施行",
    )
    assert days(change, "第6條") == ["2018-09-01"]
    assert days(change, "第7條") == ["2019-01-01"]
    (start,) = change.starts(number("第7條"))
    assert start.known == date(2018, 10, 1)
    assert change.enacted_as is not None
    assert days(change.enacted_as, "第6條") == ["pending"]


def test_two_orders_under_one_entry_are_two() -> None:
    _, first, second = read(
        ENACTED,
        "中華民國一百零九年一月十五日總統令修正公布第1條條文\r\n"
        "  中華民國一百零九年一月十五日總統令修正公布第2條條文",
    )
    assert first.touches(number("第1條"))
    assert not first.touches(number("第2條"))
    assert second.touches(number("第2條"))


def test_transfer_of_competence_changes_no_text() -> None:
    assert (
        len(
            read(
                ENACTED,
                "中華民國一百零三年二月十四日行政院院臺規字第 1030124618 號公告第 4  條所列屬"
                "「甲」之權責事項，自一百零三年二月十七日起改由「乙」管轄",
            )
        )
        == 1
    )


@pytest.mark.parametrize(
    "order",
    [
        "修正公布第 76～78 條條文原 76、77 條改為 79、80 條條文",  # renumbers
        "修正公布第 3、993994 條條文",  # a comma is missing
        "修正公布名稱及全文 34 條",
        "修正公布",
    ],
)
def test_unclear_list_touches_everything(order: str) -> None:
    _, change = read(ENACTED, "中華民國一百零三年二月十四日總統令" + order)
    assert change.touched is None
    assert change.touches(number("第1條"))


def test_unclear_commencement_is_unknown() -> None:
    _, change = read(ENACTED, "中華民國一百零三年二月四日總統令修正公布第3條條文；春節後施行")
    (start,) = change.starts(number("第3條"))
    assert start.day is None
    assert not start.pending


def test_entry_without_a_date_is_refused() -> None:
    with pytest.raises(ValueError, match="does not begin with a dated order"):
        read(ENACTED, "總統令修正公布第3條條文")


# A small dump of our own --------------------------------------------------------------------------


def dump(folder: Path, name: str, annals: list[str], articles: dict[str, str]) -> None:
    prose = "\r\n".join(f"{n}.{entry}" for n, entry in enumerate(annals, start=1))
    listed = [{"編章節": "第 一 章 總則"}]
    listed += [{"條號": f"第 {n} 條", "條文內容": words} for n, words in articles.items()]
    document = {"法規名稱": "港口法", "沿革內容": prose, "法規內容": listed}
    (folder / name).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


@pytest.fixture
def harbour(tmp_path: Path) -> Path:
    """Two dumps between which article 2 was amended twice, 3 once, 4 only printed otherwise."""
    annals = [
        ENACTED,
        "中華民國一百零一年二月一日總統令修正公布第 2、3  條條文",
        "中華民國一百零二年二月一日總統令修正公布第 2  條條文",
        "中華民國一百零三年二月一日總統令修正公布第 5  條條文；施行日期，由行政院定之",
    ]
    first = {
        "1": "船舶入港應報告。",
        "2": "費用十元。",
        "3": "夜間點燈。",
        "4": "罰五百元。",
        "5": "垃圾入艙。",
    }
    second = first | {
        "2": "費用三十元。",
        "3": "夜間點兩燈。",
        "4": "罰 500 元。",
        "5": "垃圾上岸。",
    }
    second["4"] = "罰五百元．"
    dump(tmp_path, "a.json", annals[:1], first)
    dump(tmp_path, "b.json", annals, second)
    (tmp_path / "index.csv").write_text(
        "pcode,name,file,commit_date,moj_update_date,last_amended,effective_date\n"
        "H1,港口法,a.json,2011-06-01,,20110103,\n"
        "H1,港口法,b.json,2014-06-01,20140520,20140201,99991231\n",
        encoding="utf-8",
    )
    return tmp_path


def load(folder: Path) -> tuple[dict[str, WorkHistory], list[str]]:
    faults: list[SourceError] = []
    found = {h.work.id: h for h in DatedFiles.open(folder, "tw").works(faults.append)}
    return found, [str(f) for f in faults if "A0030133" not in str(f)]  # the dialect adds that act


def test_article_amended_twice_between_dumps_has_a_gap(harbour: Path) -> None:
    act = load(harbour)[0]["tw/H1"]
    assert "十元" in text(ask(act, "2", "2012-02-02"))
    assert isinstance(ask(act, "2", "2012-02-03"), CoverageGap)
    assert isinstance(ask(act, "2", "2013-02-02"), CoverageGap)
    assert "三十元" in text(ask(act, "2", "2013-02-03"))


def test_article_amended_once_between_dumps_changes_on_its_day(harbour: Path) -> None:
    act = load(harbour)[0]["tw/H1"]
    assert "點燈" in text(ask(act, "3", "2012-02-02"))
    assert "點兩燈" in text(ask(act, "3", "2012-02-03"))
    assert "點燈" in text(ask(act, "3", "2012-02-03", known_at="2012-01-31"))


def test_other_punctuation_is_no_new_version(harbour: Path) -> None:
    act = load(harbour)[0]["tw/H1"]
    assert len({v.id for v in act.versions if v.text.startswith("罰")}) == 1


def test_pending_text_waits_and_the_old_one_stays(harbour: Path) -> None:
    act = load(harbour)[0]["tw/H1"]
    (waiting,) = (v for v in act.versions if v.text == "垃圾上岸。")
    assert waiting.commencement is Commencement.TO_BE_FIXED
    assert waiting.known_from == date(2014, 2, 1)
    assert "入艙" in text(ask(act, "5", "2020-01-01"))


def test_truncated_dump_is_named_and_its_act_left_out(harbour: Path) -> None:
    whole = (harbour / "b.json").read_bytes()
    (harbour / "b.json").write_bytes(whole[: len(whole) // 2 // 3 * 3])
    found, faults = load(harbour)
    assert not found
    assert len(faults) == 1
    assert faults[0].startswith("b.json:1: not ")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('"法規內容": [', '"法規內容": 7, "x": [', "b.json, field '法規內容'"),
        ('"條文內容": "夜間', '"條文內容": 3, "x": "夜間', "b.json, field '條文內容'"),
        ('"第 3 條"', '"第 2 條"', "b.json:4: '第2條' stands twice"),
        ("總統令制定", "公布制定", "b.json, field '沿革內容': the annals are not readable"),
    ],
)
def test_malformed_dump_names_the_field(harbour: Path, old: str, new: str, place: str) -> None:
    dumped = (harbour / "b.json").read_text(encoding="utf-8")
    assert old in dumped
    (harbour / "b.json").write_text(dumped.replace(old, new), encoding="utf-8")
    found, faults = load(harbour)
    assert not found
    assert faults[0].startswith(place)


def test_row_that_the_annals_do_not_know_is_a_fault(harbour: Path) -> None:
    index = harbour / "index.csv"
    index.write_text(index.read_text("utf-8").replace("20140201", "20140202"), encoding="utf-8")
    assert load(harbour)[1][0].startswith("index.csv:3, field 'amended'")


# The real dumps -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def works() -> dict[str, WorkHistory]:
    if not REAL.is_dir():
        pytest.skip("the real corpus of Taiwan (../shared/corpora/tw-moj-json) is not here")
    faults: list[SourceError] = []
    found = {h.work.id: h for h in DatedFiles.open(REAL, "tw").works(faults.append)}
    assert not faults
    return found


def index() -> list[dict[str, str]]:
    with (REAL / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.corpora
def test_every_snapshot_loads_and_breaks_no_invariant(works: dict[str, WorkHistory]) -> None:
    assert len(index()) == 121
    assert len(works) == 12  # eleven acts, and the one on commencements
    assert not [v for history in works.values() for v in violations(history)]


@pytest.mark.corpora
def test_annals_agree_with_every_effective_date_of_the_index(
    works: dict[str, WorkHistory],
) -> None:
    begun = {(h.work.id, v.valid_from) for h in works.values() for v in h.versions}
    begun |= {(h.work.id, v.valid_to) for h in works.values() for v in h.versions}
    stated = [row for row in index() if row["effective_date"] not in ("", "99991231")]
    assert len(stated) == 20
    for row in stated:
        day = row["effective_date"]
        stated_day = date(int(day[:4]), int(day[4:6]), int(day[6:]))
        assert (f"tw/{row['pcode']}", stated_day) in begun, row


@pytest.mark.corpora
def test_third_day_counting_promulgation(works: dict[str, WorkHistory]) -> None:
    before = ask(works[CRIMINAL], "272", "2019-05-30")
    after = ask(works[CRIMINAL], "272", "2019-05-31")
    assert isinstance(after, Version)
    assert after.published == date(2019, 5, 29)
    assert text(before) != after.text


@pytest.mark.corpora
def test_trap_4_99991231_is_a_day_to_be_fixed(works: dict[str, WorkHistory]) -> None:
    privacy = works[PRIVACY]
    (waiting,) = (
        v
        for v in privacy.versions
        if v.published == date(2015, 12, 30)
        and v.commencement is Commencement.TO_BE_FIXED
        and "病歷" in v.text[:12]
    )
    assert waiting.condition == "施行日期，由行政院定之"
    assert (waiting.known_from, waiting.known_to) == (date(2015, 12, 30), date(2016, 2, 25))
    fixed = ask(privacy, "6", "2016-03-15")
    assert isinstance(fixed, Version)
    assert fixed.text == waiting.text
    assert not isinstance(ask(privacy, "6", "2016-03-14"), Version)


@pytest.mark.corpora
def test_trap_4_what_was_never_fixed_still_waits(works: dict[str, WorkHistory]) -> None:
    waiting = ask(works[TAX], "43-4", "2024-10-01")
    assert isinstance(waiting, NotYetInForce)
    assert waiting.starts is None
    assert isinstance(ask(works[TAX], "43-3", "2023-01-01"), Version)


@pytest.mark.corpora
def test_trap_11_one_promulgation_several_days(works: dict[str, WorkHistory]) -> None:
    criminal = works[CRIMINAL]
    assert isinstance(ask(criminal, "319-1", "2023-02-09"), NotYetInForce)
    assert isinstance(ask(criminal, "319-1", "2023-02-10"), Version)
    images = ask(criminal, "10", "2023-02-10")
    assert isinstance(images, Version)
    assert images.valid_from == date(2023, 2, 10)
    old, new = ask(criminal, "91-1", "2023-06-30"), ask(criminal, "91-1", "2023-07-01")
    assert isinstance(new, Version)
    assert text(old) != new.text
    assert new.published == date(2023, 2, 8)


@pytest.mark.corpora
def test_trap_11_listed_articles_later_and_parts_of_articles(
    works: dict[str, WorkHistory],
) -> None:
    equality = works[EQUALITY]
    assert text(ask(equality, "1", "2023-08-17")) != text(ask(equality, "1", "2023-08-18"))
    assert isinstance(ask(equality, "13-1", "2024-03-07"), NotYetInForce)
    assert isinstance(ask(equality, "13-1", "2024-03-08"), Version)
    assert isinstance(ask(equality, "12", "2023-08-17"), Version)
    for day in ("2023-08-18", "2024-03-07"):  # paragraphs 3 and 5 to 8 come later
        assert isinstance(ask(equality, "12", day), CoverageGap)
    assert isinstance(ask(equality, "12", "2024-03-08"), Version)


@pytest.mark.corpora
def test_trap_12_dump_shows_the_future_text(works: dict[str, WorkHistory]) -> None:
    procedure = works[PROCEDURE]
    assert isinstance(ask(procedure, "31-1", "2017-12-31"), NotYetInForce)
    assert isinstance(ask(procedure, "31-1", "2018-01-01"), Version)
    assert isinstance(ask(procedure, "33-1", "2017-04-28"), Version)


@pytest.mark.corpora
def test_trap_12_old_text_that_no_dump_shows_is_a_gap(works: dict[str, WorkHistory]) -> None:
    """The first dump already has the confiscation of 2016-07-01 instead of the law of its day."""
    criminal = works[CRIMINAL]
    assert isinstance(ask(criminal, "38", "2016-06-30"), CoverageGap)
    assert isinstance(ask(criminal, "38", "2016-07-01"), Version)
    assert isinstance(ask(criminal, "38-1", "2016-06-30"), NotYetInForce)
    assert isinstance(ask(criminal, "271", "2016-06-30"), Version)


@pytest.mark.corpora
def test_editorial_change_is_no_new_version(works: dict[str, WorkHistory]) -> None:
    """In 2021 the database rewrote widths and line ends of whole acts."""
    company = works[COMPANY]
    assert not [v for v in company.versions if v.known_from == date(2021, 9, 3)]
    assert not [v for v in company.versions if "\n" in v.text and v.text.split("\n")[0][-1] == "、"]


@pytest.mark.corpora
def test_only_listed_articles_change_between_dumps(works: dict[str, WorkHistory]) -> None:
    """A text that differs without an order would be a correction: there is one, and remarks."""
    corrected = {
        (history.work.id, p.labels[0].text)
        for history in works.values()
        for p in history.provisions
        for v in history.versions
        if v.provision_id == p.id and "~" in v.id and v.note is None
    }
    assert corrected == {(TAX, "第6條")}  # one character of the currency's name


@pytest.mark.corpora
def test_remark_of_the_editors_is_no_law(works: dict[str, WorkHistory]) -> None:
    recidivist = ask(works[CRIMINAL], "47", "2020-01-01")
    assert isinstance(recidivist, Version)
    assert recidivist.note is not None
    assert "釋字第 775 號" in recidivist.note
    assert not [v for h in works.values() for v in h.versions if "釋字第" in v.text]


@pytest.mark.corpora
def test_article_struck_down_by_the_court_is_annulled(works: dict[str, WorkHistory]) -> None:
    criminal = works[CRIMINAL]
    assert isinstance(ask(criminal, "239", "2020-05-28"), Version)
    for day in ("2020-05-29", "2022-01-01"):
        gone = ask(criminal, "239", day)
        assert isinstance(gone, Repealed)
        assert gone.how is EndReason.ANNULLED


@pytest.mark.corpora
def test_repealed_article_stays_repealed(works: dict[str, WorkHistory]) -> None:
    gone = ask(works["tw/B0000001"], "981", "2023-01-01")
    assert isinstance(gone, Repealed)
    assert gone.how is EndReason.REPEALED
    assert isinstance(ask(works["tw/B0000001"], "981", "2022-12-31"), Version)


@pytest.mark.corpora
def test_known_time_follows_promulgation_and_the_fixing_order(
    works: dict[str, WorkHistory],
) -> None:
    traffic = works[TRAFFIC]
    new = text(ask(traffic, "60", "2018-09-01"))
    assert text(ask(traffic, "60", "2018-09-01", known_at="2018-07-22")) != new
    assert text(ask(traffic, "60", "2018-09-01", known_at="2018-07-23")) == new


@pytest.mark.corpora
def test_retroactive_amendment_was_not_known_before(works: dict[str, WorkHistory]) -> None:
    tax = works[TAX]
    now = ask(tax, "17", "2019-03-01")
    assert isinstance(now, Version)
    assert now.valid_from == date(2019, 1, 1)
    assert now.published == date(2019, 7, 24)
    assert text(ask(tax, "17", "2019-03-01", known_at="2019-03-01")) != now.text


@pytest.mark.corpora
def test_two_steps_of_one_order_meet_when_all_paragraphs_are_named(
    works: dict[str, WorkHistory],
) -> None:
    traffic = works[TRAFFIC]
    assert isinstance(ask(traffic, "67", "2019-06-30"), Version)
    assert isinstance(ask(traffic, "67", "2019-07-01"), CoverageGap)
    assert isinstance(ask(traffic, "67", "2020-03-01"), Version)


@pytest.mark.corpora
@pytest.mark.slow
def test_ten_thousand_random_mutations_of_a_real_act(tmp_path: Path) -> None:
    """A damaged dump is a fault or still sound rows; nothing else comes out."""
    import random

    if not REAL.is_dir():
        pytest.skip("the real corpus of Taiwan (../shared/corpora/tw-moj-json) is not here")
    (source,) = (REAL / "snapshots/A0030133").glob("*.json")
    chance = random.Random(20261122)
    whole = source.read_bytes()
    (tmp_path / "index.csv").write_text(
        "pcode,name,file,commit_date,moj_update_date,last_amended,effective_date\n"
        "X1,x,x.json,2024-10-24,,20040519,\n",
        encoding="utf-8",
    )
    sound = 0
    for _ in range(10_000):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(damaged))
            damaged[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
        (tmp_path / "x.json").write_bytes(damaged)
        found, faults = load(tmp_path)
        assert len(found) + len(faults) == 1
        sound += len(found)
        assert not [v for history in found.values() for v in violations(history)]
    assert 0 < sound < 10_000


def test_collection_without_an_index_is_one_fault(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    found, faults = load(tmp_path)
    assert not found
    assert faults == ["index.csv: 'index.csv' cannot be read: No such file or directory"]
