"""Schema of a training recipe: frozen, validated data. Needs no torch.

The docstring of each field is its entry in ``docs/settings.md``. ``rl/recipes/load.py`` reads a
recipe from TOML and makes the checks that involve several tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.questions import MADE_FAMILIES, Family, Split
from rl.objective.methods.settings import (
    Additive,
    Advantage,
    Channel,
    Clip,
    GrpoSettings,
    MethodSettings,
    Post,
    PpoSettings,
    Regulariser,
    Weight,
)
from rl.recipes.judge_settings import JudgeSettings
from rl.recipes.label_settings import LabelSettings


class RecipeError(BadInputError):
    """The recipe is invalid; nothing was started."""


class Shape(Frozen):
    """Architecture of a transformer, for counting parameters without opening the model."""

    layers: int = Field(ge=1)
    """Number of layers."""
    hidden: int = Field(ge=1)
    """Hidden size."""
    intermediate: int = Field(ge=1)
    """Width of the feed-forward layers."""
    heads: int = Field(ge=1)
    """Number of attention heads."""
    key_value_heads: int = Field(ge=1)
    """Number of key and value heads."""
    vocabulary: int = Field(ge=1)
    """Size of the vocabulary."""
    tied: bool = False
    """Whether input and output embeddings share their weights."""
    biased: bool = False
    """Whether queries, keys and values have biases."""


class Lora(Frozen):
    """A LoRA adapter, trained instead of the weights."""

    rank: int = Field(default=16, ge=1)
    """Rank of the adapter's matrices."""
    alpha: float = Field(default=32.0, gt=0)
    """The adapter's output is multiplied by ``alpha / rank``."""
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj")
    """Names of the layers that get an adapter."""


class ModelSettings(Frozen):
    """The model that is trained, and the number format of its weights."""

    name: str = "tiny"
    """``tiny``, ``smollm2``, a folder, or a hub id."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Number format of the weights."""
    autocast: bool = False
    """Compute in bfloat16 although the weights are float32."""
    lora: Lora | None = None
    """Train a LoRA adapter; left out, all weights are trained."""
    quantised: Literal["nf4"] | None = None
    """``nf4``: hold the weights under a LoRA adapter in 4 bits and compute in ``dtype`` (QLoRA,
    2305.14314; needs bitsandbytes). Left out, they are held in ``dtype``."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them."""
    prompt_format: Literal["learnt"] | None = None
    """``learnt``: the short prompt (:mod:`agent.models.short_prompt`): no tool schemas, short
    results, versions cited by handles such as ``[1]``; the model needs a warm start, or has had
    one. Left out, the format that the model's tokenizer names."""
    shape: Shape | None = None
    """The model's architecture, for a dry run; left out, read from the model's configuration."""


class DataSettings(Frozen):
    """The training questions and the corpus that they are about."""

    questions: Path | None = None
    """A file of ``inforce questions make``; left out, questions are made from the corpus."""
    per_family: int | None = Field(default=None, ge=1)
    """Most questions of a family per work, where they are made from the corpus."""
    synthetic: int | None = Field(default=None, ge=100)
    """Train on a synthetic statute book of so many versions, not on the corpus loaded."""
    synthetic_seed: int = Field(default=0, ge=0)
    """Seed of the synthetic statute book."""
    synthetic_act: int | None = Field(default=None, ge=1)
    """Most rows of one synthetic act. Small acts make many titles, which rewards copying a title
    rather than memorising it."""
    longest: int | None = Field(default=None, ge=1)
    """Leave out questions without a short answer: figures of more characters, and whole texts."""
    split: Split = "train"
    """Only questions of this split: ``train``, ``selection`` or ``test``."""
    families: tuple[Family, ...] = MADE_FAMILIES
    """Only questions of these families (``docs/questions.md``); by default every made one."""
    languages: tuple[str, ...] = ()
    """Only questions in these languages; empty: all."""
    jurisdictions: tuple[str, ...] = ()
    """Only questions about these jurisdictions; empty: all."""
    pass_rates: Path | None = None
    """A journal of rollouts of these questions (``traces.jsonl`` or its folder), such as that of
    ``inforce eval policy --to``; only questions with a pass rate within ``pass_rate`` are kept."""
    pass_rate: tuple[float, float] = (0.2, 0.8)
    """Least and greatest share of a question's rollouts that were right, with ``pass_rates``."""


