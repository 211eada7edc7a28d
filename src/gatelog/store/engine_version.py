"""The oldest ClickHouse server that the schema and the queries run on.

Searches ask text indexes (`posting_list_codec`), and their dictionaries for pieces of words, with settings
(`text_index_like_…`, query.py) that an older server refuses as unknown. Tests run on 26.9.
https://clickhouse.com/docs/reference/engines/table-engines/mergetree-family/textindexes
"""

from __future__ import annotations

import re

from clickhouse_connect.driver.client import Client

from gatelog.errors import StoreVersionError

OLDEST = (26, 4)
"""Year and month."""

_VERSION = re.compile(r"(\d+)\.(\d+)\.")


def check_engine_version(client: Client) -> None:
    """StoreVersionError if the server is older than OLDEST, or does not say what it is."""
    version = client.server_version or "unknown"
    match = _VERSION.match(version)
    if match is None or (int(match[1]), int(match[2])) < OLDEST:
        raise StoreVersionError(
            f"the ClickHouse server at store.dsn has version {version:.50}, gatelog needs"
            f" {OLDEST[0]}.{OLDEST[1]} or newer: upgrade the server, or leave store.dsn empty for the engine"
            " that comes with gatelog"
        )
