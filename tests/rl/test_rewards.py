from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.library import Library
from agent.models.parsing import UNREADABLE
from agent.policy import Act, ToolRequest
from agent.trace import AbstentionReason, Draft, StopReason, Trace
from corpus.errors import BadInputError
from corpus.questions import Family, Question, Span
from rl.rewards import REWARDS, answer_key, claims, outcome, right, score, score_all
from rl.rewards.channels import temporal_f1
from rl.rewards.claims import dated
from rl.rewards.outcome import Outcome
from rl.rewards.rouge import common_words, f_measure, words
from rl.rewards.stated_answer import holds_figure, recited
from tests.agent.conftest import opened
from tests.rl.statutes import (
    DAY,
    FAIRS,
    FEE,
    ID,
    NEW,
    OLD,
    RULE,
    SCALES,
    abstain,
    answer,
    play,
    question,
    read,
    search,
    sentences,
)

QUOTE = RULE.format(40).strip()
WHOLE = FEE(40).strip()
ETERNAL = "A tester of scales is paid £40 or £65 by the organiser."
VALUE = question(Family.VALUE_AT_DATE, OLD, DAY)
GONE = question(Family.REPEALED)
LATER = date(2005, 5, 5)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


@pytest.fixture(scope="module")
def honest(library: Library) -> Trace:
    return play(library, VALUE, search(DAY), answer((OLD, QUOTE), text="The fee is £40."))


def test_a_citation_stands_only_with_a_verbatim_quotation_of_what_was_read(
    library: Library,
) -> None:
    def cited(*acts: Act) -> tuple[bool, bool, bool]:
        (claim,) = claims(play(library, VALUE, *acts))
        return claim.stood, claim.in_force, claim.read

    assert cited(search(DAY), answer((OLD, QUOTE))) == (True, True, True)
    assert cited(search(DAY), answer((OLD, "The fee is waived."))) == (False, True, True)
    assert cited(answer((OLD, QUOTE))) == (False, True, False)


def test_the_first_dated_call_tells_whether_the_day_was_minded(
    library: Library, honest: Trace
) -> None:
    late = play(library, VALUE, read("fee", LATER), search(DAY), answer((OLD, QUOTE)))
    silent = play(library, VALUE, abstain(AbstentionReason.NOT_FOUND))
    assert [dated(trace) for trace in (honest, late, silent)] == [True, False, None]


def total(trace: Trace, asked: Question) -> float:
    return sum(REWARDS[name].weight * (value or 0) for name, value in score(trace, asked).items())


def test_an_honest_answer_earns_all_there_is(honest: Trace) -> None:
    assert score(honest, VALUE) == {
        "task": 1.0, "temporal": 1.0, "query": 1.0, "format": 1.0, "abstention": 1.0,
        "cost": -1 / 16,
    }  # fmt: skip
    assert outcome(honest, VALUE) is Outcome.CORRECT


# -- what is scored --------------------------------------------------------------------------------


def test_a_struck_draft_is_not_an_abstention(library: Library) -> None:
    struck = play(library, VALUE, search(DAY), answer((OLD, "The fee is waived.")))
    declined = play(library, VALUE, search(DAY), abstain(AbstentionReason.NOT_FOUND))
    assert struck.abstention is not None
    assert struck.abstention.reason is AbstentionReason.UNVERIFIED
    assert (outcome(struck, VALUE), outcome(declined, VALUE)) == (Outcome.WRONG, Outcome.ABSTAINED)
    assert score(struck, VALUE)["abstention"] == -1.0
    assert score(declined, VALUE)["abstention"] == 0.0


def test_the_right_version_earns_nothing_in_a_sentence_that_was_struck(library: Library) -> None:
    struck = play(library, VALUE, search(DAY), answer((OLD, QUOTE), (OLD, "Waived.")))
    assert struck.answer is None
    assert score(struck, VALUE)["temporal"] == 0.0
    assert not right(struck, VALUE)


