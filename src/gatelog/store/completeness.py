"""Is every call accounted for? Pure arithmetic over what the gateways said and what is stored.

    accepted = stored + expired + unlogged + open + missing          for each boot

A boot says itself how many calls it accepted (its Accounts); its rows are stored before its Account is, so at
any moment everything up to the newest stored Account can be judged. A call accepted later is judged by the
next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gatelog.model import NO_SEQUENCES, Range, RangeSet
from gatelog.store.ledger import AccountRow, BootRow

MISSING_LISTED_MAX = 1_000
"""Ranges of missing sequences listed for a boot; their count is always whole."""


@dataclass(frozen=True, slots=True)
class BootEvidence:
    """Everything known of one boot."""

    boot: BootRow
    account: AccountRow | None
    stored: RangeSet = NO_SEQUENCES
    surplus: int = 0
    expired: RangeSet = NO_SEQUENCES
    unlogged: Mapping[str, RangeSet] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BootLine:
    """The verdict on one boot. `state`: running, stopped (said so itself) or crashed. Counts are calls.

    `recorded` = rows in the store and rows that retention removed. `as_of_ns`: time of the Account judged by
    (Unix, 0 = none yet). `missing` lists [first, last] ranges.
    """

    instance: str
    boot: str
    state: str
    started_at_ns: int
    as_of_ns: int
    accepted: int
    recorded: int
    expired: int
    unlogged: dict[str, int]
    open: int
    missing_count: int
    missing: list[Range]
    duplicates: int

    @property
    def complete(self) -> bool:
        """Every accepted call has exactly one row, or is counted as unlogged, or is still open."""
        return self.missing_count == 0 and self.duplicates == 0


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on a period: complete if every boot that ran in it is."""

    complete: bool
    accepted: int
    recorded: int
    unlogged: int
    open: int
    missing: int
    duplicates: int
    boots: list[BootLine]

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return asdict(self)


def judge_boot(evidence: BootEvidence) -> BootLine:
    """Account for every call of one boot."""
    boot, account = evidence.boot, evidence.account
    recorded = evidence.stored | evidence.expired
    unlogged = _unlogged(evidence.unlogged, recorded)
    settled = recorded | RangeSet(pair for ranges in unlogged.values() for pair in ranges.ranges)
    accepted = account.accepted if account else 0
    if boot.ended:  # no further Account will come: what was seen counts too
        accepted = max(accepted, settled.highest)
    still_open = account.open - settled if account and not boot.ended else NO_SEQUENCES
    judged = RangeSet([(1, accepted)] if accepted else [])
    missing = judged - settled - still_open
    return BootLine(
        instance=boot.key.instance,
        boot=boot.key.boot,
        state=_state(boot, account),
        started_at_ns=boot.started_at_ns,
        as_of_ns=account.at_ns if account else 0,
        accepted=accepted,
        recorded=len(recorded & judged),
        expired=len((evidence.expired - evidence.stored) & judged),
        unlogged={reason: len(ranges & judged) for reason, ranges in unlogged.items() if ranges & judged},
        open=len(still_open),
        missing_count=len(missing),
        missing=list(missing.ranges[:MISSING_LISTED_MAX]),
        duplicates=evidence.surplus,
    )


def judge(evidence: list[BootEvidence], start_ns: int | None = None, end_ns: int | None = None) -> Report:
    """The verdict on all boots that ran between `start_ns` and `end_ns` (Unix; None = open)."""
    lines = [judge_boot(each) for each in evidence if _ran_between(each, start_ns, end_ns)]
    return Report(
        complete=all(line.complete for line in lines),
        accepted=sum(line.accepted for line in lines),
        recorded=sum(line.recorded for line in lines),
        unlogged=sum(sum(line.unlogged.values()) for line in lines),
        open=sum(line.open for line in lines),
        missing=sum(line.missing_count for line in lines),
        duplicates=sum(line.duplicates for line in lines),
        boots=lines,
    )


def _unlogged(announced: Mapping[str, RangeSet], recorded: RangeSet) -> dict[str, RangeSet]:
    """Unlogged calls, each under one reason; a call that has a row after all is recorded."""
    result: dict[str, RangeSet] = {}
    seen = recorded
    for reason, ranges in sorted(announced.items()):
        result[reason] = ranges - seen
        seen = seen | ranges
    return result


def _state(boot: BootRow, account: AccountRow | None) -> str:
    if account is not None and account.final:
        return "stopped"
    return "crashed" if boot.ended else "running"


def _ran_between(evidence: BootEvidence, start_ns: int | None, end_ns: int | None) -> bool:
    if end_ns is not None and evidence.boot.started_at_ns > end_ns:
        return False
    if start_ns is None or not (evidence.boot.ended or (evidence.account and evidence.account.final)):
        return True
    last_ns = evidence.account.at_ns if evidence.account else evidence.boot.started_at_ns
    return last_ns >= start_ns
