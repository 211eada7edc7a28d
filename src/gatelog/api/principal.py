"""Who asks, and what they may see."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Role(enum.Enum):
    """What of the record may be seen; each role includes the ones before it.

    METRICS          numbers a minute and backend: the table AzureMetrics, the metrics pages and APIs
    LOG              every call, without what was said in it
    LOG_WITH_BODIES  everything
    """

    METRICS = "metrics"
    LOG = "log"
    LOG_WITH_BODIES = "log-with-bodies"

    def includes(self, other: Role) -> bool:
        """Whether all that `other` may see may be seen."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Principal(NamedTuple):
    """A caller whose identity was proved. `may_write` concerns tables and functions of the users' own: the
    record itself is written by nobody.
    """

    name: str
    role: Role
    may_write: bool = False

    def without_bodies(self) -> Principal:
        """The same caller, for work whose result others will see."""
        return self._replace(role=Role.LOG) if self.role is Role.LOG_WITH_BODIES else self


ANONYMOUS = Principal("anonymous", Role.LOG_WITH_BODIES, may_write=True)
"""Everybody on this machine, where the configuration says so."""

LOCAL = Principal("local", Role.LOG_WITH_BODIES, may_write=True)
"""Whoever can read the hub's data directory."""
