"""The verbs ``inforce labels``: make a labelling project, watch it, take its labels out."""

from __future__ import annotations

import getpass
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out, print_json

if TYPE_CHECKING:
    from rl.annotation.items import Decision, Item, Label, LabelStatus
    from rl.annotation.queue.adjudication import Dispute
    from rl.annotation.queue.label_queue import LabelQueue

app = typer.Typer(
    help="Choose rollouts worth a person's label, and take the labels out again.",
    no_args_is_help=True,
)

Project = Annotated[str, typer.Argument(help="Name of a labelling project.")]
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
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]


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
            " else 2.",
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
    seed: Seed = 0,
) -> None:
    """Make a labelling project of a run's rollouts."""
    from rl.annotation import items as data
    from rl.annotation.items_of_source import items_of

    found = items_of(source, chooser, budget, seed)
    text = _guidelines(guide)
    settings = data.Project(
        name=project,
        corpus_hash=found.corpus_hash,
        run=source,
        overlap=overlap or found.overlap,
        overlap_share=overlap_share,
        lease_seconds=60 * lease_minutes,
        budget=max_labels,
    )
    with _queue(create=True) as queue:
        queue.create(settings, text, owner=getpass.getuser())
        for role, names in ((data.Role.ANNOTATOR, people), (data.Role.ADJUDICATOR, adjudicators)):
            for name in filter(None, (part.strip() for part in names.split(","))):
                queue.add_person(project, name, role)
        queue.add_items(project, found.items)
    out.print(f"{project}: {len(found.items)} questions to label; annotators open the page Review.")


@app.command(epilog="Example:  inforce labels select fees --from tiny-grpo-s0-1 --budget 0.4")
def select(
    project: Project,
    source: Source,
    chooser: Chooser = None,
    budget: Budget = 0.2,
    seed: Seed = 0,
) -> None:
    """Add more questions of a run to a project; those that are there already stay as they are."""
    from rl.annotation.items_of_source import items_of
    from rl.annotation.queue.label_queue import QueueError

    found = items_of(source, chooser, budget, seed)
    with _queue() as queue:
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
    with _queue() as queue:
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

    with _queue() as queue:
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


@app.command(epilog="Example:  inforce labels export fees labels.jsonl --status agreed")
def export(
    project: Project,
    path: Annotated[
        Path,
        typer.Argument(help="A .jsonl file, a Label Studio .json file, or a folder for Parquet."),
    ],
    status: Annotated[
        list[str] | None,
        typer.Option(help="Only labels of this status: agreed, adjudicated, disagreed, open."),
    ] = None,
    as_: Annotated[
        str,
        typer.Option(
            "--as",
            help="labels; demonstrations (right rollouts); or pairs (a right and a wrong one).",
        ),
    ] = "labels",
    source: Annotated[
        str | None,
        typer.Option("--from", help="Run or traces.jsonl with the rollouts; the project's run."),
    ] = None,
) -> None:
    """Write the labels of a project to a file, or what they make of the run's rollouts."""
    from rl.annotation import exchange
    from rl.annotation.queue.labels import labels

    wanted = [_status(word) for word in status or ()]
    with _queue() as queue:
        found = exchange.with_status(labels(queue, project), wanted)
        if as_ != "labels":
            _export_rollouts(queue, project, found, path, as_, source)
            return
        if path.suffix == ".jsonl":
            exchange.write_jsonl(found, path)
        elif path.suffix == ".json":
            kept = {label.item for label in found}
            items = [item for item in queue.items(project) if item.id in kept]
            exchange.write_label_studio(items, found, path)
        else:
            exchange.write_parquet(found, path)
    out.print(f"{len(found)} labels written to {path}")


def _export_rollouts(
    queue: LabelQueue,
    project: str,
    found: list[Label],
    path: Path,
    what: str,
    source: str | None,
) -> None:
    from rl.annotation import exchange, training_data
    from rl.annotation.run_of_project import journal_of
    from rl.rewards.scored_trace import read_rollouts

    records = read_rollouts(journal_of(source or queue.project(project).run))
    rows = training_data.rows(what, found, queue.items(project), records)
    exchange.write_jsonl(rows, path)
    out.print(f"{len(rows)} {what} written to {path}")