@pytest.mark.parametrize(
    "stop", [StopReason.TOOL_ERROR, StopReason.POLICY_ERROR, StopReason.TOKEN_BUDGET]
)
def test_a_failure_of_the_infrastructure_is_none_and_not_nought(
    honest: Trace, stop: StopReason
) -> None:
    broken = honest.model_copy(update={"stop": stop})
    assert set(score(broken, VALUE).values()) == {None}
    assert outcome(broken, VALUE) is Outcome.EXCLUDED
    assert answer_key(broken) is None
    assert set(score(None, VALUE).values()) == {None}


def test_a_question_without_a_date_says_nothing_of_a_policy_that_was_never_asked(
    library: Library,
) -> None:
    asked = question(Family.MISSING)
    trace = play(library, asked, search(DAY))
    assert trace.turns == ()
    assert set(score(trace, asked).values()) == {None}
    assert right(trace, asked)
    read = play(library, asked, search(DAY), answer((OLD, QUOTE)), as_at=DAY)
    assert read.answer is not None
    assert set(score(read, asked).values()) == {None}
    assert outcome(read, asked) is Outcome.EXCLUDED
    assert not right(read, asked)


def test_channels_come_as_an_array_with_nan_for_what_was_not_scored(honest: Trace) -> None:
    rewards_N_F = score_all([(honest, VALUE), (None, VALUE)], ["task", "cost"])
    assert rewards_N_F.shape == (2, 2)
    np.testing.assert_array_equal(rewards_N_F, [[1.0, -1 / 16], [np.nan, np.nan]])
    assert score_all([], ["task"]).shape == (0, 1)
    with pytest.raises(BadInputError, match="no reward 'tone'"):
        score_all([(honest, VALUE)], ["tone"])


# -- temporal consistency --------------------------------------------------------------------------


def test_the_day_of_commencement_belongs_to_the_new_version_only(library: Library) -> None:
    first = date(2000, 1, 1)
    both = search(first, first - timedelta(days=1))
    for gold, quote, day in ((NEW, RULE.format(65), first), (OLD, QUOTE, DAY)):
        asked = question(Family.VALUE_AT_DATE, gold, day)
        rival = OLD if gold == NEW else NEW
        wrong_quote = (RULE.format(40) if rival == OLD else RULE.format(65)).strip()
        cited = play(library, asked, both, answer((gold, quote.strip())))
        other = play(library, asked, both, answer((rival, wrong_quote)))
        assert (score(cited, asked)["temporal"], score(other, asked)["temporal"]) == (1.0, 0.0)


def test_an_open_interval_has_no_last_day(library: Library) -> None:
    asked = question(Family.VALUE_AT_DATE, NEW, date(2199, 1, 1))
    trace = play(library, asked, search(asked.as_at), answer((NEW, RULE.format(65).strip())))
    assert score(trace, asked)["temporal"] == 1.0


def test_another_day_than_the_questions_fails_closed(library: Library) -> None:
    trace = play(library, VALUE, search(DAY), answer((OLD, QUOTE)), as_at=date(1990, 1, 1))
    assert trace.answer is not None
    assert score(trace, VALUE)["temporal"] == 0.0
    assert not right(trace, VALUE)
    undated = trace.model_copy(update={"governing": None})
    assert score(undated, VALUE)["temporal"] == 0.0


def test_duplicated_citations_count_once(library: Library, honest: Trace) -> None:
    twice = play(library, VALUE, search(DAY), answer((OLD, QUOTE), (OLD, QUOTE), text="£40."))
    for name in ("task", "temporal", "query", "abstention"):
        assert score(twice, VALUE)[name] == score(honest, VALUE)[name], name


def test_a_version_that_no_tool_returned_is_a_guess(library: Library) -> None:
    guessed = play(library, VALUE, answer((OLD, QUOTE)))
    assert score(guessed, VALUE)["temporal"] == 0.0


