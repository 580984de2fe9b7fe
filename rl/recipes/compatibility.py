"""Compatibility of methods and settings, checked when a recipe is read. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable

from rl.recipes.recipe import Recipe, RecipeError
from rl.rewards.judge import JUDGE, prompt_template
from rl.rewards.plugins import available_rewards

NEEDS_A_RATIO = frozenset({"nsr", "kl_cov"})
"""Methods that have no effect while the probability ratio is exactly 1."""

NEEDS_A_POOL = frozenset({"tis", "ftis_filter"})
"""Methods for off-policy rollouts. With vLLM, ``tis`` also corrects sampler-trainer mismatch."""


def check_composition(recipe: Recipe) -> None:
    """Check that the methods and settings of a recipe are compatible and all have an effect.

    Raises:
        RecipeError: two methods exclude each other, or one can have no effect.
    """
    for rule in RULES:
        words = rule(recipe)
        if words is not None:
            raise RecipeError(f"The recipe {recipe.name} is inconsistent: {words}")


def _inert(recipe: Recipe) -> str | None:
    train = recipe.train
    idle = sorted(NEEDS_A_RATIO & _kinds(recipe))
    if not idle or train.epochs * train.minibatches > 1:
        return None
    return (
        f"{idle[0]} has no effect while each rollout is trained on once, because the ratio is"
        " then exactly 1; set train.epochs or train.minibatches to 2 or more."
    )


def _two_pickers(recipe: Recipe) -> str | None:
    if "delta" not in _kinds(recipe) or recipe.objective.top_entropy == 1.0:
        return None
    return "delta and top_entropy both choose tokens; keep one of them."


def _tiar_scale(recipe: Recipe) -> str | None:
    tiar = next((m for m in recipe.objective.post if m.kind == "tiar"), None)
    if tiar is None or recipe.objective.advantage.kind != "lampo":
        return None
    if {"lam", "relative"} & tiar.model_fields_set:
        return None
    return (
        "tiar's default lam is in standard deviations of a group, which lampo does not divide by;"
        " give lam yourself, at lampo's scale (see advantage/std in metrics.jsonl) or relative."
    )


def _twice(recipe: Recipe) -> str | None:
    kinds = [method.kind for method in recipe.objective.methods()]
    again = next((kind for kind in kinds if kinds.count(kind) > 1), None)
    return None if again is None else f"{again} is named twice."


def _unknown_reward(recipe: Recipe) -> str | None:
    known = available_rewards(recipe.reward_plugins)
    unknown = next((name for name in recipe.rewards if name not in known), None)
    if unknown is None:
        return None
    return f"there is no reward '{unknown}'; there are {', '.join(known)}."


def _no_judge(recipe: Recipe) -> str | None:
    if (recipe.judge is None) != (JUDGE not in recipe.rewards):
        return "the reward judge is what the model of [judge] grades; give both or neither."
    if recipe.judge is not None:
        prompt_template(recipe.judge.prompt)
    return None


def _one_teacher(recipe: Recipe) -> str | None:
    if recipe.warm_start is None or recipe.train.processes == 1:
        return None
    return "a warm start is made by one process; make it in a run of one, and name its model here."


def _no_pool(recipe: Recipe) -> str | None:
    foreign = NEEDS_A_POOL if recipe.rollout.sampler == "local" else NEEDS_A_POOL - {"tis"}
    idle = _kinds(recipe) & foreign
    if not idle or recipe.rollout.pool is not None:
        return None
    return (
        f"{min(idle)} has no effect on rollouts that the policy sampled itself; set rollout.pool to"
        " a run whose rollouts are mixed in."
    )


def _quantised_alone(recipe: Recipe) -> str | None:
    if recipe.model.quantised is None:
        return None
    if recipe.model.lora is None:
        return "model.quantised holds weights that cannot be trained in 4 bits; set model.lora."
    if recipe.rollout.sampler != "local":
        return (
            f"the sampler {recipe.rollout.sampler} holds the weights whole, and model.quantised in"
            " 4 bits, so that their log-probs differ; use the sampler local."
        )
    return None


def _no_gpu(recipe: Recipe) -> str | None:
    if recipe.rollout.sampler != "colocated" or recipe.train.device != "cpu":
        return None
    return "the sampler colocated runs on the trainer's GPU, and train.device is cpu."


def _no_url(recipe: Recipe) -> str | None:
    at_a_server = recipe.rollout.sampler == "vllm"
    if at_a_server != (recipe.rollout.url is not None):
        return "rollout.url is where the sampler vllm listens; give both or neither."
    if at_a_server and recipe.model.lora is None:
        return "a vLLM server takes new weights as adapters only; set model.lora."
    return None


def _two_sources(recipe: Recipe) -> str | None:
    if recipe.data.questions is None or recipe.data.synthetic is None:
        return None
    return "data.questions and data.synthetic both say where questions come from; keep one."


def _no_weight(recipe: Recipe) -> str | None:
    if any(recipe.rewards.values()) or recipe.objective.channels:
        return None
    return "every reward has weight 0, so there is nothing to learn from."


def _labels_that_count(recipe: Recipe) -> str | None:
    posts = [method.kind for method in recipe.objective.post]
    if (recipe.labels is None) != ("soft_adv" not in posts):
        return (
            "[labels] leaves questions without a label, and soft_adv lets them count for less; use"
            " both or neither."
        )
    if recipe.labels is not None and posts[-1] != "soft_adv":
        return "soft_adv must be the last of objective.post, or others undo what it set to 0."
    return None


def _uncounted_gold(recipe: Recipe) -> str | None:
    """Return what would read gold answers past the source of labels, or move weights without."""
    if recipe.labels is None:
        return None
    if recipe.warm_start is not None:
        return (
            "a warm start reads gold answers that [labels] does not count; make it in a run of its"
            " own, and name the folder of its model here."
        )
    if recipe.objective.additives:
        return (
            f"{recipe.objective.additives[0].kind} adds to the advantage of questions without a"
            " label, which [labels] holds at 0."
        )
    if recipe.labels.wait and recipe.train.checkpoint_every > 1:
        return "labels.wait may stop after any round, so train.checkpoint_every is 1 with it."
    if recipe.train.processes > 1:
        return "[labels] chooses among all questions of a round, in one process."
    return None


def _resampled_labels(recipe: Recipe) -> str | None:
    if recipe.labels is None or not recipe.rollout.resample:
        return None
    return "rollout.resample replaces questions by their rewards, which [labels] withholds."


def _label_source(recipe: Recipe) -> str | None:
    labels = recipe.labels
    if labels is None:
        return None
    if (labels.source == "file") != (labels.file is not None):
        return "labels.file is what the source file reads; give both or neither."
    if labels.project is not None and labels.source != "queue":
        return "labels.project is the project of the source queue."
    if labels.policy == "oracle_cag" and labels.source != "gold":
        return "oracle_cag chooses by gold answers, so its source is gold."
    return None


def _kinds(recipe: Recipe) -> frozenset[str]:
    return frozenset(method.kind for method in recipe.objective.methods())


RULES: tuple[Callable[[Recipe], str | None], ...] = (
    _inert,
    _two_pickers,
    _tiar_scale,
    _twice,
    _no_weight,
    _unknown_reward,
    _no_judge,
    _no_url,
    _no_gpu,
    _quantised_alone,
    _no_pool,
    _one_teacher,
    _two_sources,
    _labels_that_count,
    _uncounted_gold,
    _resampled_labels,
    _label_source,
)
