"""A bound relation once more, in columns of its own: other names in the SQL, nothing else.

Names in the SQL are unique in the whole query, so that each use of a table needs columns of its own. To write
the names anew takes a fraction of binding the table's text once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import astuple

from gatelog.kql import ast
from gatelog.kql import relations as rel
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.replacing import Replacing
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.context import Context
from gatelog.kql.tables.schema import JsonPath
from gatelog.kql.terms import Field, Hidden, JsonSource, Origin, ValueText, Words


def renamed(relation: rel.Relation, guarded_at: Mapping[str, ast.Name], context: Context) -> rel.Relation:
    """The relation with all columns that are made in it called anew; `guarded_at` is where it names protected
    ones."""
    return _Renaming(guarded_at, context).relation(relation)


def is_renamable(relation: rel.Relation) -> bool:
    """Whether all of it can be called anew; what is kept for several uses cannot."""
    waiting, seen = [relation], set()
    while waiting:
        one = waiting.pop()
        if one.__class__ not in _RULES:
            return False
        if id(one) not in seen:
            seen.add(id(one))
            waiting += _inputs(one)
    return True


def _inputs(relation: rel.Relation) -> Iterable[rel.Relation]:
    match relation:
        case rel.Stage(input=only):
            return (only,)
        case rel.Join(left=left, right=right):
            return (left, right)
        case rel.Union(branches=branches):
            return (branch.input for branch in branches)
        case _:
            return ()


class _Renaming:
    """Knows the new name of each column from where it is made; what is above asks for it. Relations, rows and
    columns that are shared stay so."""

    def __init__(self, guarded_at: Mapping[str, ast.Name], context: Context) -> None:
        self._guarded_at = guarded_at
        self._context = context
        self._names: dict[str, str] = {}
        self._values: dict[str, Sql] = {}
        self._sql = Replacing(self._values)
        self._relations: dict[int, rel.Relation] = {}
        self._rows: dict[int, tuple[Field, ...]] = {}
        self._fields: dict[int, Field] = {}

    def relation(self, relation: rel.Relation) -> rel.Relation:
        """The relation in its new names."""
        known = self._relations.get(id(relation))
        if known is None:
            known = self._relations[id(relation)] = _RULES[relation.__class__](self, relation)
        return known

    def _called(self, sql_name: str, name: str) -> None:
        """Gives a column that is made here another name."""
        fresh = self._context.fresh(name)
        self._names[sql_name] = fresh
        self._values[sql_name] = sql.column(fresh)

    def _all_called(self, fields: Iterable[Field]) -> None:
        for field in fields:
            self._called(field.sql_name, field.name)

    def _guarded_called(self, sql_name: str, name: str) -> None:
        """As `_called`, for a column that is refused where its value is needed: at its place in the text."""
        self._called(sql_name, name)
        named_at = self._guarded_at.get(sql_name)
        if named_at is not None:
            self._context.guarded_at[self._name(sql_name)] = named_at

    def _name(self, sql_name: str) -> str:
        return self._names.get(sql_name, sql_name)

    def _row(self, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        known = self._rows.get(id(fields))
        if known is None:
            known = self._rows[id(fields)] = tuple([self._field(field) for field in fields])
        return known

    def _field(self, field: Field) -> Field:
        known = self._fields.get(id(field))
        if known is None:
            known = self._fields[id(field)] = self._new_field(field)
        return known

    def _new_field(self, field: Field) -> Field:
        source = None if field.source is None else self._source(field.source)
        filter_ = None if field.filter is None else self._sql(field.filter)
        return Field(field.name, field.type, self._name(field.sql_name), field.nullable, source, filter_)

    def _source(self, source: JsonSource) -> JsonSource:
        def typed_column(path: JsonPath) -> Field | None:
            found = source.typed_column(path)
            return None if found is None else self._new_field(found)

        origin = None if source.origin is None else self._origin(source.origin)
        value = None if source.value is None else self._value(source.value)
        return JsonSource(typed_column, source.path, self._words(source.words), origin, value)

    def _value(self, value: ValueText) -> ValueText:
        return ValueText(self._name(value.sql_name), self._origin(value.origin), self._name(value.stands))

    def _origin(self, origin: Origin) -> Origin:
        return Origin(self._name(origin.sql_name), origin.added, self._words(origin.words), origin.whole)

    def _words(self, words: Words | None) -> Words | None:
        if words is None:
            return None
        first, *others = astuple(words)
        return Words(self._name(first), *(name and self._name(name) for name in others))

    def _hidden(self, hidden: Hidden) -> Hidden:
        guarded = {name: self._field(field) for name, field in hidden.guarded.items()}
        return Hidden(guarded, None if hidden.ingested is None else self._field(hidden.ingested))

    def _computed(self, computed: Iterable[rel.Computed]) -> tuple[rel.Computed, ...]:
        return tuple([rel.Computed(self._field(one.field), self._sql(one.sql)) for one in computed])

    def _keys(self, keys: Iterable[rel.SortKey]) -> tuple[rel.SortKey, ...]:
        return tuple([key._replace(sql_name=self._name(key.sql_name)) for key in keys])

    def scan(self, scan: rel.Scan) -> rel.Relation:
        for sql_name, column in scan.columns.items():
            self._called(sql_name, column)
        for field in scan.protected.values():
            self._guarded_called(field.sql_name, f"{field.name}!")
        columns = {self._names[sql_name]: column for sql_name, column in scan.columns.items()}
        hidden = self._hidden(scan.hidden)
        row = self._row(scan.fields)
        return rel.Scan(row, scan.table, columns, protected=hidden.guarded, ingested=hidden.ingested)

    def rows(self, rows: rel.Rows) -> rel.Relation:
        self._all_called(rows.fields)
        return rel.Rows(self._row(rows.fields), rows.rows)

    def counted(self, counted: rel.Counted) -> rel.Relation:
        self._all_called(counted.fields)
        return rel.Counted(self._row(counted.fields), counted.count)

    def filter(self, stage: rel.Filter) -> rel.Relation:
        below = self.relation(stage.input)
        return rel.Filter(self._row(stage.fields), below, self._sql(stage.condition))

    def compute(self, stage: rel.Compute) -> rel.Relation:
        below = self.relation(stage.input)
        self._all_called(one.field for one in stage.computed)
        return rel.Compute(self._row(stage.fields), below, self._computed(stage.computed), stage.windowed)

    def copied(self, stage: rel.Copied) -> rel.Relation:
        below = self.relation(stage.input)
        self._all_called(one.field for one in stage.computed)
        computed, known = self._computed(stage.computed), self._hidden(stage.known)
        return rel.Copied(self._row(stage.fields), below, computed, stage.windowed, known)

    def sort(self, stage: rel.Sort) -> rel.Relation:
        below = self.relation(stage.input)
        return rel.Sort(self._row(stage.fields), below, self._keys(stage.keys))

    def serialized(self, stage: rel.Serialized) -> rel.Relation:
        below = self.relation(stage.input)
        return rel.Serialized(self._row(stage.fields), below)

    def unordered(self, stage: rel.Unordered) -> rel.Relation:
        below = self.relation(stage.input)
        return rel.Unordered(self._row(stage.fields), below)

    def limit(self, stage: rel.Limit) -> rel.Relation:
        below = self.relation(stage.input)
        by = tuple(map(self._name, stage.by))
        return rel.Limit(self._row(stage.fields), below, stage.count, by)

    def unnest(self, stage: rel.Unnest) -> rel.Relation:
        below = self.relation(stage.input)
        self._all_called(stage.items)
        arrays = tuple(map(self._name, stage.arrays))
        return rel.Unnest(self._row(stage.fields), below, self._row(stage.items), arrays)

    def aggregate(self, stage: rel.Aggregate) -> rel.Relation:
        below = self.relation(stage.input)
        self._all_called(one.field for one in (*stage.keys, *stage.aggregates))
        keys, aggregates = self._computed(stage.keys), self._computed(stage.aggregates)
        return rel.Aggregate(self._row(stage.fields), below, keys, aggregates, stage.ordered)

    def join(self, join: rel.Join) -> rel.Relation:
        left, right = self.relation(join.left), self.relation(join.right)
        on = tuple([(self._sql(one), self._sql(other)) for one, other in join.on])
        return rel.Join(self._row(join.fields), left, right, join.kind, on, join.one_left)

    def union(self, union: rel.Union) -> rel.Relation:
        inputs = [self.relation(branch.input) for branch in union.branches]
        self._all_called(union.fields)
        branches = [
            rel.Branch(below, tuple(map(self._sql, branch.columns)))
            for below, branch in zip(inputs, union.branches, strict=True)
        ]
        return rel.Union(self._row(union.fields), tuple(branches))


_RULES: dict[type[rel.Relation], Callable[[_Renaming, Any], rel.Relation]] = {
    rel.Scan: _Renaming.scan,
    rel.Rows: _Renaming.rows,
    rel.Single: lambda _, single: single,
    rel.Counted: _Renaming.counted,
    rel.Filter: _Renaming.filter,
    rel.Compute: _Renaming.compute,
    rel.Copied: _Renaming.copied,
    rel.Sort: _Renaming.sort,
    rel.Serialized: _Renaming.serialized,
    rel.Unordered: _Renaming.unordered,
    rel.Limit: _Renaming.limit,
    rel.Unnest: _Renaming.unnest,
    rel.Aggregate: _Renaming.aggregate,
    rel.Join: _Renaming.join,
    rel.Union: _Renaming.union,
}
"""How each kind of relation is renamed; the relation is of the key's type."""
