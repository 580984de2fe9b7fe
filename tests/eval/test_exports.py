"""Our questions in other programs: the same prompts, tools, verifier and rewards as here."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.graph.nodes import Context
from agent.graph.run import run
from agent.library import Library
from agent.models.parsing import parse
from agent.models.rendering import Message, conversation
from agent.policy import Act, PolicyState
from agent.trace import Trace
from corpus.errors import BadInputError
from corpus.questions import Family, make_questions, read_questions, write_questions
from corpus.settings import Settings
from eval.exports.export import Exported, ExportSettings, askable, usual_rewards, write_export
from eval.exports.step import next_step
from inforce import app
from rl.rollouts.rollout import asked_in_full
from tests.agent.conftest import opened
from tests.agent.test_graph import BrokenIndex
from tests.rl.statutes import FAIRS, NEW, OLD, RULE, question

ROOT = Path(__file__).parents[2]
VALUE = question(Family.VALUE_AT_DATE, OLD).model_copy(update={"split": "test"})
SEARCH = json.dumps(
    {"name": "search_statutes", "arguments": {"query": "fee of a fair", "as_at": str(VALUE.as_at)}}
)


def answered(version: str, pounds: int) -> str:
    quote = RULE.format(pounds).strip()
    cited = [{"id": version, "quote": quote}]
    return json.dumps({"answer": [{"text": f"It is £{pounds}.", "citations": cited}]})


RIGHT, WRONG = answered(OLD, 40), answered(NEW, 65)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fairs")


@pytest.fixture(scope="module")
def library(home: Path) -> Iterator[Library]:
    yield from opened(home, FAIRS)


@pytest.fixture
def settled(home: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """The library as the one of INFORCE_HOME."""
    for name, value in Settings.under(home).environment().items():
        monkeypatch.setenv(name, value)
    return library


def about(library: Library, **more: Any) -> ExportSettings:
    return ExportSettings(corpus_hash=library.corpus_hash, rewards=usual_rewards(), **more)


class Replies:
    """A policy in this process that writes given texts."""

    name = "replies"

    def __init__(self, replies: Sequence[str]) -> None:
        self.replies = replies
        self.prompts: list[list[Message]] = []

    def act(self, state: PolicyState) -> Act:
        self.prompts.append(conversation(state, "system", lambda _: True))
        return parse(self.replies[len(state.turns)])


@pytest.mark.parametrize("replies", [(SEARCH, RIGHT), (SEARCH, WRONG, RIGHT), ("nonsense", RIGHT)])
def test_a_model_elsewhere_reads_and_gets_what_one_here_does(
    library: Library, replies: Sequence[str]
) -> None:
    here = Replies((*replies, RIGHT))
    wanted = run(Context(library, here, max_turns=8), asked_in_full(VALUE))
    told: list[Message] = []
    written: list[str] = []
    step = next_step(library, VALUE, (), 8)
    assert not isinstance(step, Trace)
    while not isinstance(step, Trace):
        told += step
        assert told == here.prompts[len(written)]
        written.append(here.replies[len(written)])
        told.append(Message(role="assistant", content=written[-1]))
        step = next_step(library, VALUE, written, 8)
    assert len(written) == len(here.prompts)
    assert (step.stop, step.answer, step.abstention) == (
        wanted.stop, wanted.answer, wanted.abstention,
    )  # fmt: skip


def test_turns_are_limited_and_a_question_without_a_day_is_not_exported(library: Library) -> None:
    step = next_step(library, VALUE, (SEARCH, SEARCH), 2)
    assert isinstance(step, Trace)
    assert step.stop == "turn_budget"
    undated = next(q for q in make_questions([FAIRS]) if q.as_at is None)
    assert askable(library, [undated, VALUE]) == [VALUE]


@pytest.mark.parametrize("kind", ["verifiers", "inspect"])
def test_an_export_is_whole_and_read_back(settled: Library, tmp_path: Path, kind: Any) -> None:
    folder = tmp_path / "law"
    written = write_export(kind, folder, [VALUE], about(settled))
    assert {path.name for path in written} >= {"inforce_law.py", "README.md", "questions.jsonl"}
    tree = ast.parse((folder / "inforce_law.py").read_text(encoding="utf-8"))
    imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
    named = [Path(*str(module).split(".")) for module in imported if module.startswith("eval")]
    assert named
    for path in named:
        assert (ROOT / path).with_suffix(".py").exists() or (ROOT / path).is_dir(), path
    exported = Exported(folder)
    assert exported.questions("test") == [VALUE]
    assert exported.questions("train") == []
    with pytest.raises(BadInputError, match="no question of the split 'train'; it has test"):
        exported.asked("train")
    step = exported.step(VALUE, (SEARCH, RIGHT))
    assert isinstance(step, Trace)
    assert exported.reward(exported.scored(step, VALUE)) == pytest.approx(1.6)
    with pytest.raises(BadInputError, match="cannot be written: File exists"):
        write_export(kind, folder, [VALUE], about(settled))


def test_the_package_for_verifiers_ships_what_it_names(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "law"
    write_export("verifiers", folder, [VALUE], about(library))
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert all((folder / name).is_file() for name in project["tool"]["hatch"]["build"]["include"])
    (bounded,) = (one for one in project["project"]["dependencies"] if "verifiers" in one)
    assert "<" in bounded


def test_another_corpus_a_damaged_export_and_an_empty_one_are_refused(
    settled: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "law"
    write_export("inspect", folder, [VALUE], about(settled).model_copy(
        update={"corpus_hash": "0" * 64}))  # fmt: skip
    with pytest.raises(BadInputError, match="the library holds another one"):
        Exported(folder)
    (folder / "export.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadInputError, match=r"export.json.*corpus_hash.*required"):
        Exported(folder)
    with pytest.raises(BadInputError, match="no export"):
        Exported(tmp_path)
    with pytest.raises(BadInputError, match="nothing to export"):
        write_export("inspect", tmp_path / "none", [], about(settled))


def test_the_verb_exports_dated_questions(settled: Library, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    made = list(make_questions([FAIRS]))
    write_questions(made, file)
    said = CliRunner().invoke(
        app, ["environment", "inspect", str(tmp_path / "law"), "--questions", str(file), "--json"]
    )
    found = json.loads(said.stdout)
    kept = list(read_questions(tmp_path / "law/questions.jsonl"))
    assert found["questions"] == len(kept) == sum(one.as_at is not None for one in made)


def test_the_libraries_are_imported_only_by_what_uses_them() -> None:
    code = (
        "import sys, inforce, eval.exports.export, eval.exports.cli;"
        "sys.exit(bool({'verifiers', 'inspect_ai'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def test_a_sample_of_inspect_is_answered_and_scored(settled: Library, tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason="needs the extra inspect")
    from inspect_ai import eval as evaluate
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    from eval.exports.inspect_task import law_task

    write_export("inspect", tmp_path / "law", [VALUE], about(settled))
    said = [ModelOutput.from_content("mockllm", text) for text in (SEARCH, WRONG, RIGHT)]
    for output in said:
        output.usage = ModelUsage()  # counting tokens would download a vocabulary
    model = get_model("mockllm/model", custom_outputs=said)
    (log,) = evaluate(
        law_task(tmp_path / "law"), model=model, log_dir=str(tmp_path / "logs"), display="none"
    )
    assert log.status == "success", log.error
    (sample,) = log.samples or ()
    (score,) = (sample.scores or {}).values()
    assert isinstance(score.value, dict)
    assert score.value["task"] == score.value["right"] == 1.0
    assert [m.role for m in sample.messages[-6:]] == ["user", "assistant"] * 3


def test_a_failed_engine_is_an_error_of_the_sample_not_a_wrong_answer(
    settled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("inspect_ai", reason="needs the extra inspect")
    from inspect_ai import eval as evaluate
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    from eval.exports.inspect_task import law_task

    class Down(BrokenIndex):
        words_only = None

    write_export("inspect", tmp_path / "law", [VALUE], about(settled))
    down = replace(settled, index=Down(settled.corpus_hash))
    monkeypatch.setattr("eval.exports.export.Library.open", lambda _: down)
    task = law_task(tmp_path / "law")
    said = ModelOutput.from_content("mockllm", SEARCH)
    said.usage = ModelUsage()
    model = get_model("mockllm/model", custom_outputs=[said])
    (log,) = evaluate(task, model=model, log_dir=str(tmp_path / "logs"), display="none")
    assert log.status == "error"
    assert log.error is not None
    assert "The engine is down." in log.error.message


class Model(BaseHTTPRequestHandler):
    """An endpoint that searches, and answers once it has read a result."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = RIGHT if OLD in body["messages"][-1]["content"] else SEARCH
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        answer = {"id": "1", "object": "chat.completion", "created": 1, "model": body["model"],
                  "choices": [choice], "usage": usage}  # fmt: skip
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Refusing(Model):
    """An endpoint that fails."""

    def do_POST(self) -> None:
        self.send_error(400, "The model is gone.")