class RolloutSettings(Frozen):
    """How rollouts are sampled."""

    sampler: Literal["local", "vllm", "colocated"] = "local"
    """``local``: the trainer's own model; ``vllm``: a vLLM server; ``colocated``: vLLM in the
    trainer's process, on its GPU."""
    url: str | None = None
    """URL of the vLLM server, for the sampler ``vllm``."""
    gpu_share: float = Field(default=0.3, gt=0.0, lt=1.0)
    """Share of the GPU's memory that vLLM takes, for the sampler ``colocated``."""
    timeout: float = Field(default=600.0, gt=0.0)
    """Seconds that the server may take for one completion; with an adapter the first is slow."""
    temperature: float = Field(default=1.0, gt=0.0)
    """Sampling temperature."""
    turn_tokens: int = Field(default=256, ge=1)
    """Most tokens that the model writes in one turn."""
    max_turns: int = Field(default=8, ge=1)
    """Most turns of a rollout."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Most tokens of a rollout, prompts and completions together."""
    concurrency: int = Field(default=64, ge=1)
    """Concurrent rollouts."""
    pool: Path | None = None
    """A run whose rollouts are mixed in, by its folder, its ``traces.jsonl``, or its name where it
    stands beside this run. ``tis`` and ``ftis_filter`` weigh and filter them."""
    pool_share: float = Field(default=0.5, ge=0.0, lt=1.0)
    """Share of each group that comes from the pool, where the pool has the question."""
    resample: int = Field(default=0, ge=0)
    """Most times in a round that questions whose rollouts all earned the same are replaced by
    others (DAPO's dynamic sampling); 0 keeps every group."""
    max_void: float = Field(default=0.2, ge=0.0, le=1.0)
    """The run stops when a greater share of a round's rollouts is void (failed infrastructure)."""
    max_gap: float = Field(default=0.1, gt=0.0)
    """The run stops when the log-probs of sampler and trainer differ more, in nats per token."""


