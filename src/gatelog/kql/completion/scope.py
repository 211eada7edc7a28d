"""The names in reach at the cursor, bound as the query would be; what does not bind is passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from msgspec.structs import replace

from gatelog.errors import KqlError
from gatelog.kql import ast
from gatelog.kql.catalog import Catalog
from gatelog.kql.completion.place import Frame, OpenPipeline, OpenStatements
from gatelog.kql.misfit import Misfit
from gatelog.kql.names.bindings import TableBinding
from gatelog.kql.names.context import Context
from gatelog.kql.names.naming import names_beside, result_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.queries.binder import Binder
from gatelog.kql.relations import Compute, Computed, ProtectedColumnError, Relation, Rows
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.join import KINDS
from gatelog.kql.terms import Field, Term, null_of
from gatelog.kql.types import KqlType

_UNBOUND = (KqlError, Misfit, ProtectedColumnError)
"""What does not bind: a mistake, with its place or without, or a value that the caller may not see."""

_INPUT = "\0input"
"""A name that no query can spell, for the relation that an operator is bound to."""

NOWHERE = ast.Span(0, 0)
"""Of what no query spells."""

_SOME_TIME = 630_000_000_000_000_000
"""Ticks, in 1997: types do not depend on the clock, but ago() needs one."""


class CursorBinder(Binder):
    """Binds what is open at the cursor, one construct after the other."""

    def __init__(self, text: str, catalog: Catalog) -> None:
        super().__init__(Context(text, catalog, _SOME_TIME, use_paths=False))

    def scope_at(self, frames: tuple[Frame, ...]) -> Scope:
        """The scope of an expression at the cursor: columns of the input, and names bound before it."""
        scope = Scope(self._context, self._saved_functions(), self.bind_table, self._call)
        relation: Relation | None = None
        outer: OpenPipeline | None = None
        for frame in frames:
            if isinstance(frame, OpenStatements):
                scope = self._after(frame, scope)
                continue
            relation = self._input(frame, outer, relation, scope)
            if relation is not None:
                scope, relation = self._through(relation, tuple(frame.operators), scope)
                scope = scope.over(relation)
            outer = frame
        return scope

    def columns_of(self, node: ast.Expression, scope: Scope) -> tuple[Field, ...]:
        """The columns of a tabular expression; none where it does not bind."""
        try:
            return self.bind_table(node, scope).fields
        except _UNBOUND:
            return ()

    def type_of(self, node: ast.Expression, scope: Scope) -> KqlType | None:
        """The type of a value; None where it does not bind."""
        try:
            return bind(node, scope).type
        except _UNBOUND:
            return None

    def bind_table(self, node: ast.Expression, scope: Scope) -> Relation:
        """The relation of a tabular expression; operators that do not bind do what they surely do."""
        if not isinstance(node, ast.Pipeline) or not node.operators:
            return super().bind_table(node, scope)
        source = super().bind_table(replace(node, operators=()), scope)
        return self._through(source, node.operators, scope)[1]

    def _after(self, frame: OpenStatements, scope: Scope) -> Scope:
        scope = self._with_parameters(frame.parameters, scope)
        for statement in frame.done:
            match statement:
                case ast.DeclareParameters(parameters=parameters):
                    scope = self._with_parameters(parameters, scope)
                case ast.Let():
                    try:
                        scope = self._declared(statement, scope)
                    except _UNBOUND:
                        scope = scope.with_name(statement.name.value, null_of(KqlType.DYNAMIC))
                case ast.Restrict():
                    with suppress(*_UNBOUND):
                        scope = self._declared(statement, scope)
        return scope

    def _with_parameters(
        self, parameters: Iterable[ast.ColumnDeclaration | ast.TabularParameter], scope: Scope
    ) -> Scope:
        """Parameters by their types: their values come later, but for defaults."""
        for parameter in parameters:
            scope = scope.with_name(parameter.name, self._parameter_kind(parameter, scope))
        return scope

    def _parameter_kind(
        self, node: ast.ColumnDeclaration | ast.TabularParameter, scope: Scope
    ) -> Term | TableBinding:
        if isinstance(node, ast.ColumnDeclaration):
            kind = KqlType(node.type)
            try:
                default = bind(node.default, scope) if node.default is not None else None
            except _UNBOUND:
                default = None
            unknown = replace(null_of(kind), constant=None)
            return default if default is not None and default.type is kind else unknown
        fields = tuple(self._context.field(column.name, KqlType(column.type)) for column in node.columns)
        return TableBinding(lambda: Rows(fields, ()))

    def _called(self, node: ast.Call, scope: Scope) -> Relation:
        """`table(name)` of a name that is not known yet may be any table: it has the columns of all."""
        if node.function == "table" and node.arguments and _is_open(bind(node.arguments[0], scope)):
            tables = (ast.Name(NOWHERE, name) for name in self._context.catalog.wildcard_names)
            fields = (field for table in tables for field in self.columns_of(table, scope))
            return Rows(tuple({field.name: field for field in fields}.values()), ())
        return super()._called(node, scope)

    def _input(
        self, frame: OpenPipeline, outer: OpenPipeline | None, relation: Relation | None, scope: Scope
    ) -> Relation | None:
        """The table that the pipeline begins with, as far as it is known."""
        try:
            if not frame.implied:
                whole = ast.Pipeline(NOWHERE, frame.source, ())
                return super().bind_table(whole, scope) if frame.source is not None else None
            stage = outer.stage if outer is not None else None
            if relation is None or stage is None or not stage.expanded:
                return relation
            expansion = ast.MvExpand(NOWHERE, tuple(stage.expanded), None, "bag", None, ())
            return self._staged_over(relation, expansion, scope)
        except _UNBOUND:
            return relation if frame.implied else None

    def _through(
        self, relation: Relation, operators: tuple[ast.Operator, ...], scope: Scope
    ) -> tuple[Scope, Relation]:
        for operator in operators:
            if isinstance(operator, ast.As):
                scope = scope.with_name(operator.name.value, self._reusable(relation))
                continue
            try:
                relation = self._staged_over(relation, operator, scope)
            except _UNBOUND:
                relation = self._guessed(relation, operator, scope)
        return scope, relation

    def _staged_over(self, relation: Relation, operator: ast.Operator, scope: Scope) -> Relation:
        whole = ast.Pipeline(NOWHERE, ast.Name(NOWHERE, _INPUT), (operator,))
        return super().bind_table(whole, scope.with_name(_INPUT, TableBinding(lambda: relation)))

    def _guessed(self, relation: Relation, operator: ast.Operator, scope: Scope) -> Relation:
        """The columns that an operator surely makes, though some of its expressions do not bind."""
        match operator:
            case ast.Extend(columns=columns):
                made = [*relation.fields, *self._each(ast.Project, columns, relation, scope)]
            case ast.Project(columns=columns):
                made = self._each(ast.Project, columns, relation, scope)
            case ast.Summarize(aggregates=aggregates, by=by):
                made = self._each(_groups, by, relation, scope)
                made += self._each(_aggregates, aggregates, relation, scope)
            case ast.Join(right=right, kind=kind) if kind in KINDS:
                made = self._beside(relation, right, KINDS[kind].shows, scope)
            case ast.Lookup(right=right):
                made = self._beside(relation, right, "both", scope)
            case _:
                return relation
        fields = tuple({field.name: field for field in made}.values())
        known = {field.sql_name for field in relation.fields}
        new = [Computed(field, null_of(field.type).sql) for field in fields if field.sql_name not in known]
        return Compute(fields, relation, tuple(new))

    def _each(
        self,
        stage: Callable[[ast.Span, tuple[ast.NamedExpression, ...]], ast.Operator],
        columns: Iterable[ast.NamedExpression],
        relation: Relation,
        scope: Scope,
    ) -> list[Field]:
        """The columns that each expression makes by itself."""
        made: list[Field] = []
        for column in columns:
            try:
                made += self._staged_over(relation, stage(column.span, (column,)), scope).fields
            except _UNBOUND:
                made += self._promised(column, relation)
        return made

    def _promised(self, column: ast.NamedExpression, relation: Relation) -> Iterator[Field]:
        """The columns of an expression that does not bind: by the names before the `=`, or that of the
        expression; of `arg_max(…, *)` those of the input too.
        """
        name = result_name(column.value)
        names = [one.value for one in column.names] or ([] if name is None else [name])
        yield from (self._context.field(name, KqlType.DYNAMIC) for name in names)
        if isinstance(column.value, ast.Call) and any(
            isinstance(argument, ast.Star) for argument in column.value.arguments
        ):
            yield from relation.fields

    def _beside(self, left: Relation, table: ast.Expression, shows: str, scope: Scope) -> list[Field]:
        """The columns of a join whose condition does not bind."""
        if shows == "left":
            return [*left.fields]
        right = self.columns_of(table, scope)
        kept = left.fields if shows == "both" else ()
        names = names_beside([field.name for field in kept], [field.name for field in right])
        made = (self._context.field(name, field.type) for name, field in zip(names, right, strict=True))
        return [*kept, *made]


def _is_open(name: Term) -> bool:
    """Whether a text is not known yet."""
    return name.constant is None or name.constant.value is None


def _aggregates(span: ast.Span, aggregates: tuple[ast.NamedExpression, ...]) -> ast.Summarize:
    return ast.Summarize(span, aggregates, ())


def _groups(span: ast.Span, by: tuple[ast.NamedExpression, ...]) -> ast.Summarize:
    return ast.Summarize(span, (), by)
