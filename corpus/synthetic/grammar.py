"""Random sentences that look like statutes, per language (``synthetic.toml``)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, product
from string import Formatter
from typing import NamedTuple

from corpus.languages.synthetic import StatuteTable, statute_tables

_ZIPF = 1.1  # exponent of the nouns' frequencies; running text has about 1
_LADDER = (1, 2, 3, 5, 8)  # sums are a step of this times a power of ten


class Clause(NamedTuple):
    """One sentence: its pattern, its nouns, and the number in its figure (0: none)."""

    pattern: int
    nouns: tuple[int, ...]
    number: int
    unit: int


Content = tuple[Clause, ...]


@dataclass(frozen=True)
class Grammar:
    """The grammar of a language: nouns with Zipf weights, and the figure of each pattern.

    Every figure is written ``factor`` times as large.
    """

    language: StatuteTable
    nouns: tuple[str, ...]
    weights: tuple[float, ...]
    slots: tuple[str | None, ...]
    factor: int = 1

    def noun(self, chance: random.Random) -> str:
        """Draw a noun, common ones more often."""
        return self.nouns[self._nouns(chance, 1)[0]]

    def content(self, chance: random.Random, clauses: int) -> Content:
        """Draw a text of ``clauses`` sentences."""
        return tuple(self.clause(chance) for _ in range(clauses))

    def clause(self, chance: random.Random) -> Clause:
        """Draw a sentence."""
        pattern = chance.randrange(len(self.slots))
        slot = self.slots[pattern]
        number = _number(slot, chance) if slot else 0
        unit = chance.randrange(len(self.language.figures.period))
        return Clause(pattern, self._nouns(chance, 3), number, unit)

    def amended(self, content: Content, chance: random.Random) -> Content:
        """Return an amended text: most often a changed figure, else a sentence or its subject."""
        with_figure = [n for n, clause in enumerate(content) if clause.number]
        kind = chance.random()
        if kind < 0.5 and with_figure:
            at = chance.choice(with_figure)
            return _with(content, at, content[at]._replace(number=self._moved(content[at], chance)))
        at = chance.randrange(len(content))
        if kind < 0.7:
            return _with(content, at, self.clause(chance))
        if kind < 0.85:
            return (*content[: at + 1], self.clause(chance), *content[at + 1 :])
        if kind < 0.9 and len(content) > 1:
            return content[:at] + content[at + 1 :]
        return _with(content, at, content[at]._replace(nouns=self._nouns(chance, 3)))

    def text(self, content: Content) -> str:
        """Return a text in words."""
        return self.language.joiner.join(self._sentence(clause) for clause in content)

    def topic(self, chance: random.Random) -> tuple[str, str]:
        """Draw the two nouns in the name of an act or a provision."""
        noun, other = self.noun(chance), self.noun(chance)
        while other == noun:
            other = self.noun(chance)
        return noun, other

    def named(self, form: str, topic: tuple[str, str], **more: object) -> str:
        """Fill the form of a title, heading or instrument."""
        noun, other = topic
        return form.format(
            noun=noun,
            other=other,
            Noun=noun[0].upper() + noun[1:],
            Other=other[0].upper() + other[1:],
            initials=f"{noun[0]}{other[0]}".upper(),
            **more,
        )

    def label(self, number: int, suffix: int = 0) -> str:
        """Return the number of a provision; ``suffix`` counts those inserted after it, from 1."""
        form = self.language.label
        tail = self.language.suffixes[suffix - 1] if suffix else ""
        return form.format(n=number, z=chinese(number) if "{z}" in form else "") + tail

    def _nouns(self, chance: random.Random, count: int) -> tuple[int, ...]:
        return tuple(chance.choices(range(len(self.nouns)), cum_weights=self.weights, k=count))

    def _moved(self, clause: Clause, chance: random.Random) -> int:
        """Return another number of the same kind."""
        slot = self.slots[clause.pattern]
        for _ in range(8):
            number = _number(slot, chance)
            if number != clause.number:
                return number
        return clause.number + 1

    def _sentence(self, clause: Clause) -> str:
        a, b, c = (self.nouns[n] for n in clause.nouns)
        slot = self.slots[clause.pattern]
        figure = {slot: self._figure(slot, clause)} if slot else {}
        return self.language.patterns[clause.pattern].format(a=a, b=b, c=c, **figure)

    def _figure(self, slot: str, clause: Clause) -> str:
        form = getattr(self.language.figures, slot)
        if slot == "period":
            form = form[clause.unit]
        number = clause.number * self.factor
        shown = f"{number:,}".replace(",", self.language.group)
        return str(form.format(v=shown, z=chinese(number) if "{z}" in form else ""))


@cache
def languages() -> tuple[str, ...]:
    """Return the languages of synthetic statutes."""
    return tuple(statute_tables())


@cache
def grammar(language: str) -> Grammar:
    """Return the grammar of a language.

    Raises:
        KeyError: there is none.
    """
    table = statute_tables()[language]
    nouns = [head + tail for head, tail in product(table.heads, table.tails)]
    random.Random(language).shuffle(nouns)  # noqa: S311 - no secret
    weights = accumulate(1 / (rank + 2.7) ** _ZIPF for rank in range(len(nouns)))
    slots = tuple(_slot(pattern) for pattern in table.patterns)
    return Grammar(table, tuple(nouns), tuple(weights), slots)


def chinese(number: int) -> str:
    """Return a number below 10,000 in Chinese numerals."""
    digits, units = "零一二三四五六七八九", ("", "十", "百", "千")
    text = ""
    for place, digit in enumerate(reversed(str(number))):
        if digit != "0":
            text = digits[int(digit)] + units[place] + text
        elif text and text[0] != "零":
            text = "零" + text
    return text.removeprefix("一") if 10 <= number < 20 else text


def _slot(pattern: str) -> str | None:
    names = (name for _, name, _, _ in Formatter().parse(pattern))
    return next((name for name in names if name and len(name) > 1), None)


def _number(slot: str | None, chance: random.Random) -> int:
    if slot == "money":
        return chance.choice(_LADDER) * int(10 ** chance.randint(2, 5))
    top = {"rate": 40, "prison": 15, "count": 500}.get(slot or "", 60)
    return chance.randint(2, top)


def _with(content: Sequence[Clause], at: int, clause: Clause) -> Content:
    return (*content[:at], clause, *content[at + 1 :])
