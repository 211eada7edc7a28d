"""The tables of the control data as they are now; `migrations` says how they came to be."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

functions = sa.Table(
    "functions",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("parameters", sa.String, nullable=False),
    sa.Column("body", sa.String, nullable=False),
    sa.Column("docstring", sa.String, nullable=False, server_default=""),
    sa.Column("folder", sa.String, nullable=False, server_default=""),
    sa.Column("view", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("changed_at", sa.String, nullable=False),
    sa.Column("changed_by", sa.String, nullable=False),
)
"""Saved functions of the query language. `changed_at` is ISO 8601, UTC; `changed_by` names a principal."""
