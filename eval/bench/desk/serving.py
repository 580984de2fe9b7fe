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
    """An app that runs: its address without a slash, and the id of its first process."""

    address: str
    pid: int

    def seconds(self) -> float:
        """Return the processor time that the processes of the app have used."""
        spent = 0
        for pid in self._all():
            fields = _read(pid, "stat").rpartition(")")[2].split()
            spent += int(fields[11]) + int(fields[12])
        return spent / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        """Return the memory that the processes of the app hold (resident sets)."""
        lines = (line for pid in self._all() for line in _read(pid, "status").splitlines())
        return sum(int(line.split()[1]) for line in lines if "VmRSS" in line) / 1024

    def _all(self) -> tuple[int, ...]:
        return self.pid, *map(int, _read(self.pid, f"task/{self.pid}/children").split())


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8")


@contextmanager
def served(
    environment: Mapping[str, str], home: Path, cookie_secret: str, processes: int = 1
) -> Iterator[Served]:
    """Serve the app with sign-in, its cookies signed with a secret of ours.

    Args:
        environment: settings of InForce.
        home: folder for the secrets file and what the app prints.
        cookie_secret: what the app signs its cookies with.
        processes: how many processes serve it.

    Raises:
        TimeoutError: it does not answer within two minutes.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    secrets = home / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir(parents=True, exist_ok=True)
    secrets.write_text(_SECRETS.format(address=address, secret=cookie_secret), encoding="utf-8")
    with running({**environment, "HOME": str(home)}, port, home / "app.log", processes) as pid:
        yield Served(address, pid)
