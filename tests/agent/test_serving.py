from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.model import app
from agent.models import serving
from agent.models.catalogue import ModelError
from agent.models.serving import Serving, command, served


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def mine(tmp_path: Path) -> str:
    """Return a folder that looks like a model."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}", encoding="utf-8")
    return str(tmp_path / "mine")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def script(tmp_path: Path, body: str) -> str:
    """Write something to be run in place of Python."""
    file = tmp_path / "python"
    file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    file.chmod(0o755)
    return str(file)


def test_the_server_adds_nothing_of_its_own_to_sampling(mine: str) -> None:
    line = " ".join(command(Serving(model=mine)))
    assert "--generation-config vllm" in line
    assert "--logprobs-mode processed_logprobs" in line
    assert "--host 127.0.0.1" in line
    assert "--enforce-eager" not in line


def test_the_verb_starts_nothing_for_a_model_that_is_not_prepared() -> None:
    ran = CliRunner().invoke(app, ["serve-model", "tiny", "--port", "1"])
    assert isinstance(ran.exception, ModelError)
    assert "inforce model prepare tiny" in str(ran.exception)


def test_cpu_context_and_adapter_reach_the_command(mine: str) -> None:
    line = " ".join(command(Serving(model=mine, cpu=True, context=2048, adapter=Path("/a/judge"))))
    for words in (
        "--no-enable-chunked-prefill",
        "--enforce-eager --dtype bfloat16",
        "--max-model-len 2048",
        "judge=/a/judge",
    ):
        assert words in line


@pytest.mark.parametrize("own", ["file", "field", None])
def test_a_model_without_a_chat_template_is_served_with_the_plain_one(
    mine: str, own: str | None
) -> None:
    settings = {"chat_template": "{{ messages }}"} if own == "field" else {}
    (Path(mine) / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    if own == "file":
        (Path(mine) / "chat_template.jinja").write_text("{{ messages }}", encoding="utf-8")
    assert ("prompts/plain.jinja" in " ".join(command(Serving(model=mine)))) == (own is None)


def test_a_model_that_is_not_prepared_is_not_served() -> None:
    with pytest.raises(ModelError, match="inforce model prepare tiny"):
        command(Serving(model="tiny"))


def test_vllm_that_dies_says_its_last_words(mine: str, tmp_path: Path, port: int) -> None:
    python = script(tmp_path, "echo starting; echo 'No module named vllm' >&2; exit 1")
    wanted = Serving(model=mine, python=python, port=port)
    log = tmp_path / "vllm.log"
    with pytest.raises(ModelError, match="before it was ready: No module named vllm"):
        _enter(wanted, log)
    assert "starting" in log.read_text(encoding="utf-8")


def test_vllm_that_never_gets_ready_is_ended(mine: str, tmp_path: Path, port: int) -> None:
    pid = tmp_path / "pid"
    python = script(tmp_path, f"echo $$ > {pid}; exec sleep 60")
    with pytest.raises(ModelError, match=r"not ready after 0\.6 seconds"):
        _enter(Serving(model=mine, python=python, port=port), tmp_path / "log", patience=0.6)
    assert not Path(f"/proc/{pid.read_text(encoding='utf-8').strip()}").exists()


def test_another_server_on_the_port_is_not_taken_for_ours(mine: str, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = int(other.getsockname()[1])
        with pytest.raises(ModelError, match=f"Something else listens on 127.0.0.1:{taken}"):
            _enter(Serving(model=mine, port=taken), tmp_path / "log")


def test_an_interpreter_that_is_not_there_is_named(mine: str, tmp_path: Path, port: int) -> None:
    with pytest.raises(ModelError, match="/nowhere/python cannot be run: No such file"):
        _enter(Serving(model=mine, python="/nowhere/python", port=port), tmp_path / "log")


def test_a_healthy_server_is_entered_and_ended(
    mine: str, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that ignores our flags: Python's own, with a file where the health check looks."""
    (tmp_path / "health").write_text("", encoding="utf-8")
    line = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    monkeypatch.setattr(serving, "command", lambda _: [*line, "--directory", str(tmp_path)])
    with served(Serving(model=mine, port=port), log=tmp_path / "log") as process:
        assert process.poll() is None
    assert process.poll() is not None


def test_a_server_that_dies_later_is_said(
    mine: str, home: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "health").write_text("", encoding="utf-8")
    body = f"""
import http.server, os
class Once(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        super().do_GET()
        print("killed by the kernel", flush=True)
        os._exit(9)
http.server.HTTPServer(("127.0.0.1", {port}), Once).serve_forever()
"""
    monkeypatch.setattr(serving, "command", lambda _: [sys.executable, "-c", body])
    monkeypatch.chdir(home)
    ran = CliRunner().invoke(app, ["serve-model", mine, "--port", str(port)])
    assert f"mine is served at http://127.0.0.1:{port}/v1" in ran.output
    assert "vLLM stopped: killed by the kernel" in str(ran.exception)


def test_a_verb_that_is_told_to_end_takes_its_server_along(
    mine: str, home: Path, port: int
) -> None:
    pid = home / "pid"
    python = script(home, f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 600")
    line = [sys.executable, "-m", "inforce", "serve-model", mine, "--port", str(port)]
    verb = subprocess.Popen([*line, "--python", python], stderr=subprocess.DEVNULL)
    while not pid.exists():
        assert verb.poll() is None
        time.sleep(0.1)
    verb.terminate()
    assert verb.wait(timeout=120) == 143
    assert not Path(f"/proc/{pid.read_text(encoding='utf-8').strip()}").exists()


def test_the_name_to_ask_for_is_the_adapters(mine: str) -> None:
    assert Serving(model=mine).served_name == "mine"
    assert Serving(model=mine, adapter=Path("/a/judge")).served_name == "judge"


def _enter(wanted: Serving, log: Path, patience: float = 30.0) -> None:
    with served(wanted, log=log, patience=patience):
        raise AssertionError("entered")
