"""Choose the governing date of a matter by rules, with the reason and its legal authority.

The rules are data (``corpus/rules/*.toml``). Transitional rules are tried before defaults, and
rules for a topic or work before general ones. No date is guessed: if a date that could change the
outcome is missing, the result says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from corpus.errors import BadInputError
from corpus.model import Frozen, Interval
from corpus.rules import LAW, PLACEHOLDER, Code, Issue, Rule, Table, table
from corpus.rules.day_expressions import AS_AT, CONNECTING, SLICE, Days, Role, parse_day_expression
from corpus.wording import Wording, wording

__all__ = [
    "Applicability",
    "Code",
    "Issue",
    "Matter",
    "Role",
    "Slice",
    "TakesEffect",
    "governing_dates",
    "rules_for",
    "takes_effect",
]

_UNVERIFIED = "This rule has not been checked against the official text: check it before relying."


_IN_ORDER = (
    (Role.ACT, Role.ACT_END),
    (Role.ACT, Role.CONVICTION),
    (Role.ACT, Role.DECISION),
    (Role.DECISION, Role.FINAL),
    (Role.PERIOD_START, Role.PERIOD_END),
)


class Matter(Frozen):
    """One legal issue of a case: its jurisdiction, its kind, and the known dates.

    ``topic``, ``work`` and ``provision`` let special rules count (``rules_for`` lists them).
    ``as_at`` is the day whose law is asked for, where one is known already.

    Raises:
        ValueError: a period ends before it begins, or a decision is before the act.
    """

    jurisdiction: str
    issue: Issue
    dates: dict[Role, date] = Field(default_factory=dict)
    topic: str | None = None
    work: str | None = None
    provision: str | None = None
    as_at: date | None = None

    @model_validator(mode="after")
    def _ends_follow_beginnings(self) -> Self:
        for first, last in _IN_ORDER:
            start, end = self.dates.get(first), self.dates.get(last)
            if start is not None and end is not None and end < start:
                raise ValueError(f"{last.words} ({end}) lies before {first.words} ({start})")
        return self


class Slice(Frozen):
    """A part of a period, with the date whose law governs it."""

    interval: Interval
    as_at: date


class Rejected(Frozen):
    """A rule that was not applied, its result, and why another rule has precedence."""

    rule: str
    code: Code
    dates: tuple[date, ...]
    why: str


class Applicability(Frozen):
    """The governing date, and the reason for it.

    ``dates`` are the days whose law governs: one; several to compare (``LEX_MITIOR``); one per
    slice (``SPLIT``), or none yet where only the changes of the text can tell the slices.
    ``instead`` is another provision that governs in the place of the one asked about. ``span`` is
    set where every text in force inside it counts: intermediate laws, or a period to be split.
    ``missing`` are the roles to ask for; any one of an inner tuple will do.
    """

    code: Code
    rule: str | None
    dates: tuple[date, ...] = ()
    slices: tuple[Slice, ...] = ()
    span: Interval | None = None
    instead: str | None = None
    authority: str | None = None
    verified: bool = False
    wording: Wording
    missing: tuple[tuple[Role, ...], ...] = ()
    rejected: tuple[Rejected, ...] = ()

    @property
    def sentence(self) -> str:
        """Return the explanation as plain text."""
        return self.wording.text


class TakesEffect(Frozen):
    """The date on which an act that states none takes effect."""

    day: date
    authority: str
    verified: bool
    sentence: str


def governing_dates(matter: Matter, changes: Iterable[date] = ()) -> Applicability:
    """Return the governing date or dates of a matter.

    Args:
        matter: the issue and the known dates.
        changes: dates on which the text concerned changed, for splitting a continuing period;
            without them such a period is returned as a ``span``.

    Raises:
        SourceError: a rule file is malformed.
    """
    rejected: list[Rejected] = []
    silent: list[Rule] = []
    for rule, following in _with_rest(_candidates(matter)):
        days = _days(rule, matter)
        if CONNECTING not in days and not _is_asked_for(rule, matter):
            silent += [] if rule.scoped else [rule]
            continue
        if denied := next((c for c in rule.when if c.holds(days) is False), None):
            rejected.append(_rejected(rule, days, denied.denial(days)))
            continue
        if missing := _missing(rule, days):
            return _ask(matter, missing, rejected, rule)
        later = [_overridden(other, rule, matter) for other in following]
        return _decided(rule, days, sorted(changes), [*rejected, *filter(None, later)])
    roles = [role for rule in silent for role in rule.connecting.missing(_days(rule, matter))]
    return _ask(matter, [tuple(dict.fromkeys(roles))], rejected)


def takes_effect(jurisdiction: str, published: date, kind: str = "act") -> TakesEffect:
    """Return when an act that states no date takes effect.

    Args:
        jurisdiction: ``uk``, ``fr``, ...
        published: the date of publication, promulgation or assent, as the jurisdiction counts it.
        kind: ``act``, or another kind in the jurisdiction's rules (``regulation``).

    Raises:
        BadInputError: the jurisdiction has no such rule.
    """
    rules = table(jurisdiction)
    rule = rules.commencement.get(kind) if rules else None
    if rule is None:
        raise BadInputError(
            f"No rule says when a {kind} of '{jurisdiction}' without a stated day takes effect."
        )
    day = published + timedelta(days=rule.days)
    sentence = wording(rule.sentence.format(published=published, day=day))
    return TakesEffect(
        day=day,
        authority=rule.authority,
        verified=rule.verified,
        sentence=_cited(sentence, rule.authority, verified=rule.verified).text,
    )


def rules_for(jurisdiction: str, issue: Issue | None = None) -> tuple[Rule, ...]:
    """Return the rules of a jurisdiction in the order in which they are tried."""
    issues = list(Issue) if issue is None else [issue]
    found = {rule.id: rule for each in issues for rule in _for_issue(jurisdiction, each)}
    return tuple(found.values())


def _for_issue(jurisdiction: str, issue: Issue) -> list[Rule]:
    """Return the rules in order: topic or work first, then transitional, then as written."""
    own = [rule for rule in _rules(table(jurisdiction)) if issue in rule.issues]
    if not any(not rule.scoped and not rule.transitional for rule in own):
        own += [rule for rule in _rules(table("default")) if issue in rule.issues]
    return sorted(own, key=lambda rule: (not rule.scoped, not rule.transitional))


def _rules(rules: Table | None) -> Sequence[Rule]:
    return rules.rule if rules else ()


def _candidates(matter: Matter) -> list[Rule]:
    def fits(rule: Rule) -> bool:
        special = _is_asked_for(rule, matter) or matter.provision in rule.provisions
        return special or not rule.scoped

    return [rule for rule in _for_issue(matter.jurisdiction, matter.issue) if fits(rule)]


def _is_asked_for(rule: Rule, matter: Matter) -> bool:
    """Tell whether the matter names the subject of a rule, so that the rule's day is asked for."""
    return matter.topic in rule.topics or matter.work in rule.works


