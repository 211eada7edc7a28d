"""pivot: rows to columns; narrow: columns to rows.

Without a schema (`evaluate pivot(x) : (key: string, a: long)`) the data are asked for the values of the
column that is turned; the columns come in the order of their names.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql import ast
from gatelog.kql.aggregates import AGGREGATES, AggregateFunction, any_value
from gatelog.kql.clickhouse import sql
from gatelog.kql.names.naming import Names
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Relation, Serialized, Unnest
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.computing import with_windows
from gatelog.kql.stages.plugin_arguments import asked, named_column
from gatelog.kql.terms import Field, reference
from gatelog.kql.types import KqlType
from gatelog.kql.values.comparisons import compare
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.literals import string_term

DYNAMIC, STRING, LONG = KqlType.DYNAMIC, KqlType.STRING, KqlType.LONG

_DOCUMENTED = "min max sum dcount avg stdev variance make_list make_bag make_set count"
_OLD_NAMES = "makelist makeset"
_ANY = AggregateFunction("take_any", 1, 1, any_value, "")
_PIVOTED = {
    **{name: AGGREGATES[name] for name in f"{_DOCUMENTED} {_OLD_NAMES}".split()},
    "take_any": _ANY,
    "any": _ANY,
}


def pivot(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """`pivot(column [, aggregate [, column ...]])`: a column for each value of the first."""
    if not call.arguments:
        raise scope.context.error(call, "pivot takes the column to rotate")
    turned = named_column(call.arguments[0], call, relation, scope)
    rest = list(call.arguments[1:])
    aggregate = rest.pop(0) if rest and isinstance(rest[0], ast.Call) else ast.Call(call.span, "count", ())
    assert isinstance(aggregate, ast.Call)
    row = _PIVOTED.get(aggregate.function)
    if row is None:
        raise scope.context.error(aggregate, f"pivot cannot aggregate with {aggregate.function}()")
    if not row.least <= len(aggregate.arguments) <= row.most:
        wanted = str(row.most) if row.least == row.most else f"{row.least} to {row.most}"
        raise scope.context.error(aggregate, f"{aggregate.function}() takes {wanted} arguments")
    row_scope = scope.over(relation)
    arguments = [bind(argument, row_scope) for argument in aggregate.arguments]
    used = {node.value for node in aggregate.arguments if isinstance(node, ast.Name)} | {turned.name}
    keys = (
        [named_column(node, call, relation, scope) for node in rest]
        if rest
        else [field for field in relation.fields if field.name not in used]
    )
    values, names = _pivot_values(turned, keys, stage, relation, scope)
    made_keys = [_copy(field, scope) for field in keys]
    cells = []
    text = convert(reference(turned), STRING)
    for value, name in zip(values, names, strict=True):
        test = compare("==", text, string_term(value))
        with scope.context.at(aggregate):
            term = row.build(arguments, test)
        cells.append(Computed(scope.context.field(name, term.type, nullable=term.nullable), term.sql))
    fields = tuple(computed.field for computed in (*made_keys, *cells))
    return Aggregate(fields, with_windows(relation, row_scope), tuple(made_keys), tuple(cells), row.ordered)


def _copy(field: Field, scope: Scope) -> Computed:
    return Computed(
        scope.context.field(field.name, field.type, nullable=field.nullable), sql.column(field.sql_name)
    )


def _pivot_values(
    turned: Field, keys: Sequence[Field], stage: ast.Evaluate, relation: Relation, scope: Scope
) -> tuple[list[str], list[str]]:
    """The values to make columns of, and the columns' names."""
    names = Names(field.name for field in keys)
    if stage.schema is not None:
        known = {field.name for field in keys}
        values = [column.name for column in stage.schema.columns if column.name not in known]
    else:
        key = Computed(scope.context.field("value", STRING), convert(reference(turned), STRING).sql)
        distinct = Aggregate((key.field,), relation, (key,), ())
        values = sorted(str(row[0]) for row in asked(distinct, [key.field.sql_name], stage, scope))
    return values, [names.add(value) for value in values]


def narrow(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:  # noqa: ARG001 # every plugin gets them
    """`narrow()`: a row for each cell: the number of its row from 0, its column, its value as text."""
    if call.arguments:
        raise scope.context.error(call.arguments[0], "narrow takes no arguments")
    source = relation if relation.serialized else Serialized(relation.fields, relation)
    row_scope = scope.over(source)
    first = ast.Literal(call.span, LONG.value, 0)
    number = bind(ast.Call(call.span, "row_number", (first,)), row_scope)
    cells = [
        sql.tuple_([sql.literal(field.name), convert(reference(field), STRING).sql])
        for field in relation.fields
    ]
    cells_field = scope.context.field("cells", DYNAMIC)
    item = scope.context.field("cell", DYNAMIC)
    packed = Compute(
        relation.fields, with_windows(source, row_scope), (Computed(cells_field, sql.array(cells)),)
    )
    unnested = Unnest(relation.fields, packed, (item,), (cells_field.sql_name,))
    made = [
        Computed(scope.context.field("Row", LONG, nullable=False), number.sql),
        *(
            Computed(
                scope.context.field(name, STRING), sql.call("tupleElement", sql.column(item.sql_name), place)
            )
            for place, name in ((1, "Column"), (2, "Value"))
        ),
    ]
    return Compute(tuple(computed.field for computed in made), unnested, tuple(made))
