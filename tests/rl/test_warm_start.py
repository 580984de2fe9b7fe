"""Demonstrations go through the serving graph; imitation learns from the model's tokens only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

import torch

from agent.library import Library
from agent.models.catalogue import open_location
from agent.models.codec import TokenizerCodec, learnt
from agent.models.prepare import prepare
from agent.models.rendering import render
from agent.models.sampling import Sampling
from agent.models.token_sequence import TokenSequence, episode
from agent.policies.language_model import ModelPolicy
from agent.trace import StopReason
from corpus.errors import BadInputError
from corpus.questions import HARDER_FAMILIES, Family, Question, make_questions
from rl.questions.synthetic_environment import choose, synthetic_library
from rl.recipes.recipe import ModelSettings, Recipe, WarmStart
from rl.rewards import right
from rl.rollouts.rollout import Rollout, roll_out
from rl.rollouts.samplers.local import BatchedSampler
from rl.run.progress import NoProgress
from rl.run.run_directory import Run
from rl.training import model_loading
from rl.training.warm_start import (
    IGNORED,
    Imitation,
    MisdatedDemonstrations,
    demonstrate,
    imitate,
    row,
)

HARD = (*HARDER_FAMILIES, Family.VALUE_AT_DATE)
FAMILIES = (Family.VALUE_AT_DATE, Family.PAIRED_DATES, Family.NOT_YET_IN_FORCE, Family.REPEALED)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("INFORCE_HOME", str(folder))
        prepare("tiny")
        yield folder


@pytest.fixture(scope="module")
def library(home: Path) -> Iterator[Library]:
    with synthetic_library(home / "ground", 150) as opened:
        yield opened


@pytest.fixture(scope="module")
def tokenizer(home: Path) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(open_location("tiny"))
    learnt(tokenizer)
    return tokenizer


@pytest.fixture(scope="module")
def questions(library: Library) -> list[Question]:
    made = list(make_questions(library.store.histories(), families=FAMILIES, per_family=4))
    kept = [q for split in ("train", "selection", "test") for q in choose(made, split, longest=30)]
    return kept[:12]


@pytest.fixture(scope="module")
def shown(library: Library, tokenizer: Any, questions: list[Question]) -> list[Rollout]:
    return demonstrate(library, TokenizerCodec(tokenizer), questions, context=4096)


def a_model(seed: int = 0) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(open_location("tiny")))


def trained(model: Any, tokenizer: Any, rows: list[Rollout], folder: Path) -> dict[str, Any]:
    imitate(model, tokenizer, rows, Imitation(learning_rate=1e-3, batch=4, device="cpu"), folder)
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_a_demonstration_is_what_a_model_would_have_been_given(
    shown: list[Rollout], questions: list[Question], tokenizer: Any
) -> None:
    assert len(shown) == len(questions)
    codec = TokenizerCodec(tokenizer)
    for rollout in shown:
        assert rollout.trace is not None
        assert rollout.episode == episode(rollout.trace.turns)
        for turn in rollout.trace.turns:
            assert turn.completion_ids[-1] in codec.stop_ids
            assert codec.stop_ids.isdisjoint(turn.completion_ids[:-1])
            assert codec.decode(turn.completion_ids[:-1]) == turn.text


def test_a_misdated_expert_reads_the_law_of_today_and_insists(
    library: Library, questions: list[Question], tokenizer: Any
) -> None:
    today = date(2030, 12, 31)
    codec, misdated = TokenizerCodec(tokenizer), MisdatedDemonstrations(share=1.0, today=today)
    shown = demonstrate(library, codec, questions, context=4096, misdated=misdated)
    assert len(shown) == len(questions)
    for rollout in shown:
        assert rollout.trace is not None
        first, drafts = rollout.trace.turns[0], [t.draft for t in rollout.trace.turns if t.draft]
        assert first.calls[0].arguments["as_at"] == str(today)
        assert all(draft == drafts[0] for draft in drafts)
    wrong = [one for one in shown if one.trace and one.trace.stop == StopReason.ABSTAINED]
    assert any(one.question.decline is None for one in wrong)


def test_which_demonstrations_are_misdated_depends_on_seed_and_question_alone(
    questions: list[Question],
) -> None:
    half = MisdatedDemonstrations(share=0.5, today=date(2030, 12, 31), seed=3)
    days = [half.of(one) for one in questions]
    assert days == [half.of(one) for one in questions]
    assert {None, date(2030, 12, 31)} == set(days)
    assert days != [half.model_copy(update={"seed": 4}).of(one) for one in questions]


def test_imitation_learns_from_the_models_tokens_and_no_other(shown: list[Rollout]) -> None:
    for rollout in shown:
        one = row(rollout)
        assert rollout.trace is not None
        learnt_from = [label for label in one["labels"] if label != IGNORED]
        wrote = [i for turn in rollout.trace.turns for i in turn.completion_ids]
        assert learnt_from == wrote
        kept = [i for i, label in zip(*one.values(), strict=True) if label != IGNORED]
        assert kept == wrote


def test_what_was_only_shown_does_not_move_the_weights(
    shown: list[Rollout], tokenizer: Any, tmp_path: Path
) -> None:
    """Without a token of its own a demonstration teaches nothing; with them it does."""
    silent = []
    for rollout in shown:
        whole = rollout.episode
        assert whole is not None
        muted = whole.model_copy(update={"mask": (*whole.mask[:-1], 1)})
        silent.append(rollout.model_copy(update={"episode": _only_last(muted)}))
    before = a_model().state_dict()
    spoken = trained(a_model(), tokenizer, shown, tmp_path)
    assert any(not torch.equal(before[name], spoken[name]) for name in before)
    labels = [row(rollout)["labels"] for rollout in silent]
    assert {sum(label != IGNORED for label in one) for one in labels} == {1}


def _only_last(whole: TokenSequence) -> TokenSequence:
    mask = (0,) * (len(whole.mask) - 1) + (1,)
    return whole.model_copy(update={"mask": mask})


def test_the_same_demonstrations_give_the_same_weights(
    shown: list[Rollout], tokenizer: Any, tmp_path: Path
) -> None:
    first = trained(a_model(), tokenizer, shown, tmp_path / "a")
    torch.manual_seed(77)
    again = trained(a_model(), tokenizer, shown, tmp_path / "b")
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_an_expert_that_is_never_right_teaches_nothing(library: Library, tokenizer: Any) -> None:
    lost = Question(
        id="text_at_date-x",
        family=Family.TEXT_AT_DATE,
        language="en",
        text="What did s 1 of the Unheard Of Act 1999 say?",
        as_at=date(2001, 1, 1),
        jurisdiction="uk",
        work_id="uk/none",
        provision_id="uk/none#p1",
        label="s 1",
        gold_version="uk/none#p1@1999-01-01",
        split="train",
    )
    with pytest.raises(BadInputError, match="none of 1 questions"):
        demonstrate(library, TokenizerCodec(tokenizer), [lost], context=4096)


def test_the_prompt_of_a_demonstration_is_the_one_that_is_served(
    library: Library, shown: list[Rollout], tokenizer: Any
) -> None:
    codec = TokenizerCodec(tokenizer)
    policy = ModelPolicy("tiny", codec, BatchedSampler(a_model()), Sampling(max_tokens=4))
    asked = [rollout.question for rollout in shown[:3]]
    for demonstration, rollout in zip(shown, roll_out(library, policy, asked), strict=False):
        assert rollout.trace is not None
        assert demonstration.trace is not None
        assert rollout.trace.turns[0].prompt_ids == demonstration.trace.turns[0].prompt_ids


def test_a_saved_tokenizer_still_knows_that_its_model_learnt_the_tools(
    tokenizer: Any, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(tmp_path)
    assert TokenizerCodec(AutoTokenizer.from_pretrained(tmp_path)).prompt_format == "learnt"
    assert render.__module__ == "agent.models.rendering"


def test_the_expert_answers_every_harder_family_rightly(home: Path, tokenizer: Any) -> None:
    with synthetic_library(home / "linked", 400, largest=25, links=True) as linked:
        made = list(make_questions(linked.store.histories(), families=HARD, per_family=2))
        asked = [one for family in HARD for one in made if one.family is family][::3]
        shown = demonstrate(linked, TokenizerCodec(tokenizer), asked, context=4096)
        found = {one.question.family for one in shown if right(one.trace, one.question)}
    assert found == {one.family for one in asked} == set(HARD)
    assert len(shown) > 0.9 * len(asked)  # a short title may name two acts
    for one in shown:
        reads = sum(len(turn.calls) for turn in one.trace.turns) if one.trace else 0
        hops = one.question.family in (Family.TWO_HOP, Family.COMMENCED_BY_REFERENCE)
        assert reads == 1 + hops
        assert one.trace is not None
        assert one.trace.governing is not None
        assert one.trace.governing.as_at == one.question.as_at
        assert one.trace.governing.assumed is not one.question.day_stated


def test_only_the_named_families_are_demonstrated(
    home: Path, library: Library, questions: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Question] = []

    def noting(_library: Library, _codec: Any, shown: list[Question], **_: Any) -> list[Rollout]:
        asked.extend(shown)
        raise BadInputError("enough")

    monkeypatch.setattr(model_loading, "demonstrate", noting)
    start = WarmStart(demonstrations=50, families=(Family.REPEALED,))
    recipe = Recipe(name="few", model=ModelSettings(prompt_format="learnt"), warm_start=start)
    run = Run.create(home / "few", recipe, questions, library.corpus_hash)
    with pytest.raises(BadInputError, match="enough"):
        model_loading.warmed_up(recipe, run, library, questions, NoProgress())
    assert asked == [one for one in asked if one.family is Family.REPEALED]
    assert len(asked) == sum(one.family is Family.REPEALED for one in questions)
