"""Records as the spool holds them, also those that an older gatelog wrote."""

from __future__ import annotations

import msgspec

from gatelog.model import EndRecord, RecordKind
from gatelog.sinks.records import decode
from gatelog.spool import Position, SpoolRecord
from gatelog.testing.records import end_record

# An End of the version before it said the backend's region, byte for byte: 20 members.
END_WITHOUT_REGION = bytes.fromhex(
    "dc001403a8636f6d706c657465ccc8a0a465617374b2687474703a2f2f656173742f6f70656e6169ccc89192c40c636f6e7465"
    "6e742d74797065c4106170706c69636174696f6e2f6a736f6ec40568656c6c6f9197a465617374a8616e737765726564ccc800"
    "00a0c2ce000f4240ce001e8480ce12002780ce14fb1800ce3bb94e80ce3bc890c040cd0100c2c400"
)


def read(payload: bytes) -> object:
    position = Position(1, 0)
    return decode(SpoolRecord(position, position, 1, RecordKind.END, bytes(16), payload))


def test_an_end_that_an_older_gatelog_wrote_is_read() -> None:
    """A gateway's spool may wait while both are upgraded."""
    assert read(END_WITHOUT_REGION) == end_record(3, body=b"hello")


def test_an_end_that_a_newer_gatelog_wrote_is_read_as_far_as_it_is_known() -> None:
    """The hub may be upgraded after the gateways: a member more is no damage."""
    end = end_record(3, body=b"hello", region="swedencentral")
    assert isinstance(end, EndRecord)
    longer = msgspec.msgpack.encode([*msgspec.structs.astuple(end), "of a later version"])
    assert read(longer) == end
