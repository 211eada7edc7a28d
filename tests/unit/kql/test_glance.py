"""What a quick look at a text can be relied upon for."""

from __future__ import annotations

import sys

import pytest

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.writer import text_of
from gatelog.kql.search.glance import glance, in_plain_sight
from gatelog.testing.kql import engine


@pytest.mark.parametrize(
    ("needle", "letters"),
    [
        ("", ""),
        ("invoice", "invoice"),
        ("bookmark", "boo"),
        ("taxi", "tax"),
        ("der taxi-wagen", "der taxi-wagen"),
        ("für die größe", "für die grö"),
        ("müşteri sipariş", "müşteri sipariş"),
        ("客户订单", "客户订单"),
        ("проверка", "проверка"),
        ("λόγος", "λόγο"),
        ("λογαριασμός", "λογαρ"),
        ("σωσω", ""),
        ("ångström", "ngström"),
        ("ı", ""),
        ("ა", ""),
    ],
)
def test_only_letters_of_one_other_kind_are_looked_for(needle: str, letters: str) -> None:
    """In lower case Kelvin's sign is a k, a dotted I an i and a mark; Georgian got large letters late."""
    assert in_plain_sight(needle) == letters


ALL = """
    SELECT arrayJoin(extractAll(concat(
        arrayStringConcat(arrayMap(
            n -> char(192 + intDiv(n, 64), 128 + n % 64),
            range(128, 2048))),
        arrayStringConcat(arrayMap(
            n -> char(224 + intDiv(n, 4096), 128 + intDiv(n, 64) % 64, 128 + n % 64),
            arrayFilter(n -> n < 0xD800 OR n > 0xDFFF, range(2048, 65536)))),
        arrayStringConcat(arrayMap(
            n -> char(240, 128 + intDiv(n, 4096), 128 + intDiv(n, 64) % 64, 128 + n % 64),
            range(65536, 262144)))
    ), '.')) AS c
"""
"""The characters of two, three and four bytes, up to the planes that are empty."""


def test_whatever_becomes_such_a_letter_in_lower_case_is_found_as_well() -> None:
    """Every character of Unicode is tried on the engine."""
    plain = [chr(point) for point in range(1, sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
    plain = [character for character in plain if in_plain_sight(f"{character}x") == f"{character}x"]
    assert len(plain) > 40_000
    lost = (
        engine()
        .query(
            f"SELECT lowerUTF8(c) AS small FROM ({ALL}) WHERE c != small"
            " AND positionCaseInsensitiveUTF8(concat('-', c, 'x-'), concat(small, 'x')) = 0"
        )
        .result_rows
    )
    assert len(lost) > 100, "the engine looks otherwise than it lowers"
    assert not {small for (small,) in lost} & set(plain)


def test_every_such_letter_is_found_large_in_many_texts() -> None:
    """Through many bytes with a constant needle the engine goes another way than through few: there it takes
    no capital iota and mu for the small ones.
    """
    small = [chr(point) for point in range(128, 0x600) if chr(point).isalpha()]
    needles = [f"-{character}x" for character in small if in_plain_sight(character) == character]
    assert len(needles) > 150
    texts = sql.array([sql.literal(needle.upper() + " " * 80) for needle in needles])
    counts = sql.array([sql.call("sum", glance(sql.column("text"), needle)) for needle in needles])
    rows = f"SELECT arrayJoin({text_of(texts)}) AS text"
    ((found,),) = engine().query(f"SELECT {text_of(counts)} FROM ({rows})").result_rows
    assert [needle for needle, count in zip(needles, found, strict=True) if not count] == []


@pytest.mark.parametrize(
    ("letters", "missing"),
    [
        ("invoice", "invoi ce"),
        ("4711", "471 1"),
        ("übung", "übing"),
        ("für die rechnung", "für der rechnung"),
        ("tür", "tur"),
        ("müşteri sipariş", "müşteri, sipariş"),
        ("客户订单", "客户定单"),
        ("客户 invoice", "客户 in voice"),
        ("проверка", "проверить"),
    ],
)
def test_letters_are_found_large_and_small(letters: str, missing: str) -> None:
    assert in_plain_sight(letters) == letters
    spellings = [letters, letters.upper(), letters.title(), letters.swapcase()]
    here, apart = (
        [f"{before}{text}ſ" for text in texts for before in ("", "Ü-")] for texts in (spellings, [missing])
    )
    texts = sql.array([sql.literal(text) for text in here + apart])
    seen = sql.call("arrayMap", sql.lambda_("text", glance(sql.variable("text"), letters)), texts)
    ((found,),) = engine().query(f"SELECT {text_of(seen)}").result_rows
    assert [bool(each) for each in found] == [True] * len(here) + [False] * len(apart)
