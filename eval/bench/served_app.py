"""The app, served as ``inforce serve`` does, for benchmarks that look at it in Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
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
        **os.environ,
        "INFORCE_STORE": f"sqlite:///{law / 'store.db'}",
        "INFORCE_INDEX": f"embedded:{law / 'index'}",
        "INFORCE_LABELS": labels,
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "ui/server.py", "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1", "--logger.level=warning"]
    with subprocess.Popen(
        [*command, "--server.fileWatcherType=none"], cwd=ROOT, env=environment
    ) as app:
        try:
            _await(f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}", app.pid
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
