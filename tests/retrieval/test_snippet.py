"""Snippets: verbatim, within their width, around what was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.text.snippet import snippet

LAW = (
    "The period of notice is four weeks. An employee with two years of service is entitled to a "
    "written statement of reasons. Compensation for unfair dismissal is limited to a year's pay."
)


def test_the_passage_with_most_distinct_terms_wins() -> None:
    found = snippet(LAW, "en", {"notice", "compensation", "dismissal", "unfair"}, width=60)
    assert "Compensation for unfair dismissal" in found.text
    assert "notice" not in found.text


def test_a_repeated_word_does_not_outweigh_two_words() -> None:
    text = "tax tax tax tax tax and so on for quite a while until a tax on land is due"
    assert "land" in snippet(text, "en", {"tax", "land"}, width=20).text


def test_a_short_text_is_shown_whole() -> None:
    found = snippet("Wages are paid.", "en", {"wages"})
    assert (found.text, found.cut_before, found.cut_after) == ("Wages are paid.", False, False)


def test_without_a_match_the_beginning_is_shown() -> None:
    found = snippet(LAW, "en", {"robot"}, width=30)
    assert found.text == "The period of notice is four"
    assert found.cut_after


def test_chinese_has_no_spaces_to_cut_at() -> None:
    text = "单位为谋取不正当利益而行贿,处三年以下有期徒刑或者拘役,并处罚金。" * 3
    found = snippet(text, "zh", {"有期", "徒刑"}, width=12)
    assert "有期徒刑" in found.text
    assert len(found.text) <= 12


def test_a_word_longer_than_the_width_is_cut() -> None:
    assert snippet("a" * 500, "en", {"a" * 64}, width=100).text


@pytest.mark.parametrize("width", [0, -3])
def test_no_width_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match="shows nothing"):
        snippet(LAW, "en", {"notice"}, width)


@given(st.text(max_size=300), st.sets(st.sampled_from(["law", "a", "1", "法"])), st.integers(1, 80))
def test_a_snippet_is_verbatim_and_no_longer_than_asked(
    text: str, terms: set[str], width: int
) -> None:
    found = snippet(text, "en", terms, width)
    assert len(found.text) <= width
    assert text[found.start : found.end] == found.text
    assert found.cut_before == (found.start > 0)
    assert found.cut_after == (found.end < len(text))
    assert all(0 <= a < b <= len(found.text) for a, b in found.highlights)
