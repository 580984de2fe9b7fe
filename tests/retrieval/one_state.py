"""Corpora of one word each, so that a reader of a mixed state is found out."""

from __future__ import annotations

from datetime import date

from agent.library import Library
from corpus.model import WorkHistory
from corpus.settings import Settings
from corpus.store import Store
from retrieval.index_build import refresh_index
from retrieval.query import Hit, StatuteQuery
from tests.corpus.build import history, version

DAY = date(2000, 1, 1)
MANY = 60


def act(n: int, text: str) -> WorkHistory:
    """A work of its own with one provision that says ``text``."""
    whole = history(version("1990-01-01", text=text)).model_dump_json()
    return WorkHistory.model_validate_json(whole.replace("widgets-1990", f"gadgets-{n}"))


def book(word: str, many: int = MANY) -> list[WorkHistory]:
    """Acts that all say one word, which tells the states of the corpus apart."""
    return [act(n, f"The duty {word} number{n} binds every maker.") for n in range(many)]


def recorded(settings: Settings, *works: WorkHistory) -> None:
    """Record works and leave the index as it is: the middle of an ingest."""
    with Store.open(settings.store_url, create=True) as store, store.writing():
        for work in works:
            store.write(work)


def indexed(settings: Settings, *, anew: bool = False) -> int:
    with Store.open(settings.store_url) as store:
        return refresh_index(store, settings.index_url, lambda *_: None, anew=anew)


def found(library: Library, text: str, limit: int = 100) -> list[Hit]:
    return library.index.search(StatuteQuery(text=text, as_at=DAY, limit=limit))


def whole(library: Library, word: str, many: int = MANY) -> None:
    """Check that a library holds one state alone, in its index and in its store."""
    hits = found(library, "duty")
    assert {hit.provision_id for hit in hits} == {f"uk/gadgets-{n}#duty" for n in range(many)}
    for hit in hits:
        assert f" {word} " in hit.text
        read = library.store.version(hit.version_id)
        assert read is not None
        assert read.text == hit.text
    assert len(library.works) == many
    assert library.store.state().corpus_hash == library.corpus_hash
