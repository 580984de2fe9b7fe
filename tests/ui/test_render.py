from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from agent.request import ClarifyingQuestion
from agent.tool_results import Refused, SearchResult
from agent.trace import (
    Abstention,
    AbstentionReason,
    Answer,
    AnswerSentence,
    ClosestProvision,
    GoverningDate,
    LookedAt,
    RunSettings,
    StopReason,
    ToolCall,
    Trace,
    Turn,
)
from agent.trace_migration import read_trace
from corpus.applicability import Code
from corpus.force_words import sources_words
from corpus.gate.ruling import KIND_WORDS, Ruling, RulingKind
from corpus.model import Citation, Interval, SourceRef
from corpus.wording import wording
from ui import markup as render
from ui.cards import Card, TimelineSpan
from ui.export.files import Format, as_json, exported
from ui.pages.advice import heading
from ui.words import literal
from ui.words import sources_words as sources_said

EVIL = '<script>alert(1)</script>"onmouseover=x \u202e'
KEPT = (
    (Path(__file__).parents[1] / "agent/fixtures/traces_schema_1.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
)
TODAY = date(2026, 11, 22)
READ = sources_words([date(2026, 3, 1), date(2026, 11, 20)])


def citation(text: str, quote: str) -> Citation:
    start = text.index(quote)
    return Citation(
        version_id="uk/a#b@2000-01-01",
        provision_id="uk/a#b",
        work_id="uk/a",
        work_title=f"Act {EVIL}",
        label=f"s 1 {EVIL}",
        valid_from=date(2000, 1, 1),
        valid_to=date(2010, 1, 1),
        as_at=date(2005, 1, 1),
        quote=quote,
        start=start,
        end=start + len(quote),
    )


def evil_card(url: str | None = "https://example.org") -> Card:
    text = f"Before {EVIL} quoted & <b>bold</b> after {EVIL}"
    return Card(
        number=1,
        citation=citation(text, "quoted & <b>bold</b>"),
        heading=f"Heading {EVIL}",
        text=text,
        language="en",
        label=f"s 1 {EVIL}",
        in_force="from 1 January 2000 to 31 December 2009",
        source_read="source read on 2 January 2010",
        since=f"Amended {EVIL}",
        spans=(
            TimelineSpan(kind="cited", words=f"In force {EVIL}", days=100),
            TimelineSpan(kind="gap", words="No text in force", days=10),
            TimelineSpan(kind="text", words="In force", days=1),
        ),
        source=SourceRef(file="a.xml", url=url),
        note=EVIL,
        licence=None,
        official=f"1 c. 1 {EVIL}",
    )


def trace(**more: object) -> Trace:
    call = ToolCall(
        id="1",
        name="search_statutes",
        arguments={"query": EVIL, "as_at": "2005-01-01"},
        result=SearchResult(as_at=date(2005, 1, 1), hits=()),
    )
    fields: dict[str, object] = {
        "id": "abc",
        "question": f"Question {EVIL}",
        "settings": RunSettings(max_turns=8),
        "governing": GoverningDate(as_at=date(2005, 1, 1), ground="Given."),
        "turns": (Turn(index=0, thought=EVIL, calls=(call,)),),
        "stop": StopReason.ABSTAINED,
        "policy": "extractive",
        "corpus_hash": "f" * 64,
        "started": datetime(2026, 11, 22, tzinfo=UTC),
    }
    return Trace.model_validate({**fields, **more})


def answered(text: str) -> Answer:
    return Answer(sentences=(AnswerSentence(text=text, citations=(evil_card().citation,)),))


def test_nothing_that_was_written_elsewhere_becomes_markup() -> None:
    shown = answered(EVIL)
    declined = Abstention(reason=AbstentionReason.REPEALED, explanation=EVIL)
    for html in (
        render.card(evil_card()),
        render.answer(shown),
        render.abstention(declined),
        render.steps(trace()),
        render.call_words(trace().turns[0].calls[0]),
        render.banner(GoverningDate(as_at=TODAY, ground=EVIL, assumed=True), TODAY),
        render.footer(EVIL, 3, [EVIL], EVIL),
    ):
        assert "<script" not in html
        assert '"onmouseover' not in html
        assert "\u202e" not in html


def test_the_quote_is_marked_and_escaped() -> None:
    assert "<mark>quoted &amp; &lt;b&gt;bold&lt;/b&gt;</mark>" in render.card(evil_card())


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "http://x", None])
def test_only_a_secure_address_becomes_a_link(url: str | None) -> None:
    assert "href" not in render.card(evil_card(url))


