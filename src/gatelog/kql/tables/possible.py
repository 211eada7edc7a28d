"""Whether a condition can hold where one of its columns has a given text.

    "MetricName" = 'Latency' AND "Total" > 1      with MetricName 'Latency': it can, with 'DataIn' it cannot

Only what is plain is judged: a column against constants, and, or. Anything else may hold.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from gatelog.kql.clickhouse.nodes import Call
from gatelog.kql.clickhouse.sql import Sql


def may_hold(condition: Sql, column: str, text: str) -> bool:
    """Whether `condition` can hold in a row whose `column` (a name in the SQL) is `text`, of ASCII."""
    match condition:
        case exp.Paren():
            return may_hold(condition.this, column, text)
        case exp.And():
            return all(may_hold(part, column, text) for part in _operands(condition))
        case exp.Or():
            return any(may_hold(part, column, text) for part in _operands(condition))
        case exp.EQ():
            return _may_equal(condition.this, [condition.expression], column, text)
        case exp.In() if condition.expressions:
            return _may_equal(condition.this, condition.expressions, column, text)
        case _:
            return True


def _operands(chain: Sql) -> Iterator[Sql]:
    """Those of a chain of one operator. It leans to the left and can be long."""
    node = chain
    while node.__class__ is chain.__class__:
        yield node.expression
        node = node.this
    yield node


def _may_equal(value: Sql, others: list[Sql], column: str, text: str) -> bool:
    known = _known(value, column, text)
    return known is None or any(_known(other, column, text) in {known, None} for other in others)


def _known(node: Sql, column: str, text: str) -> str | None:
    """The text that an expression has; None if it is not known."""
    match node:
        case exp.Literal(is_string=True):
            return str(node.this)
        case exp.Column():
            return text if node.name == column else None
        case Call() if node.this == "lowerUTF8":
            below = _known(node.expressions[0], column, text)
            return below.lower() if below is not None and below.isascii() else None
        case _:
            return None
