"""Example questions, shown if the library holds the demonstration corpus."""

from __future__ import annotations

from collections.abc import Collection

from agent.graph.nodes import AskRequest
from corpus.demo import golden_questions
from corpus.model import Frozen

_SHOWN = (
    "en-qualifying-2012-last-day",
    "fr-marriage-woman-2005",
    "de-minimum-wage-2022-q3",
    "fr-tort-first-day-1240",
    "de-217-annulled",
    "fr-427-1-future",
)


class Example(Frozen):
    """An example question."""

    id: str
    asked: AskRequest


def examples(works: Collection[str]) -> tuple[Example, ...]:
    """Return the examples about the works with these ids, in the order shown."""
    known = {question.id: question for question in golden_questions()}
    chosen = (known[name] for name in _SHOWN if name in known)
    return tuple(
        Example(
            id=question.id,
            asked=AskRequest(question=question.text, as_at=question.as_at, extent=question.extent),
        )
        for question in chosen
        if question.work_id in works
    )
