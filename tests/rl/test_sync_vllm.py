"""A real vLLM takes new adapters while it serves. ``INFORCE_VLLM_PYTHON`` names its interpreter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("peft", reason="needs the extra train")

import peft
import torch
from transformers import AutoModelForCausalLM

from agent.models.catalogue import open_location
from agent.models.sampling import Completion, Sampling
from agent.models.serving import Serving
from agent.policies.endpoint import Endpoint
from rl.rollouts.samplers import SamplingRequest
from rl.rollouts.samplers.server import VllmSampler
from rl.rollouts.samplers.weight_sync import AdapterSync
from tests.vllm import marks, serving_tiny

pytestmark = marks

PROMPT = tuple(range(40, 80))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    home = tmp_path_factory.mktemp("home")
    yield from serving_tiny(home, lambda: {"context": 1024, "swappable": True})


def adapted(seed: int) -> Any:
    """Return the tiny model under a LoRA adapter with random weights."""
    torch.manual_seed(seed)
    base = AutoModelForCausalLM.from_pretrained(open_location("tiny"), dtype=torch.float32)
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    return peft.get_peft_model(base, config).eval()


def drawn(sampler: VllmSampler) -> Completion:
    sampling = Sampling(temperature=1.0, max_tokens=16, seed=5)
    (answer,) = sampler.sample_many([SamplingRequest(PROMPT, sampling, frozenset())])
    assert isinstance(answer, Completion)
    return answer


def gap(model: Any, completion: Completion) -> float:
    """Return how far the server's log-probs are from the model's own, in nats per token."""
    with torch.inference_mode():
        logits = model(torch.tensor([[*PROMPT, *completion.ids]])).logits[0]
    own = torch.log_softmax(logits[len(PROMPT) - 1 : -1].float(), -1)
    own_T = own[range(len(completion.ids)), list(completion.ids)]
    return float((torch.tensor(completion.logprobs) - own_T).abs().mean())


def test_what_is_sampled_comes_from_the_adapter_just_pushed(
    server: Serving, tmp_path: Path
) -> None:
    endpoint = Endpoint(server.url)
    sampler = VllmSampler(endpoint, "tiny")
    sync = AdapterSync(endpoint, sampler, tmp_path, "run")
    assert sampler.context == 1024
    first, second = adapted(1), adapted(2)
    for step, (mine, other) in enumerate(((first, second), (second, first))):
        assert sync.push(mine, step) == sampler.model
        completion = drawn(sampler)
        assert gap(mine, completion) < 0.1 < gap(other, completion)
    assert sampler.context == 1024
    assert [path.name for path in tmp_path.iterdir()] == ["run-1"]
