"""What `with (…)` may say where rows come into a table of the users' own.

https://learn.microsoft.com/azure/data-explorer/ingestion-properties
"""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.api.kusto.faults import bad_request

_REFUSED = {
    "ingestIfNotExists": "rows have no tags to look for: what is sent again is stored again",
    "creationTime": "rows begin to age when they come",
}


def check_properties(properties: Mapping[str, str]) -> None:
    """KustoError 400 for a property that would change what is stored, and does not here; others, such as
    `distributed` and `tags`, say how the work is done.
    """
    for name, reason in _REFUSED.items():
        if name.lower() in properties:
            raise bad_request(f"{name} is not offered here: {reason}")


def is_true(properties: Mapping[str, str], name: str) -> bool:
    """Whether a property is there and says so."""
    return properties.get(name, "").lower() == "true"
