"""Every word of the interface is in the catalogue, and every catalogue says all of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from string import Formatter

import pytest

from agent.graph.nodes import DOING
from agent.trace import AbstentionReason
from corpus.applicability import Issue, Role
from corpus.gate.ruling import RulingKind
from corpus.model import DateBasis, EndReason, Interval
from corpus.territories import territories
from tests.ui.test_ask_page import MARRIAGE, opened, shown
from ui.languages.catalogue import (
    LOCALES,
    SOURCE,
    Entry,
    catalogue,
    in_language,
    nearest,
    plural_categories,
    word,
)
from ui.words import day_words, extent_title, interval_words, place_title

UI = Path(__file__).parents[2] / "ui"
OTHERS = sorted(set(LOCALES) - {SOURCE})
NOT_PAGES = (
    *("assistants/", "export/", "cli.py", "demo.py", "server.py", "operations.py", "citing.py"),
    *("matters/cli.py", "serving/"),
)
"""English by decision: programs, the command line, memos (docs/lawyers-desk.md)."""
PAGES = [
    path for path in sorted(UI.rglob("*.py")) if not str(path.relative_to(UI)).startswith(NOT_PAGES)
]
SHOWS = {
    *("button", "caption", "checkbox", "code", "download_button", "error", "expander", "header"),
    *("form_submit_button", "html", "info", "link_button", "markdown", "multiselect", "popover"),
    *("number_input", "pills", "radio", "segmented_control", "selectbox", "spinner", "subheader"),
    *("success", "tabs", "text_area", "text_input", "title", "toast", "toggle", "warning", "write"),
    *("date_control", "date_input", "file_uploader", "metric", "page_link", "status", "dialog"),
}
SAYS = ("help", "placeholder", "label", "title")


def forms(entry: Entry) -> Mapping[str, str]:
    return {"other": entry} if isinstance(entry, str) else entry


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_no_language_lacks_a_key_or_has_one_of_its_own(language: str) -> None:
    assert set(catalogue(language)) == set(catalogue(SOURCE))


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_fills_in_the_same_names(language: str) -> None:
    for key, entry in catalogue(language).items():
        of_source = catalogue(SOURCE)[key]
        expected = set().union(*map(names, forms(of_source).values()))
        assert set().union(*map(names, forms(entry).values())) == expected, key
        assert isinstance(entry, str) == isinstance(of_source, str), key
        for form in forms(entry).values():
            assert form.strip(), key


@pytest.mark.parametrize("language", LOCALES)
def test_a_sentence_with_a_number_has_every_plural_form_of_its_language(language: str) -> None:
    for key, entry in catalogue(language).items():
        if not isinstance(entry, str):
            assert set(entry) == plural_categories(language), key


def test_the_plural_of_nothing_is_that_of_the_language() -> None:
    said = {}
    for language in LOCALES:
        with in_language(language):
            said[language] = word("coverage.acts", count=0), word("coverage.acts", count=2)
    assert said["en"] == ("0 acts", "2 acts")
    assert said["fr"] == ("0 texte", "2 textes")
    assert said["de"] == ("0 Gesetze", "2 Gesetze")


def test_days_and_numbers_are_written_as_the_reader_writes_them() -> None:
    day, interval = date(2016, 10, 1), Interval(start=date(2004, 1, 2), end=date(2016, 10, 2))
    written = {}
    for language in LOCALES:
        with in_language(language):
            acts = word("coverage.acts", count=12_345)
            written[language] = day_words(day), interval_words(interval), acts
    days = "from 2 January 2004 to 1 October 2016"
    assert written["en"] == ("1 October 2016", days, "12,345 acts")
    days = "du 2 janvier 2004 au 1er octobre 2016"
    assert written["fr"] == ("1er octobre 2016", days, "12\u202f345 textes")
    days = "vom 2. Januar 2004 bis 1. Oktober 2016"
    assert written["de"] == ("1. Oktober 2016", days, "12.345 Gesetze")


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("fr-CH", "fr"),
        ("de", "de"),
        ("de_AT", "de"),
        ("en-US", "en"),
        ("es", "en"),
        (None, "en"),
    ],
)
def test_the_browser_chooses_a_language_that_there_is(locale: str | None, language: str) -> None:
    assert nearest(locale) == language


# -- the pages say nothing outside the catalogue --------------------------------------------------


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in PAGES:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def has_words(node: ast.expr) -> bool:
    """Return whether an expression is literal text with a word in it, mark-up aside."""
    if isinstance(node, ast.JoinedStr):
        return any(has_words(part) for part in node.values)
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    bare = re.sub(r"<[^>]*>?|[\w-]*=\"[^\"]*\"?|:[a-z]+(?:/\w+:|\[)|&\w+;", "", node.value)
    return re.search(r"[^\W\d_]{2,}", bare) is not None


def shown_literally(tree: ast.Module) -> Iterator[ast.expr]:
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name in SHOWS and call.args and has_words(call.args[0]):
            yield call.args[0]
        yield from (w.value for w in call.keywords if w.arg in SAYS and has_words(w.value))


def test_no_widget_shows_a_text_that_is_not_in_the_catalogue() -> None:
    found = [
        f"{path.relative_to(UI)}:{node.lineno}"
        for path, tree in trees()
        for node in shown_literally(tree)
    ]
    assert found == []


PROSE = re.compile(r"(?:^|[>\s(“])[^\W\d_]{2,},? [^\W\d_]{2,} [^\W\d_]{2,}")
"""Three words in a row: more than the names of a CSS class."""


def sentences(tree: ast.Module) -> Iterator[ast.Constant]:
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    raised = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and re.search("AssertionError|StoreError|INFORCE_", ast.unparse(node))
        for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            bare = re.sub(r"<[^>]*>?|[\w-]*=\"[^\"]*\"?", " ", node.value)
            if id(node) in documented | raised or bare.startswith("inforce "):
                continue
            if PROSE.search(bare):
                yield node


def test_no_module_of_a_page_holds_a_sentence() -> None:
    found = [
        f"{path.relative_to(UI)}:{node.lineno}: {node.value[:60]}"
        for path, tree in trees()
        for node in sentences(tree)
    ]
    assert found == []


def keys_said() -> tuple[set[str], set[str]]:
    """Return the keys that the code names, and the beginnings of those that it computes."""
    whole: set[str] = set()
    begun: set[str] = set()
    for path in sorted(UI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                begun.add(str(node.values[0].value))
    return whole, {start for start in begun if re.fullmatch(r"[a-z_]+\.[a-z_]*", start)}


def test_every_key_that_a_page_names_is_in_the_catalogue_and_none_is_left_over() -> None:
    whole, begun = keys_said()
    sections = {key.partition(".")[0] for key in catalogue(SOURCE)}
    key_like = re.compile(rf"(?:{'|'.join(sections)})\.(?!py$)[a-z][a-zA-Z_]*")
    named = {key for key in whole if key_like.fullmatch(key)} - begun
    assert named - set(catalogue(SOURCE)) == set()
    left = set(catalogue(SOURCE)) - whole
    assert {key for key in left if not key.startswith(tuple(begun))} == set()


def test_every_value_of_an_enumeration_has_its_words() -> None:
    ends = (each for each in EndReason if each is not EndReason.UNKNOWN)
    expected = {
        *(f"abstention.{each.value}" for each in AbstentionReason),
        *(f"doing.{name}" for name in DOING),
        *(f"issue.{each.value}" for each in Issue),
        *(f"role.{each.value}" for each in Role),
        *(f"ruling.{each.value}" for each in RulingKind),
        *(f"date_basis.{each.value}" for each in DateBasis),
        *(f"ended.{each.value}_{when}" for each in ends for when in ("on", "later")),
        *(f"place.{name}" for name in territories()),
        *(f"place.{part}" for each in territories().values() for part in each.parts),
    }
    assert expected <= set(catalogue(SOURCE))


def test_a_territory_is_named_in_the_readers_language() -> None:
    with in_language("de"):
        assert extent_title("E+W+S") == "England, Wales und Schottland"
        assert place_title("cn") == "Festlandchina"
    assert extent_title("E+W") == "England and Wales"
    assert place_title("xx") == "XX"


# -- the page ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("demo_app")
def test_a_language_in_the_address_is_that_of_the_page_and_its_dates() -> None:
    app = opened(**MARRIAGE, lang="fr")
    assert not app.exception
    page = shown(app)
    assert "Droit au 4 avril 2006." in page
    assert "En vigueur du 21 mars 1804 au 4 avril 2006" in page
    assert "Modifié le 5 avril 2006" in page
    app.selectbox(key="language-field").select("de").run()
    assert "Recht am 4. April 2006." in shown(app)
    assert "lang" not in app.query_params


@pytest.mark.usefixtures("demo_app")
def test_what_the_agent_says_in_english_is_marked_as_english() -> None:
    app = opened(q="What did the law say?", lang="de")
    assert not app.exception
    assert '<span lang="en">' in shown(app)
