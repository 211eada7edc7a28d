"""Random changes to byte strings: what breaks parsers, in a few strokes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

INPUT_BYTES_MAX = 64 * 1024

Stroke = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def _place(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + 1 + int(chance.expovariate(0.1)))


def _flip(data: bytes, chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    if not data:
        return data
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def _replace(data: bytes, chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    start, end = _place(data, chance)
    return data[:start] + chance.randbytes(chance.randrange(5)) + data[end:]


def _delete(data: bytes, chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    start, end = _place(data, chance)
    return data[:start] + data[end:]


def _repeat(data: bytes, chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    start, end = _place(data, chance)
    return data[:start] + data[start:end] * chance.choice([2, 3, 100]) + data[end:]


def _cut(data: bytes, chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _splice(data: bytes, chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    other = chance.choice(corpus)
    start, end = _place(other, chance)
    place = chance.randrange(len(data) + 1)
    return data[:place] + other[start : chance.choice([end, len(other)])] + data[place:]


def _retype(data: bytes, chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """A JSON value becomes one of another type, which a byte here and there hardly ever makes of it."""
    values = list(_VALUE.finditer(data))
    if not values:
        return data
    value = chance.choice(values)
    return data[: value.start()] + chance.choice(_ODD_VALUES) + data[value.end() :]


_VALUE = re.compile(rb'(?<=[:,\[])\s*(?:"[^"]*"|[-+.\w]+|\[\]|\{\})')
_ODD_VALUES = tuple(rb'5 -1 1e999 "" "\ud83d" [] [5] {} {"a":[1]} null true'.split())
_STROKES: tuple[Stroke, ...] = (_flip, _replace, _delete, _repeat, _cut, _splice, _retype)


def mutated(corpus: Sequence[bytes], chance: random.Random) -> bytes:
    """An entry of the corpus after one to four strokes."""
    data = chance.choice(corpus)
    for _ in range(chance.randrange(1, 5)):
        data = chance.choice(_STROKES)(data, chance, corpus)[:INPUT_BYTES_MAX]
    return data
