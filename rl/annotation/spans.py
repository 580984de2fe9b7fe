"""Marked words of a version: read its text, find the words in it."""

from __future__ import annotations

from corpus.errors import BadInputError
from corpus.languages.quotation import quoted_span
from corpus.store import Store
from rl.annotation.queue.decision_log import TextOf


def text_reader(store: Store) -> TextOf:
    """Return what reads the text of a version by id, ``None`` where the store has none."""

    def text_of(version_id: str) -> str | None:
        version = store.version(version_id)
        return None if version is None else version.text

    return text_of


def marked(words: str, text: str) -> tuple[int, int]:
    """Return characters ``[start, end)`` of pasted words in a text; the whole text for none.

    Raises:
        BadInputError: the words do not stand in the text.
    """
    if not words.strip():
        return 0, len(text)
    found = quoted_span(words, text)
    if found is None:
        raise BadInputError("These words do not stand in the version chosen; paste them from it.")
    return found
