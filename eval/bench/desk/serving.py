"""The app as a process of its own, with its processor time and memory. Needs Linux."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval.bench.served_app import free_port, running

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
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    secrets = home / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir(parents=True, exist_ok=True)
    secrets.write_text(_SECRETS.format(address=address, secret=cookie_secret), encoding="utf-8")
    with running({**environment, "HOME": str(home)}, port, home / "app.log") as pid:
        yield Served(address, pid)
