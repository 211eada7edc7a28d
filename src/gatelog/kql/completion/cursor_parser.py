"""The parser, run up to the cursor, says what it would have taken there.

The text before the cursor is parsed by the rules of any query. Each rule that matters to completion is told
here what it opens, and what it wants where it stands at the cursor; the tokens themselves are `cursor`'s.

    Calls | summarize count() by ⌶
            statements ▸ pipeline ▸ summarize, clause by ▸ expression    a value is wanted
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from gatelog.kql import ast
from gatelog.kql.completion.cursor import CURSOR, AtCursorError, Cursor
from gatelog.kql.completion.place import OpenPipeline, OpenStatements, Operand, Place, Want
from gatelog.kql.documentation import SET_OPTIONS
from gatelog.kql.text.tokens import SOURCE_WORDS

T = TypeVar("T")

_TABLE_FUNCTIONS: Final = frozenset(("materialize", "toscalar", "view", "column_names_of"))
_NAMES_WANTED: Final = {
    "evaluate": Want.PLUGIN,
    "invoke": Want.FUNCTION,
    "render": Want.CHART,
    **dict.fromkeys(("facet", "make-graph", "partition", "partition-by"), Want.COLUMN),
}
"""Operators in which a plain name means something that exists; elsewhere it is a new one."""

_STATEMENT_WORDS: Final = ("let", "set", "declare", "restrict", "alias")
_UNORDERED: Final = frozenset(("asc", "desc", "granny-asc", "granny-desc", "first", "last"))


def place_at_end(text: str) -> Place:
    """What may follow `text`. Raises KqlSyntaxError only when it is longer than a query may be."""
    return _CursorParser(text).read()


class _CursorParser(Cursor):
    """Reads a query as far as the cursor."""

    # statements

    def statements(self, closing: str) -> tuple[ast.Statement, ...]:
        with self.opened(OpenStatements()), self.wanting(Want.EITHER if closing else Want.STATEMENT):
            return super().statements(closing)

    def _statement(self) -> ast.Statement:
        if self.at_cursor:
            self.note(*_STATEMENT_WORDS, *SOURCE_WORDS)
            raise self.reach(self.wanted)
        if self.text == "set" and self.peek().text == CURSOR:
            self.note(*SET_OPTIONS)
            raise self.reach()
        statement = super()._statement()
        frame = self.frames[-1]
        assert isinstance(frame, OpenStatements)
        frame.done.append(statement)
        return statement

    def _let_value(self) -> ast.Expression:
        with self.wanting(Want.EITHER):
            return super()._let_value()

    def _function(self) -> ast.Function:
        with self.opened(OpenStatements()):
            return super()._function()

    def _function_parameter(self) -> ast.ColumnDeclaration | ast.TabularParameter:
        parameter = super()._function_parameter()
        frame = self.frames[-1]
        assert isinstance(frame, OpenStatements)
        frame.parameters.append(parameter)
        return parameter

    # pipelines

    def pipeline(self) -> ast.Expression:
        with self.opened(OpenPipeline(implied=False)):
            pipeline = super().pipeline()
        if self.at_cursor and self.wanted is not Want.VALUE:
            self.settle()
            self.note("|")
        return pipeline

    def subquery(self) -> ast.Pipeline:
        with self.opened(OpenPipeline(implied=True)):
            return super().subquery()

    def _source(self) -> ast.Expression | ast.Operator:
        if self.at_cursor:
            if self.wanted is not Want.VALUE:
                self.note(*SOURCE_WORDS)
            raise self.reach(self.wanted)
        if self.text in SOURCE_WORDS and self._begins_operator():
            with self.in_stage(self.text):
                source = super()._source()
        else:
            source = super()._source()
        frame = self.frames[-1]
        assert isinstance(frame, OpenPipeline)
        frame.source = source
        return source

    def _operator(self) -> ast.Operator:
        if self.at_cursor:
            raise self.reach(Want.OPERATOR)
        with self.in_stage(self.text):
            operator = super()._operator()
        frame = self.frames[-1]
        assert isinstance(frame, OpenPipeline)
        frame.operators.append(operator)
        return operator

    def end_of_operator(self) -> None:
        if self.at_cursor:
            self.note("|")
        super().end_of_operator()

    # inside an operator

    def table_reference(self) -> ast.Expression:
        with self.wanting(Want.TABLE):
            table = super().table_reference()
        stage = self.stage()
        if stage is not None:
            stage.tables.append(table)
        return table

    def parameters(self, *names: str) -> dict[str, ast.Parameter]:
        found = super().parameters(*names)
        if self.at_cursor:
            self.place.parameters += [name for name in (*names, "hint") if name not in found]
        return found

    def _parameter_value(self) -> str:
        if self.at_cursor:
            raise self._reach_value_of(self.tokens[self.position - 2].text)
        return super()._parameter_value()

    def _reach_value_of(self, name: str) -> AtCursorError:
        self.place.subject = name
        return self.reach(Want.PROPERTY_VALUE)

    def _expanded_column(self) -> ast.ExpandedColumn:
        column = super()._expanded_column()
        stage = self.stage()
        if stage is not None:
            stage.expanded.append(column)
        return column

    def _render_property(self) -> tuple[str, str]:
        if self.at_cursor:
            self.place.in_parentheses = self.tokens[self.position - 1].text in {"(", ","}
            if not self.place.in_parentheses:
                self.note("|")
            raise self.reach(Want.CHART_PROPERTY)
        return super()._render_property()

    def _render_value(self) -> str:
        if self.at_cursor:
            raise self._reach_value_of(self.tokens[self.position - 2].text)
        return super()._render_value()

    def _pattern_item(self) -> ast.Literal | ast.ParseColumn | ast.Star:
        if self.at_cursor:
            if self.tokens[self.position - 1].text != "with":
                self.note("|")
            raise self.reach()
        return super()._pattern_item()

    # columns and names

    def named_expressions(self, *until: str) -> tuple[ast.NamedExpression, ...]:
        if self.at_cursor:
            self.note(*filter(str.isalpha, until))
        return super().named_expressions(*until)

    def ordering(self) -> ast.Ordering:
        return self._with_words(super().ordering, "asc", "desc")

    def _reordered_column(self) -> ast.ReorderedColumn:
        return self._with_words(super()._reordered_column, "asc", "desc", "granny-asc", "granny-desc")

    def _with_words(self, read: Callable[[], T], *words: str) -> T:
        noted = len(self.place.words)
        node = read()
        if self.at_cursor and self.tokens[self.position - 1].text not in _UNORDERED:
            self.place.words[noted:noted] = words
        return node

    def reference(self, what: str) -> ast.Name:
        if self.at_cursor:
            raise self.reach(Want.COLUMN)
        return super().reference(what)

    def word(self, what: str) -> ast.Name:
        if self.at_cursor:
            stage = self.stage()
            raise self.reach(_NAMES_WANTED.get(stage.name, Want.NOTHING) if stage else Want.NOTHING)
        return super().word(what)

    def type_name(self) -> str:
        if self.at_cursor:
            raise self.reach(Want.TYPE)
        return super().type_name()

    # expressions

    def expression(self, above: int = 0) -> ast.Expression:
        expression = super().expression(above)
        if self.at_cursor:
            self.place.operands.append(Operand(expression, above))
        return expression

    def _items(self) -> tuple[ast.Expression, ...]:
        with self.wanting(Want.ITEM):
            return super()._items()

    def _operand(self) -> ast.Expression:
        operand = super()._operand()
        if self.at_cursor:
            self.settle()
            self.place.operand_want = self.wanted
        return operand

    def primary(self) -> ast.Expression:
        if self.at_cursor:
            raise self.reach(self.wanted)
        return super().primary()

    def signed_literal(self) -> ast.Expression:
        if self.at_cursor:
            raise self.reach(Want.LITERAL)
        return super().signed_literal()

    def _at_stray_dot(self) -> bool:
        return self.peek().text != CURSOR and super()._at_stray_dot()

    def _member(self, base: ast.Expression) -> ast.Expression:
        if self.peek().text == CURSOR:
            self.advance()
            self.place.subject = base
            raise self.reach(Want.MEMBER)
        return super()._member(base)

    def call(self, function: ast.Name, qualifier: ast.Expression | None = None) -> ast.Call:
        want = Want.TABLE if function.value in _TABLE_FUNCTIONS else Want.VALUE
        self.calls.append(function.value)
        try:
            with self.wanting(want):
                return super().call(function, qualifier)
        finally:
            self.calls.pop()
