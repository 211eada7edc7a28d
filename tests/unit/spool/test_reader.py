"""A reader delivers whole records, in order, each once."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

from gatelog.errors import SpoolFailedError
from gatelog.spool import Position, SpoolReader, SpoolSettings, SpoolWriter
from gatelog.spool.record import COMPRESSED, CONTINUATION, CONTINUES, HEADER_BYTES, pack
from gatelog.spool.scan import BLOCK_BYTES
from gatelog.spool.segment import DATA_OFFSET, salt_of, segment_path

KIB = 1024


def test_records_carry_place_seq_kind_and_boot(desk) -> None:
    desk.fill(b"one", b"two")
    one, two = desk.records()
    assert (one.position, one.end) == (Position(1, 8192), two.position)
    assert (two.seq, two.kind, two.boot, two.payload) == (2, 7, bytes(15) + b"\x01", b"two")


def test_a_reader_continues_behind_any_record(desk) -> None:
    """S21: from each record's end, also over segments."""
    desk.fill(*[b"%d" % n * 400 for n in range(60)], segment_bytes=16 * KIB, compress_bytes_min=10_000)
    desk.fill(b"another boot")
    records = desk.records()
    assert len(desk.segments()) > 2
    for index, record in enumerate(records):
        assert [later.seq for later in desk.records(record.end)] == [r.seq for r in records[index + 1 :]]


def test_read_stops_at_its_limits(desk) -> None:
    desk.fill(*[bytes(1000)] * 10)
    reader = desk.reader()
    assert len(reader.read(records_max=3)) == 3
    assert len(reader.read(bytes_max=1500)) == 2
    assert len(reader.read()) == 5
    assert reader.read() == []


def test_an_incomplete_tail_is_not_yet(desk) -> None:
    """S20: at every length of the record that is being written."""
    journal = desk.open()
    journal.commit([(1, b"one")])
    journal.commit([(1, b"two" * 20)])
    whole = bytes(desk.content(1))
    start, end = desk.records()[1].position.offset, desk.records()[1].end.offset
    for length in range(start, end):
        desk.content(1)[:] = whole[:length].ljust(len(whole), b"\0")
        reader = desk.reader()
        assert [record.payload for record in reader.read()] == [b"one"]
        assert reader.read() == []
        desk.content(1)[:] = whole
        assert [record.payload for record in reader.read()] == [b"two" * 20]
        assert reader.damage.places == 0


@pytest.mark.parametrize("arrival", range(3, 8))
def test_a_read_that_overtakes_a_write_is_not_damage(desk, arrival: int) -> None:
    """S22: an older record seen as zeros, a younger one already there: the second look finds both."""
    journal = desk.open()
    for payload in (b"one", b"two", b"three"):
        journal.commit([(1, payload)])
    whole = bytes(desk.content(1))
    two = desk.records()[1]
    reader = desk.reader()
    desk.content(1)[two.position.offset + 5 : two.end.offset] = bytes(
        two.end.offset - two.position.offset - 5
    )
    reads = 0

    def write_arrives(operation: str, path: Path) -> None:
        nonlocal reads
        reads += operation == "read" and path.name.endswith(".seg")
        if reads == arrival:
            desk.content(1)[:] = whole

    desk.disk.before = write_arrives
    assert [record.payload for record in reader.read()] == [b"one", b"two", b"three"]
    assert reads > arrival
    assert reader.damage.places == 0


@pytest.mark.parametrize("in_header", [True, False])
def test_a_damaged_record_costs_that_record_only(desk, in_header: bool) -> None:
    """S10: stepped over or searched past; counted, and copied once however often it is read."""
    desk.fill(b"one", b"two", b"three")
    two = desk.records()[1]
    desk.content(1)[two.position.offset + (8 if in_header else HEADER_BYTES)] ^= 1
    for _ in range(2):
        reader = desk.reader()
        assert [record.payload for record in reader.read()] == [b"one", b"three"]
        assert (reader.damage.places, reader.damage.bytes, reader.damage.lost) == (1, HEADER_BYTES + 3, 1)
    assert desk.quarantined() == [f"{1:020d}-{two.position.offset}.bin"]
    copy = desk.disk.content(desk.directory / "quarantine" / desk.quarantined()[0])
    assert copy == desk.content(1)[two.position.offset : two.end.offset]


