"""A batch into the sink, so that every call is there once.

sure:    insert
unsure:  ask what is present ─► insert the rest        after a restart, after a failed insert
refused: halve ─► … ─► the one call at fault ─► dead letter
failing again and again: the same, if the store takes the other calls; else the store is at fault, not a call
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from gatelog.errors import StoreError, StoreRefusedError
from gatelog.model import RangeSet
from gatelog.sinks.base import Sink
from gatelog.sinks.batch import Batch, SealedCall
from gatelog.sinks.dead_letter import DeadLetters
from gatelog.sinks.statistics import ForwarderStatistics
from gatelog.store import BootKey

DEAD_LETTER = "dead_letter"
"""The reason under which a call that was put aside is counted as unlogged."""


BLAME_AFTER = 10
"""Failures of one batch in a row (half a minute) after which one of its calls may be what the store cannot
take, whatever it says."""


class Delivery:
    """Writes batches; remembers whether calls of the next one may be in the sink already."""

    def __init__(self, sink: Sink, dead_letters: DeadLetters, statistics: ForwarderStatistics) -> None:
        self._sink = sink
        self._dead_letters = dead_letters
        self._statistics = statistics
        self._replaying = True
        self._failures = 0
        self._calls_around_lone = 0

    def caught_up(self) -> None:
        """All that was in the spool at the start has been read and delivered: what comes now is new."""
        self._replaying = False

    def deliver(self, batch: Batch) -> None:
        """Write it all, in the order that Batch draws. After an error the same batch may come again."""
        sink = self._sink
        unsure = self._replaying or self._failures > 0
        blames = self._failures >= BLAME_AFTER
        self._failures += 1
        for boot, origin in batch.begun:
            sink.begin_boot(boot, origin)
        calls = self._missing(batch.calls) if unsure else batch.calls
        self._calls_around_lone = len(batch.calls) if len(calls) == 1 else 0
        if blames:
            self._isolate(calls)
        else:
            self._insert(calls)
        self._count_unlogged(batch.unlogged)
        for key, account in batch.accounts:
            sink.write_account(key, account)
        for boot, origin in batch.ended:
            sink.end_boot(boot, origin)
        self._failures = 0
        self._statistics.batches += 1
        self._statistics.calls += len(batch.calls)

    def _missing(self, calls: Sequence[SealedCall]) -> list[SealedCall]:
        sequences: dict[BootKey, list[int]] = {}
        for call in calls:
            sequences.setdefault(_key(call), []).append(call.exchange.id.sequence)
        present = {
            key: self._sink.present(key.instance, key.boot, min(numbers), max(numbers))
            for key, numbers in sequences.items()
        }
        missing = [call for call in calls if call.exchange.id.sequence not in present[_key(call)]]
        self._statistics.already_stored += len(calls) - len(missing)
        return missing

    def _insert(self, calls: Sequence[SealedCall]) -> None:
        if not calls:
            return
        try:
            self._sink.insert([call.exchange for call in calls])
        except StoreRefusedError as error:
            if len(calls) == 1:
                self._put_aside(calls[0], error)
                return
            middle = len(calls) // 2
            self._insert(calls[:middle])
            self._insert(calls[middle:])

    def wants_company(self, batch: Batch) -> bool:
        """Whether one call keeps failing, the only one or the only one not stored, and none came since: only
        beside others can it be told from a failing store.
        """
        return self._failures >= BLAME_AFTER and 0 < len(batch.calls) == self._calls_around_lone

    def _isolate(self, calls: Sequence[SealedCall]) -> None:
        """Store what can be stored. If that is nothing, the store is at fault and its error is raised."""
        failed = self._insert_apart(calls)
        unsaid = [error for _, error in failed if not isinstance(error, StoreRefusedError)]
        if unsaid and len(unsaid) == len(calls):
            raise unsaid[0]
        for call, error in failed:
            self._put_aside(call, error)

    def _insert_apart(self, calls: Sequence[SealedCall]) -> list[tuple[SealedCall, StoreError]]:
        """Insert, by halves where it fails; the calls that fail alone."""
        missing = self._missing(calls)  # an insert that failed may have stored some of them
        if not missing:
            return []
        try:
            self._sink.insert([call.exchange for call in missing])
        except StoreError as error:
            if len(missing) == 1:
                return [(missing[0], error)]
            middle = len(missing) // 2
            return self._insert_apart(missing[:middle]) + self._insert_apart(missing[middle:])
        return []

    def _put_aside(self, call: SealedCall, error: StoreError) -> None:
        content = json.dumps(msgspec.to_builtins(call.exchange)).encode()
        self._dead_letters.put(call.position, content, str(error))
        self._statistics.dead_letters += 1
        self._sink.write_unlogged(_key(call), DEAD_LETTER, RangeSet.of([call.exchange.id.sequence]))

    def _count_unlogged(self, unlogged: Sequence[tuple[BootKey, str, int]]) -> None:
        grouped: dict[tuple[BootKey, str], list[int]] = {}
        for key, reason, sequence in unlogged:
            grouped.setdefault((key, reason), []).append(sequence)
        for (key, reason), sequences in grouped.items():
            self._sink.write_unlogged(key, reason, RangeSet.of(sequences))


def _key(call: SealedCall) -> BootKey:
    return BootKey(call.exchange.id.instance, call.exchange.id.boot)
