"""The app, served as ``inforce serve`` does, for benchmarks that look at it in Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

ROOT = Path(__file__).parents[2]
COOKIE = "inforce_process"
"""The cookie by which a browser stays with one of several processes of the app."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def chromium() -> str | None:
    """Return where Chromium is on this machine."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def served(law: Path, labels: str) -> Iterator[tuple[str, int]]:
    """Serve the app; yield its address and the id of its process.

    Args:
        law: folder of a synthetic library (``store.db`` and ``index``).
        labels: URL of the label queue.
    """
    environment = {
        "INFORCE_STORE": f"sqlite:///{law / 'store.db'}",
        "INFORCE_INDEX": f"embedded:{law / 'index'}",
        "INFORCE_LABELS": labels,
    }
    port = free_port()
    with running(environment, port) as pid:
        yield f"http://127.0.0.1:{port}", pid


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    environment: Mapping[str, str], port: int, log: Path | None = None, processes: int = 1
) -> Iterator[int]:
    """Run the app until the context ends; yield the id of its process once it answers.

    Args:
        environment: settings beside those of this process.
        port: where it listens, on this machine alone.
        log: file for what it prints; left out, it prints here.
        processes: how many processes serve it; of several, the id is that of the one before them.

    Raises:
        TimeoutError: it does not answer within two minutes.
    """
    command = [sys.executable, "-m", "inforce", "serve", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--processes", str(processes)]
    with log.open("wb") if log else nullcontext() as output:
        app = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
        )
        with app:
            try:
                for number in range(processes):
                    _await(f"http://127.0.0.1:{port}/_stcore/health", number)
                yield app.pid
            finally:
                app.terminate()


def _await(health: str, number: int) -> None:
    """Wait until the process of a number answers itself: another one would name itself."""
    request = urllib.request.Request(health, headers={"Cookie": f"{COOKIE}={number}"})
    for _ in range(600):
        try:
            with urllib.request.urlopen(request, timeout=1) as found:
                if COOKIE not in found.headers.get("Set-Cookie", ""):
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"the app does not answer at {health}")
