"""File descriptors: how many connections this process can really have, decided before it has them.

    limit of the process, raised as far as it may
      └─ less RESERVED ─┬─ clients    beyond: 503, and the connection closed
                        └─ backends   beyond: calls wait for a free connection

Running out of descriptors unprepared would blame backends (a connect fails), refuse clients without a word
(the kernel's queue fills) and stop the spool (no new segment). So both sides are cut to what fits.
"""

from __future__ import annotations

import logging
import resource
from typing import NamedTuple

log = logging.getLogger("gatelog.gateway")

# Listeners, the loop's own, the spool's files, logs, and clients that are being told 503.
RESERVED = 64


class Connections(NamedTuple):
    """The most connections: of clients, and to each backend by name."""

    clients: int
    backends: dict[str, int]


def descriptor_limit() -> int:
    """The process's limit of descriptors, after raising the soft limit to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (ValueError, OSError) as error:  # some systems have a lower limit of their own
            log.info("the limit of open files stays at %d: %s", soft, error)
    return soft if soft != resource.RLIM_INFINITY else 2**31


def within(limit: int, wanted: Connections) -> Connections:
    """What is wanted, cut to `limit` descriptors: clients get what backends leave, and at least half."""
    backends_wanted = sum(wanted.backends.values())
    available = max(limit - RESERVED, 2)
    if wanted.clients + backends_wanted <= available:
        return wanted
    clients = min(wanted.clients, max(available // 2, available - backends_wanted))
    left = available - clients
    backends = {
        name: max(1, min(count, count * left // backends_wanted)) for name, count in wanted.backends.items()
    }
    log.warning(
        "open files are limited to %d: %d client and %d backend connections instead of %d and %d; "
        "raise the limit (ulimit -n, LimitNOFILE) or lower connections_max",
        limit,
        clients,
        sum(backends.values()),
        wanted.clients,
        backends_wanted,
    )
    return Connections(clients, backends)
