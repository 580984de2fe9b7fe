"""Batches of prompts in this process: what is drawn for one must not depend on the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")

import torch

from agent.models.sampling import Completion, Sampling
from agent.policy import PolicyError
from rl.rollouts.samplers import SamplingRequest
from rl.rollouts.samplers import batches as batched
from rl.rollouts.samplers.local import BatchedSampler, batches, inverted, nucleus

VOCABULARY, STOP = 50, frozenset({1})


@pytest.fixture(scope="module")
def model() -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=256,
    )
    return LlamaForCausalLM(config)


def requests(count: int, **settings: Any) -> list[SamplingRequest]:
    """Return prompts of different lengths, each with its own seed."""
    asked = []
    for n in range(count):
        prompt = tuple((7 * n + 3 * k) % (VOCABULARY - 2) + 2 for k in range(3 + 2 * n))
        sampling = Sampling(**{"temperature": 1.0, "max_tokens": 20, "seed": n, **settings})
        asked.append(SamplingRequest(prompt, sampling, STOP))
    return asked


def logprobs_of(model: Any, request: SamplingRequest, ids: Sequence[int], heat: float = 1.0) -> Any:
    """Return the log-probs of ids in one fresh pass, without padding or cache."""
    with torch.inference_mode():
        logits = model.eval()(torch.tensor([[*request.prompt_ids, *ids]])).logits[0]
    logits_T_V = logits[len(request.prompt_ids) - 1 : -1].float() / heat
    return torch.log_softmax(logits_T_V, -1)[range(len(ids)), list(ids)]


def completions(answers: Sequence[Completion | PolicyError]) -> list[Completion]:
    assert not [answer for answer in answers if isinstance(answer, PolicyError)]
    return [answer for answer in answers if isinstance(answer, Completion)]


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
def test_logprobs_in_a_padded_batch_equal_a_fresh_pass(model: Any, temperature: float) -> None:
    asked = requests(6, temperature=temperature)
    drawn = completions(BatchedSampler(model).sample_many(asked))
    for request, completion in zip(asked, drawn, strict=True):
        expected = logprobs_of(model, request, completion.ids, temperature or 1.0)
        assert torch.allclose(torch.tensor(completion.logprobs), expected, atol=1e-4)


def test_what_is_drawn_for_a_prompt_does_not_depend_on_its_neighbours(model: Any) -> None:
    asked = requests(7)
    together = completions(BatchedSampler(model).sample_many(asked))
    turned = completions(BatchedSampler(model, batch_size=3).sample_many(asked[::-1]))[::-1]
    alone = [BatchedSampler(model).sample(*request) for request in asked]
    assert [c.ids for c in together] == [c.ids for c in turned] == [c.ids for c in alone]


def test_rows_that_leave_the_batch_early_change_nothing(model: Any) -> None:
    asked = requests(6)
    budgets = [2, 20, 3, 20, 1, 2]
    short = [
        request._replace(sampling=request.sampling.model_copy(update={"max_tokens": budget}))
        for request, budget in zip(asked, budgets, strict=True)
    ]
    free = completions(BatchedSampler(model).sample_many(asked))
    cut = completions(BatchedSampler(model).sample_many(short))
    for whole, part, budget in zip(free, cut, budgets, strict=True):
        assert part.ids == whole.ids[:budget]


def test_one_seed_repeats_and_another_does_not(model: Any) -> None:
    sampler, (request,) = BatchedSampler(model), requests(1)
    other = request._replace(sampling=request.sampling.model_copy(update={"seed": 99}))
    again = completions(sampler.sample_many([request, request, other]))
    assert again[0] == again[1]
    assert again[0].ids != again[2].ids


def test_the_token_that_ends_a_turn_is_kept_and_nothing_after_it(model: Any) -> None:
    (request,) = requests(1)
    free = BatchedSampler(model).sample(*request._replace(stop_ids=frozenset()))
    end = free.ids[4]
    stopped = BatchedSampler(model).sample(*request._replace(stop_ids=frozenset({end})))
    assert stopped.stop == "end"
    assert stopped.ids == free.ids[: free.ids.index(end) + 1]
    assert free.stop == "length"


def test_the_trainer_gets_its_model_back_in_training_mode(model: Any) -> None:
    model.train()
    BatchedSampler(model).sample_many(requests(2))
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_draws_follow_the_distribution() -> None:
    logprobs_V = torch.log(torch.tensor([0.5, 0.0, 0.3, 0.2]))
    chances_N = torch.linspace(0, 1 - 1e-9, 10_001, dtype=torch.float64)
    drawn_N = inverted(logprobs_V.expand(len(chances_N), -1), chances_N)
    shares = torch.bincount(drawn_N, minlength=4) / len(chances_N)
    assert torch.allclose(shares, torch.tensor([0.5, 0.0, 0.3, 0.2]), atol=1e-3)


def test_top_p_keeps_one_token_at_least_and_sums_to_one() -> None:
    logprobs_N_V = torch.log_softmax(torch.tensor([[0.0, 5.0, 1.0], [1.0, 1.1, 1.2]]), -1)
    kept = nucleus(logprobs_N_V, torch.tensor([1e-6, 0.5]))
    assert kept[0].exp().tolist() == pytest.approx([0.0, 1.0, 0.0])
    assert kept[1].exp().sum().item() == pytest.approx(1.0)
    assert (kept[1] > -torch.inf).tolist() == [False, True, True]


def test_very_different_lengths_go_in_batches_of_their_own() -> None:
    assert list(batches([10, 100, 12, 90, 11], 64)) == [[1, 3], [2, 4, 0]]
    assert list(batches([5, 5, 5], 2)) == [[0, 1], [2]]
    assert list(batches([], 2)) == []


def test_memory_that_runs_out_is_a_failure_of_its_batch_alone(model: Any) -> None:
    class Small(BatchedSampler):
        pass

    def forward(*args: Any, **kwargs: Any) -> Any:
        if kwargs["input_ids"].shape[1] > 10:
            raise torch.OutOfMemoryError
        return own(*args, **kwargs)

    own, model.forward = model.forward, forward
    try:
        answers = Small(model, batch_size=2).sample_many(requests(6, max_tokens=1))
    finally:
        model.forward = own
    assert [isinstance(answer, PolicyError) for answer in answers] == [False] * 4 + [True] * 2


def test_a_server_that_is_down_voids_rollouts_and_is_not_asked_before(model: Any) -> None:
    from agent.policies.endpoint import Endpoint
    from agent.policies.server import Served, ServerSampler
    from rl.rollouts.samplers.server import VllmSampler

    down = Endpoint("http://127.0.0.1:9/v1", timeout=2)
    assert batched(BatchedSampler(model))
    assert batched(VllmSampler(down, "tiny"))
    assert not batched(ServerSampler(Served(down, "tiny")))
    (answer,) = VllmSampler(down, "tiny").sample_many(requests(1))
    assert isinstance(answer, PolicyError)
