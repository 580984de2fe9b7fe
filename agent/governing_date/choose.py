"""Choose the governing date: given, found by rule, or asked for.

The rules are those of :mod:`corpus.applicability`, applied to the dates that the asker gave and
those in the question. If a rule needs a date that only the asker knows, it is asked for, unless the
question contains exactly one date. That one is then used, and reported as an assumption.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from pydantic import ValidationError

from agent.governing_date.case_facts import ISSUE_OF, Facts, read_facts
from agent.request import AskRequest, ClarifyingQuestion
from agent.trace import GoverningDate
from corpus.applicability import Applicability, Code, Issue, Matter, Role, governing_dates
from corpus.errors import BadInputError
from corpus.languages.places import whole_words
from corpus.model import Work
from corpus.rules import Rule, jurisdictions, table
from corpus.wording import Wording, wording

Changes = Callable[[date], Iterable[date]]
"""Returns the dates on which the text concerned changed; its citation is resolved on a date."""

_ANYWHERE = "default"


def choose_governing_date(
    asked: AskRequest, works: Sequence[Work], changes: Changes = lambda _: ()
) -> GoverningDate | ClarifyingQuestion:
    """Return the governing date with its ground, or what is missing to find it.

    Args:
        asked: the request; if it has ``as_at``, nothing else is used.
        works: all works of the corpus; dates in their titles are not facts, and their jurisdictions
            choose the rules.
        changes: called only if a period or a series of laws must be split.

    Raises:
        BadInputError: the given facts contradict each other.
    """
    if asked.as_at is None:
        return _found(asked, works, changes)
    if asked.candidates:
        open_ = asked.model_copy(update={"as_at": None, "candidates": ()})
        return _one_of_several(asked, asked.as_at, _found(open_, works, changes))
    ground = "Given with the question."
    return GoverningDate(
        as_at=asked.as_at, known_at=asked.known_at, ground=ground, confirmed=asked.confirmed
    )


def _found(
    asked: AskRequest, works: Sequence[Work], changes: Changes
) -> GoverningDate | ClarifyingQuestion:
    said = read_facts(asked.question, works)
    ruled = _ruled(asked, said, works, changes)
    if ruled is not None and ruled.dates and ruled.code is not Code.ASK:
        return _governed(asked, said, ruled)
    if len(said.days) == 1 and asked.issue is None and not asked.facts:
        return _assumed(asked, said, ruled)
    return _missing(asked, said, ruled)


def check_facts(asked: AskRequest) -> None:
    """Check that facts can be true together, and that the topic exists.

    Raises:
        BadInputError: an end is before its beginning, a decision before the act, or there is no
            such topic.
    """
    if asked.topic is not None and not _special(asked.topic):
        known = ", ".join(special_topics(asked.jurisdictions))
        raise BadInputError(f"No rule knows the topic '{asked.topic[:60]}'; there are {known}.")
    if asked.facts:
        _matter(asked, Issue.CIVIL, asked.facts, _ANYWHERE, None)


def special_topics(places: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the topics with special rules, in the given jurisdictions or in all."""
    found = {
        topic for place, rule in _rules() if place in (places or (place,)) for topic in rule.topics
    }
    return tuple(sorted(found))


def _one_of_several(
    asked: AskRequest, as_at: date, found: GoverningDate | ClarifyingQuestion
) -> GoverningDate:
    """Return one of the candidate dates, with the ground that a rule gives for all of them."""
    update = {"as_at": as_at, "candidates": asked.candidates}
    if isinstance(found, GoverningDate) and found.rule is not None:
        return found.model_copy(update=update)
    ground = f"One of {len(asked.candidates)} days whose law may count; each is answered apart."
    given = GoverningDate(as_at=as_at, known_at=asked.known_at, ground=ground, assumed=True)
    return given.model_copy(update=update)


def _governed(asked: AskRequest, said: Facts, ruled: Applicability) -> GoverningDate:
    read = {role: day for role, day in said.roles.items() if role not in asked.facts}
    facts = [part for role, day in read.items() for part in ("; ", f"{role.words} is ", day)][1:]
    found = wording("Read in the question: ", *facts, ". ") if read else wording()
    unused = sorted(set(said.days) - set(said.roles.values()))
    rest = [part for day in unused for part in (", ", day)][1:]
    left = wording(" Named in the question and not used: ", *rest, ".") if unused else wording()
    ground = wording(found, ruled.wording, left)
    return GoverningDate(
        as_at=ruled.dates[0],
        known_at=asked.known_at,
        ground=ground.text,
        ground_days=ground.days,
        assumed=bool(read) or asked.issue is None,
        rule=ruled.code,
        rule_id=ruled.rule,
        verified=ruled.verified,
        candidates=ruled.dates if len(ruled.dates) > 1 else (),
    )


def _assumed(asked: AskRequest, said: Facts, ruled: Applicability | None) -> GoverningDate:
    ground = wording(f"Taken from the words “{said.written[0].words}” in the question.")
    if ruled is not None and ruled.missing:
        ground = wording(ground, " ", ruled.wording)
    return GoverningDate(
        as_at=said.days[0],
        known_at=asked.known_at,
        ground=ground.text,
        ground_days=ground.days,
        assumed=True,
    )


