"""summarize and distinct: groups and their aggregates."""

from __future__ import annotations

from collections.abc import Sequence, Set

from gatelog.kql import ast
from gatelog.kql.aggregates import any_value, check_ordered, percentages, percentile
from gatelog.kql.clickhouse import sql
from gatelog.kql.names.naming import Names, chosen_names, result_name
from gatelog.kql.names.own_names import is_own
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Computed, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.columns import bind_distinct_list, choose, implied_name
from gatelog.kql.stages.computing import with_windows
from gatelog.kql.stages.rows import bind_take, bind_top
from gatelog.kql.terms import Term, reference
from gatelog.kql.types import KqlType


def bind_distinct(stage: ast.Distinct, relation: Relation, scope: Scope) -> Relation:
    """Each combination of values once."""
    listed = bind_distinct_list(stage, relation, scope)
    for field in listed.fields:
        check_key(field.type, field.name, stage, scope)
    keys = [_key(reference(field), field.name, scope) for field in listed.fields]
    return Aggregate(tuple(key.field for key in keys), listed, tuple(keys), ())


def check_key(kind: KqlType, name: str | None, node: ast.Node, scope: Scope) -> None:
    """Kusto tells no dynamics apart."""
    if kind is KqlType.DYNAMIC:
        what = f"'{name}'" if name else "this"
        message = f"{what} is dynamic: it cannot be grouped by"
        raise scope.context.error(node, message, "wrap it in tostring()")


def bind_sample_distinct(stage: ast.SampleDistinct, relation: Relation, scope: Scope) -> Relation:
    """Some of the distinct values of one column."""
    distinct, take = sampled_values(stage)
    return bind_take(take, bind_distinct(distinct, relation, scope), scope)


def sampled_values(stage: ast.SampleDistinct) -> tuple[ast.Distinct, ast.Take]:
    """The stages that sample-distinct stands for."""
    return ast.Distinct(stage.span, (stage.of,)), ast.Take(stage.span, stage.count)


def bind_top_hitters(stage: ast.TopHitters, relation: Relation, scope: Scope) -> Relation:
    """The values that occur most often, or whose weights add up to most."""
    summarize, top = counted_values(stage)
    return bind_top(top, bind_summarize(summarize, relation, scope), scope)


def counted_values(stage: ast.TopHitters) -> tuple[ast.Summarize, ast.Top]:
    """The stages that top-hitters stands for."""
    weight = stage.by.value if stage.by is not None else None
    base = result_name(weight if weight is not None else stage.of.value) or ""
    name = f"approximate_{'count' if weight is None else 'sum'}_{base}"
    arguments = () if weight is None else (weight,)
    call = ast.Call(stage.span, "count" if weight is None else "sum", arguments)
    total = ast.NamedExpression(stage.span, (ast.Name(stage.span, name),), call)
    key = ast.NamedExpression(stage.span, (), ast.Name(stage.span, name))
    order = ast.Ordering(stage.span, key, descending=True, nulls_first=False)
    top = ast.Top(stage.span, stage.count, (order,))
    return ast.Summarize(stage.span, (total,), (stage.of,)), top


def _key(term: Term, name: str, scope: Scope) -> Computed:
    return Computed(scope.context.field(name, term.type, nullable=term.nullable), term.sql)


def bind_summarize(stage: ast.Summarize, relation: Relation, scope: Scope) -> Relation:
    """A row for each combination of the keys: the keys, then the aggregates."""
    if stage.bin is not None:
        raise scope.context.unsupported(stage, "the old 'by x bin = ...'", "write by bin(x, ...)")
    row_scope = scope.over(relation)
    names = Names()
    keys = [_bound_key(item, row_scope, names) for item in stage.by]
    shown = tuple(key.field for key in keys)
    aggregate_scope = row_scope.aggregating(shown)
    grouped = {name for item in stage.by if (name := _column_of(item.value)) is not None}
    made: list[Computed] = []
    for item in stage.aggregates:
        made += _bound_aggregate(item, relation, grouped, aggregate_scope, names)
    fields = (*shown, *(computed.field for computed in made))
    return Aggregate(
        fields, with_windows(relation, row_scope), tuple(keys), tuple(made), row_scope.pending.ordered
    )


