"""Replies of the model that grades, on disk by model and prompt, so that none is asked twice."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from corpus.clock import now
from corpus.database import Database
from corpus.settings import Settings

FILE = "judge.db"
"""File name of the replies, beside a store in SQLite."""

_metadata = sa.MetaData()
_replies = sa.Table(
    "judge_replies",
    _metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("model", sa.String(300), nullable=False),
    sa.Column("reply", sa.Text, nullable=False),
    sa.Column("received", sa.DateTime(timezone=True), nullable=False),
)


class JudgeReplies(Database):
    """A database of replies. Open it with :meth:`open`; thread-safe."""

    metadata = _metadata
    kept = "replies of a judge"

    def find(self, key: str) -> str | None:
        """Return the reply under a key; ``None`` if there is none.

        Raises:
            StoreError: the database cannot be read.
        """
        with self.reading() as connection:
            query = sa.select(_replies.c.reply).where(_replies.c.key == key)
            found = connection.execute(query).scalar_one_or_none()
        return None if found is None else str(found)

    def add(self, key: str, model: str, reply: str) -> None:
        """Save a reply; one that is there already stays.

        Raises:
            StoreError: the database refuses it.
        """
        row = {"key": key, "model": model, "reply": reply, "received": now()}
        with self.writing() as connection:
            there = sa.select(_replies.c.key).where(_replies.c.key == key)
            if connection.execute(there).first() is None:
                connection.execute(sa.insert(_replies).values(row))


def reply_key(url: str, model: str, prompt: str) -> str:
    """Return the key of a reply: a digest of endpoint, model and whole prompt."""
    told = "\0".join((url, model, prompt)).encode()
    return hashlib.blake2b(told, digest_size=32).hexdigest()


def replies_url(settings: Settings) -> str:
    """Return the database URL of the replies: beside the store."""
    return settings.beside(FILE)
