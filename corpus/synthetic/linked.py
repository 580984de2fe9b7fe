"""Provisions of a synthetic act that name others, and near-duplicates of acts.

They are added to acts that are made without them, with draws of their own, so the rest of a
statute book stays the same byte for byte.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from corpus.history.timeline import PublishedState, version_rows
from corpus.model import (
    Provision,
    ProvisionNumber,
    SourceRef,
    Version,
    WorkHistory,
)
from corpus.questions.question import split_of
from corpus.synthetic.grammar import Grammar, grammar
from corpus.synthetic.life import UNTIL, Twin, act

_AHEAD = (5, 14)  # numbers of the added provisions, counted from the act's own
_TWINNED = 0.3  # share of the acts that have a near-duplicate
_YEARS = 12  # a near-duplicate is at most so many years older
_AMENDMENTS = 2  # most amendments of a provision that commences by reference


def can_link(language: str) -> bool:
    """Return whether a language has the sentences that name another provision."""
    words = grammar(language).language
    return bool(words.refers and words.commences)


def twin_of(number: int, rows: int, seed: int, language: str) -> WorkHistory | None:
    """Return the near-duplicate of an act, of the same split; ``None``: it has none.

    The arguments are those of :func:`corpus.synthetic.life.act`.
    """
    chance = random.Random(f"{seed}:twin:{number}")  # noqa: S311 - no secret
    if chance.random() >= _TWINNED or not can_link(language):
        return None
    split, factor = split_of(act(number, rows, seed, language).work), chance.choice((2, 3))
    for years in chance.sample(range(2, _YEARS + 1), _YEARS - 1):
        found = act(number, rows, seed, language, Twin(years, factor))
        if split_of(found.work) == split:
            return found
    return None


def linked(history: WorkHistory, before: WorkHistory | None, seed: int) -> WorkHistory:
    """Return an act with up to three more provisions, the same for the same arguments.

    One leaves a figure to another provision of the act. One commences on the day on which a
    provision of the act ``before`` does, and one says so. An act with a gap in its coverage, or
    with nothing to name, stays as it is.

    Args:
        history: the act.
        before: another act of the same statute book; ``None``: nothing commences by reference.
        seed: seed of the statute book.
    """
    if len(history.coverage) != 1 or not can_link(history.work.language):
        return history
    chance = random.Random(f"{seed}:linked:{history.work.id}")  # noqa: S311 - no secret
    numbers = chance.sample(range(*_AHEAD), 3)
    adding = _Adding(history, grammar(history.work.language), chance, numbers)
    added = [*adding.referring()]
    if before is not None:
        added += adding.commencing(before, len(added))
    return history.model_copy(
        update={
            "provisions": (*history.provisions, *(provision for provision, _ in added)),
            "versions": (*history.versions, *(row for _, rows in added for row in rows)),
        }
    )


_Added = tuple[Provision, tuple[Version, ...]]


@dataclass(frozen=True)
class _Adding:
    """Makes the added provisions of one act."""

    history: WorkHistory
    words: Grammar
    chance: random.Random
    numbers: Sequence[int]

    def referring(self) -> Iterator[_Added]:
        """Yield a provision that leaves its figure to one that was amended and kept its number."""
        rows = [row for row in self.history.versions if row.is_known()]
        amended = [
            one
            for one in self.history.provisions
            if len(one.labels) == 1 and sum(row.provision_id == one.id for row in rows) > 1
        ]
        if amended:
            named = self.chance.choice(amended)
            a, b = self.words.noun(self.chance), self.words.noun(self.chance)
            form = self.words.language.refers
            text = form.format(a=a, b=b, label=named.labels[0].text)
            yield self._added(0, [(self._start, text)])

    def commencing(self, before: WorkHistory, done: int) -> Iterator[_Added]:
        """Yield a provision that commences with one of ``before``, and the one that says so."""
        names = {one.id: one.labels[0].text for one in before.provisions if len(one.labels) == 1}
        first: dict[str, date] = {}
        for row in before.versions:
            if row.provision_id in names and row.is_known() and row.valid_from is not None:
                first.setdefault(row.provision_id, row.valid_from)
        starts = [(day, names[one]) for one, day in first.items() if day > self._start]
        if not starts:
            return
        day, other = self.chance.choice(starts)
        label, title = self._label(done), before.work.title
        form = self.words.language.commences
        yield self._added(done, [*self._amended(day)])
        yield self._added(
            done + 1, [(self._start, form.format(label=label, other=other, title=title))]
        )

    def _amended(self, day: date) -> Iterator[tuple[date, str]]:
        """Yield the texts of a provision from a day on; amendments change a figure."""
        content = self.words.content(self.chance, 2)
        yield day, self.words.text(content)
        for _ in range(self.chance.randint(1, _AMENDMENTS)):
            if (room := (UNTIL - day).days) < 2:
                return
            day = date.fromordinal(day.toordinal() + self.chance.randint(1, room))
            content = self.words.amended(content, self.chance)
            yield day, self.words.text(content)

    @property
    def _start(self) -> date:
        return self.history.coverage[0].covered_from

    def _label(self, number: int) -> str:
        """Return the label of an added provision, above all numbers of the act."""
        taken = sum(len(one.labels) for one in self.history.provisions)
        return self.words.label(taken + self.numbers[number])

    def _added(self, number: int, texts: list[tuple[date, str]]) -> _Added:
        work = self.history.work
        order = len(self.history.provisions) + number
        provision = Provision(
            id=f"{work.id}#p{order + 1}",
            work_id=work.id,
            order=order,
            labels=(ProvisionNumber(text=self._label(number)),),
        )
        heading = self.words.named(self.words.language.heading, self.words.topic(self.chance))
        states = [
            PublishedState(
                valid_from=day,
                text=text,
                heading=heading,
                source=SourceRef(file=f"{work.id}.txt", locator=provision.labels[0].text),
            )
            for day, text in texts
        ]
        return provision, version_rows(provision.id, states, language=work.language)
