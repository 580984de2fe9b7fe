"""Real Elasticsearch nodes for tests: started, shared between test processes, killed, stopped."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

START = Path(__file__).parents[2] / "../shared/elasticsearch/start"
# Ends the node when this process ends, however it ends: the pipe on its standard input closes.
WATCHED = (
    'exec 3<&0; "$@" & node=$!; (cat <&3; kill -TERM $node; sleep 20; kill -KILL 0) & wait $node'
)


def why_no_node() -> str | None:
    """Say in one line why no node can be started here, or ``None``."""
    if not START.is_file():
        return "no Elasticsearch: set INFORCE_ES_URL, or put a node at ../shared/elasticsearch"
    if shutil.which("java") is None and not os.environ.get("ES_JAVA_HOME"):
        return "no Elasticsearch: there is no Java (Debian: openjdk-17-jre-headless)"
    return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Node:
    """One node on this machine. ``options`` go to the start script."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.transport = free_port()
        self.folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [str(START), "--port", str(self.port), "--data", str(self.folder)]
        command += ["--transport", str(self.transport), *self._options]
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                ["bash", "-c", WATCHED, "node", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self, seconds: float = 900, nodes: int = 1) -> None:
        """Wait until the node answers, secured or not, in a cluster of ``nodes``."""
        until = time.monotonic() + seconds
        path = f"/_cluster/health?wait_for_nodes={nodes}&wait_for_status=yellow&timeout=1s"
        while time.monotonic() < until:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                    if not json.load(answer)["timed_out"]:
                        return
            except urllib.error.HTTPError as error:
                if error.code == 401:
                    return
            except OSError:
                pass
            time.sleep(0.5)
        tail = (self.folder / "output").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"the node at {self.url} did not start: {tail}")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def node_folder() -> Iterator[Path]:
    """A folder that the node's own user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="inforce-node-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(*options: str, folder: Path | None = None) -> Iterator[Node]:
    """A node of one's own, in ``folder`` or in one that is removed afterwards."""
    with ExitStack() as stack:
        node = Node(folder or stack.enter_context(node_folder()), *options)
        node.start()
        stack.callback(node.stop)
        node.wait()
        yield node


@contextmanager
def shared(meeting: Path) -> Iterator[str]:
    """The URL of one node for all test processes that meet in a folder.

    The first starts it; at the end it waits for the others and stops it.
    """
    with _ledger(meeting) as ledger:
        first = not ledger
        if first:
            folder = node_folder()
            node = Node(folder.__enter__())
            node.start()
            node.wait()
            ledger.update(url=node.url, users=0)
        ledger["users"] += 1
        url = str(ledger["url"])
    try:
        yield url
    finally:
        with _ledger(meeting) as ledger:
            ledger["users"] -= 1
        if first:
            _wait_for_others(meeting)
            node.stop()
            folder.__exit__(None, None, None)


def _wait_for_others(meeting: Path) -> None:
    until = time.monotonic() + 900
    while time.monotonic() < until:
        with _ledger(meeting) as ledger:
            if ledger["users"] <= 0:
                ledger.clear()
                return
        time.sleep(0.2)


@contextmanager
def _ledger(meeting: Path) -> Iterator[dict[str, object]]:
    """A small JSON object that processes share, locked while inside."""
    with (meeting / "elasticsearch.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        ledger = json.loads(file.read() or "{}")
        yield ledger
        file.truncate(0)
        file.write(json.dumps(ledger))
