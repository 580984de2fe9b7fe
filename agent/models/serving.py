"""Start a vLLM server and wait until it is healthy."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from agent.models.catalogue import ModelError, find_model, open_location
from corpus.model import Frozen


class Serving(Frozen):
    """Settings of a vLLM server. ``python`` is the interpreter of the environment with vLLM.

    ``context`` limits prompt and completion together, in tokens; ``None`` is the model's own limit.
    ``cpu`` serves without a GPU, with ``cache_gib`` for the key-value cache. ``swappable`` lets a
    training run load and unload adapters (:mod:`rl.rollouts.samplers.weight_sync`).
    """

    model: str
    host: str = "127.0.0.1"
    port: int = 8000
    python: str = sys.executable
    adapter: Path | None = None
    context: int | None = None
    cpu: bool = False
    cache_gib: int = 2
    swappable: bool = False

    @property
    def url(self) -> str:
        """Return the base URL of the endpoint."""
        return f"http://{self.host}:{self.port}/v1"

    @property
    def served_name(self) -> str:
        """Return the served name of the model."""
        return self.adapter.name if self.adapter else find_model(self.model).name


_WHOLE_PREFILL = "--no-enable-chunked-prefill"
"""Flag for serving without a GPU: with chunked prefill, vLLM 0.31 crashes on a seeded request,
because it cannot rewind the random generator."""


def command(serving: Serving) -> list[str]:
    """Return the command that starts vLLM.

    Log-probs are those of the sampling distribution, and the model's own generation settings are
    disabled, so that only the request's settings apply.

    Raises:
        ModelError: the model is unknown or not prepared.
    """
    line = [serving.python, "-m", "vllm.entrypoints.openai.api_server"]
    line += ["--model", open_location(serving.model)]
    line += ["--served-model-name", find_model(serving.model).name]
    line += ["--host", serving.host, "--port", str(serving.port)]
    line += ["--generation-config", "vllm", "--logprobs-mode", "processed_logprobs"]
    line += _chat_template(Path(open_location(serving.model)))
    if serving.context is not None:
        line += ["--max-model-len", str(serving.context)]
    if serving.adapter is not None:
        line += ["--enable-lora", "--lora-modules", f"{serving.served_name}={serving.adapter}"]
    if serving.swappable:
        line += ["--max-lora-rank", "64"]
        line += [] if serving.adapter else ["--enable-lora"]
    if serving.cpu:
        line += ["--enforce-eager", "--dtype", "bfloat16", _WHOLE_PREFILL]
    return line


def _chat_template(folder: Path) -> list[str]:
    """Return the options that set our plain chat template, if the model's folder has none."""
    settings = folder / "tokenizer_config.json"
    own = (folder / "chat_template.jinja").exists() or not settings.exists()
    if own or "chat_template" in json.loads(settings.read_text(encoding="utf-8")):
        return []
    return ["--chat-template", str(files("agent") / "prompts" / "plain.jinja")]


@contextmanager
def served(
    serving: Serving,
    *,
    log: Path,
    patience: float = 600.0,
    waiting: Callable[[float], None] = lambda _: None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run vLLM inside the context; it is healthy on entry and stopped on exit.

    Args:
        serving: settings of the server.
        log: file for its output.
        patience: most seconds until it is healthy.
        waiting: called with the seconds waited, about twice a second.

    Raises:
        ModelError: the port is taken, or vLLM is missing, exits, or is not healthy in time.
    """
    with socket.socket() as probe:
        if probe.connect_ex((serving.host, serving.port)) == 0:
            raise ModelError(f"Something else listens on {serving.host}:{serving.port}.")
    environment = {**os.environ}
    if serving.cpu:
        environment["VLLM_CPU_KVCACHE_SPACE"] = str(serving.cache_gib)
    if serving.swappable:
        environment["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] = "1"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        try:
            process = subprocess.Popen(
                command(serving), stdout=file, stderr=subprocess.STDOUT, env=environment
            )
        except OSError as error:
            raise ModelError(f"{serving.python} cannot be run: {error.strerror}.") from error
    try:
        _wait(serving, process, log, patience, waiting)
        yield process
    finally:
        _end(process)


def _wait(
    serving: Serving,
    process: subprocess.Popen[bytes],
    log: Path,
    patience: float,
    waiting: Callable[[float], None],
) -> None:
    start = time.monotonic()
    while not _healthy(serving):
        waited = time.monotonic() - start
        if process.poll() is not None:
            raise ModelError(f"vLLM stopped before it was ready: {last_words(log)} (see {log})")
        if waited > patience:
            raise ModelError(f"vLLM was not ready after {patience:g} seconds; see {log}.")
        waiting(waited)
        time.sleep(0.5)


def _healthy(serving: Serving) -> bool:
    try:
        with urlopen(f"http://{serving.host}:{serving.port}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def last_words(log: Path) -> str:
    """Return the last line of a server's output."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else "it said nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
