"""The words of synthetic statutes in each language (``synthetic.toml``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from corpus.languages.tables import read_tables
from corpus.model import Frozen


class StatuteFigures(Frozen):
    """How each kind of figure is written: ``{v}`` in digits, ``{z}`` in Chinese numerals."""

    money: str
    period: tuple[str, ...]
    rate: str
    prison: str
    count: str


class StatuteTable(Frozen):
    """Sentences that read like statutes and say nothing, in one language.

    Languages take turns in a statute book by ``turn``. A noun is one of ``heads`` joined to one of
    ``tails``; ``patterns`` hold nouns (``{a} {b} {c}``) and at most one kind of figure
    (``{money}``, ``{period}``, ``{rate}``, ``{prison}``, ``{count}``). ``label`` is the
    number of a provision, ``{n}`` in digits or ``{z}`` in Chinese numerals; ``suffixes`` are for
    provisions inserted after it. ``group`` separates thousands, ``joiner`` sentences. ``refers``
    and ``commences`` are the texts that name another provision (``corpus/synthetic/linked.py``); a
    language without them has no linked acts.
    """

    turn: int
    jurisdiction: str
    label: str
    suffixes: tuple[str, ...]
    title: str
    short: str
    citation: str
    instrument: str
    heading: str
    refers: str = ""
    commences: str = ""
    group: str
    joiner: str = " "
    heads: tuple[str, ...]
    tails: tuple[str, ...]
    patterns: tuple[str, ...]
    figures: StatuteFigures


@cache
def statute_tables() -> Mapping[str, StatuteTable]:
    """Return the words of each language that has them, in the order of their turns."""
    tables = read_tables("synthetic", StatuteTable)
    return dict(sorted(tables.items(), key=lambda pair: pair[1].turn))
