"""Adapters for a server elsewhere: what is sampled comes from the weights just trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.models.sampling import Completion, Sampling
from agent.policies.endpoint import Endpoint
from agent.policy import PolicyError
from rl.rollouts.samplers import SamplingRequest
from rl.rollouts.samplers.server import VllmSampler
from rl.rollouts.samplers.weight_sync import AdapterSync
from tests.agent.test_server_policy import Handler, Reply, serving, vllm_says


class Adapter:
    """Writes what ``peft`` would, as far as a server's double looks at it."""

    def save_pretrained(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "adapter_config.json").write_text("{}", encoding="utf-8")


def said(text: str, status: int = 200) -> Reply:
    """Answer as vLLM does when an adapter is loaded: with words that are no JSON."""
    return lambda handler, _: handler.raw(text.encode(), status)


def refused(handler: Handler, _: Any) -> None:
    handler.json({"error": {"message": "rank 128 is greater than max_lora_rank 64"}}, 400)


def gone(handler: Handler, _: Any) -> None:
    handler.json({"error": {"message": "no such adapter"}}, 404)


def test_each_state_of_the_weights_has_a_name_of_its_own(tmp_path: Path) -> None:
    with serving(said("Success: added."), said("Success: added."), said("Success: removed.")) as s:
        endpoint = Endpoint(s.url)
        sampler = VllmSampler(endpoint, "smollm2")
        sync = AdapterSync(endpoint, sampler, tmp_path, "run")
        assert sync.push(Adapter(), 0) == sampler.model == "run-0"
        assert sync.push(Adapter(), 2) == sampler.model == "run-2"
        told = [(one["path"], one["lora_name"]) for one in s.asked]
    assert told == [
        ("/v1/load_lora_adapter", "run-0"),
        ("/v1/load_lora_adapter", "run-2"),
        ("/v1/unload_lora_adapter", "run-0"),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["run-2"]
    assert Path(s.asked[1]["lora_path"]) == (tmp_path / "run-2").absolute()


def test_weights_that_did_not_change_are_not_sent_again(tmp_path: Path) -> None:
    with serving(said("Success: added.")) as server:
        endpoint = Endpoint(server.url)
        sync = AdapterSync(endpoint, VllmSampler(endpoint, "smollm2"), tmp_path, "run")
        sync.push(Adapter(), 4)
        sync.push(Adapter(), 4)
        assert len(server.asked) == 1


def test_a_refused_adapter_leaves_the_old_one_sampling(tmp_path: Path) -> None:
    with serving(said("Success: added."), refused) as server:
        endpoint = Endpoint(server.url)
        sampler = VllmSampler(endpoint, "smollm2")
        sync = AdapterSync(endpoint, sampler, tmp_path, "run")
        sync.push(Adapter(), 0)
        with pytest.raises(PolicyError, match="greater than max_lora_rank"):
            sync.push(Adapter(), 1)
        assert sampler.model == "run-0"


def test_an_adapter_that_is_gone_already_is_no_failure(tmp_path: Path) -> None:
    with serving(said("Success: added."), said("Success: added."), gone) as server:
        endpoint = Endpoint(server.url)
        sampler = VllmSampler(endpoint, "smollm2")
        sync = AdapterSync(endpoint, sampler, tmp_path, "run")
        sync.push(Adapter(), 0)
        sync.push(Adapter(), 1)
        assert sampler.model == "run-1"


def test_a_server_answers_every_prompt_in_its_place(tmp_path: Path) -> None:
    def by_prompt(handler: Handler, body: dict[str, Any]) -> None:
        if body["prompt"][0] == 3:
            refused(handler, body)
        else:
            vllm_says("abcde"[: body["prompt"][0]])(handler, body)

    with serving(by_prompt) as server:
        sampler = VllmSampler(Endpoint(server.url), "judge", concurrency=4)
        asked = [SamplingRequest((n, 9), Sampling(seed=n), frozenset({0})) for n in range(1, 6)]
        answers = sampler.sample_many(asked)
        assert sampler.context == 50_000
        seeds = {one["prompt"][0]: one["seed"] for one in server.asked}
    assert [isinstance(answer, PolicyError) for answer in answers] == [False, False, True] + [
        False
    ] * 2
    whole = [answer for answer in answers if isinstance(answer, Completion)]
    assert [len(completion.ids) for completion in whole] == [2, 3, 5, 6]
    assert seeds == {n: Sampling(seed=n).seed_for((n, 9)) for n in range(1, 6)}
