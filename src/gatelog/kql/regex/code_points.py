r"""Sets of characters as ranges of code points, for what a pattern says of them: `[a-z&&[^aeiou]]`, `\w`.

    [a-e] ∖ [b-c]   ──►   ((97, 97), (100, 101))   ──►   ad-e, inside the brackets of a class

Those of categories are read from Python's Unicode tables when a set of sets asks for them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby
from typing import TypeAlias

Points: TypeAlias = "tuple[tuple[int, int], ...]"
"""Ranges, both ends included, in their order and apart from each other."""

LAST = 0x10FFFF
"""The last code point of Unicode."""

EVERYTHING: Points = ((0, LAST),)

WORD: Points = (
    (0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A), (0xAA, 0xAA), (0xB5, 0xB5), (0xBA, 0xBA),
    (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x2C1), (0x2C6, 0x2D1), (0x2E0, 0x2E4), (0x2EC, 0x2EC), (0x2EE, 0x2EE),
    (0x300, 0x374), (0x376, 0x37D), (0x37F, 0x383), (0x386, 0x386), (0x388, 0x3F5), (0x3F7, 0x481),
    (0x483, 0x559), (0x560, 0x588), (0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2), (0x5C4, 0x5C5),
    (0x5C7, 0x5F2), (0x610, 0x61A), (0x620, 0x669), (0x66E, 0x6D3), (0x6D5, 0x6DC), (0x6DF, 0x6E8),
    (0x6EA, 0x6FC), (0x6FF, 0x6FF), (0x710, 0x963), (0x966, 0xE3E), (0xE40, 0xE4E), (0xE50, 0xE59),
    (0xE81, 0xF00), (0xF18, 0xF19), (0xF20, 0xF29), (0xF35, 0xF39), (0xF3E, 0x1049), (0x1050, 0x135F),
    (0x1380, 0x167F), (0x1681, 0x17D3), (0x17D7, 0x17FF), (0x180B, 0x1FBC), (0x1FBE, 0x1FBE),
    (0x1FC2, 0x1FCC), (0x1FD0, 0x1FDB), (0x1FE0, 0x1FEC), (0x1FF2, 0x1FFC), (0x200C, 0x200D),
    (0x203F, 0x2040), (0x2054, 0x2054), (0x2071, 0x2071), (0x207F, 0x207F), (0x2090, 0x209C),
    (0x20D0, 0x20F0), (0x2102, 0x2102), (0x2107, 0x2107), (0x210A, 0x2113), (0x2115, 0x2115),
    (0x2119, 0x211D), (0x2124, 0x2124), (0x2126, 0x2126), (0x2128, 0x2128), (0x212A, 0x212D),
    (0x212F, 0x2139), (0x213C, 0x213F), (0x2145, 0x2149), (0x214E, 0x214E), (0x2160, 0x2188),
    (0x24B6, 0x24E9), (0x2C00, 0x2DFF), (0x2E2F, 0x2E2F), (0x3005, 0x3007), (0x3021, 0x302F),
    (0x3031, 0x3035), (0x3038, 0x303C), (0x3041, 0x309A), (0x309D, 0x309F), (0x30A1, 0x30FA),
    (0x30FC, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0xA48C), (0xA4D0, 0xD7FF),
    (0xF900, 0xFD3D), (0xFD50, 0xFDFB), (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0xFE33, 0xFE34),
    (0xFE4D, 0xFE4F), (0xFE70, 0xFEFC), (0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF3F, 0xFF3F),
    (0xFF41, 0xFF5A), (0xFF66, 0xFFDC), (0x10000, 0x1CFFF), (0x1D400, 0x1EFFF), (0x1F130, 0x1F149),
    (0x1F150, 0x1F169), (0x1F170, 0x1F189), (0x1FBF0, 0x1FBF9), (0x20000, 0x3FFFF), (0xE0100, 0xE01EF),
)  # fmt: skip  # a table
r"""The characters of words, `\w`. Between U+0700 and U+1FFF and above U+A4D0 whole blocks of letters are
taken with the little punctuation in them: every range more is a range more that the engine tries at each
byte, and with all 700 of them `\w{1,60}` takes a hundred times longer."""

WORD_BLOCKS: Points = (
    (0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A), (0xC0, 0x1FFF), (0x2126, 0x2126),
    (0x212A, 0x212B), (0x2C00, 0x2DFF), (0x3040, 0xD7FF), (0xF900, 0xFDFF), (0xFE70, 0xFEFC),
    (0xFF10, 0xFFDC), (0x10000, 0x1EFFF), (0x20000, 0x3FFFF),
)  # fmt: skip  # a table
r"""The same by whole blocks: `\w{1,60}` repeats each range sixty times in the engine. The signs of Ohm,
Kelvin and Angstrom are in it, for they are Ω, K and Å where case is ignored."""

SPACE: Points = (
    (0x9, 0xD), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A),
    (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
)  # fmt: skip  # a table
r"""Unicode's White_Space, `\s`."""


def union(parts: Iterable[Points]) -> Points:
    """What is in one of them."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(one for points in parts for one in points):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def complement(points: Points) -> Points:
    """What is not in it."""
    borders = [-1, *(border for one in points for border in one), LAST + 1]
    gaps = zip(borders[::2], borders[1::2], strict=True)
    return tuple((before + 1, after - 1) for before, after in gaps if before + 1 < after)


def intersection(left: Points, right: Points) -> Points:
    """What is in both."""
    return complement(union([complement(left), complement(right)]))


def difference(left: Points, right: Points) -> Points:
    """What is in the left one only."""
    return intersection(left, complement(right))


def symmetric_difference(left: Points, right: Points) -> Points:
    """What is in one of them only."""
    return union([difference(left, right), difference(right, left)])


@cache
def _categories() -> Mapping[str, Points]:
    """The characters of each general category: Lu, Ll, Nd, ..."""
    found: dict[str, list[tuple[int, int]]] = {}
    for category, run in groupby(range(LAST + 1), lambda point: unicodedata.category(chr(point))):
        points = list(run)
        found.setdefault(category, []).append((points[0], points[-1]))
    return {category: tuple(ranges) for category, ranges in found.items()}


def of_category(name: str) -> Points:
    """The characters of a general category, `Lu`, or of all that begin so, `L`."""
    return union(points for category, points in _categories().items() if category.startswith(name))


def written(points: Points) -> str:
    """The ranges as RE2 has them inside the brackets of a class."""
    return "".join(_point(low) if low == high else f"{_point(low)}-{_point(high)}" for low, high in points)


def _point(point: int) -> str:
    character = chr(point)
    return character if character.isalnum() else f"\\x{{{point:x}}}"
