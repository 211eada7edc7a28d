"""Spool records become rows."""

from __future__ import annotations

import hashlib
import json

import msgspec
import pytest

from gatelog.errors import StoreRefusedError, StoreUnavailableError
from gatelog.model import Direction, Part, RangeSet, RecordKind
from gatelog.provider import CapturedCall, LongBody, seal
from gatelog.sinks import ForwarderThread
from gatelog.sinks.batch import ROWS_MAX
from gatelog.spool import AckLog
from gatelog.store import BootKey
from gatelog.testing.records import REQUEST, end_record, start_record

KEY = BootKey("here", "boot-1")


def test_a_call_becomes_a_row(gateway, forwarder, settle, sink) -> None:
    """Sealed, and named by instance, boot and sequence."""
    one = gateway()
    one.write(start_record(1), end_record(1))
    one.leave()
    settle(forwarder())
    (row,) = sink.rows
    assert (row.id.instance, row.id.boot, row.id.sequence) == ("here", "boot-1", 1)
    assert row.content.request.text == json.dumps(REQUEST)
    assert row.usage.prompt_tokens == 12


def test_bodies_are_joined_in_order(gateway, forwarder, settle, sink) -> None:
    """Start, Parts of the request; Parts of the response, End. Calls may interleave."""
    one = gateway()
    one.write(
        start_record(1, body=b'{"model"', more=True),
        start_record(2, body=b'{"model":'),
        Part(2, Direction.REQUEST, b'"b"}'),
        Part(1, Direction.REQUEST, b':"a"}'),
        Part(1, Direction.RESPONSE, b'{"x":'),
        Part(1, Direction.RESPONSE, b"1"),
        end_record(2, body=b"{}"),
        end_record(1, body=b"}"),
    )
    one.leave()
    settle(forwarder())
    texts = {row.id.sequence: (row.content.request.text, row.content.response.text) for row in sink.rows}
    assert texts == {1: ('{"model":"a"}', '{"x":1}'), 2: ('{"model":"b"}', "{}")}


def test_memory_for_open_calls_is_bounded(gateway, forwarder, settle, sink) -> None:
    """Beyond the limit bodies are left in the spool and read again: the row is the same."""
    one = gateway()
    pieces = [bytes([65 + number]) * 1000 for number in range(20)]
    one.write(start_record(1, body=b'"', more=True), *[Part(1, Direction.REQUEST, piece) for piece in pieces])
    one.write(start_record(2), end_record(2))
    subject = forwarder(held_bytes_max=5_000)
    settle(subject, steps=5)
    assert 0 < subject.statistics.open_bytes <= 5_000
    one.write(end_record(1))
    one.leave()
    settle(subject)
    rows = {row.id.sequence: row for row in sink.rows}
    assert rows[1].content.request.text == '"' + b"".join(pieces).decode()
    assert rows[2].content.request.text == json.dumps(REQUEST)
    assert subject.statistics.open_bytes == 0


@pytest.mark.parametrize(
    ("held_bytes_max", "held_of_second"), [(12_000, 9_000), (5_000, 4_000)], ids=["in memory", "read again"]
)
def test_of_a_body_that_is_longer_than_the_log_keeps_nothing_stays_in_memory(
    gateway, forwarder, settle, sink, monkeypatch, held_bytes_max, held_of_second
) -> None:
    """Its size and its hash are as if it had been there whole."""
    monkeypatch.setattr("gatelog.sinks.gathered_body.DECODED_BYTES_MAX", 10_000)
    one = gateway()
    pieces = [bytes([65 + number]) * 1000 for number in range(20)]
    binary = [(b"content-type", b"application/octet-stream")]
    one.write(start_record(1, headers=binary, body=b"\0", more=True))
    one.write(*[Part(1, Direction.REQUEST, piece) for piece in pieces])
    one.write(*[Part(1, Direction.RESPONSE, piece) for piece in pieces])
    one.write(start_record(2), *[Part(2, Direction.RESPONSE, piece) for piece in pieces[:9]])
    subject = forwarder(held_bytes_max=held_bytes_max)
    settle(subject, steps=5)
    assert subject.statistics.open_bytes == len(start_record(2).body) + held_of_second
    one.write(end_record(1, body=b"end"), end_record(2, body=b"x" * 5_000))
    one.leave()
    settle(subject)
    first, second = sorted(sink.rows, key=lambda row: row.id.sequence)
    whole = b"".join(pieces)
    expected = [
        (first.content.request, b"\0" + whole, "binary application/octet-stream"),
        (first.content.response, whole + b"end", "decoded size over limit"),
        (second.content.response, whole[:9_000] + b"x" * 5_000, "decoded size over limit"),
    ]
    for body, wire, note in expected:
        assert (body.size, body.sha256) == (len(wire), hashlib.sha256(wire).hexdigest())
        assert body.note.startswith(note)
        assert body.text == ""
    assert subject.statistics.open_bytes == 0