@pytest.mark.parametrize(
    ("as_at", "kind"), [("2026-11-21", "past"), ("2026-11-22", "today"), ("2026-11-23", "future")]
)
def test_the_banner_changes_colour_to_the_day(as_at: str, kind: str) -> None:
    governing = GoverningDate(as_at=date.fromisoformat(as_at), ground="Given.")
    assert f'class="banner {kind}"' in render.banner(governing, TODAY)


def test_an_assumed_date_is_said() -> None:
    ground = "Taken from the words “3 March 2004” in the question."
    governing = GoverningDate(as_at=date(2004, 3, 3), ground=ground, assumed=True)
    assert ground in render.banner(governing, TODAY)


def test_marks_in_the_answer_lead_to_their_cards() -> None:
    html = render.answer(answered("So."))
    assert 'href="#citation-1"' in html
    assert 'id="citation-1"' in render.card(evil_card())


@pytest.mark.parametrize(
    "words",
    [
        *("Since 2020-13-01.", "9999-99-99", "0000-01-01", "2021-02-30", "99999-01-01"),
        *("2010-00-10", "１９９９-01-01", "uk/a#b@2006-04-05"),
    ],
)
def test_what_looks_like_a_day_in_words_of_others_is_left_as_it_is(words: str) -> None:
    declined = Abstention(reason=AbstentionReason.NOT_FOUND, explanation=words)
    governing = GoverningDate(as_at=TODAY, ground=words, assumed=True)
    missing = ClarifyingQuestion(explanation=words)
    for html in (
        render.abstention(declined),
        render.banner(governing, TODAY),
        render.waiting(missing),
    ):
        assert words in html


def test_days_that_are_known_as_days_are_shown_in_words() -> None:
    said = wording("In force ", Interval(start=date(2006, 4, 5), end=date(2013, 5, 19)), ".")
    shown = "In force from 5 April 2006 to 18 May 2013."
    declined = Abstention.worded(AbstentionReason.REPEALED, said)
    assert declined.explanation == "In force from 2006-04-05 to 2013-05-18."
    assert shown in render.abstention(declined)
    missing = ClarifyingQuestion(explanation=said.text, explanation_days=said.days)
    assert shown in render.waiting(missing)
    governing = GoverningDate(
        as_at=TODAY, ground=said.text, ground_days=said.days, rule=Code.SPLIT, assumed=True
    )
    assert shown in render.banner(governing, TODAY)


def test_every_reason_has_words() -> None:
    for reason in AbstentionReason:
        html = render.abstention(Abstention(reason=reason, explanation="Because."))
        assert heading(reason).split("’")[0] in html


def test_many_equal_searches_are_told_as_one() -> None:
    calls = tuple(
        ToolCall(id=str(y), name="search_statutes", arguments={"as_at": f"{y}-01-01"})
        for y in range(1990, 2003)
    )
    html = render.steps(trace(turns=(Turn(index=0, calls=calls),)))
    assert "13 other days, 1990-01-01 to 2002-01-01" in html


def test_a_broken_tool_call_is_shown_as_it_is() -> None:
    call = ToolCall(id="1", name="read_provision", arguments={}, error="The engine is down.")
    assert "The engine is down." in render.call_words(call)
    refused = ToolCall(id="1", name="magic", arguments={}, result=Refused(problem="No such tool."))
    assert "No such tool." in render.call_words(refused)


def test_the_note_to_keep_stands_alone() -> None:
    shown = evil_card()
    kept = trace(answer=answered("So."), stop=StopReason.ANSWERED)
    note = exported(kept, (shown,), READ, Format.MD).decode()
    for part in ("1 January 2005", shown.citation.version_id, "> quoted", "f" * 64, "abc"):
        assert part in note
    assert Trace.model_validate_json(as_json(kept)) == kept