def _bound_key(item: ast.NamedExpression, scope: Scope, names: Names) -> Computed:
    term = bind(item.value, scope)
    given = item.names[0].value if item.names else implied_name(item.value, scope)
    check_key(term.type, given, item, scope)
    if given in chosen_names(item):
        choose(given, names, item, scope)
    return _key(term, names.counted() if given is None else names.add(given), scope)


def _bound_aggregate(
    item: ast.NamedExpression, relation: Relation, grouped: Set[str], scope: Scope, names: Names
) -> list[Computed]:
    """The columns of one item: one, or several for arg_max, take_any and percentiles."""
    columns = _columns(item, relation, grouped, scope)
    given = [name.value for name in item.names]
    if len(given) > max(len(columns), 1):
        made_here = "one column" if len(columns) == 1 else f"{len(columns)} columns"
        raise scope.context.error(item, f"{len(given)} names for {made_here}")
    made = []
    for place, (name, term) in enumerate(columns):
        chosen = given[place] if place < len(given) else name
        if place < len(given):
            choose(given[place], names, item, scope)
        unique = names.counted() if chosen is None else names.add(chosen)
        made.append(Computed(scope.context.field(unique, term.type, nullable=term.nullable), term.sql))
    return made


_PERCENTILES = ("percentile", "percentiles", "percentilew", "percentilesw")
_PERCENTILE_ARRAYS = ("percentiles_array", "percentilesw_array")
"""With a w a second argument is the weight of the first."""
ROW_AGGREGATES = (
    *("arg_max", "arg_min", "argmax", "argmin", "take_any", "any"),
    *(*_PERCENTILES, *_PERCENTILE_ARRAYS),
)
"""Aggregates that may make several columns; `_columns` takes them apart."""


def _columns(
    item: ast.NamedExpression, relation: Relation, grouped: Set[str], scope: Scope
) -> list[tuple[str | None, Term]]:
    match item.value:
        case ast.Call(function="arg_max" | "arg_min" | "argmax" | "argmin") as call:
            return _extreme_row(call, relation, grouped, scope)
        case ast.Call(function="take_any" | "any") as call:
            return _any_row(call, relation, grouped, scope)
        case ast.Call(function=function) as call if function in (*_PERCENTILES, *_PERCENTILE_ARRAYS):
            return percentile_columns(call, scope)
        case value:
            return [(result_name(value), bind(value, scope))]


def _expanded(
    arguments: Sequence[ast.Expression], relation: Relation, shown: Set[str], scope: Scope
) -> list[tuple[str | None, Term]]:
    """The arguments with their names; `*` stands for all columns but those `shown` already. Beside it no
    column is named twice.
    """
    seen = set(shown)
    with_star = any(isinstance(argument, ast.Star) for argument in arguments)
    columns: list[tuple[str | None, Term]] = []
    for argument in arguments:
        if isinstance(argument, ast.Star):
            others = [one for one in relation.fields if one.name not in seen and not is_own(one.name)]
            columns += [(field.name, reference(field)) for field in others]
            seen.update(field.name for field in relation.fields)
            continue
        column = _column_of(argument)
        if not (with_star and column in seen):
            columns.append((result_name(argument), bind(argument, scope)))
        if column is not None:
            seen.add(column)
    return columns


def _column_of(node: ast.Expression) -> str | None:
    """The column that an expression is, whatever it is called; None of one that computes."""
    if isinstance(node, ast.NamedArgument):
        node = node.value
    return node.value if isinstance(node, ast.Name) else None


