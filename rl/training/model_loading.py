"""Load the model that is trained: checks, LoRA adapter, warm start."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, set_seed

from agent.library import Library
from agent.models.catalogue import ModelError, open_location
from agent.models.codec import TokenizerCodec, learnt
from agent.models.tokenizers import first_line, open_codec
from corpus.questions import Question
from rl.journal import RunError
from rl.recipes.recipe import ModelSettings, Recipe, RecipeError, WarmStart
from rl.rollouts.trl_adapter import question_order
from rl.run.progress import ProgressWatcher
from rl.run.run_directory import Run
from rl.training.warm_start import Imitation, MisdatedDemonstrations, demonstrate, imitate


@dataclass(frozen=True)
class TrainedModel:
    """The trained model, and its tokenizer as the trainer and as the agent use it.

    ``base`` is a frozen copy of the initial model; ``None`` where disabling the adapter gives the
    same.
    """

    model: Any
    tokenizer: Any
    codec: Any
    base: Any = None


def load_model(settings: ModelSettings, seed: int) -> TrainedModel:
    """Load a model and its tokenizer, with a new LoRA adapter if the settings want one.

    Raises:
        ModelError: the model is missing or damaged.
        RecipeError: its tokenizer lacks what training needs, or the adapter fits no layer.
    """
    codec, location = open_codec(settings.name), open_location(settings.name)
    tokenizer = AutoTokenizer.from_pretrained(location)
    if settings.prompt_format == "learnt":
        learnt(tokenizer)
        codec = TokenizerCodec(tokenizer, codec.stop_ids)
    model = _weights(location, settings)
    check_tokenizer(settings.name, tokenizer, model.get_input_embeddings().num_embeddings)
    base = None if settings.lora else copy.deepcopy(model).requires_grad_(False).eval()
    return TrainedModel(_adapted(model, settings, seed), tokenizer, codec, base)


def check_tokenizer(name: str, tokenizer: Any, rows: int) -> None:
    """Check that a tokenizer has an end of sequence, and no more tokens than embeddings.

    Raises:
        RecipeError: it has no end of sequence, or more tokens than the model has rows.
    """
    if tokenizer.eos_token_id is None:
        raise RecipeError(
            f"The tokenizer of {name} has no end-of-sequence token, so no turn could end: name one"
            " as eos_token in its tokenizer_config.json."
        )
    if len(tokenizer) > rows:
        raise RecipeError(
            f"The tokenizer of {name} has {len(tokenizer)} tokens, but the model only {rows}."
        )


def warmed_up(
    recipe: Recipe,
    run: Run,
    library: Library,
    questions: Sequence[Question],
    watch: ProgressWatcher,
) -> TrainedModel:
    """Load the model; if the recipe has a warm start, run it once and load its result.

    Raises:
        ModelError: the model is missing or damaged.
        RecipeError: the tokenizer lacks what training needs.
        BadInputError: the expert answers none of the questions.
        RunError: the warm start cannot be written.
    """
    student = load_model(recipe.model, recipe.train.seed)
    if recipe.warm_start is None:
        return student
    if not run.warm_start.is_dir():
        _warm_up(recipe, recipe.warm_start, run, library, questions, student, watch)
    return replace(student, model=reopened(recipe.model, run.warm_start))


def _warm_up(  # noqa: PLR0913
    recipe: Recipe,
    settings: WarmStart,
    run: Run,
    library: Library,
    questions: Sequence[Question],
    student: TrainedModel,
    watch: ProgressWatcher,
) -> None:
    """Train on demonstrations and save the weights."""
    by_id = {
        question.id: question
        for question in questions
        if not settings.families or question.family in settings.families
    }
    count = min(settings.demonstrations, len(by_id))
    shown = [by_id[one] for one in question_order(list(by_id), count, recipe.train.seed)]
    context = int(student.model.config.max_position_embeddings)
    watch.say(f"Warm start: the expert answers {count} questions.")
    misdated = MisdatedDemonstrations(
        share=settings.misdated, today=settings.today, seed=recipe.train.seed
    )
    right = demonstrate(
        library,
        student.codec,
        shown,
        context=context,
        misdated=misdated,
        advance=lambda done: watch.worked("demonstrations", done, count),
    )
    imitation = Imitation(
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        batch=settings.batch,
        device=recipe.train.device,
        seed=recipe.train.seed,
    )
    with whole(run.warm_start) as draft:
        found = imitate(
            student.model,
            student.tokenizer,
            right,
            imitation,
            draft,
            advance=lambda done, of: watch.worked("imitation", done, of),
        )
        student.model.save_pretrained(draft)
        student.tokenizer.save_pretrained(draft)
    watch.say(f"Warm start: {len(right)} demonstrations learnt, loss {found['loss']:.3f}.")


def _weights(location: str, settings: ModelSettings) -> Any:
    dtype = getattr(torch, settings.dtype)
    held = {} if settings.quantised is None else _in_four_bits(dtype)
    try:
        model = AutoModelForCausalLM.from_pretrained(location, dtype=dtype, **held)
    except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as error:
        raise ModelError(f"{settings.name} cannot be loaded: {first_line(error)}") from error
    return _trainable_over(model, settings) if held else model


def _in_four_bits(dtype: torch.dtype) -> dict[str, Any]:
    """Return the arguments that load a model in NF4 with doubly quantised scales (QLoRA)."""
    how = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    return {"quantization_config": how, "device_map": {"": PartialState().device}}


def _trainable_over(model: Any, settings: ModelSettings) -> Any:
    """Return a quantised model that an adapter can be trained over: norms and tables in float32.

    On CPUs with AVX512-BF16, bitsandbytes repacks weights at the first pass in evaluation mode, for
    a kernel without a backward pass, and keeps them so: after the first rollouts, gradients would
    be wrong. Repacking is therefore turned off.
    """
    from peft import prepare_model_for_kbit_training

    for part in model.modules():
        if hasattr(part, "support_avx512bf16_for_cpu"):
            part.support_avx512bf16_for_cpu = False
    return prepare_model_for_kbit_training(
        model, use_gradient_checkpointing=settings.gradient_checkpointing
    )


def _adapted(model: Any, settings: ModelSettings, seed: int) -> Any:
    if settings.lora is None:
        return model
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as missing:
        raise ModelError("peft is not installed: pip install 'inforce[train]'.") from missing
    set_seed(seed)
    lora = LoraConfig(
        r=settings.lora.rank,
        lora_alpha=settings.lora.alpha,
        target_modules=list(settings.lora.targets),
        lora_dropout=0.0,
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(model, lora)
    except ValueError as error:
        raise RecipeError(f"model.lora does not fit {settings.name}: {error}") from error


def reopened(settings: ModelSettings, folder: Path) -> Any:
    """Load the weights saved by the warm start, so that a resumed run starts from the same ones."""
    if settings.lora is None:
        return _weights(str(folder), settings)
    from peft import PeftModel

    whole = _weights(open_location(settings.name), settings)
    return PeftModel.from_pretrained(whole, str(folder), is_trainable=True)


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that is renamed to ``folder`` on success.

    Raises:
        RunError: it cannot be written.
    """
    draft = folder.with_name(f".{folder.name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        draft.rename(folder)
    except (OSError, SafetensorError) as fault:
        raise RunError(f"{folder} cannot be written: {fault}.") from fault
    finally:
        shutil.rmtree(draft, ignore_errors=True)
