"""Command-line verbs of ``inforce control``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, out, print_json

if TYPE_CHECKING:
    from corpus.questions import Question
    from rl.control.train import ControlReport, ControlSettings

app = typer.Typer()
control = typer.Typer(
    no_args_is_help=True, help="Learn and judge a controller, which steers a frozen policy."
)
app.add_typer(control, name="control")


@control.command(epilog="Example:  inforce control train smollm2 questions.jsonl --to controller")
def train(
    policy: Annotated[str, typer.Argument(help="As for 'inforce ask --policy'.")],
    file: Annotated[Path, typer.Argument(help="A file made by 'inforce questions make'.")],
    to: Annotated[Path, typer.Option(help="Folder for the controller.")],
    split: Annotated[str, typer.Option(help="Only questions of this split.")] = "train",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of questions.")] = 10,
    questions: Annotated[int, typer.Option(min=1, help="Questions of a round.")] = 32,
    explorer: Annotated[
        str, typer.Option(help="epsilon_greedy, or wpg_finite: the finite Wasserstein flow.")
    ] = "epsilon_greedy",
    hidden: Annotated[int, typer.Option(min=1, help="Width of the two hidden layers.")] = 64,
    bottleneck: Annotated[
        int | None,
        typer.Option(
            min=1, max=36, help="Project the features orthogonally onto so many dimensions first."
        ),
    ] = None,
    max_turns: Annotated[int, typer.Option(min=1, help="Most turns of one question.")] = 8,
    concurrency: Annotated[int, typer.Option(min=1, help="Questions answered at once.")] = 8,
    temperature: Annotated[float, typer.Option(min=0.0, help="Sampling temperature.")] = 0.0,
    encoder: Annotated[
        bool, typer.Option(help="Score quotations by the encoder, not by words alone.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything that is drawn.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train a controller that chooses an instruction before each turn of a policy.

    Needs inforce[train]. The policy is only asked, also a closed endpoint; its weights do not
    change. The reward is the verifier's and the calibrated score's, not the gold answer's. An
    interrupted training is continued.
    """
    from corpus.errors import BadInputError, training_installed
    from corpus.questions import read_questions

    with training_installed("A controller"):
        from rl.control.explorers import EXPLORERS
        from rl.control.learner import LearnerSettings
        from rl.control.train import ControlSettings
    if explorer not in EXPLORERS:
        raise BadInputError(
            f"--explorer: there is no '{explorer}'; there are {', '.join(EXPLORERS)}."
        )
    settings = ControlSettings(
        rounds=rounds,
        questions=questions,
        explorer=explorer,
        learner=LearnerSettings(hidden=hidden, bottleneck=bottleneck, seed=seed),
        max_turns=max_turns,
        concurrency=concurrency,
    )
    asked = [one for one in read_questions(file) if one.split == split]
    found = _trained(policy, asked, settings, to, temperature, encoder=encoder)
    if json:
        print_json(found.model_dump())
        return
    out.print(
        f"A controller of {found.card.parameters:,} weights for {found.card.policy} (prompts of the"
        f" {found.card.prompt_format} form), trained on {found.card.questions} runs, of which"
        f" {found.card.dropped} were dropped: {found.folder}",
        soft_wrap=True,
    )


def _trained(
    policy: str,
    asked: list[Question],
    settings: ControlSettings,
    to: Path,
    temperature: float,
    *,
    encoder: bool,
) -> ControlReport:
    """Open the policy and the library, and train a controller over it."""
    from agent.models.sampling import Sampling
    from agent.policies.registry import EXTRACTIVE, PolicyChoice, open_policy
    from corpus.errors import BadInputError
    from retrieval.vectors.encoder_choice import default_encoder
    from rl.control.train import train_controller
    from rl.questions.training_questions import open_library
    from rl.recipes.recipe import DataSettings
    from rl.rollouts.batched_policy import batched

    if policy.startswith(EXTRACTIVE):
        raise BadInputError(
            f"A controller speaks to a model; the policy '{policy}' reads no words."
        )
    choice = PolicyChoice.load(policy).model_copy(update={"controller": None})
    seed = settings.learner.seed
    sampling = Sampling(max_tokens=choice.max_tokens, temperature=temperature, seed=seed)
    with open_library(DataSettings()) as library:
        return train_controller(
            library,
            batched(open_policy(choice, library.works, sampling), settings.concurrency),
            asked,
            settings,
            to,
            default_encoder() if encoder else None,
            say=errors.print,
        )