def _extreme_row(
    call: ast.Call, relation: Relation, grouped: Set[str], scope: Scope
) -> list[tuple[str | None, Term]]:
    """`arg_max(x, a, b)`: the largest x, and a and b of a row that has it. The obsolete argmax() names its
    columns max_x, max_x_a, max_x_b."""
    if not call.arguments:
        raise scope.context.error(call, f"{call.function}() needs what to compare")
    largest = "max" in call.function
    inner = scope.inside_aggregate()
    first = bind(call.arguments[0], inner)
    with scope.context.at(call.arguments[0]):
        check_ordered(first)
    first_name = result_name(call.arguments[0])
    compared = _column_of(call.arguments[0])
    shown = grouped if compared is None else {*grouped, compared}
    columns = _expanded(call.arguments[1:], relation, shown, inner)
    function = "argMax" if largest else "argMin"
    rank = _rank(function, first)
    stem = f"{'max' if largest else 'min'}_{first_name or ''}"
    obsolete = not call.function.startswith("arg_")
    made = [(stem if obsolete else first_name or stem, _of_row(function, first, rank))]
    for place, (name, term) in enumerate(columns, 1):
        own = name or f"arg{place}"
        prefixed = f"{stem}_{own}" if obsolete or name is None else own
        made.append((prefixed, _of_row(function, term, rank)))
    return list(made)


def _of_row(function: str, term: Term, rank: sql.Sql) -> Term:
    return _unwrapped(sql.call(function, _wrapped(term), rank), term)


def _of_any_row(term: Term) -> Term:
    return _unwrapped(sql.call("any", _wrapped(term)), term)


def _wrapped(term: Term) -> sql.Sql:
    """In a tuple, because ClickHouse would pass over rows where the wanted value is NULL."""
    return sql.call("tuple", term.sql if term.nullable or term.type is KqlType.STRING else _nullable(term))


def _unwrapped(chosen: sql.Sql, term: Term) -> Term:
    node = sql.call("tupleElement", chosen, 1)
    return Term(term.type, node, nullable=term.type is not KqlType.STRING)


def _rank(function: str, by: Term) -> sql.Sql:
    """What to compare: NaN is the first choice both ways, null the last."""
    largest = function == "argMax"
    ranks: list[sql.Sql] = []
    if by.nullable:
        ranks.append(sql.call("isNotNull" if largest else "isNull", by.sql))
    if by.type is KqlType.REAL:
        nan = sql.if_null(sql.call("isNaN", by.sql), 0)
        ranks.append(nan if largest else sql.not_(nan))
    value = sql.call("assumeNotNull", by.sql) if by.nullable else by.sql
    return sql.tuple_([*ranks, value]) if ranks else value


def _nullable(term: Term) -> sql.Sql:
    return sql.call("toNullable", term.sql)


def _any_row(
    call: ast.Call, relation: Relation, grouped: Set[str], scope: Scope
) -> list[tuple[str | None, Term]]:
    """Some value; several of them are of one row."""
    if not call.arguments:
        raise scope.context.error(call, f"{call.function}() needs the columns to take a value of")
    columns = _expanded(call.arguments, relation, grouped, scope.inside_aggregate())
    prefix = "any_" if call.function == "any" else ""
    values = [any_value([columns[0][1]], None)] if len(columns) == 1 else [_of_any_row(t) for _, t in columns]
    return [
        (f"{prefix}{name}" if name is not None else f"any_arg{place}", value)
        for place, ((name, _), value) in enumerate(zip(columns, values, strict=True))
    ]


def percentile_columns(call: ast.Call, scope: Scope) -> list[tuple[str | None, Term]]:
    """A column for each rank, or all in one array."""
    base = result_name(call.arguments[0]) if call.arguments else None
    if call.function in _PERCENTILE_ARRAYS:
        return [(f"percentiles_{base or ''}", bind(call, scope))]
    weighted = call.function.endswith("w")
    if len(call.arguments) < (3 if weighted else 2):
        wanted = "a value, its weight" if weighted else "a value"
        raise scope.context.error(call, f"{call.function}() takes {wanted} and what percentage")
    value, *ranks = (bind(argument, scope.inside_aggregate()) for argument in call.arguments)
    weight = ranks.pop(0) if weighted else None
    columns: list[tuple[str | None, Term]] = []
    with scope.context.at(call):
        for shown, rank in percentages(ranks):
            columns.append((f"percentile_{base or ''}_{shown}", percentile(value, rank, weight)))
    if not columns:
        raise scope.context.error(call, f"{call.function}() needs at least one percentage")
    return columns
