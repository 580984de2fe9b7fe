"""Runs that learn from labels: who may read gold, how many are asked for, what moves weights."""

from __future__ import annotations

import shutil
import sys
import uuid
from collections.abc import Container
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

from corpus.errors import InForceError  # noqa: E402
from corpus.questions import Question  # noqa: E402
from rl.annotation.exchange import write_jsonl  # noqa: E402
from rl.annotation.items import (  # noqa: E402
    ChosenCandidate,
    Decision,
    Faulty,
    Item,
    Label,
    LabelStatus,
    Project,
    Role,
)
from rl.annotation.ledger import asked_items  # noqa: E402
from rl.annotation.queue import assignments  # noqa: E402
from rl.annotation.queue.adjudication import disputes, settle  # noqa: E402
from rl.annotation.queue.label_queue import LabelQueue  # noqa: E402
from rl.annotation.queue.labels import labels  # noqa: E402
from rl.rewards.outcome import Outcome  # noqa: E402
from rl.rewards.scored_trace import RolloutRecord, read_rollouts, read_scored  # noqa: E402
from rl.run.checkpoints import checkpoints  # noqa: E402
from rl.run.run_directory import Run  # noqa: E402
from rl.training.labelled_rounds import WaitingForLabels  # noqa: E402
from tests.rl.forked import LIBRARY  # noqa: E402
from tests.rl.labelled import QUESTIONS, train, version_of  # noqa: E402

GOLD = frozenset(Question.model_fields) - frozenset(Question.__base__.model_fields)  # type: ignore[union-attr]


def weights(run: Run) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(checkpoints(run.checkpoints)[-1] / "model.safetensors")


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in other)


def rows(run: Run) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in run.metrics.rows()]


def rollouts_of(run: Run, item: Item) -> list[RolloutRecord]:
    found = read_rollouts(run.traces.path)
    return [one for one in found if one.question.id == item.origin.question_id]


def label(item: Item) -> Label:
    """A label of somebody who knows: the candidate that cites the gold version."""
    gold = version_of(next(q for q in QUESTIONS if q.id == item.origin.question_id), True)
    letters = [c.letter for c in item.shown.candidates if c.citations[0].version_id == gold]
    return Label(
        project="fees",
        item=item.id,
        question_id=item.origin.question_id,
        status=LabelStatus.AGREED,
        choice=ChosenCandidate(letter=letters[0]) if letters else None,
        people=("ann",),
        corpus_hash=LIBRARY.corpus_hash,
    )


@pytest.mark.parametrize(
    ("policy", "budget", "expected"),
    [
        ("random", 0.5, 2),
        ("random", 0.0, 0),
        ("entropy", 0.3, 2),
        ("low_confidence", 0.3, 2),
        ("care", 0.3, 2),
        ("oracle_cag", 0.3, 2),
        ("full", 0.3, 4),
    ],
)
def test_so_many_labels_are_asked_for_in_each_round_and_no_more(
    tmp_path: Path, policy: str, budget: float, expected: int
) -> None:
    run = train(tmp_path / "run", {"policy": policy, "budget": budget})
    assert [row["labels/asked"] for row in rows(run)] == [expected] * 3
    assert rows(run)[-1]["labels/handed_out"] == 3 * expected
    assert len(list(run.labels.rows())) == 3 * expected
    assert {item.origin.chooser for item in asked_items(run.asked.path)} <= {policy}


@pytest.mark.parametrize("labels", [{"policy": "full"}, {"policy": "random", "budget": 1.0}])
def test_with_every_label_a_run_is_plain_grpo_bit_for_bit(
    tmp_path: Path, labels: dict[str, Any]
) -> None:
    plain, labelled = train(tmp_path / "plain", None), train(tmp_path / "labelled", labels)
    assert same(weights(plain), weights(labelled))
    assert [row["loss"] for row in rows(plain)] == [row["loss"] for row in rows(labelled)]


@pytest.mark.parametrize(
    "labels",
    [
        {"policy": "none", "gate": 0.0},
        {"policy": "none", "pseudo": False},
        {"policy": "none", "warmup": 3},
    ],
)
def test_questions_that_are_neither_labelled_nor_trusted_move_no_parameter(
    tmp_path: Path, labels: dict[str, Any]
) -> None:
    from safetensors.torch import load_file

    run = train(tmp_path / "run", labels)
    assert same(weights(run), load_file(tmp_path / "model" / "model.safetensors"))
    found = list(read_rollouts(run.traces.path))
    assert {one.coefficient for one in found} == {0.0}
    assert {one.outcome for one in found} == {Outcome.EXCLUDED}