def _with_rest(rules: list[Rule]) -> Iterable[tuple[Rule, list[Rule]]]:
    return ((rule, rules[n + 1 :]) for n, rule in enumerate(rules))


def _days(rule: Rule, matter: Matter) -> Days:
    """Return the matter's dates, with the rule's connecting date where it is known."""
    days = {role.value: day for role, day in matter.dates.items()}
    if matter.as_at is not None:
        days[AS_AT] = matter.as_at
    connecting = rule.connecting.on(days)
    return days if connecting is None else {**days, CONNECTING: connecting}


def _missing(rule: Rule, known: Days) -> tuple[tuple[Role, ...], ...]:
    days = {**known, SLICE: date.min}
    wanted = [rule.connecting.missing(known), *(c.missing(known) for c in rule.when)]
    wanted += [moment.missing(days) for moment in rule.law_at]
    return tuple(dict.fromkeys(roles for roles in wanted if roles))


def _decided(
    rule: Rule, known: Days, changes: Sequence[date], rejected: Sequence[Rejected]
) -> Applicability:
    span = _span(rule, known)
    slices = _slices(rule, known, changes) if rule.code is Code.SPLIT else ()
    dates = tuple(part.as_at for part in slices) if rule.code is Code.SPLIT else _law(rule, known)
    return Applicability(
        code=rule.code,
        rule=rule.id,
        dates=dates,
        slices=slices,
        span=span,
        instead=rule.instead,
        authority=rule.authority,
        verified=rule.verified,
        wording=_cited(_filled(rule, known, dates), rule.authority, verified=rule.verified),
        rejected=tuple(rejected),
    )


