"""A recipe: what to train, on what, for what, and how. TOML into frozen data; needs no torch."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.questions import Family, Split


class RecipeError(BadInputError):
    """A recipe that cannot be run; nothing was started."""


def _method(value: object) -> object:
    """Read a method given by its name alone."""
    return {"kind": value} if isinstance(value, str) else value


def _methods(value: object) -> object:
    """Read one method or several, each by name or as a table."""
    many = value if isinstance(value, list | tuple) else [value]
    return tuple(_method(one) for one in many)


class Method(BaseModel, frozen=True, extra="allow"):
    """A method and its own settings, which its file in ``rl/objective/methods`` checks."""

    kind: str


One = Annotated[Method, BeforeValidator(_method)]
Many = Annotated[tuple[Method, ...], BeforeValidator(_methods)]


class Shape(Frozen):
    """The architecture, to count its parameters without opening it."""

    layers: int = Field(ge=1)
    hidden: int = Field(ge=1)
    intermediate: int = Field(ge=1)
    heads: int = Field(ge=1)
    key_value_heads: int = Field(ge=1)
    vocabulary: int = Field(ge=1)
    tied: bool = False
    biased: bool = False
    """Queries, keys and values have biases."""


class Lora(Frozen):
    """Train a low-rank adapter and leave the weights alone."""

    rank: int = Field(default=16, ge=1)
    alpha: float = Field(default=32.0, gt=0)
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj")


class ModelSettings(Frozen):
    """Which model, and how its weights are held."""

    name: str = "tiny"
    """``tiny``, ``smollm2``, a folder, or a hub id."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Of the weights."""
    autocast: bool = False
    """Compute in bfloat16 although the weights are float32."""
    lora: Lora | None = None
    gradient_checkpointing: bool = False
    prompt_format: Literal["learnt"] | None = None
    """``learnt``: prompts say nothing of the tools, results are short, and versions are cited by
    handles such as ``[1]`` (:mod:`agent.models.short_prompt`); the model must have a warm start, or
    have had one. Left out, it is what the model's tokenizer says."""
    shape: Shape | None = None
    """Read from the model's own configuration where that is at hand."""


class DataSettings(Frozen):
    """Which questions."""

    questions: Path | None = None
    """A file of ``inforce questions make``; left out, they are made from the corpus loaded."""
    per_family: int | None = Field(default=None, ge=1)
    """At most so many of a family per work, where they are made here."""
    synthetic: int | None = Field(default=None, ge=100)
    """Practise on a synthetic statute book of so many versions, not on the corpus loaded."""
    synthetic_seed: int = Field(default=0, ge=0)
    synthetic_act: int | None = Field(default=None, ge=1)
    """Rows of one of its acts at most. Small acts make many titles, so that copying one pays
    and remembering it does not."""
    longest: int | None = Field(default=None, ge=1)
    """Leaves out what has no short answer: figures of more characters, and whole texts."""
    split: Split = "train"
    families: tuple[Family, ...] = tuple(Family)
    languages: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()


