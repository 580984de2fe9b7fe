"""Command-line verb ``questions make``, which needs the indexed state.

``app`` has the other verbs of ``questions`` too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from corpus.cli import File, Json, questions, show_stats
from corpus.console import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpus.ingest import Progress
    from corpus.model import WorkHistory
    from corpus.store import Store


app = questions


@app.command(epilog="Example:  inforce questions make questions.jsonl --per-family 50")
def make(
    file: File,
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same questions.")] = 0,
    per_family: Annotated[
        int | None, typer.Option(help="Most questions of a family per work.")
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this family (repeat it); the harder ones are made only where named."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write questions about every work of the store to FILE and count them.

    They are made from the state that the index holds: what 'inforce ask' answers from.
    """
    from corpus.questions import (
        MADE_FAMILIES,
        families_named,
        make_questions,
        read_questions,
        tally,
        write_questions,
    )
    from corpus.settings import Settings
    from retrieval.whole_state import last_whole_state

    families = families_named(family) if family else MADE_FAMILIES
    with last_whole_state(Settings.load()) as store, progress_bar("Works") as advance:
        recorded = store.as_recorded(store.state().recorded_at)
        made = make_questions(_watched(recorded, advance), seed, per_family, families)
        write_questions(made, file)
    show_stats(tally(read_questions(file)).model_dump(), json)


def _watched(store: Store, advance: Progress) -> Iterator[WorkHistory]:
    works = store.works()
    for done, work in enumerate(works, start=1):
        history = store.work_history(work.id)
        if history is not None:
            yield history
        advance(done, len(works), work.title)
