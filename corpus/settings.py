"""Settings of an installation: the URLs of store and index."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from corpus.model import Frozen

LOCAL_PERSON = "local"
"""The id of the person who uses an installation without sign-in."""


class Settings(Frozen):
    """Settings: ``store_url`` (a SQLAlchemy URL) and ``index_url`` (see :mod:`retrieval.index`)."""

    store_url: str
    index_url: str

    @classmethod
    def load(cls) -> Self:
        """Return the settings from ``INFORCE_STORE`` and ``INFORCE_INDEX``.

        Each defaults to a place in ``INFORCE_HOME``, which defaults to ``~/.inforce``.
        """
        home = os.environ.get("INFORCE_HOME")
        default = cls.under(Path(home) if home else Path.home() / ".inforce")
        return cls(
            store_url=os.environ.get("INFORCE_STORE") or default.store_url,
            index_url=os.environ.get("INFORCE_INDEX") or default.index_url,
        )

    @classmethod
    def under(cls, home: Path) -> Self:
        """Return settings with both in one folder."""
        base = home.expanduser().absolute()
        return cls(
            store_url=f"sqlite:///{base / 'store.db'}", index_url=f"embedded:{base / 'index'}"
        )

    def beside(self, name: str) -> str:
        """Return the URL of a database beside the store.

        For SQLite a file of that name in the same folder, for Postgres the store's own database.
        """
        from sqlalchemy import make_url

        store = make_url(self.store_url)
        if store.get_backend_name() != "sqlite" or not store.database:
            return self.store_url
        return f"sqlite:///{Path(store.database).with_name(name)}"

    def environment(self) -> dict[str, str]:
        """Return the environment variables that give another process these settings."""
        return {"INFORCE_STORE": self.store_url, "INFORCE_INDEX": self.index_url}


def environment_fields(settings: type[Frozen], prefix: str) -> dict[str, str]:
    """Return the fields of a settings model that environment variables set.

    The variable of a field is ``prefix`` and its name in capitals; an empty one sets nothing.
    """
    return {
        name: value
        for name in settings.model_fields
        if (value := os.environ.get(f"{prefix}{name.upper()}"))
    }
