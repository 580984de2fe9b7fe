"""How a question reads, per language. The sentences are data (``wording.toml``)."""

from __future__ import annotations

import random
import re
import tomllib
from datetime import date
from functools import cache
from importlib.resources import files

from corpus.model import Frozen, Work
from corpus.questions.figures import FigureKind
from corpus.questions.question import Span

_CODE = re.compile(r"\w?\d+")  # a publisher's code for a work, which no lawyer writes


class Wording(Frozen):
    """The sentences of one language.

    Every list holds alternatives. Placeholders: ``{citation}``, ``{date}``, ``{known}``, and for
    figures ``{what}`` and ``{frame}``.
    """

    date: str
    months: tuple[str, ...] = ()
    citation: str
    frame: str
    what: dict[FigureKind, str]
    value: tuple[str, ...]
    value_undated: tuple[str, ...]
    text: tuple[str, ...]
    text_undated: tuple[str, ...]
    version: tuple[str, ...]
    version_known: tuple[str, ...]


@cache
def wordings() -> dict[str, Wording]:
    """Return the wording of each language that has one."""
    raw = files(__package__).joinpath("wording.toml").read_text(encoding="utf-8")
    return {name: Wording.model_validate(table) for name, table in tomllib.loads(raw).items()}


def wording(language: str) -> Wording:
    """Return the wording of a language, of its main language, or else English."""
    known = wordings()
    return known.get(language) or known.get(language.partition("-")[0]) or known["en"]


def citation(work: Work, label: str, chance: random.Random) -> str:
    """Name a provision as a lawyer would, now and then by a short title of its work."""
    name = work.title
    short = [alias for alias in work.aliases if not _CODE.fullmatch(alias)]
    if short and chance.random() < 0.3:
        name = chance.choice(short)
    return wording(work.language).citation.format(title=name, label=label)


def spoken(day: date, language: str) -> str:
    """Write a day in words: ``1 October 2016``, ``1er octobre 2016``, ``2016年10月1日``."""
    words = wording(language)
    month = words.months[day.month - 1] if words.months else str(day.month)
    number = "1er" if day.day == 1 and words is wordings()["fr"] else str(day.day)
    return words.date.format(day=number, month=month, year=day.year)


def framed(span: Span, language: str) -> str:
    """Quote the words around a figure, with a gap in its place."""
    lead, tail = (" ".join((part or "").split(" ")) for part in (span.lead, span.tail))
    frame = wording(language).frame.format(lead=lead.lstrip(), tail=tail.rstrip())
    return " ".join(frame.split())
