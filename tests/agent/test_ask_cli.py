"""``inforce ask`` as it is typed: threads, questions back, and a kill in the middle."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.cli import terminal
from agent.cli.ask import app
from agent.governing_date.replies import how_to_reply, read_facts_given, read_issue, read_reply
from agent.request import ClarifyingQuestion
from corpus.applicability import Issue, Role
from corpus.errors import BadInputError, InForceError
from tests.agent.conftest import LEVY_ACT, WIDGETS_ACT, opened
from tests.agent.test_server_policy import Handler, serving

ROOT = Path(__file__).parents[2]
LICENCE = "What does s 2 Widgets Act 1990 say?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    for _ in opened(folder, WIDGETS_ACT, LEVY_ACT):
        pass
    return folder


@pytest.fixture(autouse=True)
def _environment(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INFORCE_HOME", str(home))
    monkeypatch.setenv("INFORCE_TODAY", "2026-11-22")
    monkeypatch.setenv("INFORCE_THREADS", f"sqlite:///{tmp_path / 'threads.db'}")
    for name in ("INFORCE_STORE", "INFORCE_INDEX", "INFORCE_POLICY"):
        monkeypatch.delenv(name, raising=False)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def refused(*words: str) -> str:
    found = run(*words).exception
    assert isinstance(found, InForceError)
    return str(found)


def traced(*words: str) -> dict[str, Any]:
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Somebody sits at the terminal; what they will type is written here."""
    keys = io.StringIO()
    monkeypatch.setattr(terminal, "_is_attended", lambda: True)
    monkeypatch.setattr(terminal.sys, "stdin", keys)
    return keys


def asked_in_person(*words: str) -> str:
    """Call the verb itself: the test runner would put a standard input of its own in place."""
    from typer.main import get_command

    with redirect_stdout(io.StringIO()) as out:
        get_command(app).main(list(words), standalone_mode=False)
    return out.getvalue()


def test_the_rule_its_code_and_its_doubt_are_printed() -> None:
    case = ("--issue", "criminal", "--fact", "act=1995-01-01", "--fact", "decision=2005-01-01")
    said = run("What does s 1 Widgets Act 1990 require?", *case).stdout
    assert "Law as at 1995-01-01 (LEX_MITIOR)" in said
    assert "Authority: European Convention on Human Rights" in said
    assert "unverified" in said
    assert "The law of other days may count too: 2000-01-01, 2005-01-01." in said


def test_each_candidate_is_answered_on_request() -> None:
    done = run("What does s 1 Widgets Act 1990 require?", "--each", "--json")
    traces = [json.loads(line) for line in done.stdout.splitlines()]
    assert [trace["governing"]["as_at"] for trace in traces] == ["1990-01-01", "2000-01-01"]


def test_nobody_at_the_terminal_gets_an_abstention_as_ever() -> None:
    assert traced(LICENCE)["abstention"]["reason"] == "no_date"


def test_a_thread_waits_and_the_reply_comes_later() -> None:
    waiting = traced(LICENCE, "--thread", "case")
    assert waiting["thread"] == "case"
    assert waiting["missing"]["roles"] == []
    words = run("--thread", "case").stdout
    assert "inforce ask --thread case --as-at YYYY-MM-DD" in words
    trace = traced("--thread", "case", "--on", "2001-01-01")
    assert (trace["id"], trace["stop"]) == ("case", "answered")
    assert traced("--thread", "case")["answer"] == trace["answer"]
    assert traced(LICENCE, "--thread", "case", "--on", "2001-01-01")["answer"] == trace["answer"]


def test_a_thread_that_waits_for_a_fact_says_which() -> None:
    question = ("Is it an offence under s 1 Widgets Act 1990?", "--issue", "criminal")
    run(*question, "--thread", "case", "--fact", "act=1995-01-01")
    assert "--fact 'decision=YYYY-MM-DD'" in run("--thread", "case").stdout
    trace = traced("--thread", "case", "--fact", "decision=1996-01-01")
    assert trace["governing"]["rule"] == "LEX_MITIOR"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Ask a question, or name the --thread"),
        (("--thread", "nowhere"), "There is no thread 'nowhere'."),
        (("--thread", "a b"), "names no thread"),
        ((LICENCE, "--thread", "a", "--each"), "--each"),
        ((LICENCE, "--fact", "act"), "no fact"),
        ((LICENCE, "--fact", "soon=2001-01-01"), "no fact"),
        ((LICENCE, "--fact", "act=soon"), "act: 'soon' is not a date"),
        ((LICENCE, "--fact", "act=2001-01-01", "--fact", "act=2002-01-01"), "is said to be"),
        ((LICENCE, "--issue", "divorce"), "no kind of issue"),
        (
            (LICENCE, "--fact", "act=2001-01-01", "--fact", "decision=2000-01-01"),
            "contradict each other",
        ),
        (("What colour are unicorns?", "--each"), "No provision can be made out"),
    ],
)
def test_bad_input_is_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    assert sentence in refused(*words)


