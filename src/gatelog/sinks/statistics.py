"""What a forwarder says about itself; read by the hub's metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ForwarderStatistics:
    """Totals since the hub started, and the state now. Seconds and bytes as named."""

    records: int = 0
    calls: int = 0
    batches: int = 0
    retries: int = 0
    dead_letters: int = 0
    already_stored: int = 0  # calls replayed after a restart or a lost answer, and not stored again
    orphans: int = 0  # Parts and Ends whose Start is not there
    crashed_calls: int = 0  # calls closed here because their gateway is gone
    damaged_places: int = 0
    open_calls: int = 0
    open_bytes: int = 0
    lag_bytes: int = 0
    lag_seconds: float = 0.0  # how long ago the sink last had everything that was read
    freshness_seconds: float = 0.0  # call finished → stored, the slowest of the last batch
    flush_seconds: float = 0.0  # the last batch's own time
    last_error: str = ""
