"""The verbs of ``inforce eval``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, out, print_json
from eval.bench.cli import app as bench
from eval.claims.cli import claims

if TYPE_CHECKING:
    from agent.trace import Trace
    from corpus.questions import Family

app = typer.Typer()
app.add_typer(bench, name="bench")
evaluate = typer.Typer(
    no_args_is_help=True, help="Score policies, training runs and training methods."
)
app.add_typer(evaluate, name="eval")
evaluate.command(epilog="Example:  inforce eval claims nsr --seeds 3")(claims)


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
    from corpus.store import Store
    from eval.baselines import newest_text, oracle, score_by_family

    asked = [q for q in read_questions(file) if split in (None, q.split)]
    with Store.open(Settings.load().store_url) as store:
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


@evaluate.command(epilog="Example:  inforce eval policy extractive questions.jsonl --split test")
def policy(
    name: Annotated[str, typer.Argument(help="As for 'inforce ask --policy'.")],
    file: Annotated[
        Path | None,
        typer.Argument(help="Made questions on your corpus; left out: the demonstration corpus."),
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only this split of FILE.")] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            help="Folder that keeps every finished question of FILE; run again, it continues there."
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Number of questions, drawn with the seed.", min=1)
    ] = None,
    at_once: Annotated[int, typer.Option(help="Questions answered concurrently.", min=1)] = 1,
    turns: Annotated[int, typer.Option(help="Most turns of one question.", min=1)] = 8,
    temperature: Annotated[
        float, typer.Option(help="Sampling temperature; 0 takes the likeliest token.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the questions and the sampling.")] = 0,
    keep: Annotated[
        Path | None, typer.Option(help="File for the traces, one JSON object a line.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Put dated questions to a policy: what it drafts, what ships, what it costs."""
    from agent.graph.nodes import Context
    from agent.models.sampling import Sampling
    from agent.policies.registry import PolicyChoice, open_policy
    from corpus.console import progress_bar
    from eval.demo import demo_library, demo_questions
    from eval.policies import ask_all, report
    from eval.suites.cli import batched, put_questions

    if file is not None:
        put_questions(name, file, split, to, limit, at_once, turns, temperature, seed, json)
        return
    choice, questions = PolicyChoice.load(name), demo_questions(limit or 50, seed)
    drawn = Sampling(max_tokens=choice.max_tokens, temperature=temperature, seed=seed)
    with demo_library() as library, kept(keep) as keep_trace, progress_bar(name) as advance:
        decides = batched(open_policy(choice, library.works, drawn), at_once)
        context = Context(library, decides, max_turns=turns)
        count = itertools.count(1)

        def done(trace: Trace) -> None:
            keep_trace(trace)
            advance(next(count), len(questions), trace.stop)

        traces, seconds = ask_all(context, questions, at_once, done)
        found = report(library.store, questions, traces, at_once, seconds)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    for field, value in found:
        shown = ", ".join(f"{k} {v}" for k, v in value.items()) if field in COUNTS else value
        out.print(f"{field.replace('_', ' '):<22} {_words(shown)}")


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
    Several runs are scored one by one and together.
    """
    from eval.checkpoint_evaluation import evaluate as stages_of
    from eval.checkpoint_evaluation import scores
    from rl.questions.training_questions import open_library
    from rl.run.run_directory import find_run, runs_home

    families = _families(family or [])
    found = []
    for name in names:
        run = find_run(name, home or runs_home())
        with open_library(run.recipe().data) as library:
            found.append(stages_of(run, library, limit, families, say=errors.print))
    groups = [[one] for one in found] + ([found] if len(found) > 1 else [])
    table = {
        " + ".join(one.run for one in group): {
            stage: scores(group, stage) for stage in group[0].answered
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
                shown = "nothing to score" if value is None else value
                out.print(f"    {field.replace('_', ' '):<22} {shown}")


def _families(names: list[str]) -> list[Family]:
    from corpus.errors import BadInputError
    from corpus.questions import Family

    try:
        return [Family(name) for name in names]
    except ValueError:
        listed = ", ".join(Family)
        raise BadInputError(f"--family is one of {listed}.") from None


COUNTS = ("stops", "reasons")


def _words(value: object) -> str:
    if value is None:
        return "nothing to count"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


@contextmanager
def kept(file: Path | None) -> Iterator[Callable[[Trace], None]]:
    """Yield what writes a trace as a line of a file, from any thread; without one, does nothing."""
    if file is None:
        yield lambda _: None
        return
    alone = Lock()
    with file.open("w", encoding="utf-8") as lines:

        def keep(trace: Trace) -> None:
            line = trace.model_dump_json() + "\n"
            with alone:
                lines.write(line)
                lines.flush()

        yield keep