def _missing(asked: AskRequest, said: Facts, ruled: Applicability | None) -> ClarifyingQuestion:
    if ruled is not None:
        where = ruled.code is Code.ASK and ruled.rule is None and not ruled.missing
        asked_for = _asked_for(ruled.wording, said, ruled.missing)
        return asked_for.model_copy(update={"where": where})
    if asked.facts and asked.issue is None:
        kinds = ", ".join(Issue)
        words = wording(
            f"Of what kind is the matter ({kinds})? The rules then choose among its days."
        )
    elif not said.days:
        words = wording(
            "Which day's law is wanted? The law changes, and the question names no full date."
        )
    else:
        listed = [part for day in said.days for part in (", ", day)][1:]
        words = wording(
            "Which day's law is wanted? The question names several dates (", *listed, ")."
        )
    return _asked_for(words, said)


def _asked_for(
    words: Wording, said: Facts, roles: tuple[tuple[Role, ...], ...] = ()
) -> ClarifyingQuestion:
    return ClarifyingQuestion(
        explanation=words.text, explanation_days=words.days, roles=roles, days=said.days
    )


# -- the rules ---------------------------------------------------------------------------------


def _ruled(
    asked: AskRequest, said: Facts, works: Sequence[Work], changes: Changes
) -> Applicability | None:
    """Return the result of the rules, or ``None`` if there are no facts to apply them to."""
    days = {**said.roles, **asked.facts}
    issue = issue_of(asked, said, days)
    if issue is None or not (days or asked.issue or asked.topic):
        return None
    named = [work for work in works if is_named(work, asked.question)]
    work = named[0].id if len(named) == 1 else None
    tried = (_ANYWHERE, *_places(asked, named or works, named=bool(named)))
    try:
        general, *local = (_matter(asked, issue, days, place, work) for place in tried)
    except BadInputError:
        if asked.facts:
            raise
        return None
    try:
        if len(local) == 1:
            return _cut(local[0], changes)
        return _agreed(_cut(general, changes), [_cut(matter, changes) for matter in local])
    except OverflowError:
        raise BadInputError("A day of the case leads the rules beyond the year 9999.") from None


def issue_of(asked: AskRequest, said: Facts, days: Iterable[Role]) -> Issue | None:
    """Return the issue: the given one, the topic's, or the one that question or dates indicate."""
    special = [rule.issues[0] for _, rule in _special(asked.topic)][:1]
    told = (asked.issue, *special, said.issue, *(ISSUE_OF.get(role) for role in days))
    return next(filter(None, told), None)


def _places(asked: AskRequest, works: Sequence[Work], *, named: bool) -> Iterable[str]:
    """Return the given jurisdictions, else those of named works, of the topic, or of all works."""
    special = [place for place, _ in _special(asked.topic)] if not named else []
    return dict.fromkeys(asked.jurisdictions or special or [work.jurisdiction for work in works])


def _rules() -> list[tuple[str, Rule]]:
    """Return every rule with its jurisdiction."""
    tables = [table(place) for place in jurisdictions()]
    return [(found.jurisdiction, rule) for found in tables if found for rule in found.rule]


def _special(topic: str | None) -> list[tuple[str, Rule]]:
    """Return the rules for a topic; empty without one."""
    return [(place, rule) for place, rule in _rules() if topic in rule.topics]


def _matter(
    asked: AskRequest, issue: Issue, days: dict[Role, date], place: str, work: str | None
) -> Matter:
    try:
        return Matter(
            jurisdiction=place,
            issue=asked.issue or issue,
            dates=days,
            topic=asked.topic,
            work=work,
        )
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise BadInputError(f"The facts contradict each other: {problem}.") from None


def _cut(matter: Matter, changes: Changes) -> Applicability:
    """Apply the rules; split a span of several laws at the dates on which the text changed."""
    ruled = governing_dates(matter)
    if ruled.span is None or ruled.span.start is None:
        return ruled
    inside = [day for day in changes(ruled.span.start) if day in ruled.span]
    if ruled.code is Code.SPLIT:
        cut = governing_dates(matter, inside)
        return cut if cut.dates else cut.model_copy(update={"dates": (ruled.span.start,)})
    between = tuple(sorted({*ruled.dates[1:], *inside} - {ruled.dates[0]}))
    return ruled.model_copy(update={"dates": (ruled.dates[0], *between)})


def _agreed(general: Applicability, local: Sequence[Applicability]) -> Applicability:
    """Return the general result if every jurisdiction agrees, else ask for the jurisdiction."""
    if all(found.dates == general.dates for found in local):
        return general
    words = "The governing date depends on the jurisdiction: name it, or give the day."
    return Applicability(code=Code.ASK, rule=None, wording=wording(words))


def is_named(work: Work, question: str) -> bool:
    """Return whether a question names a work by title or alias."""
    held = [name for name in (work.title, *work.aliases) if name in question]
    return any(re.search(whole_words(re.escape(name)), question) for name in held)
