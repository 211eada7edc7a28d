"""From the bound query to SELECT statements.

A `Block` is one SELECT in the making. Stages are put into the block of their input as long as that keeps
their meaning; when it would not (a filter after a limit, say) the block becomes a subquery of a new one.
Columns that nobody needs are never mentioned, so the engine does not read them.

    where, extend, project     join the block, unless it is grouped (or, for where, limited) or too heavy
    sort                       joins, unless the block is limited; replaces an earlier order
    take                       joins, unless the block is limited
    summarize                  joins a block of rows; its input's order is dropped
    join, union, mv-expand     begin a new block

Every SQL name is unique in the whole query, therefore an alias may be used anywhere in its SELECT, as
ClickHouse allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from sqlglot import exp

from gatelog.kql import relations as rel
from gatelog.kql.clickhouse import nodes, sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.lowering.block import Block, Latest, Names, Stored
from gatelog.kql.tables.view import StoredOrder, View
from gatelog.kql.terms import Field
from gatelog.kql.types import KqlType, clickhouse_type


def select_of(relation: rel.Relation, names: Iterable[str]) -> exp.Select:
    """The statement for a relation that returns the columns `names`, in that order."""
    wanted = list(names)
    return lower(relation, frozenset(wanted)).select(wanted)


def lower(relation: rel.Relation, need: Names) -> Block:
    """The block for a relation in which the columns `need` are in reach."""
    return _RULES[relation.__class__](relation, need)


def _scan(relation: rel.Scan, need: Names) -> Block:
    for guarded in relation.protected.values():
        if guarded.sql_name in need:
            raise rel.ProtectedColumnError(guarded.sql_name)
    if relation.table.view is not None:
        return _of_view(relation.table.view, relation, need)
    database, _, name = relation.table.source.rpartition(".")
    source = exp.Table(this=sql.identifier(name), db=sql.identifier(database) if database else None)
    columns: dict[str, Sql | None] = {}
    for sql_name, column in relation.columns.items():
        if sql_name in need:
            columns[sql_name] = None if sql_name == column else sql.stored(name, column)
    block = Block(source, columns)
    return block if all(node is None for node in columns.values()) else block.nested(columns)


def _of_view(view: View, relation: rel.Scan, need: Names) -> Block:
    """What the view selects, for the columns in need."""
    columns = {name: view.expressions[column] for name, column in relation.columns.items() if name in need}
    block = Block(view.source, {**columns}, where=list(view.restrictions))
    if view.choice is not None:
        chosen_by = next(name for name, column in relation.columns.items() if column == view.choice.column)
        block.source_within = partial(view.source_within, chosen_by)
    if view.latest is not None:
        ordered = next(name for name, column in relation.columns.items() if column == view.latest.column)
        block.latest = Latest(ordered, len(view.restrictions), view.latest.any_few, view.lately)
    if view.stored is not None:
        block.stored = _stored(view.stored, relation)
    return block


def _stored(order: StoredOrder, relation: rel.Scan) -> Stored:
    """The order of a view's rows, by the names that its columns have in the SQL."""
    sought = frozenset(name for name, column in relation.columns.items() if column in order.sought)
    ordered = next(name for name, column in relation.columns.items() if column == order.column)
    return Stored(ordered, order.sql, sought)


def _rows(relation: rel.Rows, need: Names) -> Block:
    shown = [place for place, field in enumerate(relation.fields) if field.sql_name in need] or [0]
    names = [relation.fields[place].sql_name for place in shown]
    if not relation.rows:
        empty = {name: _empty(relation.fields[place].type) for name, place in zip(names, shown, strict=True)}
        return Block(None, dict(empty), where=[sql.boolean(False)])
    structure = ", ".join(_declared(relation.fields[place]) for place in shown)
    rows = [exp.Tuple(expressions=[row[place] for place in shown]) for row in relation.rows]
    return Block(sql.call("values", structure, *rows), dict.fromkeys(names))


