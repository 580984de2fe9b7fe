"""The verbs that make a labelling project and watch it."""

from __future__ import annotations

import getpass
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out, print_json
from corpus.errors import BadInputError
from rl.annotation.cli.common import AsJson, Project, opened_queue
from rl.annotation.cli.people import add_people, named

if TYPE_CHECKING:
    from rl.annotation.items_of_source import Found

app = typer.Typer()

Source = Annotated[
    str, typer.Option("--from", help="A training run by name or folder, or a traces.jsonl.")
]
Chooser = Annotated[
    str | None,
    typer.Option(
        help="What chooses questions: random, entropy, low_confidence or full. Left out: what the"
        " run itself asked about, if it learns from labels, else low_confidence."
    ),
]
Budget = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Share of each round's questions to label.")
]
Seed = Annotated[int, typer.Option(help="Seed of the chooser 'random'.")]
Gold = Annotated[
    Path | None,
    typer.Option(
        help="Labels of the same rollouts that another project exported as .jsonl: the questions"
        " that they settle are mixed in for everybody, to measure annotators, and are no labels."
    ),
]


@app.command(
    epilog="Example:  inforce labels create fees --from tiny-grpo-s0-1 --people ann,ben --budget .2"
)
def create(
    project: Project,
    source: Source,
    people: Annotated[str, typer.Option(help="Annotators, separated by commas.")],
    adjudicators: Annotated[str, typer.Option(help="Adjudicators, separated by commas.")] = "",
    guide: Annotated[
        Path | None,
        typer.Option("--guidelines", help="Text or Markdown file that annotators can open."),
    ] = None,
    chooser: Chooser = None,
    budget: Budget = 0.2,
    overlap: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="People who decide each item of the overlapping share; as the run's recipe says,"
            " else 2, or 1 where --people names one.",
        ),
    ] = None,
    overlap_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of items decided by several people.")
    ] = 0.2,
    lease_minutes: Annotated[
        float, typer.Option(min=0.1, help="How long an idle person keeps an item.")
    ] = 15.0,
    max_labels: Annotated[
        int | None, typer.Option(min=1, help="Most labels that the project may ask for.")
    ] = None,
    gold: Gold = None,
    seed: Seed = 0,
) -> None:
    """Make a labelling project of a run's rollouts."""
    from rl.annotation import items as data
    from rl.annotation.items_of_source import items_of

    _check_name(project)
    found, text = items_of(source, chooser, budget, seed), _guidelines(guide)
    known = _gold(source, gold)
    settings = data.Project(
        name=project,
        corpus_hash=found.corpus_hash,
        run=source,
        overlap=_overlap(named(people), overlap, found.overlap),
        overlap_share=overlap_share,
        lease_seconds=60 * lease_minutes,
        budget=max_labels,
    )
    with opened_queue(create=True) as queue:
        queue.create(settings, text, owner=getpass.getuser())
        add_people(queue, project, people, adjudicators)
        gold_ids = {item.id for item in known.items} if known else set()
        added = queue.add_items(project, [i for i in found.items if i.id not in gold_ids])
        mixed_in = queue.add_items(project, known.items) if known else 0
    out.print(f"{project}: {added} questions to label; annotators open the page Review.")
    if mixed_in:
        out.print(f"{mixed_in} questions with a known answer are mixed in.")


@app.command(epilog="Example:  inforce labels select fees --from tiny-grpo-s0-1 --budget 0.4")
def select(
    project: Project,
    source: Source,
    chooser: Chooser = None,
    budget: Budget = 0.2,
    gold: Gold = None,
    seed: Seed = 0,
) -> None:
    """Add more questions of a run to a project; those that are there already stay as they are.

    With --gold the questions whose answer is known are added, and no others.
    """
    from rl.annotation.items_of_source import items_of
    from rl.annotation.queue.label_queue import QueueError

    found = _gold(source, gold) or items_of(source, chooser, budget, seed)
    with opened_queue() as queue:
        ours = queue.project(project).corpus_hash
        if found.corpus_hash != ours:
            raise QueueError(
                f"{source} was answered from corpus {found.corpus_hash[:12]}, project '{project}'"
                f" is about corpus {ours[:12]}."
            )
        added = queue.add_items(project, found.items)
    out.print(f"{project}: {added} questions added.")


@app.command(epilog="Example:  inforce labels guidelines fees guide.md")
def guidelines(
    project: Project,
    path: Annotated[Path, typer.Argument(help="Text or Markdown file.")],
) -> None:
    """Add a version of a project's guidelines; each decision names the version of its day."""
    text = _guidelines(path)
    with opened_queue() as queue:
        version = queue.add_guidelines(project, text, getpass.getuser())
    out.print(f"{project}: guidelines version {version}.")


@app.command(epilog="Example:  inforce labels status fees")
def status(
    project: Annotated[str | None, typer.Argument(help="A project; all by default.")] = None,
    json: AsJson = False,
) -> None:
    """Print how far projects are, and how well their annotators agree."""
    from rl.annotation.queue.agreement import ProjectStatus, agreement
    from rl.annotation.queue.labels import progress
    from rl.annotation.run_of_project import missing_run

    with opened_queue() as queue:
        for settings in [queue.project(project)] if project else queue.projects():
            name = settings.name
            far, agreed = progress(queue, name), agreement(queue, name)
            if json:
                found = ProjectStatus(project=name, progress=far, agreement=agreed)
                print_json(found.model_dump(mode="json"))
                continue
            counts = ", ".join(f"{n} {word.value}" for word, n in far.by_status.items() if n)
            out.print(f"{name}: {far.labelled} of {far.total} labelled ({counts or 'empty'})")
            if gone := missing_run(settings):
                out.print(f"  {gone}", markup=False)
            if agreed.alpha:
                alpha = agreed.alpha
                out.print(
                    f"  Krippendorff's alpha {alpha.value:.2f} [{alpha.low:.2f},"
                    f" {alpha.high:.2f}], equal decisions {agreed.equal:.2f}"
                )


def _check_name(project: str) -> None:
    if not re.fullmatch(r"[\w.-]{1,80}", project):
        raise BadInputError(
            f"'{project[:90]}' cannot be the name of a project: it has 1 to 80 letters, digits,"
            " '-', '_' or '.'."
        )


def _overlap(people: list[str], asked: int | None, recipe: int | None) -> int:
    """Return how many people decide an overlapping item: as asked, else as the run's recipe says.

    Raises:
        BadInputError: there is nobody, or fewer people than asked for.
    """
    from rl.annotation.items_of_source import OVERLAP

    if not people:
        raise BadInputError("--people: name at least one annotator.")
    if asked is not None and asked > len(people):
        raise BadInputError(
            f"--overlap: {asked} people cannot decide an item where --people names {len(people)}."
        )
    wanted = asked or recipe or min(OVERLAP, len(people))
    if wanted > len(people):
        out.print(
            f"The recipe wants {wanted} people for an item and --people names {len(people)}:"
            " 'inforce labels people' adds others."
        )
    return wanted


def _gold(source: str, known: Path | None) -> Found | None:
    from rl.annotation.items_of_source import gold_items_of

    return None if known is None else gold_items_of(source, known)


def _guidelines(path: Path | None) -> str:
    from rl.annotation.exchange import read_text

    if path is None:
        return ""
    try:
        return read_text(path)
    except BadInputError as fault:
        raise BadInputError(f"guidelines: {fault}") from fault
