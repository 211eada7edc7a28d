"""Keys of bags that only the row knows: a path is taken apart, and walked, by the engine.

    "$.a['b c'][0]"  ──►  steps  .a · .b c · [0]          "a.b"  ──►  .a.b, the name of a member

What stands below the top is removed where the path ends, and what is left put into what holds it, step by
step up to the bag:

    bag ─ a ─ b ─ c      b without c  ──►  a with that b  ──►  the bag with that a
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.values import json_values

PATH_STARTS = ("$.", "$[")
"""How a key begins that is a path; any other is the name of a member."""

_STEP = r"""\['[^']*'\]|\["[^"]*"\]|\[\d+\]|[^.\[\]]+"""
_PATH = rf"^\$(\.?({_STEP}))+$"
_STEPS = r"""
arrayMap(
    step -> multiIf(
        match(step, '^\\[\\d'), step,
        startsWith(step, '['), concat('.', substring(step, 3, length(step) - 4)),
        concat('.', step)
    ),
    if(match(path, whole), extractAll(substring(path, 2), pattern), [])
)
"""
_BELOW = r"""
arrayFold(
    (node, step) -> multiIf(
        startsWith(step, '.'), JSONExtractRaw(node, substring(step, 2)),
        JSONType(node) = 'Array',
        JSONExtractRaw(node, toInt64OrZero(substring(step, 2, length(step) - 2)) + 1),
        ''
    ),
    steps,
    json
)
"""
_IS_THERE = "toBool(notEmpty(steps) AND notEmpty(value))"
_ALL_NAMES = "notEmpty(steps) AND arrayAll(step -> startsWith(step, '.'), steps)"
_NAME = "substring(steps[place], 2)"
_HOLDER = "arraySlice(steps, 1, place - 1)"
_CHANGED = "arrayMap(pair -> if(pair.1 = name, (name, value), pair), members)"
_SET = """
if(
    arrayExists(pair -> pair.1 = name, members),
    arrayMap(pair -> if(pair.1 = name, (name, value), pair), members),
    arrayPushBack(members, (name, value))
)
"""
_KEPT = "arrayFilter(pair -> pair.1 != name, members)"
_WRITTEN = """
concat('{', arrayStringConcat(arrayMap(pair -> concat(quoted, ':', pair.2), members), ','), '}')
"""


def _steps_of(key: Sql) -> Sql:
    """The steps of a key, Array(String), a name behind a point; none for a path that cannot be read."""
    is_path = sql.any_of([sql.call("startsWith", key, start) for start in PATH_STARTS])
    steps = formula(_STEPS, path=key, whole=_PATH, pattern=_STEP)
    return sql.if_(is_path, steps, sql.array([sql.call("concat", ".", key)]))


def _value_below(json: Sql, steps: Sql) -> Sql:
    """The JSON text that some steps lead to, empty where there is none."""
    return formula(_BELOW, json=json, steps=steps)


_AT_PATH = """
multiIf(path = '$', json, startsWith(path, '$') AND notEmpty(steps), value, '')
"""


def value_at(json: Sql, path: Sql) -> Sql:
    """The JSON text at a path of the row, empty where there is none and for what is no path."""

    def found(steps: Sql) -> Sql:
        return formula(_AT_PATH, path=path, json=json, steps=steps, value=_value_below(json, steps))

    return sql.with_value(_steps_of(path), "steps", found)


def has_key(bag: Sql, key: Sql) -> Sql:
    """Whether a bag has the key of the row."""
    return sql.with_value(
        _steps_of(key), "steps", lambda steps: formula(_IS_THERE, steps=steps, value=_value_below(bag, steps))
    )


def without_keys(bag: Sql, keys: Sql) -> Sql:
    """A bag without the keys of the row, Array(String)."""
    key, left = sql.variable("key"), sql.variable("left")
    rest = sql.with_value(_steps_of(key), "steps", lambda steps: _without(left, steps))
    return sql.call("arrayFold", sql.lambda_pair("left", "key", rest), keys, bag)


def with_key(bag: Sql, key: Sql, value: Sql) -> Sql:
    """A bag with a JSON text at the key of the row; NULL for a path that has an index, or cannot be read."""

    def changed(steps: Sql) -> Sql:
        is_known = formula(_ALL_NAMES, steps=steps)
        return sql.if_(is_known, _put(bag, steps, sql.call("length", steps), value, _SET), sql.null())

    return sql.with_value(_steps_of(key), "steps", changed)


def _without(bag: Sql, steps: Sql) -> Sql:
    """The bag without what its members, and theirs, lead to; arrays stay as they are."""
    last = sql.call("length", steps)
    members = formula(_KEPT, members=_members(bag, steps, last), name=formula(_NAME, steps=steps, place=last))
    removed = _put(bag, steps, sql.minus(last, 1), _written(members))
    found = sql.all_of([formula(_ALL_NAMES, steps=steps), sql.ne(_value_below(bag, steps), "")])
    return sql.if_(found, removed, bag)


def _put(bag: Sql, steps: Sql, last: Sql, value: Sql, member: str = _CHANGED) -> Sql:
    """The bag with another JSON text where the first `last` steps lead to, `member` by member."""
    place = sql.variable("place")
    name = formula(_NAME, steps=steps, place=place)
    changed = formula(member, members=_members(bag, steps, place), name=name, value=sql.variable("value"))
    places = sql.call("reverse", sql.call("range", 1, sql.plus(last, 1)))
    return sql.call("arrayFold", sql.lambda_pair("value", "place", _written(changed)), places, value)


def with_member(bag: Sql, name: Sql, value: Sql) -> Sql:
    """A bag with a JSON text as its member of this name; what is no bag gives place to one."""
    return _written(formula(_SET, members=json_values.pairs(bag), name=name, value=value))


def _members(bag: Sql, steps: Sql, place: Sql) -> Sql:
    """The members of the bag in which the step at `place` is a name."""
    return json_values.pairs(_value_below(bag, formula(_HOLDER, steps=steps, place=place)))


def _written(members: Sql) -> Sql:
    quoted = json_values.quoted(sql.call("tupleElement", sql.variable("pair"), 1))
    return formula(_WRITTEN, members=members, quoted=quoted)
