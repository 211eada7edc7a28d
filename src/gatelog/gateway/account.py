"""The account of a boot: every accepted call gets a sequence and is settled exactly once.

    accepted = recorded + unlogged + open

Sequences start at 1 and have no gaps, so whoever holds the rows of a boot can say which call is missing.
"""

from __future__ import annotations

from itertools import islice

from gatelog.model import NO_SEQUENCES, Account, RangeSet

# Sequences announced in one Account record: bounds the record to about 1 MB; the rest follows in the next.
# The last one has no next, and says all that is left.
ANNOUNCED_MAX = 100_000

# Unlogged calls held one by one (90 bytes each), at least, before they are put to the ranges of an outage,
# which cost their gaps: 500 unlogged calls a second are 43 million a day, and one range.
FOLDED_AT_LEAST = 1_024


class CallAccount:
    """Counts calls; knows nothing of what they are."""

    __slots__ = ("_fold_at", "_newest", "_unannounced", "accepted", "open", "recorded", "unlogged_by_reason")

    def __init__(self) -> None:
        self.accepted = 0
        self.recorded = 0
        self.open: set[int] = set()
        self.unlogged_by_reason: dict[str, int] = {}
        self._newest: list[tuple[str, int]] = []
        self._fold_at = FOLDED_AT_LEAST
        self._unannounced: dict[str, RangeSet] = {}

    @property
    def unlogged(self) -> int:
        """Calls of this boot that have no complete record, whatever the reason."""
        return sum(self.unlogged_by_reason.values())

    @property
    def has_unannounced(self) -> bool:
        """Whether there are unlogged calls that no durable Account has announced."""
        return bool(self._newest) or any(self._unannounced.values())

    def open_call(self) -> int:
        """A call was accepted: its sequence."""
        self.accepted += 1
        self.open.add(self.accepted)
        return self.accepted

    def settle(self, sequence: int, unlogged_reason: str | None) -> None:
        """The call's record is durable (reason None), or will never be."""
        self.open.discard(sequence)
        if unlogged_reason is None:
            self.recorded += 1
            return
        self.unlogged_by_reason[unlogged_reason] = self.unlogged_by_reason.get(unlogged_reason, 0) + 1
        self._newest.append((unlogged_reason, sequence))
        if len(self._newest) >= self._fold_at:
            self._fold()

    def snapshot(self, at_ns: int, *, final: bool = False) -> Account:
        """The account as a record, with the unlogged sequences that no durable Account has announced yet."""
        self._fold()
        room = None if final else ANNOUNCED_MAX
        by_reason: dict[str, list[int]] = {}
        for reason, ranges in self._unannounced.items():
            if ranges and room != 0:
                by_reason[reason] = sequences = list(islice(ranges, room))
                room = None if room is None else room - len(sequences)
        return Account(
            at_ns=at_ns,
            accepted=self.accepted,
            recorded=self.recorded,
            unlogged_total=self.unlogged,
            unlogged=by_reason,
            open=sorted(self.open),
            final=final,
        )

    def announced(self, account: Account) -> None:
        """A snapshot is durable; what it announced need not be said again."""
        for reason, sequences in account.unlogged.items():
            self._unannounced[reason] -= RangeSet.of(sequences)

    def _fold(self) -> None:
        """Put the newest to the ranges. All ranges are walked, so the next time waits for as many calls."""
        for reason in dict.fromkeys(reason for reason, _ in self._newest):
            newest = RangeSet.of(sequence for its_reason, sequence in self._newest if its_reason == reason)
            self._unannounced[reason] = self._unannounced.get(reason, NO_SEQUENCES) | newest
        self._newest.clear()
        self._fold_at = max(FOLDED_AT_LEAST, sum(len(known.ranges) for known in self._unannounced.values()))
