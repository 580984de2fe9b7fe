"""Questions that the score of answers is fitted to, and the quotations that are held against them.

``training.jsonl`` was written by hand over the demonstration corpus, apart from the questions of
``eval/questions``: each names the provision that answers it and words that the answer must quote,
or no provision where the corpus holds none. The questions of ``eval/questions`` that are spent are
fitted to as well, those over real legislation among them. What is held against a question is what
the hybrid search returns for it, on its day and on other days.
"""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files

from agent.answering.evidence import Quotation, found_elsewhen, gathered
from agent.answering.quotations import widened
from agent.answering.reading import read_question
from agent.library import Library
from agent.policies.extractive import other_days
from agent.tool_results import Passage
from agent.tools.statutes import Scope, search_statutes
from corpus.languages.dates import without_dates
from corpus.model import Frozen
from eval.questions.asked import AskedQuestion, Corpus, Half, read_asked
from retrieval.citations.resolution import find_citations
from retrieval.vectors.encoder import Encoder

SPENT: dict[Corpus, tuple[Half, ...]] = {
    "demo": ("development", "held_out", "held_out_2", "held_out_3", "held_out_4"),
    "real": ("development", "held_out", "held_out_2", "held_out_3"),
}
"""The parts of ``eval/questions`` that have been looked at; its README says when."""


class Labelled(Frozen):
    """A question with its answer; ``provisions`` is empty where the corpus holds none.

    ``words`` must stand in the quotation that answers, or it takes in one of ``places``: a version
    and a span of its text.
    """

    question: str
    as_at: date
    jurisdictions: tuple[str, ...] = ()
    extent: str | None = None
    provisions: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    places: tuple[tuple[str, int, int], ...] = ()

    def stated_by(self, one: Quotation) -> bool:
        """Tell whether the sentence itself is the answer, in force on the day."""
        if one.evidence.elsewhen:
            return False
        return self._held(one.passage, (one.start, one.end)) or any(
            version == one.passage.version_id and one.start < end and start < one.end
            for version, start, end in self.places
        )

    def answered_by(self, passage: Passage, span: tuple[int, int]) -> bool:
        """Tell whether a sentence is the answer as it is quoted, with its neighbours."""
        return self._held(passage, widened(passage, span))

    def _held(self, passage: Passage, span: tuple[int, int]) -> bool:
        if self.places:
            return any(
                version == passage.version_id and span[0] <= start and end <= span[1]
                for version, start, end in self.places
            )
        quoted = passage.text[slice(*span)]
        right = passage.provision_id in self.provisions
        return right and (not self.words or any(words in quoted for words in self.words))


def training_text() -> str:
    """Return the training questions as they are written, a JSON object a line."""
    return (files(__package__) / "training.jsonl").read_text(encoding="utf-8")


def training_questions() -> list[Labelled]:
    """Return the training questions, in the order of their file."""
    return [Labelled.model_validate(json.loads(line)) for line in training_text().splitlines()]


def spent_questions(library: Library, corpus: Corpus) -> list[Labelled]:
    """Return the dated questions over a corpus that may be looked at.

    A question that cites a provision is left out: it is answered from that provision, not scored.
    """
    return [
        _labelled(one)
        for half in SPENT[corpus]
        for one in read_asked(corpus, half)
        if one.as_at is not None and not find_citations(without_dates(one.text), library.works)
    ]


def _labelled(one: AskedQuestion) -> Labelled:
    assert one.as_at is not None
    place = one.filled.jurisdiction
    return Labelled(
        question=one.text,
        as_at=one.as_at,
        jurisdictions=(place,) if place else (),
        extent=one.filled.extent,
        provisions=tuple(gold.provision_id for gold in one.gold),
        places=tuple((gold.version_id, gold.start, gold.end) for gold in one.gold),
    )


def candidates(
    library: Library, one: Labelled, encoder: Encoder, *, law_words: bool = True
) -> list[Quotation]:
    """Return the quotations of the provisions that the search finds, with their evidence.

    ``law_words=False`` leaves the words of law for everyday words out.
    """
    asked = read_question(one.question, one.as_at)
    if not law_words:
        asked = asked.model_copy(update={"law_words": ""})
    scope = Scope(library, jurisdictions=one.jurisdictions, extent=one.extent)
    found, *others = (
        search_statutes(scope, asked.sought, day.isoformat())
        for day in (one.as_at, *other_days(one.as_at))
    )
    hits = (hit for other in others for hit in other.hits)
    elsewhen = found_elsewhen(found.hits, hits, one.as_at)
    return gathered(asked, found.hits, encoder, found.searched, elsewhen)
