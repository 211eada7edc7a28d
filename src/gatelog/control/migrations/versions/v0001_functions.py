"""Saved functions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "functions",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("parameters", sa.String, nullable=False),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("docstring", sa.String, nullable=False, server_default=""),
        sa.Column("folder", sa.String, nullable=False, server_default=""),
        sa.Column("view", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("changed_at", sa.String, nullable=False),
        sa.Column("changed_by", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Forget all functions."""
    op.drop_table("functions")
