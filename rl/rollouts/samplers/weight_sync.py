"""Weight sync to a vLLM server: load the new adapter under a new name, unload the old one.

Sampling in the trainer's process needs no sync, and with vLLM in the trainer's process TRL does it.
A separate server must be started with ``--enable-lora``, ``VLLM_ALLOW_RUNTIME_LORA_UPDATING=1`` and
access to a disk that the trainer writes to (:func:`agent.models.serving.served` sets the first two
with ``swappable``). A name belongs to one state of the weights and is never used again, since the
server caches results by name.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from agent.policies.endpoint import Endpoint, RefusedError
from rl.rollouts.samplers.server import VllmSampler

CHECKPOINTED = "_checkpoint_wrapped_module."
"""What FSDP's checkpointing of activations adds to the names of weights."""


def gathered(model: Any) -> dict[str, Any] | None:
    """Return the trained weights whole, by name, where processes hold shards of them (FSDP 2).

    Every process must call it. ``None`` where this process holds the whole weights.
    """
    from torch.distributed.tensor import DTensor

    trained = {name: one for name, one in model.named_parameters() if one.requires_grad}
    if not any(isinstance(one, DTensor) for one in trained.values()):
        return None
    return {
        name.replace(CHECKPOINTED, ""): (one.full_tensor() if isinstance(one, DTensor) else one)
        .detach()
        .cpu()
        for name, one in trained.items()
    }


class AdapterSync:
    """Keeps a server's LoRA adapter equal to the trainer's.

    Args:
        endpoint: the server.
        sampler: switched to the new weights once they are loaded.
        folder: where adapters are written; the server must see it under the same path.
        run: prefix of adapter names, so that several runs may share a server.
    """

    def __init__(self, endpoint: Endpoint, sampler: VllmSampler, folder: Path, run: str) -> None:
        self._endpoint, self._sampler = endpoint, sampler
        self._folder, self._run = folder, run
        self._loaded: str | None = None

    def push(self, model: Any, step: int, weights: Mapping[str, Any] | None = None) -> str:
        """Load the current adapter of ``model`` into the server; return its served name.

        Args:
            model: a ``peft`` model.
            step: the trainer's step, which identifies the state of the weights.
            weights: the adapter's weights by name (:func:`gathered`); ``None``: the model's own.

        Raises:
            PolicyError: the server is down, or refuses the adapter; it keeps serving the old one.
            OSError: the adapter cannot be written.
        """
        name = f"{self._run}-{step}"
        if name == self._loaded:
            return name
        path = (self._folder / name).absolute()
        model.save_pretrained(path, **({} if weights is None else {"state_dict": dict(weights)}))
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