def test_a_trusted_majority_moves_parameters_without_any_label(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    run = train(tmp_path / "run", {"policy": "none", "gate": 0.5})
    assert not same(weights(run), load_file(tmp_path / "model" / "model.safetensors"))
    assert not list(run.labels.rows())
    trusted = {one.coefficient for one in read_rollouts(run.traces.path)} - {0.0}
    assert trusted
    assert max(trusted) < 1


def test_gold_is_read_by_the_source_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other frame that reads a gold field of a question in such a run fails."""
    allowed = ("rl/annotation/sources/gold.py", "rl/annotation/sources/verdict.py")
    read = object.__getattribute__
    caught: list[str] = []

    def guarded(self: Question, name: str) -> Any:
        if name in GOLD:
            frame: Any = sys._getframe(1)
            files = []
            while frame is not None:
                files.append(frame.f_code.co_filename)
                frame = frame.f_back
            if not any(file.endswith(allowed) for file in files):
                caught.append(f"{name} in {files[0]}")
        return read(self, name)

    monkeypatch.setattr(Question, "__getattribute__", guarded)
    run = train(tmp_path / "run", {"policy": "care", "budget": 0.3, "gate": 0.5})
    assert caught == []
    assert QUESTIONS[0].gold_version
    assert caught, "the guard does not guard"
    del run


def test_no_file_but_that_of_the_labels_holds_a_gold_answer(tmp_path: Path) -> None:
    run = train(tmp_path / "run", {"policy": "random", "budget": 0.3})
    for path in (run.traces.path, run.asked.path, run.folder / "questions.jsonl"):
        assert not [line for line in path.read_text().splitlines() if '"gold_version"' in line]
    with pytest.raises(InForceError, match=r"traces.jsonl:1, field 'question"):
        next(iter(read_scored(run.traces.path)))


def test_a_gold_answer_teaches_what_its_question_alone_would(tmp_path: Path) -> None:
    """The rewards of labelled questions are those of the recipe's channels."""
    run = train(tmp_path / "run", {"policy": "random", "budget": 0.5, "pseudo": False})
    given = {row["question_id"] for row in run.labels.rows()}
    for one in read_rollouts(run.traces.path):
        if one.coefficient:
            assert one.question.id in given
            assert one.outcome in (Outcome.CORRECT, Outcome.WRONG)
        else:
            assert set(one.rewards.values()) == {None}


def test_a_run_that_waits_goes_on_as_if_the_labels_had_been_there(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    told = {"policy": "care", "budget": 0.5, "source": "file", "file": str(file), "wait": True}
    for _ in range(3):
        with pytest.raises(
            WaitingForLabels, match=r"^waited is waiting for 2 labels; --resume goes"
        ):
            train(tmp_path / "waited", told)
        items = asked_items(tmp_path / "waited" / "asked.jsonl")
        write_jsonl([label(item) for item in items], file)
    waited = train(tmp_path / "waited", told)
    names = {item.id for item in asked_items(waited.asked.path)}
    text = file.read_text()
    # the items of a run carry its name, so the straight run has the same one in another folder
    straight = train(tmp_path / "other" / "waited", told)
    assert {item.id for item in asked_items(straight.asked.path)} == names
    assert file.read_text() == text
    assert same(weights(straight), weights(waited))
    assert rows(straight) == rows(waited)
    probes = [
        torch.load(checkpoints(run.checkpoints)[-1] / "labels.pt", weights_only=True)
        for run in (straight, waited)
    ]
    assert torch.equal(probes[0]["vote"]["features"], probes[1]["vote"]["features"])
    assert torch.equal(probes[0]["vote"]["chance"], probes[1]["vote"]["chance"])


def decide_all(queue: LabelQueue, person: str, wrong: Container[str] = ()) -> None:
    """Decide what is open for a person: the gold version, or for items ``wrong`` the question."""
    known = {item.id: item for item in queue.items("waited")}
    while (held := assignments.next_item(queue, "waited", person)) is not None:
        told = label(known[held.item]).choice
        made = Decision(choice=Faulty() if told is None or held.item in wrong else told)
        assignments.submit(queue, held, person, made, uuid.uuid4().hex, lambda _: None)


def test_a_run_learns_what_two_people_decided_and_a_third_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stops in every round; the same labels from a file give the same weights."""
    url = f"sqlite:///{tmp_path / 'people.db'}"
    monkeypatch.setenv("INFORCE_LABELS", url)
    told = {"policy": "random", "budget": 0.5, "gate": 0.0, "wait": True}
    people = {**told, "source": "queue"}
    folder, disputed = tmp_path / "waited", 0
    with LabelQueue.open(url, create=True) as queue:
        settings = {"corpus_hash": LIBRARY.corpus_hash, "run": str(folder), "overlap_share": 1.0}
        queue.create(Project(name="waited", **settings), "", owner="olga")
        for person in ("ann", "ben"):
            queue.add_person("waited", person, Role.ANNOTATOR)
        queue.add_person("waited", "judith", Role.ADJUDICATOR)
        for number in range(3):
            with pytest.raises(WaitingForLabels, match="is waiting for 2 labels; --resume goes on"):
                train(folder, people)
            newest = [item.id for item in asked_items(folder / "asked.jsonl")][2 * number :]
            decide_all(queue, "ann")
            decide_all(queue, "ben", wrong=newest[:1])
            for dispute in disputes(queue, "waited"):
                with pytest.raises(WaitingForLabels, match="is waiting for 1 label;"):
                    train(folder, people)
                made = Decision(choice=label(dispute.item).choice or Faulty())
                settle(queue, "waited", dispute, "judith", made, uuid.uuid4().hex, lambda _: None)
                disputed += 1
        waited = train(folder, people)
        found = labels(queue, "waited")
    assert disputed > 0
    right = {one.question_id for one in found if isinstance(one.choice, ChosenCandidate)}
    learnt = {one.question.id for one in read_rollouts(waited.traces.path) if one.coefficient}
    assert learnt == right
    assert rows(waited)[-1]["labels/handed_out"] == len(found) == 6
    write_jsonl(found, tmp_path / "labels.jsonl")
    file = {**told, "source": "file", "file": str(tmp_path / "labels.jsonl")}
    straight = train(tmp_path / "other" / "waited", file)
    assert same(weights(straight), weights(waited))
    assert rows(straight) == rows(waited)


def test_a_label_that_is_not_there_counts_nothing_and_its_question_returns(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    told = {"policy": "random", "budget": 0.25, "source": "file", "file": str(file), "gate": 0.0}
    run = train(tmp_path / "run", told)
    assert not list(run.labels.rows())
    assert {one.coefficient for one in read_rollouts(run.traces.path)} == {0.0}
    first = asked_items(run.asked.path)[0]
    write_jsonl([label(first)], file)
    again = train(tmp_path / "again" / "run", told)
    given = list(again.labels.rows())
    assert [row["question_id"] for row in given] == [first.origin.question_id]
    labelled = [one for one in read_rollouts(again.traces.path) if one.coefficient == 1.0]
    assert {one.question.id for one in labelled} == {first.origin.question_id}


def test_a_question_labelled_later_is_asked_again(tmp_path: Path) -> None:
    """The label comes after round 1: the run is stopped there, and goes on with it."""
    file = tmp_path / "labels.jsonl"
    told = {"policy": "random", "budget": 0.25, "source": "file", "file": str(file), "warmup": 9}
    run = train(tmp_path / "run", told, keep=5)
    first, *_ = asked_items(run.asked.path)
    steps = [one.step for one in rollouts_of(run, first)]
    assert set(steps) == {0}
    write_jsonl([label(first)], file)
    resumed = Run(tmp_path / "run")
    keep = checkpoints(resumed.checkpoints)[0]
    assert keep.name == "checkpoint-1"
    for later in checkpoints(resumed.checkpoints)[1:]:
        shutil.rmtree(later)
    train(tmp_path / "run", told, keep=5)
    later = rollouts_of(resumed, first)
    assert {one.step for one in later} == {0, 1}
    assert {one.coefficient for one in later if one.step == 1} == {1.0}
    assert len(later) == 8
    newest = checkpoints(resumed.checkpoints)[-1] / "labels.pt"
    assert len(torch.load(newest, weights_only=True)["vote"]["truths"]) == 1


def test_labels_of_another_corpus_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    told = {"policy": "random", "source": "file", "file": str(file)}
    run = train(tmp_path / "run", told)
    item = asked_items(run.asked.path)[0]
    write_jsonl([label(item).model_copy(update={"corpus_hash": "f" * 64})], file)
    with pytest.raises(InForceError, match="is about corpus ffffffffffff, the run about 0000"):
        train(tmp_path / "other" / "run", told)


def test_a_damaged_journal_of_labels_names_its_line(tmp_path: Path) -> None:
    run = train(tmp_path / "run", {"policy": "random"}, rounds=1)
    run.labels.append([{"step": 0}])
    from rl.annotation.ledger import Ledger
    from rl.annotation.sources.gold import GoldSource

    with pytest.raises(InForceError, match=r"labels.jsonl:2, field 'item'"):
        Ledger(GoldSource(QUESTIONS), run.asked, run.labels)
