"""What users of labelling tools were burnt by, each a test of the queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.errors import StoreError
from corpus.questions import Decline
from rl.annotation.items import ChosenCandidate, Decision, LabelStatus, Skipped, Unsure
from rl.annotation.queue import adjudication, assignments, labels
from rl.annotation.queue.agreement import agreement, cohen_kappa, krippendorff_alpha
from rl.annotation.queue.label_queue import LabelQueue, QueueError
from tests.rl.annotation.projects import (
    TEXTS,
    chosen,
    declined,
    filled,
    fresh,
    item,
    marked,
    project,
    text_of,
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'labels.db'}"


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The queue's clock in seconds, which a test moves."""
    from datetime import UTC, datetime

    at = [1_000_000.0]
    monkeypatch.setattr(
        "rl.annotation.queue.transactions.now", lambda: datetime.fromtimestamp(at[0], UTC)
    )
    return at


def decide(queue: LabelQueue, person: str, decision: Decision | None = None) -> str:
    assignment = assignments.next_item(queue, "fees", person)
    assert assignment is not None
    assignments.submit(queue, assignment, person, decision or chosen(), fresh(), text_of)
    return assignment.item


def statuses(queue: LabelQueue) -> list[str]:
    return [label.status.value for label in labels.labels(queue, "fees")]


def test_one_persons_answer_does_not_empty_anothers_queue(url: str) -> None:
    queue = filled(url, 3, overlap_share=1.0)
    for _ in range(3):
        decide(queue, "ann")
    assert assignments.next_item(queue, "fees", "ann") is None
    assert [decide(queue, "ben") for _ in range(3)] == ["item-0000", "item-0001", "item-0002"]


def test_the_second_annotator_sees_nothing_of_the_first(url: str) -> None:
    queue = filled(url, 1, overlap_share=1.0)
    decide(queue, "ann", chosen("B", note="because of s 2", flagged=True))
    second = assignments.next_item(queue, "fees", "ben")
    assert second is not None
    shown = second.model_dump_json()
    for hidden in ("because of s 2", "ann", "care", "1.25", "t3", "run-1"):
        assert hidden not in shown


def test_an_item_of_one_person_is_handed_to_one_person(url: str) -> None:
    queue = filled(url, 1, overlap_share=0.0)
    assert assignments.next_item(queue, "fees", "ann") is not None
    assert assignments.next_item(queue, "fees", "ben") is None


def test_a_lease_that_ran_out_goes_to_the_next_and_the_late_decision_is_kept_as_a_draft(
    url: str, instant: list[float]
) -> None:
    queue = filled(url, 1, overlap_share=0.0, lease_seconds=60)
    late = assignments.next_item(queue, "fees", "ann")
    assert late is not None
    instant[0] += 61
    decide(queue, "ben")
    with pytest.raises(QueueError, match="ran out"):
        assignments.submit(queue, late, "ann", chosen("B"), fresh(), text_of)
    assert [one.person for one in labels.log(queue, "fees")] == ["ben"]


def test_a_late_decision_counts_while_there_is_room(url: str, instant: list[float]) -> None:
    queue = filled(url, 1, overlap_share=0.0, lease_seconds=60)
    late = assignments.next_item(queue, "fees", "ann")
    assert late is not None
    instant[0] += 61
    assignments.submit(queue, late, "ann", chosen(), fresh(), text_of)
    assert statuses(queue) == ["agreed"]


def test_a_lease_is_renewed_while_somebody_works_and_not_after_it_ran_out(
    url: str, instant: list[float]
) -> None:
    queue = filled(url, 1, overlap_share=0.0, lease_seconds=60)
    held = assignments.next_item(queue, "fees", "ann")
    assert held is not None
    instant[0] += 50
    assert assignments.renew(queue, held, "ann") == instant[0] + 60
    instant[0] += 50
    assert assignments.next_item(queue, "fees", "ben") is None
    instant[0] += 20
    with pytest.raises(QueueError, match="ran out"):
        assignments.renew(queue, held, "ann")


def test_an_item_given_back_is_free_at_once(url: str) -> None:
    queue = filled(url, 1, overlap_share=0.0)
    held = assignments.next_item(queue, "fees", "ann")
    assert held is not None
    assignments.give_back(queue, held, "ann")
    other = assignments.next_item(queue, "fees", "ben")
    assert other is not None
    assert other.item == held.item


