"""Where this installation keeps its store and its index."""

from __future__ import annotations

import os
from pathlib import Path

from corpus.model import Frozen


class Settings(Frozen):
    """``store_url`` is a SQLAlchemy URL, ``index_url`` an index URL (:mod:`retrieval.index`)."""

    store_url: str
    index_url: str

    @classmethod
    def load(cls) -> Settings:
        """Read ``INFORCE_STORE`` and ``INFORCE_INDEX``; each defaults to ``INFORCE_HOME``.

        ``INFORCE_HOME`` defaults to ``~/.inforce``.
        """
        home = Path(os.environ.get("INFORCE_HOME") or Path.home() / ".inforce")
        return cls(
            store_url=os.environ.get("INFORCE_STORE") or f"sqlite:///{home / 'store.db'}",
            index_url=os.environ.get("INFORCE_INDEX") or f"embedded:{home / 'index'}",
        )
