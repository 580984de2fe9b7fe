"""What a memo needs of the store, in the state in which a trace was answered."""

from __future__ import annotations

from typing import NamedTuple

from agent.trace import Trace
from corpus.clock import today
from corpus.force_words import sources_words
from corpus.record_clock import CorpusState
from corpus.settings import Settings
from corpus.store import Store
from corpus.wording import Wording
from ui.cards import Card, trace_cards


class Recorded(NamedTuple):
    """The cards of a trace, and when the sources of the corpus were last read."""

    cards: tuple[Card, ...]
    sources_read: Wording


def recorded(trace: Trace, settings: Settings) -> Recorded:
    """Read the store as it was; where it never held that state, as it is now.

    Raises:
        StoreError: there is no store, or it does not hold a cited version.
    """
    with Store.open(settings.store_url) as present:
        state = CorpusState(corpus_hash=trace.corpus_hash, recorded_at=trace.started)
        store = present.holding(state) or present
        return Recorded(trace_cards(trace, store, today()), sources_words(store.sources_read()))