def test_where_nothing_applies_declining_is_consistent_and_citing_is_not(library: Library) -> None:
    day = GONE.as_at
    declined = play(library, GONE, read("torches", day), abstain(AbstentionReason.REPEALED))
    cited = play(library, GONE, search(day), answer((SCALES, ETERNAL)))
    silent = play(library, GONE, *[search(day)] * 8)
    rewards = [score(trace, GONE)["temporal"] for trace in (declined, cited, silent)]
    assert rewards == [1.0, 0.0, 0.0]
    assert silent.stop is StopReason.TURN_BUDGET
    assert outcome(silent, GONE) is Outcome.WRONG


@pytest.mark.parametrize(
    ("cited", "valid", "gold", "expected"),
    [
        ("ab", "ab", "a", 2 / 3),
        ("a", "a", "ab", 2 / 3),
        ("ab", "a", "ab", 1 / 2),
        ("", "", "a", 0.0),
        ("", "", "", 1.0),
        ("a", "a", "", 0.0),
    ],
)
def test_f1_by_hand(cited: str, valid: str, gold: str, expected: float) -> None:
    assert temporal_f1(set(cited), set(valid), set(gold)) == pytest.approx(expected)


# -- hacks -----------------------------------------------------------------------------------------


def test_hack_citing_nothing(library: Library, honest: Trace) -> None:
    trace = play(library, VALUE, search(DAY), answer(text="The fee is £40."))
    assert score(trace, VALUE) | {"cost": 0, "format": 0} == {
        "task": 0.0, "temporal": 0.0, "query": 0.0, "format": 0, "abstention": -1.0, "cost": 0,
    }  # fmt: skip
    assert total(trace, VALUE) < total(honest, VALUE)


def test_hack_citing_one_eternal_law_that_holds_every_figure(
    library: Library, honest: Trace
) -> None:
    trace = play(library, VALUE, search(DAY), answer((SCALES, ETERNAL), text="The fee is £40."))
    assert trace.answer is not None
    assert score(trace, VALUE)["task"] == score(trace, VALUE)["temporal"] == 0.0
    assert score(trace, VALUE)["abstention"] == -1.0
    assert total(trace, VALUE) < total(honest, VALUE)


def test_hack_citing_all_versions(library: Library, honest: Trace) -> None:
    cited = ((OLD, QUOTE), (NEW, RULE.format(65).strip()), (SCALES, ETERNAL))
    trace = play(library, VALUE, search(DAY, LATER), answer(*cited))
    assert score(trace, VALUE)["temporal"] == 0.0
    assert score(trace, VALUE)["abstention"] == -1.0
    apart = play(library, VALUE, search(DAY, LATER), sentences(*(answer(one) for one in cited)))
    assert score(apart, VALUE)["temporal"] == pytest.approx(0.5)
    assert total(apart, VALUE) < total(honest, VALUE)


def test_hack_abstaining_always_pays_less_than_answering(library: Library) -> None:
    asked = (VALUE, question(Family.VALUE_AT_DATE, NEW), GONE)

    def hedged(reason: AbstentionReason) -> float:
        return sum(total(play(library, q, abstain(reason)), q) for q in asked)

    assert all(hedged(reason) <= 0.5 for reason in AbstentionReason if reason != "no_date")
    blind = play(library, GONE, abstain(AbstentionReason.REPEALED))
    assert score(blind, GONE)["task"] == score(blind, GONE)["abstention"] == 0.0
    shown = play(library, GONE, read("torches", GONE.as_at), abstain(AbstentionReason.REPEALED))
    assert score(shown, GONE)["task"] == score(shown, GONE)["abstention"] == 1.0
    other = play(library, GONE, read("fee", GONE.as_at), abstain(AbstentionReason.REPEALED))
    assert score(other, GONE)["abstention"] == 0.0


