"""Command-line verbs of ``inforce eval``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, out, print_json
from eval.bench.cli import app as bench
from eval.claims.cli import claims
from eval.control_cli import control_eval
from eval.exports.cli import app as export_app
from eval.suites.cli import answers, policy
from rl.control.cli import control

if TYPE_CHECKING:
    pass

app = typer.Typer()
app.add_typer(bench, name="bench")
evaluate = typer.Typer(
    no_args_is_help=True, help="Score policies, training runs and training methods."
)
app.add_typer(evaluate, name="eval")
app.add_typer(export_app, name="environment")
control.command("eval", epilog="Example:  inforce control eval smollm2 controller q.jsonl")(
    control_eval
)
evaluate.command(epilog="Example:  inforce eval claims nsr --seeds 3")(claims)
evaluate.command(epilog="Example:  inforce eval policy extractive questions.jsonl --split test")(
    policy
)
evaluate.command(epilog="Example:  inforce eval answers extractive --corpus demo")(answers)


@evaluate.command(epilog="Example:  inforce eval ledger --to docs/claims.md")
def ledger(
    to: Annotated[Path | None, typer.Option(help="Write the page to this Markdown file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one object per row.")] = False,
) -> None:
    """Print the ledger: what is claimed of each system and what was measured here.

    P-values are corrected over the whole table (Holm). The effects are those of the findings.
    """
    from eval.claims.ledger import judged, ledger_rows, page

    rows = judged(ledger_rows())
    if to is not None:
        to.write_text(page(rows), encoding="utf-8")
    for one in rows:
        if json:
            print_json(one.model_dump())
        else:
            effect = one.row.effect or "-"
            named = f"{one.row.system}, {one.row.setting}, {one.row.measured}"
            out.print(f"{named}: {effect}. {one.verdict.capitalize()}.", markup=False)


@evaluate.command(
    "fit-score", epilog="Example:  inforce eval fit-score --real --to coefficients.json"
)
def fit_score(
    to: Annotated[Path, typer.Option(help="File for the coefficients.")],
    real: Annotated[
        bool, typer.Option("--real", help="The store of INFORCE_HOME holds the real corpora.")
    ] = False,
) -> None:
    """Fit the score of answers to the training questions and the spent ones of eval/questions.

    Prints how right the score is on questions that it was not fitted to. The file of the package
    is agent/answering/coefficients.json, fitted with --real. Takes minutes with the default
    encoder.
    """
    from contextlib import nullcontext

    from agent.answering.remembering import RememberingEncoder
    from agent.library import Library
    from corpus.errors import BadInputError
    from corpus.settings import Settings
    from eval.answering.fit import fit, report, tables
    from eval.suites.demo import demo_library
    from retrieval.index_build import vectors_file
    from retrieval.vectors.encoder_choice import default_encoder
    from retrieval.vectors.stored_first import StoredFirst

    encoder = default_encoder()
    if encoder is None:
        raise BadInputError("INFORCE_ENCODER is none: the score is fitted with an encoder")
    settings = Settings.load()
    remembering = RememberingEncoder(StoredFirst(encoder, vectors_file(settings.index_url)))
    with demo_library() as demo, Library.open(settings) if real else nullcontext() as own:
        found = tables(demo, own, remembering, lambda doing: errors.print(f"[dim]{doing} …[/]"))
    fitted = fit(found)
    to.write_text(fitted.model_dump_json(indent=2) + "\n", encoding="utf-8")
    for line in report(found, fitted):
        out.print(line)


@evaluate.command(epilog="Example:  inforce eval baselines questions.jsonl --split test")
def baselines(
    file: Annotated[Path, typer.Argument(help="A file made by 'inforce questions make'.")],
    split: Annotated[str | None, typer.Option(help="Only this split.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score two baselines per question family, with 95 % intervals.

    The oracle resolves every question in the store; the newest text ignores the date.
    """
    from corpus.questions import read_questions
    from corpus.settings import Settings
    from eval.baselines import newest_text, oracle, score_by_family
    from retrieval.whole_state import last_whole_state

    asked = [q for q in read_questions(file) if split in (None, q.split)]
    with last_whole_state(Settings.load()) as store:
        found = {
            name: score_by_family(store, asked, baseline)
            for name, baseline in (("oracle", oracle), ("newest_text", newest_text))
        }
    if json:
        print_json({n: {f: s.model_dump() for f, s in by.items()} for n, by in found.items()})
        return
    for name, by_family in found.items():
        out.print(f"[bold]{name.replace('_', ' ')}[/]")
        for family, score in by_family.items():
            out.print(f"  {family:<22} {score}")


@evaluate.command("run", epilog="Example:  inforce eval run tiny-grpo-1 tiny-grpo-2 --limit 200")
def training_run(
    names: Annotated[list[str], typer.Argument(help="Training runs, by name or folder.")],
    limit: Annotated[
        int | None, typer.Option(help="Number of questions, drawn with the seed.", min=1)
    ] = None,
    family: Annotated[list[str] | None, typer.Option(help="Only this question family.")] = None,
    home: Annotated[
        Path | None, typer.Option("--runs", help="Folder of runs; INFORCE_HOME/runs by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score the stages of training runs on the test split: works that no training step saw.

    Stages are the model before training, after the warm start, and trained; it answers greedily.
    Trivial policies on the same questions stand beside them: abstain always, newest text, first
    hit.
    Several runs are scored one by one and together.
    """
    from corpus.questions import families_named
    from eval.checkpoint_evaluation import evaluate as stages_of
    from eval.checkpoint_evaluation import scores
    from rl.questions.training_questions import open_library
    from rl.run.run_directory import find_run, runs_home

    families = families_named(family or [])
    found = []
    for name in names:
        run = find_run(name, home or runs_home())
        with open_library(run.recipe().data) as library:
            found.append(stages_of(run, library, limit, families, say=errors.print))
    groups = [[one] for one in found] + ([found] if len(found) > 1 else [])
    table = {
        " + ".join(one.run for one in group): {
            **{f"trivial: {name}": found for name, found in group[0].trivial.items()},
            **{stage: scores(group, stage) for stage in group[0].answered},
        }
        for group in groups
    }
    if json:
        print_json({name: {s: f.model_dump() for s, f in by.items()} for name, by in table.items()})
        return
    for name, by in table.items():
        out.print(f"[bold]{name}[/]")
        for stage, score in by.items():
            out.print(f"  {stage}")
            for field, value in score:
                lines = value if isinstance(value, dict) else {field: value}
                for word, one in lines.items():
                    shown = "nothing to score" if one is None else one
                    out.print(f"    {word.replace('_', ' '):<22} {shown}")
