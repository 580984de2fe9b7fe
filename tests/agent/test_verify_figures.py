"""A figure that the cited law does not hold is found, however it is written."""

from __future__ import annotations

from datetime import date

import pytest

from corpus.languages.numerals import numbers
from corpus.languages.stated_figures import figures_in_law, figures_said

ENGLISH = (
    "A maker shall keep a register for seven years. Under section 12(3), a fine of 10,000 pounds "
    "or 5 per cent of sales is paid within two or three months. The Act of 1 May 2004 applies."
)
FRENCH = "Le délai est de deux ans, ou de trente jours francs. L'article L. 1234-9 s'applique."
GERMAN = "Die Frist beträgt drei Jahre; nach § 5 Abs. 2 fünfundzwanzig Euro und 5 v. H."
SPANISH = "El plazo es de treinta y cinco días y la multa de mil doscientos euros."
ESTONIAN = "Tähtaeg on viis aastat ja kolmkümmend päeva. § 87¹ lõige 2"
CHINESE = "第三条 处三年以下有期徒刑,罚金五万元,百分之五,已满十八周岁,自2006年1月1日起施行。"


def missing(sentence: str, law: str, language: str) -> list[str]:
    return figures_said(sentence, [language]).without(figures_in_law(law, language))


@pytest.mark.parametrize(
    ("law", "language", "sentence"),
    [
        (ENGLISH, "en", "It is kept for 7 years under s 12(3), since 1 May 2004."),
        (ENGLISH, "en", "The fine is £10 000 or 5%, paid within two months."),
        (ENGLISH, "en", "Nobody else, and no one of them, is fined."),
        (FRENCH, "fr", "Le délai est de 2 ans, ou de 30 jours, selon l'art. L. 1234-9."),
        (FRENCH, "fr", "The period is two years."),
        (GERMAN, "de", "Die Frist ist dreijährig; § 5 nennt 25 Euro und 5 Prozent."),
        (SPANISH, "es", "El plazo es de 35 días y la multa de 1.200 euros."),
        (ESTONIAN, "et", "Viieaastane tähtaeg ja 30 päeva, § 87¹ lg 2."),
        (CHINESE, "zh", "处3年以下有期徒刑,5万元,5%,18周岁,依第三条。"),
    ],
)
def test_a_figure_of_the_law_may_be_written_otherwise(
    law: str, language: str, sentence: str
) -> None:
    assert missing(sentence, law, language) == []


@pytest.mark.parametrize(
    ("law", "language", "sentence", "found"),
    [
        (ENGLISH, "en", "It is kept for five years.", "five years"),
        (ENGLISH, "en", "It is kept for 7 days.", "7 days"),
        (ENGLISH, "en", "It is kept for one year.", "one year"),
        (ENGLISH, "en", "It is kept for seventy-seven years.", "seventy-seven"),
        (ENGLISH, "en", "See section 9 of the 2031 Act.", "section 9"),
        (ENGLISH, "en", "See section 9 of the 2031 Act.", "2031"),
        (ENGLISH, "en", "See section 7.", "section 7"),
        (ENGLISH, "en", "See sections 12 and 13.", "sections 12 and 13"),
        (ENGLISH, "en", "It applies since 2 May 2004.", "2 May 2004"),
        (ENGLISH, "en", "The fine is 10,000 euros.", "10,000 euros"),
        (ENGLISH, "en", "The fine is 100,000 pounds.", "100,000"),
        (ENGLISH, "en", "The fine is 10 million pounds.", "10 million"),
        (ENGLISH, "en", "The fine is 12a pounds.", "12a"),
        (FRENCH, "fr", "Le délai est d'un an.", "un an"),
        (FRENCH, "fr", "Le délai est de quatre-vingt-dix jours.", "quatre-vingt-dix"),
        (FRENCH, "fr", "Il y a l'art. 1240.", "art. 1240"),
        (GERMAN, "de", "Die Frist ist vierjährig.", "vier"),
        (GERMAN, "de", "Es sind fünf Euro.", "fünf Euro"),
        (GERMAN, "de", "Es gilt § 6.", "§ 6"),
        (SPANISH, "es", "El plazo es de treinta y seis días.", "treinta y seis"),
        (ESTONIAN, "et", "Tähtaeg on kuus kuud.", "kuus kuud"),
        (ESTONIAN, "et", "Vaata § 871.", "§ 871"),
        (CHINESE, "zh", "处五年以下有期徒刑。", "五年"),
        (CHINESE, "zh", "依第四条。", "第四条"),
        (CHINESE, "zh", "罚金百分之六。", "六"),
        (CHINESE, "zh", "自2007年1月1日起施行。", "2007年1月1日"),
    ],
)
def test_a_figure_that_is_not_in_the_law_is_found(
    law: str, language: str, sentence: str, found: str
) -> None:
    assert found in missing(sentence, law, language)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is kept for 5О years.",  # a Cyrillic O: reads as fifty
        "It is kept for ５ years.",  # full width
        "It is kept for ⑤ years.",
        "It is kept for 5\u200b0 years.",  # a space without width
        "It is kept for \u202e05\u202c years.",  # read from the right: fifty
        "It is kept for ٥ years.",  # Arabic-Indic
        "It is kept for sеventy years.",  # a Cyrillic e
        "It is kept for ⅶ\u00b2 years.",
    ],
)
def test_a_disguised_figure_is_found(sentence: str) -> None:
    assert missing(sentence, ENGLISH, "en") != []


def test_a_number_that_is_only_part_of_a_date_or_label_is_no_number_besides() -> None:
    said = figures_said("Section 12 applies since 1 May 2004.", ("en",))
    assert (set(said.dates), set(said.addresses)) == ({date(2004, 5, 1)}, {"12"})
    assert said.numbers == said.quantities == {}


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("two hundred and five, twenty-five, between two and three", "en", "205 25 2 3"),
        ("5 million, 1.5 million, 10,000, 2.50", "en", "5000000 1500000 10000 2.5"),
        ("quatre-vingt-dix-sept, soixante et onze, deux cents", "fr", "97 71 200"),
        ("zweihundertfünf, achtzehn, Achtung, Dreistigkeit", "de", "205 18"),
        ("mil doscientos, veintidós", "es", "1200 22"),
        ("kakskümmend viis, saja", "et", "25 100"),
        ("三百九十三人 二〇〇六年 五万元 一般 十分", "zh", "393 2006 50000"),
    ],
)
def test_numbers_in_words(text: str, language: str, values: str) -> None:
    assert [number.value for number in numbers(text, [language])] == values.split()


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("Asi, mille omanik ei ole teada, mil see leiti.", "et"),  # "which", "when"
        ("It is paid once, in cents, to the elf.", "en"),
    ],
)
def test_an_ordinary_word_is_no_number_of_another_language(sentence: str, language: str) -> None:
    assert missing(sentence, "", language) == []


def test_a_number_in_another_language_than_the_law_is_one_all_the_same() -> None:
    for sentence in ("The period is nine years.", "Die Frist ist neunjährig.", "期限为九年。"):
        assert missing(sentence, FRENCH, "fr") != []


def test_a_huge_or_hostile_text_is_read_in_linear_time() -> None:
    """Each would take hours if reading were quadratic."""
    for text in ("§" * 20_000, "a" * 20_000, "1 " * 5_000, "s 1, " * 4_000, "一" * 20_000):
        figures_said(text, ["et"])
        figures_in_law(text, "fr")