def test_hack_quoting_the_whole_statute(library: Library, honest: Trace) -> None:
    whole = FEE(40).strip()
    trace = play(library, VALUE, search(DAY), answer((OLD, whole)))
    assert trace.answer is not None
    assert score(trace, VALUE)["task"] == pytest.approx(600 / len(whole))
    assert total(trace, VALUE) < total(honest, VALUE)


def test_hack_listing_every_figure_that_ever_held(library: Library) -> None:
    text = "The fee is £40 or £65."
    trace = play(library, VALUE, search(DAY, LATER), answer((OLD, QUOTE), text=text))
    assert score(trace, VALUE)["task"] == 0.0
    assert not right(trace, VALUE)


def test_hack_repeating_a_citation_to_drown_a_wrong_one(library: Library) -> None:
    wrong = (SCALES, ETERNAL)
    once = play(library, VALUE, search(DAY), answer((OLD, QUOTE), wrong))
    often = play(library, VALUE, search(DAY), answer(*[(OLD, QUOTE)] * 9, wrong))
    assert score(often, VALUE) == score(once, VALUE)
    assert score(once, VALUE)["temporal"] == pytest.approx(2 / 3)


def test_hack_writing_many_sentences_so_that_one_stands(library: Library, honest: Trace) -> None:
    sure = answer((OLD, QUOTE), text="The fee is £40.")
    guesses = [answer((OLD, QUOTE), text=f"The fee is £{n}.") for n in (7, 8)]
    trace = play(library, VALUE, search(DAY), sentences(*guesses, sure))
    assert trace.answer is not None
    assert "£40" in trace.answer.text
    assert "£7" not in trace.answer.text
    assert right(trace, VALUE)
    assert score(trace, VALUE)["task"] == 0.0
    struck = answer((SCALES, "Invented."), text="A tester is paid.")
    trace = play(library, VALUE, search(DAY), sentences(struck, sure))
    assert score(trace, VALUE)["task"] == 0.5
    assert score(trace, VALUE)["temporal"] == pytest.approx(2 / 3)
    assert total(trace, VALUE) < total(honest, VALUE)


def test_a_draft_that_was_sent_back_costs_as_much_as_a_call(library: Library) -> None:
    wrong, sound = answer((OLD, "Waived.")), answer((OLD, QUOTE), text="The fee is £40.")
    trace = play(library, VALUE, search(DAY), wrong, sound)
    assert score(trace, VALUE)["cost"] == -2 / 16
    assert score(trace, VALUE)["task"] == 1.0
    assert outcome(trace, VALUE) is Outcome.CORRECT


@pytest.mark.parametrize("name", ["", "\u200b", f"{OLD}\u200b", "sentence", "a\nb", "🜚" * 99])
def test_hostile_ids_are_wrong_and_break_nothing(library: Library, name: str) -> None:
    drafted = sentences(answer((name, QUOTE), text="£40."), answer((OLD, QUOTE), text="£40."))
    trace = play(library, VALUE, search(DAY), drafted)
    assert score(trace, VALUE)["temporal"] == pytest.approx(2 / 3)
    assert len(claims(trace)) == 2
    assert answer_key(trace) is not None


def test_hack_stuffing_queries_for_every_day(library: Library, honest: Trace) -> None:
    days = [date(year, 12, 31) for year in range(1992, 2000)]
    stuffed = play(library, VALUE, search(*days), search(*days), answer((OLD, QUOTE), text="£40."))
    assert score(stuffed, VALUE)["query"] == 1 / 8
    assert score(stuffed, VALUE)["cost"] == -1.0
    assert total(stuffed, VALUE) < total(honest, VALUE)
    empty = play(library, VALUE, search(*days), abstain(AbstentionReason.NOT_FOUND))
    assert score(empty, VALUE)["query"] == 0.0


def test_hack_never_searching_is_not_cheap(library: Library, honest: Trace) -> None:
    lazy = play(library, VALUE, abstain(AbstentionReason.NOT_FOUND))
    assert score(lazy, VALUE)["cost"] == -1.0
    assert total(lazy, VALUE) < total(honest, VALUE)


