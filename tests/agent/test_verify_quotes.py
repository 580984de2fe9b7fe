from __future__ import annotations

import pytest

from corpus.languages.quotation import quotations, quoted_span, seen, unquoted

TEXT = "A “licence” is granted for\n10,000 widgets or 2.5 tonnes; it's unlawful after 15 days."


@pytest.mark.parametrize(
    ("quote", "stands"),
    [
        ('A "licence" is granted for 10,000 widgets', "A “licence” is granted for\n10,000 widgets"),
        ("it’s  unlawful", "it's unlawful"),
        ("  2.5 tonnes ", "2.5 tonnes"),
        ("“licence”", "“licence”"),
    ],
)
def test_white_space_and_quotation_marks_are_equal(quote: str, stands: str) -> None:
    span = quoted_span(quote, TEXT)
    assert span is not None
    assert TEXT[slice(*span)] == stands


@pytest.mark.parametrize(
    "quote",
    [
        "lawful after 15 days",
        "5 days",
        "5 tonnes",
        "granted for 10",
        "000 widgets",
        "a “licence” is granted",
        "A licence is granted",
        "10,000 widget",
        "…",
        "  ",
        ".*",
        "2X5 tonnes",
    ],
)
def test_a_quote_that_cuts_or_bends_the_text_does_not_stand(quote: str) -> None:
    assert quoted_span(quote, TEXT) is None


def test_chinese_quotes_may_stand_inside_a_sentence_but_not_inside_a_figure() -> None:
    text = "已满十八周岁的人犯罪,应当负刑事责任,处3年以下有期徒刑。"
    assert quoted_span("应当负刑事责任", text) is not None
    assert quoted_span("十八周岁", text) is not None
    assert quoted_span("八周岁", text) is None
    assert quoted_span("3年以下", text) is not None


def test_a_quote_is_found_where_it_is_whole() -> None:
    text = "It is unlawful to sell. It is lawful to give."
    span = quoted_span("lawful", text)
    assert span == (text.index("lawful to give"), text.index("lawful to give") + len("lawful"))


def test_a_very_long_provision_is_searched() -> None:
    text = "Every widget counts. " * 10_000 + "The last widget is blue."
    assert quoted_span("The last widget is blue.", text) is not None


def test_a_letter_and_its_accent_apart_are_the_letter() -> None:
    text = "L’e\u0301tat le doit. L’état le veut."
    span = quoted_span("état le doit", text)
    assert span is not None
    assert text[slice(*span)] == "e\u0301tat le doit"
    assert quoted_span("e\u0301tat le veut", text) is not None


def test_what_nobody_sees_does_not_count() -> None:
    text = "It is law\u00adful to sell\u200b widgets."
    span = quoted_span("lawful to sell widgets", text)
    assert span is not None
    assert text[slice(*span)] == "law\u00adful to sell\u200b widgets"
    assert quoted_span("law\u200bful \u202eto sell", text) is not None


def test_a_word_is_not_cut_where_something_unseen_stands_in_it() -> None:
    assert quoted_span("lawful", "It is un\u200blawful.") is None
    assert quoted_span("5 days", "within 1\u200b5 days") is None
    assert quoted_span("etat", "un etat\u0301 de droit") is None


@pytest.mark.parametrize("quote", ["It is lаwful", "It is 1awful", "lt is lawful"])
def test_a_letter_that_only_looks_the_same_is_another(quote: str) -> None:
    assert quoted_span("It is lawful", "It is lawful.") is not None
    assert quoted_span(quote, "It is lawful.") is None


def test_a_hyphen_that_forbids_a_break_is_a_hyphen() -> None:
    assert quoted_span("a two-year period", "a two\u2011year period") is not None


def test_what_a_sentence_quotes_is_found_in_every_kind_of_marks() -> None:
    text = "„eins“ «deux» “three” ‘four’ 「五」 \"six\" it's the makers' own"
    assert quotations(text, []) == ["eins", "deux", "three", "four", "五", "six"]


def test_a_quotation_that_is_never_closed_runs_to_the_end() -> None:
    assert quotations("The act says “all widgets are free", []) == ["all widgets are free"]


def test_a_quotation_inside_a_quotation_is_covered_by_it() -> None:
    quote = "A “licence” is granted"
    assert quotations(f"The act: “{quote}”", [quote]) == []
    assert quotations(f"The act: “{quote} free”", [quote]) != []


def test_masking_cuts_no_word_and_no_figure() -> None:
    assert "15 years" in unquoted("within 15 years", ["5 years"])
    assert "unlawful" in unquoted("unlawful", ["lawful"])


def test_nobody_is_shown_what_turns_the_line_around() -> None:
    assert seen("within \u202e51\u202c days\u200b\x1b[2J") == "within 51 days[2J"


@pytest.mark.parametrize(
    "marks",
    ["『』", "「」", "〝〞", "❝❞", "``", "“”", "‘’", "‹›", "«»", "｢｣", "﹁﹂", "﹃﹄", "❛❜", "´´"],
)
@pytest.mark.parametrize("before", ["It says ", "法律规定", "该条称:"])
def test_words_between_any_quotation_marks_are_said_to_be_quoted(marks: str, before: str) -> None:
    first, last = marks
    assert quotations(f"{before}{first}made up words{last}。", []) == ["made up words"]


def test_tex_quotation_marks_are_read() -> None:
    assert quotations("It says ``made up words'' there.", []) == ["made up words"]


def test_an_apostrophe_is_no_quotation() -> None:
    assert quotations("The child's parents' home isn't the owner's.", []) == []
