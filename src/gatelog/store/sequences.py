"""Which sequences have a row, as ranges, without listing ten million of them.

Rows are counted in buckets of sequences. A bucket without holes is one range; only buckets with holes (calls
still open, calls unlogged) are looked into.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from gatelog.model import RangeSet
from gatelog.store.clients import Clients

BUCKET = 65_536
"""Sequences in a bucket: few enough to list one, many enough that ten million calls make 150 of them."""


class BootKey(NamedTuple):
    """One run of one gateway process."""

    instance: str
    boot: str


class Stored(NamedTuple):
    """The sequences of a boot that have a row, and how many rows there are too many (0, unless broken)."""

    sequences: RangeSet
    surplus: int


def ranges_by_boot(rows: Iterable[Sequence[Any]]) -> dict[BootKey, RangeSet]:
    """Gather rows of (instance, boot, first, last)."""
    grouped: dict[BootKey, list[tuple[int, int]]] = {}
    for instance, boot, first, last in rows:
        grouped.setdefault(BootKey(instance, boot), []).append((first, last))
    return {key: RangeSet(ranges) for key, ranges in grouped.items()}


def stored_sequences(
    clients: Clients, *, boot: BootKey | None = None, day: date | None = None
) -> dict[BootKey, Stored]:
    """What has arrived, by boot; of one boot, or received on one day (UTC), if asked."""
    where, parameters = _restriction(boot, day)
    with clients.borrow() as client:
        buckets = client.query(_buckets_sql(where), parameters=parameters).result_rows
        holed = [tuple(row[:3]) for row in buckets if row[4] - row[3] + 1 != row[5]]
        islands = _islands(client, where, parameters, holed) if holed else []
    ranges = [(*row[:2], *row[3:5]) for row in buckets if row[4] - row[3] + 1 == row[5]]
    surplus: dict[BootKey, int] = {}
    for *names, _, _, _, distinct, count in buckets:
        key = BootKey(*names)
        surplus[key] = surplus.get(key, 0) + count - distinct
    found = ranges_by_boot([*ranges, *islands])
    return {key: Stored(sequences, surplus[key]) for key, sequences in found.items()}


def _restriction(boot: BootKey | None, day: date | None) -> tuple[str, dict[str, Any]]:
    conditions = ["1"]
    parameters: dict[str, Any] = {}
    if boot is not None:
        conditions.append("instance = {instance:String} AND boot = {boot:String}")
        parameters |= boot._asdict()
    if day is not None:
        conditions.append("toDate(received) = {day:Date}")
        parameters["day"] = day
    return " AND ".join(conditions), parameters


def _buckets_sql(where: str) -> str:
    return f"""
SELECT instance, boot, intDiv(sequence, {BUCKET}) AS bucket,
       min(sequence), max(sequence), uniqExact(sequence), count()
FROM calls WHERE {where} GROUP BY instance, boot, bucket"""  # noqa: S608 - `where` is written above


def _islands_sql(where: str) -> str:
    return f"""
SELECT instance, boot, min(sequence), max(sequence)
FROM (SELECT instance, boot, sequence,
             sequence - row_number() OVER (PARTITION BY instance, boot ORDER BY sequence) AS island
      FROM (SELECT DISTINCT instance, boot, sequence FROM calls
            WHERE {where} AND (instance, boot, intDiv(sequence, {BUCKET}))
                  IN {{buckets:Array(Tuple(String, String, Int64))}}))
GROUP BY instance, boot, island"""  # noqa: S608 - `where` is written above


def _islands(
    client: Client, where: str, parameters: dict[str, Any], buckets: list[tuple[Any, ...]]
) -> Sequence[Sequence[Any]]:
    return client.query(_islands_sql(where), parameters={**parameters, "buckets": buckets}).result_rows
