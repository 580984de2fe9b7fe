from __future__ import annotations

from datetime import date

import pytest

from agent.graph.run import ask
from agent.library import Library
from agent.tool_results import Passage
from agent.tools.relevance import QUOTE, TermCoverage, best_quote, coverage
from agent.trace import AbstentionReason, Trace


def asked(library: Library, question: str, as_at: str, **more: str) -> Trace:
    return ask(library, question, as_at=date.fromisoformat(as_at), **more)  # type: ignore[arg-type]


def cited(trace: Trace) -> list[str]:
    assert trace.answer is not None, trace.abstention
    return [citation.version_id for citation in trace.answer.citations]


def declined(trace: Trace) -> AbstentionReason:
    assert trace.abstention is not None, trace.answer
    return trace.abstention.reason


def tools_used(trace: Trace) -> list[str]:
    return [turn.calls[0].name for turn in trace.turns if turn.calls]


def passage(text: str, heading: str | None = None, title: str = "Widgets Act 1990") -> Passage:
    return Passage(
        version_id="uk/a#b@2000-01-01",
        provision_id="uk/a#b",
        work_id="uk/a",
        work_title=title,
        label="s 1",
        language="en",
        heading=heading,
        valid_from=date(2000, 1, 1),
        valid_to=None,
        interval="since 2000-01-01",
        text=text,
    )


SOLD = "For how many years is a register of sold widgets kept?"


def test_the_day_of_commencement_has_the_new_text(library: Library) -> None:
    assert cited(asked(library, SOLD, "1999-12-31")) == ["uk/widgets-1990#register@1990-01-01"]
    assert cited(asked(library, SOLD, "2000-01-01")) == ["uk/widgets-1990#register@2000-01-01"]


def test_a_cited_provision_is_read_without_a_search(library: Library) -> None:
    trace = asked(library, "What does s 1 of the Widgets Act 1990 demand?", "2005-01-01")
    assert tools_used(trace) == ["read_provision"]
    assert cited(trace) == ["uk/widgets-1990#register@2000-01-01"]


def test_every_cited_provision_is_answered(library: Library) -> None:
    trace = asked(library, "What do ss 1 and 3 of the Widgets Act 1990 demand?", "2005-01-01")
    assert cited(trace) == [
        "uk/widgets-1990#register@2000-01-01",
        "uk/widgets-1990#licence@1990-01-01",
    ]


def test_one_cited_provision_out_of_force_stops_the_answer(library: Library) -> None:
    trace = asked(library, "What do ss 1 and 3 of the Widgets Act 1990 demand?", "2015-01-01")
    assert declined(trace) is AbstentionReason.REPEALED


@pytest.mark.parametrize(
    ("question", "as_at", "reason", "words"),
    [
        (SOLD, "2012-01-01", AbstentionReason.REPEALED, "2010-06-01"),
        (SOLD, "1980-01-01", AbstentionReason.NOT_YET_IN_FORCE, "1990-01-01"),
        (
            "Do worn widgets go back for recycling?",
            "2026-01-01",
            AbstentionReason.NOT_YET_IN_FORCE,
            "2030-01-01",
        ),
        (
            "Does a ship entering port pay a harbour levy?",
            "2010-01-01",
            AbstentionReason.COVERAGE_GAP,
            "2016-01-01",
        ),
        (
            "How fast may a widget be tested on a public road?",
            "2016-01-01",
            AbstentionReason.AMBIGUOUS,
            "territory",
        ),
        (
            "May a lighthouse keeper bring a dog?",
            "2016-01-01",
            AbstentionReason.NOT_FOUND,
            "in force on 2016-01-01, and none of the 3 texts found on other dates",
        ),
    ],
)
def test_the_right_reason_without_any_citation_to_go_by(
    library: Library, question: str, as_at: str, reason: AbstentionReason, words: str
) -> None:
    trace = asked(library, question, as_at)
    assert trace.abstention is not None, trace.answer
    assert trace.abstention.reason is reason
    assert words in trace.abstention.explanation


