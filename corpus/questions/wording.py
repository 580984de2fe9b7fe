"""Wording of questions: name a provision, and quote the words around a figure."""

from __future__ import annotations

import random
import re

from corpus.languages.question_wording import question_wording
from corpus.model import Work
from corpus.questions.question import Span

_CODE = re.compile(r"\w?\d+")  # a publisher's code for a work, which no lawyer writes


def citation(work: Work, label: str, chance: random.Random) -> str:
    """Return a citation of a provision, sometimes with a short title of its work."""
    name = work.title
    short = [alias for alias in work.aliases if not _CODE.fullmatch(alias)]
    if short and chance.random() < 0.3:
        name = chance.choice(short)
    return question_wording(work.language).citation.format(title=name, label=label)


def framed(span: Span, language: str) -> str:
    """Return the words around a figure, with a blank in its place."""
    lead, tail = (" ".join((part or "").split(" ")) for part in (span.lead, span.tail))
    frame = question_wording(language).frame.format(lead=lead.lstrip(), tail=tail.rstrip())
    return " ".join(frame.split())
