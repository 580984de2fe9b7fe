"""An encoder that reads the vectors of passages where a build has stored them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from retrieval.vectors.encoder import Encoder, Vectors
from retrieval.vectors.passage import digest, kept_as
from retrieval.vectors.quantised import read_codes, units
from retrieval.vectors.shipped import shipped

_ASKED = 500  # digests of one statement


class StoredFirst:
    """Encodes only passages without a stored vector. A :class:`retrieval.vectors.encoder.Encoder`.

    A vector comes from the package (the demonstration corpus) or from the file of a build; a file
    that is missing or cannot be read holds none, which the index itself reports.

    Args:
        inner: the encoder.
        file: the file of stored vectors.
    """

    def __init__(self, inner: Encoder, file: Path) -> None:
        self._inner = inner
        self._file = file

    @property
    def identity(self) -> str:
        """Return the name under which vectors are stored."""
        return self._inner.identity

    def questions(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per question, ``(N, D)``."""
        return self._inner.questions(texts)

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per passage, ``(N, D)``; only those not stored are encoded."""
        names = {text: digest(text) for text in texts}
        codes = self._stored(set(names.values()))
        missing = [text for text, name in names.items() if name not in codes]
        made = dict(zip(missing, self._inner.passages(missing), strict=True)) if missing else {}
        held = [name for name in names.values() if name in codes]
        read = dict(zip(held, units(read_codes([codes[name] for name in held])), strict=True))
        return np.array(
            [made[text] if text in made else read[names[text]] for text in texts], dtype=np.float32
        )

    def _stored(self, names: Iterable[bytes]) -> dict[bytes, bytes]:
        wanted = set(names)
        identity, ready = shipped()
        codes: dict[bytes, bytes] = {}
        if identity == kept_as(self.identity):
            codes = {name: ready[name] for name in wanted if name in ready}
        return codes | self._read(sorted(wanted - codes.keys()))

    def _read(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        if not names or not self._file.is_file():
            return {}
        found: dict[bytes, bytes] = {}
        try:
            with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as connection:
                for i in range(0, len(names), _ASKED):
                    some = names[i : i + _ASKED]
                    marks = ",".join("?" * len(some))
                    found |= connection.execute(
                        "select digest, vector from vectors join encoders on id = encoder"  # noqa: S608
                        f" where identity = ? and digest in ({marks})",
                        (kept_as(self.identity), *some),
                    ).fetchall()
        except sqlite3.Error:
            return {}
        return found
