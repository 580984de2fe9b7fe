"""vLLM sampler in the trainer's own process, on its GPU.

Weights are synchronised by TRL (``GRPOConfig.use_vllm``, ``vllm_mode="colocate"``): samples come
from the engine that :attr:`GRPOTrainer.vllm_generation` holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

from agent.models.sampling import Completion, Sampling
from agent.policy import PolicyError
from rl.rollouts.samplers import SamplingRequest, sample_one


class ColocatedSampler:
    """Samples from a vLLM engine in this process.

    Args:
        engine: a ``vllm.LLM``. It must report log-probs of the distribution that is sampled from
            (``logprobs_mode="processed_logprobs"``).
    """

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._lock = Lock()

    @property
    def context(self) -> int:
        """Return the context length: tokens of prompt and completion together."""
        return int(self._engine.llm_engine.model_config.max_model_len)

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        """Continue one prompt until a stop id or the token limit.

        Raises:
            PolicyError: the engine failed.
        """
        return sample_one(self, SamplingRequest(tuple(prompt_ids), sampling, stop_ids))

    def sample_many(self, requests: Sequence[SamplingRequest]) -> list[Completion | PolicyError]:
        """Continue each prompt; results keep their order, an error stands for a failed one."""
        prompts = [{"prompt_token_ids": list(request.prompt_ids)} for request in requests]
        with self._lock:
            outputs = self._engine.generate(
                prompts, [_parameters(request) for request in requests], use_tqdm=False
            )
        return [
            _completion(output.outputs[0], request.stop_ids)
            for output, request in zip(outputs, requests, strict=True)
        ]


def _parameters(request: SamplingRequest) -> Any:
    from vllm import SamplingParams

    sampling = request.sampling
    return SamplingParams(
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        seed=sampling.seed_for(request.prompt_ids),
        stop_token_ids=sorted(request.stop_ids),
        logprobs=0,
        detokenize=False,
    )


def _completion(output: Any, stop_ids: frozenset[int]) -> Completion | PolicyError:
    ids = tuple(output.token_ids)
    if not ids or output.logprobs is None:
        return PolicyError("vLLM answered with nothing.")
    logprobs = tuple(
        float(known[token].logprob) for token, known in zip(ids, output.logprobs, strict=True)
    )
    stop = "end" if ids[-1] in stop_ids else "length"
    return Completion.model_validate({"ids": ids, "logprobs": logprobs, "stop": stop})
