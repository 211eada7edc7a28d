"""Run by alembic with the connection that `database` opened."""

from __future__ import annotations

from alembic import context

from gatelog.control.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
