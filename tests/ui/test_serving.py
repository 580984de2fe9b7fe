"""The app's server is one process that ends on SIGTERM, and compose.yaml names what exists."""

from __future__ import annotations

import json
import os
import re
import shlex
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
from typing import Any

import pytest
import yaml
from typer.main import get_command

from corpus.settings import Settings
from docs.make_reference import environment
from inforce import app as command

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "inforce"}


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


@pytest.mark.parametrize("name", OURS)
def test_a_command_of_compose_is_a_verb_with_its_options(name: str) -> None:
    verb, *words = shlex.split(OURS[name]["command"])
    known = get_command(command).commands[verb]  # type: ignore[attr-defined]
    options = {option for param in known.params for option in param.opts}
    assert {word for word in words if word.startswith("--")} <= options
    port = words[words.index("--port") + 1]
    assert OURS[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert port in OURS[name]["healthcheck"]["test"]


def test_compose_names_only_what_exists() -> None:
    assert set(OURS) == {"app", "api"}
    services, volumes = COMPOSE["services"], COMPOSE["volumes"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service["volumes"]:
            source = volume.rpartition(":/")[0]
            assert source in volumes or source.startswith("${INFORCE_API_KEYS")
        for published in service["ports"]:
            assert published.startswith("127.0.0.1:")
    for ours in OURS.values():
        assert set(ours["environment"]) <= set(environment())
