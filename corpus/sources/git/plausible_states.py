"""Filter the states of an act: implausible ones are left out or open a gap, with their place.

States are processed in order of their dates, with as little look-ahead as possible:

- a state from before the act itself is left out;
- reforms that change nothing, one after another from the beginning, mean that the source repeats
  the text of a later date: only the last of them is kept;
- two states of one date that are based on the same text are both kept, and where they contradict
  each other the provision is ambiguous;
- a state that lacks most provisions, which come back unchanged with the next one, is not a repeal;
- a text that the source calls current, or as enacted, is valid only on the last, or the first,
  date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby

from corpus.act_report import Observation
from corpus.history.snapshots import Page
from corpus.sources.git.commit_snapshots import CommitState
from corpus.sources.git.markdown_dialect import Dialect

_DAY = timedelta(days=1)
_LOST = 0.5
_BACK = 0.8
_FEWEST = 5
"""Least number of lost provisions that counts."""


def plausible(
    states: Iterable[CommitState],
    dialect: Dialect,
    origin: date | None,
    end: date | None,
    seen: Observation,
) -> Iterator[CommitState]:
    """Yield the plausible states by date; an implausible one that is kept has ``doubt``.

    Args:
        states: states of one act, by date, and on one date as committed.
        dialect: says how the source marks its texts.
        origin: the act's first day if it is known from elsewhere.
        end: the first day without the act; later states are not texts of it.
        seen: records everything that is left out or doubted.
    """
    counted = _counted(states, seen)
    later = _since_origin(counted, origin, seen)
    single = _of_one_day(_without_repeats(later, end, seen), dialect, seen)
    yield from _complete(_of_their_day(single, dialect, seen), seen)


def _counted(states: Iterable[CommitState], seen: Observation) -> Iterator[CommitState]:
    last: CommitState | None = None
    for state in states:
        seen.states += not state.is_gone
        if last is not None and not state.is_gone:
            seen.unchanged += state.page == last.page and not state.is_snapshot
            seen.of_one_day += state.day == last.day and not last.is_gone
        yield state
        last = state


def _since_origin(
    states: Iterable[CommitState], origin: date | None, seen: Observation
) -> Iterator[CommitState]:
    for state in states:
        first = origin or state.origin
        if first is not None and state.day < first and not state.is_gone:
            seen.before_origin += 1
            problem = f"is dated {state.day}, before the act itself ({first})"
            seen.refuse(state.revision.fault(problem))
        else:
            yield state


def _without_repeats(
    states: Iterable[CommitState], end: date | None, seen: Observation
) -> Iterator[CommitState]:
    """Leave out the first reforms if they all have the same body."""
    waiting: list[CommitState] = []
    rest = iter(states)
    following: CommitState | None = None
    for state in rest:
        ended = end is not None and state.day >= end
        if waiting and (ended or not _repeats(waiting[0], state)):
            following = state
            break
        waiting.append(state)
    days = {state.day for state in waiting}
    if len(days) > 2 or (len(days) == 2 and following is None):
        last = waiting[-1]
        for state in waiting[:-1]:
            problem = f"repeats under {state.day} the text of {last.day}"
            seen.refuse(state.revision.fault(problem))
        waiting = [last]
    yield from waiting
    if following is not None:
        yield following
        yield from rest


def _repeats(first: CommitState, state: CommitState) -> bool:
    """Return whether a reform has the body of the first one, and no end in between is stated."""
    if any(each.is_snapshot or each.doubt or each.is_gone for each in (first, state)):
        return False
    if first.last_day is not None:
        return False
    return state.body == first.body and not first.is_empty


def _of_one_day(
    states: Iterable[CommitState], dialect: Dialect, seen: Observation
) -> Iterator[CommitState]:
    eve: Page = {}
    for day, group in groupby(states, key=lambda state: state.day):
        own = list(group)
        if dialect.commits.same_day == "both" and not _is_decided(own):
            joined = _joined(own, eve)
            if joined.page != own[-1].page or joined.is_gone:
                problem = f"has the day of another state, {day}, and contradicts it"
                seen.refuse(own[0].revision.fault(problem))
            own = [joined]
        yield from own
        eve = own[-1].page


def _is_decided(states: list[CommitState]) -> bool:
    """Return whether publication dates decide which state of one date counts."""
    known = {state.published for state in states}
    copied = any(state.is_snapshot for state in states)
    return len(states) == 1 or copied or (None not in known and len(known) == len(states))


def _joined(states: list[CommitState], eve: Page) -> CommitState:
    """Return the last state, with the changes that only other states of its date have."""
    last = states[-1]
    if last.is_gone or last.is_empty:
        return last
    page = dict(last.page)
    for state in states[:-1]:
        for key in state.page.keys() | page.keys() if not state.is_empty else ():
            said, kept = state.page.get(key), last.page.get(key)
            if said is not None and said != kept and said != eve.get(key):
                page[key] = tuple(dict.fromkeys((*page.get(key, ()), *said)))
    return replace(last, page=page)


def _of_their_day(
    states: Iterable[CommitState], dialect: Dialect, seen: Observation
) -> Iterator[CommitState]:
    """Leave out current texts with an earlier date; doubt the days after an as-enacted one."""
    marks, earlier = dialect.text_state, False
    for state, following in _with_next(states):
        trailers, fields = state.revision.trailers, state.fields
        if marks.current.read(trailers, fields):
            since = max(state.day, state.updated or state.day)
            if following is not None and not following.is_gone:
                seen.refuse(state.revision.fault(f"gives the current text under {state.day}"))
            elif state.updated is None and not earlier:
                problem = f"gives the current text under {state.day}, and no day of its last change"
                seen.refuse(state.revision.fault(problem))
                yield replace(state, page={}, doubt=problem)
            else:
                yield replace(state, day=since)
        else:
            yield state
            if marks.as_enacted.read(trailers, fields):
                after = state.day + _DAY
                if following is None or following.day > after:
                    problem = "gives the text as enacted, without later amendments"
                    seen.refuse(state.revision.fault(problem))
                    yield replace(state, day=after, page={}, doubt=problem)
        earlier = True


def _with_next(
    states: Iterable[CommitState],
) -> Iterator[tuple[CommitState, CommitState | None]]:
    """Yield each state with the one after it."""
    waiting: CommitState | None = None
    for state in states:
        if waiting is not None:
            yield waiting, state
        waiting = state
    if waiting is not None:
        yield waiting, None


def _complete(states: Iterable[CommitState], seen: Observation) -> Iterator[CommitState]:
    """Doubt a state without most provisions of the previous one, if the next has them again."""
    before: CommitState | None = None
    for state, following in _with_next(states):
        if before is not None and following is not None and not state.is_gone:
            lost = before.page.keys() - state.page.keys()
            back = lost & following.page.keys()
            many = len(before.page) >= _FEWEST and len(lost) > _LOST * len(before.page)
            if many and len(back) >= _BACK * len(lost) and not state.doubt and state.page:
                problem = f"lacks {len(lost)} of {len(before.page)} provisions, which come back"
                seen.refuse(state.revision.fault(problem))
                yield replace(state, page={}, doubt=problem)
                continue
        yield state
        before = state if state.page else before
