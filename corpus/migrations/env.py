"""Alembic's entry point. The store passes its own connection in ``config.attributes``."""

from __future__ import annotations

from alembic import context

from corpus.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()  # in the transaction of that connection: all of it or nothing
