"""Citations of 13 systems: read right, or declined with the part that was not understood."""

from __future__ import annotations

from collections import Counter

import pytest

from corpus.languages.citation_words import citation_words
from corpus.provision_numbers import label_key
from retrieval.citations.resolution import ParsedCitation, find_citations
from retrieval.citations.whole import read_whole
from tests.retrieval.citation_cases import Case, case_works, cases, judge

CASES = cases()
WORKS = case_works()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_no_string_is_read_wrong(case: Case) -> None:
    assert judge(case, WORKS) != "wrong", find_citations(case.text, WORKS)


def test_nine_strings_of_ten_are_read_right() -> None:
    verdicts = Counter(judge(case, WORKS) for case in CASES)
    assert len(CASES) >= 200
    assert verdicts["right"] >= 0.9 * len(CASES), verdicts
    assert verdicts["wrong"] == 0


def test_every_system_is_tried() -> None:
    tried = Counter(case.system for case in CASES)
    assert len(tried) == 13
    assert min(tried.values()) >= 12


def test_every_string_that_is_declined_names_the_part_that_was_not_understood() -> None:
    assert [case.text for case in CASES if judge(case, WORKS) == "declined"] == []


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("disposición adicional primera de la LIVA", "disposición adicional primera"),
        ("disposición transitoria segunda de la LIVA", "disposición transitoria segunda"),
        ("la disposición final del Código Civil", "la disposición final"),
        ("Schlussbestimmungen des BGB", "Schlussbestimmungen"),
        ("the preamble of the ERA 1996", "the preamble"),
        ("livre troisième du Code civil", "livre troisième"),
    ],
)
def test_a_part_without_a_number_is_named_as_not_understood(text: str, unread: str) -> None:
    read = read_whole(text, WORKS, lambda *_: False)
    assert not isinstance(read, ParsedCitation)
    assert read.unread == unread


SISTERS = {
    "Satz is not section": [
        ("§ 433 Abs. 1 S. 2 BGB", "433abs1satz2"),
        ("§ 823 Abs. 2 S. 1 BGB", "823abs2satz1"),
        ("§ 1 Abs. 3 S. 2 MiLoG", "1abs3satz2"),
        ("Art. 20 Abs. 2 S. 1 GG", "20abs2satz1"),
        ("§ 12 Abs. 2 Nr. 1 S. 3 UStG", "12abs2nr1satz3"),
        ("§ 266 Abs. 1 Satz 1 Alt. 2 StGB", "266abs1satz1alt2"),
    ],
    "Chinese numbers go on behind the sign": [
        ("刑法第339條之4", "339之4"),
        ("刑法第185條之3第1項第2款", "185之3第1項第2款"),
        ("民法第1030條之1", "1030之1"),
        ("勞動基準法第84條之2", "84之2"),
        ("刑法第一百三十三条之二", "133之2"),
        ("刑法第120条之一第2款", "120之1第2款"),
    ],
    "thousand points": [
        ("artículo 1.255 del Código Civil", "1255"),
        ("art. 1.902 Código Civil", "1902"),
        ("arts. 1.101 y 1.902 Código Civil", "1101"),
        ("art. 1.109 CCyCN", "1109"),
        ("artículo 2.560 CCyCN", "2560"),
        ("art. 1.964 del Código Civil", "1964"),
    ],
    "letters and ordinals behind numbers": [
        ("art. 39 duodecies A CGI", "39duodeciesa"),
        ("art. L47 A LPF", "l47a"),
        ("art. L. 16 B LPF", "l16b"),
        ("art. 2 bis A CGI", "2bisa"),
        ("art. 1649 quater B CGI", "1649quaterb"),
        ("art. 14 A du Code civil", "14a"),
        ("art. 244 quater B bis CGI", "244quaterbbis"),
    ],
    "schedules, comments, appendices": [
        ("Sch 1, Pt 2, para 3 ERA 1996", "1pt2para3"),
        ("ERA 1996, Schedule 2, paragraph 14", "2para14"),
        ("12 CFR 1005.33, comment 33(c)-1", "comment33(c)-1"),
        ("comment 6(b)-2 to 12 CFR 1005.6", "comment6(b)-2"),
        ("Regulation E, comment 17(b)-7", "comment17(b)-7"),
        ("12 CFR part 1005, app. A", "appendixa"),
        ("Supplement I to Part 1005", "supplementi"),
    ],
    "number before the sign": [
        ("1 § OZ", "1"),
        ("3 kap. 1 § OZ", "3kap1"),
        ("OZ 12 a §", "12a"),
        ("2 luku 5 § OZ", "2kap5"),
        ("12. madde OZ", "12"),
    ],
    "Roman paragraphs": [
        ("§ 433 I BGB", "433abs1"),
        ("§ 433 II BGB", "433abs2"),
        ("§ 812 I 1 BGB", "812abs1satz1"),
        ("Art. 2 II 2 GG", "2abs2satz2"),
        ("§ 242 IV StGB", "242abs4"),
        ("民法§184 II", "184第2項"),
    ],
}


