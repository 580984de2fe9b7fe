from datetime import date

from agent.graph.run import ask
from agent.library import Library
from ui.cards import Card, build_cards

TODAY = date(2026, 11, 22)


def card(library: Library, question: str, as_at: str, extent: str | None = None) -> Card:
    trace = ask(library, question, as_at=date.fromisoformat(as_at), extent=extent)
    assert trace.answer is not None, trace.abstention
    (shown,) = build_cards(trace.answer.citations, library.store, TODAY)
    return shown


def test_a_card_says_what_changed_and_when(library: Library) -> None:
    shown = card(library, "Que dit l'art. 144 du Code civil ?", "2006-04-04")
    assert shown.in_force == "from 21 March 1804 to 4 April 2006"
    assert shown.since.startswith("Amended on 5 April 2006 by Loi")
    assert shown.spans[0].kind == "cited"


def test_a_card_tells_the_number_of_today(library: Library) -> None:
    shown = card(library, "Que dit l'art. 1382 du Code civil ?", "2016-09-30")
    assert shown.citation.label == "art. 1382"
    assert "Not amended since" in shown.since
    assert "Today it is numbered art. 1240." in shown.since


def test_a_quote_stands_where_the_card_marks_it(library: Library) -> None:
    shown = card(library, "Was sagt § 217 StGB?", "2019-01-01")
    assert shown.text[shown.citation.start : shown.citation.end] == shown.citation.quote
    assert shown.since.startswith("Annulled on 26 February 2020")
    assert shown.spans[-1].kind == "gap", "nothing is in force since"


def test_the_days_of_a_timeline_add_up(library: Library) -> None:
    shown = card(library, "Que dit l'article 222-33 du Code pénal ?", "2013-01-01")
    assert [span.kind for span in shown.spans].count("cited") == 1
    assert "gap" in [span.kind for span in shown.spans], "three months of 2012 had no text"


def test_texts_of_other_territories_do_not_overlap_in_the_timeline(library: Library) -> None:
    shown = card(library, "What is the limit under s 11 RTA 1988?", "2016-01-10", "S")
    days = sum(span.days for span in shown.spans)
    first = min(
        row.valid_from
        for row in library.store.history(shown.citation.provision_id).versions  # type: ignore[union-attr]
        if row.valid_from
    )
    assert days == (TODAY - first).days
