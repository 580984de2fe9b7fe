"""The verb that lists disagreements and settles them."""

from __future__ import annotations

import getpass
import uuid
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out
from rl.annotation.cli.common import Project, opened_queue

if TYPE_CHECKING:
    from rl.annotation.items import Decision
    from rl.annotation.queue.adjudication import Dispute

app = typer.Typer()


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

    with opened_queue() as queue:
        queue.project(project)
        found = disputes(queue, project)
        if item is None:
            for dispute in found:
                _print_dispute(dispute)
            if not found:
                out.print(f"No item of {project} waits to be settled.")
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
        raise QueueError(f"{len(meant)} items to be settled begin with '{item}', not one.")
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


def _none(_version: str) -> str | None:
    return None
