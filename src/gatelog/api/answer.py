"""One table of an answer, whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gatelog.api.encodings import WRITERS
from gatelog.kql import Column, RenderHint


class Answer(NamedTuple):
    """Columns with their KQL types, and rows as the store gave them (`cell_to_json` and its relatives read
    them). `name` is the author's; `ordered`: the question defines the order of the rows.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]]
    render: RenderHint | None = None
    name: str = "PrimaryResult"
    ordered: bool = False

    def to_json(self) -> bytes:
        """`{"columns": [{"name", "type"}], "rows": [[…]]}`."""
        return b"".join(WRITERS["json"].pieces(self.columns, iter([self.rows])))

    def to_csv(self) -> bytes:
        """RFC 4180, with a line of names; null is empty."""
        return b"".join(WRITERS["csv"].pieces(self.columns, iter([self.rows])))
