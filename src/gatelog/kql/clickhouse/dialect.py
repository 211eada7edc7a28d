"""ClickHouse's SQL, as this room parses and writes it."""

from __future__ import annotations

from sqlglot.dialects.clickhouse import ClickHouse


class Verbatim(ClickHouse):
    """ClickHouse's dialect with its indexes as they are written.

    Arrays are never carried to another engine: without the offset no type has to be inferred for `array[1]`.
    """

    INDEX_OFFSET = 0