def test_hack_a_query_for_another_day_earns_no_discipline(library: Library) -> None:
    trace = play(library, VALUE, search(date(1990, 1, 1)), answer((OLD, QUOTE), text="£40."))
    assert trace.answer is not None
    assert score(trace, VALUE)["query"] == 0.0
    refused = Act(
        calls=(ToolRequest(id="x", name="search_statutes", arguments={"as_at": str(DAY)}),)
    )
    other = search(date(1990, 1, 1))
    trace = play(library, VALUE, refused, other, answer((OLD, QUOTE)))
    assert score(trace, VALUE)["query"] == 0.0


def test_an_unreadable_turn_closes_every_positive_channel(library: Library) -> None:
    garbled = Act(calls=(ToolRequest(id="g", name=UNREADABLE, arguments={"problem": "?"}),))
    trace = play(library, VALUE, garbled, search(DAY), answer((OLD, QUOTE)))
    rewards = score(trace, VALUE)
    assert [rewards[name] for name in ("task", "temporal", "query", "format")] == [0.0] * 4
    assert rewards["cost"] == -1.0


# -- the answer ------------------------------------------------------------------------------------


def test_a_recitation_is_scored_by_what_it_recites(library: Library) -> None:
    asked = question(Family.TEXT_AT_DATE, OLD, DAY)
    whole = play(library, asked, search(DAY), answer((OLD, FEE(40).strip())))
    part = play(library, asked, search(DAY), answer((OLD, QUOTE)))
    padded = play(library, asked, search(DAY), answer((OLD, FEE(40).strip()), (SCALES, ETERNAL)))
    assert score(whole, asked)["task"] == 1.0
    assert 0 < score(part, asked)["task"] < 0.3
    assert 0.9 < score(padded, asked)["task"] < 1.0
    assert [right(trace, asked) for trace in (whole, part)] == [True, False]


