from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.library import Library
from agent.trace import AbstentionReason, Draft
from corpus.errors import BadInputError, SourceError
from corpus.questions import Family
from rl.journal import TRACES, Journal
from rl.rewards.outcome import Outcome
from rl.rewards.rescore import rescore
from rl.rewards.scored_trace import ScoredTrace, append_scored, read_scored, scored
from tests.agent.conftest import opened
from tests.rl.statutes import DAY, FAIRS, OLD, RULE, abstain, answer, play, question, search

VALUE = question(Family.VALUE_AT_DATE, OLD, DAY)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ScoredTrace]]:
    for library in opened(tmp_path_factory.mktemp("fairs"), FAIRS):
        yield list(_records(library))


def _records(library: Library) -> Iterator[ScoredTrace]:
    right = play(library, VALUE, search(DAY), answer((OLD, RULE.format(40).strip())))
    declined = play(library, VALUE, abstain(AbstentionReason.NOT_FOUND))
    yield scored(0, VALUE, right)
    yield scored(0, VALUE, declined)
    yield scored(1, VALUE, None, "the engine is down")
    yield scored(1, VALUE, right, "the server was restarted")


def write(path: Path, records: list[ScoredTrace]) -> Path:
    path.write_text("", encoding="utf-8")
    append_scored(Journal(path), records)
    return path


def test_scoring_again_gives_the_same_rewards(records: list[ScoredTrace], tmp_path: Path) -> None:
    write(tmp_path / TRACES, records)
    found = rescore(tmp_path)
    assert (found.traces, found.void, found.outcomes_changed, found.first_changed) == (
        4,
        2,
        0,
        None,
    )
    assert {(d.scored, d.changed, d.gained, d.lost) for d in found.channels.values()} == {
        (2, 0, 0, 0)
    }
    assert found.channels["temporal"].mean_now == 0.5


def test_a_void_rollout_stays_unscored_even_with_a_trace(records: list[ScoredTrace]) -> None:
    assert records[3].trace is not None
    assert set(records[3].rewards.values()) == {None}
    assert records[3].outcome is Outcome.EXCLUDED


def test_drift_of_a_changed_reward_is_reported(records: list[ScoredTrace], tmp_path: Path) -> None:
    stored = [
        records[0].model_copy(update={"rewards": {"task": 0.25, "cost": None}}),
        records[1].model_copy(update={"outcome": Outcome.WRONG}),
        records[2].model_copy(update={"rewards": {"task": 0.0}}),
    ]
    found = rescore(write(tmp_path / "old.jsonl", stored))
    assert found.first_changed == records[0].trace.id
    assert found.outcomes_changed == 1
    task, cost = found.channels["task"], found.channels["cost"]
    assert (task.scored, task.changed, task.lost, task.largest) == (2, 1, 1, 0.75)
    assert (task.mean_stored, task.mean_now) == (0.125, 0.5)
    assert (cost.scored, cost.gained, cost.mean_now) == (1, 1, -1.0)


def test_the_line_that_a_killed_run_left_unfinished_is_skipped(
    records: list[ScoredTrace], tmp_path: Path
) -> None:
    path = write(tmp_path / TRACES, records)
    with path.open("a", encoding="utf-8") as file:
        file.write(records[0].model_dump_json()[:80])
    assert list(read_scored(path)) == records


def test_bad_files_are_named(records: list[ScoredTrace], tmp_path: Path) -> None:
    path = write(tmp_path / TRACES, records[:1])
    broken = json.loads(records[0].model_dump_json()) | {"outcome": "fine"}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(broken) + "\n")
    with pytest.raises(SourceError, match=r"traces.jsonl:2, field 'outcome': not a scored trace"):
        rescore(tmp_path)
    with pytest.raises(BadInputError, match="Cannot read rollouts from"):
        rescore(tmp_path / "nowhere.jsonl")
    with pytest.raises(BadInputError, match="holds no rollout"):
        rescore(write(tmp_path / "empty.jsonl", []))
    gone = records[0].model_copy(update={"rewards": {"tone": 1.0}})
    with pytest.raises(BadInputError, match="no reward 'tone'"):
        rescore(write(tmp_path / "gone.jsonl", [gone]))


def test_a_trace_that_contradicts_itself_is_named(
    records: list[ScoredTrace], tmp_path: Path
) -> None:
    before = records[0].trace
    bare = tuple(s.model_copy(update={"verdict": None}) for s in before.verified_draft.sentences)
    last = before.turns[-1].model_copy(update={"draft": Draft(sentences=bare)})
    torn = before.model_copy(update={"turns": (*before.turns[:-1], last)})
    path = write(tmp_path / TRACES, [records[1], records[0].model_copy(update={"trace": torn})])
    with pytest.raises(SourceError, match=r"jsonl:2: the draft of trace .* was not verified"):
        rescore(path)
