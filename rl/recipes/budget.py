"""Budget of a recipe: forward passes, tokens and memory, computed before anything is loaded.

Memory is the sum of tensor sizes, by formula: weights, gradients, AdamW's moments, what the
backward pass keeps, and the sampler's weights and key-value cache. It leaves out the allocator's
overhead, for which 10 to 20 % more is usual.
"""

from __future__ import annotations

import json
from pathlib import Path

from agent.models.catalogue import find_model
from corpus.model import Frozen
from rl.recipes.recipe import Recipe, RecipeError, Shape, TrainSettings

BYTES = {"float32": 4, "bfloat16": 2}
ADAM_BYTES = 8
"""Bytes per parameter of AdamW's first and second moment, in float32."""
NF4_BYTES = 0.516
"""Bytes per weight in NF4: 4 bits and the doubly quantised scales, 0.127 bits."""
PROMPT_TOKENS = 2048
"""Assumed tokens of the first prompt with its tools, where the recipe does not bound a rollout."""


class BatchBudget(Frozen):
    """Sizes of one round. ``steps`` are optimiser steps; passes and rollouts are per process."""

    rollouts: int
    rollouts_per_process: int
    passes_per_epoch: int
    accumulated: int
    steps_per_round: int
    steps: int


class TokenBudget(Frozen):
    """Most tokens of one rollout, and of the whole run: generated, and trained on."""

    thread: int
    written_per_round: int
    learnt_per_round: int
    learnt: int


class MemoryBudget(Frozen):
    """Most GiB of each process; ``sampler`` is vLLM's, on a server or colocated, or 0."""

    parameters: int
    trained: int
    weights: float
    gradients: float
    optimiser: float
    activations: float
    sampler: float

    @property
    def training(self) -> float:
        """Return the GiB that one process needs during the optimiser step."""
        return self.weights + self.gradients + self.optimiser + self.activations


def batch_budget(train: TrainSettings) -> BatchBudget:
    """Return the sizes of a round.

    Raises:
        RecipeError: the batch sizes do not divide each other.
    """
    rollouts = train.questions * train.group_size
    own = train.questions // train.processes * train.group_size
    passes = own // train.micro_batch
    _divides(train.processes, train.questions, "train.questions", "train.processes", "groups")
    _divides(train.micro_batch, own, "the rollouts of a process", "train.micro_batch", "passes")
    _divides(train.minibatches, passes, "the passes of an epoch", "train.minibatches", "steps")
    per_round = train.epochs * train.minibatches
    return BatchBudget(
        rollouts=rollouts,
        rollouts_per_process=own,
        passes_per_epoch=passes,
        accumulated=passes // train.minibatches,
        steps_per_round=per_round,
        steps=per_round * train.rounds,
    )


def _divides(divisor: int, number: int, what: str, by: str, into: str) -> None:
    if number == 0 or number % divisor:
        raise RecipeError(
            f"The batch does not divide into whole {into}: {what} are {number}, which is not a"
            f" multiple of {by} = {divisor}."
        )


def token_budget(recipe: Recipe) -> TokenBudget:
    """Return the token counts of a run in which every rollout is as long as allowed."""
    batch, settings = batch_budget(recipe.train), recipe.rollout
    own = settings.turn_tokens * settings.max_turns
    thread = settings.max_tokens or PROMPT_TOKENS + 2 * own
    learnt = batch.rollouts * thread * recipe.train.epochs
    return TokenBudget(
        thread=thread,
        written_per_round=batch.rollouts * min(own, thread),
        learnt_per_round=learnt,
        learnt=learnt * recipe.train.rounds,
    )


def parameters(shape: Shape) -> int:
    """Return the number of weights of a decoder with gated layers and grouped-query attention."""
    width = shape.hidden // shape.heads * shape.key_value_heads
    attention = 2 * shape.hidden * (shape.hidden + width)
    biases = shape.hidden + 2 * width if shape.biased else 0
    layer = attention + biases + 3 * shape.hidden * shape.intermediate + 2 * shape.hidden
    tables = shape.vocabulary * shape.hidden * (1 if shape.tied else 2)
    return shape.layers * layer + tables + shape.hidden


