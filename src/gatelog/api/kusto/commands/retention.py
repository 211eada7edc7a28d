"""How long the rows of a table of the users' own are kept.

https://learn.microsoft.com/azure/data-explorer/kusto/management/retention-policy
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gatelog.api.kusto.faults import bad_request
from gatelog.kql import KqlType, cell_from_text, to_text
from gatelog.store import Retention

_SECOND = 10_000_000
_FOR_EVER_DAYS = 36_500
"""What Kusto writes, and takes, for rows that are never removed: a hundred years."""


def policy_text(retention: Retention) -> str:
    """A retention policy as JSON."""
    period = f"{_FOR_EVER_DAYS}.00:00:00"
    if retention.seconds is not None:
        period = to_text(KqlType.TIMESPAN, int(retention.seconds * _SECOND))
    return msgspec.json.encode({"SoftDeletePeriod": period, "Recoverability": "Disabled"}).decode()


def changed(given: Mapping[str, Any], otherwise: Retention) -> Retention:
    """The retention that a policy's members (in lower case) say; `otherwise` where they leave it out.
    KustoError 400 if it cannot be. Recoverability is taken, for it is Enabled in what the service writes, and
    never in effect: what is over is gone.
    """
    recoverability = str(given.get("recoverability", "disabled"))
    if recoverability.lower() not in {"enabled", "disabled"}:
        raise bad_request(f"Recoverability cannot be {recoverability!r:.100}: write Enabled or Disabled")
    period = given.get("softdeleteperiod")
    if period is None:
        return otherwise
    ticks = cell_from_text(KqlType.TIMESPAN, str(period))
    if ticks is None or ticks <= 0:
        raise bad_request(f"SoftDeletePeriod cannot be {period!r:.100}: write days.hours:minutes:seconds")
    seconds = ticks / _SECOND
    return Retention(None if seconds >= _FOR_EVER_DAYS * 86_400 else seconds)
