"""A small project, and decisions on it, for tests of the label queue."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from agent.trace import AbstentionReason
from corpus.questions import Decline
from rl.annotation.items import (
    Candidate,
    ChosenCandidate,
    ChosenDecline,
    ChosenVersion,
    Cited,
    Decision,
    Item,
    Origin,
    Project,
    Role,
    Shown,
)
from rl.annotation.queue.label_queue import LabelQueue

TEXTS = {
    "v1": "The fee is £40.\r\nIt is paid once.",
    "v2": "L’amende est de 𝟙𝟘𝟘 e\u0301cus; l’accusé paie.",
}
"""Versions with a line end of Windows, a combining mark and characters beyond the first plane."""


def text_of(version_id: str) -> str | None:
    return TEXTS.get(version_id)


def item(number: int, gold: Any = None) -> Item:
    return Item(
        id=f"item-{number:04d}",
        shown=Shown(
            question=f"What is fee number {number}?",
            as_at=date(2001, 1, 1),
            candidates=(
                Candidate(letter="A", text="£40", citations=(Cited(version_id="v1", quote="£40"),)),
                Candidate(letter="B", text="None", abstains=AbstentionReason.REPEALED),
            ),
        ),
        origin=Origin(
            run="run-1",
            round=3,
            question_id=f"q-{number}",
            traces={"A": ("t1", "t2"), "B": ("t3",)},
            chooser="care",
            score=1.25,
        ),
        gold=gold,
    )


def project(name: str = "fees", **changes: Any) -> Project:
    return Project(name=name, corpus_hash="abc", run="run-1", **changes)


def filled(url: str, count: int, people: tuple[str, ...] = ("ann", "ben"), **settings: Any) -> Any:
    queue = LabelQueue.open(url, create=True)
    queue.create(project(**settings), "Read the version.", owner="olga")
    for person in people:
        queue.add_person("fees", person, Role.ANNOTATOR)
    queue.add_person("fees", "judith", Role.ADJUDICATOR)
    queue.add_items("fees", [item(n) for n in range(count)])
    return queue


def chosen(letter: str = "A", **more: Any) -> Decision:
    return Decision(choice=ChosenCandidate(letter=letter), **more)


def marked(version: str, start: int, end: int, quote: str | None = None) -> Decision:
    words = TEXTS[version][start:end] if quote is None else quote
    return Decision(choice=ChosenVersion(version_id=version, quote=words, start=start, end=end))


def declined(reason: Decline = Decline.REPEALED) -> Decision:
    return Decision(choice=ChosenDecline(reason=reason))


def fresh() -> str:
    return uuid.uuid4().hex
