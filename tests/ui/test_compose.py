"""compose.yaml: its commands are run, without containers, and its own health checks pass."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from docs.make_reference import environment
from inforce import app as command
from tests.postgres import own_database
from tests.ui.app_server import free_port

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "inforce"}

SERVICE = frozenset(
    {"image", "build", "environment", "volumes", "depends_on", "restart", "command", "ports"}
    | {"healthcheck"}
)
"""The keys of a service, of those in the Compose Specification, that the file uses."""
CHECK = {"test", "interval", "retries"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}


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


def test_compose_has_the_structure_of_its_specification() -> None:
    assert set(COMPOSE) <= {"services", "volumes", "x-inforce"}
    for service in COMPOSE["services"].values():
        assert set(service) <= SERVICE
        check = service["healthcheck"]
        assert set(check) <= CHECK
        assert isinstance(check["test"], str)
        assert re.fullmatch(r"\d+s", check["interval"])
        conditions = service.get("depends_on", {}).values()
        assert {each["condition"] for each in conditions} <= CONDITIONS
        assert service["restart"] == "unless-stopped"
        assert all(isinstance(value, str) for value in service["environment"].values())
    assert set(COMPOSE["volumes"].values()) == {None}


def test_what_compose_needs_from_outside_is_named_above_it_or_has_a_value() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    above, _, rest = text.partition("\nx-inforce:")
    for name, given in set(re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", rest)):
        assert given.startswith(":-") or name in above


def test_the_image_has_every_room_and_runs_the_command_line() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]}
    rooms = {"agent", "corpus", "eval", "retrieval", "rl", "ui"}
    assert copied == rooms | {"pyproject.toml", "README.md", "LICENSE", "inforce.py"}
    assert all((ROOT / each).exists() for each in copied)
    assert 'ENTRYPOINT ["inforce"]' in lines


def test_the_services_answer_their_own_health_checks_over_postgres(
    postgres_server: str, tmp_path: Path
) -> None:
    """The commands of the file and of its header; an embedded index stands for the cluster."""
    store = OURS["app"]["environment"]["INFORCE_STORE"]
    assert store.startswith("postgresql+psycopg://inforce:")
    settings = {
        "INFORCE_STORE": own_database(postgres_server),
        "INFORCE_INDEX": f"embedded:{tmp_path / 'index'}",
        "INFORCE_HOME": str(tmp_path),
        "HOME": str(tmp_path),
    }
    keys = tmp_path / "keys.txt"
    key = said(settings, "api-key", "intranet", "--keys", str(keys)).split()[-1]
    said(settings, "ingest", "demo")
    with started("app", settings, keys) as app, started("api", settings, keys) as api:
        for port, route in ((app, "healthz"), (api, "health")):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{route}", timeout=60) as found:
                assert json.load(found)["status"] == "ok"
        address = f"http://127.0.0.1:{api}/v1/provision"
        asked = f"{address}?reference=art.+144+Code+civil&as_at=2006-04-04"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(asked, timeout=60)
        request = urllib.request.Request(asked, headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=60) as found:
            assert "quinze ans" in found.read().decode()


def said(settings: Mapping[str, str], *words: str) -> str:
    """What a verb prints."""
    done = subprocess.run(
        [sys.executable, "-m", "inforce", *words],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **settings},
    )
    return done.stdout


@contextmanager
def started(name: str, settings: Mapping[str, str], keys: Path) -> Iterator[int]:
    """Run the command of a service until its own health check passes; yield its port here."""
    service, port = OURS[name], free_port()
    own = service["ports"][0].rpartition(":")[2]
    words = shlex.split(service["command"])
    here = {"0.0.0.0": "127.0.0.1", own: str(port), "/run/inforce/keys.txt": str(keys)}
    command = [sys.executable, "-m", "inforce", *(here.get(word, word) for word in words)]
    check = service["healthcheck"]["test"].replace(own, str(port))
    assert not passes(check)
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings})
    try:
        assert any(passes(check) or time.sleep(0.5) for _ in range(240))
        yield port
    finally:
        child.terminate()
        child.wait(timeout=60)


def passes(check: str) -> bool:
    """Whether a health check passes in a shell where ``python`` is this one."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", check], capture_output=True, env={**os.environ, "PATH": path}, check=False
    )
    return done.returncode == 0