def test_a_draft_is_no_answer_and_comes_back_after_a_restart(url: str) -> None:
    queue = filled(url, 2, overlap_share=0.0)
    first = assignments.next_item(queue, "fees", "ann")
    assert first is not None
    assignments.save_draft(queue, first, "ann", '{"note": "half a tho')
    queue.close()
    again = assignments.next_item(LabelQueue.open(url), "fees", "ann")
    assert again is not None
    assert (again.item, again.token, again.draft) == (
        first.item,
        first.token,
        '{"note": "half a tho',
    )
    assert statuses(queue) == ["unseen", "unseen"]


def test_a_draft_never_overwrites_an_answer(url: str) -> None:
    queue = filled(url, 1, overlap_share=0.0)
    held = assignments.next_item(queue, "fees", "ann")
    assert held is not None
    assignments.submit(queue, held, "ann", chosen("B"), fresh(), text_of)
    assignments.save_draft(queue, held, "ann", "something else")
    [label] = labels.labels(queue, "fees")
    assert label.choice == ChosenCandidate(letter="B")


def test_the_same_submission_twice_is_one_decision(url: str) -> None:
    queue = filled(url, 1, overlap_share=0.0)
    held = assignments.next_item(queue, "fees", "ann")
    assert held is not None
    click = fresh()
    numbers = {assignments.submit(queue, held, "ann", chosen(), click, text_of) for _ in range(3)}
    assert len(numbers) == 1
    assert len(labels.log(queue, "fees")) == 1


def test_a_changed_decision_is_a_further_row_and_the_old_one_stays(url: str) -> None:
    queue = filled(url, 1, overlap_share=0.0)
    name = decide(queue, "ann", chosen("A"))
    again = assignments.reopen(queue, "fees", "ann", name)
    assert again.decided == chosen("A")
    assignments.submit(queue, again, "ann", chosen("B"), fresh(), text_of)
    first, second = labels.log(queue, "fees")
    assert (first.decision, second.decision, second.replaces) == (
        chosen("A"),
        chosen("B"),
        first.id,
    )
    assert [label.choice for label in labels.labels(queue, "fees")] == [chosen("B").choice]


def test_a_decision_can_be_withdrawn_until_it_is_adjudicated(url: str) -> None:
    queue = filled(url, 1, overlap_share=1.0)
    name = decide(queue, "ann", chosen("A"))
    held = assignments.undo(queue, "fees", "ann", name, fresh())
    assert [one.act for one in labels.log(queue, "fees")] == ["decided", "withdrawn"]
    assert statuses(queue) == ["unseen"]
    assignments.submit(queue, held, "ann", chosen("A"), fresh(), text_of)
    decide(queue, "ben", chosen("B"))
    [dispute] = adjudication.disputes(queue, "fees")
    adjudication.settle(queue, "fees", dispute, "judith", chosen("A"), fresh(), text_of)
    with pytest.raises(QueueError, match="settled"):
        assignments.undo(queue, "fees", "ann", name, fresh())


def test_skip_unsure_decline_and_not_seen_are_four_things(url: str) -> None:
    queue = filled(url, 4, overlap_share=0.0)
    decide(queue, "ann", Decision(choice=Skipped(reason="not my field")))
    decide(queue, "ann", Decision(choice=Unsure()))
    decide(queue, "ann", declined(Decline.NOT_FOUND))
    assert statuses(queue) == ["unseen", "disagreed", "agreed", "unseen"]
    kinds = [one.decision and one.decision.choice.kind for one in labels.log(queue, "fees")]
    assert kinds == ["skipped", "unsure", "decline"]


def test_a_skipped_item_goes_to_others_and_comes_again_at_the_end_once(url: str) -> None:
    queue = filled(url, 2, overlap_share=0.0)
    skip = Decision(choice=Skipped(reason="later"))
    first = decide(queue, "ann", skip)
    held = assignments.next_item(queue, "fees", "ben")
    assert held is not None
    assert held.item == first
    assignments.give_back(queue, held, "ben")
    assert decide(queue, "ann") != first
    assert decide(queue, "ann", skip) == first
    assert assignments.next_item(queue, "fees", "ann") is None