def _law(rule: Rule, known: Days) -> tuple[date, ...]:
    days = (moment.on(known) for moment in rule.law_at)
    return tuple(dict.fromkeys(day for day in days if day is not None))


def _span(rule: Rule, known: Days) -> Interval | None:
    """Return the interval in which every text counts: from act to decision, or the whole period."""
    if rule.code is Code.LEX_MITIOR and rule.intermediate:
        law = _law(rule, known)
        return Interval(start=min(law), end=max(law) + timedelta(days=1))
    return _period(known) if rule.code is Code.SPLIT else None


def _period(known: Days) -> Interval:
    end = known.get(Role.PERIOD_END)
    return Interval(start=known[CONNECTING], end=end and end + timedelta(days=1))


def _slices(rule: Rule, known: Days, changes: Sequence[date]) -> tuple[Slice, ...]:
    """Split the period at the rule's dates, or else at the dates on which the text changed."""
    cuts = rule.split_at or changes
    if not cuts:
        return ()
    period, slices = _period(known), []
    edges = [None, *cuts, None]
    per_slice = rule.law_at if len(rule.law_at) > 1 else rule.law_at * (len(cuts) + 1)
    for (start, end), moment in zip(pairwise(edges), per_slice, strict=True):
        part = Interval(start=start, end=end).intersect(period)
        if part is not None and part.start is not None:
            as_at = moment.on({**known, SLICE: part.start})
            slices.append(Slice(interval=part, as_at=as_at or part.start))
    return tuple(slices)


def _filled(rule: Rule, known: Days, dates: Sequence[date]) -> Wording:
    """Return the rule's sentence with its placeholders filled."""
    said: list[str | date] = []
    for number, part in enumerate(PLACEHOLDER.split(rule.sentence)):
        if number % 2 == 0:
            said.append(part)
        elif part == LAW:
            said += [one for day in dates for one in (" and ", day)][1:]
        else:
            day = parse_day_expression(part).on(known)
            assert day is not None  # the table of rules was refused otherwise
            said.append(day)
    return wording(*said)


def _cited(sentence: Wording, authority: str, *, verified: bool) -> Wording:
    checked = "" if verified else f" {_UNVERIFIED}"
    return wording(sentence, f" Authority: {authority}.{checked}")


def _rejected(rule: Rule, known: Days, why: str) -> Rejected:
    return Rejected(rule=rule.id, code=rule.code, dates=_law(rule, known), why=why)


def _overridden(rule: Rule, winner: Rule, matter: Matter) -> Rejected | None:
    """Return a later rule that would have applied if ``winner`` had not."""
    days = _days(rule, matter)
    if _missing(rule, days) or not all(condition.holds(days) for condition in rule.when):
        return None
    return _rejected(rule, days, f"{winner.id} comes first")


def _ask(
    matter: Matter,
    missing: Sequence[tuple[Role, ...]],
    rejected: Sequence[Rejected],
    rule: Rule | None = None,
) -> Applicability:
    wanted = ", and ".join(" or ".join(role.words for role in roles) for roles in missing)
    return Applicability(
        code=Code.ASK,
        rule=rule.id if rule else None,
        authority=rule.authority if rule else None,
        missing=tuple(missing),
        rejected=tuple(rejected),
        wording=wording(
            f"The governing date of this {matter.issue} matter is open: give {wanted}."
        ),
    )
