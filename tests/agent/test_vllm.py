"""The tiny model behind a real vLLM. ``INFORCE_VLLM_PYTHON`` names the interpreter that has it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("peft", reason="needs the extra train")

import peft
import torch

from agent.graph.run import ask
from agent.library import Library
from agent.models.catalogue import open_location
from agent.models.sampling import Completion, Sampling
from agent.models.serving import Serving
from agent.models.token_sequence import episode
from agent.policies.endpoint import Endpoint
from agent.policies.language_model import ModelPolicy
from agent.policies.local import local_policy
from agent.policies.server import Served, server_policy
from agent.policy import PolicyError
from agent.trace import StopReason
from tests.agent.test_rendering import state
from tests.vllm import marks, serving_tiny

CONTEXT = 4096

pytestmark = marks


PROMPT = tuple(range(40, 100))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    home = tmp_path_factory.mktemp("home")
    yield from serving_tiny(home, lambda: {"context": CONTEXT, "adapter": adapter(home / "judge")})


def adapter(folder: Path) -> Path:
    """Write a LoRA adapter with random weights for the tiny model."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(7)
    base = AutoModelForCausalLM.from_pretrained(open_location("tiny"), dtype=torch.float32)
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    peft.get_peft_model(base, config).save_pretrained(folder)
    return folder


def policy(server: Serving, model: str = "tiny", **settings: Any) -> ModelPolicy:
    sampling = Sampling(**{"max_tokens": 24, "temperature": 1.0, **settings})
    made = server_policy(Served(Endpoint(server.url), model), tokenizer="tiny", sampling=sampling)
    assert isinstance(made, ModelPolicy)
    return made


def logprobs(model: ModelPolicy, drawn: Completion, temperature: float = 1.0) -> Any:
    """Return the log-probs, shape (T,), that one forward pass gives to what was drawn."""
    sampler: Any = model.sampler
    with torch.inference_mode():
        batch = torch.tensor([[*PROMPT, *drawn.ids]])
        logits_T_V = sampler.model(batch).logits[0, len(PROMPT) - 1 : -1].float()
    logprobs_T_V = torch.log_softmax(logits_T_V / temperature, dim=-1)
    return logprobs_T_V[range(len(drawn.ids)), list(drawn.ids)]


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
def test_logprobs_of_vllm_are_those_of_a_forward_pass(server: Serving, temperature: float) -> None:
    served_by = policy(server, temperature=temperature)
    drawn = served_by.sampler.sample(PROMPT, served_by.sampling, frozenset())
    expected = logprobs(local_policy("tiny", device="cpu"), drawn, temperature or 1.0)
    assert torch.allclose(torch.tensor(drawn.logprobs), expected, atol=0.05, rtol=0), (
        "more than bf16 explains"
    )


def test_an_adapter_is_served_beside_its_model(server: Serving) -> None:
    assert server.adapter is not None
    served_by = policy(server, "judge", temperature=0.0)
    drawn = served_by.sampler.sample(PROMPT, served_by.sampling, frozenset())
    base = local_policy("tiny", device="cpu")
    adapted = local_policy("tiny", device="cpu", adapter=server.adapter)
    found = torch.tensor(drawn.logprobs)
    assert torch.allclose(found, logprobs(adapted, drawn), atol=0.05, rtol=0)
    assert not torch.allclose(found, logprobs(base, drawn), atol=0.1, rtol=0)


def test_what_is_streamed_is_what_is_returned(server: Serving) -> None:
    made = policy(server)
    told: list[str] = []
    streamed, whole = made.stream(state(), told.append), made.act(state())
    assert streamed == whole
    assert len(told) > 3
    assert made.codec.decode(streamed.completion_ids).startswith("".join(told))
    chat = server_policy(Served(Endpoint(server.url), "tiny"), sampling=made.sampling)
    said: list[str] = []
    assert chat.stream(state(), said.append).text == "".join(said)


def test_the_token_that_ends_a_turn_comes_back(server: Serving) -> None:
    made = policy(server)
    free = made.sampler.sample((40, 50, 60), made.sampling, frozenset())
    stopped = made.sampler.sample((40, 50, 60), made.sampling, frozenset({free.ids[7]}))
    at = free.ids.index(free.ids[7])
    assert stopped.stop == "end"
    assert stopped.ids == free.ids[: at + 1]


def test_a_thread_keeps_its_ids_and_repeats(server: Serving, library: Library) -> None:
    question = "第四十六条? 👩‍⚖️"
    first, again = (
        ask(library, question, as_at=date(2001, 1, 1), policy=policy(server)) for _ in range(2)
    )
    assert first.stop is StopReason.TURN_BUDGET
    assert [turn.completion_ids for turn in first.turns] == [t.completion_ids for t in again.turns]
    assert sum(episode(first.turns).mask) == sum(len(turn.completion_ids) for turn in first.turns)


def test_long_prompts_with_seeds_side_by_side_do_not_kill_the_server(server: Serving) -> None:
    made = policy(server)
    prompts = [tuple(range(40 + n, 1000)) * 3 for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        drawn = list(
            pool.map(lambda ids: made.sampler.sample(ids, made.sampling, frozenset()), prompts)
        )
    assert all(0 < len(completion.ids) <= 24 for completion in drawn)


def test_a_thread_longer_than_the_servers_context_is_said_before_it_is_sent(
    server: Serving,
) -> None:
    with pytest.raises(PolicyError, match=f"server:tiny takes {CONTEXT}, of which 24"):
        policy(server).act(state(question="第" * 5000))


def test_the_server_says_why_it_refuses(server: Serving) -> None:
    endpoint = Endpoint(server.url)
    with pytest.raises(PolicyError, match="has no model 'teeny'; it serves tiny"):
        policy(server, "teeny").act(state())
    with pytest.raises(PolicyError, match=r"refused \(400\).*maximum context length"):
        endpoint.call("/completions", {"model": "tiny", "prompt": [5] * 5000, "max_tokens": 10})


def test_any_client_can_chat_with_it(server: Serving, library: Library, tmp_path: Path) -> None:
    """A random model writes nothing sensible; the exchange works all the same."""
    made = server_policy(Served(Endpoint(server.url), "tiny"), sampling=Sampling(max_tokens=8))
    trace = ask(library, "How long?", as_at=date(2001, 1, 1), policy=made)
    assert trace.stop is StopReason.TURN_BUDGET, trace.abstention
