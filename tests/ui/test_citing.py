"""Citations come out as the guides' own examples and the publishers' own identifiers do."""

from __future__ import annotations

from datetime import date

import pytest

from corpus.model import Citation, SourceRef, Work
from ui.citing import citation_forms


def work(identity: str, title: str, official: str, language: str = "en") -> Work:
    return Work(
        id=identity,
        jurisdiction=identity.partition("/")[0],
        language=language,
        kind="act",
        title=title,
        citation=official,
        source="test",
    )


def citation(
    label: str, since: str = "2000-01-01", until: str | None = None, on: str = "2010-01-01"
) -> Citation:
    return Citation(
        version_id="uk/a#b@2000-01-01",
        provision_id="uk/a#b",
        work_id="uk/a",
        work_title="A",
        label=label,
        valid_from=date.fromisoformat(since),
        valid_to=date.fromisoformat(until) if until else None,
        as_at=date.fromisoformat(on),
        quote="q",
        start=0,
        end=1,
    )


def forms(cited: Citation, of: Work, url: str | None = None) -> dict[str, str]:
    found = citation_forms(cited, of, SourceRef(file="a", url=url))
    return {form.name: form.text for form in found}


@pytest.mark.parametrize(
    ("title", "official", "label", "written"),
    [
        # OSCOLA 2.4, short title and year, and parts of statutes; both examples are those of
        # Robert Gordon University, library.rgu.ac.uk/oscola/statutes-uk
        ("Human Rights Act 1998", "1998 c. 42", "s 15(1)(b)", "Human Rights Act 1998, s 15(1)(b)"),
        ("Consumer Protection Act 1987", "1987 c. 43", "s 2", "Consumer Protection Act 1987, s 2"),
        # OSCOLA 2.5, statutory instruments: University of Portsmouth,
        # referencing.port.ac.uk/pages/ref335.php
        (
            "The Housing Act 2004 (Commencement No. 6)(England) Order 2006",
            "S.I. 2006/3191",
            "art 2",
            "Housing Act 2004 (Commencement No. 6)(England) Order 2006, SI 2006/3191, art 2",
        ),
        # the series of Scotland and of Northern Ireland: Glasgow Caledonian University,
        # gcu.libguides.com/c.php?g=729720&p=5318708
        (
            "The Breeding of Dogs (Licensing Records) (Scotland) Regulations 1999",
            "S.S.I. 1999/176",
            "reg 2",
            "Breeding of Dogs (Licensing Records) (Scotland) Regulations 1999, SSI 1999/176, reg 2",
        ),
        ("Rules 2004", "S.R. 2004/7", "r 3", "Rules 2004, SR 2004/7, r 3"),
        (
            "The Penalties for Disorderly Behaviour (Amendment of Minimum Age) Order 2004",
            "S.I. 2004/3166",
            "art 2",
            "Penalties for Disorderly Behaviour (Amendment of Minimum Age) Order 2004, "
            "SI 2004/3166, art 2",
        ),
        (
            "National Minimum Wage Regulations 1999",
            "SI 1999/584",
            "reg. 11",
            "National Minimum Wage Regulations 1999, SI 1999/584, reg 11",
        ),
    ],
)
def test_oscola_for_the_united_kingdom(title: str, official: str, label: str, written: str) -> None:
    assert forms(citation(label), work("uk/a", title, official))["OSCOLA"] == written


def test_oscola_for_the_european_union() -> None:
    """The form with a pinpoint is that of Solent University: ``[2008] OJ C115/13, art 4``."""
    merger = work(
        "eu/merger",
        "EC Merger Regulation",
        "Council Regulation (EC) 139/2004 (OJ L 24, 29.1.2004, p. 1)",
    )
    written = "Council Regulation (EC) 139/2004 (EC Merger Regulation) [2004] OJ L24/1, art 5"
    assert forms(citation("Art 5"), merger)["OSCOLA"] == written


@pytest.mark.parametrize(
    ("identity", "title", "label", "written"),
    [
        ("fr/code-civil", "Code civil", "art. 1240", "Code civil, art 1240 (France)"),
        (
            "fr/code-travail",
            "Code du travail",
            "art. L. 1234-2",
            "Code du travail, art L 1234-2 (France)",
        ),
        ("de/bgb", "Bürgerliches Gesetzbuch", "§ 622", "Bürgerliches Gesetzbuch, § 622 (Germany)"),
    ],
)
def test_oscola_for_other_countries_has_no_stops_and_names_them(
    identity: str, title: str, label: str, written: str
) -> None:
    assert forms(citation(label), work(identity, title, title))["OSCOLA"] == written


def test_bluebook_for_the_united_states_code() -> None:
    """Without a year since the 21st edition: UC Davis, libguides.law.ucdavis.edu, rule 12.3.2."""
    title_42 = work("us/title-42", "Title 42", "42 U.S.C.; Pub. L. 96-170")
    assert forms(citation("§ 1983"), title_42)["Bluebook"] == "42 U.S.C. § 1983"