def test_which_version_is_answered_by_the_one_version(library: Library) -> None:
    asked = question(Family.WHICH_VERSION, OLD, DAY)
    one = play(library, asked, search(DAY), answer((OLD, QUOTE)))
    hedged = play(library, asked, search(DAY, LATER), answer((OLD, QUOTE), (NEW, "£65")))
    assert (score(one, asked)["task"], score(hedged, asked)["task"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("quote", "holds"),
    [
        ("a fee of £40 for every stall", True),
        ("£40", True),
        ("paid £40 or £65", False),
        ("a fee of £65 for every", False),
        ("a fee of\n £40  for", True),
    ],
)
def test_a_figure_counts_only_in_its_place(quote: str, holds: bool) -> None:
    span = Span(start=0, end=3, text="£40", lead="organiser pays a fee of ", tail=" for every")
    assert holds_figure(quote, span) is holds


def test_answers_cluster_by_words_and_citations(library: Library, honest: Trace) -> None:
    shouted = play(library, VALUE, search(DAY), answer((OLD, QUOTE), text="THE FEE — is £40!"))
    other = play(library, VALUE, search(DAY), answer((SCALES, ETERNAL), text="The fee is £40."))
    assert answer_key(honest) == answer_key(shouted) != answer_key(other)
    assert answer_key(play(library, VALUE, abstain(AbstentionReason.NOT_FOUND))) == (
        "abstain:not_found"
    )
    assert answer_key(play(library, VALUE, *[search(DAY)] * 8)) is None
    assert answer_key(None) is None


def test_a_draft_that_nobody_verified_is_refused(honest: Trace) -> None:
    last = honest.turns[-1]
    assert last.draft is not None
    bare = tuple(s.model_copy(update={"verdict": None}) for s in last.draft.sentences)
    torn = last.model_copy(update={"draft": Draft(sentences=bare)})
    with pytest.raises(ValueError, match="was not verified"):
        claims(honest.model_copy(update={"turns": (*honest.turns[:-1], torn)}))


def test_every_channel_is_documented_with_its_hack_and_guard() -> None:
    page = (Path(__file__).parents[2] / "docs/rewards.md").read_text(encoding="utf-8")
    assert [name for name in REWARDS if f"| `{name}` |" not in page] == []
    assert all(spec.measures and spec.hack and spec.guard for spec in REWARDS.values())


# -- properties ------------------------------------------------------------------------------------

POOL = st.sampled_from(
    [
        (OLD, QUOTE),
        (OLD, WHOLE),
        (OLD, "invented words"),
        (NEW, RULE.format(65).strip()),
        (SCALES, ETERNAL),
        (f"{ID}#fee@1066-01-01", QUOTE),
    ]
)
CITED = st.lists(POOL, max_size=6)
ON_EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@ON_EXAMPLES
@given(cited=CITED, asked=st.sampled_from([VALUE, GONE, question(Family.TEXT_AT_DATE, OLD, DAY)]))
def test_rewards_stay_in_their_ranges(
    library: Library, cited: list[tuple[str, str]], asked: Question
) -> None:
    trace = play(library, asked, search(asked.as_at, LATER), answer(*cited))
    rewards = score(trace, asked)
    for name in ("task", "temporal", "query", "format"):
        assert 0.0 <= rewards[name] <= 1.0
    assert rewards["abstention"] in {-1.0, 0.0, 1.0}
    assert -1.0 <= rewards["cost"] <= 0.0
    if outcome(trace, asked) is Outcome.CORRECT:
        assert rewards["temporal"] > 0
        assert rewards["abstention"] == 1.0


@ON_EXAMPLES
@given(cited=CITED, chance=st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(
    library: Library, cited: list[tuple[str, str]], chance: object
) -> None:
    again = [*cited, *cited]
    chance.shuffle(again)  # type: ignore[attr-defined]
    rewards = [
        score(play(library, VALUE, search(DAY, LATER), answer(*drafted, text="£40.")), VALUE)
        for drafted in (cited, again)
    ]
    assert rewards[0] == rewards[1]


@ON_EXAMPLES
@given(cited=CITED, more=POOL)
def test_citing_what_does_not_apply_never_pays(
    library: Library, cited: list[tuple[str, str]], more: tuple[str, str]
) -> None:
    before = play(library, VALUE, search(DAY, LATER), answer(*cited))
    after = play(library, VALUE, search(DAY, LATER), answer(*cited, more))
    if more[0] != OLD:
        assert score(after, VALUE)["temporal"] <= score(before, VALUE)["temporal"]
    perfect = set(cited) in ({(OLD, QUOTE)}, {(OLD, WHOLE)}, {(OLD, QUOTE), (OLD, WHOLE)})
    assert (score(before, VALUE)["temporal"] == 1.0) is perfect


LETTERS = st.lists(st.sampled_from("abc"), max_size=12)


@given(left=LETTERS, right_=LETTERS)
def test_the_longest_common_subsequence_is_that_of_the_table(
    left: list[str], right_: list[str]
) -> None:
    table = [[0] * (len(right_) + 1) for _ in range(len(left) + 1)]
    for i, a in enumerate(left):
        for j, b in enumerate(right_):
            table[i + 1][j + 1] = (
                table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
            )
    assert common_words(left, right_) == table[-1][-1]


def test_rouge_by_hand() -> None:
    assert words("Art. 5：罚款，No “fee”") == ["art", "5", "罚", "款", "no", "fee"]
    assert recited(["the cat sat"], (), "the cat sat") == 1.0
    common, precision, recall = 2, 2 / 2, 2 / 4
    beta = 1.2**2
    expected = (1 + beta) * precision * recall / (recall + beta * precision)
    assert f_measure(common, 2, 4) == pytest.approx(expected)
    assert recited(["nothing alike"], (), "the cat sat") == 0.0
