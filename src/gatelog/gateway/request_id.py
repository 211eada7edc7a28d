"""Request ids: UUID version 7 (RFC 9562 section 5.7), so that ids sort by time.

0                48   52           64 66                          128
| unix time in ms | 7 | 12 random  |10| 62 random                  |
"""

from __future__ import annotations

import random

# Seeded by the operating system; ids must be unique, not secret.
_randomness = random.Random()  # noqa: S311 - uniqueness, not secrecy


def new_request_id(now_ns: int) -> str:
    """A fresh id in the usual text form. `now_ns`: Unix time in nanoseconds."""
    bits = _randomness.getrandbits(74)
    value = (
        ((now_ns // 1_000_000) & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | (bits >> 62) << 64
        | 0b10 << 62
        | (bits & 0x3FFF_FFFF_FFFF_FFFF)
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