def test_what_other_days_hold_is_never_cited(library: Library) -> None:
    trace = asked(library, SOLD, "2012-01-01")
    assert tools_used(trace) == ["search_statutes", "search_statutes", "read_provision"]
    assert trace.answer is None


def test_a_territory_settles_what_differs_by_territory(library: Library) -> None:
    question = "How fast may a widget be tested on a public road?"
    assert cited(asked(library, question, "2016-01-01", extent="S")) == [
        "uk/widgets-1990#speed@2014-12-05~S"
    ]


def test_the_date_in_a_question_is_not_its_subject(library: Library) -> None:
    question = f"On 1 March 2004, {SOLD}"
    trace = ask(library, question, as_at=None)
    assert cited(trace) == ["uk/widgets-1990#register@2000-01-01"]
    assert "March" not in trace.turns[0].calls[0].arguments["query"]


def test_hostile_questions_are_answered_or_declined(library: Library) -> None:
    for question in (
        "s.12(1)(a) AND (foo:bar",
        "*",
        '"unclosed',
        "\x00\x07 widgets",
        "第第第条",
        "widget " * 2_000,
        "<script>alert(1)</script>",
        "s 999999999999 Widgets Act 1990",
    ):
        trace = asked(library, question, "2001-01-01")
        assert (trace.answer is None) != (trace.abstention is None)


@pytest.mark.parametrize("as_at", ["0001-01-01", "9999-12-31", "1297-01-01", "2024-02-29"])
def test_no_day_is_too_far_to_look_around(library: Library, as_at: str) -> None:
    trace = asked(library, "May a lighthouse keeper bring a dog?", as_at)
    assert declined(trace) is AbstentionReason.NOT_FOUND


def test_terms_that_name_the_work_are_no_evidence() -> None:
    question = "Which widgets may an officer seize?"
    assert coverage(question, passage("Widgets are blue.")).held == 0
    assert coverage(question, passage("An officer may seize them.")).share == 1


def test_a_question_that_only_names_the_work_is_about_the_work() -> None:
    assert coverage("What of widgets?", passage("They are blue.")).enough


def test_chinese_pairs_that_cross_words_do_not_count_against_a_text() -> None:
    chinese = passage("滿十八歲為成年。", title="民法").model_copy(update={"language": "zh-Hant"})
    assert coverage("滿幾歲為成年？", chinese).enough
    assert not coverage("滿幾歲可以考駕照？", chinese).enough


def test_inflections_of_a_word_are_one_word() -> None:
    assert coverage("unfairly dismissed?", passage("Unfair dismissal is void.")).share == 1
    assert coverage("dismissed?", passage("Dismissal is void.")).share == 1


def test_one_shared_word_is_a_coincidence() -> None:
    assert not TermCoverage(1, 2).enough
    assert TermCoverage(1, 1).enough
    assert TermCoverage(2, 4).enough
    assert not TermCoverage(2, 5).enough
    assert not TermCoverage(0, 0).enough


def test_the_sentence_that_answers_is_quoted() -> None:
    text = "A form is used. The fee for a licence is ten pounds. It is paid at the counter."
    assert best_quote("How much is the fee?", text, "en") == "The fee for a licence is ten pounds."


def test_an_abbreviation_does_not_end_a_sentence() -> None:
    text = "Le montant est fixé à l'art. R. 1234-2 du code. Il est versé au départ."
    assert best_quote("quel montant ?", text, "fr") == text.partition(" Il est")[0]


def test_a_silent_text_is_quoted_from_its_beginning() -> None:
    assert best_quote("zebra", "First things first. Then the rest.", "en") == "First things first."


def test_no_quote_is_endless() -> None:
    text = "word " * 10_000 + "needle"
    quote = best_quote("needle", text, "en")
    assert len(quote) <= QUOTE
    assert text.startswith(quote)


def test_chinese_sentences_are_told_apart() -> None:
    text = "已满十六周岁的人犯罪，应当负刑事责任。醉酒的人犯罪，应当负刑事责任。"
    assert best_quote("醉酒的人", text, "zh") == "醉酒的人犯罪，应当负刑事责任。"