def test_gold_items_go_to_everybody_are_not_told_apart_and_are_no_labels(url: str) -> None:
    queue = filled(url, 1, overlap_share=0.0)
    queue.add_items("fees", [item(9, gold=ChosenCandidate(letter="A"))])
    decide(queue, "ann")
    for person, letter in (("ann", "A"), ("ben", "B")):
        held = assignments.next_item(queue, "fees", person)
        assert held is not None
        assert "gold" not in held.model_dump_json()
        assignments.submit(queue, held, person, chosen(letter), fresh(), text_of)
    assert len(labels.labels(queue, "fees")) == 1
    found = {one.person: (one.items, one.right) for one in agreement(queue, "fees").gold}
    assert found == {"ann": (1, 1), "ben": (1, 0)}


@pytest.mark.parametrize("version", sorted(TEXTS))
def test_a_span_keeps_words_and_offsets_whatever_the_characters(url: str, version: str) -> None:
    queue = filled(url, 1, overlap_share=0.0)
    decide(queue, "ann", marked(version, 12, 22))
    [label] = labels.labels(queue, "fees")
    assert label.choice is not None
    assert label.choice.kind == "version"
    assert TEXTS[version][label.choice.start : label.choice.end] == label.choice.quote


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (chosen("C"), "no candidate C"),
        (marked("v1", 0, 3, quote="fee"), "not the words"),
        (
            Decision.model_validate(
                {
                    "choice": {
                        "kind": "version",
                        "version_id": "gone",
                        "quote": "x",
                        "start": 0,
                        "end": 1,
                    }
                }
            ),
            "no version 'gone'",
        ),
    ],
)
def test_a_decision_on_what_is_not_there_is_refused_and_kept_as_a_draft(
    url: str, decision: Decision, said: str
) -> None:
    queue = filled(url, 1, overlap_share=0.0)
    held = assignments.next_item(queue, "fees", "ann")
    assert held is not None
    with pytest.raises(QueueError, match=said):
        assignments.submit(queue, held, "ann", decision, fresh(), text_of)
    assert labels.log(queue, "fees") == []
    again = assignments.next_item(queue, "fees", "ann")
    assert again is not None
    assert again.draft == decision.model_dump_json()


def test_two_adjudicators_at_once_settle_an_item_once(url: str) -> None:
    queue = filled(url, 1, overlap_share=1.0)
    queue.add_person("fees", "john", labels_role())
    decide(queue, "ann", chosen("A"))
    decide(queue, "ben", chosen("B"))
    [before_judith], [before_john] = (
        adjudication.disputes(queue, "fees"),
        adjudication.disputes(queue, "fees"),
    )
    adjudication.settle(queue, "fees", before_judith, "judith", chosen("A"), fresh(), text_of)
    with pytest.raises(QueueError, match="judith has settled"):
        adjudication.settle(queue, "fees", before_john, "john", chosen("B"), fresh(), text_of)
    [label] = labels.labels(queue, "fees")
    assert (label.status, label.choice, label.people) == (
        LabelStatus.ADJUDICATED,
        chosen("A").choice,
        ("ann",),
    )


def labels_role():  # type: ignore[no-untyped-def]
    from rl.annotation.items import Role

    return Role.ADJUDICATOR


def test_an_adjudicator_settles_what_they_have_seen(url: str) -> None:
    queue = filled(url, 1, overlap_share=1.0)
    name = decide(queue, "ann", chosen("A"))
    decide(queue, "ben", chosen("B"))
    [dispute] = adjudication.disputes(queue, "fees")
    held = assignments.reopen(queue, "fees", "ben", name)
    assignments.submit(queue, held, "ben", chosen("A"), fresh(), text_of)
    with pytest.raises(QueueError, match="changed meanwhile"):
        adjudication.settle(queue, "fees", dispute, "judith", chosen("B"), fresh(), text_of)
    assert statuses(queue) == ["agreed"]


def test_an_annotator_does_not_adjudicate(url: str) -> None:
    queue = filled(url, 1, overlap_share=1.0)
    decide(queue, "ann", chosen("A"))
    decide(queue, "ben", chosen("B"))
    [dispute] = adjudication.disputes(queue, "fees")
    with pytest.raises(QueueError, match="ann is an annotator"):
        adjudication.settle(queue, "fees", dispute, "ann", chosen("A"), fresh(), text_of)


