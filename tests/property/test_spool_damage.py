"""Whatever bits flip in a segment: found, at most the record they are in is lost, nobody crashes."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatelog.spool import SpoolReader, SpoolSettings, VerifyReport, verify
from gatelog.spool.journal import Journal
from gatelog.spool.segment import segment_path
from gatelog.testing.filesystem import MemoryFileSystem

DIRECTORY = Path("/spool")
BOOT = b"\x5a" * 16
SETTINGS = SpoolSettings(segment_bytes=16 * 1024, record_bytes_max=600, ballast_bytes=0)


class StoppedClock:
    """No test here depends on time."""

    def now_ns(self) -> int:
        return 1

    def monotonic_ns(self) -> int:
        return 1


def _open(disk: MemoryFileSystem, boot: bytes = BOOT) -> Journal:
    return Journal.open(DIRECTORY, boot=boot, settings=SETTINGS, clock=StoppedClock(), filesystem=disk)


def _payloads() -> list[bytes]:
    """Short, compressible, incompressible, cut into pieces, and some that look like records."""
    chance = random.Random(7)
    texts = [b"%d " % number * chance.randrange(60) for number in range(12)]
    return [*texts, chance.randbytes(500), chance.randbytes(2000), b"\xffGL\xfe" * 30, b"last"]


def _segment(*, clean: bool) -> bytes:
    disk = MemoryFileSystem()
    journal = _open(disk)
    for payload in PAYLOADS:
        assert journal.commit([(1, payload)]) is None
    if clean:
        journal.close()
    return bytes(disk.content(segment_path(DIRECTORY, 1)))


PAYLOADS = _payloads()
SEALED = _segment(clean=True)
LIVE = _segment(clean=False)
WRITTEN = len(SEALED) - 28


def _disk(content: bytes) -> MemoryFileSystem:
    disk = MemoryFileSystem()
    disk.put(segment_path(DIRECTORY, 1), content)
    return disk


def _flip(content: bytes, *bits: int) -> bytes:
    damaged = bytearray(content)
    for bit in bits:
        damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def _read(disk: MemoryFileSystem) -> list[bytes]:
    return [record.payload for record in SpoolReader(DIRECTORY, filesystem=disk).read()]


def _is_noticed(report: VerifyReport) -> bool:
    return report.damaged or report.torn_tail_bytes > 0


def _is_ordered_part(part: list[bytes], whole: list[bytes]) -> bool:
    rest = iter(whole)
    return all(payload in rest for payload in part)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SEALED) * 8 - 1))
@example(0)
@example(8192 * 8)
@example(len(SEALED) * 8 - 1)
def test_one_flipped_bit_is_found_and_costs_at_most_its_record(bit: int) -> None:
    """S10, S11, S26."""
    disk = _disk(_flip(SEALED, bit))
    received = _read(disk)
    assert len(received) >= len(PAYLOADS) - 1
    assert _is_ordered_part(received, PAYLOADS)
    assert _is_noticed(verify(DIRECTORY, disk))


@settings(max_examples=150, deadline=None)
@given(st.integers(8192 * 8, WRITTEN * 8 - 1))
def test_one_flipped_bit_before_a_restart_costs_at_most_its_record(bit: int) -> None:
    """S9, S10: recovery keeps every other record, and the next boot is read behind them."""
    disk = _disk(_flip(LIVE, bit))
    journal = _open(disk, boot=b"next boot.......")
    assert journal.commit([(1, b"next")]) is None
    received = _read(disk)
    assert received[-1] == b"next"
    assert len(received) >= len(PAYLOADS)
    assert _is_ordered_part(received[:-1], PAYLOADS)
    recovered = journal.recovered
    assert recovered.damaged or recovered.torn_bytes


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, len(SEALED) * 8 - 1), min_size=1, max_size=40))
def test_many_flipped_bits_cost_no_more_records_than_there_are_flips(bits: list[int]) -> None:
    """S10, S11: nothing that was not written is delivered, and the writer still starts."""
    header_is_lost = any(bit < 64 * 8 for bit in bits) and any(4096 * 8 <= bit < 4160 * 8 for bit in bits)
    disk = _disk(_flip(SEALED, *bits))
    received = _read(disk)
    assert _is_ordered_part(received, PAYLOADS)
    assert len(received) >= len(PAYLOADS) - len(set(bits)) or header_is_lost
    assert _open(disk, boot=b"next boot.......").commit([(1, b"next")]) is None
    assert _read(disk)[-1] == b"next"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SEALED)), st.binary(max_size=300))
def test_overwritten_stretches_crash_nobody(offset: int, garbage: bytes) -> None:
    """S11: for the reader, for verify and for the next boot."""
    content = SEALED[:offset] + garbage + SEALED[offset + len(garbage) :]
    disk = _disk(content)
    assert _is_ordered_part(_read(disk), PAYLOADS)
    verify(DIRECTORY, disk)
    assert _open(disk, boot=b"next boot.......").commit([(1, b"next")]) is None
