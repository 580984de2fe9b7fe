"""Analyzers: plain or stemmed terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.languages.search_words import stemmers
from corpus.languages.tables import base_language


@dataclass(frozen=True)
class Analyzer:
    """A way of indexing terms.

    ``stemmers`` names the stemming filter of each language; an engine indexes the terms of such a
    language a second time, stemmed, and searches both. The plain analyzer has none.
    """

    name: str
    stemmers: dict[str, str]

    def languages(self, searched: Sequence[str]) -> list[str]:
        """Return the stemmed languages among the searched ones (empty: all)."""
        bases = {base_language(language) for language in searched}
        return [language for language in self.stemmers if not bases or language in bases]


PLAIN = Analyzer("plain", {})
STEMMED = Analyzer("stemmed", dict(stemmers()))
CHAINS = {chain.name: chain for chain in (PLAIN, STEMMED)}