class ObjectiveSettings(Frozen):
    """The training objective, slot by slot (``docs/methods.md``); the defaults are plain GRPO."""

    advantage: Advantage = GrpoSettings()
    """The advantage estimator: ``grpo`` (the default), ``gdpo``, ``rloo`` or ``lampo``."""
    post: tuple[Post, ...] = ()
    """Methods that change the advantage of a rollout."""
    weights: tuple[Weight, ...] = ()
    """Methods that multiply the advantage of a token."""
    additives: tuple[Additive, ...] = ()
    """Methods that add to the advantage of a token."""
    clip: Clip = PpoSettings()
    """The clip rule of the probability ratio: ``ppo`` (the default) or ``nsr``."""
    regularisers: tuple[Regulariser, ...] = ()
    """Methods that add a term to the loss."""
    channels: tuple[Channel, ...] = ()
    """Reward channels that are computed from tensors."""
    loss: Literal["dapo", "dr_grpo", "grpo", "bnpo"] = "dapo"
    """How the tokens' losses are averaged, by TRL's name."""
    epsilon_low: float = Field(default=0.2, gt=0.0, lt=1.0)
    """Lower bound of the ratio is 1 minus this."""
    epsilon_high: float = Field(default=0.28, gt=0.0)
    """Upper bound of the ratio is 1 plus this."""
    ratio_cap: float | None = Field(default=None, gt=1.0)
    """Two-sided clip: bounds the ratio of tokens with a negative advantage."""
    kl: float = Field(default=0.0, ge=0.0)
    """Weight of the KL divergence to the model that the run began with."""
    entropy: float = Field(default=0.0, ge=0.0)
    """Weight of the entropy bonus."""
    top_entropy: float = Field(default=1.0, gt=0.0, le=1.0)
    """Share of the tokens that is learnt from: those of highest entropy."""

    @field_validator("post", "weights", "additives", "regularisers", "channels", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return value if isinstance(value, list | tuple) else (value,)

    def methods(self) -> tuple[MethodSettings, ...]:
        """Return every method of the recipe, in the order of the slots."""
        chosen = (*self.channels, self.advantage, *self.post, *self.weights, *self.additives)
        return (*chosen, self.clip, *self.regularisers)


class WarmStart(Frozen):
    """Supervised training on demonstrations of a scripted expert, before the first round."""

    demonstrations: int = Field(ge=1)
    """Number of demonstrations."""
    misdated: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of demonstrations that use the law of ``today`` instead of the governing date, a fault
    of many language models. Reinforcement learning then has to remove it."""
    today: date = date(2030, 12, 31)
    """Date of misdated demonstrations; nothing in a synthetic statute book is newer."""
    epochs: int = Field(default=1, ge=1)
    """Passes over the demonstrations."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Learning rate of AdamW."""
    batch: int = Field(default=8, ge=1)
    """Demonstrations of one optimiser step."""
    families: tuple[Family, ...] = Field(default=(), exclude_if=lambda value: not value)
    """Only questions of these families are demonstrated; empty: all of the training questions."""


class TrainSettings(Frozen):
    """Rounds, batch sizes, optimiser and checkpoints.

    A round asks ``questions`` questions ``group_size`` times each and learns from the rollouts in
    ``epochs`` x ``minibatches`` optimiser steps.
    """

    rounds: int = Field(default=100, ge=1)
    """Rounds of the run."""
    questions: int = Field(default=8, ge=1)
    """Questions of a round."""
    group_size: int = Field(default=8, ge=2)
    """Rollouts of each question."""
    micro_batch: int = Field(default=8, ge=1)
    """Rollouts of one forward and backward pass of one process."""
    minibatches: int = Field(default=1, ge=1)
    """Optimiser steps of one epoch."""
    epochs: int = Field(default=2, ge=1)
    """Passes over a round's rollouts."""
    processes: int = Field(default=1, ge=1)
    """Processes of the trainer, one for each GPU."""
    learning_rate: float = Field(default=1e-6, gt=0)
    """Learning rate of AdamW."""
    schedule: Literal["constant", "constant_with_warmup", "linear", "cosine"] = "constant"
    """Schedule of the learning rate."""
    warmup_steps: int = Field(default=0, ge=0)
    """Optimiser steps over which the learning rate rises from 0."""
    weight_decay: float = Field(default=0.0, ge=0.0)
    """Weight decay of AdamW."""
    max_grad_norm: float = Field(default=1.0, gt=0.0)
    """Gradients are clipped to this norm."""
    seed: int = Field(default=0, ge=0)
    """Seed of the order of questions and of sampling."""
    device: str | None = None
    """``cpu``; left out, the GPU where there is one."""
    checkpoint_every: int = Field(default=10, ge=1)
    """Rounds between checkpoints; the last round always has one."""
    keep: int = Field(default=2, ge=1)
    """Number of newest checkpoints kept."""
    report_to: tuple[Literal["tensorboard", "wandb", "trackio"], ...] = ()
    """Experiment trackers that receive the metrics too; each is an extra of the same name."""

    @field_validator("report_to", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return value if isinstance(value, list | tuple) else (value,)


class SnapshotSettings(Frozen):
    """Copies of the trained weights in float32, from which ``inforce after relex`` extrapolates.

    Of a LoRA adapter the merged change of each layer is kept. The learning rate should be constant.
    """

    every: int = Field(default=1, ge=1)
    """Optimiser steps between snapshots; raised to a multiple where the budget is too small."""
    share: float = Field(default=0.15, gt=0.0, le=1.0)
    """Share of the run's optimiser steps, from its start, in which snapshots are kept."""
    most_mib: float = Field(default=2048.0, gt=0.0)
    """Most MiB that all snapshots of the run may take."""


class Recipe(Frozen):
    """Everything that decides a training run."""

    name: str
    """Name of the recipe; by default that of its file."""
    about: str = ""
    """One sentence on what it is for."""
    model: ModelSettings = ModelSettings()
    """The model."""
    data: DataSettings = DataSettings()
    """The questions."""
    rollout: RolloutSettings = RolloutSettings()
    """Sampling."""
    rewards: dict[str, float] = Field(default={"temporal": 1.0}, min_length=1)
    """Reward channels and their weights (``docs/rewards.md``)."""
    reward_plugins: tuple[Path, ...] = ()
    """Python files with rewards of your own; in a recipe, ``plugins`` in ``[rewards]``."""
    judge: JudgeSettings | None = None
    """The model behind the reward ``judge``; left out, there is no such reward."""
    objective: ObjectiveSettings = ObjectiveSettings()
    """The objective."""
    warm_start: WarmStart | None = None
    """The supervised start; left out, training starts from the model as it is."""
    labels: LabelSettings | None = None
    """Which questions are labelled and by whom; left out, every gold answer is read."""
    train: TrainSettings = TrainSettings()
    """The optimiser."""
    snapshots: SnapshotSettings | None = None
    """Snapshots of the weights for ``inforce after relex``; left out, none are kept."""

    @model_validator(mode="before")
    @classmethod
    def _plugins_apart(cls, table: Any) -> Any:
        """Move ``rewards.plugins`` to ``reward_plugins``, since the other keys are weights."""
        rewards = table.get("rewards") if isinstance(table, Mapping) else None
        if not isinstance(rewards, Mapping) or "plugins" not in rewards:
            return table
        weights = {name: weight for name, weight in rewards.items() if name != "plugins"}
        return {**table, "rewards": weights, "reward_plugins": rewards["plugins"]}
