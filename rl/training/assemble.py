"""Assemble a training run (model, rollouts, rewards, objective, trainer) and run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol

from accelerate import PartialState
from datasets import Dataset
from transformers import PrinterCallback
from trl import GRPOConfig

from agent.library import Library
from corpus.questions import Posed, Question
from rl.objective.compose import Objective, build_objective
from rl.objective.forward_passes import ForwardPasses
from rl.objective.methods.opd import Distillation
from rl.objective.methods.teachers import Teach, teacher
from rl.recipes.budget import batch_budget, token_budget
from rl.recipes.recipe import Recipe
from rl.rewards import answer_key
from rl.rewards.outcome import Outcome
from rl.rewards.plugins import reward_scorers
from rl.rollouts.cached_library import cached_library
from rl.rollouts.dynamic_sampling import DynamicSampling
from rl.rollouts.rollout import Rollout, scored_by, scores_of
from rl.rollouts.rollout_sampling import rollout_sampler_of
from rl.rollouts.trl_adapter import (
    Exchange,
    TrlAdapter,
    as_sampled,
    question_order,
    reward_functions,
    same_questions,
    voided,
)
from rl.run.checkpoints import Seal, TrainingFault, newest_whole
from rl.run.progress import ProgressWatcher
from rl.run.report import write_report
from rl.run.run_directory import Run, check_corpus
from rl.training.label_assembly import labelled_rounds
from rl.training.labelled_rounds import LabelledRounds
from rl.training.model_loading import TrainedModel, warmed_up
from rl.training.quiet import quiet_libraries
from rl.training.run_logger import RunLogger, journal_lengths
from rl.training.state_drift import StateDriftProbe, neutral_prompts
from rl.training.trackers import trackers_of
from rl.training.trainer import Observe, PolicyTrainer
from rl.training.weight_snapshots import SnapshotKeeper


def train(
    recipe: Recipe,
    run: Run,
    library: Library,
    questions: Sequence[Question],
    watch: ProgressWatcher,
) -> None:
    """Train a run to its end, from its newest checkpoint if it has one.

    Raises:
        RecipeError: a setting is invalid here, or the corpus changed.
        ModelError: the model is missing or damaged.
        TrainingFault: the loss is not a number, too many rollouts failed, or the disk is full.
    """
    quiet_libraries()
    crew = PartialState(cpu=recipe.train.device == "cpu")
    check_corpus(run, library.corpus_hash)
    objective = build_objective(recipe.objective)
    with run.held() if crew.is_main_process else nullcontext():
        student = warmed_up(recipe, run, library, questions, watch)
        done, damaged = newest_whole(run.checkpoints)
        if crew.is_main_process:
            run.cut(journal_lengths(done) if done else {})
        if done:
            watch.say("".join(f"{fault}. " for fault in damaged) + f"Going on after {done.name}.")
        rounds = labelled_rounds(recipe, run, questions, library.corpus_hash, student)
        if rounds is not None and done:
            rounds.restore(done)
        trainer = assemble(recipe, run, library, questions, student, objective, watch, rounds)
        track(trainer, recipe, run, done)
        trainer.train(resume_from_checkpoint=str(done) if done else None)
        if crew.is_main_process:
            write_report(run)


def assemble(  # noqa: PLR0913
    recipe: Recipe,
    run: Run,
    library: Library,
    questions: Sequence[Question],
    student: TrainedModel,
    objective: Objective,
    watch: ProgressWatcher,
    rounds: LabelledRounds | None = None,
) -> PolicyTrainer:
    """Return the trainer with model, rollouts, rewards and objective connected.

    With ``rounds`` the questions are posed without their gold answers, and labels score them.
    """
    settings, plan = recipe.train, batch_budget(recipe.train)
    by_id = {one.id: one if rounds is None else Posed.of(one) for one in questions}
    scorers = reward_scorers(recipe.rewards, recipe.reward_plugins, recipe.judge)
    order = question_order(list(by_id), settings.questions * settings.rounds, settings.seed)
    neutral = tuple(tuple(student.codec.words(text)) for text in neutral_prompts())
    probe = StateDriftProbe(student.base, neutral)
    notes = RunLogger(run, plan.steps, plan.steps_per_round, watch, probe)
    resampling = dynamic_sampling(recipe, by_id)
    trainer = PolicyTrainer(
        objective=objective,
        judge=judge,
        observe=also_noting(notes.observe, *(one for one in (rounds, resampling) if one)),
        seal=notes.seal if rounds is None else also_saving(notes.seal, rounds),
        passes=ForwardPasses(objective.needs, teacher_of(objective, recipe, student, library)),
        max_gap=recipe.rollout.max_gap,
        keep=settings.keep,
        model=student.model,
        args=trl_arguments(recipe, run.checkpoints),
        reward_funcs=reward_functions(tuple(recipe.rewards)),
        train_dataset=Dataset.from_dict({"prompt": order}),
        processing_class=student.tokenizer,
        rollout_func=TrlAdapter(
            rollout_sampler_of(recipe, run, cached_library(library), student.codec, watch),
            by_id,
            scored_by(scorers) if rounds is None else rounds,
            seed=settings.seed,
            filler=student.tokenizer.eos_token_id,
            inspect=lambda rollouts: stop_if_void(rollouts, recipe.rollout.max_void),
            exchange=same_questions if rounds is None else exchanging(rounds, by_id),
            resample=resampling or as_sampled,
        ),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(notes)
    if recipe.snapshots is not None:
        keeper = SnapshotKeeper(run.folder, recipe.snapshots, plan.steps, watch.say)
        trainer.add_callback(keeper)
    return trainer


def track(trainer: PolicyTrainer, recipe: Recipe, run: Run, done: Path | None) -> None:
    """Send the metrics to the recipe's trackers, from the first process."""
    steps = int(done.name.rpartition("-")[2]) if done else 0
    if trainer.is_world_process_zero():
        for tracker in trackers_of(recipe, run, steps):
            trainer.add_callback(tracker)


