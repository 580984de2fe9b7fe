"""What a recipe needs of the machine that trains it; told by a dry run, demanded by a run."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from rl.recipes.recipe import Recipe, RecipeError
from rl.rollouts.pool import pool_file


def missing(recipe: Recipe, home: Path) -> list[str]:
    """Return what is missing here, a sentence each.

    Args:
        recipe: what is to be trained.
        home: the folder of runs.
    """
    return [words for words in (_no_vllm(recipe), _no_pool(recipe, home)) if words is not None]


def check_requirements(recipe: Recipe, home: Path) -> None:
    """Refuse to start where something is missing.

    Raises:
        RecipeError: names the first thing.
    """
    for words in missing(recipe, home):
        raise RecipeError(words)


def _no_vllm(recipe: Recipe) -> str | None:
    if recipe.rollout.sampler != "colocated" or find_spec("vllm") is not None:
        return None
    return (
        "rollout.sampler = 'colocated' needs vLLM in the environment that trains, where it is not"
        " installed: pip install 'inforce[train,vllm]'."
    )


def _no_pool(recipe: Recipe, home: Path) -> str | None:
    settings = recipe.rollout
    if settings.pool is None or not settings.pool_share:
        return None
    try:
        pool_file(settings.pool, home)
    except RecipeError as fault:
        return str(fault)
    return None
