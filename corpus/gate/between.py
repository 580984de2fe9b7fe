"""The laws between act and decision: a crime is judged by the most lenient of them.

Where at some day in between the provision was not the law at all (annulled, repealed without a
successor, or not yet made at the time of the act), no text of it applies. Where its text merely
changed, which of the texts is milder is for a lawyer to say: the record holds no measure of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from pydantic import ValidationError

from corpus.applicability import Applicability, Code, Matter, Role, governing_dates
from corpus.gate.ruling import Case
from corpus.model import EndReason, Interval, ProvisionHistory, Version
from corpus.resolve import NotYetInForce, Repealed, Resolution, resolve
from corpus.store import Store
from corpus.wording import Wording, wording

_ENDS = (EndReason.REPEALED, EndReason.ANNULLED)


@dataclass(frozen=True)
class Between:
    """Effect of the laws in between. ``hole``: on some day there was no law."""

    hole: bool
    wording: Wording
    authority: str
    verified: bool


def between(store: Store, version: Version, jurisdiction: str, case: Case) -> Between | None:
    """Return what counts besides ``version`` between act and decision; ``None`` where nothing."""
    ruled = _most_lenient(jurisdiction, case)
    if ruled is None or ruled.span is None:
        return None
    history = store.history(version.provision_id)
    if history is None:
        return None
    days = [day for day in _turns(history, case) if day in ruled.span]
    states = {day: _state(history, version, day, case) for day in [*ruled.dates, *days]}
    authority = ruled.authority or ""
    for state in states.values():
        if (words := _no_law(state, history)) is not None:
            said = wording(words, _RULE)
            return Between(True, said, _with(authority, state), ruled.verified)
    texts = {state.text: state for state in states.values() if isinstance(state, Version)}
    if len(texts) < 2:
        return None
    return Between(False, _several(texts.values()), authority, ruled.verified)


_RULE = (
    " What some law between act and decision did not punish is punished under no older or later"
    " text."
)


def _most_lenient(jurisdiction: str, case: Case) -> Applicability | None:
    if case.issue is None or Role.DECISION not in case.facts:
        return None
    try:
        matter = Matter(jurisdiction=jurisdiction, issue=case.issue, dates=case.facts)
    except ValidationError:  # days that cannot be true together settle nothing
        return None
    ruled = governing_dates(matter)
    return ruled if ruled.code is Code.LEX_MITIOR and ruled.dates else None


def _turns(history: ProvisionHistory, case: Case) -> Iterable[date]:
    """Yield the days on which the provision's law changed, as known."""
    for row in history.versions:
        if row.is_known(case.known_at):
            yield from (day for day in (row.valid_from, row.valid_to) if day is not None)


def _state(history: ProvisionHistory, version: Version, day: date, case: Case) -> Resolution:
    return resolve(history, day, case.known_at, extent=version.extent, language=version.language)


def _no_law(state: Resolution, history: ProvisionHistory) -> Wording | None:
    """Return why there was no law on a day; ``None`` if there was, or if it is unknown."""
    if isinstance(state, NotYetInForce) and state.starts is not None:
        begins = "It was not yet the law at the time of the act: it begins on "
        return wording(begins, state.starts, ".")
    if isinstance(state, Repealed) and state.how in _ENDS and not history.provision.successors:
        by = f" by {state.by}" if state.by else ""
        again = ("; the next text begins on ", state.revived) if state.revived else ()
        how = state.how.value.capitalize()
        return wording(f"{how}{by}: no text was the law from ", state.ended, *again, ".")
    return None


def _with(authority: str, state: Resolution) -> str:
    ended = state.by if isinstance(state, Repealed) else None
    return f"{authority}; {ended}" if ended else authority


def _several(texts: Iterable[Version]) -> Wording:
    spans = sorted((text.valid for text in texts), key=_start)
    listed = [part for span in spans for part in ("; ", span)][1:]
    return wording(
        "The most lenient of several texts between act and decision governs (in force ",
        *listed,
        "); which one that is must be compared.",
    )


def _start(interval: Interval) -> date:
    return interval.start or date.min
