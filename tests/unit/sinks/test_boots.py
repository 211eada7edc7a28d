"""The end of a boot: of a gateway that stopped, crashed or was replaced, and of its spool."""

from __future__ import annotations

from gatelog.model import Direction, EndReason, Part, RangeSet
from gatelog.store import BootKey
from gatelog.testing.records import end_record, start_record

KEY = BootKey("here", "boot-1")


def test_a_crashed_gateways_open_calls_end(gateway, forwarder, settle, sink) -> None:
    """Nobody has the spool locked: the text so far is kept, the reason is gateway_crash."""
    one = gateway()
    one.write(start_record(1), Part(1, Direction.RESPONSE, b"data: half"))
    one.leave()
    subject = forwarder()
    settle(subject)
    (row,) = sink.rows
    assert row.end.reason == EndReason.GATEWAY_CRASH
    assert row.end.error_code == "gateway_crash"
    assert row.content.response.size == len(b"data: half")
    assert sink.known_boots[KEY].ended
    assert subject.statistics.crashed_calls == 1


def test_a_slow_call_of_a_living_gateway_stays_open(gateway, forwarder, settle, sink) -> None:
    """However long it takes, as long as the spool is locked."""
    one = gateway()
    one.write(start_record(1))
    settle(forwarder(), steps=50, step_s=60)
    assert sink.rows == []
    assert not sink.known_boots[KEY].ended
    one.leave()


def test_a_spool_without_a_gateway_is_removed_once_all_of_it_is_stored(
    gateway, forwarder, settle, sink, spool
) -> None:
    one = gateway()
    one.write(start_record(1), Part(1, Direction.RESPONSE, b"data: half"))
    one.leave()
    subject = forwarder()
    settle(subject)
    assert spool.exists()
    settle(subject, steps=1, step_s=3_500)
    assert not subject.retired, "a gateway that is replaced comes back sooner"
    settle(subject, steps=2, step_s=200)
    assert subject.retired
    assert not spool.exists()
    assert len(sink.rows) == 1


def test_a_spool_whose_records_are_not_stored_stays(gateway, forwarder, settle, sink, spool) -> None:
    one = gateway()
    one.write(start_record(1), end_record(1))
    one.leave()
    sink.faults = iter(["before"] * 1000)
    settle(forwarder(), steps=20, step_s=3_600)
    assert sink.rows == []
    assert spool.exists()


def test_an_idle_gateway_keeps_its_spool(gateway, forwarder, settle, spool) -> None:
    one = gateway()
    subject = forwarder()
    settle(subject, steps=20, step_s=3_600)
    assert not subject.retired
    one.write(start_record(1), end_record(1))
    settle(subject, steps=5)
    assert subject.statistics.calls == 1
    one.leave()


def test_the_next_boot_ends_the_one_before(gateway, forwarder, settle, sink) -> None:
    """A directory has one writer at a time: no need to look at the lock."""
    one = gateway(1)
    one.write(start_record(1))
    one.leave()
    two = gateway(2)
    two.write(start_record(1), end_record(1))
    settle(forwarder(), steps=5)
    assert {(row.id.boot, row.end.reason) for row in sink.rows} == {
        ("boot-1", EndReason.GATEWAY_CRASH),
        ("boot-2", EndReason.COMPLETE),
    }
    assert sink.known_boots[KEY].ended
    assert not sink.known_boots[BootKey("here", "boot-2")].ended
    two.leave()


def test_a_boot_left_without_open_calls_is_ended_after_a_restart(gateway, forwarder, settle, sink) -> None:
    """All its records were acknowledged before anybody knew that it was over."""
    one = gateway()
    one.write(start_record(1), end_record(1))
    first = forwarder()
    settle(first, steps=3)
    first.close()
    one.leave()
    settle(forwarder())
    assert sink.known_boots[KEY].ended
    assert sink.sequences() == [1]


def test_what_comes_of_a_boot_that_was_taken_for_ended_has_its_name(
    gateway, forwarder, settle, sink, spool
) -> None:
    """Somebody deleted the lock file; the gateway goes on."""
    one = gateway()
    one.write(start_record(1), end_record(1))
    subject = forwarder()
    settle(subject, steps=5)
    (spool / "lock").unlink()
    settle(subject)
    assert sink.known_boots[KEY].ended
    one.write(start_record(2), end_record(2))
    settle(subject)
    assert [(row.id.boot, row.id.sequence) for row in sink.rows] == [("boot-1", 1), ("boot-1", 2)]
    assert list(sink.known_boots) == [KEY]
    one.leave()


def test_a_call_of_a_boot_that_was_taken_for_ended_is_settled(
    gateway, forwarder, settle, sink, spool
) -> None:
    """It does not stay open, nor the spool for its sake."""
    one = gateway()
    one.account(0, final=True)
    one.write(start_record(1))
    one.leave()
    subject = forwarder()
    settle(subject)
    assert [(row.id.boot, row.end.reason) for row in sink.rows] == [("boot-1", EndReason.GATEWAY_CRASH)]
    settle(subject, steps=3, step_s=3_600)
    assert not spool.exists()


def test_a_final_account_ends_its_boot(gateway, forwarder, settle, sink) -> None:
    """The gateway said itself that nothing more comes."""
    one = gateway()
    one.account(0, final=True)
    settle(forwarder(), steps=3)
    assert sink.known_boots[KEY].ended
    one.leave()


def test_an_account_is_written_after_the_calls_before_it(gateway, forwarder, settle, sink) -> None:
    """Whoever sees it finds every call that it speaks of."""
    one = gateway()
    one.write(start_record(1), end_record(1), start_record(2), end_record(2))
    one.account(2, recorded=2)
    one.leave()
    settle(forwarder())
    ((key, account, rows_then),) = sink.accounts
    assert (key, account.accepted, rows_then) == (KEY, 2, 2)


def test_an_account_is_written_after_what_was_put_aside_before_it(
    gateway, forwarder, settle, sink, monkeypatch
) -> None:
    """Whoever sees it finds no call missing."""

    def fail(captured, counter) -> None:
        raise RuntimeError("a defect")

    unlogged_then = []
    write_account = sink.write_account

    def look(key, account) -> None:
        unlogged_then.append(dict(sink.unlogged))
        write_account(key, account)

    monkeypatch.setattr("gatelog.sinks.intake.seal", fail)
    sink.write_account = look
    one = gateway()
    one.write(start_record(1), end_record(1))
    one.account(1, recorded=1)
    one.leave()
    settle(forwarder())
    assert unlogged_then == [{(KEY, "dead_letter"): RangeSet.of([1])}]
