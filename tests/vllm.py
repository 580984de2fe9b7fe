"""The tiny model behind a real vLLM. ``INFORCE_VLLM_PYTHON`` names the interpreter that has it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.models.prepare import prepare
from agent.models.serving import Serving, served

PYTHON = os.environ.get("INFORCE_VLLM_PYTHON")

marks = [
    pytest.mark.vllm,
    pytest.mark.skipif(not PYTHON, reason="INFORCE_VLLM_PYTHON names no interpreter with vLLM"),
]


def serving_tiny(home: Path, settings: Callable[[], dict[str, Any]]) -> Iterator[Serving]:
    """Serve the tiny model out of ``home``; ``settings`` are asked for once it is prepared."""
    import torch

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFORCE_HOME", str(home))
        prepare("tiny")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        wanted = Serving(
            model="tiny",
            python=PYTHON or "",
            port=port,
            cpu=not torch.cuda.is_available(),
            **settings(),
        )
        with served(wanted, log=home / "vllm.log"):
            yield wanted
