"""Choose how a recipe's rollouts are sampled: local model, vLLM, and a pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from accelerate.utils import broadcast_object_list

from agent.library import Library
from agent.models.sampling import Sampling
from agent.policies.endpoint import Endpoint
from agent.policies.language_model import ModelPolicy
from corpus.questions import Posed
from rl.recipes.recipe import Recipe
from rl.rollouts.pool import mixing, pool_file, read_pool
from rl.rollouts.rollout import Limits, Rollout, roll_out
from rl.rollouts.samplers import BatchSampler
from rl.rollouts.samplers.colocated import ColocatedSampler
from rl.rollouts.samplers.local import BatchedSampler
from rl.rollouts.samplers.server import VllmSampler
from rl.rollouts.samplers.weight_sync import AdapterSync, gathered
from rl.rollouts.trl_adapter import Play
from rl.run.progress import ProgressWatcher
from rl.run.run_directory import Run

Current = Callable[[Any], BatchSampler]
"""Returns a sampler with the trainer's current weights."""


def rollout_sampler_of(
    recipe: Recipe, run: Run, library: Library, codec: Any, watch: ProgressWatcher
) -> Play:
    """Return the function that samples a round's rollouts with the current weights and the pool.

    Raises:
        RecipeError: there is no such pool.
    """
    settings, current = recipe.rollout, _current(recipe, run)
    limits = Limits(settings.max_turns, settings.max_tokens, settings.concurrency)
    sampling = Sampling(temperature=settings.temperature, max_tokens=settings.turn_tokens)

    def play(trainer: Any, questions: Sequence[Posed], seed: int) -> list[Rollout]:
        policy = ModelPolicy(recipe.model.name, codec, current(trainer), sampling)
        count = len(questions)
        return roll_out(
            library,
            policy,
            questions,
            seed=seed,
            limits=limits,
            advance=lambda done: watch.rolled(done, count),
        )

    if settings.pool is None or not settings.pool_share:
        return play
    foreign = read_pool(pool_file(settings.pool, run.folder.parent))
    return mixing(play, foreign, settings.pool_share, recipe.train.group_size)


def _current(recipe: Recipe, run: Run) -> Current:
    settings = recipe.rollout
    if settings.sampler == "colocated":  # TRL gives its engine the new weights before every round
        return lambda trainer: ColocatedSampler(trainer.vllm_generation.llm)
    if settings.url is None:
        return lambda trainer: BatchedSampler(_model(trainer), settings.concurrency)
    endpoint = Endpoint(settings.url, timeout=settings.timeout)
    sampler = VllmSampler(endpoint, recipe.model.name, settings.concurrency)
    this_time = f"{run.name}-{uuid4().hex[:8]}"
    sync = AdapterSync(endpoint, sampler, run.folder / "adapters", this_time)

    def current(trainer: Any) -> BatchSampler:
        first, step = trainer.is_world_process_zero(), trainer.state.global_step
        model = _model(trainer)
        weights = gathered(model)
        names = [sync.push(model, step, weights) if first else ""]
        sampler.switch(broadcast_object_list(names)[0])
        return sampler

    return current


def _model(trainer: Any) -> Any:
    return trainer.accelerator.unwrap_model(trainer.model)
