"""JSON whose numbers keep all their digits: those of a decimal are more than a float has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec


def decode_exactly(document: bytes | str) -> Any:
    """What the document says; a number that is no float is a Decimal. DecodeError if it is no JSON."""
    return _DECODER.decode(document)


def encode_exactly(value: Any) -> bytes:
    """The same the other way round."""
    return _ENCODER.encode(value)


def _number(text: str) -> float | Decimal:
    number, exact = float(text), Decimal(text)
    return number if Decimal(repr(number)) == exact else exact


_DECODER = msgspec.json.Decoder(float_hook=_number)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
