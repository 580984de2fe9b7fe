"""Requirements of a recipe on this machine; a dry run prints them, a run checks them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from rl.recipes.recipe import Recipe, RecipeError
from rl.rollouts.pool import pool_file


def missing(recipe: Recipe, home: Path) -> list[str]:
    """Return one sentence for each requirement that is missing.

    Args:
        recipe: the recipe to check.
        home: folder of runs.
    """
    found = (_no_vllm(recipe), _no_bitsandbytes(recipe), _no_pool(recipe, home))
    return [words for words in found if words is not None] + _no_trackers(recipe)


def check_requirements(recipe: Recipe, home: Path) -> None:
    """Check the requirements of a recipe.

    Raises:
        RecipeError: one is missing; the message names the first.
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


def _no_bitsandbytes(recipe: Recipe) -> str | None:
    if recipe.model.quantised is None or find_spec("bitsandbytes") is not None:
        return None
    return "model.quantised needs bitsandbytes: pip install 'inforce[train,qlora]'."


def _no_pool(recipe: Recipe, home: Path) -> str | None:
    settings = recipe.rollout
    if settings.pool is None or not settings.pool_share:
        return None
    try:
        pool_file(settings.pool, home)
    except RecipeError as fault:
        return str(fault)
    return None


def _no_trackers(recipe: Recipe) -> list[str]:
    return [
        f"train.report_to = '{name}' needs its package: pip install 'inforce[train,{name}]'."
        for name in recipe.train.report_to
        if find_spec(name) is None
    ]
