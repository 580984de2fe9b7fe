"""Command-line verbs of ``inforce bench``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, out, print_json

if TYPE_CHECKING:
    from eval.bench.methods import MethodCost
    from eval.bench.ranking import Quality, RankingSet
    from eval.bench.retrieval import Report

app = typer.Typer(no_args_is_help=True, help="Measure speed on this machine.")


@app.callback()
def bench() -> None:
    """Measure speed on this machine."""


@app.command(epilog="Example:  inforce bench retrieval --versions 200000 --engine embedded")
def retrieval(
    versions: Annotated[int, typer.Option(help="Rows of the synthetic statute book.")] = 200_000,
    engine: Annotated[
        str, typer.Option(help="'embedded', or an index URL such as elastic+http://host/alias.")
    ] = "embedded",
    queries: Annotated[int, typer.Option(help="Distinct queries to time.", min=256)] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the book and the queries.")] = 0,
    to: Annotated[Path | None, typer.Option(help="Folder for report.json and plot.svg.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare dated search with the bare engine, SQLite FTS5 and, where installed, LanceDB.

    All answer the same queries in one run; wall-clock and, where the calling thread does the work,
    processor time.
    """
    import tempfile

    from eval.bench.retrieval import run
    from retrieval.index_url import parse_index_url

    with tempfile.TemporaryDirectory(prefix="inforce-bench-") as scratch:
        url = parse_index_url(f"embedded:{scratch}/index" if engine == "embedded" else engine)
        report = run(url, versions, queries, seed)
    if to is not None:
        _keep(report, to)
    print_json(report.model_dump()) if json else _show(report)


def _keep(report: Report, folder: Path) -> None:
    from eval.bench.plot import bars

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    title = f"Dated search over {report.rows:,} rows, log scale ({report.machine})"
    rows = [(result.name, (result.p50, result.p95, result.p99)) for result in report.results]
    plot = bars(title, "ms", ("p50", "p95", "p99"), rows)
    (folder / "plot.svg").write_text(plot, encoding="utf-8")


def _show(report: Report) -> None:
    from rich.table import Table

    table = Table(title=f"{report.rows:,} rows, {report.queries} queries; {report.machine}")
    names = (
        "",
        "build s",
        "disk MB",
        "memory MB",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "cpu p50",
        "cpu p95",
        "1",
        "4",
        "16 clients/s",
    )
    for name in names:
        table.add_column(name, justify="left" if not name else "right")
    for result in report.results:
        cells = (
            result.build_seconds,
            result.disk_mb,
            result.memory_mb,
            result.p50,
            result.p95,
            result.p99,
            result.processor_p50,
            result.processor_p95,
        )
        table.add_row(
            result.name,
            *("-" if cell is None else f"{cell:g}" for cell in cells),
            *(f"{rate:g}" for rate in result.per_second.values()),
        )
    out.print(table)
    rollouts = report.rollouts
    out.print(f"our time over the bare engine's, median of queries: {report.ratio}")
    if report.ratio_processor is not None:
        out.print(f"the same of processor time: {report.ratio_processor}")
    out.print(f"the same by the clock, on caches that others have cooled: {report.ratio_among}")
    out.print(
        "64 rollouts x 4 searches, searches/s: distinct queries one by one "
        f"{rollouts.distinct_one_by_one:g}, together {rollouts.distinct_together:g}; groups that "
        f"ask alike one by one {rollouts.alike_one_by_one:g}, through the cache "
        f"{rollouts.alike_remembered:g}, together {rollouts.alike_together:g}"
    )