def adapter_parameters(recipe: Recipe, shape: Shape) -> int:
    """Return the number of weights of the LoRA adapter; 0 without one."""
    lora = recipe.model.lora
    if lora is None:
        return 0
    hidden, width = shape.hidden, shape.hidden // shape.heads * shape.key_value_heads
    sides = {
        "q_proj": (hidden, hidden),
        "k_proj": (hidden, width),
        "v_proj": (hidden, width),
        "o_proj": (hidden, hidden),
        "gate_proj": (hidden, shape.intermediate),
        "up_proj": (hidden, shape.intermediate),
        "down_proj": (shape.intermediate, hidden),
    }
    return shape.layers * sum(lora.rank * sum(sides.get(name, (0, 0))) for name in lora.targets)


def memory_budget(recipe: Recipe, shape: Shape) -> MemoryBudget:
    """Return the memory of one process; weights and states are sharded evenly over processes."""
    total, adapter = parameters(shape), adapter_parameters(recipe, shape)
    trained, size = adapter or total, BYTES[recipe.model.dtype]
    held = 4 if adapter else size
    gib, shards = 2**30, recipe.train.processes
    return MemoryBudget(
        parameters=total,
        trained=trained,
        weights=(_weights(recipe, shape) + adapter * 4) / shards / gib,
        gradients=trained * held / shards / gib,
        optimiser=trained * (ADAM_BYTES if held == 4 else 2 * size) / shards / gib,
        activations=_activations(recipe, shape) / gib,
        sampler=_sampler(recipe, shape) / gib,
    )


def _weights(recipe: Recipe, shape: Shape) -> float:
    """Return the bytes of the weights; in NF4 only layers are quantised, tables are float32."""
    total = parameters(shape)
    if recipe.model.quantised is None:
        return total * BYTES[recipe.model.dtype]
    tables = shape.vocabulary * shape.hidden * (1 if shape.tied else 2)
    return tables * 4 + (total - tables) * NF4_BYTES


def _activations(recipe: Recipe, shape: Shape) -> float:
    """Return the GiB that the backward pass keeps: all activations, or each layer's input only."""
    size = BYTES[recipe.model.dtype]
    tokens = recipe.train.micro_batch * token_budget(recipe).thread
    inner = (8 * shape.hidden + 4 * shape.intermediate) * size
    kept = shape.layers * shape.hidden * size + inner
    full = shape.layers * inner
    return float(tokens * (kept if recipe.model.gradient_checkpointing else full))


def _sampler(recipe: Recipe, shape: Shape) -> float:
    """Return the GiB of vLLM's weights and cache for ``rollout.concurrency`` rollouts, or 0."""
    if recipe.rollout.sampler == "local":
        return 0.0
    width = shape.hidden // shape.heads * shape.key_value_heads
    cache = 2 * shape.layers * width * 2 * recipe.rollout.concurrency * token_budget(recipe).thread
    return float(parameters(shape) * 2 + cache)


def shape_of(recipe: Recipe) -> Shape | None:
    """Return the model's architecture, from the recipe or the model's folder, else ``None``.

    Raises:
        ModelError: there is no such model.
    """
    if recipe.model.shape is not None:
        return recipe.model.shape
    file = Path(find_model(recipe.model.name).location) / "config.json"
    if not file.is_file():
        return None
    config = json.loads(file.read_text(encoding="utf-8"))
    heads = config["num_attention_heads"]
    return Shape(
        layers=config["num_hidden_layers"],
        hidden=config["hidden_size"],
        intermediate=config["intermediate_size"],
        heads=heads,
        key_value_heads=config.get("num_key_value_heads", heads),
        vocabulary=config["vocab_size"],
        tied=config.get("tie_word_embeddings", False),
        biased=config.get("attention_bias", config.get("model_type") == "qwen2"),
    )
