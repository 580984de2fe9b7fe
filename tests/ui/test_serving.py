"""The app's server ends on SIGTERM, says what to do without a library, and how it is."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.errors import BadInputError
from corpus.settings import Settings
from inforce import app
from ui.serving.listening import check_free

ROOT = Path(__file__).parents[2]


@contextmanager
def serving(settings: Settings, *words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A verb that serves, and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    child = subprocess.Popen(
        [sys.executable, "-m", "inforce", *words, "--host", "127.0.0.1", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, **settings.environment()},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield child, port
    finally:
        child.kill()
        child.wait()


def answers(address: str, child: subprocess.Popen[str]) -> bool:
    for _ in range(600):
        if child.poll() is not None:
            return False
        try:
            with urllib.request.urlopen(address, timeout=1) as found:
                return bool(found.status == 200)
        except OSError:
            time.sleep(0.1)
    return False


@pytest.mark.parametrize(("verb", "health"), [(("serve",), "/healthz"), (("api",), "/health")])
def test_a_server_ends_on_sigterm_and_leaves_nothing_behind(
    settings: Settings, verb: tuple[str, ...], health: str
) -> None:
    with serving(settings, *verb) as (child, port):
        assert answers(f"http://127.0.0.1:{port}{health}", child)
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=30)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize(
    "words", [("serve",), ("serve", "--processes", "2"), ("api",), ("mcp", "--http")]
)
def test_a_port_that_is_taken_is_one_sentence_and_no_address_is_promised(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        at = ("--host", "127.0.0.1", "--port", str(other.getsockname()[1]))
        done = CliRunner().invoke(app, [*words, *at])
    assert isinstance(done.exception, BadInputError)
    assert "Address already in use" in str(done.exception)
    assert "InForce is at" not in done.output


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_one_sentence(host: str) -> None:
    with pytest.raises(BadInputError, match=f"Cannot listen at {host}"):
        check_free(host, 8501)


def test_a_name_is_listened_at_although_one_of_its_addresses_is_not_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As ``localhost`` where the hosts file names ``::1`` and the machine has no IPv6."""
    elsewhere, here = ("192.0.2.1", 0), ("127.0.0.1", 0)
    kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
    found = [(*kind, elsewhere), (*kind, here)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    check_free("both", 0)
    found.remove((*kind, here))
    with pytest.raises(BadInputError, match="Cannot listen at both:0: Cannot assign requested"):
        check_free("both", 0)


def test_an_empty_home_is_served_and_says_what_to_do(tmp_path: Path) -> None:
    with serving(Settings.under(tmp_path / "nowhere"), "serve") as (child, port):
        assert answers(f"http://127.0.0.1:{port}/_stcore/health", child)
        child.terminate()
        assert child.stderr is not None
        said = child.stderr.read()
    assert "no library to ask yet" in said
    assert "inforce ingest demo" in said


def test_the_app_tells_who_runs_it_how_it_is(settings: Settings) -> None:
    with serving(settings, "serve") as (child, port):
        address = f"http://127.0.0.1:{port}"
        assert answers(f"{address}/healthz", child)
        with urllib.request.urlopen(f"{address}/healthz", timeout=10) as found:
            health = json.load(found)
        assert health["status"] == "ok"
        assert health["works"] > 100
        with urllib.request.urlopen(f"{address}/metrics", timeout=10) as found:
            assert b"inforce_page_seconds" in found.read()


def test_an_app_without_a_library_says_that_it_is_not_well(tmp_path: Path) -> None:
    with serving(Settings.under(tmp_path / "nowhere"), "serve") as (child, port):
        assert answers(f"http://127.0.0.1:{port}/_stcore/health", child)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10)
        assert refused.value.code == 503
        assert json.load(refused.value)["status"] == "no library"


def test_the_version_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inforce", "--version"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert re.fullmatch(r"InForce \d+\.\d+\.\d+\S*\n", done.stdout)