@app.command(epilog="Example:  inforce bench ranking --half development")
def ranking(
    own: Annotated[
        bool, typer.Option("--own", help="Use your store instead of the demonstration corpus.")
    ] = False,
    index: Annotated[
        str | None,
        typer.Option(help="Index URL to build and search; a temporary folder by default."),
    ] = None,
    half: Annotated[
        str | None,
        typer.Option(
            help="Part of eval/questions to ask too: development, or held_out to held_out_7."
        ),
    ] = None,
    questions: Annotated[int, typer.Option(help="Most made questions.", min=0)] = 2_000,
    seed: Annotated[int, typer.Option(help="Seed of the questions and the resampling.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure Recall@1 and @10, MRR and nDCG@10 of words, vectors, both, and citations first.

    Per language with 95 % intervals, and the gain over words question by question: on made
    questions of the test split, on the hand-written ones, and on a half of those in the words of
    laymen and of statutes (with --own those over real law). INFORCE_ENCODER names the encoder.
    """
    from corpus.console import progress_bar
    from corpus.errors import BadInputError
    from corpus.settings import Settings
    from eval.bench.ranking import asked_questions, compare, made, read_half, written
    from retrieval.index_build import embedding_for

    with ground(own=own, seed=seed, url=index) as law, progress_bar("Asking") as advance:
        embedding = embedding_for(Settings.load().index_url if own else law.index_url)
        if embedding is None:
            raise BadInputError("INFORCE_ENCODER is none: there are no vectors to measure")
        sets = {"made, test split": made(law, "test", questions)} if questions else {}
        if not own:
            sets["written by hand"] = list(written())
        if half is not None:
            sets |= asked_questions("real" if own else "demo", read_half(half))
        found = compare(law, sets, embedding, advance)
    if json:
        print_json(
            {
                s: {h: {k: q.model_dump() for k, q in by.items()} for h, by in hows.items()}
                for s, hows in found.items()
            }
        )
        return
    for name, hows in found.items():
        out.print(f"[bold]{name}[/]")
        for how, by_language in hows.items():
            for language, quality in by_language.items():
                if language == "all" or not how.startswith("gain"):
                    out.print(f"  {how:<31} {language:<8} {_scores(quality)}")


@app.command(epilog="Example:  inforce bench weights --own")
def weights(
    own: Annotated[
        bool, typer.Option("--own", help="Use your store instead of the demonstration corpus.")
    ] = False,
    questions: Annotated[int, typer.Option(help="Most made questions of a split.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Seed of the questions and the resampling.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Choose the weights of names, number and heading on the train split; report on test."""
    from corpus.console import progress_bar
    from eval.bench.ranking import choose_weights, made
    from retrieval.engines.index_schema import WEIGHTS

    with ground(own=own, seed=seed) as law, progress_bar("Weighing") as advance:
        train, test = made(law, "train", questions), made(law, "test", questions)
        found = choose_weights(law, train, test, WEIGHTS, advance)
    if json:
        print_json(found.model_dump())
        return
    for tried, mrr in sorted(found.train.items(), key=lambda item: -item[1]):
        out.print(f"  train MRR {mrr:.4f}  {tried}")
    out.print(f"best: {found.best}; on test {_scores(found.best_on_test)}")
    out.print(f"in use: {found.in_use}; on test {_scores(found.in_use_on_test)}")


def _scores(quality: Quality) -> str:
    recalls = f"R@1 {quality.recall_at_1}  R@10 {quality.recall_at_10}"
    return f"{recalls}  MRR {quality.mrr}  nDCG@10 {quality.ndcg_at_10}"


@contextmanager
def ground(*, own: bool, seed: int, url: str | None = None) -> Iterator[RankingSet]:
    """Open the user's store, or the demonstration corpus, with an empty folder for indices."""
    import tempfile

    from corpus.settings import Settings
    from eval.bench.ranking import RankingSet, load_demo
    from retrieval.whole_state import last_whole_state

    with tempfile.TemporaryDirectory(prefix="inforce-bench-") as scratch:
        folder = Path(scratch)
        with last_whole_state(Settings.load()) if own else load_demo(folder) as store:
            yield RankingSet(store, folder, seed, url)


@app.command(epilog="Example:  inforce bench agent http://127.0.0.1:8000/v1 --tokenizer smollm2")
def agent(
    endpoint: Annotated[
        str, typer.Argument(help="URL of vLLM, with #MODEL where it serves several.")
    ],
    tokenizer: Annotated[str, typer.Option(help="The served model's name, folder or hub id.")],
    concurrency: Annotated[int, typer.Option(help="Questions answered concurrently.", min=1)] = 32,
    rounds: Annotated[int, typer.Option(help="Repetitions, each with new questions.", min=1)] = 2,
    max_turns: Annotated[int, typer.Option(help="Most turns of one question.", min=1)] = 8,
    temperature: Annotated[
        float, typer.Option(help="Sampling temperature; 0 takes the likeliest token.")
    ] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Print one object per round.")] = False,
) -> None:
    """Compare questions run through the graph with bare generation of the same tokens by vLLM."""
    from agent.models.sampling import Sampling
    from agent.policies.language_model import ModelPolicy
    from agent.policies.registry import PolicyChoice, open_policy
    from eval.bench.agent import bench as run

    choice = PolicyChoice.load(endpoint).model_copy(update={"tokenizer": tokenizer})
    drawn = Sampling(max_tokens=choice.max_tokens, temperature=temperature)
    policy = open_policy(choice, (), drawn)
    if not isinstance(policy, ModelPolicy):
        raise typer.BadParameter("give the address of vLLM")
    for found in run(policy, concurrency, rounds, max_turns, errors.print):
        if json:
            print_json({**found.model_dump(), "ratio": found.ratio})
            continue
        tokens = found.completion_tokens
        out.print(
            f"{found.questions} questions, {found.turns} turns, {found.prompt_tokens:,} prompt and "
            f"{tokens:,} completion tokens: graph {found.graph_seconds:.1f} s "
            f"({tokens / found.graph_seconds:.0f} tokens/s), bare {found.bare_seconds:.1f} s "
            f"({tokens / found.bare_seconds:.0f} tokens/s), ratio {found.ratio:.2f}"
        )


@app.command(epilog="Example:  inforce bench rollout --model tiny --episodes 64")
def rollout(
    model: Annotated[str, typer.Option(help="tiny, smollm2, or a folder.")] = "tiny",
    episodes: Annotated[int, typer.Option(help="Concurrent rollouts.", min=2)] = 64,
    tokens: Annotated[int, typer.Option(help="Most tokens of one turn.", min=1)] = 48,
    dtype: Annotated[
        str, typer.Option(help="Type of the weights: float32 or bfloat16.")
    ] = "float32",
    seed: Annotated[int, typer.Option(help="Seed of questions and sampling.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare rollouts with bare generation, and batched with single tool calls."""
    import tempfile

    from eval.bench.rollout import run

    with tempfile.TemporaryDirectory(prefix="inforce-bench-") as scratch:
        found = run(Path(scratch), model, dtype, episodes, tokens, seed)
    if json:
        print_json({name: one.model_dump() for name, one in found.items()})
        return
    for name, one in found.items():
        out.print(f"[bold]{name}[/]")
        for field, value in one:
            out.print(f"  {field.replace('_', ' '):<26} {value}")


@app.command("train-step", epilog="Example:  inforce bench train-step --repeats 6")
def train_step(
    repeats: Annotated[int, typer.Option(help="Pairs of a stock run and one of ours.", min=1)] = 6,
    steps: Annotated[int, typer.Option(help="Optimiser steps of each run.", min=2)] = 8,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare the processor time of our optimiser step with a stock GRPOTrainer's."""
    from eval.bench.train_step import bench as run

    found = run(repeats, steps, errors.print)
    if json:
        print_json(found.model_dump())
    else:
        out.print(
            f"{found.steps} steps each: stock {1000 * found.stock:.0f} ms, ours "
            f"{1000 * found.ours:.0f} ms of processor time; ours over stock {found.ratio:.3f} "
            f"({min(found.ratios):.3f} to {max(found.ratios):.3f} by repeat)"
        )


@app.command(epilog="Example:  inforce bench methods --repeats 3")
def methods(
    repeats: Annotated[
        int, typer.Option(help="Times that each set of methods is timed.", min=1)
    ] = 3,
    steps: Annotated[int, typer.Option(help="Optimiser steps of each run.", min=2)] = 6,
    hidden: Annotated[int, typer.Option(help="Hidden size of the model.", min=8)] = 192,
    layers: Annotated[int, typer.Option(help="Layers of the model.", min=1)] = 4,
    json: Annotated[bool, typer.Option("--json", help="Print one object per set.")] = False,
) -> None:
    """Compare optimiser steps with sets of training methods to a stock GRPOTrainer's."""
    from eval.bench.methods import bench as run

    costs = run(repeats, steps, errors.print, {"hidden": hidden, "layers": layers})
    _show_costs(costs, "a stock step", json=json)


def _show_costs(costs: Sequence[MethodCost], unit: str, *, json: bool) -> None:
    for cost in costs:
        if json:
            print_json(cost.model_dump())
        else:
            out.print(
                f"{cost.methods:<38} {cost.ratio:.3f} of {unit} "
                f"({cost.least:.3f} to {cost.greatest:.3f})"
            )


@app.command(epilog="Example:  inforce bench rounds tiny-grpo-s0-1")
def rounds(
    name: Annotated[str, typer.Argument(help="A training run, by name or folder.")],
    repeats: Annotated[int, typer.Option(help="Times that each set is timed.", min=1)] = 3,
    count: Annotated[int, typer.Option("--rounds", help="Rounds of each set.", min=1)] = 6,
    runs: Annotated[
        Path | None, typer.Option(help="Folder of runs; INFORCE_HOME/runs by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one object per set.")] = False,
) -> None:
    """Compare whole training rounds, rollouts included, with all methods and with none."""
    from eval.bench.rounds import bench as run
    from rl.questions.training_questions import open_library, questions_of
    from rl.run.run_directory import find_run, runs_home

    found = find_run(name, runs or runs_home())
    data = found.recipe().data
    with open_library(data) as library:
        costs = run(found, library, questions_of(data, library), repeats, count, errors.print)
    _show_costs(costs, "a round of plain GRPO", json=json)


@app.command(epilog="Example:  inforce bench probes my-recipe-s0-1")
def probes(
    run: Annotated[str, typer.Argument(help="A run with [labels], by name or folder.")],
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of folds and weights.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how well probes tell right majorities, by projection and its dimensions.

    Reads the features that the run stored in its last checkpoint. Needs inforce[train].
    """
    from corpus.errors import training_installed
    from rl.run.run_directory import find_run, runs_home

    with training_installed("Measuring probes"):
        from eval.bench.probes import probe_report
    report = probe_report(find_run(run, runs_home()), seeds)
    if json:
        print_json(report.model_dump())
        return
    step = "" if report.step is None else f"; a round of the run takes {report.step:.1f} s"
    out.print(
        f"{report.examples} questions, {report.right:.0%} with a right majority; effective rank"
        f" {report.rank:.1f} of {report.width}{step}"
    )
    for one in report.probes:
        out.print(
            f"{one.architecture:<10} {one.bottleneck:<6} {one.kept:>4}  AUC {one.auc:.3f}"
            f" +- {one.spread:.3f}  {one.seconds:.2f} s  {1000 * one.round:.1f} ms a round"
            + ("" if one.ratio is None else f", {one.ratio:.4f} of one without a projection")
        )


@app.command(epilog="Example:  inforce bench transport --model smollm2")
def transport(
    model: Annotated[str, typer.Option(help="A prepared model, or a folder.")] = "smollm2",
    seed: Annotated[int, typer.Option(help="Seed of the reference logits.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one object per line.")] = False,
) -> None:
    """Measure after how many Sinkhorn iterations the potential of the method wpg has converged."""
    from eval.bench.transport import bench as run

    for one in run(model, seed):
        if json:
            print_json(one.model_dump())
        else:
            out.print(
                f"{one.apart:.1f} nats apart, epsilon {one.epsilon:.2f}, {one.iterations:>3}"
                f" iterations: correlation {one.correlation:.2f}, error {one.error:.0%}"
            )
