"""Several processes of the app behind one address, started, watched and ended together."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryDirectory

from corpus.console import errors
from corpus.errors import BadInputError
from ui.serving.sticky_proxy import HEAD_BYTES, StickyProxy

MOST = 64
"""Greatest number of processes."""
_END_SECONDS = 10.0
"""Time in which a process ends before it is killed."""
_LONGEST_PAUSE = 30.0
"""Longest pause before a process that keeps ending is started again."""

Command = Callable[[int], list[str]]
"""The command of one process, given its port."""


def serve_processes(
    command: Command, environment: Mapping[str, str], host: str, port: int, count: int
) -> None:
    """Run processes of the app behind one address until SIGTERM or Ctrl+C, then end them.

    A process that ends is started again; its sessions are lost, those of the others go on.

    Raises:
        BadInputError: the count is not from 2 to :data:`MOST`, or nothing can listen there.
    """
    if not 2 <= count <= MOST:
        raise BadInputError(f"--processes: {count} is not from 1 to {MOST}.")
    with TemporaryDirectory(prefix="inforce-metrics-") as counters:
        shared = {
            "PROMETHEUS_MULTIPROC_DIR": counters,
            "STREAMLIT_SERVER_COOKIE_SECRET": secrets.token_urlsafe(48),
        }
        asyncio.run(_serve(command, {**environment, **shared}, (host, port), count))


async def _serve(
    command: Command, environment: Mapping[str, str], address: tuple[str, int], count: int
) -> None:
    ports = _free_ports(count)
    proxy = StickyProxy(ports)
    host, port = address
    try:
        server = await asyncio.start_server(proxy.handle, host, port, limit=HEAD_BYTES)
    except OSError as error:
        raise BadInputError(f"Cannot listen at {host}:{port}: {error.strerror}.") from None
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    watched = [asyncio.create_task(_kept_running(command(each), environment)) for each in ports]
    await stop.wait()
    server.close()
    for task in watched:
        task.cancel()
    await asyncio.gather(*watched, return_exceptions=True)


async def _kept_running(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a process, and again when it has ended, until this task is cancelled."""
    pause = 1.0
    while True:
        begun = asyncio.get_running_loop().time()
        process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **environment})
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        if asyncio.get_running_loop().time() - begun > _LONGEST_PAUSE:
            pause = 1.0
        errors.print(f"A process of the app ended with status {status}: it is started again.")
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _free_ports(count: int) -> list[int]:
    """Return ports of this machine on which nobody listens."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
