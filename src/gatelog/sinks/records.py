"""Spool payloads as the records that the gateway wrote (gatelog.model.capture)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from gatelog.errors import SpoolFailedError
from gatelog.model import Account, Boot, EndRecord, Part, Record, RecordKind, Start
from gatelog.spool import FileSystem, Position, SpoolReader, SpoolRecord

_DECODERS: dict[int, msgspec.msgpack.Decoder[Record]] = {
    RecordKind.BOOT: msgspec.msgpack.Decoder(Boot),
    RecordKind.START: msgspec.msgpack.Decoder(Start),
    RecordKind.PART: msgspec.msgpack.Decoder(Part),
    RecordKind.END: msgspec.msgpack.Decoder(EndRecord),
    RecordKind.ACCOUNT: msgspec.msgpack.Decoder(Account),
}

_READ_AGAIN_RECORDS = 100


class UnreadableRecordError(ValueError):
    """A payload that is no record of a kind known here."""


def decode(record: SpoolRecord) -> Record:
    """The record in a spool payload; UnreadableRecordError if there is none."""
    decoder = _DECODERS.get(record.kind)
    if decoder is None:
        raise UnreadableRecordError(f"records of kind {record.kind} are unknown: written by a newer gatelog?")
    try:
        return decoder.decode(record.payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableRecordError(f"kind {record.kind}: {error}") from error


def read_bodies(directory: Path, filesystem: FileSystem, positions: Sequence[Position]) -> list[bytes]:
    """The bodies of the Start and Part records at `positions` (ascending), in one pass over the spool."""
    reader = SpoolReader(directory, start=positions[0], filesystem=filesystem)
    wanted = iter(positions)
    position: Position | None = next(wanted)
    bodies: list[bytes] = []
    try:
        while position is not None:
            records = reader.read(_READ_AGAIN_RECORDS)
            if not records:
                raise SpoolFailedError(f"{directory}: the record at {position} cannot be read again")
            for record in records:
                if record.position == position:
                    body = decode(record)
                    bodies.append(body.body if isinstance(body, Start | Part) else b"")
                    position = next(wanted, None)
    finally:
        reader.close()
    return bodies