def test_the_ack_waits_for_the_oldest_open_call(gateway, forwarder, settle, sink, spool) -> None:
    """Later calls are stored, but the spool keeps the open one's Start."""
    one = gateway()
    one.write(start_record(1), start_record(2), end_record(2))
    subject = forwarder()
    settle(subject, steps=5)
    assert sink.sequences() == [2]
    held = AckLog.open(spool, "memory").position
    one.write(end_record(1))
    one.leave()
    settle(subject)
    assert sink.sequences() == [2, 1]
    assert AckLog.open(spool, "memory").position > held


def test_a_restart_stores_nothing_twice(gateway, forwarder, settle, sink) -> None:
    """Calls behind an open one are read again, and known to be there."""
    one = gateway()
    one.write(start_record(1), *[record for n in range(2, 9) for record in (start_record(n), end_record(n))])
    first = forwarder()
    settle(first, steps=5)
    first.close()
    second = forwarder()
    one.write(end_record(1))
    settle(second, steps=5)
    assert sorted(sink.sequences()) == list(range(1, 9))
    assert second.statistics.already_stored == 7
    assert second.statistics.orphans == 0
    one.leave()


def test_a_call_announced_as_unlogged_is_given_up(gateway, forwarder, settle, sink, spool) -> None:
    """Its End will not come: the spool need not be kept for it, and it is no crash."""
    one = gateway()
    one.write(start_record(1), start_record(2), end_record(2))
    one.account(2, unlogged={"spool_full": [1]}, unlogged_total=1)
    one.account(2, final=True)
    one.leave()
    subject = forwarder()
    settle(subject)
    assert sink.sequences() == [2]
    assert subject.statistics.crashed_calls == 0


def test_parts_and_ends_without_a_start_are_counted(gateway, forwarder, settle, sink) -> None:
    """They prove nothing; the gateway's Account knows the call."""
    one = gateway()
    subject = forwarder()
    settle(subject, steps=5)
    one.write(Part(5, Direction.RESPONSE, b"x"), end_record(5), start_record(6), end_record(6))
    one.leave()
    settle(subject)
    assert sink.sequences() == [6]
    assert subject.statistics.orphans == 2


@pytest.mark.parametrize(("kind", "payload"), [(RecordKind.START, b"\xc1garbage"), (99, b"from the future")])
def test_an_unreadable_record_is_put_aside(gateway, forwarder, settle, sink, spool, kind, payload) -> None:
    """Kept whole, counted, and the others go on."""
    one = gateway()
    one.write_payload(kind, payload)
    one.write(start_record(2), end_record(2))
    one.leave()
    subject = forwarder()
    settle(subject)
    assert sink.sequences() == [2]
    assert subject.statistics.dead_letters == 1
    (letter,) = (spool / "dead-letter").glob("*.bin")
    assert letter.read_bytes() == payload


def test_dead_letters_beyond_the_limit_are_counted_and_not_kept(
    gateway, forwarder, settle, sink, spool, monkeypatch
) -> None:
    monkeypatch.setattr("gatelog.sinks.dead_letter.FILES_MAX", 2)
    one = gateway()
    for _ in range(3):
        one.write_payload(RecordKind.START, b"\xc1garbage")
    one.write(start_record(1), end_record(1))
    one.leave()
    subject = forwarder()
    settle(subject)
    assert sink.sequences() == [1]
    assert subject.statistics.dead_letters == 3
    assert len(list((spool / "dead-letter").iterdir())) == 2 * 2


def test_a_call_that_the_sink_can_never_hold_is_put_aside(gateway, forwarder, settle, sink, spool) -> None:
    """The batch is halved until it is alone; it is counted as unlogged."""
    one = gateway()
    one.write(*[record for n in range(1, 21) for record in (start_record(n), end_record(n))])
    one.leave()

    def refuse(exchanges) -> None:
        if any(exchange.id.sequence == 13 for exchange in exchanges):
            raise StoreRefusedError("13 does not fit")

    sink.refuses = refuse
    settle(forwarder())
    assert sorted(sink.sequences()) == [n for n in range(1, 21) if n != 13]
    assert sink.unlogged == {(KEY, "dead_letter"): RangeSet.of([13])}
    (letter,) = (spool / "dead-letter").glob("*.bin")
    assert json.loads(letter.read_bytes())["request_id"] == "request-13"


