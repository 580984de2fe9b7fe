"""Synthetic statute books of any size from a seed, for scale tests and training."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from itertools import cycle

from corpus.errors import BadInputError
from corpus.model import WorkHistory
from corpus.sources import OnFault
from corpus.synthetic.grammar import languages as known_languages
from corpus.synthetic.life import act
from corpus.synthetic.linked import linked, twin_of

_EDITION = 1  # raise it when the same seed would give another statute book
_LARGEST = 5_000  # rows in one act at most: what bounds the memory


class Synthetic:
    """A statute book with exactly ``versions`` rows, streamed act by act in constant memory.

    Acts differ in size (log-normal, median 60 rows, at most ``largest``) and take turns in
    ``languages``. They are amended, renumbered, suspended, revived, repealed, corrected in known
    time, and some have gaps of coverage; about two in five record when each change became known. A
    seed always gives the same statute book, and a shorter book is the beginning of a longer one.
    ``links`` adds acts and provisions for the harder questions (:mod:`corpus.synthetic.linked`)
    beyond ``versions``: near-duplicates of acts, and provisions that name others.

    Raises:
        BadInputError: ``versions`` is 0, acts have an impossible size, or a language has no
            grammar.
    """

    def __init__(
        self,
        versions: int,
        seed: int = 0,
        languages: Sequence[str] = (),
        largest: int = _LARGEST,
        *,
        links: bool = False,
    ) -> None:
        known = known_languages()
        chosen = tuple(languages) or known
        if versions < 1:
            raise BadInputError(f"a synthetic corpus needs at least 1 version, not {versions}")
        if not 1 <= largest <= _LARGEST:
            raise BadInputError(f"an act has between 1 and {_LARGEST:,} rows, not {largest}")
        if unknown := [language for language in chosen if language not in known]:
            raise BadInputError(
                f"no synthetic grammar for '{unknown[0]}': choose from {', '.join(known)}"
            )
        self._versions, self._seed, self._languages = versions, seed, chosen
        self._largest, self._links = largest, links

    @property
    def name(self) -> str:
        """Return the size and the seed."""
        return f"synthetic statute book of {self._versions:,} versions (seed {self._seed})"

    def fingerprint(self) -> str:
        """Return a hash of the settings, which determine every byte."""
        settings = f"{_EDITION}:{self._versions}:{self._seed}:{','.join(self._languages)}"
        if self._largest != _LARGEST:
            settings += f":{self._largest}"
        if self._links:
            settings += ":links"
        return hashlib.sha256(settings.encode()).hexdigest()

    def count(self) -> int:
        """Return the number of acts, without near-duplicates."""
        return sum(1 for _ in self._sizes())

    def works(self, on_fault: OnFault) -> Iterator[WorkHistory]:  # noqa: ARG002 - never faulty
        """Yield the acts one by one."""
        tongues = cycle(self._languages)
        before: WorkHistory | None = None
        for number, (rows, language) in enumerate(zip(self._sizes(), tongues, strict=False), 1):
            history = act(number, rows, self._seed, language)
            if not self._links:
                yield history
                continue
            yield linked(history, before, self._seed)
            if (twin := twin_of(number, rows, self._seed, language)) is not None:
                yield twin
            before = history

    def _sizes(self) -> Iterator[int]:
        chance = random.Random(f"{self._seed}:sizes")  # noqa: S311 - no secret
        left = self._versions
        while left > 0:
            size = min(max(int(chance.lognormvariate(4.1, 1.1)), 1), self._largest, left)
            yield size
            left -= size