@pytest.mark.parametrize("kind", RulingKind)
def test_an_export_says_what_the_card_says_of_whether_the_text_applies(kind: RulingKind) -> None:
    reason = wording("In force, but it applies only from ", date(2006, 4, 5), ".")
    ruling = Ruling(
        kind=kind,
        version_id="uk/a#b@2000-01-01",
        as_at=date(2005, 1, 1),
        territory="Scotland",
        reason=reason.text,
        reason_days=reason.days,
        source="Act 2005, s 9",
        verified=False,
    )
    shown = evil_card().model_copy(update={"ruling": ruling, "territory": "Scotland"})
    note = exported(
        trace(answer=answered("So."), stop=StopReason.ANSWERED), (shown,), READ, Format.MD
    ).decode()
    for said in (note.replace("\\", ""), render.card(shown)):
        for words in (
            f"{KIND_WORDS[kind]}.",
            "only from 5 April 2006.",
            "Authority: Act 2005, s 9.",
            "This rule is not verified",
            "Holds in Scotland.",
        ):
            assert words in said


def test_page_and_export_say_when_the_sources_were_read() -> None:
    declined = Abstention(reason=AbstentionReason.NO_DATE, explanation="When?")
    note = exported(trace(governing=None, abstention=declined), (), READ, Format.MD).decode()
    days = [date(2026, 3, 1), date(2026, 11, 20)]
    for shown in (note, render.footer("f" * 64, 3, ["uk"], sources_said(days))):
        assert "sources last read from 1 March 2026 to 20 November 2026" in shown
    one = sources_said([date(2026, 3, 1)])
    assert "sources read on 1 March 2026" in render.footer("f" * 64, 3, ["uk"], one)


def test_a_declined_answer_can_be_kept_too() -> None:
    declined = trace(
        governing=None, abstention=Abstention(reason=AbstentionReason.NO_DATE, explanation="When?")
    )
    assert "No date was given." in exported(declined, (), READ, Format.MD).decode().replace(
        "\\", ""
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "![x](https://evil.example/x.png)",
        "[x](https://evil.example)",
        "<img src=https://evil.example/x.png>",
        ":material/home: :red[x] $x^2$",
        "https://evil.example www.evil.example",
        "`code` **bold** _it_ ~~gone~~ # head | a | b |",
        "a\n\n# head\n- item\n1. item",
    ],
)
def test_a_literal_text_holds_nothing_that_markdown_reads(hostile: str) -> None:
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", literal(hostile))
    assert not re.search(r"[!\[\]()<>:$`*_~#|.\n-]", bare)
    assert re.sub(r"\\(.)", r"\1", literal(hostile)) == " ".join(hostile.split())


@pytest.mark.parametrize("line", KEPT, ids=range(len(KEPT)))
def test_a_trace_of_an_earlier_version_is_drawn_and_kept(line: str) -> None:
    old = read_trace(line)
    html = render.steps(old)
    assert html.count("<li>") == len(old.turns)
    assert html.count('class="passed"') + html.count('class="failed"') == len(old.findings)
    if old.answer is not None:
        html = render.answer(old.answer)
        assert html.count("#citation-") == len(old.answer.citations)
    if old.abstention is not None:
        assert "<h2>" in render.abstention(old.abstention)
    assert old.id in exported(old, (), READ, Format.MD).decode()
    assert Trace.model_validate_json(as_json(old)) == old


@pytest.mark.parametrize(
    "hostile",
    [
        "![x](https://evil.example/x.png)",
        "<script>alert(1)</script>",
        "<iframe src=//evil.example>",
    ],
)
def test_a_markdown_note_holds_no_markup_of_others(hostile: str) -> None:
    explained = Abstention(reason=AbstentionReason.NOT_FOUND, explanation=hostile)
    kept = trace(question=hostile, extent=hostile, abstention=explained, turns=())
    note = exported(kept, (), READ, Format.MD).decode()
    assert hostile not in note
    assert note.count(literal(hostile)) == 3


def test_closest_provisions_are_exported_as_unconfirmed() -> None:
    shown = evil_card()
    declined = Abstention(reason=AbstentionReason.NOT_FOUND, explanation="No.")
    near = ClosestProvision(citation=shown.citation, probability=0.41)
    looked = LookedAt(as_at=date(2005, 1, 1), provisions=3, works=("a", "b"), jurisdictions=("uk",))
    kept = trace(abstention=declined, closest=(near,), looked_at=looked)
    note = exported(kept, (shown,), READ, Format.MD).decode()
    assert "## Closest provisions in force on 1 January 2005" in note
    assert "Unconfirmed" in note
    assert "3 provisions of 2 works" in note
    assert "1. **" in note
    assert "41% likely" in render.likelihood(near)
    assert Trace.model_validate_json(as_json(kept)).closest == (near,)
