"""Numbers beside a title without a kind word, and levels of US regulations written in words."""

from __future__ import annotations

import pytest

from retrieval.citations.resolution import find_citations
from tests.retrieval.citation_cases import case_works

WORKS = case_works()

READ = [
    # from the field
    ("中華民國刑法第185條之3", "tw/xf", "185之3", ()),
    ("144 code civil", "fr/cc", "144", ()),
    ("L. 3121-27 Code du travail", "fr/ct", "l3121-27", ()),
    ("12 CFR 1005.6(b)(1)", "us/reg-e", "1005.6(b)(1)", ("(b)", "(1)")),
    # sisters: codes without a kind word
    ("Code civil 144", "fr/cc", "144", ()),
    ("1240 C. civ.", "fr/cc", "1240", ()),
    ("Que disait L3121-27 du code du travail ?", "fr/ct", "l3121-27", ()),
    ("R. 1234-2 C. trav.", "fr/ct", "r1234-2", ()),
    ("Code du travail L. 3121-27", "fr/ct", "l3121-27", ()),
    ("L. 3121-27, al. 2 du Code du travail", "fr/ct", "l3121-27al2", ("al2",)),
    ("433 BGB", "de/bgb", "433", ()),
    ("BGB 433", "de/bgb", "433", ()),
    ("Was sagt 823 Abs. 1 BGB?", "de/bgb", "823abs1", ("abs1",)),
    ("433 I 2 BGB", "de/bgb", "433abs1satz2", ("abs1", "satz2")),
    ("Does 6(1)(f) GDPR cover it?", "eu/gdpr", "6(1)(f)", ("(1)", "(f)")),
    ("GDPR 17", "eu/gdpr", "17", ()),
    ("GDPR 6(1)(f)", "eu/gdpr", "6(1)(f)", ("(1)", "(f)")),
    ("98(4) ERA 1996", "uk/era", "98(4)", ("(4)",)),
    ("902 Código Civil", "es/cc", "902", ()),
    ("24.2 CE", "es/ce", "24.2", (".2",)),
    ("VÕS 1043", "ee/vos", "1043", ()),
    ("Kas KarS 121 lg 2 kehtis?", "ee/kars", "121lg2", ("lg2",)),
    ("718.2(e) Criminal Code", "ca/cc", "718.2(e)", ("(e)",)),
    # sisters: Chinese numbers without 第, or with 之 before the sign
    ("依刑法185條之3處罰", "tw/xf", "185之3", ()),
    ("刑法第185之3條", "tw/xf", "185之3", ()),
    ("民法184條第1項前段", "tw/mf", "184第1項前段", ("第1項", "前段")),
    ("刑法264条第二款", "cn/xf", "264第2款", ("第2款",)),
    ("民法典五百七十七条", "cn/mfd", "577", ()),
    # sisters: levels of US regulations
    ("12 CFR § 1005.6, paragraph (b)(1)", "us/reg-e", "1005.6(b)(1)", ("(b)", "(1)")),
    ("12 C.F.R. § 1005.6 (b) (1)", "us/reg-e", "1005.6(b)(1)", ("(b)", "(1)")),
    ("section 1005.6, paragraph (b)(2)(ii), of Regulation E", "us/reg-e", "1005.6(b)(2)(ii)", None),
    ("paragraph (b)(1) of § 1005.6 of Regulation E", "us/reg-e", "1005.6(b)(1)", None),
    ("1005.6(b)(1) of Regulation E", "us/reg-e", "1005.6(b)(1)", ("(b)", "(1)")),
    ("Regulation E 1005.6(b)(1)", "us/reg-e", "1005.6(b)(1)", ("(b)", "(1)")),
    ("12 CFR 1005.33(c)(2)(ii)(A)(1)", "us/reg-e", "1005.33(c)(2)(ii)(a)(1)", None),
    ("12 CFR 1005.6, para. (b)(3)", "us/reg-e", "1005.6(b)(3)", ("(b)", "(3)")),
    ("section 98, subsection (4) of the ERA 1996", "uk/era", "98(4)", ("(4)",)),
]


@pytest.mark.parametrize(("text", "work", "key", "parts"), READ, ids=str)
def test_a_number_beside_a_title_is_its_provision(
    text: str, work: str, key: str, parts: tuple[str, ...] | None
) -> None:
    found = find_citations(text, WORKS)
    assert [(c.work_ids, c.label_key, c.unread) for c in found] == [((work,), key, None)]
    assert parts is None or found[0].parts == parts


@pytest.mark.parametrize(
    "text",
    [
        "What changed in the 2016 Code civil reform?",
        "1985 Criminal Code",
        "The 10 GDPR fines of the year",
        "10 GDPR fines",
        "May a child under 16 use it, GDPR?",
        "a child under 16 GDPR",
        "Since the BGB 3 years passed",
        "GDPR 4 years later",
        "Under the Code civil 18 years is the age",
        "30 days after 2010 the ERA 1996 said so",
        "Regulation E 2018",
        "on 2016-09-30 Code civil",
        "3.50 euros, BGB",
        "12/2019 GDPR",
        "依刑法三年以下",
        "刑法10年前",
        "民國88條例",
        "the 7.25 FLSA minimum",
        "at 10.30 ERA",
    ],
)
def test_a_number_that_counts_something_is_no_citation(text: str) -> None:
    assert find_citations(text, WORKS) == []


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("6(1)(a) and (b) GDPR", "and (b)"),
        ("144 code civil suisse", "suisse"),
        ("12 CFR 1005.6(b)(1)-(3)", "-(3)"),
        ("98(4)-(6) ERA 1996", "-(6)"),
    ],
)
def test_a_bare_number_read_in_part_says_what_was_not_understood(text: str, unread: str) -> None:
    found = find_citations(text, WORKS)
    assert found
    assert found[0].unread == unread
