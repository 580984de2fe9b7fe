"""``inforce eval policy`` and ``eval answers``: evaluate a policy on questions with answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out, print_json, progress_bar
from corpus.errors import BadInputError

if TYPE_CHECKING:
    from rich.table import Table

    from agent.library import Library
    from corpus.questions import Question
    from eval.questions.asked import AskedQuestion
    from eval.suites.answers import AnswerReport


def policy(
    name: Annotated[str, typer.Argument(help="As for 'inforce ask --policy'.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Questions on your corpus; left out: those of the demonstration corpus."
        ),
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only this split of FILE.")] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps every finished question; run again, it continues."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(help="Number of questions, drawn with the seed; without FILE 50.", min=1),
    ] = None,
    concurrency: Annotated[int, typer.Option(help="Questions answered concurrently.", min=1)] = 1,
    controller: Annotated[
        Path | None, typer.Option(help="Folder of a learnt controller, which steers a model.")
    ] = None,
    max_turns: Annotated[int, typer.Option(help="Most turns of one question.", min=1)] = 8,
    temperature: Annotated[
        float, typer.Option(help="Sampling temperature; 0 takes the likeliest token.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the questions and the sampling.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Evaluate a policy on questions with known answers: correctness, anachronisms, cost."""
    from agent.models.sampling import Sampling
    from agent.policies.registry import PolicyChoice, open_policy
    from eval.suites.policy import Evaluation, answer_all, policy_scores
    from rl.rollouts.batched_policy import batched
    from rl.rollouts.rollout import Limits

    questions = _questions(file, split, limit, seed)
    choice = PolicyChoice.load(name, controller)
    sampling = Sampling(max_tokens=choice.max_tokens, temperature=temperature, seed=seed)
    with _library(file) as library, progress_bar(name) as advance:
        asked = batched(open_policy(choice, library.works, sampling), concurrency)
        limits = Limits(max_turns=max_turns, concurrency=concurrency)
        records = answer_all(
            Evaluation(library, asked, sampling, seed, limits),
            questions,
            to,
            lambda done: advance(done, len(questions), ""),
        )
        found = policy_scores(records, library)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    for field, value in found:
        _show(field.replace("_", " "), value)


def answers(
    name: Annotated[str, typer.Argument(help="As for 'inforce ask --policy'.")],
    corpus: Annotated[
        str,
        typer.Option(help="demo, or real: the store of INFORCE_HOME holds the real corpora."),
    ] = "demo",
    half: Annotated[
        str, typer.Option(help="development, or held_out to held_out_7.")
    ] = "development",
    to: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps every finished question; run again, it continues."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Write risk against coverage there, as SVG.")
    ] = None,
    reliability: Annotated[
        Path | None,
        typer.Option(help="Write the share right by probability there, as SVG."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Put questions in lay and in statute words to a policy: right, beside the point, declined?"""
    from agent.policies.registry import PolicyChoice, open_policy
    from eval.suites.answers import answer_all_asked, answer_report, judge
    from eval.suites.reliability import reliability_plot
    from eval.suites.risk_coverage import risk_plot

    asked = _asked(corpus, half)
    choice = PolicyChoice.load(name)
    with _library(None if corpus == "demo" else Path()) as library, progress_bar(name) as advance:
        records = answer_all_asked(
            library,
            open_policy(choice, library.works),
            asked,
            to,
            lambda done: advance(done, len(asked), ""),
        )
        judged = judge(asked, records, library.store)
        found = answer_report(judged, records)
    if plot is not None:
        title = f"Share of answers that fail, by share answered: {corpus}, {half.replace('_', ' ')}"
        plot.write_text(risk_plot(title, judged), encoding="utf-8")
    if reliability is not None:
        title = f"Share right by probability: {corpus}, {half.replace('_', ' ')}"
        reliability.write_text(reliability_plot(title, judged), encoding="utf-8")
    if json:
        print_json(found.model_dump(mode="json"))
        return
    out.print(_answers_table(found))


def _answers_table(found: AnswerReport) -> Table:
    from rich.table import Table

    from eval.suites.answers import AnswerOutcome

    table = Table(
        "questions", "n", "right of answerable", *map(str, AnswerOutcome), "closest hold gold"
    )
    for name, scores in found.groups.items():
        counted = (str(scores.outcomes[outcome]) for outcome in AnswerOutcome)
        offered = _shown(scores.gold_offered) if scores.gold_offered else "-"
        right = _shown(scores.right) if scores.right else "-"
        table.add_row(name, str(scores.questions), right, *counted, offered)
    return table


def _asked(corpus: str, half: str) -> list[AskedQuestion]:
    from eval.questions.asked import CORPORA, HALVES, read_asked

    for known in CORPORA:
        for part in HALVES:
            if (known, part) == (corpus, half):
                return read_asked(known, part)
    raise BadInputError(f"--corpus is one of {', '.join(CORPORA)}; --half of {', '.join(HALVES)}.")


def _questions(
    file: Path | None, split: str | None, limit: int | None, seed: int
) -> list[Question]:
    from corpus.demo import demo_questions
    from corpus.questions import read_questions
    from rl.questions.training_questions import draw

    if file is None:
        return demo_questions(limit or 50, seed)
    questions = draw((q for q in read_questions(file) if split in (None, q.split)), limit, seed)
    if not questions:
        raise BadInputError(f"{file} has no questions{f' of split {split}' if split else ''}.")
    return questions


@contextmanager
def _library(file: Path | None) -> Iterator[Library]:
    """Open the user's library for questions of a file, else the demonstration corpus."""
    from agent.library import Library
    from corpus.settings import Settings
    from eval.suites.demo import demo_library

    with demo_library() if file is None else Library.open(Settings.load()) as library:
        yield library


def _show(name: str, value: object, indent: str = "") -> None:
    """Print a score on one line, or a group of scores under a heading."""
    from pydantic import BaseModel

    from eval.metrics import Score

    if isinstance(value, Score) or not isinstance(value, BaseModel | dict):
        out.print(f"{indent}{name:<24} {_shown(value)}")
        return
    out.print(f"{indent}[bold]{name}[/]")
    for key, item in value.items() if isinstance(value, dict) else value:
        _show(key.replace("_", " "), item, f"{indent}  ")


def _shown(value: object) -> str:
    if value is None:
        return "nothing to score"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
