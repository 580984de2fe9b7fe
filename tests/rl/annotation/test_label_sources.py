"""What a label says of rollouts, and that a source hands out what is there and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.library import Library
from agent.trace import AbstentionReason, Trace
from corpus.errors import InForceError
from corpus.questions import Decline, Family, Posed
from rl.annotation.exchange import write_jsonl
from rl.annotation.items import (
    Choice,
    ChosenCandidate,
    ChosenDecline,
    ChosenVersion,
    Faulty,
    Item,
    Label,
    LabelStatus,
    Role,
    Skipped,
    Unsure,
)
from rl.annotation.items_of_run import item_of
from rl.annotation.queue import assignments
from rl.annotation.queue.label_queue import LabelQueue
from rl.annotation.selection.clusters import cluster_key, group
from rl.annotation.sources.file import FileSource
from rl.annotation.sources.gold import GoldSource
from rl.annotation.sources.queue import QueueSource
from rl.annotation.sources.truth import size_of_the_right
from rl.annotation.sources.verdict import (
    GoldAnswer,
    NoAnswer,
    candidate_key,
    graded,
    says_right,
    verdict_of,
)
from rl.annotation.training_data import judged, pairs, rows
from rl.rewards import score
from rl.rewards.outcome import Outcome
from rl.rewards.plugins import reward_scorers
from rl.rewards.scored_trace import scored
from tests.agent.conftest import opened
from tests.rl.annotation.projects import chosen, fresh, project, text_of
from tests.rl.statutes import DAY, FAIRS, NEW, OLD, abstain, answer, play, question, read, search

VALUE = question(Family.VALUE_AT_DATE, OLD, DAY)
FEE = "pays a fee of £40 for every stall"
SCORERS = reward_scorers(("task", "temporal"))
CORPUS = "c" * 64


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


@pytest.fixture(scope="module")
def traces(library: Library) -> list[Trace]:
    """Right, wrong, right in other words, and silent."""
    return [
        play(library, VALUE, search(DAY), answer((OLD, FEE), text="It is £40.")),
        play(library, VALUE, read("fee", "2020-01-01"), answer((NEW, "a fee of £65"))),
        play(library, VALUE, search(DAY), answer((OLD, FEE), text="Forty pounds a stall.")),
        play(library, VALUE, search(DAY), abstain(AbstentionReason.NOT_FOUND)),
    ]


@pytest.fixture(scope="module")
def item(traces: list[Trace]) -> Item:
    return item_of("run-1", 3, group(Posed.of(VALUE), traces), traces, "random", 0.5)


def letter_of(item: Item, trace: Trace) -> str:
    return next(letter for letter, ids in item.origin.traces.items() if trace.id in ids)


def label(item: Item, choice: Choice | None, corpus_hash: str = CORPUS) -> Label:
    return Label(
        project="fees",
        item=item.id,
        question_id=item.origin.question_id,
        status=LabelStatus.AGREED if choice else LabelStatus.DISAGREED,
        choice=choice,
        corpus_hash=corpus_hash,
        traces=item.origin.traces,
    )


def right_of(item: Item, choice: Choice, traces: list[Trace]) -> list[bool | None]:
    verdict = verdict_of(item, choice)
    return [says_right(verdict, trace, "en") for trace in traces]


def test_a_candidate_stands_for_the_rollouts_behind_it(item: Item, traces: list[Trace]) -> None:
    keys = {c.letter: candidate_key(c, "en") for c in item.shown.candidates}
    assert {letter_of(item, trace): cluster_key(trace, "en") for trace in traces} == keys


def test_a_decision_says_which_rollouts_are_right(item: Item, traces: list[Trace]) -> None:
    right = ChosenCandidate(letter=letter_of(item, traces[0]))
    assert right_of(item, right, traces) == [True, False, True, False]
    start = 4
    marked = ChosenVersion(version_id=OLD, quote="fee of £40", start=start, end=start + 10)
    assert right_of(item, marked, traces) == [True, False, True, False]
    elsewhere = ChosenVersion(version_id=OLD, quote="every horse", start=start, end=start + 11)
    assert right_of(item, elsewhere, traces) == [False] * 4
    none = ChosenDecline(reason=Decline.NOT_FOUND)
    assert right_of(item, none, traces) == [False, False, False, True]
    other = ChosenDecline(reason=Decline.REPEALED)
    assert right_of(item, other, traces) == [False] * 4


@pytest.mark.parametrize("choice", [Unsure(), Faulty(), Skipped(reason="Too long.")])
def test_a_decision_without_an_answer_teaches_nothing(
    item: Item, traces: list[Trace], choice: Choice
) -> None:
    verdict = verdict_of(item, choice)
    assert isinstance(verdict, NoAnswer)
    found = graded(verdict, traces[0], "en", SCORERS)
    assert (found.coefficient, set(found.rewards.values())) == (0.0, {None})
    assert found.outcome is Outcome.EXCLUDED


def test_a_person_s_label_rewards_every_channel_alike(item: Item, traces: list[Trace]) -> None:
    verdict = verdict_of(item, ChosenCandidate(letter=letter_of(item, traces[0])))
    found = [graded(verdict, trace, "en", SCORERS) for trace in traces]
    assert [one.rewards["task"] for one in found] == [1.0, 0.0, 1.0, 0.0]
    assert [one.rewards["temporal"] for one in found] == [1.0, 0.0, 1.0, 0.0]
    assert [one.outcome.name for one in found] == ["CORRECT", "WRONG", "CORRECT", "ABSTAINED"]
    assert graded(verdict, None, "en", SCORERS).rewards == {"task": None, "temporal": None}


def test_a_gold_answer_rewards_as_the_channels_do(traces: list[Trace]) -> None:
    for trace in traces:
        found = graded(GoldAnswer(question=VALUE), trace, "en", SCORERS)
        assert found.rewards == score(trace, VALUE, ("task", "temporal"))
        assert found.coefficient == 1.0


def test_the_size_of_the_right_cluster(traces: list[Trace]) -> None:
    verdict = GoldAnswer(question=VALUE)
    posed = Posed.of(VALUE)
    assert size_of_the_right(verdict, group(posed, traces), traces) is None
    outvoted = [traces[1], traces[1], traces[0], traces[3]]
    assert size_of_the_right(verdict, group(posed, outvoted), outvoted) == 1
    nobody = [traces[1], traces[3]]
    assert size_of_the_right(verdict, group(posed, nobody), nobody) == 0


def test_gold_counts_each_question_once(item: Item) -> None:
    source = GoldSource([VALUE])
    for _ in range(3):
        assert list(source.ask([item])) == [item.id]
    assert source.handed_out == 1


def test_the_oracle_s_choice_is_no_label(traces: list[Trace]) -> None:
    source = GoldSource([VALUE])
    outvoted = [traces[1], traces[1], traces[0], traces[3]]
    assert source.gaps([group(Posed.of(VALUE), outvoted)], [outvoted])[VALUE.id] > 0
    assert source.handed_out == 0


def test_a_file_is_read_again_and_what_is_not_settled_is_not_there(
    item: Item, traces: list[Trace], tmp_path: Path
) -> None:
    path = tmp_path / "labels.jsonl"
    source = FileSource(path, CORPUS)
    assert source.ask([item]) == {}
    write_jsonl([label(item, None)], path)
    assert source.ask([item]) == {}
    right = ChosenCandidate(letter=letter_of(item, traces[0]))
    write_jsonl([label(item, right), label(item.model_copy(update={"id": "other"}), right)], path)
    assert source.ask([item]) == {item.id: verdict_of(item, right)}
    assert source.handed_out == 1


@pytest.mark.parametrize(
    ("choice", "corpus_hash", "words"),
    [
        (ChosenCandidate(letter="Z"), CORPUS, "names candidate 'Z', which it does not have"),
        (Unsure(), "f" * 64, "is about corpus ffffffffffff, the run about cccccccccccc"),
    ],
)
def test_a_label_that_does_not_fit_is_refused(
    item: Item, tmp_path: Path, choice: Choice, corpus_hash: str, words: str
) -> None:
    path = tmp_path / "labels.jsonl"
    write_jsonl([label(item, choice, corpus_hash)], path)
    with pytest.raises(InForceError, match=words):
        FileSource(path, CORPUS).ask([item])


def test_people_label_what_the_run_asks(item: Item, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'labels.db'}"
    source = QueueSource(url, "fees", "abc")
    assert source.ask([item]) == {}
    queue = LabelQueue.open(url, create=True)
    assert source.ask([item]) == {}
    queue.create(project(overlap=1), "", owner="olga")
    queue.add_person("fees", "ann", Role.ANNOTATOR)
    assert source.ask([item]) == {}
    held = assignments.next_item(queue, "fees", "ann")
    assert held is not None
    assert held.item == item.id
    assignments.submit(queue, held, "ann", chosen("B"), fresh(), text_of)
    assert source.ask([item]) == {item.id: verdict_of(item, ChosenCandidate(letter="B"))}
    assert source.handed_out == 1
    with pytest.raises(InForceError, match="is about corpus abc, the run about xyz"):
        QueueSource(url, "fees", "xyz").ask([item])


def with_tokens(trace: Trace, number: int) -> Trace:
    """Tokens of a model that was asked in every turn; a tool wrote 90 between them."""
    turns, prompt = [], (1, 2, 3)
    for turn in trace.turns:
        own = (10 + number, 20 + turn.index)
        turns.append(
            turn.model_copy(
                update={"prompt_ids": prompt, "completion_ids": own, "logprobs": (-0.5, -0.5)}
            )
        )
        prompt = (*prompt, *own, 90)
    return trace.model_copy(update={"turns": tuple(turns)})


def test_labels_become_demonstrations_and_pairs(
    item: Item, traces: list[Trace], tmp_path: Path
) -> None:
    records = [scored(3, VALUE, with_tokens(trace, n)) for n, trace in enumerate(traces)]
    labels = [label(item, ChosenCandidate(letter=letter_of(item, traces[0])))]
    [shown] = rows("demonstrations", labels, [item], records)
    made = json.loads(shown.model_dump_json())
    assert (made["prompt_ids"], made["mask"]) == ([1, 2, 3], [1, 1, 0, 1, 1])
    assert made["completion_ids"] == [10, 20, 90, 10, 21]
    found = pairs(judged(labels, [item], records))
    assert [one.rejected for one in found] in ([0, 1], [1, 0])
    assert {one.rejected_ids[0] for one in found} == {11, 13}
    assert {one.chosen_ids for one in found} == {(10, 20, 90, 10, 21)}
    write_jsonl(found, tmp_path / "pairs.jsonl")
    assert len((tmp_path / "pairs.jsonl").read_text().splitlines()) == 2
    assert rows("pairs", [label(item, Unsure())], [item], records) == []
    with pytest.raises(InForceError, match="'essays' is none of labels"):
        rows("essays", labels, [item], records)
