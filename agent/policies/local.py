"""A language model in this process, through ``transformers``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from agent.models.catalogue import ModelError, open_location
from agent.models.sampling import Completion, OnIds, Sampling
from agent.models.tokenizers import first_line, open_codec
from agent.policies.language_model import ModelPolicy
from agent.policy import PolicyError

try:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, DynamicCache
    from transformers.utils.logging import disable_progress_bar
except ImportError as missing:
    raise ModelError(f"{missing.name} is not installed: pip install 'inforce[train]'.") from missing


def local_policy(
    model: str,
    *,
    adapter: Path | None = None,
    sampling: Sampling | None = None,
    device: str | None = None,
    dtype: str | None = None,
) -> ModelPolicy:
    """Load a model and return its policy.

    Args:
        model: a name (``smollm2``, ``tiny``), a folder or a hub id.
        adapter: a LoRA adapter to apply, as ``peft`` saves it.
        sampling: sampling parameters.
        device: such as ``cpu`` or ``cuda``; by default the GPU if there is one.
        dtype: such as ``float32`` or ``bfloat16``; by default as the weights were saved.

    Raises:
        ModelError: the model or adapter is missing, unprepared or damaged.
    """
    codec = open_codec(model)
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    network = _load(model, adapter, dtype or "auto").to(place)
    name = f"local:{model}" + (f"+{adapter.name}" if adapter else "")
    return ModelPolicy(name, codec, LocalSampler(network), sampling or Sampling())


class LocalSampler:
    """Samples token by token from a causal language model; one completion at a time."""

    def __init__(self, model: Any) -> None:
        self.model = model.eval()
        self._lock = Lock()

    @property
    def context(self) -> int:
        """Return the context length: tokens of prompt and completion together."""
        return int(self.model.config.max_position_embeddings)

    def sample(
        self, prompt_ids: Sequence[int], sampling: Sampling, stop_ids: frozenset[int]
    ) -> Completion:
        """Continue a prompt until a stop id or the token limit.

        Raises:
            PolicyError: out of memory.
        """
        return self.stream(prompt_ids, sampling, stop_ids, lambda _: None)

    def stream(
        self,
        prompt_ids: Sequence[int],
        sampling: Sampling,
        stop_ids: frozenset[int],
        on_ids: OnIds,
    ) -> Completion:
        """Like :meth:`sample`, calling ``on_ids`` with each id as it is sampled.

        Raises:
            PolicyError: out of memory.
        """
        try:
            with self._lock, torch.inference_mode():
                return self._sample(prompt_ids, sampling, stop_ids, on_ids)
        except torch.OutOfMemoryError as error:
            words = f"Memory ran out on a prompt of {len(prompt_ids)} tokens."
            raise PolicyError(words) from error

    def _sample(
        self,
        prompt_ids: Sequence[int],
        sampling: Sampling,
        stop_ids: frozenset[int],
        on_ids: OnIds,
    ) -> Completion:
        generator = torch.Generator().manual_seed(sampling.seed_for(prompt_ids))
        cache = DynamicCache(config=self.model.config)
        ids: list[int] = []
        logprobs: list[float] = []
        fed = list(prompt_ids)
        while len(ids) < sampling.max_tokens:
            token, logprob = draw(self._logits(fed, cache), sampling, generator)
            ids.append(token)
            logprobs.append(logprob)
            on_ids([token])
            if token in stop_ids:
                return Completion(ids=tuple(ids), logprobs=tuple(logprobs), stop="end")
            fed = [token]
        return Completion(ids=tuple(ids), logprobs=tuple(logprobs), stop="length")

    def _logits(self, ids: Sequence[int], cache: Any) -> Any:
        """Return the logits, shape (V,), of the token after ``ids``, which extend the cache."""
        batch = torch.tensor([list(ids)], device=self.model.device)
        found = self.model(batch, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return found.logits[0, -1].float().cpu()


def draw(logits_V: Any, sampling: Sampling, generator: Any) -> tuple[int, float]:
    """Sample a token; return it and its log-prob under the sampling distribution."""
    if sampling.temperature == 0:
        logprobs_V = torch.log_softmax(logits_V, dim=-1)
        token = int(logprobs_V.argmax())
    else:
        logprobs_V = _nucleus(torch.log_softmax(logits_V / sampling.temperature, dim=-1), sampling)
        token = int(torch.multinomial(logprobs_V.exp(), 1, generator=generator))
    return token, float(logprobs_V[token])


def _nucleus(logprobs_V: Any, sampling: Sampling) -> Any:
    """Keep the top-p tokens, at least one; the others get log-prob -inf."""
    if sampling.top_p == 1:
        return logprobs_V
    ordered, order = logprobs_V.sort(descending=True)
    before = ordered.exp().cumsum(dim=-1) - ordered.exp()
    out = order[before >= sampling.top_p]
    return torch.log_softmax(logprobs_V.index_fill(0, out, -torch.inf), dim=-1)


def _load(model: str, adapter: Path | None, dtype: str) -> Any:
    disable_progress_bar()
    try:
        network = AutoModelForCausalLM.from_pretrained(open_location(model), dtype=dtype)
        return network if adapter is None else _with_adapter(network, adapter)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{model} cannot be loaded: {first_line(error)}") from error


def _with_adapter(network: Any, adapter: Path) -> Any:
    """Apply a LoRA adapter to a model and merge it."""
    if not (adapter / "adapter_config.json").is_file():
        raise ModelError(f"{adapter} holds no adapter: there is no adapter_config.json.")
    try:
        from peft import PeftModel
    except ImportError as missing:
        raise ModelError("peft is not installed: pip install 'inforce[train]'.") from missing
    return PeftModel.from_pretrained(network, str(adapter)).merge_and_unload()
