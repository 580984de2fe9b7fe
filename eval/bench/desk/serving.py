"""The app as a process of its own, with its processor time and memory. Needs Linux."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
_SECRETS = """[auth]
redirect_uri = "{address}/oauth2callback"
cookie_secret = "{secret}"
client_id = "bench"
client_secret = "bench"
server_metadata_url = "{address}/nowhere"
"""


@dataclass(frozen=True)
class Served:
    """An app that runs: its address without a slash, and the id of its process."""

    address: str
    pid: int

    def seconds(self) -> float:
        """Return the processor time that the app has used."""
        fields = self._read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        """Return the memory that the app holds (resident set)."""
        found = next(line for line in self._read("status").splitlines() if "VmRSS" in line)
        return int(found.split()[1]) / 1024

    def _read(self, name: str) -> str:
        return Path(f"/proc/{self.pid}/{name}").read_text(encoding="utf-8")


@contextmanager
def served(environment: Mapping[str, str], home: Path, cookie_secret: str) -> Iterator[Served]:
    """Serve the app with sign-in, its cookies signed with a secret of ours.

    Args:
        environment: settings of InForce.
        home: folder for the secrets file and what the app prints.
        cookie_secret: what the app signs its cookies with.

    Raises:
        TimeoutError: it does not answer within two minutes.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    secrets = home / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir(parents=True, exist_ok=True)
    secrets.write_text(_SECRETS.format(address=address, secret=cookie_secret), encoding="utf-8")
    command = [sys.executable, "-m", "streamlit", "run", "ui/server.py", "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1", "--logger.level=warning"]
    with (
        (home / "app.log").open("wb") as log,
        subprocess.Popen(
            [*command, "--server.fileWatcherType=none"],
            cwd=ROOT,
            env={**os.environ, **environment, "HOME": str(home)},
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as app,
    ):
        try:
            _await(f"{address}/_stcore/health")
            yield Served(address, app.pid)
        finally:
            app.terminate()


def _await(health: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(health, timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"the app does not answer at {health}")
