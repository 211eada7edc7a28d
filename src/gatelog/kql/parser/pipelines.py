"""Pipelines, and the table of operators.

pipeline := source ('|' operator)*     source := expression | print | range | union | search | find | evaluate
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gatelog.errors import KqlSyntaxError
from gatelog.kql import ast
from gatelog.kql.documentation import FUNCTIONS
from gatelog.kql.parser.graphs import GraphOperatorParser
from gatelog.kql.parser.rows import ENDS, RowOperatorParser
from gatelog.kql.parser.tables import TableOperatorParser
from gatelog.kql.parser.texts import TextOperatorParser
from gatelog.kql.text.diagnostics import did_you_mean
from gatelog.kql.text.foreign_words import argument_hint, operator_hint, tail_hint
from gatelog.kql.text.tokens import (
    LONG,
    NAME,
    PIPELINE_WORDS,
    REAL,
    SOURCE_WORDS,
    STRING,
    TEXT_OPERATORS,
    TIMESPAN,
    TYPED,
)

_SPELLINGS: Final = {
    "filter": "where",
    "limit": "take",
    "mvapply": "mv-apply",
    "mvexpand": "mv-expand",
    "order": "sort",
}

_BINARY_WORDS: Final = (*TEXT_OPERATORS, "and", "or", "in", "between", "matches", "has_any", "has_all")
"""Operators between two values that can be misspelled."""

_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")
_OPERANDS: Final = frozenset((NAME, STRING, LONG, REAL, TIMESPAN, TYPED))

MAX_ERRORS: Final = 100
"""Errors that a recovering parser notes before it stops reading: nobody reads more, and each costs time."""


class PipelineParser(RowOperatorParser, TableOperatorParser, TextOperatorParser, GraphOperatorParser):
    """Rules for pipelines. In a recovering parser, a broken operator is noted in `errors` and left out."""

    def __init__(self, query: str, *, recovering: bool = False) -> None:
        super().__init__(query)
        self.recovering = recovering
        self.errors: list[KqlSyntaxError] = []

    def pipeline(self) -> ast.Expression:
        self.enter()
        start = self.token.start
        source = self._source()
        piped = self.text == "|"
        if isinstance(source, ast.Operator) or piped:
            operators = self._piped_operators()
            source = ast.Pipeline(self.span_from(start), source, operators)
        self.depth -= 1
        return source

    def subquery(self) -> ast.Pipeline:
        self.enter()
        start = self.token.start
        operators = (self._operator(), *self._piped_operators())
        self.depth -= 1
        return ast.Pipeline(self.span_from(start), None, operators)

    def _source(self) -> ast.Expression | ast.Operator:
        if self.text in SOURCE_WORDS and self._begins_operator():
            word = self.advance()
            return _OPERATORS[word.text](self, word.start)
        return self.expression()

    def _begins_operator(self) -> bool:
        """Whether the word at the cursor is an operator, not a column, a table or a function of that name."""
        following = self.peek()
        if self.text in {"range", "evaluate"}:
            return following.kind == NAME
        if self.text in {"search", "find"}:
            return following.kind in {NAME, STRING} or following.text in {"*", "("}
        return following.text not in {*ENDS, ",", ".", "="}

    def _piped_operators(self) -> tuple[ast.Operator, ...]:
        operators = []
        depth = self.depth
        while self.accept("|"):
            begin = self.position
            try:
                operators.append(self._operator())
            except KqlSyntaxError as error:
                self.recover_from(error)
                self.skip_to({"|", ";"}, begin)
                self.depth = depth
        return tuple(operators)

    def recover_from(self, error: KqlSyntaxError) -> None:
        """Note the error and go on; raise it where recovering was not asked for."""
        if not self.recovering:
            raise error
        self.errors.append(error)
        if len(self.errors) == MAX_ERRORS:
            self.move_to_end()

    def _operator(self) -> ast.Operator:
        word = self.token
        name = _SPELLINGS.get(word.text, word.text)
        if name not in _PIPED:
            raise self.error("an operator", self._operator_hint(word.text))
        self.advance()
        operator = _OPERATORS[name](self, word.start)
        self.end_of_operator()
        return operator

    def end_of_operator(self) -> None:
        """Refuse what does not belong to the operator before it."""
        if self.text not in ENDS:
            raise self.error("'|' or the end of the query", self._end_hint())

    def _operator_hint(self, word: str) -> str:
        if word in {"print", "range", "let", "set", "declare"}:
            return f"{word} begins a statement, it does not follow a pipe"
        if word == "|" and self.adjacent():
            return "KQL says or; texts are joined by strcat()"
        return operator_hint(word) or self._call_hint(word) or did_you_mean(word, PIPELINE_WORDS)

    def _call_hint(self, word: str) -> str:
        if self.peek().text != "(" or did_you_mean(word, PIPELINE_WORDS, least_alike=0.9):
            return ""
        return f"a value is made by | extend name = {word}(...), a table by | invoke {word}(...)"

    def _end_hint(self) -> str:
        if self.text == "=":
            return "equality is written =="
        if self.text == "with" and self.peek().text == "others":
            return "with others = ... stands before by"
        if self.text.lower() == "as" and self.peek().kind == NAME:
            return f"a name stands before its value: {self.peek().text} = ...; an operator follows a pipe"
        if self.text in _PIPED:
            return f"an operator follows a pipe: | {self.text} ..."
        if self.token.kind not in _OPERANDS:
            return tail_hint(self.text)
        meant = tail_hint(self.text) or did_you_mean(self.text, _BINARY_WORDS, least_alike=0.75)
        return meant or self._behind_hint() or "a comma or an operator may be missing before it"

    def _behind_hint(self) -> str:
        """What the words before the cursor may have been meant for."""
        *_, before, last = ("", "", *(token.text for token in self.tokens[: self.position]))
        if (before, last) == ("*", "*"):
            return "KQL says pow(base, exponent)"
        if last in FUNCTIONS:
            return f"the arguments of a function stand in parentheses: {last}(...)"
        return argument_hint(last)

    def skip_to(self, borders: set[str], begin: int) -> None:
        """Leave out what began at the token `begin`, up to one of `borders` or the bracket around it."""
        behind = [token.text for token in self.tokens[begin : self.position]]
        unclosed = sum(text in _OPENING for text in behind) - sum(text in _CLOSING for text in behind)
        level = 0
        while self.text and not (level == 0 and self.text in borders):
            if self.text in _OPENING:
                level += 1
            elif self.text in _CLOSING and level:
                level -= 1
            elif self.text in _CLOSING and unclosed > 0:
                unclosed -= 1
            elif self.text in _CLOSING:
                return
            self.advance()


_OPERATORS: Final[dict[str, Callable[[PipelineParser, int], ast.Operator]]] = {
    word: getattr(PipelineParser, "_parse_" + word.replace("-", "_"))
    for word in (*PIPELINE_WORDS, *SOURCE_WORDS)
    if word not in _SPELLINGS
}
_PIPED: Final = frozenset(PIPELINE_WORDS)
