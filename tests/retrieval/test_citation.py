"""Citations as lawyers write them, and what they mean on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.model import (
    Coverage,
    EndReason,
    Provision,
    ProvisionNumber,
    SourceRef,
    Version,
    Work,
    WorkHistory,
)
from corpus.store import Store
from retrieval.citations.resolution import (
    CitationAnswer,
    find_citations,
    parse_citation,
    resolve_citation,
)


def work(work_id: str, language: str, title: str, *aliases: str, citation: str = "n/a") -> Work:
    return Work(
        id=work_id,
        jurisdiction=work_id.split("/", maxsplit=1)[0],
        language=language,
        kind="act",
        title=title,
        aliases=aliases,
        citation=citation,
        source="https://example.org",
    )


WORKS = [
    work("uk/era", "en", "Employment Rights Act 1996", "ERA 1996", "ERA", citation="1996 c. 18"),
    work("uk/vata", "en", "Value Added Tax Act 1994", "VATA 1994"),
    work("uk/nmw", "en", "National Minimum Wage Regulations 2015", citation="SI 2015/621"),
    work("fr/cc", "fr", "Code civil", "C. civ.", "CC"),
    work("fr/ct", "fr", "Code du travail", "C. trav."),
    work("de/bgb", "de", "Bürgerliches Gesetzbuch", "BGB"),
    work("de/milog", "de", "Mindestlohngesetz", "MiLoG"),
    work("es/cc", "es", "Código Civil", "CC"),
    work(
        "eu/gdpr",
        "en",
        "General Data Protection Regulation",
        "GDPR",
        citation="Regulation (EU) 2016/679 (OJ L 119, 4.5.2016, p. 1)",
    ),
    work("eu/dsa", "en", "Digital Services Act", citation="Regulation (EU) 2022/2065"),
    work("us/reg-m", "en", "Consumer Leasing", "Regulation M", citation="12 CFR Part 1013"),
    work("us/reg-e", "en", "Electronic Transfers", "Regulation E", citation="12 CFR Part 1005"),
    work("us/flsa", "en", "Fair Labor Standards Act", citation="29 U.S.C. § 201 et seq."),
    work("us/t18", "en", "Title 18", citation="18 U.S.C."),
    work("cn/xf", "zh", "中华人民共和国刑法", "刑法"),
    work("tw/xf", "zh-Hant", "中華民國刑法", "刑法"),
    work("ee/kars", "et", "Karistusseadustik", "KarS"),
]


@pytest.mark.parametrize(
    ("text", "work_id", "keys"),
    [
        ("s 98(1) ERA 1996", "uk/era", ("98(1)", "98")),
        ("section 98 of the Employment Rights Act 1996", "uk/era", ("98",)),
        ("Employment Rights Act 1996 (c. 18), s. 98ZA", "uk/era", ("98za",)),
        ("s.98 1996 c.18", "uk/era", ("98",)),
        ("sch 1 para 1 VATA 1994", "uk/vata", ("1para1", "1", "1er")),
        ("reg 4A SI 2015/621", "uk/nmw", ("4a",)),
        ("art. 1240 C. civ.", "fr/cc", ("1240",)),
        ("article 1240 du code civil", "fr/cc", ("1240",)),
        ("L'article L3121-27 du Code du travail", "fr/ct", ("l3121-27",)),
        ("art. L. 3121-27 C. trav.", "fr/ct", ("l3121-27",)),
        ("art. 1134, al. 1, C. civ.", "fr/cc", ("1134al1", "1134")),
        ("Code civil, art. 1er", "fr/cc", ("1er", "1")),
        ("§ 195 BGB", "de/bgb", ("195",)),
        ("§ 195 des Bürgerlichen Gesetzbuches", "de/bgb", ("195",)),
        ("§ 1 Abs. 2 MiLoG", "de/milog", ("1abs2", "1", "1er")),
        ("§ 312a Absatz 4 Satz 2 BGB", "de/bgb", ("312aabs4satz2", "312aabs4", "312a")),
        ("artículo 1964.2 del Código Civil", "es/cc", ("1964.2", "1964")),
        ("art. 333 bis Código Civil", "es/cc", ("333bis",)),
        ("Art. 6(1)(a) GDPR", "eu/gdpr", ("6(1)(a)", "6(1)", "6")),
        ("article 3 of Regulation (EU) 2022/2065", "eu/dsa", ("3",)),
        ("Art 17 Verordnung (EU) Nr. 2016/679", "eu/gdpr", ("17",)),
        ("12 CFR 1013.2", "us/reg-m", ("1013.2",)),
        ("12 C.F.R. § 1005.33(e)", "us/reg-e", ("1005.33(e)", "1005.33")),
        ("29 U.S.C. 206(a)(1)", "us/flsa", ("206(a)(1)", "206(a)", "206")),
        ("18 USC § 1030", "us/t18", ("1030",)),
        ("《刑法》第三百九十三条", "cn/xf", ("393",)),
        ("刑法第393条第二款", "cn/xf", ("393第2款", "393")),
        ("中华人民共和国刑法第一百二十条之一", "cn/xf", ("120之1", "120-1")),
        ("刑法第91-1條", "tw/xf", ("91-1", "91之1")),
        ("刑法第九十一條之一", "tw/xf", ("91之1", "91-1")),
        ("KarS § 5", "ee/kars", ("5",)),
        ("karistusseadustiku § 87¹ lg 2", "ee/kars", ("87^1lg2", "87^1")),
    ],
)
def test_citations_of_each_system(text: str, work_id: str, keys: tuple[str, ...]) -> None:
    parsed = parse_citation(text, WORKS)
    assert parsed is not None
    assert (parsed.work_id, parsed.label_keys, parsed.bare) == (work_id, keys, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the employer's 30 CC engines",
        "article 5 of the Constitution",
        "within 98 days under ERA 1996",
        "art. 1240",
        "Code civil",
        "军人刑法第3条",
        "section ERA 1996",
        "§§§ BGB",
        "12 CFR",
        "12 CFR 9999.1",
        "BGBX § 5",
    ],
)
def test_what_is_no_citation_of_these_works(text: str) -> None:
    assert find_citations(text, WORKS) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ss 94 and 98 ERA", ["uk/era 94", "uk/era 98"]),
        ("§§ 195, 199 BGB", ["de/bgb 195", "de/bgb 199"]),
        ("ERA 1996 s 94 and s 98", ["uk/era 94", "uk/era 98"]),
        ("s 94 and s 98 ERA 1996", ["uk/era 94", "uk/era 98"]),
        ("刑法第三条、第五条", ["cn/xf 3", "cn/xf 5"]),
        ("BGB § 195, MiLoG § 1", ["de/bgb 195", "de/milog 1"]),
        ("§ 195 BGB, § 1 MiLoG", ["de/bgb 195", "de/milog 1"]),
        ("Under s 98 ERA, 30 days; cf. art. 1240 C. civ.", ["uk/era 98", "fr/cc 1240"]),
    ],
)
def test_several_citations_in_free_text(text: str, found: list[str]) -> None:
    cited = find_citations(text, WORKS)
    assert [f"{c.work_id} {c.label_key}" for c in cited] == found
    assert all(text[c.start : c.end] == c.text for c in cited)


def test_a_citation_in_a_sentence_is_not_bare() -> None:
    parsed = parse_citation("What did s 98 ERA 1996 say?", WORKS)
    assert parsed is not None
    assert (parsed.text, parsed.bare) == ("s 98 ERA 1996", False)


def test_a_shared_name_has_rivals_unless_the_script_decides() -> None:
    shared = parse_citation("art. 1964 CC", WORKS)
    assert shared is not None
    assert set(shared.work_ids) == {"fr/cc", "es/cc"}
    for text, only in (("刑法第5条", "cn/xf"), ("刑法第5條", "tw/xf")):
        parsed = parse_citation(text, WORKS)
        assert parsed is not None
        assert parsed.work_ids == (only,)


@given(st.text(alphabet="§ sart.98(1)ERA1996BGB第三条刑法，,;'《》\n\x00é", max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    for cited in find_citations(text, WORKS):
        assert text[cited.start : cited.end] == cited.text


def test_long_hostile_text_is_read_in_reasonable_work() -> None:
    for text in ("s 1" * 3_000, "§ 1, " * 3_000, "(" * 10_000, "art. 1 " * 3_000, "第" * 10_000):
        assert find_citations(text[:10_000], WORKS) == []


# -- what a citation means on a day -----------------------------------------------------------


def provision(name: str, *labels: tuple[str, str | None, str | None]) -> Provision:
    borne = tuple(
        ProvisionNumber(text=text, valid_from=_day(since), valid_to=_day(until))
        for text, since, until in labels
    )
    return Provision(id=f"fr/code#{name}", work_id="fr/code", labels=borne)


def version(
    name: str,
    since: str,
    until: str | None = None,
    ended: EndReason = EndReason.SUPERSEDED,
    **more: object,
) -> Version:
    return Version.model_validate(
        {
            "id": f"fr/code#{name}@{since}",
            "provision_id": f"fr/code#{name}",
            "language": "fr",
            "text": f"{name} since {since}",
            "valid_from": since,
            "valid_to": until,
            "ended": ended if until else None,
            "source": SourceRef(file="code.md", url="https://example.org/code"),
            **more,
        }
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


CODE = WorkHistory(
    work=work("fr/code", "fr", "Code civil", "C. civ."),
    provisions=(
        provision("tort", ("art. 1382", None, "2016-10-01"), ("art. 1240", "2016-10-01", None)),
        provision("old-1240", ("art. 1240", None, "2016-10-01")),
        provision("future", ("art. 427-1", None, None)),
        provision("gone", ("art. 10", None, None)),
        provision("twin-a", ("art. 20", None, None)),
        provision("twin-b", ("art. 20", None, None)),
        provision("first-11", ("art. 11", None, "1950-01-01")),
        provision("second-11", ("art. 11", "1980-01-01", None)),
        provision("al-1", ("art. 1134, al. 1", None, "2016-10-01")),
        provision("al-3", ("art. 1134, al. 3", None, "2016-10-01")),
        provision("annex", ("annexe 3", None, None)),
        provision("section-3", ("art. 3", None, None)),
    ),
    versions=(
        version("tort", "1804-03-21"),
        version("old-1240", "1804-03-21", "2016-10-01", EndReason.REPEALED),
        version("future", "2026-12-31"),
        version("gone", "1804-03-21", "1975-07-11", EndReason.REPEALED, ended_by="Loi 75-596"),
        version("twin-a", "1804-03-21"),
        version("twin-b", "1900-01-01"),
        version("first-11", "1804-03-21", "1950-01-01", EndReason.REPEALED),
        version("second-11", "1980-01-01"),
        version("al-1", "1804-03-21", "2016-10-01", EndReason.REPEALED),
        version("al-3", "1804-03-21", "2016-10-01", EndReason.REPEALED),
        version("annex", "1804-03-21"),
        version("section-3", "1804-03-21"),
    ),
    coverage=(Coverage(work_id="fr/code", covered_from=date(1804, 3, 21)),),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("store") / "law.db"
    with Store.open(f"sqlite:///{path}", create=True) as opened:
        opened.write(CODE)
        yield opened


def on(store: Store, text: str, day: str) -> CitationAnswer:
    return resolve_citation(store, text, date.fromisoformat(day))


def name(answer: CitationAnswer) -> str | None:
    return answer.provision and answer.provision.split("#")[1]


@pytest.mark.parametrize(
    ("cited", "day", "status", "found"),
    [
        ("art. 1382 Code civil", "2016-09-30", "in_force", "tort"),
        ("art. 1240 Code civil", "2016-10-01", "in_force", "tort"),
        ("art. 1240 Code civil", "2016-09-30", "in_force", "old-1240"),
        ("art. 1382 Code civil", "2016-10-01", "not_found", None),
        ("art. 427-1 C. civ.", "2026-12-30", "not_yet_in_force", "future"),
        ("art. 427-1 C. civ.", "2026-12-31", "in_force", "future"),
        ("art. 10 C. civ.", "1975-07-10", "in_force", "gone"),
        ("art. 10 C. civ.", "1975-07-11", "repealed", "gone"),
        ("art. 10 C. civ.", "1804-03-20", "coverage_gap", "gone"),
        ("art. 20 C. civ.", "1950-01-01", "ambiguous", None),
        ("art. 20 C. civ.", "1899-12-31", "in_force", "twin-a"),
        ("art. 11 C. civ.", "1960-01-01", "repealed", "first-11"),
        ("art. 11 C. civ.", "1980-01-01", "in_force", "second-11"),
        ("art. 1382(2) C. civ.", "2016-09-30", "in_force", "tort"),
        ("art. 1382, al. 2, C. civ.", "2016-09-30", "in_force", "tort"),
        ("art. 1134, al. 3 C. civ.", "2016-09-30", "in_force", "al-3"),
        ("art. 1134, al. 3 C. civ.", "2016-10-01", "repealed", "al-3"),
        ("art. 1134 C. civ.", "2016-09-30", "ambiguous", None),
        ("art. 1134 C. civ.", "2016-10-01", "not_found", None),
        ("art. 3 C. civ.", "2000-01-01", "in_force", "section-3"),
        ("art. 9999 C. civ.", "2000-01-01", "not_found", None),
        ("art. 9999 C. civ.", "1799-12-31", "coverage_gap", None),
        ("§ 5 BGB", "2000-01-01", "not_found", None),
        ("nothing at all", "2000-01-01", "not_found", None),
    ],
)
def test_the_number_borne_on_the_day_decides(
    store: Store, cited: str, day: str, status: str, found: str | None
) -> None:
    answer = on(store, cited, day)
    assert (answer.status, name(answer)) == (status, found)
    assert (answer.text is not None) == (status == "in_force")
    assert answer.explanation.endswith(".")


def test_a_renumbered_provision_says_its_number_of_that_day(store: Store) -> None:
    answer = on(store, "art. 1382 Code civil", "2020-01-01")
    assert "art. 1240" in answer.explanation
    assert "until 2016-09-30" in answer.explanation


def test_an_answer_bears_label_interval_and_source(store: Store) -> None:
    answer = on(store, "article 1240 du code civil", "2016-10-01")
    assert (answer.label, answer.valid_from, answer.valid_to) == (
        "art. 1240",
        date(1804, 3, 21),
        None,
    )
    assert answer.source == "code.md https://example.org/code"
    gone = on(store, "art. 10 C. civ.", "2000-01-01")
    assert (gone.valid_to, gone.text) == (date(1975, 7, 11), None)
    assert "Loi 75-596" in gone.explanation


def test_a_name_shared_by_two_works_that_both_have_the_number_is_ambiguous(tmp_path: Path) -> None:
    def holding(work_id: str, *numbers: str) -> WorkHistory:
        return WorkHistory(
            work=work(work_id, "zh", f"{work_id}法典", "刑法典"),
            provisions=tuple(
                Provision(
                    id=f"{work_id}#{n}", work_id=work_id, labels=(ProvisionNumber(text=f"第{n}条"),)
                )
                for n in numbers
            ),
            versions=tuple(
                version("x", "2000-01-01", id=f"{work_id}#{n}@x", provision_id=f"{work_id}#{n}")
                for n in numbers
            ),
            coverage=(Coverage(work_id=work_id, covered_from=date(2000, 1, 1)),),
        )

    with Store.open(f"sqlite:///{tmp_path}/two.db", create=True) as two:
        two.write(holding("cn/a", "5", "6"))
        two.write(holding("mo/b", "5"))
        assert on(two, "刑法典第5条", "2010-01-01").status == "ambiguous"
        assert "cn/a" in on(two, "刑法典第5条", "2010-01-01").explanation
        assert on(two, "刑法典第6条", "2010-01-01").provision == "cn/a#6"
        assert on(two, "刑法典第7条", "2010-01-01").status == "not_found"


def test_known_at_reads_the_numbers_published_by_then(tmp_path: Path) -> None:
    renumbered = date(2016, 2, 11)
    moved = Provision(
        id="fr/code#x",
        work_id="fr/code",
        labels=(
            ProvisionNumber(text="art. 1", known_to=renumbered),
            ProvisionNumber(text="art. 1", valid_to=date(2016, 10, 1), known_from=renumbered),
            ProvisionNumber(text="art. 2", valid_from=date(2016, 10, 1), known_from=renumbered),
        ),
    )
    book = CODE.model_copy(
        update={"provisions": (moved,), "versions": (version("x", "1804-03-21"),)}
    )
    day = date(2017, 1, 1)
    with Store.open(f"sqlite:///{tmp_path}/known.db", create=True) as known:
        known.write(book)
        before = resolve_citation(known, "art. 1 C. civ.", day, date(2016, 1, 1))
        assert before.status == "in_force"
        assert resolve_citation(known, "art. 1 C. civ.", day).status == "not_found"
        assert resolve_citation(known, "art. 2 C. civ.", day).label == "art. 2"
