"""A store that lost its data: what the spool still has is stored, and the account says what is gone."""

from __future__ import annotations

from gatelog.store import BootKey
from gatelog.testing.records import end_record, start_record


def test_after_the_loss_of_the_store_the_running_boot_is_known_again(
    gateway, forwarder, settle, sink, spool
) -> None:
    """Its name went with the store: the directory's stands in, so that its account has a boot to judge."""
    one = gateway()
    one.write(start_record(1), end_record(1))
    settle(forwarder())
    sink.rows.clear()
    sink.known_boots.clear()
    sink.accounts.clear()

    one.write(start_record(2), end_record(2))
    one.account(2, recorded=2)
    settle(forwarder())
    stand_in = BootKey(spool.name, one.id.hex())
    assert [row.id.sequence for row in sink.rows] == [2]
    assert list(sink.known_boots) == [stand_in]
    assert [(key, account.accepted) for key, account, _ in sink.accounts] == [(stand_in, 2)]
    one.leave()


def test_what_was_not_acknowledged_is_stored_anew(gateway, forwarder, settle, sink) -> None:
    """A new store is asked what it has (nothing), and gets everything from the acknowledgement on."""
    one = gateway()
    one.write(start_record(1), start_record(2), end_record(2), start_record(3), end_record(3))
    settle(forwarder())
    assert sorted(sink.sequences()) == [2, 3]
    sink.rows.clear()  # 1 is still open: the acknowledgement stands at its Start
    one.write(end_record(1))
    settle(forwarder())
    assert sorted(sink.sequences()) == [1, 2, 3]
    one.leave()