def exchanging(rounds: LabelledRounds, known: Mapping[str, Posed]) -> Exchange:
    """Return a function that asks questions again whose label came since."""
    return lambda trainer, asked: rounds.returning(int(trainer.state.global_step), asked, known)


class Noting(Protocol):
    """Has metrics of the present round."""

    @property
    def noted(self) -> Mapping[str, float]:
        """Return the metrics."""
        ...


def also_noting(observe: Observe, *others: Noting) -> Observe:
    """Return the observer with the metrics of others added."""

    def observed(trainer: Any, rollouts: Any, shaped: Any) -> Mapping[str, float]:
        noted = dict(observe(trainer, rollouts, shaped))
        for other in others:
            noted |= other.noted
        return noted

    return observed


def dynamic_sampling(recipe: Recipe, known: Mapping[str, Posed]) -> DynamicSampling | None:
    """Return what replaces groups without variance; ``None`` where a recipe keeps every group."""
    most = recipe.rollout.resample
    return DynamicSampling(list(known.values()), recipe.train.group_size, most) if most else None


def also_saving(seal: Seal, rounds: LabelledRounds) -> Seal:
    """Return the sealing of a checkpoint with the state of the probes written first."""

    def sealed(folder: Path) -> None:
        rounds.save(folder)
        seal(folder)

    return sealed


def judge(rollout: Rollout) -> tuple[Outcome, str | None]:
    """Return the outcome of a scored rollout, and the key of its answer."""
    key = answer_key(rollout.trace if rollout.void is None else None)
    return scores_of(rollout).outcome, key


def teacher_of(
    objective: Objective, recipe: Recipe, student: TrainedModel, library: Library
) -> Teach | None:
    """Return the teacher of a distillation method; ``None`` where no method uses one."""
    named = next((one for one in objective.additives if isinstance(one, Distillation)), None)
    if named is None:
        return None

    def text_of(question: Question) -> Sequence[int]:
        version = question.gold_version and library.store.version(question.gold_version)
        return list(student.codec.words(version.text)) if version else []

    temperature = recipe.rollout.temperature
    return teacher(named.settings, student, text_of, recipe.train.micro_batch, temperature)


def stop_if_void(rollouts: Sequence[Rollout], most: float) -> None:
    """Stop the run if too many rollouts are void.

    Raises:
        TrainingFault: a greater share than ``most`` is void.
    """
    share, why = voided(rollouts)
    if share > most:
        raise TrainingFault(
            f"{share:.0%} of a round's rollouts failed (at most {most:.0%} may): {why}."
        )


def trl_arguments(recipe: Recipe, folder: Path) -> GRPOConfig:
    """Return the recipe as TRL's ``GRPOConfig`` arguments."""
    train, objective, plan = recipe.train, recipe.objective, batch_budget(recipe.train)
    return GRPOConfig(
        output_dir=str(folder),
        per_device_train_batch_size=train.micro_batch,
        gradient_accumulation_steps=plan.accumulated,
        steps_per_generation=plan.passes_per_epoch,
        num_iterations=train.epochs,
        num_generations=train.group_size,
        max_completion_length=token_budget(recipe).thread,
        max_steps=plan.steps,
        learning_rate=train.learning_rate,
        lr_scheduler_type=train.schedule,
        warmup_steps=train.warmup_steps,
        weight_decay=train.weight_decay,
        max_grad_norm=train.max_grad_norm,
        temperature=recipe.rollout.temperature,
        reward_weights=list(recipe.rewards.values()),
        loss_type=objective.loss,
        epsilon=objective.epsilon_low,
        epsilon_high=objective.epsilon_high,
        delta=objective.ratio_cap,
        beta=objective.kl,
        entropy_coef=objective.entropy,
        top_entropy_quantile=objective.top_entropy,
        seed=train.seed,
        shuffle_dataset=False,
        remove_unused_columns=False,
        bf16=recipe.model.autocast,
        use_cpu=train.device == "cpu",
        gradient_checkpointing=recipe.model.gradient_checkpointing,
        save_strategy="steps",
        save_steps=train.checkpoint_every * plan.steps_per_round,
        logging_steps=1,
        logging_nan_inf_filter=False,
        use_vllm=recipe.rollout.sampler == "colocated",
        vllm_mode="colocate",
        vllm_gpu_memory_utilization=recipe.rollout.gpu_share,
        vllm_max_model_length=token_budget(recipe).thread,
        vllm_importance_sampling_correction=False,  # the slot tis does that, where it is named
        report_to="none",  # trackers are added by track
        run_name=folder.parent.name,
        project="inforce",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
