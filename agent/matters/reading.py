"""Read answers as a person may: those that they asked, and those that a matter of theirs holds."""

from __future__ import annotations

from agent.matters.filing import is_filed_for
from agent.matters.store import Matters, matters_url
from agent.people import Person
from agent.trace import Trace
from agent.trace_store import TraceStore, traces_url
from corpus.errors import BadInputError
from corpus.settings import Settings


def readable_traces(settings: Settings, request_id: str, person: Person) -> tuple[Trace, ...]:
    """Return the answers of a request that a person asked, or that a matter of theirs holds.

    Raises:
        BadInputError: there is none, or they may not see it; the sentence is the same.
        TraceError: one is damaged.
        StoreError: a database cannot be read.
    """
    with TraceStore.open(traces_url(settings)) as store:
        try:
            return store.load_request(request_id, person)
        except BadInputError:
            with Matters.open(matters_url(settings)) as matters:
                if not is_filed_for(matters, person, request_id):
                    raise
            return (store.load(request_id),)
