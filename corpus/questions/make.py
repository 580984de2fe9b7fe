"""Make questions from version histories; the same seed gives the same questions."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date

from corpus.languages.dates import write_date
from corpus.languages.question_wording import question_wording
from corpus.model import ProvisionHistory, Version, Work, WorkHistory
from corpus.provision_numbers import label_key
from corpus.questions.families import FAMILIES, Draft, Group, Line, lines, proved
from corpus.questions.harder_families import HARDER, Act
from corpus.questions.question import (
    HARDER_FAMILIES,
    MADE_FAMILIES,
    Family,
    Question,
    split_of,
)
from corpus.questions.wording import citation, framed


def make_questions(
    histories: Iterable[WorkHistory],
    seed: int = 0,
    per_family: int | None = None,
    families: Collection[Family] = MADE_FAMILIES,
) -> Iterator[Question]:
    """Yield questions about each work in turn; one work is in memory at a time.

    Args:
        histories: the works, from a source or a store, each with its rows of every known time.
        seed: the same seed and work give the same questions, whatever other works there are.
        per_family: most questions of a family per work (pairs count as two), drawn evenly; ``None``
            makes all.
        families: the families to make; the harder ones only where they are named.
    """
    for history in histories:
        act = Act(history.work, list(lines(_by_provision(history))))
        bearers = _bearers(act.lines)
        for family in (*MADE_FAMILIES, *HARDER_FAMILIES):
            if family in families:
                yield from _of_family(act, bearers, family, seed, per_family)


def _of_family(
    act: Act,
    bearers: Mapping[str, Sequence[Line]],
    family: Family,
    seed: int,
    per_family: int | None,
) -> Iterator[Question]:
    work = act.work
    chance = random.Random(f"{seed}:{work.id}:{family}")  # noqa: S311 - no secret
    groups = [
        (line, group)
        for line in act.lines
        for group in _groups(act, line, family, chance)
        if all(proved(line, draft) for draft in group)
    ]
    if per_family is not None:
        size = 2 if family is Family.PAIRED_DATES else 1
        wanted = min(len(groups), per_family // size)
        groups = [groups[n] for n in sorted(chance.sample(range(len(groups)), wanted))]
    seen: set[str] = set()
    for line, group in groups:
        asked = list(_worded(work, line, group, chance))
        ids = {question.id for question in asked}
        mistakable = any(_names_another(draft, line, bearers) for draft in group)
        if len(ids) == len(group) and seen.isdisjoint(ids) and not mistakable:
            seen |= ids
            yield from asked


def _groups(act: Act, line: Line, family: Family, chance: random.Random) -> Iterator[Group]:
    """Yield the groups of drafts of one provision for a family."""
    if family in HARDER:
        yield from HARDER[family](act, line, chance)
    else:
        yield from FAMILIES[family](line, chance)


def _bearers(own: Iterable[Line]) -> Mapping[str, Sequence[Line]]:
    """Return the provisions that have, had or will have each label, by its key."""
    found: dict[str, list[Line]] = defaultdict(list)
    for line in own:
        for key in {label_key(label.text) for label in line.history.provision.labels}:
            found[key].append(line)
    return found


def _names_another(draft: Draft, line: Line, bearers: Mapping[str, Sequence[Line]]) -> bool:
    """Return whether a label of the question also names another provision in force then."""
    if draft.as_at is None:
        return False
    bearing = _bearing(draft, draft.label, draft.as_at, bearers)
    if draft.cited is not None and len(_bearing(draft, draft.cited, draft.as_at, bearers)) != 1:
        return True
    return any(other is not line for other in bearing)


def _bearing(
    draft: Draft, label: str, day: date, bearers: Mapping[str, Sequence[Line]]
) -> list[Line]:
    """Return the provisions in force on a day that have a label then, as known to the draft."""
    key, known_at = label_key(label), draft.known_at
    return [
        line
        for line in bearers[key]
        if (own := line.history.provision.label_on(day, known_at)) and label_key(own) == key
        if isinstance(line.on(day, known_at), Version)
    ]


def _by_provision(history: WorkHistory) -> list[ProvisionHistory]:
    versions: dict[str, list[Version]] = defaultdict(list)
    for version in history.versions:
        versions[version.provision_id].append(version)
    return [
        ProvisionHistory(
            provision=provision,
            versions=tuple(versions[provision.id]),
            coverage=history.coverage,
        )
        for provision in history.provisions
    ]


def _worded(work: Work, line: Line, group: Group, chance: random.Random) -> Iterator[Question]:
    """Yield questions with their wording; a pair has the same wording."""
    state = chance.getrandbits(64)
    pair = None
    if len(group) > 1:
        pair = _digest(work.id, line.history.provision.id, *(str(d.as_at) for d in group))
    for draft in group:
        text = _sentence(work, draft, random.Random(state))  # noqa: S311 - no secret
        yield Question(
            id=f"{draft.family}-{_digest(line.history.provision.id, text)}",
            family=draft.family,
            language=work.language,
            text=text,
            as_at=draft.as_at,
            known_at=draft.known_at,
            jurisdiction=work.jurisdiction,
            work_id=work.id,
            provision_id=line.history.provision.id,
            label=draft.label,
            gold_version=draft.version.id if draft.version else None,
            gold_span=draft.span if draft.version else None,
            day_stated=draft.case is None,
            decline=draft.decline,
            why=draft.why,
            pair=pair,
            split=split_of(work),
        )


def _sentence(work: Work, draft: Draft, chance: random.Random) -> str:
    words = question_wording(work.language)
    form = draft.asks
    if draft.as_at is None:
        form += "_undated"
    elif draft.known_at is not None:
        form += "_known"
    sentence: str = draft.case or chance.choice(getattr(words, form))
    return _capital(
        sentence.format(
            citation=citation(work, draft.cited or draft.label, chance),
            date=write_date(draft.as_at, work.language) if draft.as_at else "",
            known=write_date(draft.known_at, work.language) if draft.known_at else "",
            what=words.what[draft.kind] if draft.kind else "",
            frame=framed(draft.span, work.language) if draft.kind and draft.span else "",
            **dict(draft.more),
        )
    )


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()
