"""From syntax tree to relations: statements, pipelines, tables and the author's functions.

Each operator has its function in `stages`; `STAGES` says which. A let-bound table is bound anew at each
use, so that its columns get names of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from gatelog.kql import ast
from gatelog.kql.conversions import convert, convertible
from gatelog.kql.expressions import bind
from gatelog.kql.relations import Filter, Relation, Scan
from gatelog.kql.schema import JsonPath, RenderHint, Table
from gatelog.kql.scope import DEEPEST_CALL, Binding, Context, FunctionBinding, Scope, TableBinding, nearest
from gatelog.kql.stages import SOURCES, STAGES, bind_datatable, copied
from gatelog.kql.tabular import is_table, returns_table
from gatelog.kql.terms import Field, JsonSource, Term, null_of
from gatelog.kql.types import KqlType

TimeRange: TypeAlias = "tuple[int | None, int | None] | None"
"""From and to, in ticks since 0001-01-01."""


class Binder:
    """Binds one query. `render` is set when the query says how to draw its result."""

    def __init__(self, context: Context, timespan: TimeRange = None) -> None:
        self._context = context
        self._timespan = timespan
        self.render: RenderHint | None = None

    def bind_query(self, query: ast.Query) -> Relation:
        """The relation of the last query statement."""
        scope = Scope(self._context, {}, self.bind_table, self._call)
        results = [statement for statement in query.statements if isinstance(statement, ast.QueryStatement)]
        if not results:
            raise self._context.error(query, "the query has no result", "end it with a tabular expression")
        return self._result(query.statements, scope)

    def _result(self, statements: Sequence[ast.Statement], scope: Scope) -> Relation:
        result: Relation | None = None
        for statement in statements:
            match statement:
                case ast.Let():
                    scope = self._let(statement, scope)
                case ast.QueryStatement(pipeline=pipeline):
                    self.render = None
                    result = self.bind_table(pipeline, scope)
                case ast.SetOption():
                    continue
                case ast.DeclareParameters():
                    scope = self._parameters(statement, scope)
                case _:
                    raise self._context.unsupported(statement, f"the statement {type(statement).__name__}")
        assert result is not None
        return result

    def _let(self, statement: ast.Let, scope: Scope) -> Scope:
        return scope.with_name(statement.name.value, self._binding(statement.value, scope))

    def _binding(self, value: ast.Expression, scope: Scope) -> Binding:
        if isinstance(value, ast.Function):
            return FunctionBinding(value, scope.names)
        if is_table(value, scope):
            return TableBinding(lambda: self.bind_table(value, scope))
        return bind(value, scope)

    def _parameters(self, statement: ast.DeclareParameters, scope: Scope) -> Scope:
        for parameter in statement.parameters:
            kind = KqlType(parameter.type)
            value = bind(parameter.default, scope) if parameter.default is not None else null_of(kind)
            scope = scope.with_name(parameter.name, convert(value, kind))
        return scope

    def bind_table(self, node: ast.Expression, scope: Scope) -> Relation:
        """The relation of a tabular expression."""
        match node:
            case ast.Pipeline():
                return self._pipeline(node, scope)
            case ast.Name():
                return self._named(node, scope)
            case ast.DataTable():
                return bind_datatable(node, scope)
            case ast.Call():
                return self._called(node, scope)
            case _:
                raise self._context.unsupported(node, f"{type(node).__name__} as a table")

    def _pipeline(self, node: ast.Pipeline, scope: Scope) -> Relation:
        relation = self._source(node, scope)
        for stage in node.operators:
            self._context.count_stage(stage)
            match stage:
                case ast.As(name=name):
                    scope = scope.with_name(name.value, self._reusable(relation))
                case ast.Render(chart=chart, properties=properties):
                    self.render = RenderHint(chart, properties)
                case ast.Invoke():
                    relation = self._invoked(stage, relation, scope)
                case _:
                    relation = self._staged(stage, relation, scope)
        return relation

    def _source(self, node: ast.Pipeline, scope: Scope) -> Relation:
        if isinstance(node.source, ast.Operator):
            self._context.count_stage(node.source)
            handler = SOURCES.get(type(node.source))
            if handler is None:
                raise self._context.unsupported(node.source, f"the operator {_operator_name(node.source)}")
            return handler(node.source, scope)
        if node.source is None:
            raise self._context.unsupported(node, "a query without a source here")
        return self.bind_table(node.source, scope)

    def _staged(self, stage: ast.Operator, relation: Relation, scope: Scope) -> Relation:
        handler = STAGES.get(type(stage))
        if handler is None:
            raise self._context.unsupported(stage, f"the operator {_operator_name(stage)}")
        return handler(stage, relation, scope)

    def _named(self, node: ast.Name, scope: Scope) -> Relation:
        binding = scope.names.get(node.value)
        if isinstance(binding, TableBinding):
            self._context.count_stage(node)
            return binding.make()
        if isinstance(binding, FunctionBinding) and returns_table(binding, scope):
            return self._called(ast.Call(node.span, node.value, ()), scope)
        if binding is not None:
            raise self._context.error(node, f"'{node.value}' is a value, not a table", "use print to show it")
        table = self._context.catalog.find(node.value)
        if table is None:
            tables = [name for name, value in scope.names.items() if isinstance(value, TableBinding)]
            hint = nearest(node.value, [*self._context.catalog.names, *tables])
            raise self._context.error(node, f"there is no table '{node.value}'", hint)
        return self._scan(table)

    def _scan(self, table: Table) -> Relation:
        columns: dict[str, str] = {}
        typed: dict[tuple[str, JsonPath], Field] = {}
        fields: list[Field] = []
        for column in table.columns:
            nullable = column.type is not KqlType.STRING and column.name not in table.not_null
            sql_name = self._context.fresh(column.name)
            columns[sql_name] = column.name
            source = self._json_source(column.name, typed) if self._context.use_paths else None
            fields.append(Field(column.name, column.type, sql_name, nullable, source))
        for (body, path), target in table.paths.items():
            sql_name = self._context.fresh(target.sql_column)
            columns[sql_name] = target.sql_column
            typed[body, path] = Field(target.sql_column, target.type, sql_name, nullable=True)
        return self._within_timespan(Scan(tuple(fields), table, columns))

    def _json_source(self, body: str, typed: dict[tuple[str, JsonPath], Field]) -> JsonSource:
        return JsonSource(lambda path: typed.get((body, path)), ())

    def _within_timespan(self, scan: Scan) -> Relation:
        """The rows of the time range asked for along with the query, where the table has a TimeGenerated."""
        relation: Relation = scan
        scope = Scope(self._context, {}, self.bind_table, self._call).over(scan)
        if self._timespan is None or scope.column("TimeGenerated") is None:
            return relation
        span = ast.Span(0, 0)
        for operator, limit in zip((">=", "<"), self._timespan, strict=True):
            if limit is not None:
                moment = ast.Literal(span, KqlType.DATETIME.value, limit)
                test = bind(ast.Binary(span, operator, ast.Name(span, "TimeGenerated"), moment), scope)
                relation = Filter(scan.fields, relation, test.condition)
        return relation

    def _called(self, node: ast.Call, scope: Scope) -> Relation:
        binding = scope.names.get(node.function)
        if isinstance(binding, FunctionBinding):
            return self._in_body(binding, node, scope, ())
        if node.function in ("materialize", "view") and len(node.arguments) == 1:
            return self.bind_table(node.arguments[0], scope)
        if node.function == "table" and node.arguments:
            name = bind(node.arguments[0], scope)
            if name.constant is not None and isinstance(name.constant.value, str):
                return self._named(ast.Name(node.span, name.constant.value), scope)
        if isinstance(binding, TableBinding):
            return binding.make()
        raise self._context.unsupported(node, f"{node.function}() as a table")

    def _invoked(self, stage: ast.Invoke, relation: Relation, scope: Scope) -> Relation:
        call = stage.function
        binding = scope.names.get(call.function) if isinstance(call, ast.Call) else None
        if not isinstance(call, ast.Call) or not isinstance(binding, FunctionBinding):
            raise self._context.unsupported(stage, "invoke of a function that the query does not define")
        return self._in_body(binding, call, scope, (self._reusable(relation),))

    def _reusable(self, relation: Relation) -> TableBinding:
        """A bound relation as a table that may be used several times, each time with columns of its own."""
        return TableBinding(lambda: copied(relation, self._context))

    def _in_body(
        self, binding: FunctionBinding, node: ast.Call, scope: Scope, first: tuple[Binding, ...]
    ) -> Relation:
        inner = self._entered(binding, node, scope, first)
        self._context.depth += 1
        result = self._result(binding.function.body, inner)
        self._context.depth -= 1
        return result

    def _call(self, binding: FunctionBinding, node: ast.Call, scope: Scope) -> Term:
        """A call of the author's function where a value is wanted."""
        inner = self._entered(binding, node, scope, ())
        self._context.depth += 1
        for statement in binding.function.body:
            if isinstance(statement, ast.Let):
                inner = self._let(statement, inner)
        last = binding.function.body[-1]
        if not isinstance(last, ast.QueryStatement) or is_table(last.pipeline, inner):
            raise self._context.error(
                node, f"{node.function}() gives a table, here a value is wanted", "wrap it in toscalar()"
            )
        result = bind(last.pipeline, inner)
        self._context.depth -= 1
        return result

    def _entered(
        self, binding: FunctionBinding, node: ast.Call, scope: Scope, first: tuple[Binding, ...]
    ) -> Scope:
        """The scope of a function's body: what was known where it stands, and its parameters."""
        self._context.count_stage(node)
        if self._context.depth >= DEEPEST_CALL:
            raise self._context.error(node, f"functions call each other more than {DEEPEST_CALL} deep")
        names = dict(binding.names)
        given = [
            *first,
            *(
                self._argument(argument, scope)
                for argument in node.arguments
                if not _named_argument(argument)
            ),
        ]
        named = {
            a.name: self._argument(a.value, scope) for a in node.arguments if isinstance(a, ast.NamedArgument)
        }
        parameters = binding.function.parameters
        if len(given) > len(parameters):
            raise self._context.error(
                node, f"{node.function}() takes {len(parameters)} arguments, here are {len(given)}"
            )
        waiting = iter(given)
        for parameter in parameters:
            value = named[parameter.name] if parameter.name in named else next(waiting, None)
            names[parameter.name] = self._parameter(parameter, value, node, scope)
        return replace(scope, names=names)

    def _argument(self, node: ast.Expression, scope: Scope) -> Binding:
        return self._binding(node, scope)

    def _parameter(
        self,
        parameter: ast.ColumnDeclaration | ast.TabularParameter,
        value: Binding | None,
        node: ast.Call,
        scope: Scope,
    ) -> Binding:
        if isinstance(parameter, ast.TabularParameter):
            if not isinstance(value, TableBinding):
                raise self._context.error(
                    node, f"the argument '{parameter.name}' of {node.function}() must be a table"
                )
            return value
        if value is None and parameter.default is not None:
            value = bind(parameter.default, scope)
        if not isinstance(value, Term):
            raise self._context.error(
                node, f"the argument '{parameter.name}' of {node.function}() is missing or no value"
            )
        kind = KqlType(parameter.type)
        if not convertible(value.type, kind):
            raise self._context.error(
                node, f"the argument '{parameter.name}' must be {kind}, this is {value.type}"
            )
        return convert(value, kind)


def _named_argument(node: ast.Expression) -> bool:
    return isinstance(node, ast.NamedArgument)


def _operator_name(stage: ast.Operator) -> str:
    """`MvApply` as mv-apply."""
    name = type(stage).__name__
    return "".join(f"-{char.lower()}" if char.isupper() else char for char in name).lstrip("-")
