"""The parser, run up to the cursor, says what it would have taken there.

The text before the cursor is parsed by the same rules as any query, with one difference: it ends with a token
that is no word of any rule. Wherever a rule asks for something at that token, the question is noted; when it
cannot go on, the parse is over.

    Calls | summarize count() by ⌶
            statements ▸ pipeline ▸ summarize, clause by ▸ expression    a value is wanted
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Final, TypeVar

from gatelog.errors import KqlSyntaxError
from gatelog.kql import ast
from gatelog.kql.completion.place import Frame, OpenPipeline, OpenStatements, Place, Stage, Want
from gatelog.kql.parser.statements import Parser
from gatelog.kql.tokens import NAME, SOURCE_WORDS, TYPES, Token

T = TypeVar("T")

_CURSOR: Final = "\0"
"""The text of the token at the cursor: no query can spell it."""

_CLAUSES: Final = frozenset(
    ("by", "on", "of", "with", "where", "project", "as", "to", "from", "step", "declare")
)
_TABLE_FUNCTIONS: Final = frozenset(("materialize", "toscalar", "view", "column_names_of"))
_NAMES_WANTED: Final = {
    "evaluate": Want.PLUGIN,
    "invoke": Want.FUNCTION,
    "render": Want.CHART,
    **dict.fromkeys(("facet", "make-graph", "partition", "partition-by"), Want.COLUMN),
}
"""Operators in which a plain name means something that exists; elsewhere it is a new one."""

_STATEMENT_WORDS: Final = ("let", "set", "declare")
_UNORDERED: Final = frozenset(("asc", "desc", "granny-asc", "granny-desc", "first", "last"))


class _AtCursorError(Exception):
    """The parse came to the cursor and cannot go on: not a failure, the end of the job."""


def place_at_end(text: str) -> Place:
    """What may follow `text`. Raises KqlSyntaxError only when it is longer than a query may be."""
    return _CursorParser(text).read()


class _CursorParser(Parser):
    def __init__(self, text: str) -> None:
        super().__init__(text, recovering=True)
        self.tokens[-1] = Token(NAME, _CURSOR, len(text) + 1, len(text) + 1)
        self.token = self.tokens[self.position]
        self.text = self.token.text
        self.place = Place()
        self._frames: list[Frame] = []
        self._calls: list[str] = []
        self._want = Want.STATEMENT
        self._power = 0

    def read(self) -> Place:
        """Parse; the place is complete when the cursor is reached."""
        try:
            self.query_tree()
        except _AtCursorError:
            self.place.words = list(dict.fromkeys(self.place.words))
        return self.place

    # the cursor

    @property
    def at_cursor(self) -> bool:
        """Whether nothing is left but the cursor."""
        return self.position == self.last

    def _note(self, *words: str) -> None:
        self.place.words += words

    def _settle(self) -> None:
        """Keep what is open now, unless it was kept before."""
        if not self.place.frames:
            self.place.frames, self.place.calls = tuple(map(copy, self._frames)), tuple(self._calls)

    def _reach(self, want: Want = Want.NOTHING) -> _AtCursorError:
        self._settle()
        self.place.want = Want.NOTHING if self._calls and self._calls[-1] in TYPES else want
        return _AtCursorError()

    def advance(self) -> Token:
        if self.at_cursor:
            raise self._reach()
        return super().advance()

    def move_to_end(self) -> None:
        raise self._reach()

    def error(self, expected: str, hint: str = "") -> KqlSyntaxError:
        if self.at_cursor:
            raise self._reach()
        return super().error(expected, hint)

    def accept(self, text: str) -> bool:
        if self.at_cursor:
            self._note(text)
        taken = super().accept(text)
        if taken and text in _CLAUSES:
            self._begin_clause(text)
        return taken

    def expect(self, text: str, hint: str = "") -> Token:
        if self.at_cursor:
            self._note(text)
        token = super().expect(text, hint)
        if text in _CLAUSES:
            self._begin_clause(text)
        return token

    def expect_one_of(self, *texts: str) -> str:
        if self.at_cursor:
            self._note(*texts)
        return super().expect_one_of(*texts)

    # what is open

    @contextmanager
    def _open(self, frame: Frame) -> Iterator[None]:
        self._frames.append(frame)
        try:
            yield
        finally:
            self._frames.pop()

    @contextmanager
    def _wanting(self, want: Want) -> Iterator[None]:
        before, self._want = self._want, want
        try:
            yield
        finally:
            self._want = before

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        frame, power = self._frames[-1], self._power
        assert isinstance(frame, OpenPipeline)
        frame.stage, self._power = Stage(name), 0
        try:
            with self._wanting(Want.VALUE):
                yield
        finally:
            frame.stage, self._power = None, power

    def _current(self) -> Stage | None:
        frame = self._frames[-1]
        return frame.stage if isinstance(frame, OpenPipeline) else None

    def _begin_clause(self, word: str) -> None:
        stage = self._current()
        if stage is not None and not self._calls:
            stage.clause = word

    # statements

    def statements(self, closing: str) -> tuple[ast.Statement, ...]:
        with self._open(OpenStatements()), self._wanting(Want.EITHER if closing else Want.STATEMENT):
            return super().statements(closing)

    def _statement(self) -> ast.Statement:
        if self.at_cursor:
            self._note(*_STATEMENT_WORDS)
            raise self._reach(self._want)
        statement = super()._statement()
        frame = self._frames[-1]
        assert isinstance(frame, OpenStatements)
        frame.done.append(statement)
        return statement

    def _let_value(self) -> ast.Expression:
        with self._wanting(Want.EITHER):
            return super()._let_value()

    def _function(self) -> ast.Function:
        with self._open(OpenStatements()):
            return super()._function()

    def _function_parameter(self) -> ast.ColumnDeclaration | ast.TabularParameter:
        parameter = super()._function_parameter()
        frame = self._frames[-1]
        assert isinstance(frame, OpenStatements)
        frame.parameters.append(parameter)
        return parameter

    # pipelines

    def pipeline(self) -> ast.Expression:
        with self._open(OpenPipeline(implied=False)):
            pipeline = super().pipeline()
        if self.at_cursor and self._want is not Want.VALUE:
            self._settle()
            self._note("|")
        return pipeline

    def subquery(self) -> ast.Pipeline:
        with self._open(OpenPipeline(implied=True)):
            return super().subquery()

    def _source(self) -> ast.Expression | ast.Operator:
        if self.at_cursor:
            if self._want is not Want.VALUE:
                self._note(*SOURCE_WORDS)
            raise self._reach(self._want)
        if self.text in SOURCE_WORDS and self._begins_operator():
            with self._stage(self.text):
                source = super()._source()
        else:
            source = super()._source()
        frame = self._frames[-1]
        assert isinstance(frame, OpenPipeline)
        frame.source = source
        return source

    def _operator(self) -> ast.Operator:
        if self.at_cursor:
            raise self._reach(Want.OPERATOR)
        with self._stage(self.text):
            operator = super()._operator()
        frame = self._frames[-1]
        assert isinstance(frame, OpenPipeline)
        frame.operators.append(operator)
        return operator

    def end_of_operator(self) -> None:
        if self.at_cursor:
            self._note("|")
        super().end_of_operator()

    # inside an operator

    def table_reference(self) -> ast.Expression:
        with self._wanting(Want.TABLE):
            table = super().table_reference()
        stage = self._current()
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

    def _reach_value_of(self, name: str) -> _AtCursorError:
        self.place.subject = name
        return self._reach(Want.PROPERTY_VALUE)

    def _expanded_column(self) -> ast.ExpandedColumn:
        column = super()._expanded_column()
        stage = self._current()
        if stage is not None:
            stage.expanded.append(column)
        return column

    def _render_property(self) -> tuple[str, str]:
        if self.at_cursor:
            self.place.in_parentheses = self.tokens[self.position - 1].text in {"(", ","}
            if not self.place.in_parentheses:
                self._note("|")
            raise self._reach(Want.CHART_PROPERTY)
        return super()._render_property()

    def _render_value(self) -> str:
        if self.at_cursor:
            raise self._reach_value_of(self.tokens[self.position - 2].text)
        return super()._render_value()

    def _pattern_item(self) -> ast.Literal | ast.ParseColumn | ast.Star:
        if self.at_cursor:
            if self.tokens[self.position - 1].text != "with":
                self._note("|")
            raise self._reach()
        return super()._pattern_item()

    # columns and names

    def ordering(self) -> ast.Ordering:
        return self._with_words(super().ordering, "asc", "desc")

    def _reordered_column(self) -> ast.ReorderedColumn:
        return self._with_words(super()._reordered_column, "asc", "desc", "granny-asc", "granny-desc")

    def _with_words(self, read: Callable[[], T], *words: str) -> T:
        node = read()
        if self.at_cursor and self.tokens[self.position - 1].text not in _UNORDERED:
            self._note(*words)
        return node

    def reference(self, what: str) -> ast.Name:
        if self.at_cursor:
            raise self._reach(Want.COLUMN)
        return super().reference(what)

    def word(self, what: str) -> ast.Name:
        if self.at_cursor:
            stage = self._current()
            raise self._reach(_NAMES_WANTED.get(stage.name, Want.NOTHING) if stage else Want.NOTHING)
        return super().word(what)

    def type_name(self) -> str:
        if self.at_cursor:
            raise self._reach(Want.TYPE)
        return super().type_name()

    # expressions

    def expression(self, above: int = 0) -> ast.Expression:
        before = self._power
        self._power = min(above, before) if before else above
        try:
            expression = super().expression(above)
        finally:
            self._power = before
        if self.at_cursor:
            self.place.operand = expression
        return expression

    def _operand(self) -> ast.Expression:
        operand = super()._operand()
        if self.at_cursor and self.place.operand is None:
            self._settle()
            self.place.operand, self.place.operand_want = operand, self._want
            self.place.least_power = self._power
        return operand

    def primary(self) -> ast.Expression:
        if self.at_cursor:
            raise self._reach(self._want)
        return super().primary()

    def _at_stray_dot(self) -> bool:
        return self.peek().text != _CURSOR and super()._at_stray_dot()

    def _member(self, base: ast.Expression) -> ast.Expression:
        if self.peek().text == _CURSOR:
            self.advance()
            self.place.subject = base
            raise self._reach(Want.MEMBER)
        return super()._member(base)

    def call(self, function: ast.Name, qualifier: ast.Expression | None = None) -> ast.Call:
        want = Want.TABLE if function.value in _TABLE_FUNCTIONS else Want.VALUE
        power, self._power = self._power, 0
        self._calls.append(function.value)
        try:
            with self._wanting(want):
                return super().call(function, qualifier)
        finally:
            self._calls.pop()
            self._power = power