@pytest.mark.parametrize(
    ("text", "key"), [pair for kind in SISTERS.values() for pair in kind], ids=lambda text: text
)
def test_cases_from_the_field_and_their_sisters(text: str, key: str) -> None:
    found = find_citations(text, WORKS)
    assert found
    assert (found[0].label_key, found[0].unread) == (key, None)


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("art. 144 Code civil suisse", "suisse"),
        ("article 1240 du Code civil belge", "belge"),
        ("Code civil luxembourgeois, art. 6", "luxembourgeois"),
        ("artículo 5 del Código Civil de Cataluña", "de Cataluña"),
        ("artículo 8 del Código Civil chileno", "chileno"),
        ("s 3 Equality Act 2010 (Amendment) Order 2012", "(Amendment)"),
        ("s 7 Criminal Code Amendment Act 2001", "Amendment Act 2001"),
        ("art 5 of the Swiss Criminal Code", "of the Swiss"),
        ("§ 433 BGB a.F.", "a.F."),
        ("§ 195 BGB n. F.", "n. F."),
        ("s 5 ERA 1999", "1999"),
        ("art. 83(4)-(6) GDPR", "-(6)"),
        ("Article 6(1)(a) and (b) GDPR", "and (b)"),
        ("s 5(1) or (2) ERA 1996", "or (2)"),
        ("§ 433 Abs. 1 und 2 BGB", "und 2"),
        ("§ 2951 odst. 1 a 2 OZ", "a 2"),
        ("民法第184條第1項及第2項", "及第2項"),
        ("VÕS § 208 lg 4 teine lause", "teine lause"),
        ("the first sentence of s 98 ERA 1996", "sentence of"),
        ("art. 245, 2do párrafo, LCT", "2do párrafo"),
        ("ancien art. 1382 C. civ.", "ancien"),
        ("C. civ. art. 1382 anc.", "anc."),
        ("art. 199 undecies B, I CGI", "I"),
        ("art. 39 bis 3 CGI", "3"),
        ("CCA s 45AD(1)(a), (b)", "(b)"),
        ("18 USC 1030(a)(5)(A)-(B)", "-(B)"),
        ("Fair Work Act 2009 (Cth) s 394(2)(a)-(b)", "-(b)"),
        ("12 CFR 1005.33, comment 6(b)-1", "comment 6(b)-1"),
        ("art. 1757 Código Civil y Mercantil", "y Mercantil"),
        ("art. 9 Constitución Nacional Provisoria", "Provisoria"),
    ],
)
def test_what_is_read_in_part_says_what_was_not_understood(text: str, unread: str) -> None:
    others = [work for work in WORKS if work.id != "ca/ccq"]
    found = find_citations(text, others)
    assert found
    assert found[0].unread == unread


def test_a_name_that_begins_like_a_kind_word_is_a_name() -> None:
    seaways = WORKS[0].model_copy(update={"id": "zz/ss", "aliases": ("SS 1991",)})
    found = find_citations("What did s 2 of the SS 1991 say?", [seaways])
    assert [(c.label_key, c.unread) for c in found] == [("2", None)]


def test_a_longer_title_that_is_held_is_that_work() -> None:
    text = "art. 1457 du Code civil du Québec"
    assert [c.work_id for c in find_citations(text, WORKS)] == ["ca/ccq"]
    without = [work for work in WORKS if work.id != "ca/ccq"]
    assert [c.unread for c in find_citations(text, without)] == ["du Québec"]


@pytest.mark.parametrize(
    ("text", "first", "through"),
    [
        ("ss 94-98 ERA 1996", "94", "98"),
        ("§§ 305 bis 310 BGB", "305", "310"),
        ("arts. 1261 a 1280 Código Civil", "1261", "1280"),
        ("§§ 433 ff. BGB", "433", "ff"),
        ("26 U.S.C. § 61 et seq.", "61", "ff"),
        ("art. 1240 et s. C. civ.", "1240", "ff"),
        ("VÕS § 1043 jj", "1043", "ff"),
        ("民法第1147條至第1153條", "1147", "第1153條"),
    ],
)
def test_a_range_is_more_than_its_first_number(text: str, first: str, through: str) -> None:
    found = find_citations(text, WORKS)
    assert [(c.label_key, c.through) for c in found] == [(first, through)]


@pytest.mark.parametrize("language", sorted(citation_words()))
def test_no_kind_word_of_a_language_swallows_the_number(language: str) -> None:
    for kind in citation_words()[language].kinds.values():
        for word in (*kind.words, *kind.many):
            for number in ("23", "7a", "105"):
                key = label_key(f"{word.capitalize()} {number}")
                assert key.endswith(number), (word, key)
        for word in kind.behind:
            assert label_key(f"23 {word}").startswith("23")


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Artículo 23", "23"),
        ("Čl. 36", "36"),
        ("Άρθρο 5", "5"),
        ("чл. 7", "7"),
        ("Madde 12", "12"),
        ("1 §", "1"),
        ("3 kap. 1 §", "3kap1"),
        ("Article 5º", "5"),
        ("Annexe III bis", "annexiiibis"),
        ("第二十四條第二項", "24第2項"),
    ],
)
def test_a_letter_with_an_accent_is_a_letter(written: str, key: str) -> None:
    assert label_key(written) == key