def test_strangers_and_unknown_projects_are_refused_by_name(url: str) -> None:
    queue = filled(url, 1)
    with pytest.raises(QueueError, match="zoe does not work on project 'fees'"):
        assignments.next_item(queue, "fees", "zoe")
    with pytest.raises(QueueError, match="no labelling project 'taxes'; there are: fees"):
        assignments.next_item(queue, "taxes", "ann")
    with pytest.raises(QueueError, match="project 'fees' already"):
        queue.create(project(), "", owner="olga")


def test_a_budget_is_kept_and_gold_items_cost_none(url: str) -> None:
    queue = filled(url, 2, budget=3)
    queue.add_items("fees", [item(7), item(8, gold=ChosenCandidate(letter="A"))])
    with pytest.raises(QueueError, match="budget of 3 labels and asked for 3: 1 more"):
        queue.add_items("fees", [item(9)])
    assert len(queue.items("fees")) == 4


def test_items_added_again_are_there_once_and_answers_stay(url: str) -> None:
    queue = filled(url, 2, overlap_share=0.0)
    decide(queue, "ann")
    assert queue.add_items("fees", [item(n) for n in range(3)]) == 1
    assert statuses(queue) == ["agreed", "unseen", "unseen"]


def test_guidelines_are_versioned_and_decisions_name_theirs(url: str) -> None:
    queue = filled(url, 2, overlap_share=0.0)
    decide(queue, "ann")
    assert queue.add_guidelines("fees", "Read it twice.", "olga") == 2
    decide(queue, "ann")
    assert [one.guidelines for one in labels.log(queue, "fees")] == [1, 2]
    assert queue.guidelines("fees").text == "Read it twice."


def test_the_last_decisions_are_at_hand_with_the_reason_of_the_choice(url: str) -> None:
    queue = filled(url, 12, overlap_share=0.0)
    for _ in range(12):
        decide(queue, "ann")
    found = assignments.recent(queue, "fees", "ann")
    assert [one.item for one in found] == [f"item-{n:04d}" for n in range(11, 1, -1)]
    assert found[0].origin.chooser == "care"


def test_a_queue_that_cannot_be_written_is_said_in_plain_words(url: str, tmp_path: Path) -> None:
    queue = filled(url, 1, overlap_share=0.0)
    held = assignments.next_item(queue, "fees", "ann")
    assert held is not None
    import sqlalchemy as sa

    with queue.engine.connect() as connection:
        connection.execute(sa.text("pragma query_only=on"))
    with pytest.raises(StoreError, match=r"cannot be written: .*; nothing was saved"):
        assignments.submit(queue, held, "ann", chosen(), fresh(), text_of)


def test_progress_counts_what_is_there(url: str) -> None:
    queue = filled(url, 3, overlap_share=0.0)
    decide(queue, "ann", chosen(seconds=4.0))
    decide(queue, "ben", chosen(seconds=8.0))
    found = labels.progress(queue, "fees", "ann")
    assert (found.mine, found.decisions, found.labelled, found.total, found.seconds) == (
        1,
        2,
        2,
        3,
        6.0,
    )


def test_krippendorffs_own_example() -> None:
    # Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: 0.743
    rows = {
        "a": "1 2 3 3 2 1 4 1 2 . . .",
        "b": "1 2 3 3 2 2 4 1 2 5 . 3",
        "c": ". 3 3 3 2 3 4 2 2 5 1 .",
        "d": "1 2 3 3 2 4 4 1 2 5 1 .",
    }
    columns = zip(*(row.split() for row in rows.values()), strict=True)
    units = [[value for value in column if value != "."] for column in columns]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=5e-4)


def test_measures_have_no_value_where_they_mean_nothing() -> None:
    assert krippendorff_alpha([["x", "x"], ["x", "x"]]) is None
    assert krippendorff_alpha([["x"], ["y"]]) is None
    assert cohen_kappa(["x", "x"], ["x", "x"]) is None
    assert cohen_kappa(["x", "y"], ["x", "y"]) == 1.0
    assert cohen_kappa(["x", "y"], ["y", "x"]) == -1.0
