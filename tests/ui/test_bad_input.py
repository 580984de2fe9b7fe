"""What a person may type into any field stays text; what holds nothing says so."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.test_ask_page import shown

HOSTILE = "<img src=https://evil.example/x.png> ![x](https://evil.example/y.png) <script>1</script>"
PAGES = ("ask", "search", "law", "coverage")


pytestmark = pytest.mark.usefixtures("demo_app")


def page_of(name: str) -> AppTest:
    def script(name: str) -> None:
        import importlib

        importlib.import_module(f"ui.pages.{name}").page()

    app = AppTest.from_function(script, kwargs={"name": name}, default_timeout=60)
    app.query_params["as_at"] = "2006-04-04"
    if name == "law":
        app.query_params["act"] = "fr/code-civil"
    return app.run()


@pytest.mark.parametrize("name", PAGES)
def test_markup_typed_into_any_field_stays_text(name: str) -> None:
    app = page_of(name)
    fields = [*app.text_input, *app.text_area]
    assert fields
    for number in range(len(fields)):
        app = page_of(name)
        field = [*app.text_input, *app.text_area][number]
        if hasattr(field, "set_value"):
            field.set_value(HOSTILE).run()
        assert not app.exception
        assert "<img" not in shown(app)
        assert "<script>1" not in shown(app)
        said = [*app.error, *app.caption, *app.info, *app.warning, *app.markdown]
        assert not any("![x](" in one.value for one in said)


def test_an_act_without_a_text_on_the_day_says_so_and_offers_its_first_day() -> None:
    app = page_of("law")
    app.query_params["as_at"] = "1700-01-01"
    app.run()
    assert not app.exception
    page = shown(app)
    assert "22 not yet in force." in page
    assert "The record is complete since 21 March 1804." in page
    assert "No provision of this act is in force on this day." in page
    assert any(button.label.startswith("Change after") for button in app.button)


def test_a_question_of_20000_characters_is_answered_and_a_longer_one_is_kept_as_typed() -> None:
    cited = "What does art. 144 Code civil say? "
    app = page_of("ask")
    app.query_params["q"] = cited + "x" * (20_000 - len(cited))
    app.run()
    assert not app.exception
    assert not app.error
    assert "quinze ans" in shown(app)
    longer = cited + "x" * 20_000
    app = page_of("ask")
    app.query_params["q"] = longer
    app.run()
    assert not app.exception
    (said,) = [one.value.replace("\\", "") for one in app.error]
    assert said == f"The question has {len(longer)} characters; at most 20000 can be read."
    assert longer in [field.value for field in app.text_area]
