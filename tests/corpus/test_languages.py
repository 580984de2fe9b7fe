"""What is known of a language stands in its folder, and is checked as it is read."""

from __future__ import annotations

import pytest

from corpus.errors import SourceError
from corpus.languages import tables
from corpus.languages.cues import CueTable
from corpus.languages.dates import DateTable, find_dates
from corpus.languages.figure_words import FigureTable
from corpus.languages.numeral_table import NumeralTable
from corpus.languages.places import PlaceTable
from corpus.languages.question_wording import QuestionWording
from corpus.languages.search_words import SearchTable
from corpus.languages.synthetic import StatuteTable
from corpus.languages.tables import language_table, languages, read_table, table_language
from corpus.model import Frozen

SHAPES: dict[str, type[Frozen]] = {
    "cues": CueTable,
    "dates": DateTable,
    "figures": FigureTable,
    "numerals": NumeralTable,
    "places": PlaceTable,
    "questions": QuestionWording,
    "search": SearchTable,
    "synthetic": StatuteTable,
}


@pytest.mark.parametrize("subject", SHAPES)
def test_every_table_of_every_language_is_sound(subject: str) -> None:
    for language in languages(subject):
        assert isinstance(read_table(language, subject, SHAPES[subject]), SHAPES[subject])


def test_a_variant_is_served_by_its_own_table_else_by_its_main_language() -> None:
    assert table_language("zh-Hant", "questions") == "zh-Hant"
    assert table_language("zh-Hant", "search") == "zh"
    assert table_language("xx", "search") is None


def test_a_missing_table_is_named() -> None:
    with pytest.raises(SourceError, match=r"languages/sk/numerals.toml: there is no table"):
        language_table("sk", "numerals")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"writen": "{day}"}, r"languages/en/dates.toml, field 'writ(t)?en'"),
        ({"written": "{day}", "months": [["January"]]}, "months needs twelve lists of names"),
        ({"written": "{day}", "forms": ["{day} {month}"]}, "lacks {day}, {year} or a month"),
        ({"written": "{day}", "forms": ["{day}("]}, r"en/dates.toml, field 'forms.0': not a reg"),
    ],
)
def test_a_wrong_field_is_named_with_its_file(
    table: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "language_table", lambda language, subject: table)
    with pytest.raises(SourceError, match=said):
        read_table("en", "dates", DateTable)


@pytest.mark.parametrize("text", ["7. septembril 2016", "7. novembrist 2016"])
def test_an_inflected_month_is_read_in_every_month(text: str) -> None:
    assert len(find_dates(text)) == 1
