"""Command-line verb ``inforce control eval``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus.console import errors, out, print_json


def control_eval(  # noqa: PLR0913
    policy: Annotated[str, typer.Argument(help="As for 'inforce ask --policy'.")],
    controller: Annotated[Path, typer.Argument(help="Folder of the controller.")],
    file: Annotated[Path, typer.Argument(help="A file made by 'inforce questions make'.")],
    limit: Annotated[int, typer.Option(min=1, help="About the number of test questions.")] = 100,
    selection: Annotated[
        int, typer.Option(min=1, help="About the number of questions that choose the fixed one.")
    ] = 50,
    max_turns: Annotated[int, typer.Option(min=1, help="Most turns of one question.")] = 8,
    concurrency: Annotated[int, typer.Option(min=1, help="Questions answered at once.")] = 8,
    encoder: Annotated[
        bool, typer.Option(help="Let best-of-n score quotations by the encoder, not words alone.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of questions and samples.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Judge a controller by gold answers, beside its controls, on the test split.

    The controls are: no controller, the best fixed strategy (chosen on the selection split), a
    random one, and best-of-n with at least as many calls of the model and the evaluator that the
    controller learnt from.
    """
    from agent.models.sampling import Sampling
    from agent.policies.control.learnt import read_controller
    from agent.policies.registry import PolicyChoice, open_policy
    from corpus.errors import training_installed
    from corpus.questions import read_questions
    from retrieval.vectors.encoder_choice import default_encoder
    from rl.questions.training_questions import draw, open_library
    from rl.recipes.recipe import DataSettings
    from rl.rollouts.batched_policy import batched
    from rl.rollouts.rollout import Limits

    with training_installed("The evaluation of a controller"):
        from eval.control import ControlEvaluation
    steering = read_controller(controller)
    every = list(read_questions(file))
    chosen = draw((q for q in every if q.split == "selection"), selection, seed)
    asked = draw((q for q in every if q.split == "test"), limit, seed)
    choice = PolicyChoice.load(policy).model_copy(update={"controller": None})
    with open_library(DataSettings()) as library:
        opened = open_policy(choice, library.works, Sampling(max_tokens=choice.max_tokens))
        found = ControlEvaluation(
            library,
            batched(opened, concurrency),
            steering,
            Limits(max_turns=max_turns, concurrency=concurrency),
            default_encoder() if encoder else None,
            seed,
            errors.print,
        ).scores(chosen, asked)
    if json:
        print_json(found.model_dump())
        return
    out.print(
        f"{found.policy}, prompts of the {steering.card.prompt_format} form; {found.questions} test"
        f" questions; {steering.card.parameters:,} weights"
    )
    for arm in found.arms:
        out.print(
            f"  {arm.arm:<16} right {arm.right}  invalid {arm.invalid}  calls {arm.calls:.2f}"
            + (f"  void {arm.void}" if arm.void else "")
        )
