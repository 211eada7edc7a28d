"""From syntax tree to relations: statements, pipelines, tables and the author's functions.

Each operator has its function in `stages`; `STAGES` says which. A let-bound table has columns of
its own at each use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from gatelog.errors import KqlSemanticError
from gatelog.kql import ast
from gatelog.kql.names.bindings import Binding, DrawnBinding, FunctionBinding, TableBinding
from gatelog.kql.names.context import Context
from gatelog.kql.names.databases import own_tables
from gatelog.kql.names.declared_patterns import case_of, declared
from gatelog.kql.names.scope import Scope
from gatelog.kql.names.tabular import is_table, returns_table
from gatelog.kql.queries.declarations import alias_database, check_declared_once, restricted, set_option
from gatelog.kql.queries.function_calls import entered
from gatelog.kql.queries.materialized import Materialized
from gatelog.kql.queries.outputs import Branch, Output, branched, only_names, result_name_of
from gatelog.kql.queries.parameters import Parameters, with_parameters
from gatelog.kql.queries.reused import Reused
from gatelog.kql.queries.scans import TimeRange, stored
from gatelog.kql.relations import Relation
from gatelog.kql.scalars.expressions import bind, no_table
from gatelog.kql.stages import GRAPH_OPERATORS, SOURCES, STAGES, Graph, bind_datatable, copied, kept, settled
from gatelog.kql.tables.schema import RenderHint
from gatelog.kql.terms import Term


class Binder:
    """Binds one query; `parameters` are the values that the request gives for its declared parameters."""

    def __init__(
        self, context: Context, timespan: TimeRange = None, parameters: Parameters = MappingProxyType({})
    ) -> None:
        self._context = context
        self._timespan = timespan
        self._given = parameters
        self._materialized = Materialized(context)

    def bind_query(self, query: ast.Query) -> list[Output]:
        """The answers of the query statements, in order: one each, but for `outputs.branches`."""
        check_declared_once(query.statements, (), self._context)
        scope = Scope(self._context, self._saved_functions(), self._table, self._call)
        outputs: list[Output] = []
        for statement in query.statements:
            if isinstance(statement, ast.QueryStatement):
                answers, scope = self._outputs(statement.pipeline, scope)
                if statement is query.statements[-1] or not only_names(statement.pipeline):
                    outputs += answers
            else:
                scope = self._declared(statement, scope)
        if not outputs:
            raise self._context.error(query, "the query has no result", "end it with a tabular expression")
        return outputs

    def gives_table(self, let: ast.Let) -> bool:
        """Whether the function of a let statement gives a table."""
        scope = self._let(let, Scope(self._context, self._saved_functions(), self._table, self._call))
        binding = scope.names[let.name.value]
        return isinstance(binding, FunctionBinding) and returns_table(binding, scope)

    def _saved_functions(self) -> Mapping[str, Binding]:
        """The functions of the catalogue, each of which knows all of them."""
        names: dict[str, Binding] = {}
        functions = self._context.catalog.functions.items()
        names.update((name, FunctionBinding(tree, names, saved=True)) for name, tree in functions)
        return names

    def _outputs(self, node: ast.Pipeline, scope: Scope) -> tuple[list[Output], Scope]:
        """The answers of a query statement, and the scope of the next: it has the names that `as` gave."""
        self._context.render = None
        draws = self._context.draws
        source = self._source(node, scope)
        before, forks = branched(node.operators)
        if forks:
            relation, inner = self._staged_all(before, source, scope, draws)
            self._context.count_stage(node.operators[len(before)])
            return self._forked(forks, relation, inner, draws)
        relation, inner = self._staged_all(node.operators, source, scope, draws)
        if isinstance(relation, Graph):
            raise self._graph_is_no_table(node)
        if not relation.fields:
            last = node.operators[-1] if node.operators else node
            raise self._context.error(last, "the answer has no columns", "project at least one")
        output = Output(result_name_of(node.operators), relation, self._context.render)
        return [output], replace(inner, called="")

    def _forked(
        self, forks: Sequence[Branch], relation: Relation, scope: Scope, draws: int
    ) -> tuple[list[Output], Scope]:
        """An answer for each sub-query; all of them read the same input."""
        outputs, names = [], dict(scope.names)
        relation = settled(relation)
        for name, query in forks:
            self._context.render = None
            answer, inner = self._staged_all(query.operators, relation, scope, draws)
            outputs.append(Output(name, answer, self._context.render))
            names.update(inner.names)
        return outputs, replace(scope, names=names, called="")

    def _result(self, function: ast.Function, scope: Scope) -> tuple[ast.Pipeline, Scope]:
        """The last expression of a function's body, and what it sees."""
        *before, last = function.body or (None,)
        for statement in before:
            if isinstance(statement, ast.QueryStatement):
                raise self._context.error(statement, "a function has one result, the last of its statements")
            if statement is not None:
                scope = self._declared(statement, scope)
        if not isinstance(last, ast.QueryStatement):
            hint = "end its body with an expression"
            raise self._context.error(function, "the function has no result", hint)
        return last.pipeline, scope

    def _declared(self, statement: ast.Statement, scope: Scope) -> Scope:
        match statement:
            case ast.Let():
                return self._let(statement, scope)
            case ast.SetOption():
                set_option(statement, scope)
                return scope
            case ast.AliasDatabase():
                alias_database(statement, scope)
                return scope
            case ast.Restrict():
                return restricted(statement, scope)
            case ast.DeclareParameters():
                return with_parameters(statement, self._given, scope)
            case ast.DeclarePattern():
                return declared(statement, scope)
            case _:
                raise AssertionError(f"{type(statement).__name__} declares nothing")

    def _let(self, statement: ast.Let, scope: Scope) -> Scope:
        return scope.with_name(statement.name.value, self._binding(statement.value, scope))

    def _binding(self, value: ast.Expression, scope: Scope) -> Binding:
        if isinstance(value, ast.Function):
            return FunctionBinding(value, scope.names)
        if is_table(value, scope):
            return TableBinding(Reused(lambda: self.bind_table(value, scope), self._context))
        before = self._context.row_draws
        term = bind(value, scope)
        if self._context.row_draws == before:
            return term
        return DrawnBinding(term.type, lambda: bind(value, scope))

    def _table(self, node: ast.Expression, scope: Scope) -> Relation:
        """The relation of a tabular expression that is no graph."""
        relation = self.bind_table(node, scope)
        if isinstance(relation, Graph):
            raise self._graph_is_no_table(node)
        return relation

    def _graph_is_no_table(self, node: ast.Node) -> KqlSemanticError:
        return self._context.error(
            node, "a graph is no table", "make one of it with graph-match or graph-to-table"
        )

    def bind_table(self, node: ast.Expression, scope: Scope) -> Relation:
        """The relation of a tabular expression."""
        if (case := case_of(node, scope)) is not None:
            return self._in_body(case, ast.Call(node.span, "pattern", ()), scope, ())
        match node:
            case ast.Pipeline():
                return self._pipeline(node, scope)
            case ast.Name():
                return self._named(node, scope)
            case ast.DataTable():
                return bind_datatable(node, scope)
            case ast.Call():
                return self._called(node, scope)
            case ast.Member(base=place, name=name):
                return self._named(ast.Name(node.span, name), own_tables(place, scope))
            case ast.ExternalData():
                hint = "write the rows with datatable, or ingest them as a table"
                raise self._context.unsupported(node, "externaldata, reading from storage elsewhere,", hint)
            case _:
                raise no_table(node, scope)

    def _pipeline(self, node: ast.Pipeline, scope: Scope) -> Relation:
        draws = self._context.draws
        return self._staged_all(node.operators, self._source(node, scope), scope, draws)[0]

    def _staged_all(
        self, operators: Sequence[ast.Operator], relation: Relation, scope: Scope, draws: int
    ) -> tuple[Relation, Scope]:
        """The relation behind all operators, and the scope with the names that `as` gave on the way; `draws`
        were counted before the source."""
        for stage in operators:
            self._context.count_stage(stage)
            match stage:
                case ast.As(name=name):
                    if stage.materialized:
                        relation = self._made_once(relation, draws)
                    scope = replace(scope.with_name(name.value, self._reusable(relation)), called=name.value)
                case ast.Render(chart=chart, properties=properties):
                    self._context.render = RenderHint(chart, properties)
                case ast.Invoke():
                    relation = self._invoked(stage, relation, scope)
                case _:
                    relation = self._staged(stage, relation, scope)
                    scope = replace(scope, called="") if scope.called else scope
        return relation, scope

    def _made_once(self, relation: Relation, draws: int) -> Relation:
        if isinstance(relation, Graph) or self._context.draws == draws:
            return settled(relation)
        return copied(kept(relation, self._context), self._context)

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
        if isinstance(stage, ast.Fork | ast.Facet):
            name = _operator_name(stage)
            raise self._context.error(stage, f"{name} has several answers, it can only end a query")
        if handler is None:
            raise self._context.unsupported(stage, f"the operator {_operator_name(stage)}")
        if isinstance(relation, Graph) and type(stage) not in GRAPH_OPERATORS:
            raise self._graph_is_no_table(stage)
        return handler(stage, relation, scope)

    def _named(self, node: ast.Name, scope: Scope) -> Relation:
        binding = scope.named(node.value)
        if isinstance(binding, TableBinding):
            self._context.count_stage(node)
            with self._context.at(node):
                return binding.make()
        if isinstance(binding, FunctionBinding) and returns_table(binding, scope):
            return self._called(ast.Call(node.span, node.value, ()), scope)
        if binding is not None:
            raise self._context.error(node, f"'{node.value}' is a value, not a table", "use print to show it")
        return stored(node, scope, self._timespan)

    def _called(self, node: ast.Call, scope: Scope) -> Relation:
        if node.qualifier is not None:
            scope = own_tables(node.qualifier, scope)
        binding = scope.named(node.function)
        if isinstance(binding, FunctionBinding):
            return self._in_body(binding, node, scope, ())
        if node.function == "materialize" and len(node.arguments) == 1:
            return self._materialized.table(node, scope, self.bind_table)
        if node.function == "view" and len(node.arguments) == 1:
            return self.bind_table(node.arguments[0], scope)
        if node.function == "table" and node.arguments:
            name = bind(node.arguments[0], scope)
            if name.constant is not None and isinstance(name.constant.value, str):
                return self._named(ast.Name(node.span, name.constant.value), scope)
        if isinstance(binding, TableBinding):
            return self._named(ast.Name(node.span, node.function), scope)
        raise no_table(node, scope)

    def _invoked(self, stage: ast.Invoke, relation: Relation, scope: Scope) -> Relation:
        call = stage.function
        binding = scope.names.get(call.function)
        if not isinstance(binding, FunctionBinding):
            raise no_table(call, scope)
        return self._in_body(binding, call, scope, (self._reusable(relation),))

    def _reusable(self, relation: Relation) -> TableBinding:
        """A bound relation as a table that may be used several times, each time with columns of its own."""
        if isinstance(relation, Graph):
            return TableBinding(lambda: relation)
        return TableBinding(lambda: copied(relation, self._context))

    def _in_body(
        self, binding: FunctionBinding, node: ast.Call, scope: Scope, first: tuple[Binding, ...]
    ) -> Relation:
        with entered(binding, node, scope, self._binding, first) as inner:
            return self.bind_table(*self._result(binding.function, inner))

    def _call(self, binding: FunctionBinding, node: ast.Call, scope: Scope) -> Term:
        """A call of the author's function where a value is wanted."""
        with entered(binding, node, scope, self._binding) as inner:
            return self._value_of_body(binding, node, inner)

    def _value_of_body(self, binding: FunctionBinding, node: ast.Call, scope: Scope) -> Term:
        value, inner = self._result(binding.function, scope)
        if is_table(value, inner):
            raise self._context.error(
                node, f"{node.function}() gives a table, here a value is wanted", "wrap it in toscalar()"
            )
        return bind(value, inner)


def _operator_name(stage: ast.Operator) -> str:
    """`MvApply` as mv-apply."""
    name = type(stage).__name__
    return "".join(f"-{char.lower()}" if char.isupper() else char for char in name).lstrip("-")
