"""People as the source of labels, through a labelling project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from corpus.errors import BadInputError, StoreError
from rl.annotation.items import Item
from rl.annotation.queue.label_queue import LabelQueue
from rl.annotation.queue.labels import labels
from rl.annotation.sources.file import verdicts
from rl.annotation.sources.source import Tally
from rl.annotation.sources.verdict import Verdict


class QueueSource:
    """Puts items before the annotators of a project, and answers with what they decided.

    Until the project is there (``inforce labels create NAME --from RUN`` makes it), no label is.

    Args:
        url: where the queue is kept.
        project: name of the project.
        corpus_hash: the corpus of the run; a project about another one is refused.
    """

    def __init__(self, url: str, project: str, corpus_hash: str) -> None:
        self._url, self._project, self._corpus_hash = url, project, corpus_hash
        self._tally = Tally()

    @property
    def handed_out(self) -> int:
        """Return how many questions a label was handed out for, each counted once."""
        return len(self._tally)

    def ask(self, items: Sequence[Item]) -> Mapping[str, Verdict]:
        """Add items to the project where they are new; return the settled labels, by item id.

        Raises:
            BadInputError: the project is about another corpus.
            StoreError: the queue cannot be read or written.
        """
        try:
            queue = LabelQueue.open(self._url)
        except StoreError:
            return {}
        with queue:
            there = next((p for p in queue.projects() if p.name == self._project), None)
            if there is None:
                return {}
            if there.corpus_hash != self._corpus_hash:
                raise BadInputError(
                    f"Project '{self._project}' is about corpus {there.corpus_hash[:12]}, the run"
                    f" about {self._corpus_hash[:12]}."
                )
            queue.add_items(self._project, items)
            return self._tally.add(items, verdicts(items, labels(queue, self._project)))
