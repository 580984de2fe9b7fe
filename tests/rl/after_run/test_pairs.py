"""Preference pairs: the same prompt, the better first, few, alike in length, none twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.models.token_sequence import episode
from agent.trace import Draft, DraftCitation, Sentence, Trace, Turn
from corpus.questions import Decline
from rl.after_run.g2d import pairs as made
from rl.after_run.g2d.labelled import Rank, verdicts
from rl.after_run.g2d.pairs import Pair, PairSettings, pairs_of, rank_of
from rl.annotation.items import (
    ChosenCandidate,
    ChosenDecline,
    ChosenVersion,
    Label,
    LabelStatus,
    Unsure,
)
from rl.rewards.outcome import Outcome
from rl.rewards.scored_trace import ScoredTrace
from tests.rl.conftest import a_question, a_trace

LABEL = {Rank.RIGHT: Outcome.CORRECT, Rank.ABSTAINED: Outcome.ABSTAINED, Rank.WRONG: Outcome.WRONG}


@pytest.fixture(autouse=True)
def judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a rollout be right where its name says so, and its answer be what it says."""
    monkeypatch.setattr(made, "right", lambda trace, _question: trace.id == "right")
    monkeypatch.setattr(made, "answer_key", lambda trace: trace.turns[-1].draft.sentences[0].text)


def rollout(number: int, rank: Rank, answer: int = 0, size: int = 4, prompt: int = 7) -> Any:
    question = a_question(number)
    sentence = Sentence(
        text=f"answer {answer}", citations=(DraftCitation(version_id="v", quote="q"),)
    )
    turn = Turn(
        index=0,
        draft=Draft(sentences=(sentence,)),
        prompt_ids=(prompt, number),
        completion_ids=tuple(range(10, 10 + size)),
        logprobs=(-1.0,) * size,
    )
    trace = a_trace(question).model_copy(
        update={"turns": (turn,), "id": "right" if rank is Rank.RIGHT else "t", "abstention": None}
    )
    return ScoredTrace.model_construct(
        step=0,
        question=question,
        trace=Trace.model_construct(**dict(trace)),
        void=None,
        rewards={},
        unscored={},
        outcome=LABEL[rank],
    )


RIGHT, ABSTAINED, WRONG = Rank.RIGHT, Rank.ABSTAINED, Rank.WRONG

groups = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from(list(Rank)), st.integers(0, 4), st.integers(1, 12)
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(drawn=groups)
def test_every_pair_shares_its_prompt_and_puts_the_better_first(
    drawn: list[tuple[int, Rank, int, int]],
) -> None:
    records = [rollout(*one) for one in drawn]
    found, tally = pairs_of(records)
    assert (found, tally) == pairs_of(records)
    rates = {
        f"q{n}": [rank is RIGHT for number, rank, *_ in drawn if number == n] for n in range(4)
    }
    by_question = [pair.question for pair in found]
    assert all(by_question.count(name) <= 4 for name in by_question)
    for pair in found:
        rate = sum(rates[pair.question]) / len(rates[pair.question])
        assert 0.1 <= rate <= 0.9
        assert pair.chosen > pair.rejected
        assert pair.prompt_ids == (7, int(pair.question[1:]))
        sizes = sorted((len(pair.chosen_ids), len(pair.rejected_ids)))
        assert sizes[1] <= 2 * sizes[0]
    assert tally.pairs == len(found)
    assert tally.rollouts == len(drawn)


def test_right_stands_before_abstained_before_wrong() -> None:
    group = [rollout(1, RIGHT), rollout(1, ABSTAINED, 1), rollout(1, WRONG, 2)]
    found, _ = pairs_of(group)
    order = [(pair.chosen, pair.rejected) for pair in found]
    assert order == [(RIGHT, WRONG), (RIGHT, ABSTAINED), (ABSTAINED, WRONG)]


def test_equal_answers_make_one_pair() -> None:
    group = [*[rollout(1, RIGHT, 5)] * 3, *[rollout(1, WRONG, 6)] * 3]
    assert len(pairs_of(group)[0]) == 1


def test_a_question_that_is_always_or_never_right_makes_no_pair() -> None:
    never = [rollout(1, WRONG, n) for n in range(8)] + [rollout(1, ABSTAINED, 9)]
    always = [rollout(2, RIGHT, n) for n in range(10)] + [rollout(2, WRONG, 11)]
    found, tally = pairs_of([*never, *always])
    assert found == []
    assert (tally.questions, tally.usable) == (2, 0)
    assert len(pairs_of(always, PairSettings(highest=1.0))[0]) == 4


def test_rollouts_of_other_prompts_and_lengths_make_no_pair() -> None:
    assert pairs_of([rollout(1, RIGHT), rollout(1, WRONG, 1, prompt=8)])[0] == []
    assert pairs_of([rollout(1, RIGHT, size=3), rollout(1, WRONG, 1, size=7)])[0] == []
    assert len(pairs_of([rollout(1, RIGHT, size=3), rollout(1, WRONG, 1, size=6)])[0]) == 1