@app.command("import", epilog="Example:  inforce labels import fees label-studio.json")
def import_(
    project: Project,
    path: Annotated[Path, typer.Argument(help="An export of Label Studio: a .json file.")],
) -> None:
    """Take in decisions that were made in Label Studio; each imported once."""
    from rl.annotation.exchange import read_label_studio

    with _queue() as queue:
        made = read_label_studio(path, queue.items(project))
        taken = sum(_take(queue, project, *one) for one in made)
    out.print(f"{taken} decisions imported, {len(made) - taken} were there already.")


@app.command(epilog="Example:  inforce labels adjudicate fees 3f2a --candidate A --as judith")
def adjudicate(
    project: Project,
    item: Annotated[
        str | None, typer.Argument(help="Id of an item, or its beginning; lists them by default.")
    ] = None,
    candidate: Annotated[str | None, typer.Option(help="Letter of the right candidate.")] = None,
    decline: Annotated[
        str | None, typer.Option(help="Reason for which abstaining is right: repealed, ...")
    ] = None,
    person: Annotated[str, typer.Option("--as", help="The adjudicator.")] = "",
) -> None:
    """List the items on which annotators disagree, or settle one of them."""
    from rl.annotation.queue.adjudication import disputes, settle

    with _queue() as queue:
        found = disputes(queue, project)
        if item is None:
            for dispute in found:
                _print_dispute(dispute)
            return
        dispute = _one(found, item)
        decision = _decision(candidate, decline)
        settle(
            queue, project, dispute, person or getpass.getuser(), decision, uuid.uuid4().hex, _none
        )
    out.print(f"{dispute.item.id} is settled.")


def _print_dispute(dispute: Dispute) -> None:
    out.print(f"[bold]{dispute.item.id}[/]  {dispute.item.shown.question}")
    for candidate in dispute.item.shown.candidates:
        out.print(f"  {candidate.letter}. {candidate.text}", markup=False)
    for made in dispute.made:
        note = f"  ({made.decision.note})" if made.decision.note else ""
        out.print(f"  {made.person}: {made.decision.key}{note}", markup=False)


def _one(found: list[Dispute], item: str) -> Dispute:
    from rl.annotation.queue.label_queue import QueueError

    meant = [dispute for dispute in found if dispute.item.id.startswith(item)]
    if len(meant) != 1:
        raise QueueError(f"{len(meant)} items to be settled begin with '{item}'.")
    return meant[0]


def _decision(candidate: str | None, decline: str | None) -> Decision:
    from corpus.errors import BadInputError
    from corpus.questions import Decline
    from rl.annotation.items import ChosenCandidate, ChosenDecline, Decision

    named = candidate or decline
    if named is None or (candidate and decline):
        raise BadInputError("Name the right candidate, or the reason to decline: one of them.")
    try:
        if candidate is not None:
            return Decision(choice=ChosenCandidate(letter=candidate))
        return Decision(choice=ChosenDecline(reason=Decline(named)))
    except ValueError:
        reasons = ", ".join(reason.value for reason in Decline)
        raise BadInputError(
            f"'{named}' is neither a candidate's letter nor one of: {reasons}."
        ) from None


def _take(queue: LabelQueue, project: str, item: Item, person: str, decision: Decision) -> bool:
    from rl.annotation.items import Role
    from rl.annotation.queue.assignments import take_in

    if person not in queue.people(project):
        queue.add_person(project, person, Role.ANNOTATOR)
    return take_in(queue, project, item, person, decision)


def _status(word: str) -> LabelStatus:
    from corpus.errors import BadInputError
    from rl.annotation.items import LabelStatus

    try:
        return LabelStatus(word)
    except ValueError:
        raise BadInputError(
            f"--status: '{word}' is none of {', '.join(s.value for s in LabelStatus)}"
        ) from None


def _guidelines(path: Path | None) -> str:
    from corpus.errors import BadInputError

    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise BadInputError(f"guidelines: cannot read {path}: {fault}") from fault


def _queue(*, create: bool = False) -> LabelQueue:
    from corpus.settings import Settings
    from rl.annotation.queue.label_queue import LabelQueue, labels_url

    return LabelQueue.open(labels_url(Settings.load()), create=create)


def _none(_version: str) -> str | None:
    return None
