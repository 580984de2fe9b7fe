"""A trace belongs to who asked: others are told the same as of one that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from agent.graph.run import ask
from agent.library import Library
from agent.people import Person, Role, local_person
from agent.trace_store import TraceStore
from corpus.errors import BadInputError

ANNA = Person(id="anna@x", name="Anna", roles=frozenset({Role.READER}))
BORIS = Person(id="boris@x", name="Boris", roles=frozenset({Role.ADMINISTRATOR}))


@pytest.fixture
def traces(tmp_path: Path) -> Iterator[TraceStore]:
    with TraceStore.open(f"sqlite:///{tmp_path / 'traces.db'}") as opened:
        yield opened


def refusal(traces: TraceStore, trace_id: str, person: Person) -> str:
    with pytest.raises(BadInputError) as refused:
        traces.load_own(trace_id, person)
    return str(refused.value)


def test_another_person_is_told_what_is_told_of_an_unknown_id(
    library: Library, traces: TraceStore
) -> None:
    trace = ask(library, "art. 1", as_at=date(2020, 1, 1))
    traces.save(trace, ANNA.id)
    assert traces.load_own(trace.id, ANNA) == trace
    unknown = refusal(traces, "0" * 32, BORIS).replace("0" * 32, trace.id)
    for other in (BORIS, local_person()):
        assert refusal(traces, trace.id, other) == unknown
    assert refusal(traces, trace.id[:8], ANNA)  # the start of an id tells nobody anything


def test_each_person_has_a_list_of_their_own(library: Library, traces: TraceStore) -> None:
    mine = ask(library, "art. 1", as_at=date(2020, 1, 1))
    unsigned = ask(library, "art. 2", as_at=date(2020, 1, 1))
    traces.save(mine, ANNA.id)
    traces.save(unsigned)
    assert [line.id for line in traces.of(ANNA.id)] == [mine.id]
    assert [line.id for line in traces.of(local_person().id)] == [unsigned.id]
    assert traces.of(BORIS.id) == []


def test_a_trace_saved_again_for_another_leaves_the_first(
    library: Library, traces: TraceStore
) -> None:
    trace = ask(library, "art. 1", as_at=date(2020, 1, 1))
    traces.save(trace, ANNA.id)
    traces.save(trace, BORIS.id)
    assert traces.of(ANNA.id) == []
    assert traces.load_own(trace.id, BORIS) == trace
