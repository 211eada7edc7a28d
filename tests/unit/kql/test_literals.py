"""Constants of the query as terms."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gatelog.kql.ast import LiteralValue
from gatelog.kql.clickhouse.nodes import LEAF_CHARACTERS_MAX
from gatelog.kql.clickhouse.writer import text_of
from gatelog.kql.types import KqlType
from gatelog.kql.values.literals import literal_term


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (KqlType.DYNAMIC, 1, True),
        (KqlType.DYNAMIC, 0, False),
        (KqlType.REAL, 0.0, -0.0),
        (KqlType.DECIMAL, 1, -1),
        (KqlType.DECIMAL, Decimal("1.0"), Decimal("1.00")),
        (KqlType.STRING, "1", "1 "),
    ],
)
def test_constants_that_python_calls_equal_stay_apart(
    kind: KqlType, one: LiteralValue, other: LiteralValue
) -> None:
    terms = [literal_term(kind, value) for value in (one, other, one)]
    texts = [text_of(term.sql) for term in terms]
    assert texts[0] == texts[2] != texts[1]
    assert [repr(term.constant.value) for term in terms if term.constant] == [
        repr(one),
        repr(other),
        repr(one),
    ]


def test_a_number_of_each_type_is_of_that_type() -> None:
    kinds = [KqlType.INT, KqlType.LONG, KqlType.REAL, KqlType.DECIMAL, KqlType.TIMESPAN]
    assert [literal_term(kind, 1).type for kind in kinds] == kinds


def test_only_short_texts_are_kept() -> None:
    short, long = "x" * LEAF_CHARACTERS_MAX, "x" * (LEAF_CHARACTERS_MAX + 1)
    assert literal_term(KqlType.STRING, short) is literal_term(KqlType.STRING, short)
    assert literal_term(KqlType.STRING, long) is not literal_term(KqlType.STRING, long)
