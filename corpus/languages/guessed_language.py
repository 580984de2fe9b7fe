"""Which language a question is written in, guessed from its small words.

A guess is good enough for what it is used for: whose everyday words to read, and whether a text is
in the language of the question.
"""

from __future__ import annotations

import re
import unicodedata

from corpus.languages.quotation import SPACELESS
from corpus.languages.search_words import search_tables

_WORD = re.compile(r"[^\W\d_]+")
_SPACELESS = re.compile(f"[{SPACELESS}]")
_CHINESE = "zh"


def guessed_language(question: str) -> str | None:
    """Return the language whose small words a question holds most; ``None`` where none leads."""
    if _SPACELESS.search(question):
        return _CHINESE
    words = [_bare(word) for word in _WORD.findall(question)]
    counts = {
        language: sum(word in held for word in words)
        for language, table in search_tables().items()
        if (held := {*table.stop_words.split(), *table.auxiliary_words.split()})
    }
    best = max(counts.values(), default=0)
    leaders = [language for language, count in counts.items() if count == best]
    return leaders[0] if best and len(leaders) == 1 else None


def _bare(word: str) -> str:
    """Return a word as the tables write it: without case and marks."""
    parts = unicodedata.normalize("NFD", word.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