def _declared(field: Field) -> str:
    """A column in the structure that `values` takes as text."""
    name = field.sql_name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{name}` {clickhouse_type(field.type, nullable=True)}"


def _empty(kql_type: KqlType) -> Sql:
    if kql_type is KqlType.STRING:
        return sql.literal("")
    return sql.cast(sql.null(), clickhouse_type(kql_type, nullable=True))


def _single(_: rel.Single, __: Names) -> Block:
    return Block(None, {})


def _counted(relation: rel.Counted, _: Names) -> Block:
    name = relation.fields[0].sql_name
    columns = {"number": None, name: sql.call("toInt64", sql.column("number"))}
    numbers = Block(sql.call("numbers", relation.count), columns)
    return numbers.nested([name])


def _filter(relation: rel.Filter, need: Names) -> Block:
    need |= sql.columns_read(relation.condition)
    block = lower(relation.input, need)
    is_apart = block.limit is not None or block.group is not None or block.windowed
    if is_apart:
        block = block.nested(need)
    elif block.is_too_heavy([relation.condition]):
        block = block.set_apart(need)
    block.restrict(relation.condition)
    return block


def _compute(relation: rel.Compute, need: Names) -> Block:
    wanted = [computed for computed in relation.computed if computed.field.sql_name in need]
    if not wanted:
        return lower(relation.input, need)
    inner = need - {computed.field.sql_name for computed in wanted}
    inner = inner.union(*(computed.reads for computed in wanted))
    inner -= {computed.field.sql_name for computed in wanted}
    inner |= {key.sql_name for key in relation.input.order} if relation.windowed else frozenset()
    block = lower(relation.input, inner)
    is_apart = block.group is not None or (relation.windowed and (block.limit is not None or block.windowed))
    if is_apart:
        block = block.nested(inner)
    elif block.is_too_heavy(computed.sql for computed in wanted):
        block = block.set_apart(inner)
    block.compute(wanted)
    block.windowed = block.windowed or relation.windowed
    return block


def _kept(relation: rel.Kept, need: Names) -> Block:
    """The engine evaluates a subquery that is a value once, however often the statement has its text: the
    rows in one array, the same columns at each use, namely those that any use needs."""
    ordering = [key.sql_name for key in relation.order]
    wanted = dict.fromkeys([*(one.sql_name for one in relation.fields if one.sql_name in need), *ordering])
    kept = relation.rows
    new = [name for name in wanted if name not in kept.names]
    inner = sql.subquery(select_of(relation.input, [*kept.names, *new]))
    kept.names += new  # only now: what the asker may not have would be kept for the other uses too
    rows = sql.call("groupArray", sql.tuple_([sql.column(name) for name in kept.names]))
    kept.statement.args = {"expressions": [rows], "from_": nodes.make(exp.From, this=inner)}
    block = Block(None, {relation.row: sql.call("arrayJoin", sql.subquery(kept.statement))})
    block = block.nested([relation.row])
    for name in wanted:
        place = kept.names.index(name) + 1
        block.columns[name] = sql.call("tupleElement", sql.column(relation.row), place)
    return replace(block.nested(wanted), order=relation.order)


def _sort(relation: rel.Sort, need: Names) -> Block:
    need |= {key.sql_name for key in relation.keys}
    block = lower(relation.input, need)
    if block.limit is not None:
        block = block.nested(need)
    block.order = relation.keys
    return block


def _serialized(relation: rel.Serialized, need: Names) -> Block:
    return lower(relation.input, need)


def _unordered(relation: rel.Unordered, need: Names) -> Block:
    block = lower(relation.input, need)
    if block.limit is not None:
        block = block.nested(need)
    block.order = ()
    return block


def _limit(relation: rel.Limit, need: Names) -> Block:
    need |= set(relation.by)
    block = lower(relation.input, need)
    if block.limit is not None:
        block = block.nested(need)
    block.limit, block.limit_by = relation.count, relation.by
    return block


def _unnest(relation: rel.Unnest, need: Names) -> Block:
    items = dict(zip((item.sql_name for item in relation.items), relation.arrays, strict=True))
    inner = (need - items.keys()) | set(relation.arrays)
    block = lower(relation.input, inner).nested(inner)
    joined = [sql.alias(sql.column(array), item) for item, array in items.items()]
    block.joins.append(nodes.make(exp.Join, this=joined[0], expressions=joined[1:], kind="ARRAY"))
    block.columns.update(dict.fromkeys(items))
    return block


def _aggregate(relation: rel.Aggregate, need: Names) -> Block:
    aggregates = [computed for computed in relation.aggregates if computed.field.sql_name in need]
    if not relation.keys and not aggregates:
        aggregates = list(relation.aggregates[:1])
    made = (*relation.keys, *aggregates)
    inner = frozenset().union(*(computed.reads for computed in made))
    block = lower(relation.input, inner)
    keeps_order = relation.ordered and bool(block.order)
    is_apart = block.limit is not None or block.group is not None or block.windowed or keeps_order
    if is_apart or block.is_too_heavy(computed.sql for computed in made):
        block = _subquery_in_order(block, inner) if keeps_order else block.nested(inner)
    # The engine reads a key twice, and what is unfolded in the table within it then has two names.
    below = [key for key in relation.keys if block.looks_in_table(key.sql)]
    known = {key.field.sql_name for key in below}
    if below:
        block.compute(below)
        block = block.nested(inner | known)
    block.order = ()
    block.consumed = frozenset(block.columns) - known
    block.compute(computed for computed in made if computed.field.sql_name not in known)
    block.group = tuple(computed.field.sql_name for computed in relation.keys)
    return block


def _subquery_in_order(block: Block, need: Names) -> Block:
    """A new block over this one, whose rows arrive in its order."""
    names = [name for name in block.columns if name in need]
    return Block(sql.subquery(block.select(names)), dict.fromkeys(names))


def _join(relation: rel.Join, need: Names) -> Block:
    left = need | {name for one, _ in relation.on for name in sql.columns_read(one)}
    right = need | {name for _, other in relation.on for name in sql.columns_read(other)}
    sides = [_side(relation.left, left, "l"), _side(relation.right, right, "r")]
    on = sql.all_of([sql.binary(exp.NullSafeEQ, one, other) for one, other in relation.on])
    join = nodes.make(exp.Join, this=sides[1][0], kind=relation.kind, on=on)
    return Block(sides[0][0], dict.fromkeys([*sides[0][1], *sides[1][1]]), joins=[join])


def _side(relation: rel.Relation, need: Names, name: str) -> tuple[Sql, list[str]]:
    """A side of a join as a named subquery, and the names of its columns."""
    block = lower(relation, need)
    names = block.reachable(need)
    alias = nodes.make(exp.TableAlias, this=sql.identifier(name))
    side = nodes.make(exp.Subquery, this=block.in_any_order().select(names), alias=alias)
    return side, names


def _union(relation: rel.Union, need: Names) -> Block:
    places = [place for place, field in enumerate(relation.fields) if field.sql_name in need]
    names = [relation.fields[place].sql_name for place in places]
    selects: list[exp.Query] = []
    for branch in relation.branches:
        columns = tuple(rel.Computed(relation.fields[place], branch.columns[place]) for place in places)
        selects.append(select_of(rel.Compute(relation.fields, branch.input, columns), names))
    whole = selects[0]
    for select in selects[1:]:
        whole = nodes.make(exp.Union, this=whole, expression=select)
    return Block(sql.subquery(whole), dict.fromkeys(names))


_RULES: dict[type[rel.Relation], Callable[[Any, Names], Block]] = {
    rel.Scan: _scan,
    rel.Rows: _rows,
    rel.Single: _single,
    rel.Counted: _counted,
    rel.Filter: _filter,
    rel.Compute: _compute,
    rel.Copied: _compute,
    rel.Kept: _kept,
    rel.Sort: _sort,
    rel.Serialized: _serialized,
    rel.Unordered: _unordered,
    rel.Limit: _limit,
    rel.Unnest: _unnest,
    rel.Aggregate: _aggregate,
    rel.Join: _join,
    rel.Union: _union,
}
"""How each kind of relation is lowered; the relation is of the key's type."""
