"""Keys of bags that only the row knows: a path is taken apart, and walked, by the engine.

    "$.a['b c'][0]"  ──►  steps  a · b c · [0]          "a.b"  ──►  a.b, the name of a member

What stands below the top is removed where the path ends, and what is left put into what holds it, step by
step up to the bag:

    bag ─ a ─ b ─ c      b without c  ──►  a with that b  ──►  the bag with that a
"""

from __future__ import annotations

from gatelog.kql import json_values, sql
from gatelog.kql.formula import formula
from gatelog.kql.sql import Sql

PATH_STARTS = ("$.", "$[")
"""How a key begins that is a path; any other is the name of a member."""

_STEP = r"""\['[^']*'\]|\["[^"]*"\]|\[\d+\]|[^.\[\]]+"""
_STEPS = r"""
arrayMap(
    step -> if(match(step, '^\\[[\'"]'), substring(step, 3, length(step) - 4), step),
    extractAll(substring(path, 2), pattern)
)
"""
_BELOW = r"""
arrayFold(
    (node, step) -> if(
        match(step, '^\\[\\d+\\]$'),
        JSONExtractRaw(node, toInt64OrZero(substring(step, 2, length(step) - 2)) + 1),
        JSONExtractRaw(node, step)
    ),
    steps,
    json
)
"""
_HOLDER = "arraySlice(steps, 1, place - 1)"
_CHANGED = "arrayMap(pair -> if(pair.1 = name, (name, value), pair), members)"
_KEPT = "arrayFilter(pair -> pair.1 != name, members)"
_WRITTEN = """
concat('{', arrayStringConcat(arrayMap(pair -> concat(quoted, ':', pair.2), members), ','), '}')
"""


def _steps_of(key: Sql) -> Sql:
    """The steps of a key, Array(String); an index keeps its brackets."""
    is_path = sql.any_of([sql.call("startsWith", key, start) for start in PATH_STARTS])
    return sql.if_(is_path, formula(_STEPS, path=key, pattern=_STEP), sql.array([key]))


def _value_below(json: Sql, steps: Sql) -> Sql:
    """The JSON text that the steps lead to, empty where there is none."""
    return formula(_BELOW, json=json, steps=steps)


def has_key(bag: Sql, key: Sql) -> Sql:
    """Whether a bag has the key of the row."""
    return sql.call("toBool", sql.call("notEmpty", _value_below(bag, _steps_of(key))))


def without_keys(bag: Sql, keys: Sql) -> Sql:
    """A bag without the keys of the row, Array(String)."""
    key, left = sql.variable("key"), sql.variable("left")
    rest = sql.with_value(_steps_of(key), "steps", lambda steps: _without(left, steps))
    return sql.call("arrayFold", sql.lambda_pair("left", "key", rest), keys, bag)


def _without(bag: Sql, steps: Sql) -> Sql:
    last = sql.call("length", steps)
    members = formula(_KEPT, members=_members(bag, steps, last), name=sql.call("arrayElement", steps, last))
    removed = _put(bag, steps, sql.minus(last, 1), _written(members))
    return sql.if_(sql.eq(_value_below(bag, steps), ""), bag, removed)


def _put(bag: Sql, steps: Sql, last: Sql, value: Sql) -> Sql:
    """The bag with another JSON text where the first `last` steps lead to."""
    place = sql.variable("place")
    name = sql.call("arrayElement", steps, place)
    changed = formula(_CHANGED, members=_members(bag, steps, place), name=name, value=sql.variable("value"))
    places = sql.call("reverse", sql.call("range", 1, sql.plus(last, 1)))
    return sql.call("arrayFold", sql.lambda_pair("value", "place", _written(changed)), places, value)


def _members(bag: Sql, steps: Sql, place: Sql) -> Sql:
    """The members of the bag in which the step at `place` is a name."""
    return json_values.pairs(_value_below(bag, formula(_HOLDER, steps=steps, place=place)))


def _written(members: Sql) -> Sql:
    quoted = json_values.quoted(sql.call("tupleElement", sql.variable("pair"), 1))
    return formula(_WRITTEN, members=members, quoted=quoted)
