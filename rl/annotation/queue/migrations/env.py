"""Alembic's entry point. The queue passes its own connection in ``config.attributes``."""

from __future__ import annotations

from alembic import context

from rl.annotation.queue.tables import SCHEMA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SCHEMA.metadata,
    version_table=SCHEMA.version_table,
    render_as_batch=True,
)
context.run_migrations()  # in the transaction of that connection: all of it or nothing