@pytest.mark.parametrize("cut", range(5))
def test_the_search_behind_a_damaged_header_finds_a_record_that_begins_where_a_block_ends(desk, cut) -> None:
    """S10: the marker of the next record stands on both sides of what is read at once."""
    size = BLOCK_BYTES + 1 - cut - HEADER_BYTES
    payload = random.Random(cut).randbytes(size)
    desk.fill(payload, b"next", segment_bytes=1024 * KIB)
    desk.content(1)[DATA_OFFSET] ^= 1
    assert desk.payloads() == [b"next"]


def test_a_damaged_last_record_is_missed_at_the_seal(desk) -> None:
    """S10: no record follows that could show the gap; the seal says which seq would have been next."""
    desk.fill(b"one", b"two")
    desk.content(1)[desk.records()[1].position.offset + HEADER_BYTES] ^= 1
    reader = desk.reader()
    assert [record.payload for record in reader.read()] == [b"one"]
    assert (reader.damage.places, reader.damage.lost) == (1, 1)


def test_damage_in_a_live_segment_waits_for_a_valid_record(desk) -> None:
    """S22: at the end it may still be a write under way."""
    journal = desk.open()
    journal.commit([(1, b"one")])
    journal.commit([(1, b"two")])
    two = desk.records()[1]
    desk.content(1)[two.position.offset + HEADER_BYTES] ^= 1
    reader = desk.reader()
    assert len(reader.read()) == 1
    assert reader.damage.places == 0
    journal.commit([(1, b"three")])
    assert [record.payload for record in reader.read()] == [b"three"]
    assert reader.damage.lost == 1


@pytest.mark.parametrize("piece", [0, 1, 2])
def test_a_damaged_piece_costs_its_payload_only(desk, piece: int) -> None:
    """S10: the other pieces are dropped with it."""
    desk.fill(b"before", os.urandom(3000), b"after", record_bytes_max=1000)
    start = desk.records()[1].position.offset
    desk.content(1)[start + piece * (1000 + HEADER_BYTES) + HEADER_BYTES + 10] ^= 1
    assert desk.payloads() == [b"before", b"after"]


def test_what_was_written_twice_is_delivered_once_even_after_a_restart(desk) -> None:
    """S21: wherever the first reader stopped."""
    journal = desk.open()
    journal.commit([(1, b"one")])
    desk.disk.fail("sync")
    journal.commit([(1, b"two"), (1, b"three")])
    journal.commit([(1, b"four")])
    expected = [b"one", b"two", b"three", b"four"]
    assert desk.payloads() == expected
    for count in range(1, 5):
        position = desk.reader().read(records_max=count)[-1].end
        assert desk.payloads(position) == expected[count:]


def test_a_hole_before_the_position_is_stepped_over_after_a_restart(desk) -> None:
    """S21: a power loss kept the second sector of an unsynced group and lost the first."""
    journal = desk.open()
    journal.commit([(1, os.urandom(512 - HEADER_BYTES)), (1, b"two")])
    desk.content(1)[8192:8704] = bytes(512)
    desk.disk.kill()
    journal = desk.open()
    journal.commit([(1, b"three")])
    two = desk.reader().read(records_max=1)[0]
    assert (two.payload, two.position.offset) == (b"two", 8704)
    assert desk.payloads(two.end) == [b"three"]


def test_a_hole_before_the_position_does_not_bring_back_what_was_written_twice(desk) -> None:
    """S21: the seq delivered last is learned behind the hole."""
    journal = desk.open()
    journal.commit([(1, b"one")])
    desk.disk.fail("sync")
    journal.commit([(1, b"two"), (1, b"three")])
    one, two, three = desk.records()
    assert (one.end.segment, two.end.segment, three.end.segment) == (1, 1, 1)
    desk.content(1)[one.position.offset : one.end.offset] = bytes(HEADER_BYTES + 3)
    assert desk.payloads(two.end) == [b"three"]
    assert desk.payloads(three.end) == []


@pytest.mark.parametrize("place", [0, HEADER_BYTES])
def test_damage_that_reaches_over_the_position_is_reported_from_there(desk, place: int) -> None:
    """S10: what was delivered is not damage to this reader, what was not is."""
    desk.fill(b"one", b"two", b"three")
    one, two, _ = desk.records()
    for record in (one, two):
        desk.content(1)[record.position.offset + place] ^= 1
    reader = desk.reader(one.end)
    assert [record.payload for record in reader.read()] == [b"three"]
    assert (reader.damage.places, reader.damage.bytes) == (1, HEADER_BYTES + 3)
    assert desk.quarantined() == [f"{1:020d}-{two.position.offset}.bin"]


