"""History of a synthetic act: amended, renumbered, suspended, corrected, repealed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from corpus.history.timeline import PublishedState, version_rows
from corpus.model import (
    Coverage,
    EndReason,
    Interval,
    Provision,
    ProvisionNumber,
    SourceRef,
    Version,
    Work,
    WorkHistory,
)
from corpus.synthetic.grammar import Grammar, grammar

UNTIL = date(2028, 12, 31)  # the last day on which a synthetic amendment takes effect
_FIRST = date(1950, 1, 1)
_REFORMS_PER_YEAR = 0.7
_RECORDS_PUBLICATION = 0.4  # share of works whose source says when each change became known
_RENUMBERED, _WITH_GAP, _INSERTED = 0.1, 0.06, 0.15  # shares of works, of works, of provisions

# What happens to a provision that a reform touches, cumulative; the rest is an amendment.
_REPEAL, _SUSPEND, _EXPIRE, _ANNUL, _CORRECT = 0.06, 0.11, 0.13, 0.135, 0.18


@dataclass(frozen=True)
class _Reform:
    day: date
    published: date | None
    instrument: str


@dataclass(frozen=True)
class _Plan:
    """Events of a whole act. Numbers after ``cut`` move up by ``shift`` on ``renumbered``."""

    work: Work
    origin: _Reform
    reforms: tuple[_Reform, ...]
    gap: Interval | None
    renumbered: date | None
    cut: int
    shift: int


@dataclass(frozen=True)
class Twin:
    """How a near-duplicate differs from its act: ``years`` older, figures ``factor`` times those.

    Its name differs by the year alone.
    """

    years: int
    factor: int


def act(number: int, rows: int, seed: int, language: str, twin: Twin | None = None) -> WorkHistory:
    """Return a synthetic act with exactly ``rows`` version rows, the same for the same arguments.

    Args:
        number: index of the act in the statute book; part of its id.
        rows: number of rows of all its provisions, in valid and known time, at least 1.
        seed: seed of the statute book.
        language: one of :func:`corpus.synthetic.grammar.languages`.
        twin: makes a near-duplicate of the act instead.
    """
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 - no secret
    words = grammar(language)
    plan = _plan(
        f"{words.language.jurisdiction}/synthetic-{seed}-{number}", words, language, chance
    )
    if twin is not None:
        words = replace(words, factor=twin.factor)
        plan = _older(plan, twin.years)
    provisions: list[Provision] = []
    versions: list[Version] = []
    numbers = _Numbers(plan, words)
    while len(versions) < rows:
        states = _life(plan, words, chance)
        provision = numbers.provision(len(provisions), states[0].valid_from)
        provisions.append(provision)
        versions += _fitting(provision.id, states, plan, rows - len(versions))
    return WorkHistory(
        work=plan.work,
        provisions=tuple(provisions),
        versions=tuple(versions),
        coverage=tuple(_coverage(plan)),
    )


def _plan(work_id: str, words: Grammar, language: str, chance: random.Random) -> _Plan:
    years = (UNTIL - _FIRST).days // 365
    start = _FIRST + timedelta(days=int(365 * years * chance.betavariate(2, 1.3)))
    recorded = chance.random() < _RECORDS_PUBLICATION
    span = (UNTIL - start).days
    count = max(int(chance.gauss(1, 0.4) * _REFORMS_PER_YEAR * span / 365), 0)
    days = sorted(
        start + timedelta(days=d) for d in chance.sample(range(1, span + 1), min(count, span))
    )
    reforms = tuple(_reform(day, words, recorded, chance) for day in days)
    gap = None
    if not recorded and len(days) > 3 and chance.random() < _WITH_GAP:
        first = chance.randrange(len(days) - 2)
        gap = Interval(start=days[first], end=days[first + 2])
    return _Plan(
        work=_work(work_id, words, language, start, chance),
        origin=_reform(start, words, recorded, chance),
        reforms=reforms,
        gap=gap,
        renumbered=chance.choice(days) if days and chance.random() < _RENUMBERED else None,
        cut=chance.randint(1, 10),
        shift=chance.randint(1, 3),
    )


def _work(work_id: str, words: Grammar, language: str, start: date, chance: random.Random) -> Work:
    topic = words.topic(chance)
    more = {"year": start.year, "day": start.isoformat(), "number": chance.randint(1, 999)}
    return Work(
        id=work_id,
        jurisdiction=words.language.jurisdiction,
        language=language,
        kind="act",
        title=words.named(words.language.title, topic, **more),
        aliases=(words.named(words.language.short, topic, **more),),
        citation=words.language.citation.format(**more),
        source="synthetic",
        note="Synthetic text: not law.",
    )


def _older(plan: _Plan, years: int) -> _Plan:
    """Return a plan with every day so many years earlier, for an act of its own."""
    year = plan.origin.day.year

    def moved(day: date) -> date:
        return day - timedelta(days=365 * years)

    def again(reform: _Reform) -> _Reform:
        published = moved(reform.published) if reform.published else None
        return replace(reform, day=moved(reform.day), published=published)

    def renamed(name: str) -> str:
        return name.replace(str(year), str(moved(plan.origin.day).year))

    work = plan.work.model_copy(
        update={
            "id": f"{plan.work.id}-twin",
            "title": renamed(plan.work.title),
            "aliases": tuple(map(renamed, plan.work.aliases)),
            "citation": renamed(plan.work.citation or ""),
        }
    )
    gap = plan.gap
    return replace(
        plan,
        work=work,
        origin=again(plan.origin),
        reforms=tuple(map(again, plan.reforms)),
        gap=gap and Interval(start=gap.start and moved(gap.start), end=gap.end and moved(gap.end)),
        renumbered=plan.renumbered and moved(plan.renumbered),
    )


def _reform(day: date, words: Grammar, recorded: bool, chance: random.Random) -> _Reform:
    """Return an amending instrument; most are published ahead, a few after they took effect."""
    ahead = int(chance.expovariate(1 / 60)) if chance.random() > 0.05 else -chance.randint(1, 180)
    published = day - timedelta(days=ahead) if recorded else None
    topic, section = words.topic(chance), chance.randint(1, 99)
    name = words.named(words.language.instrument, topic, year=day.year, section=section)
    return _Reform(day, published, name)


def _life(plan: _Plan, words: Grammar, chance: random.Random) -> list[PublishedState]:
    """Return the states of one provision; a few are amended by most reforms, most by few."""
    reforms = plan.reforms
    start = plan.origin
    if reforms and chance.random() < _INSERTED:
        born = chance.randrange(len(reforms))
        start, reforms = reforms[born], reforms[born + 1 :]
    content = words.content(chance, min(1 + int(chance.expovariate(0.5)), 9))
    heading = words.named(words.language.heading, words.topic(chance))
    builder = _StateBuilder(plan.work, heading, words)
    states = [builder.state(start, words.text(content))]
    touched = chance.betavariate(0.5, 2.5)
    for reform in reforms:
        if chance.random() >= touched:
            continue
        event = chance.random()
        if event < _REPEAL:
            return [*states, builder.state(reform, None, EndReason.REPEALED)]
        if event < _SUSPEND:
            again = reform.day + timedelta(days=chance.randint(20, 700))
            states += builder.pause(reform, again, words.text(content))
            break
        if event < _ANNUL:
            gone = EndReason.EXPIRED if event < _EXPIRE else EndReason.ANNULLED
            return [*states, builder.state(reform, None, gone)]
        content = words.amended(content, chance)
        states.append(builder.state(reform, words.text(content)))
        if event < _CORRECT and reform.published is not None:
            content = words.amended(content, chance)
            later = reform.published + timedelta(days=chance.randint(3, 90))
            states.append(builder.corrected(reform, later, words.text(content)))
    return states


@dataclass(frozen=True)
class _StateBuilder:
    """Makes the states of one provision."""

    work: Work
    heading: str
    words: Grammar

    def state(
        self, reform: _Reform, text: str | None, gone: EndReason = EndReason.REPEALED
    ) -> PublishedState:
        return PublishedState(
            valid_from=reform.day,
            text=text,
            published=reform.published,
            heading=self.heading,
            introduced_by=reform.instrument,
            gone=gone,
            source=SourceRef(file=f"{self.work.id}.txt", locator=reform.instrument),
        )

    def pause(
        self, reform: _Reform, until: date, text: str
    ) -> tuple[PublishedState, PublishedState]:
        """Return a suspension by a reform, and the revival of the text on an announced date."""
        revival = _Reform(until, reform.published, reform.instrument)
        return self.state(reform, None, EndReason.SUSPENDED), self.state(revival, text)

    def corrected(self, reform: _Reform, published: date, text: str) -> PublishedState:
        """Return a correction, in known time alone, of what a reform was first said to enact."""
        return self.state(_Reform(reform.day, published, reform.instrument), text)


def _with_gap(states: Sequence[PublishedState], gap: Interval) -> list[PublishedState]:
    """Return the states without those in a gap of the record; texts that run into it end there."""
    start, end = gap.start or date.min, gap.end or date.max
    kept = [state for state in states if state.valid_from < start]
    until = [state for state in states if state.valid_from < end]
    after = [state for state in states if state.valid_from >= end]
    if kept and kept[-1].text is not None:
        cut = {"valid_from": start, "text": None, "gone": EndReason.UNKNOWN, "introduced_by": None}
        kept.append(kept[-1].model_copy(update=cut))
    if until and until[-1].text is not None and not (after and after[0].valid_from == end):
        kept.append(until[-1].model_copy(update={"valid_from": end}))
    return [*kept, *after]


def _fitting(
    provision_id: str, states: list[PublishedState], plan: _Plan, room: int
) -> tuple[Version, ...]:
    """Return the rows of as many states as fit."""
    language = plan.work.language
    while True:
        held = states if plan.gap is None else _with_gap(states, plan.gap)
        rows = version_rows(provision_id, held, language=language)
        if len(rows) <= room or len(states) == 1:
            return rows[:room]
        states = states[: len(states) // 2] if len(rows) > 2 * room else states[:-1]


class _Numbers:
    """Assigns numbers to the provisions of one act, and moves them on renumbering."""

    def __init__(self, plan: _Plan, words: Grammar) -> None:
        self._plan, self._words = plan, words
        self._last = 0
        self._suffix = 0
        self._moved_in = 0

    def provision(self, order: int, born: date) -> Provision:
        """Number the next provision; one inserted later gets a freed number or a suffix."""
        plan = self._plan
        if born == plan.renumbered and self._moved_in < plan.shift:
            self._moved_in += 1
            freed = self._words.label(plan.cut + self._moved_in)
            labels: tuple[ProvisionNumber, ...] = (ProvisionNumber(text=freed, valid_from=born),)
        else:
            inserted = born > plan.origin.day
            self._count(inserted=inserted)
            labels = tuple(self._labels(born if inserted else None))
        return Provision(
            id=f"{plan.work.id}#p{order + 1}", work_id=plan.work.id, order=order, labels=labels
        )

    def _count(self, *, inserted: bool) -> None:
        if inserted and self._last and self._suffix < len(self._words.language.suffixes):
            self._suffix += 1
        else:
            self._last, self._suffix = self._last + 1, 0

    def _labels(self, born: date | None) -> Iterator[ProvisionNumber]:
        """Yield the label since ``born`` (``None``: the origin), and the one after a move."""
        day = self._plan.renumbered
        old = self._words.label(self._last, self._suffix)
        if day is None or self._last <= self._plan.cut:
            yield ProvisionNumber(text=old, valid_from=born)
            return
        if born is None or born < day:
            yield ProvisionNumber(text=old, valid_from=born, valid_to=day)
        new = self._words.label(self._last + self._plan.shift, self._suffix)
        yield ProvisionNumber(text=new, valid_from=max(day, born or day))


def _coverage(plan: _Plan) -> Iterator[Coverage]:
    start = plan.origin.day
    if plan.gap is None or plan.gap.start is None:
        yield Coverage(work_id=plan.work.id, covered_from=start, from_origin=True)
        return
    yield Coverage(
        work_id=plan.work.id, covered_from=start, covered_to=plan.gap.start, from_origin=True
    )
    if plan.gap.end is not None:
        yield Coverage(work_id=plan.work.id, covered_from=plan.gap.end)
