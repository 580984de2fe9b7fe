"""What an export tells apart, and that one person's faulty answer leaves their others alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.annotation.exchange import read_jsonl, write_jsonl, write_parquet
from rl.annotation.items import ChosenCandidate, Decision, Faulty, LabelStatus, Skipped, Unsure
from rl.annotation.queue import assignments, labels
from rl.annotation.queue.label_queue import LabelQueue, QueueError
from tests.rl.annotation.projects import chosen, declined, filled, fresh, text_of


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'labels.db'}"


def decide(queue: LabelQueue, person: str, decision: Decision) -> str:
    held = assignments.next_item(queue, "fees", person)
    assert held is not None
    assignments.submit(queue, held, person, decision, fresh(), text_of)
    return held.item


def test_skipped_nothing_here_law_unclear_and_not_seen_are_told_apart_in_files(
    url: str, tmp_path: Path
) -> None:
    import pyarrow.parquet as pq

    queue = filled(url, 4, overlap_share=0.0)
    skip, unsure = Decision(choice=Skipped(reason="late")), Decision(choice=Unsure())
    for decision in (skip, declined(), unsure):
        decide(queue, "ann", decision)
    found = labels.labels(queue, "fees")
    write_jsonl(found, tmp_path / "labels.jsonl")
    told = [label.kinds for label in read_jsonl(tmp_path / "labels.jsonl")]
    assert told == [("skipped",), ("decline",), ("unsure",), ()]
    rows = pq.read_table(write_parquet(found, tmp_path / "folder")).to_pylist()
    assert [tuple(row["kinds"]) for row in rows] == told


def test_a_dispute_tells_two_who_differ_from_one_who_is_unsure(url: str) -> None:
    queue = filled(url, 1, overlap_share=1.0)
    decide(queue, "ann", chosen("A"))
    decide(queue, "ben", chosen("B"))
    [label] = labels.labels(queue, "fees")
    assert (label.status, label.kinds) == (LabelStatus.DISAGREED, ("candidate", "candidate"))


def test_a_faulty_or_refused_answer_leaves_the_persons_others_alone(url: str) -> None:
    queue = filled(url, 4, overlap_share=0.0)
    decide(queue, "ann", chosen("A"))
    decide(queue, "ann", Decision(choice=Faulty()))
    with pytest.raises(QueueError, match="no candidate C"):
        decide(queue, "ann", chosen("C"))
    decide(queue, "ann", chosen("B"))
    found = labels.labels(queue, "fees")
    assert [label.status.value for label in found] == ["agreed", "agreed", "agreed", "unseen"]
    assert [label.choice for label in found[:3:2]] == [
        ChosenCandidate(letter="A"),
        ChosenCandidate(letter="B"),
    ]
    assert labels.progress(queue, "fees", "ann").mine == 3
