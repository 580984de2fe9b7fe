"""``python -m eval.claims.steered_run RUN``: learnt controllers over the model of one run.

The model is that of the run after its last kept step, or, with ``--untrained``, the model that it
began with, before any warm start and with the prompts of its own format. One controller is trained
for each seed; all answer the same questions about held-out works. What is finished stays in the
folder, and an interrupted measurement is continued.

Example::

    python -m eval.claims.steered_run smollm2-lora-grpo-s0-1 --untrained --to untrained
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.library import Library
from agent.models.sampling import Sampling
from agent.policies.controllers import Strategy
from agent.policies.language_model import ModelPolicy
from corpus.console import errors, out
from corpus.errors import training_installed
from eval.control import ControlScores
from rl.questions.training_questions import held_out, open_library, questions_of
from rl.run.run_directory import Run, find_run, runs_home

with training_installed("Controllers over a run"):
    from eval.claims.report import points
    from eval.claims.steering import Asked, Steered, controller_scores, together
    from rl.after_run.start_weights import last_step, model_at
    from rl.control.train import ControlSettings
    from rl.rollouts.samplers.local import BatchedSampler
    from rl.training.model_loading import load_model
    from rl.training.quiet import quiet_libraries


def policy_of(run: Run, width: int, *, untrained: bool) -> ModelPolicy:
    """Return the policy of a run after its last step, or of its model before any training."""
    recipe = run.recipe()
    sampling = Sampling(max_tokens=recipe.rollout.turn_tokens)
    if untrained:
        settings = recipe.model.model_copy(update={"lora": None, "prompt_format": None})
        plain = load_model(settings, recipe.train.seed)
        name = f"{recipe.model.name}, untrained"
        return ModelPolicy(name, plain.codec, BatchedSampler(plain.model, width), sampling)
    step = last_step(run)
    codec = load_model(recipe.model, recipe.train.seed).codec
    sampler = BatchedSampler(model_at(run, step), width)
    return ModelPolicy(f"{run.name}, step {step}", codec, sampler, sampling)


def measured(
    library: Library,
    policy: ModelPolicy,
    asked: Asked,
    settings: ControlSettings,
    folders: Sequence[Path],
) -> Iterator[ControlScores]:
    """Yield the scores of a controller in each folder, of one seed after the other, and of its
    controls."""
    fixed: Strategy | None = None
    for seed, folder in enumerate(folders):
        scores = controller_scores(
            library, policy, asked, settings, folder, seed, errors.print, fixed
        )
        fixed = Strategy(scores.best_fixed)
        yield scores


def table(found: Steered) -> Iterator[str]:
    """Yield the rows of a Markdown table: each arm, and the learnt controller less that arm."""
    yield "| arm | right, % | invalid, % | calls | right gained, points | invalid, points |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, arm in found.arms.items():
        gained = "" if arm.right_gained is None else points(arm.right_gained)
        fewer = "" if arm.invalid_gained is None else points(arm.invalid_gained)
        yield (
            f"| {name} | {100 * arm.right:.1f} | {100 * arm.invalid:.1f} | {arm.calls:.2f} |"
            f" {gained} | {fewer} |"
        )


def main() -> None:
    """Measure the run that the command line names, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", help="a run, by name or folder")
    parser.add_argument("--to", type=Path, required=True, help="folder of the controllers")
    parser.add_argument("--untrained", action="store_true", help="its model before any training")
    parser.add_argument("--seeds", type=int, default=3, help="controllers; 2 or more")
    parser.add_argument("--rounds", type=int, default=10, help="rounds of a training")
    parser.add_argument("--questions", type=int, default=24, help="questions of a round")
    parser.add_argument("--selection", type=int, default=40, help="about so many questions")
    parser.add_argument("--test", type=int, default=120, help="about so many questions")
    given = parser.parse_args()
    quiet_libraries()
    run = find_run(given.run, runs_home())
    recipe = run.recipe()
    settings = ControlSettings(
        rounds=given.rounds,
        questions=given.questions,
        max_turns=recipe.rollout.max_turns,
        concurrency=32,
    )
    policy = policy_of(run, settings.concurrency, untrained=given.untrained)
    folders = [given.to / f"s{seed}" for seed in range(given.seeds)]
    with open_library(recipe.data) as library:
        asked = Asked(
            questions_of(recipe.data, library),
            held_out(recipe, library, given.selection, split="selection"),
            held_out(recipe, library, given.test, split="test"),
        )
        found = together(list(measured(library, policy, asked, settings, folders)))
    out.print(
        f"{run.name}: {found.questions} questions, {found.seeds} controllers; fixed strategies"
        f" {', '.join(dict.fromkeys(found.fixed))}",
        markup=False,
    )
    for row in table(found):
        out.print(row, markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
