"""Weight sync to a vLLM server: load the new adapter under a new name, unload the old one.

In process nothing is synchronised, since sampler and trainer share their weights; with vLLM in the
trainer's process TRL does it. A server that runs elsewhere must have been started with
``--enable-lora``, ``VLLM_ALLOW_RUNTIME_LORA_UPDATING=1`` and a disk that it shares with the trainer
(:func:`agent.models.serving.served` does the first two, given ``swappable``). A name stands for one
state of the weights and is never used again: the server keeps what it computed under a name.
"""

from __future__ import annotations

import shutil
from http import HTTPStatus
from pathlib import Path
from typing import Any

from agent.policies.endpoint import Endpoint, RefusedError
from rl.rollouts.samplers.server import VllmSampler


class AdapterSync:
    """Keeps a server's adapter equal to the trainer's.

    Args:
        endpoint: where the server answers.
        sampler: switched to the new weights once they are loaded.
        folder: where adapters are written; the server must see it under the same path.
        run: begins every adapter's name, so that two runs may share a server.
    """

    def __init__(self, endpoint: Endpoint, sampler: VllmSampler, folder: Path, run: str) -> None:
        self._endpoint, self._sampler = endpoint, sampler
        self._folder, self._run = folder, run
        self._loaded: str | None = None

    def push(self, model: Any, step: int) -> str:
        """Give the server the adapter of ``model`` as it is now; return the name it has there.

        Args:
            model: a ``peft`` model.
            step: of the trainer; one state of the weights has one step.

        Raises:
            PolicyError: the server is down, or refuses the adapter. It goes on with the old one.
            OSError: the adapter cannot be written.
        """
        name = f"{self._run}-{step}"
        if name == self._loaded:
            return name
        path = (self._folder / name).absolute()
        model.save_pretrained(path)
        self._endpoint.post("/load_lora_adapter", {"lora_name": name, "lora_path": str(path)})
        self._sampler.switch(name)
        self._let_go()
        self._loaded = name
        return name

    def _let_go(self) -> None:
        """Unload and delete the old adapter; a missing one is ignored."""
        if self._loaded is None:
            return
        try:
            self._endpoint.post("/unload_lora_adapter", {"lora_name": self._loaded})
        except RefusedError as refusal:
            if refusal.status != HTTPStatus.NOT_FOUND:
                raise
        shutil.rmtree(self._folder / self._loaded, ignore_errors=True)
