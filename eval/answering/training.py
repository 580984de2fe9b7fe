"""Questions that the score of answers is fitted to, and the quotations that are held against them.

``training.jsonl`` was written by hand over the demonstration corpus, apart from the questions of
``eval/questions``: each names the provision that answers it and words that the answer must quote,
or no provision where the corpus holds none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from importlib.resources import files

import numpy as np

from agent.answering.evidence import Quotation, gathered
from agent.answering.quotations import widened
from agent.answering.reading import QuestionReading, read_question
from agent.tool_results import Passage
from corpus.demo import demo_files
from corpus.errors import SourceError
from corpus.languages.dates import without_dates
from corpus.model import Frozen, Version, Work
from corpus.sources.jsonl import Jsonl
from eval.questions.asked import AskedQuestion, read_asked
from retrieval.citations.resolution import find_citations
from retrieval.vectors.encoder import Encoder

CANDIDATES = 8
"""Provisions that are held against a question: what a search returns."""


class Labelled(Frozen):
    """A question with its answer; ``provisions`` is empty where the corpus holds none.

    ``words`` must stand in the quotation that answers.
    """

    question: str
    as_at: date
    jurisdictions: tuple[str, ...] = ()
    provisions: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def stated_by(self, one: Quotation) -> bool:
        """Tell whether the sentence itself is the answer."""
        return self._held(one.passage, (one.start, one.end))

    def answered_by(self, passage: Passage, span: tuple[int, int]) -> bool:
        """Tell whether a sentence is the answer as it is quoted, with its neighbours."""
        return self._held(passage, widened(passage, span))

    def _held(self, passage: Passage, span: tuple[int, int]) -> bool:
        quoted = passage.text[slice(*span)]
        right = passage.provision_id in self.provisions
        return right and (not self.words or any(words in quoted for words in self.words))


def training_text() -> str:
    """Return the training questions as they are written, a JSON object a line."""
    return (files(__package__) / "training.jsonl").read_text(encoding="utf-8")


def training_questions() -> list[Labelled]:
    """Return the training questions, in the order of their file."""
    return [Labelled.model_validate(json.loads(line)) for line in training_text().splitlines()]


def development_questions() -> list[Labelled]:
    """Return the dated questions of the development half over the demonstration corpus.

    A question that cites a provision is left out: it is answered from that provision, not scored.
    """
    works = list({work.id: work for work, _ in _versions()}.values())
    return [
        _labelled(one)
        for one in read_asked("demo", "development")
        if one.as_at is not None and not find_citations(without_dates(one.text), works)
    ]


def _labelled(one: AskedQuestion) -> Labelled:
    assert one.as_at is not None
    place = one.filled.jurisdiction
    return Labelled(
        question=one.text,
        as_at=one.as_at,
        jurisdictions=(place,) if place else (),
        provisions=tuple(gold.provision_id for gold in one.gold),
        words=tuple(gold.says for gold in one.gold),
    )


def candidates(one: Labelled, encoder: Encoder, *, law_words: bool = True) -> list[Quotation]:
    """Return the quotations of the nearest provisions in force, with their evidence.

    ``law_words=False`` leaves the words of law for everyday words out.
    """
    asked = read_question(one.question, one.as_at)
    if not law_words:
        asked = asked.model_copy(update={"law_words": ""})
    return gathered(asked, _nearest(one, asked, encoder), encoder)


def _nearest(one: Labelled, asked: QuestionReading, encoder: Encoder) -> list[Passage]:
    """Return the provisions in force whose vectors are nearest, one text of each."""
    passages = list(_in_force(one.as_at, one.jurisdictions))
    if not passages:
        return []
    said = [" ".join(part for part in (p.heading, p.text) if part) for p in passages]
    cosines_N = encoder.passages(said) @ encoder.questions([asked.sought])[0]
    best: dict[str, Passage] = {}
    for place in np.argsort(-cosines_N, kind="stable"):
        best.setdefault(passages[place].provision_id, passages[place])
    return list(best.values())[:CANDIDATES]


def _in_force(day: date, jurisdictions: Iterable[str]) -> Iterator[Passage]:
    places = tuple(jurisdictions)
    for work, version in _versions():
        if (not places or work.jurisdiction in places) and day in version.valid:
            yield _passage(work, version)


@cache
def _versions() -> tuple[tuple[Work, Version], ...]:
    """Return every dated text of the demonstration corpus as known now."""
    return tuple(
        (history.work, version)
        for history in Jsonl(*demo_files()).works(_stop)
        for version in history.versions
        if version.valid_from is not None and version.is_known()
    )


def _passage(work: Work, version: Version) -> Passage:
    assert version.valid_from is not None
    return Passage(
        version_id=version.id,
        provision_id=version.provision_id,
        work_id=work.id,
        work_title=work.title,
        label="",
        language=version.language,
        heading=version.heading,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        interval=version.valid.words(),
        text=version.text,
    )


def _stop(error: SourceError) -> None:
    raise error