def test_a_new_boot_may_reuse_seqs_without_being_taken_for_a_rewrite(desk) -> None:
    """S21: only the same boot writes a seq twice."""
    desk.fill(b"one", b"two")
    first = bytes(desk.content(1))
    desk.disk.put(segment_path(desk.directory, 1), bytes(10))
    desk.fill(b"again one")
    desk.disk.put(segment_path(desk.directory, 1), first)
    assert desk.payloads() == [b"one", b"two", b"again one"]


def test_a_missing_segment_was_acknowledged(desk) -> None:
    """S23: before the position, or at it."""
    for payload in (b"one", b"two", b"three"):
        desk.fill(payload)
    end = desk.records()[0].end
    desk.disk.unlink(segment_path(desk.directory, 1))
    assert desk.payloads() == [b"two", b"three"]
    assert desk.payloads(end) == [b"two", b"three"]


def test_a_segment_that_is_given_up_does_not_hide_its_successor_of_the_same_name(desk) -> None:
    """S20: a reader that saw the empty one opens the name again."""
    desk.fill(b"one")
    journal = desk.open()
    reader = desk.reader()
    assert len(reader.read()) == 1
    assert reader.read() == []
    desk.disk.kill()
    desk.disk.unlink(segment_path(desk.directory, 2))
    journal = desk.open()
    assert desk.segments() == [1, 2]
    journal.commit([(1, b"two")])
    assert [record.payload for record in reader.read()] == [b"two"]


def test_lag_is_what_is_written_and_not_yet_read(desk) -> None:
    desk.fill(*[os.urandom(1000)] * 30, segment_bytes=16 * KIB)
    journal = desk.open()
    journal.commit([(1, os.urandom(5000))])
    reader = desk.reader()
    total = reader.lag_bytes()
    assert total == pytest.approx(35_000 + 31 * HEADER_BYTES, abs=200)
    reader.read(records_max=10)
    assert total - reader.lag_bytes() == pytest.approx(10 * (1000 + HEADER_BYTES), abs=100)
    reader.read()
    assert reader.read() == []
    assert reader.lag_bytes() == 0


def test_a_disk_error_loses_nothing(desk) -> None:
    """S20: what was read before it is delivered first; then SpoolFailedError; then the rest."""
    desk.fill(b"one")
    desk.fill(b"two")
    desk.disk.fail("open", name=f"{2:020d}", at=2, times=2)
    reader = desk.reader()
    assert [record.payload for record in reader.read()] == [b"one"]
    with pytest.raises(SpoolFailedError, match="cannot be read"):
        reader.read()
    assert [record.payload for record in reader.read()] == [b"two"]


def test_reading_beside_a_writer_delivers_everything_in_order(tmp_path: Path) -> None:
    """S20, S21: real files, a real thread, many segments; nothing is taken for damage."""
    settings = SpoolSettings(segment_bytes=64 * KIB, ballast_bytes=0, batch_bytes_max=16 * KIB)
    writer = SpoolWriter.open(tmp_path, boot=bytes(16), settings=settings)
    payloads = [os.urandom(n % 700) for n in range(3000)]

    def write() -> None:
        for payload in payloads:
            writer.append(1, payload)
        writer.close(timeout_s=30)

    thread = threading.Thread(target=write)
    thread.start()
    reader = SpoolReader(tmp_path)
    received: list[bytes] = []
    ended = False
    while not ended:
        ended = not thread.is_alive()  # asked before the last read: all is written by then
        while records := reader.read(records_max=50):
            received += [record.payload for record in records]
    thread.join()
    reader.close()
    assert received == payloads
    assert (reader.damage.places, reader.damage.lost) == (0, 0)


def test_pieces_of_different_payloads_are_never_joined(desk) -> None:
    """S20: a beginning without its end, or an end without its beginning, is damage."""
    desk.fill(b"kept")
    salt = salt_of(bytes(15) + b"\x01")
    end = desk.records()[0].end.offset
    desk.content(1)[end:] = b"".join(
        [
            pack(salt, 2, 1, CONTINUES, b"a beginning"),
            pack(salt, 3, 1, 0, b"whole"),
            pack(salt, 4, 1, CONTINUATION, b"an end"),
            pack(salt, 5, 1, 0x80, b"a flag of the future"),
            pack(salt, 6, 1, COMPRESSED, b"not zstd"),
            pack(salt, 7, 1, 0, b"last"),
        ]
    )
    reader = desk.reader()
    assert [record.payload for record in reader.read()] == [b"kept", b"whole", b"last"]
    assert (reader.damage.places, reader.damage.lost) == (4, 4)
    assert [place.what for place in desk.verify().damage] == [
        "payload without its end",
        "continuation without its beginning",
        "payload cannot be decoded",
        "payload cannot be decoded",
    ]
