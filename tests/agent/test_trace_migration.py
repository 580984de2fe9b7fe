"""Traces of schema 1, as an earlier version wrote them over the demonstration corpus, still serve.

``fixtures/traces_schema_1.jsonl`` holds one of each kind. Those by the policy ``toy`` are of a
scripted model; their token ids are cut short.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from typer.testing import CliRunner

import corpus.store_rows
from agent.graph.replay import replay
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.tool_results import Comparison, ProvisionReading, Refused, SearchResult, VersionList
from agent.trace import AbstentionReason, StopReason, Trace
from agent.trace_migration import read_trace
from agent.trace_store import TraceStore
from corpus.demo import demo_files
from corpus.sources.jsonl import Jsonl
from inforce import app
from tests.agent.conftest import _stop, opened

FIXTURE = Path(__file__).parent / "fixtures/traces_schema_1.jsonl"
OLD: list[dict[str, Any]] = [
    json.loads(line) for line in FIXTURE.read_text(encoding="utf-8").splitlines()
]
ALL = pytest.mark.parametrize("old", OLD, ids=[old["id"][:8] for old in OLD])


def read(old: dict[str, Any]) -> Trace:
    return read_trace(json.dumps(old))


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TraceStore]:
    """A database of traces as the earlier version left it."""
    url = f"sqlite:///{tmp_path / 'traces.db'}"
    monkeypatch.setenv("INFORCE_TRACES", url)
    with TraceStore.open(url) as store:
        table = sa.Table("traces", sa.MetaData(), autoload_with=store.engine)
        with store.engine.begin() as connection:
            connection.execute(sa.insert(table), [_row(old) for old in OLD])
        yield store


def _row(old: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(old, ensure_ascii=False)
    governing = old["governing"]
    return {
        "id": old["id"],
        "started": datetime.fromisoformat(old["started"]).astimezone(UTC),
        "question": old["question"],
        "as_at": date.fromisoformat(governing["as_at"]) if governing else None,
        "outcome": old["abstention"]["reason"] if old["abstention"] else old["stop"],
        "policy": old["policy"],
        "format": 1,
        "digest": hashlib.sha256(text.encode()).hexdigest(),
        "trace": text,
    }


def test_the_fixture_holds_every_kind() -> None:
    assert {old["stop"] for old in OLD} == {"answered", "abstained", "turn_budget"}
    assert {"no_date", "not_found", "unverified"} <= {
        old["abstention"]["reason"] for old in OLD if old["abstention"]
    }
    assert any(old["governing"] and old["governing"]["candidates"] for old in OLD)
    assert any(turn["adjustment"] for old in OLD for turn in old["turns"])
    assert any(turn["findings"] for old in OLD for turn in old["turns"])


@ALL
def test_nothing_that_was_written_is_lost(old: dict[str, Any]) -> None:
    trace = read(old)
    answer = old["answer"]
    assert (trace.answer.text if trace.answer else None) == (answer["text"] if answer else None)
    assert (
        [_as_then(c.model_dump(mode="json")) for c in trace.answer.citations if trace.answer]
        == (answer["citations"])
        if trace.answer
        else answer is None
    )
    assert [f.model_dump(mode="json") for f in trace.findings] == old["findings"]
    told = [turn.draft.findings if turn.draft and turn.sent_back else () for turn in trace.turns]
    assert [[f.model_dump(mode="json") for f in found] for found in told] == [
        turn["findings"] for turn in old["turns"]
    ]
    calls = [_as_then(call.model_dump(mode="json")) for turn in trace.turns for call in turn.calls]
    for call in calls:
        new = {key: call["result"].pop(key, None) for key in ("kind", "explanation_days")}
        assert new["kind"]
        assert not new["explanation_days"], "earlier versions kept no days"
        if new["kind"] == "provision":
            assert call["result"].pop("provision_id") is None, "nor the provision of a reading"
    assert calls == [call for turn in old["turns"] for call in turn["calls"]]


_LATER = (
    *("caution", "applies_from", "pinpoint", "source_read"),
    *("label_from", "other_numbers", "ended", "words_only", "searched", "similarity"),
)
"""Fields of results and citations that earlier versions did not have; empty in what they wrote."""


def _as_then(value: Any) -> Any:
    """Return the JSON of a result without the later fields, each of which must be empty."""
    if isinstance(value, list):
        return [_as_then(item) for item in value]
    if not isinstance(value, dict):
        return value
    later = {name for name in _LATER if name != "ended" or "quote" in value}
    assert not any(value.get(name) for name in later)
    return {name: _as_then(item) for name, item in value.items() if name not in later}


def test_every_kind_of_result_is_told_apart() -> None:
    found = {type(call.result) for old in OLD for turn in read(old).turns for call in turn.calls}
    assert found == {SearchResult, ProvisionReading, VersionList, Comparison, Refused}


def test_limits_that_were_not_recorded_are_what_was_spent_or_the_default_of_then() -> None:
    for trace in map(read, OLD):
        spent = trace.stop is StopReason.TURN_BUDGET
        assert trace.settings.max_turns == (len(trace.turns) if spent else 8)
    spent_ids = {**OLD[0], "stop": "token_budget"}
    turn = {**OLD[0]["turns"][0], "prompt_ids": [1, 2], "completion_ids": [3], "logprobs": [0.0]}
    assert read({**spent_ids, "turns": [turn], "answer": None}).settings.max_tokens == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"findings": []}, "no trace of schema 1"),
        ({"turns": [{}]}, "no trace of schema 1"),
        ({"turns": 7}, "no trace of schema 1"),
    ],
)
def test_a_trace_that_contradicts_itself_is_not_guessed_at(
    change: dict[str, Any], said: str
) -> None:
    answered = next(old for old in OLD if old["answer"])
    with pytest.raises(ValidationError, match=said):
        read({**answered, **change})


def test_findings_of_another_draft_are_refused() -> None:
    answered = next(old for old in OLD if old["answer"])
    with pytest.raises(ValidationError, match="do not belong"):
        read({**answered, "findings": [*answered["findings"], answered["findings"][0]]})


def test_kept_traces_are_listed_shown_and_exported(kept: TraceStore, tmp_path: Path) -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["traces", "list", "--json"], catch_exceptions=False)
    assert {json.loads(line)["id"] for line in listed.output.splitlines()} == {
        old["id"] for old in OLD
    }
    for old in OLD:
        shown = runner.invoke(app, ["traces", "show", old["id"]], catch_exceptions=False)
        assert old["policy"] in shown.output
        told = old["answer"]["text"] if old["answer"] else old["abstention"]["explanation"]
        assert " ".join(told.split())[:40] in " ".join(shown.output.split())
    file = tmp_path / "traces.jsonl"
    runner.invoke(app, ["traces", "export", str(file)], catch_exceptions=False)
    exported = [Trace.model_validate_json(line) for line in file.read_text().splitlines()]
    assert {trace.id for trace in exported} == {old["id"] for old in OLD}


@pytest.fixture(scope="module")
def demo_of_then(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The demonstration corpus under the hash of then, when numbers were compared by rule 2."""
    with pytest.MonkeyPatch.context() as then:
        then.setattr(corpus.store_rows, "LABEL_KEYS", 2)
        for library in opened(tmp_path_factory.mktemp("demo"), *Jsonl(*demo_files()).works(_stop)):
            assert {old["corpus_hash"] for old in OLD} == {library.corpus_hash}
            yield library


def _found(trace: Trace) -> bool:
    return trace.looked_at is not None and trace.looked_at.provisions > 0


@pytest.mark.parametrize(
    "old", [o for o in OLD if o["policy"] == "extractive"], ids=lambda old: old["id"][:8]
)
def test_a_kept_trace_replays_without_drift(old: dict[str, Any], demo_of_then: Library) -> None:
    outcome = replay(read(old), demo_of_then, ExtractivePolicy(demo_of_then.works))
    if old["question"] == "At what age may one marry?":
        # Scots law was given without a word; now the territory is asked for before a search.
        assert outcome.after.abstention is not None
        assert outcome.after.abstention.reason is AbstentionReason.AMBIGUOUS
        return
    # Where nothing was found the sentence now says what was looked at, and what was found comes
    # beside it as the closest provisions; nothing else differs.
    reworded = set[str]()
    if "speaks of what was asked" in json.dumps(old):
        reworded = {"abstention", "closest"} if _found(outcome.after) else {"abstention"}
    assert {found.what for found in outcome.drift} == reworded, outcome.drift
