"""Operators with queries inside."""

from __future__ import annotations

from abc import abstractmethod

from gatelog.kql import ast
from gatelog.kql.parser.columns import ColumnParser
from gatelog.kql.parser.rows import ENDS

_OBSOLETE_ROWS = 128
"""Rows that `mvexpand`, spelled so, makes of one row at most, as Kusto documents it."""


class NestedOperatorParser(ColumnParser):
    """Each rule begins behind the name of its operator, which stands at the offset `start`."""

    @abstractmethod
    def subquery(self) -> ast.Pipeline:
        """A pipeline that begins with an operator: its input is implied."""

    @abstractmethod
    def statements(self, closing: str) -> tuple[ast.Statement, ...]:
        """Statements up to the text `closing`, which is left where it is."""

    def parenthesized_subquery(self) -> ast.Pipeline:
        """`(operator | operator)`."""
        self.expect("(")
        subquery = self.subquery()
        self.expect(")")
        return subquery

    def _parse_mv_expand(self, start: int) -> ast.MvExpand:
        parameters = self.parameters("bagexpansion", "kind", "with_itemindex")
        index = parameters.pop("with_itemindex", None)
        expansion = parameters.pop("bagexpansion", None) or parameters.pop("kind", None)
        bag = expansion.value if expansion else "bag"
        columns = self.list_of(self._expanded_column, until=("limit", *ENDS))
        limit = self.expression() if self.accept("limit") else self._obsolete_limit(start)
        span, hints = self.span_from(start), tuple(parameters.values())
        return ast.MvExpand(span, columns, limit, bag, index.value if index else None, hints)

    def _obsolete_limit(self, start: int) -> ast.Literal | None:
        """The limit of the old spelling mvexpand where nothing else is said."""
        if not self.query.startswith("mvexpand", start):
            return None
        return ast.Literal(ast.Span(start, start), "long", _OBSOLETE_ROWS)

    def _expanded_column(self) -> ast.ExpandedColumn:
        column = self.named_expression()
        kind = self.type_of() if self.accept("to") else None
        return ast.ExpandedColumn(self.span_from(column.span.start), column, kind)

    def _parse_mv_apply(self, start: int) -> ast.MvApply:
        parameters = self.parameters("with_itemindex")
        index = parameters.pop("with_itemindex", None)
        columns = self.list_of(self._expanded_column)
        limit = self.expression() if self.accept("limit") else None
        context = self.expression() if self.accept("id") else None
        self.expect("on")
        subquery = self.parenthesized_subquery()
        span, hints = self.span_from(start), tuple(parameters.values())
        return ast.MvApply(span, columns, limit, context, subquery, index.value if index else None, hints)

    def _parse_partition(self, start: int) -> ast.Partition:
        hints = tuple(self.parameters().values())
        self.expect("by")
        return self._partition(start, hints)

    def _parse_partition_by(self, start: int) -> ast.Partition:
        hints = tuple(self.parameters().values())
        return self._partition(start, hints)

    def _partition(self, start: int, hints: tuple[ast.Parameter, ...]) -> ast.Partition:
        by = self.path(self.name("a column"))
        explicit = self.accept("{")
        if explicit:
            query = self.pipeline()
            self.expect("}")
            subquery = query if isinstance(query, ast.Pipeline) else ast.Pipeline(query.span, query, ())
        else:
            subquery = self.parenthesized_subquery()
        return ast.Partition(self.span_from(start), by, subquery, explicit, hints)

    def _parse_fork(self, start: int) -> ast.Fork:
        branches = []
        while self.text not in ENDS:
            branches.append(self._fork_branch())
        if not branches:
            raise self.error("'('")
        return ast.Fork(self.span_from(start), tuple(branches))

    def _fork_branch(self) -> ast.ForkBranch:
        start = self.token.start
        name = None
        if self.text != "(":
            name = self.name()
            self.expect("=")
        subquery = self.parenthesized_subquery()
        return ast.ForkBranch(self.span_from(start), name, subquery)

    def _parse_facet(self, start: int) -> ast.Facet:
        self.expect("by")
        columns = self.list_of(self.name)
        subquery = None
        if self.accept("with"):
            subquery = self.parenthesized_subquery() if self.text == "(" else self.subquery()
        return ast.Facet(self.span_from(start), columns, subquery)

    def _parse_scan(self, start: int) -> ast.Scan:
        parameters = self.parameters("with_match_id", "with_step_name", "kind")
        match_id = parameters.pop("with_match_id", None)
        order_by = self.list_of(self.ordering) if self._accept_by("order") else ()
        partition_by = self.list_of(self.expression) if self._accept_by("partition") else ()
        declare = self.accept("declare")
        declarations = self.parenthesized_list_of(self.declaration_with_default) if declare else ()
        steps = self._scan_steps()
        name, hints = match_id.value if match_id else None, tuple(parameters.values())
        return ast.Scan(self.span_from(start), name, declarations, order_by, partition_by, steps, hints)

    def _accept_by(self, word: str) -> bool:
        if not self.accept(word):
            return False
        self.expect("by")
        return True

    def _scan_steps(self) -> tuple[ast.ScanStep, ...]:
        self.expect("with")
        self.expect("(")
        steps = [self._scan_step()]
        while not self.accept(")"):
            steps.append(self._scan_step())
        return tuple(steps)

    def _scan_step(self) -> ast.ScanStep:
        start = self.expect("step").start
        name = self.name("the name of a step")
        optional = self.accept("optional")
        output = None
        if self.accept("output"):
            self.expect("=")
            output = self.expect_one_of("all", "last", "none")
        self.expect(":")
        condition = self.expression()
        assignments = self.list_of(self._assignment) if self.accept("=>") else ()
        self.expect(";", "each step ends with a semicolon")
        return ast.ScanStep(self.span_from(start), name, optional, output, condition, assignments)

    def _assignment(self) -> ast.NamedExpression:
        what = "the name of a column"
        name = self.name(what) if self.at_quoted_name() else self.word(what)
        self.expect("=", "a step gives a value to a column: => column = value")
        value = self.expression()
        return ast.NamedExpression(self.span_from(name.span.start), (name,), value)

    def _parse_macro_expand(self, start: int) -> ast.MacroExpand:
        parameters = self.parameters("kind", "isfuzzy")
        group = self.entity_group() if self.text == "entity_group" else self.path(self.name())
        self.expect("as")
        name = self.name()
        self.expect("(")
        body = self.statements(")")
        self.expect(")")
        return ast.MacroExpand(self.span_from(start), group, name, body, tuple(parameters.values()))

    def entity_group(self) -> ast.EntityGroup:
        """`entity_group [database("a"), ...]`."""
        start = self.expect("entity_group").start
        self.expect("[")
        entities = self.list_of(self.expression, until=("]",))
        self.expect("]")
        return ast.EntityGroup(self.span_from(start), entities)