def test_four_pairs_use_different_rollouts() -> None:
    group = [rollout(1, RIGHT, n) for n in range(4)] + [rollout(1, WRONG, 10 + n) for n in range(4)]
    group = [
        one.model_copy(update={"trace": one.trace.model_copy(update={"turns": own(one, place)})})
        for place, one in enumerate(group)
    ]
    found, _ = pairs_of(group)
    assert len({pair.chosen_ids for pair in found}) == 4
    assert len({pair.rejected_ids for pair in found}) == 4


def own(one: Any, place: int) -> tuple[Turn, ...]:
    return (one.trace.turns[0].model_copy(update={"completion_ids": (place, 1, 2, 3)}),)


def test_the_tokens_of_tools_keep_their_mask() -> None:
    one = rollout(1, RIGHT)
    more = Turn(
        index=1,
        draft=one.trace.turns[0].draft,
        prompt_ids=(7, 1, *range(10, 14), 30, 31),
        completion_ids=(40,),
        logprobs=(-1.0,),
    )
    turns = (one.trace.turns[0].model_copy(update={"draft": None}), more)
    longer = one.model_copy(update={"trace": one.trace.model_copy(update={"turns": turns})})
    (pair,), _ = pairs_of([longer, rollout(1, WRONG, 2)])
    assert pair.chosen_mask == (1, 1, 1, 1, 0, 0, 1)
    assert pair.chosen_ids == episode(turns).completion_ids


def test_void_and_excluded_rollouts_say_nothing() -> None:
    one = rollout(1, WRONG)
    assert rank_of(one.model_copy(update={"void": "engine"})) is None
    assert rank_of(one.model_copy(update={"outcome": Outcome.EXCLUDED})) is None
    assert rank_of(one) is WRONG


def test_labels_of_people_override_the_gold_answer() -> None:
    def named(name: str, rank: Rank, answer: int) -> Any:
        one = rollout(1, rank, answer)
        return one.model_copy(update={"trace": one.trace.model_copy(update={"id": name})})

    group = [named("right", RIGHT, 1), named("a", WRONG, 2), named("b", WRONG, 3)]
    label = Label(
        project="p",
        item="i",
        question_id="q1",
        status=LabelStatus.AGREED,
        choice=ChosenCandidate(letter="B"),
        corpus_hash="0",
        traces={"A": ("right",), "B": ("a",)},
    )
    told = verdicts([label])
    found, tally = pairs_of(group, labels=told)
    chosen = [(pair.chosen, pair.rejected, pair.source) for pair in found]
    assert chosen == [(RIGHT, WRONG, "labels")] * 2
    assert tally.labelled == 2
    unsettled = label.model_copy(update={"choice": None, "status": LabelStatus.OPEN})
    unsure = label.model_copy(update={"choice": Unsure()})
    assert verdicts([unsettled, unsure]) == {}
    version = ChosenVersion(version_id="v", quote="q", start=0, end=1)
    none_right = verdicts([label.model_copy(update={"choice": version})])
    assert pairs_of(group[:2], labels=none_right)[0] == []


def test_a_reason_to_decline_that_people_chose_is_the_right_answer() -> None:
    told = verdicts(
        [
            Label(
                project="p",
                item="i",
                question_id="q1",
                status=LabelStatus.ADJUDICATED,
                choice=ChosenDecline(reason=Decline.NOT_FOUND),
                corpus_hash="0",
                traces={"A": ("t",), "B": ("right",)},
            )
        ]
    )
    one, other = rollout(1, ABSTAINED), rollout(1, RIGHT, 1)
    declined = a_trace(a_question(1)).abstention
    one = one.model_copy(update={"trace": one.trace.model_copy(update={"abstention": declined})})
    (pair,), _ = pairs_of([one, other], labels=told)
    assert (pair.chosen, pair.rejected) == (RIGHT, WRONG)
    assert pair.chosen_ids == episode(one.trace.turns).completion_ids


def test_a_pair_that_prefers_the_worse_is_refused() -> None:
    ids = {"question": "q", "prompt_ids": (1,), "chosen_ids": (2,), "rejected_ids": (3,)}
    masks = {"chosen_mask": (1,), "rejected_mask": (1,)}
    with pytest.raises(ValidationError, match="chosen rollout is not better"):
        Pair(**ids, **masks, chosen=Rank.WRONG, rejected=Rank.RIGHT)
    with pytest.raises(ValidationError, match="mask of the chosen rollout differ"):
        Pair(**ids, **{**masks, "chosen_mask": (1, 1)}, chosen=Rank.RIGHT, rejected=Rank.WRONG)
