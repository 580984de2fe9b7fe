"""An adapter that FSDP 2 shards over two processes reaches the server whole."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("peft", reason="needs the extra train")

from rl.rollouts.samplers.weight_sync import AdapterSync, gathered  # noqa: E402
from tests.rl.conftest import tiny_model  # noqa: E402


def adapted() -> Any:
    from peft import LoraConfig, get_peft_model

    model = tiny_model()
    torch.manual_seed(1)
    config = LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False)
    return get_peft_model(model, config)


def sync_of(folder: Path) -> AdapterSync:
    endpoint: Any = SimpleNamespace(post=lambda *_: None)
    sampler: Any = SimpleNamespace(switch=lambda _: None)
    return AdapterSync(endpoint, sampler, folder, "run")


def weights_in(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    found: dict[str, Any] = load_file(folder / "run-3" / "adapter_model.safetensors")
    return found


def sharded(rank: int, folder: str, port: int) -> None:
    """Shard the adapter as one of two processes, and push it from the first."""
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    dist.init_process_group("gloo", rank=rank, world_size=2)
    model = adapted()
    fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
    weights = gathered(model)
    if rank == 0:
        sync_of(Path(folder)).push(model, 3, weights)
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.skipif(sys.platform == "win32", reason="gloo and fork")
def test_shards_are_gathered_before_the_first_process_writes(tmp_path: Path) -> None:
    import socket

    import torch.multiprocessing as mp

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    mp.spawn(sharded, args=(str(tmp_path / "two"), port), nprocs=2)
    one = adapted()
    assert gathered(one) is None, "whole already"
    sync_of(tmp_path / "one").push(one, 3)
    whole, found = weights_in(tmp_path / "one"), weights_in(tmp_path / "two")
    assert whole.keys() == found.keys()
    for name, weight in whole.items():
        torch.testing.assert_close(found[name], weight, msg=name)
