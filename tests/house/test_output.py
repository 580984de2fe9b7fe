"""What others wrote cannot steer the terminal, and settings that cannot be are said."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest
from rich.table import Table

from corpus.clock import in_time_zone, today
from corpus.console import out, printable
from corpus.errors import BadInputError

ROOT = Path(__file__).parents[2]
HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "a\u202egnihton",
    "\x9b2J",
    "\u2066isolated\u2069",
    "a\rb",
    "\ud800",
]


def run(*words: str | bytes, **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "inforce", *words],
        check=False,
        capture_output=True,
        env={**os.environ, **more},
        cwd=ROOT,
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_printed_steers_a_terminal(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("text", title=text)
    table.add_row(text)
    out.file = None  # type: ignore[assignment]
    out.print(text, markup=False)
    out.print(table)
    said = capsys.readouterr().out
    assert said
    assert said == printable(said)


def test_line_ends_and_letters_of_every_script_stay() -> None:
    text = "Größe\n\t法律 ‘quoted’ – e\u0301 \u200d"
    assert printable(text) == text


def test_a_terminal_that_knows_only_ascii_gets_an_answer(tmp_path: Path) -> None:
    done = run("law", "art. 1 Codé", INFORCE_HOME=str(tmp_path), PYTHONIOENCODING="ascii")
    assert b"Traceback" not in done.stderr
    assert done.returncode == 2


def test_an_argument_that_is_not_text_is_one_sentence(tmp_path: Path) -> None:
    done = run("ask", b"\xff\xfe?", INFORCE_HOME=str(tmp_path), PYTHONUTF8="1")
    assert done.returncode == 2
    assert b"Argument 2 is not text" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INFORCE_TODAY", "yesterday"),
        ("INFORCE_TODAY", "2026-13-01"),
        ("INFORCE_TIME_ZONE", "Mars"),
    ],
)
def test_a_clock_that_cannot_be_read_is_one_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INFORCE_TODAY", raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInputError, match=name):
        today()


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Asia/Taipei", date(2027, 1, 1)),
        ("Pacific/Kiritimati", date(2027, 1, 1)),
        ("Asia/Tokyo", date(2027, 1, 1)),
        ("Europe/Tallinn", date(2027, 1, 1)),
        ("Europe/Paris", date(2026, 12, 31)),
        ("Pacific/Pago_Pago", date(2026, 12, 31)),
        ("America/Los_Angeles", date(2026, 12, 31)),
    ],
)
def test_today_is_the_day_where_the_asker_is(
    zone: str, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fixed(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.fromisoformat("2026-12-31T22:00:00+00:00").astimezone(tz)  # type: ignore[arg-type]

    monkeypatch.delenv("INFORCE_TODAY", raising=False)
    monkeypatch.setattr("corpus.clock.datetime", Fixed)
    with in_time_zone(zone):
        assert today() == day
    monkeypatch.setenv("INFORCE_TIME_ZONE", zone)
    assert today() == day


def test_a_zone_that_nobody_knows_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INFORCE_TODAY", raising=False)
    with in_time_zone("Mars/Olympus"):
        assert today()


@pytest.mark.parametrize(
    "name",
    ["LANGCHAIN_TRACING", "LANGCHAIN_HANDLER", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING"],
)
def test_no_question_is_refused_or_sent_for_a_former_tracer(name: str) -> None:
    code = (
        "from agent.graph.builder import compile_graph; compile_graph();"
        "from langchain_core.callbacks import CallbackManager;"
        "print([type(h).__name__ for h in CallbackManager.configure().handlers])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, name: "true"},
    )
    assert done.stdout.strip() == b"[]"


@pytest.mark.parametrize(
    "name",
    ["LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2"],
)
def test_no_question_is_sent_to_a_tracing_service(name: str) -> None:
    code = (
        "from agent.graph.builder import compile_graph; compile_graph();"
        "from langsmith.utils import tracing_is_enabled; print(tracing_is_enabled())"
    )
    for allowed, said in (("", b"False"), ("1", b"True")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env={**os.environ, name: "true", "INFORCE_LANGSMITH": allowed},
        )
        assert done.stdout.strip() == said
