"""Words are the same on every engine because they are made here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.languages.search_words import stop_words
from retrieval.engines.index_schema import body
from retrieval.text.analysis import (
    MAX_QUERY_TERMS,
    highlights,
    normalise,
    text_query,
    tokens,
)
from tests.retrieval.conftest import ROWS

LANGUAGES = ["en", "fr", "de", "es", "et", "zh", "zh-Hant", "xx"]


@pytest.mark.parametrize(
    ("text", "language", "terms"),
    [
        ("Employer's DUTY", "en", "employer s duty"),
        ("l’œuvre d'État", "fr", "l oeuvre d etat"),
        ("re\u0301sume\u0301", "fr", "resume"),
        ("Straße Ämter Aemter", "de", "strasse amter amter"),
        ("Treue Steuer quer", "de", "treue steuer quer"),
        ("pena peña acción", "es", "pena peña accion"),
        ("süü suu šokk", "et", "süü suu sokk"),
        ("süü", "en", "suu"),
        ("em\u00adployer", "en", "employer"),
        ("ﬁne １２", "en", "fine 12"),
        ("s.12(1)(a)", "en", "s 12 12(1) 12(1)(a)"),
        ("12（1）", "zh", "12 12(1)"),
        ("L. 52-1 L52–1", "fr", "l 52-1 l 52-1"),
        ("2022/2065 1024.35(e) 98ZA", "en", "2022/2065 1024.35 1024.35(e) 98za"),
        ("£50,000 50.000 50\u202f000", "en", "50000 50000 50000"),
        ("1.5 1013.208", "en", "1.5 1013.208"),
        ("§ 87¹", "et", "87^1"),
        ("刑法典", "zh", "刑 刑法 法 法典 典"),
        ("第三百九十三条", "zh", "第 393 条"),
        ("第393条", "zh", "第 393 条"),
    ],
)
def test_terms(text: str, language: str, terms: str) -> None:
    assert normalise(text, language) == terms


@given(st.text(max_size=80), st.sampled_from(LANGUAGES))
def test_an_engine_that_splits_at_spaces_sees_the_same_terms(text: str, language: str) -> None:
    found = list(tokens(text, language))
    assert normalise(text, language).split() == [token.term for token in found]
    assert all(token.term and token.term == "".join(token.term.split()) for token in found)
    assert all(0 <= token.start < token.end <= len(text) for token in found)


@given(st.text(alphabet="süõäñéßabc刑法第十条12(1) '", max_size=40), st.sampled_from(LANGUAGES))
def test_a_text_finds_itself(text: str, language: str) -> None:
    terms = set(normalise(text, language).split())
    assert set(text_query(text, [language]).terms) <= terms


def test_a_word_of_unknown_language_is_asked_in_each_form() -> None:
    assert set(text_query("süü").terms) == {"suu", "süü"}
    assert text_query("süü", ["et"]).terms == ("süü",)
    assert text_query("dismissal").terms == ("dismissal",)


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("What is the maximum award for unfair dismissal?", "maximum award unfair dismissal"),
        ("Quelle est la durée légale du travail ?", "duree legale travail"),
        ("Wie lange ist die Kündigungsfrist?", "lange kundigungsfrist kündigungsfrist"),
        ("¿Cuál es el plazo de prescripción?", "plazo prescripcion"),
    ],
)
def test_question_words_are_dropped(question: str, terms: str) -> None:
    assert set(text_query(question).terms) == set(terms.split())


def test_one_language_s_stopwords_do_not_fall_on_another() -> None:
    assert "die" in text_query("may a person die intestate of the estate").terms
    assert "son" in text_query("is the son of the testator an heir").terms


def test_stopwords_are_listed_as_the_analyser_folds_them() -> None:
    for language, words in stop_words().items():
        assert {t for word in words for t in normalise(word, language).split()} >= words


def test_a_huge_question_is_cut() -> None:
    many = " ".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(600))
    assert len(text_query(many).terms) == MAX_QUERY_TERMS


def test_phrases_keep_their_stopwords_and_order() -> None:
    query = text_query('limit of "the rule of law" today')
    assert query.phrases == ((("the", "rule", "of", "law"),),)
    assert "rule" not in query.terms


@pytest.mark.parametrize("quoted", ['"a b"', "“a b”", "„a b“", "«a b»", "「a b」"])
def test_every_kind_of_quotation_mark(quoted: str) -> None:
    assert text_query(quoted).phrases == ((("a", "b"),),)


def test_a_quotation_with_omissions_is_several_passages() -> None:
    passages = (("the", "court", "shall"),), (("fix", "a", "day"),), (("for", "it"),)
    assert text_query('"the court shall … fix a day [not later] for it"').phrases == passages
    assert len(text_query("「處【 】以下……罰金」").phrases) == 3


def test_an_open_quotation_mark_is_nothing() -> None:
    assert text_query('"notice period').phrases == ()
    assert text_query('"notice period').terms == ("notice", "period")


def test_highlights_are_places_in_the_original() -> None:
    text = "L’ŒUVRE (12(1)(a)) 刑法典"
    spans = highlights(text, "fr", text_query("oeuvre 12(1) 刑法典", ["fr"]).wanted)
    assert [text[a:b] for a, b in spans] == ["ŒUVRE", "12(1)", "刑法典"]


def test_a_row_is_found_by_names_label_heading_and_text() -> None:
    row = next(r for r in ROWS if r.heading == "Durée légale")
    terms = body(row.model_copy(update={"aliases": ("C. trav.",)})).split()
    assert {"code", "trav", "3121-27", "legale", "salaries"} <= set(terms)
    assert terms.count("duree") == 3  # twice for the heading, once in the text
