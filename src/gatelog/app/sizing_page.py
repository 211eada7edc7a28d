"""What a month of calls needs, for people: the answer of `gatelog size`, and the reference page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatelog.app.sizing import (
    BUSY_SHARE_MAX,
    QUESTION_BYTES_MAX,
    SPOOL_HOURS,
    STORED_PER_RAW_BYTE,
    Size,
    Workload,
    size_of,
)

GIB = 2**30


class Profile(NamedTuple):
    """Conversations a month, as in the cost profiles of the Azure reference architecture."""

    name: str
    conversations: int


PROFILES = (Profile("small", 10_000), Profile("medium", 100_000), Profile("large", 10_000_000))
CALLS_PER_CONVERSATION = 5
"""About 1,000 tokens in five turns. Each call repeats what was said before: on the average 4 KB of JSON."""

INTRODUCTION = f"""\
# Sizing

What a month of calls needs, computed from measured costs ([benchmarks](../../benchmarks/README.md)) by
`gatelog size --calls-per-month N`, which takes your own figures for everything that is assumed here.

The profiles are those of the Azure reference architecture's cost estimates: conversations of about 1,000
tokens. Assumed: {CALLS_PER_CONVERSATION} calls a conversation, 4 KB of bodies a call (each repeats the
conversation so far), half of the calls streams of 200 chunks, ten times the mean in the busiest second; rows
kept for 365 days, bodies for 90, as by default.
"""


def lines(work: Workload, size: Size) -> Iterator[str]:
    """The answer, a line each."""
    yield f"{work.calls_per_month:,.0f} calls a month of {work.bytes_per_call:,.0f} bytes"
    yield (
        f"  rate      {size.calls_per_second_mean:,.3g} calls/s, "
        f"{size.calls_per_second_peak:,.3g} at the peak"
    )
    yield (
        f"  cores     {size.cores}: at the peak the gateway uses {size.gateway_cores:.2f}, the hub "
        f"{size.hub_cores:.2f}"
    )
    yield (
        f"  memory    {gib(size.memory_bytes)}: gateway and hub, and {gib(QUESTION_BYTES_MAX)} "
        "for a question that uses its whole budget"
    )
    yield (
        f"  disk      {gib(size.disk_bytes)}: rows of {work.retention_days} days {gib(size.rows_bytes)}, "
        f"bodies of {min(work.body_retention_days, work.retention_days)} days {gib(size.bodies_bytes)}, "
        f"spool {gib(size.spool_bytes)} ({SPOOL_HOURS:.0f} hours without the hub), "
        f"{1 - BUSY_SHARE_MAX:.0%} free"
    )
    yield from _advice(size)


def _advice(size: Size) -> Iterator[str]:
    if size.gateway_processes > 1:
        yield f"  gateway.processes: {size.gateway_processes}"
    if not size.hub_keeps_up:
        yield "  one hub cannot store as fast as calls come at the peak: they wait in the spool until later"


def gib(size: float) -> str:
    """Bytes for people: `< 0.1 GiB`, `0.4 GiB`, `12 GiB`, `1,300 GiB`."""
    amount = size / GIB
    if amount < 0.1:
        return "< 0.1 GiB"
    return f"{amount:,.0f} GiB" if amount >= 10 else f"{amount:.1f} GiB"


def render() -> str:
    """The reference page, Markdown."""
    headings = ["Conversations a month", "Calls a month", "Calls/s, mean / peak", "Cores busy at the peak"]
    headings += ["Cores", "Memory", "Rows", "Bodies", "Spool", "Disk"]
    table = [headings, ["---", *["---:"] * (len(headings) - 1)], *map(_row, PROFILES)]
    text = "\n".join(f"| {' | '.join(row)} |" for row in table)
    return f"{INTRODUCTION}\n{text}\n\n{_notes()}"


def _row(profile: Profile) -> list[str]:
    work = Workload(profile.conversations * CALLS_PER_CONVERSATION)
    size = size_of(work)
    return [
        f"{profile.name}: {profile.conversations:,}",
        f"{work.calls_per_month:,}",
        f"{size.calls_per_second_mean:,.3g} / {size.calls_per_second_peak:,.3g}",
        f"{size.gateway_cores + size.hub_cores:.2f}",
        str(size.cores),
        *(gib(part) for part in (size.memory_bytes, size.rows_bytes, size.bodies_bytes, size.spool_bytes)),
        gib(size.disk_bytes),
    ]


def _notes() -> str:
    return f"""\
- **Cores**: at least one for each wing, at most {BUSY_SHARE_MAX:.0%} busy at the peak.
- **Memory**: the processes, and {gib(QUESTION_BYTES_MAX)} for a question that uses its whole budget.
- **Disk**: a byte of a body takes {STORED_PER_RAW_BYTE:.2f} bytes on disk, text index included. The spool
  holds what comes in {SPOOL_HOURS:.0f} hours without the hub (`spool.capacity_bytes`).
  {1 - BUSY_SHARE_MAX:.0%} stay free, for merges.
- Gateways and hub may stand on different machines; the store may be a ClickHouse server.
"""
