"""What the verbs of labelling share: arguments, and the queue that they open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rl.annotation.queue.label_queue import LabelQueue

Project = Annotated[str, typer.Argument(help="Name of a labelling project.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]


def opened_queue(*, create: bool = False) -> LabelQueue:
    """Open the label queue that the settings name.

    Raises:
        StoreError: there is none, and ``create`` is not set, or it cannot be opened.
    """
    from corpus.settings import Settings
    from rl.annotation.queue.label_queue import LabelQueue, labels_url

    return LabelQueue.open(labels_url(Settings.load()), create=create)