def test_a_thread_asks_one_question_only() -> None:
    run(LICENCE, "--thread", "case")
    assert "another question" in refused("Something else?", "--thread", "case")
    assert "another extent" in refused("--thread", "case", "--extent", "S")


# -- somebody at the terminal ------------------------------------------------------------------


def test_somebody_at_the_terminal_is_asked(typing: io.StringIO) -> None:
    typing.write("soon\n2001-01-01\n")
    typing.seek(0)
    said = asked_in_person(LICENCE)
    assert "Law as at 2001-01-01" in said
    assert "Nobody may make widgets" in said


def test_an_empty_line_gives_up(typing: io.StringIO) -> None:
    typing.write("\n")
    typing.seek(0)
    assert "No answer (no date)" in asked_in_person(LICENCE)


UNDATED = ClarifyingQuestion(explanation="?")
DECISION = ClarifyingQuestion(explanation="?", roles=((Role.DECISION,),))
EITHER = ClarifyingQuestion(explanation="?", roles=((Role.ACT_END, Role.ACT),))


def test_a_bare_day_is_the_day_asked_for() -> None:
    day = date(2001, 2, 3)
    assert read_reply("2001-02-03\n", UNDATED).as_at == day
    assert read_reply("2001-02-03", DECISION).facts == {Role.DECISION: day}
    assert read_reply("on=2001-02-03", DECISION).as_at == day
    assert read_reply("act=2001-02-03, criminal", EITHER).facts == {Role.ACT: day}
    assert read_reply("criminal", UNDATED).issue is Issue.CRIMINAL
    assert read_reply(" \n", DECISION).empty
    with pytest.raises(BadInputError, match="act_end= or act="):
        read_reply("2001-02-03", EITHER)
    assert how_to_reply(DECISION).startswith("That day")
    assert read_issue(" Civil ") is Issue.CIVIL
    assert read_facts_given(["act=2001-02-03", "act=2001-02-03"]) == {Role.ACT: day}


# -- killed in the middle ----------------------------------------------------------------------


def _says(text: str, *, wait: Event | None = None, here: Event | None = None) -> Any:
    """Answer a chat, streamed or whole; ``here`` is set on arrival, ``wait`` awaited first."""

    def reply(handler: Handler, body: dict[str, Any]) -> None:
        if here is not None:
            here.set()
        if wait is not None:
            wait.wait(60)
        if not body.get("stream"):
            handler.json({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})
            return
        choice = {"delta": {"content": text}, "finish_reason": "stop"}
        line = f"data: {json.dumps({'choices': [choice]})}\n\ndata: [DONE]\n\n"
        handler.raw(line.encode())

    return reply


READ = {"reference": "s 2 Widgets Act 1990", "as_at": "2001-01-01"}
CALL = json.dumps({"name": "read_provision", "arguments": READ})
QUOTE = "Nobody may make widgets without a licence."
CITED = {"id": "uk/widgets-1990#licence@1990-01-01", "quote": QUOTE}
ANSWER = json.dumps({"answer": [{"text": QUOTE, "citations": [CITED]}]})


def test_the_command_killed_while_the_model_thinks_goes_on_where_it_was() -> None:
    here, go = Event(), Event()
    replies = (_says(CALL), _says(ANSWER, wait=go, here=here), _says(ANSWER))
    with serving(*replies) as server:
        words = ["--on", "2001-01-01", "--policy", f"{server.url}#judge", "--thread", "case"]
        command = [sys.executable, "-m", "inforce", "ask"]
        with subprocess.Popen(
            [*command, LICENCE, *words], cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE
        ) as process:
            assert here.wait(120), "the model was never asked a second time"
            assert "running in another process" in refused("--thread", "case")
            process.send_signal(signal.SIGKILL)
        go.set()
        resumed = traced("--thread", "case", "--policy", f"{server.url}#judge")
        assert len(server.asked) == 3, "the first move is not asked for again"
    assert resumed["stop"] == "answered"
    assert [len(turn["calls"]) for turn in resumed["turns"]] == [1, 0]
    assert resumed["answer"]["sentences"][0]["citations"][0]["quote"] == QUOTE


def test_the_closest_provisions_are_printed_as_no_answer() -> None:
    question = "Which register must a lighthouse keeper show a visiting bishop?"
    words = ("--policy", "extractive-words")
    done = run(question, "--as-at", "2005-01-01", "--no-save", *words)
    shown = " ".join(done.output.split())
    assert "No answer (not found)" in shown
    assert "Looked at: 1 provision of 1 work (UK) found in force on 2005-01-01." in shown
    assert "Closest provisions in force on 2005-01-01 (unconfirmed: none is an answer)" in shown
    assert "uk/widgets-1990#register@2000-01-01" in shown
    assert "shall keep a register of every widget sold for seven years" in shown
