"""Whose law a question asks about: another country's rule on the same matter is no answer."""

from datetime import date

import pytest

from agent.applicability.places import place_words, placed, unheld
from agent.graph.run import ask
from agent.library import Library
from agent.request import AskRequest
from agent.trace import AbstentionReason
from corpus.languages.places import PlaceTable, cases_placed, place_elsewhere, places_named
from corpus.languages.tables import read_tables

DAY = date(2006, 4, 4)


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("At what age may a woman marry in France?", ["fr"]),
        ("What does French law say of marriage?", ["fr"]),
        ("À quel âge peut-on se marier en droit français ?", ["fr"]),
        ("Ab welchem Alter darf man in Deutschland heiraten?", ["de"]),
        ("Nach deutschem Recht, wie lange haftet der Verkäufer?", ["de"]),
        ("在中国，行贿罪如何处罚？", ["cn"]),
        ("Does the rule in Scotland differ from the rule in Spain?", ["uk", "es"]),
        ("In which language must a French school teach?", []),
        ("Was it made in Francestown?", []),
        ("How long may one stay in chinatown?", []),
    ],
)
def test_a_place_is_named_by_phrases_that_place_a_case(question: str, places: list[str]) -> None:
    assert list(places_named(question)) == places


def test_no_phrase_of_a_place_elsewhere_names_a_jurisdiction() -> None:
    for table in read_tables("places", PlaceTable).values():
        for phrase in table.elsewhere:
            assert place_elsewhere(f"{phrase}?") is not None, phrase
            assert not places_named(phrase), phrase
            assert not cases_placed(phrase), phrase


@pytest.mark.parametrize(
    "question",
    [
        "May personal data be transferred to Japan?",
        "What does art. 17 GDPR say of a company in Canada?",
        "A contract signed in Dublin: what does French law say of its price?",
        "Is it the law of Northern Ireland?",
    ],
)
def test_a_place_elsewhere_beside_a_work_or_a_place_held_is_not_asked_about(
    demo: Library, question: str
) -> None:
    assert unheld(AskRequest(question=question), demo.works) is None


def test_the_law_of_another_country_is_no_answer(demo: Library) -> None:
    trace = ask(demo, "At what age may a woman marry in France?", as_at=DAY)
    assert trace.jurisdictions == ("fr",)
    assert trace.governing is not None
    assert "“in France”" in trace.governing.ground
    if trace.answer is not None:
        assert all(c.version_id.startswith("fr/") for c in trace.answer.citations)
    else:
        assert trace.abstention is not None
        assert trace.abstention.reason is AbstentionReason.NOT_FOUND


def test_places_given_stay_and_a_named_work_is_asked_wherever_the_case_happened(
    demo: Library,
) -> None:
    given = AskRequest(question="Who may marry in France?", jurisdictions=("uk",))
    assert placed(given, demo.works) == given
    assert place_words(given) == ""
    abroad = AskRequest(question="A fall in Germany: what does art. 1240 Code civil say?")
    assert placed(abroad, demo.works) == abroad