@pytest.mark.parametrize(
    ("title", "since", "until", "on", "edition"),
    [
        (7, "1990-01-01", None, "1999-06-01", 1999),
        (7, "1999-03-01", None, "1999-06-01", 2000),  # the edition of 1 January 1999 is older
        (40, "1990-01-01", None, "1999-06-01", 1998),  # revised as of 1 July
        (12, "1999-03-01", "1999-09-01", "1999-06-01", None),  # no edition has it
    ],
)
def test_bluebook_names_an_edition_that_has_the_text(
    title: int, since: str, until: str | None, on: str, edition: int | None
) -> None:
    rules = work("us/cfr", "Rules", f"{title} CFR Part 319")
    found = forms(citation("§ 319.76", since, until, on), rules)
    written = f"{title} C.F.R. § 319.76 ({edition})" if edition else None
    assert found.get("Bluebook") == written


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://www.legislation.gov.uk/ukpga/1996/18/section/94", "ukpga/1996/18/section/94"),
        ("http://www.legislation.gov.uk/id/anaw/2018/1/section/1", "anaw/2018/1/section/1"),
        (
            "https://www.legislation.gov.uk/ukpga/Geo6/12-13-14/76/section/2",
            "ukpga/Geo6/12-13-14/76/section/2",
        ),
        ("https://www.legislation.gov.uk/uksi/1998/3132/part/26", "uksi/1998/3132/part/26"),
        # the publisher's own example: legislation.github.io/data-documentation/model/overview.html
        (
            "https://www.legislation.gov.uk/uksi/2013/376/regulation/12",
            "uksi/2013/376/regulation/12",
        ),
    ],
)
def test_legislation_gov_uk_of_the_day(url: str, path: str) -> None:
    """All its URIs begin with ``http://www.legislation.gov.uk/``, as its documentation says."""
    found = forms(citation("s 94"), work("uk/a", "A Act 1996", "1996 c. 18"), url)
    assert found["legislation.gov.uk URI"] == f"http://www.legislation.gov.uk/{path}/2010-01-01"


@pytest.mark.parametrize(
    "url", [None, "https://evil.example/ukpga/1996/18", "https://www.legislation.gov.uk/help"]
)
def test_no_identifier_without_the_official_page(url: str | None) -> None:
    found = forms(citation("s 94"), work("uk/a", "A Act 1996", "1996 c. 18"), url)
    assert set(found) == {"Plain", "OSCOLA"}


def test_eli_of_an_article_of_the_european_union() -> None:
    """The template of the Publications Office, with the subdivision before ``oj``.

    eur-lex.europa.eu/eli-register/eu_publications_office.html: ``eli/reg/2013/216/oj``, and
    ``art_6`` for an article.
    """
    gdpr = work("eu/gdpr", "GDPR", "Regulation (EU) 2016/679 (OJ L 119, 4.5.2016, p. 1)")
    found = forms(citation("Art 45"), gdpr, "https://eur-lex.europa.eu/eli/reg/2016/679/oj")
    assert found["ELI"] == "http://data.europa.eu/eli/reg/2016/679/art_45/oj"


def test_eli_of_a_german_act_and_none_of_a_french_one() -> None:
    act = work("de/bgbl-1-1964-s593", "Vereinsgesetz", "BGBl. I 1964 S. 593", "de")
    assert forms(citation("§ 20"), act)["ELI"] == "eli/bund/bgbl-1/1964/s593"
    code = work("fr/code-civil", "Code civil", "Code civil", "fr")
    page = "https://www.legifrance.gouv.fr/codes/texte_lc/LEGITEXT000006070721"
    assert "ELI" not in forms(citation("art. 144"), code, page)


def test_bluebook_table_t1_2_cites_title_26_as_treasury_regulations() -> None:
    """Loyola Law School prints "Treas. Reg. § 1.1-1 (2018)", guides.library.lls.edu/bluebook."""
    rules = work("us/26-cfr-1", "Income Taxes", "26 CFR Part 1")
    assert forms(citation("§ 1.61-1", on="2010-06-01"), rules)["Bluebook"] == (
        "Treas. Reg. § 1.61-1 (2010)"
    )


def test_akoma_ntoso_names_the_expression_of_the_version() -> None:
    """``/akn/{country}/{type}[/{subtype}]/{date}/{number}/{language}@{version}``, then the part.

    docs.oasis-open.org/legaldocml/akn-nc/v1.0/os, section 4; the country by ISO 3166-1, ``gb``.
    """
    url = "https://www.legislation.gov.uk/ukpga/1996/18/section/94"
    found = forms(citation("s 94", since="1996-08-22"), work("uk/a", "A", "1996 c. 18"), url)
    assert found["Akoma Ntoso"] == "/akn/gb/act/ukpga/1996/18/eng@1996-08-22/~sec_94"


def test_plain_never_leaves_out_the_day_and_the_interval() -> None:
    found = forms(citation("s 94", until="2012-04-06"), work("uk/a", "A Act 1996", "1996 c. 18"))
    assert found["Plain"] == (
        "A Act 1996, s 94 (1996 c. 18), as at 1 January 2010 "
        "(in force from 1 January 2000 to 5 April 2012)"
    )


def test_chinese_law_has_plain_text_alone() -> None:
    law = work("cn/xingfa", "中华人民共和国刑法", "中华人民共和国刑法", "zh")
    assert set(forms(citation("第十七条"), law)) == {"Plain"}