class RolloutSettings(Frozen):
    """How the policy is run on the questions."""

    sampler: Literal["local", "vllm"] = "local"
    url: str | None = None
    """Of the vLLM server, for the sampler ``vllm``."""
    timeout: float = Field(default=600.0, gt=0.0)
    """Seconds that the server may take for one completion; with an adapter the first is slow."""
    temperature: float = Field(default=1.0, gt=0.0)
    turn_tokens: int = Field(default=256, ge=1)
    """Most tokens that the model writes in one turn."""
    max_turns: int = Field(default=8, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    """Most tokens of a whole thread."""
    width: int = Field(default=64, ge=1)
    """Threads at once."""
    pool: Path | None = None
    """A run whose rollouts are mixed in (``tis`` and ``ftis_filter`` weigh them)."""
    pool_share: float = Field(default=0.5, ge=0.0, lt=1.0)
    """How much of each group comes from the pool, as far as it knows the question."""
    max_void: float = Field(default=0.2, ge=0.0, le=1.0)
    """The run stops when a greater share of a round was voided by failures."""
    max_gap: float = Field(default=0.1, gt=0.0)
    """The run stops when sampler and trainer differ more than this, in nats per token."""


class ObjectiveSettings(Frozen):
    """What is optimised, slot by slot (``docs/methods.md``). All at its default is plain GRPO."""

    advantage: One = Method(kind="grpo")
    post: Many = ()
    weights: Many = ()
    additives: Many = ()
    clip: One = Method(kind="ppo")
    regularisers: Many = ()
    channels: Many = ()
    loss: Literal["dapo", "dr_grpo", "grpo", "bnpo"] = "dapo"
    """How the tokens' losses are averaged."""
    epsilon_low: float = Field(default=0.2, gt=0.0, lt=1.0)
    epsilon_high: float = Field(default=0.28, gt=0.0)
    ratio_cap: float | None = Field(default=None, gt=1.0)
    """Two-sided clip: bounds the ratio of tokens with a negative advantage."""
    kl: float = Field(default=0.0, ge=0.0)
    """Weight of the KL divergence to the model that the run began with."""
    entropy: float = Field(default=0.0, ge=0.0)
    """Weight of the bonus for entropy."""
    top_entropy: float = Field(default=1.0, gt=0.0, le=1.0)
    """Only this share of the tokens, those of highest entropy, is learnt from."""

    def methods(self) -> tuple[Method, ...]:
        """Return every method of the recipe, in the order of the slots."""
        chosen = (*self.channels, self.advantage, *self.post, *self.weights, *self.additives)
        return (*chosen, self.clip, *self.regularisers)


class WarmStart(Frozen):
    """A supervised start on demonstrations of a scripted expert."""

    demonstrations: int = Field(ge=1)
    misdated: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of demonstrations in which the expert reads the law of ``today`` whatever the day asked
    about, as models do that were trained on all law at once. The care for dates is then left to
    reinforcement learning."""
    today: date = date(2030, 12, 31)
    """Nothing in a synthetic statute book is newer."""
    epochs: int = Field(default=1, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    batch: int = Field(default=8, ge=1)


class TrainSettings(Frozen):
    """How long, how much at once, and how fast.

    A round asks ``questions`` questions ``group_size`` times each and learns from the rollouts in
    ``epochs`` x ``minibatches`` optimiser steps.
    """

    rounds: int = Field(default=100, ge=1)
    questions: int = Field(default=8, ge=1)
    group_size: int = Field(default=8, ge=2)
    micro_batch: int = Field(default=8, ge=1)
    """Rollouts of one forward and backward pass of one process."""
    minibatches: int = Field(default=1, ge=1)
    epochs: int = Field(default=2, ge=1)
    processes: int = Field(default=1, ge=1)
    learning_rate: float = Field(default=1e-6, gt=0)
    schedule: Literal["constant", "constant_with_warmup", "linear", "cosine"] = "constant"
    warmup_steps: int = Field(default=0, ge=0)
    weight_decay: float = Field(default=0.0, ge=0.0)
    max_grad_norm: float = Field(default=1.0, gt=0.0)
    seed: int = Field(default=0, ge=0)
    device: str | None = None
    """``cpu``, or left out: the GPU where there is one."""
    checkpoint_every: int = Field(default=10, ge=1)
    """Rounds between checkpoints; the last round always has one."""
    keep: int = Field(default=2, ge=1)
    """Checkpoints kept, the newest."""


class Recipe(Frozen):
    """Everything that decides a training run."""

    name: str
    about: str = ""
    model: ModelSettings = ModelSettings()
    data: DataSettings = DataSettings()
    rollout: RolloutSettings = RolloutSettings()
    rewards: dict[str, float] = Field(default={"temporal": 1.0}, min_length=1)
    """Reward channels and their weights."""
    objective: ObjectiveSettings = ObjectiveSettings()
    warm_start: WarmStart | None = None
    train: TrainSettings = TrainSettings()


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe by the name of one that comes with InForce, or from a file.

    Args:
        name: such as ``tiny-grpo``, or a path ending in ``.toml``.
        overrides: ``a.b=c`` each; the value is TOML, or else a plain word.

    Raises:
        RecipeError: there is no such recipe, or it says something that cannot be.
    """
    table = _table(name)
    for override in overrides:
        _set(table, override)
    return read_recipe(table, f"{name.removesuffix('.toml')}.toml")


def _table(name: str) -> dict[str, Any]:
    """Read a recipe's table over the one that it ``extends``."""
    path = _find(name)
    table = read_toml(path, name)
    named = {"name": path.stem, **table}
    parent = named.pop("extends", None)
    if parent == name:
        raise RecipeError(f"The recipe {name} extends itself.")
    return named if parent is None else _over(_table(parent), named)


def read_toml(path: Path, name: str) -> dict[str, Any]:
    """Read the file of the recipe ``name``.

    Raises:
        RecipeError: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise RecipeError(f"The recipe {name} cannot be read: {fault.strerror}.") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise RecipeError(f"{path.name} is not TOML: {fault}.") from fault


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return one table over another: tables within are merged, all else is replaced."""
    merged = {**below, **above}
    for key in below.keys() & above.keys():
        if (
            isinstance(below[key], dict)
            and isinstance(above[key], dict)
            and "kind" not in above[key]
        ):
            merged[key] = _over(below[key], above[key])
    return merged


def read_recipe(table: Mapping[str, Any], source: str) -> Recipe:
    """Check a table and return the recipe that it is.

    Raises:
        RecipeError: a field is unknown, of the wrong kind, or contradicts another.
    """
    from rl.recipes.budget import batch_budget
    from rl.recipes.compatibility import check_composition

    try:
        recipe = Recipe.model_validate(table)
    except ValidationError as fault:
        raise RecipeError(f"{source}, {_problem(fault)}") from fault
    batch_budget(recipe.train)
    check_composition(recipe)
    return recipe


def check_methods(recipe: Recipe) -> bool:
    """Check the methods' own settings; return whether that could be done without torch.

    Raises:
        RecipeError: a method or one of its settings does not exist.
    """
    try:
        from rl.objective.compose import build_objective
    except ImportError:
        return False
    build_objective(recipe.objective)
    return True


def recipe_names() -> list[str]:
    """Return the recipes that come with InForce."""
    folder = Path(str(files("rl"))) / "recipes"
    return sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.toml"))


def _find(name: str) -> Path:
    if name.endswith(".toml"):
        return Path(name).expanduser()
    if name in recipe_names():
        return Path(str(files("rl"))) / "recipes" / f"{name}.toml"
    near = difflib.get_close_matches(name, recipe_names(), 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(recipe_names())}."
    raise RecipeError(f"There is no recipe '{name}': {hint} A file's name ends in .toml.")


def _set(table: dict[str, Any], override: str) -> None:
    """Set one dotted key."""
    key, equals, text = override.partition("=")
    if not equals or not all(key.split(".")):
        raise RecipeError(f"--set {override}: write it as table.field=value.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *above, last = key.split(".")
    for part in above:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise RecipeError(f"--set {override}: '{part}' is no table.")
    table[last] = value


def _problem(fault: ValidationError) -> str:
    """Say in one sentence what is wrong, and where."""
    first = fault.errors(include_url=False)[0]
    field = ".".join(map(str, first["loc"]))
    if first["type"] != "extra_forbidden":
        return f"field '{field}': {first['msg'].removeprefix('Value error, ')}"
    near = difflib.get_close_matches(str(first["loc"][-1]), _fields(first["loc"][:-1]), 1)
    hint = f"; did you mean '{near[0]}'?" if near else "."
    return f"field '{field}': there is no such setting{hint}"


def _fields(location: tuple[int | str, ...]) -> list[str]:
    """Return the settings of the table at a place of the recipe."""
    table: Any = Recipe
    for part in location:
        found = table.model_fields[part].annotation if part in table.model_fields else None
        options = [found, *getattr(found, "__args__", ())]
        table = next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)
        if table is None:
            return []
    return list(table.model_fields)