def evaluated(
    folder: Path, handler: type[BaseHTTPRequestHandler], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Return what verifiers' own evaluation kept of the one question of an export."""
    from verifiers.v1.cli.eval.main import main

    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("MODEL_KEY", "x")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        main(
            ["inforce-law", "--model", "m", "--env.taskset.split", "test", "--no-push", "--no-rich",
             "--client.base-url", f"http://127.0.0.1:{server.server_address[1]}/v1",
             "--client.api-key-var", "MODEL_KEY", "--output-dir", str(folder / "out"),
             "--run.name", "one"]
        )  # fmt: skip
        server.shutdown()
    (line,) = (folder / "out/one/traces.jsonl").read_text(encoding="utf-8").splitlines()
    (trace,) = json.loads(line)["traces"]
    found: dict[str, Any] = trace
    return found


def test_a_rollout_of_verifiers_is_answered_and_scored(
    settled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("verifiers.v1", reason="needs the extra verifiers")
    write_export("verifiers", tmp_path / "law", [VALUE], about(settled))
    trace = evaluated(tmp_path / "law", Model, monkeypatch)
    assert trace["errors"] == []
    assert trace["metrics"] == {"task": 1.0, "temporal": 1.0, "query": 1.0, "right": 1.0}
    assert trace["rewards"]["law"] == {"score": pytest.approx(1.6), "weight": 1.0}


def test_a_rollout_of_verifiers_whose_endpoint_fails_is_an_error_without_a_score(
    settled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("verifiers.v1", reason="needs the extra verifiers")
    write_export("verifiers", tmp_path / "law", [VALUE], about(settled))
    trace = evaluated(tmp_path / "law", Refusing, monkeypatch)
    assert trace["errors"]
    assert not trace["rewards"]
    assert not trace["metrics"]