def test_a_call_that_cannot_be_read_is_put_aside_and_counted(
    gateway, forwarder, settle, sink, spool, monkeypatch
) -> None:
    """A defect of ours in the face of some bytes: the others go on, and the account adds up."""

    def seal_or_fail(captured, counter):
        if captured.start.sequence == 2:
            raise RuntimeError("a defect")
        return seal(captured, counter)

    monkeypatch.setattr("gatelog.sinks.intake.seal", seal_or_fail)
    monkeypatch.setattr("gatelog.sinks.gathered_body.DECODED_BYTES_MAX", 100)
    one = gateway()
    one.write(*[record for n in range(1, 4) for record in (start_record(n), end_record(n))])
    one.leave()
    settle(forwarder())
    assert sorted(sink.sequences()) == [1, 3]
    assert sink.unlogged == {(KEY, "dead_letter"): RangeSet.of([2])}
    (letter,) = (spool / "dead-letter").glob("*.bin")
    kept = msgspec.msgpack.decode(letter.read_bytes(), type=CapturedCall)
    assert isinstance(kept.response_body, LongBody)
    assert kept.start.sequence == 2


def test_nothing_is_lost_while_the_sink_is_away(gateway, forwarder, settle, sink, spool) -> None:
    """Retried later and later; the lag grows; then everything arrives once."""
    one = gateway()
    one.write(*[record for n in range(1, 31) for record in (start_record(n), end_record(n))])
    sink.faults = iter(["before"] * 12)
    subject = forwarder()
    settle(subject, steps=10)
    assert sink.rows == []
    assert subject.statistics.retries >= 3
    assert subject.statistics.lag_seconds > 1
    assert AckLog.open(spool, "memory").position is None
    settle(subject)
    assert sorted(sink.sequences()) == list(range(1, 31))
    assert subject.statistics.lag_seconds == 0
    assert subject.statistics.last_error == ""
    one.leave()


def test_a_full_batch_goes_at_once(gateway, forwarder, sink) -> None:
    """Without waiting for its age."""
    one = gateway()
    body = b"{}"
    calls = [(start_record(n, body=body), end_record(n, body=body)) for n in range(1, ROWS_MAX + 50)]
    one.write(*[record for call in calls for record in call])
    one.leave()
    subject = forwarder()
    for _ in range(4):
        subject.step()
    assert len(sink.rows) >= ROWS_MAX


def test_a_batch_of_large_bodies_goes_at_once(gateway, forwarder, sink, monkeypatch) -> None:
    """Memory is bounded by bytes, not by the number of calls alone."""
    monkeypatch.setattr("gatelog.sinks.batch.BYTES_MAX", 10_000)
    one = gateway()
    one.write(start_record(1), end_record(1, body=b"{}"))
    subject = forwarder()
    subject.step()
    assert sink.rows == []
    one.write(start_record(2, body=b'"%b"' % (b"x" * 10_000)), end_record(2))
    subject.step()
    assert sink.sequences() == [1, 2]
    one.leave()


def test_acknowledged_segments_are_deleted(gateway, forwarder, settle, sink, spool) -> None:
    """What every boot before left behind goes once it is stored."""
    for number in (1, 2, 3):
        one = gateway(number)
        one.write(start_record(1), end_record(1))
        one.leave()
    settle(forwarder())
    assert len(sink.rows) == 3
    assert len(list(spool.glob("*.seg"))) == 1


def test_a_sink_that_is_away_at_the_start_is_waited_for(
    gateway, forwarder, settle, sink, monkeypatch
) -> None:
    """Even its list of boots cannot be read."""
    one = gateway()
    one.write(start_record(1), end_record(1))
    one.leave()

    def away() -> list:
        raise StoreUnavailableError("away")

    subject = forwarder()
    monkeypatch.setattr(sink, "boots", away)
    assert subject.step() > 0
    monkeypatch.undo()
    settle(subject)
    assert sink.sequences() == [1]


def test_a_stop_delivers_what_is_there(gateway, forwarder, clock, sink) -> None:
    """Without waiting for the batch to grow old."""
    one = gateway()
    one.write(start_record(1), end_record(1))
    one.leave()
    forwarder().drain(clock.monotonic_ns() + 10**9)
    assert sink.sequences() == [1]


def test_a_thread_that_is_stopped_delivers_what_is_there(gateway, forwarder, sink) -> None:
    """However early the stop comes."""
    one = gateway()
    one.write(start_record(1), end_record(1))
    one.leave()
    thread = ForwarderThread(forwarder())
    thread.begin_stop(timeout_s=10)
    thread.start()
    assert thread.join(30)
    assert sink.sequences() == [1]


def test_freshness_is_measured_from_the_end_of_the_call(gateway, forwarder, settle, sink, clock) -> None:
    """Finished to stored, in seconds."""
    one = gateway()
    received_at_ns = clock.now_ns() - 3_000_000_000
    one.write(start_record(1, received_at_ns=received_at_ns), end_record(1, done_ns=1_000_000_000))
    one.leave()
    subject = forwarder()
    settle(subject, steps=2, step_s=0.5)
    assert subject.statistics.freshness_seconds == pytest.approx(2.5)
