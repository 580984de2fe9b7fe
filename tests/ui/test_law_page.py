"""The Law page without a browser: an act on a day, a provision, its redline, and bad addresses."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from agent.library import Library
from corpus.settings import Settings
from corpus.store import Store
from retrieval.index_build import refresh_index
from tests.corpus.test_divisions import divided
from tests.rl.statutes import FAIRS
from tests.ui.page_state import address, shown, started
from ui.law.acts import corpus_of
from ui.law.address import Place, permalink, read_place, write_place

ERROR = "fr/code-civil#error"
AGE = "fr/code-civil#marriage-age"


pytestmark = pytest.mark.usefixtures("demo_app")


def _page() -> None:
    from ui.pages.law import page

    page()


def opened(**address: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=30)
    return started(app, **address)


def texts(app: AppTest) -> str:
    found = (element.proto.body for element in app.get("html"))
    return "\n".join(body for body in found if body.startswith('<article class="provision"'))


def unescaped(label: str) -> str:
    return label.replace("\\", "")


def click(app: AppTest, words: str) -> AppTest:
    next(button for button in app.button if words in unescaped(button.label)).click().run()
    assert not app.exception, app.exception
    return app


def test_without_a_day_nothing_dated_is_shown_and_today_is_not_assumed() -> None:
    app = opened(act="fr/code-civil")
    assert "A date is needed" in shown(app)
    assert 'class="provision"' not in shown(app)
    click(app, "Today")
    assert address(app)["as_at"] == "2026-11-22"
    assert 'class="provision"' in shown(app)
    assert 'class="banner' not in shown(app)


def test_an_act_is_read_as_it_stood_with_its_numbers_of_that_day() -> None:
    app = opened(act="fr/code-civil", as_at="2016-09-30")
    assert "Code civil" in shown(app)
    assert 'class="banner past"' in shown(app)
    assert "art. 1134, al. 1" in texts(app)
    assert "art. 1103" not in texts(app)
    assert "art. 1103" in texts(opened(act="fr/code-civil", as_at="2016-10-01"))


def test_a_day_that_is_typed_goes_into_the_address_and_one_that_is_none_does_not() -> None:
    app = opened(act="fr/code-civil", as_at="2016-09-30")
    app.text_input(key="bar-law").input("1er octobre 2016").run()
    assert address(app)["as_at"] == "2016-10-01"
    app.text_input(key="bar-law").input("2016-02-30").run()
    assert address(app)["as_at"] == "2016-10-01"
    assert "no day of the calendar" in unescaped(app.error[0].value)
    assert 'class="provision"' not in shown(app)
    assert app.text_input(key="bar-law").value == "2016-02-30"


def test_a_provision_is_opened_from_the_contents_and_goes_to_its_neighbours() -> None:
    app = opened(act="fr/code-civil", as_at="2006-04-04")
    app.button(key=f"open-{AGE}").click().run()
    assert address(app) == {"provision": AGE, "as_at": "2006-04-04"}
    assert "quinze ans" in shown(app)
    assert "Holds in France" in shown(app)
    click(app, "Next: art. ")
    assert address(app)["provision"] != AGE
    click(app, "Previous: art. 144")
    assert address(app)["provision"] == AGE


def test_a_click_on_the_timeline_reads_the_text_of_that_time() -> None:
    app = click(opened(provision=AGE, as_at="2006-04-04"), "5 April 2006")
    assert address(app) == {"provision": AGE, "as_at": "2006-04-05"}
    assert "quinze ans" not in shown(app)


def test_two_clicks_on_the_timeline_show_a_redline_inline_and_side_by_side() -> None:
    app = opened(provision=AGE, as_at="2006-04-04")
    app.toggle(key="law-comparing").set_value(True).run()
    click(app, "5 April 2006")
    assert address(app) == {"provision": AGE, "as_at": "2006-04-04", "with": "2006-04-05"}
    html = shown(app)
    assert "<del>" in html
    assert "Changed once between the two days" in html
    app.segmented_control(key="law-way").set_value("Side by side").run()
    assert 'class="redline columns"' in shown(app)
    click(app, "Stop comparing")
    assert "with" not in address(app)
    assert "<del>" not in shown(app)


def test_any_two_days_can_be_compared_and_the_same_text_is_said_to_be_the_same() -> None:
    app = opened(provision=AGE, as_at="2006-04-04")
    app.text_input(key="law-other").input("1 January 1900").run()
    assert address(app)["with"] == "1900-01-01"
    assert "The text is the same on both days" in shown(app)


def test_a_number_that_moved_is_shown_with_its_history() -> None:
    html = shown(opened(provision=ERROR, as_at="2016-09-30"))
    assert "art. 1110 (since 1 October 2016: 1132)" in html
    assert "art. 1132 since 1 October 2016" in html


def test_a_provision_that_is_not_in_force_says_why_and_offers_its_texts() -> None:
    app = opened(provision="fr/code-civil#adhesion-contract", as_at="2016-09-30")
    assert "Not yet in force on that date" in shown(app)
    assert 'class="card law"' not in shown(app)
    click(app, "1 October 2016")
    assert 'class="card law"' in shown(app)


def test_texts_of_several_territories_are_all_shown_and_one_can_be_chosen() -> None:
    limit = "uk/rta-1988#prescribed-limit"
    app = opened(provision=limit, as_at="2020-01-01")
    assert shown(app).count('class="card law"') == 2
    app.selectbox(key="law-extent").set_value("S").run()
    assert address(app)["extent"] == "S"
    assert shown(app).count('class="card law"') == 1
    assert "Holds in Scotland" in shown(app)


def test_a_number_is_gone_to_as_a_lawyer_writes_it() -> None:
    app = opened(act="fr/code-consommation", as_at="2015-01-01")
    app.text_input(key="law-number").input("L121-21").run()
    click(app, "Open art. L. 121-21")
    assert address(app)["provision"] == "fr/code-consommation#withdrawal"
    app.text_input(key="law-number").input("9999").run()
    assert any("bears the number 9999" in caption.value for caption in app.caption)


def test_the_days_of_change_are_one_click_apart() -> None:
    app = opened(act="fr/code-civil", as_at="2016-09-30")
    click(app, "Change after: 1 October 2016")
    assert address(app)["as_at"] == "2016-10-01"
    assert "renumbered" in shown(app)


def test_a_permalink_pins_day_and_corpus_and_marks_its_paragraph(library: Library) -> None:
    link = permalink(AGE, date(2006, 4, 4), library.corpus_hash, 1)
    assert link.startswith("law?as_at=2006-04-04&provision=fr%2Fcode-civil%23marriage-age&par=1")
    html = shown(
        opened(provision=AGE, as_at="2006-04-04", par="1", corpus=library.corpus_hash[:12])
    )
    assert '<p id="par-1" class="chosen">' in html
    assert "quinze ans" in html


def test_the_contents_are_the_divisions_of_the_act_and_one_opens_at_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.under(tmp_path)
    paths = [*[("Part 1", "Chapter 1")] * 30, *[("Part 1", "Chapter <2>")] * 30, ("Part 2",)]
    with Store.open(settings.store_url, create=True) as store:
        store.write(divided(*paths))
        refresh_index(store, settings.index_url, lambda *_: None)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    app = opened(act="uk/widgets-1990", as_at="2000-01-01")
    assert [each.label for each in app.expander if "Part" in each.label] == ["Part 1", "Part 2"]
    assert '<h3 class="division depth-0" lang="en">Part 1</h3>' in shown(app)
    assert "s 30</a>" in shown(app)
    assert "s 31</a>" not in shown(app)
    click(app, "Chapter <2>")
    assert address(app)["page"] == "2"
    assert "Chapter &lt;2&gt;</h3>" in shown(app)
    assert '<h4 lang="en">' in shown(app)
    click(app, "s 31")
    assert "Part 1 › Chapter &lt;2&gt;" in shown(app)


def test_a_link_to_another_corpus_is_one_sentence_and_shows_no_text() -> None:
    app = opened(provision=AGE, as_at="2006-04-04", corpus="0123456789ab")
    (said,) = [unescaped(error.value) for error in app.error]
    assert "This link is to corpus 0123456789ab, which this library does not hold" in said
    assert "quinze ans" not in shown(app)
    click(app, "Read it in the present corpus")
    assert "quinze ans" in shown(app)
    assert "corpus" not in address(app)


def test_a_link_to_an_earlier_state_of_the_store_still_shows_it(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.under(tmp_path_factory.mktemp("states"))
    with Store.open(settings.store_url, create=True) as store:
        store.write(FAIRS)
        earlier = store.corpus_hash()
        first = FAIRS.versions[0]
        changed = first.model_copy(update={"text": f"{first.text} Corrected since."})
        store.write(FAIRS.model_copy(update={"versions": (changed, *FAIRS.versions[1:])}))
        refresh_index(store, settings.index_url, lambda *_: None)
    with Library.open(settings) as library:
        assert corpus_of(library, None).recorded is None
        pinned = corpus_of(library, earlier[:12])
        assert pinned.recorded is not None
        found = pinned.provision(first.provision_id)
        assert found is not None
        assert all("Corrected" not in row.text for row in found.versions)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    app = opened(provision=first.provision_id, as_at=str(first.valid_from), corpus=earlier[:12])
    assert "Corrected" not in shown(app)
    assert "as it was recorded" in app.info[0].value
    assert "Corrected since." in shown(click(app, "Read it in the present corpus"))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"act": "xx/nothing", "as_at": "2006-04-04"}, "holds no act"),
        ({"provision": "fr/code-civil#none", "as_at": "2006-04-04"}, "holds no provision"),
        ({"act": "fr/code-civil", "as_at": "2006-02-30"}, "which is no day"),
        ({"act": "fr/code-civil", "as_at": "2006-04-04", "page": "99"}, "page on this day, not 99"),
        ({"act": "fr/code-civil", "as_at": "2006-04-04", "page": "x"}, "which is no number"),
        ({"act": "fr/code-civil", "as_at": "2006-04-04", "page": "0"}, "which is no number"),
        ({"provision": AGE, "as_at": "2006-04-04", "with": "tomorrow"}, "which is no day"),
        ({"act": "<img src=x>", "as_at": "2006-04-04"}, "holds no act"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence(
    parameters: dict[str, str], said: str
) -> None:
    app = opened(**parameters)
    (problem,) = [unescaped(error.value) for error in app.error]
    assert said in problem
    assert "<img" not in shown(app)


def test_an_address_is_read_back_as_it_was_written() -> None:
    place = Place(
        provision=AGE, paragraph=2, other=date(2016, 10, 1), extent="E+W", corpus="0123456789ab"
    )
    parameters = write_place(place, date(2006, 4, 4))
    assert parameters["as_at"] == "2006-04-04"
    assert read_place(parameters) == (place, ())


def test_the_day_is_kept_for_the_next_act() -> None:
    app = opened(act="fr/code-civil", as_at="2016-09-30")
    app.selectbox(key="law-act").set_value("uk/era-1996").run()
    assert address(app) == {"act": "uk/era-1996", "as_at": "2016-09-30"}
