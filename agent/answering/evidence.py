"""The evidence that a quotation answers a question: a few transparent numbers per quotation.

Cosines of an encoder say what means the same; words weighted by rarity, and words of law for
everyday words, say what is named; the kind of thing asked for (an amount, an age, a period) against
what the quotation states says whether it can be the answer at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import log

from agent.answering.centres import Centred
from agent.answering.quotations import quotable_spans
from agent.answering.reading import QuestionReading
from agent.tool_results import Passage
from corpus.languages.asked_kinds import stated_kinds
from corpus.model import Frozen
from retrieval.text.shared_terms import question_terms, stems
from retrieval.vectors.encoder import Encoder
from retrieval.vectors.passage import embedded

FITTED = 819
"""Distinct versions of the demonstration corpus; see ``library`` of :class:`Evidence`."""
MOST_ENCODED = 12
"""Sentences that are encoded for one question; a sentence costs some 40 ms of one core."""

_SPREAD = 0.125  # of cosines off the mean


class Evidence(Frozen):
    """What speaks for one quotation, larger meaning more.

    ``provision`` and ``sentence`` are cosines with the question off the means of their language
    (:mod:`agent.answering.centres`), in units of 1/8; ``subject`` is that of the provision with the
    question without the words of law added to it, ``usual`` that of the provision with questions
    about other law: one that is near to everything is no answer for being near. All four are 0
    without an encoder. ``words`` and ``provision_words`` are the shares, weighted by rarity among
    the provisions at hand, of the question's terms that stand in the quotation and in its
    provision; ``law_words`` that of its words of law in the quotation. ``kind`` is 1 where the
    quotation states what is asked for, -1 where it does not, 0 where no kind of thing is asked;
    ``unstated`` is -1 where nothing that was found for the day states it: the library then hardly
    holds the answer. ``language`` is -1 where the quotation is in another language than the
    question. ``library`` is the logarithm of how many times more versions than the demonstration
    corpus the library has: among more texts the best wrong one is better. It is the same for all,
    so that it speaks for or against "none of them" alone.
    ``elsewhen`` is 1 for a provision that was found on other days alone: what answers better is not
    law on the day asked about.
    """

    provision: float = 0.0
    sentence: float = 0.0
    subject: float = 0.0
    usual: float = 0.0
    words: float = 0.0
    provision_words: float = 0.0
    law_words: float = 0.0
    kind: float = 0.0
    unstated: float = 0.0
    language: float = 0.0
    library: float = 0.0
    elsewhen: float = 0.0


@dataclass(frozen=True)
class Quotation:
    """A stretch of a passage with its evidence."""

    passage: Passage
    start: int
    end: int
    evidence: Evidence

    @property
    def text(self) -> str:
        """The words quoted."""
        return self.passage.text[self.start : self.end]


def gathered(
    asked: QuestionReading,
    passages: Sequence[Passage],
    encoder: Encoder | None,
    versions: int | None = None,
    elsewhen: Sequence[Passage] = (),
) -> list[Quotation]:
    """Return every quotation of the passages that may answer, with its evidence.

    ``versions`` is the number of versions in the library that was searched, if known; ``elsewhen``
    are provisions found on other days alone (:func:`found_elsewhen`), with which the passages
    compete. No sentence of theirs is encoded.

    Only :data:`MOST_ENCODED` have their own sentence encoded, those that look best by all else: of
    each provision one, then a second of each, and so on. For the others the cosine of their
    provision stands in.
    """
    scales = _Scales(asked, passages)
    every = [*passages, *elsewhen]
    near = _nearness(asked, every, encoder)
    library = log(max(versions or FITTED, FITTED) / FITTED)
    found = [
        Quotation(passage, start, end, _evidence(asked, scales, passage, (start, end), numbers))
        for n, (passage, cosines) in enumerate(zip(every, near, strict=True))
        for numbers in ({**cosines, "library": library, "elsewhen": float(n >= len(passages))},)
        for start, end in quotable_spans(passage, asked.as_at)
    ]
    found = _marked(found)
    return found if encoder is None else _with_sentences(asked, found, encoder)


def _marked(found: list[Quotation]) -> list[Quotation]:
    """Return the quotations, ``unstated`` in the evidence of all where none has the kind asked."""
    kinds = [one.evidence.kind for one in found if not one.evidence.elsewhen]
    if max(kinds, default=0.0) >= 0:
        return found
    return [
        replace(one, evidence=one.evidence.model_copy(update={"unstated": -1.0})) for one in found
    ]


def found_elsewhen(
    passages: Sequence[Passage], others: Iterable[Passage], as_at: date
) -> list[Passage]:
    """Return of ``others``, found on other days, the first text of each provision that is neither
    among the ``passages`` of ``as_at`` nor in force then.
    """
    known = {one.provision_id for one in passages}
    found: dict[str, Passage] = {}
    for one in others:
        in_force = one.valid_from <= as_at and (one.valid_to is None or as_at < one.valid_to)
        if one.provision_id not in known and not in_force:
            found.setdefault(one.provision_id, one)
    return list(found.values())


class _Scales:
    """How rare each term of a question is among the passages at hand."""

    def __init__(self, asked: QuestionReading, passages: Sequence[Passage]) -> None:
        self._asked = asked
        self._size = len(passages)
        held = (stems(f"{one.heading or ''} {one.text}", one.language) for one in passages)
        self._holding = Counter(term for terms in held for term in terms)

    def share(self, terms: Iterable[str], held: frozenset[str]) -> float:
        """Return the weight of the ``terms`` that are held, of the weight of all."""
        weights = {term: self._rarity(term) for term in terms}
        total = sum(weights.values())
        return sum(weights[term] for term in weights if term in held) / total if total else 0.0

    def _rarity(self, term: str) -> float:
        return log(1 + self._size / (0.5 + self._holding[term]))


def _evidence(
    asked: QuestionReading,
    scales: _Scales,
    passage: Passage,
    span: tuple[int, int],
    numbers: Mapping[str, float],
) -> Evidence:
    language, quoted = passage.language, passage.text[slice(*span)]
    terms = question_terms(asked.subject, language)
    law = question_terms(asked.law_words, language) - terms
    said = stems(f"{passage.heading or ''} {quoted}", language)
    return Evidence(
        **numbers,
        words=scales.share(terms, stems(quoted, language)),
        provision_words=scales.share(terms, said | stems(passage.text, language)),
        law_words=scales.share(law, said),
        kind=_kind(asked, quoted, language),
        language=0.0 if asked.speaks(language) else -1.0,
    )


def _kind(asked: QuestionReading, quoted: str, language: str) -> float:
    if not asked.asked:
        return 0.0
    if not asked.asked.isdisjoint(stated_kinds(quoted, language)):
        return 1.0
    return -1.0


def _with_sentences(
    asked: QuestionReading, found: Sequence[Quotation], encoder: Encoder
) -> list[Quotation]:
    """Return the quotations, the cosine of its own sentence in the evidence of the best."""
    order = sorted(range(len(found)), key=lambda n: -_promise(found[n].evidence))
    turns = Counter[str]()
    turn_of: dict[int, int] = {}
    for n in order:
        turn_of[n] = turns[found[n].passage.version_id]
        turns[found[n].passage.version_id] += 1
    parts = [n for n in order if not (_is_whole(found[n]) or found[n].evidence.elsewhen)]
    chosen = sorted(parts, key=lambda n: turn_of[n])[:MOST_ENCODED]
    said = [encoded_words(found[n].passage, found[n].text) for n in chosen]
    centred = Centred(encoder)
    centred.encode(said)
    cosines = {
        n: centred.cosine(asked.sought, text, found[n].passage.language) / _SPREAD
        for n, text in zip(chosen, said, strict=True)
    }
    return [
        Quotation(one.passage, one.start, one.end, _sentence(one.evidence, cosines.get(n)))
        for n, one in enumerate(found)
    ]


def _promise(evidence: Evidence) -> float:
    return evidence.provision + evidence.words + evidence.law_words + evidence.kind / 2


def _is_whole(one: Quotation) -> bool:
    return one.text == one.passage.text.strip()


def _sentence(evidence: Evidence, cosine: float | None) -> Evidence:
    return evidence if cosine is None else evidence.model_copy(update={"sentence": cosine})


def encoded_words(passage: Passage, words: str) -> str:
    """Return what is encoded of a passage or of a part of it, as the index encodes provisions."""
    return embedded(passage.heading, words)


def _nearness(
    asked: QuestionReading, passages: Sequence[Passage], encoder: Encoder | None
) -> list[dict[str, float]]:
    """Return the cosines of each passage as whole, by the names of the evidence."""
    if encoder is None or not passages:
        return [{} for _ in passages]
    centred = Centred(encoder)
    said = [encoded_words(one, one.text) for one in passages]
    centred.encode(said)
    found = []
    for one, text in zip(passages, said, strict=True):
        cosine = centred.cosine(asked.sought, text, one.language) / _SPREAD
        found.append(
            {
                "provision": cosine,
                "sentence": cosine,
                "subject": centred.cosine(asked.subject, text, one.language) / _SPREAD,
                "usual": centred.usual(text, one.language) / _SPREAD,
            }
        )
    return found
