"""Statements and the whole query.

query     := statement (';' statement)* [';']
statement := let name = (function | entity_group | pipeline) | set name [= value] | declare ... | alias ...
           | restrict access to (...) | pipeline
function  := [view] (parameters) { statements }
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gatelog.errors import KqlSyntaxError
from gatelog.kql import ast
from gatelog.kql.parser.pipelines import PipelineParser
from gatelog.kql.text.diagnostics import did_you_mean
from gatelog.kql.text.foreign_words import statement_hint
from gatelog.kql.text.tokens import NAME, PIPELINE_WORDS


def parse(query: str) -> ast.Query:
    """The syntax tree of `query`.

    Raises KqlSyntaxError with line, column, what was expected, and a hint where there is one.
    """
    return Parser(query).query_tree()


def parse_recovering(query: str) -> tuple[ast.Query, list[KqlSyntaxError]]:
    """The tree of what could be understood, and every error: broken operators and statements are left out."""
    parser = Parser(query, recovering=True)
    return parser.query_tree(), parser.errors


class Parser(PipelineParser):
    """Rules for statements."""

    def query_tree(self) -> ast.Query:
        """The whole text."""
        statements = self.statements("")
        if not statements and not self.errors:
            self.recover_from(self.error("a query"))
        return ast.Query(ast.Span(0, len(self.query)), statements)

    def statements(self, closing: str) -> tuple[ast.Statement, ...]:
        statements = []
        depth = self.depth
        self.enter()
        while self.text != closing:
            if self.accept(";"):
                continue
            begin = self.position
            try:
                statements.append(self._statement())
                if self.text not in {";", closing}:
                    end = f"'{closing}'" if closing else "the end of the query"
                    raise self.error(f"';' or {end}", self._statement_hint(begin))
            except KqlSyntaxError as error:
                self.recover_from(error)
                self._skip_statement(begin, closing)
                self.depth = depth + 1
            if self.text == "":
                break
        self.depth = depth
        return tuple(statements)

    def _skip_statement(self, begin: int, closing: str) -> None:
        self.skip_to({";"}, begin)
        while closing == "" and self.text not in {"", ";"}:
            self.advance()  # over a bracket that nothing opened
            self.skip_to({";"}, self.position)

    def _statement_hint(self, begin: int) -> str:
        if [token.text for token in self.tokens[self.position - 2 : self.position]] == ["/", "*"]:
            return "a comment begins with //"
        if self.text == "{":
            return "parameters of a function have types: (name: string) { ... }"
        if self.token.kind == NAME and self.text in PIPELINE_WORDS:
            return f"'{self.text}' follows a pipe: | {self.text} ..."
        if self.text == ")":
            return "no bracket is open here"
        if self.text == "=>":
            return "a function is written let name = (parameter: type) { ... };"
        if self.text == "=":
            return "a value gets a name by let name = ...;"
        return statement_hint(self.tokens[begin].text)

    def _statement(self) -> ast.Statement:
        rule = _STATEMENTS.get(self.text)
        following = self.peek()
        if rule is not None and (following.kind == NAME or following.text in {"[", "="}):
            return rule(self, self.advance().start)
        if self.text == ".":
            raise self.error("a query", "this is a management command; only queries are answered here")
        start = self.token.start
        pipeline = self.pipeline()
        if not isinstance(pipeline, ast.Pipeline):
            pipeline = ast.Pipeline(pipeline.span, pipeline, ())
        return ast.QueryStatement(self.span_from(start), pipeline)

    def _parse_let(self, start: int) -> ast.Let:
        name = self.name()
        self.expect("=", "let name = value")
        value = self._let_value()
        return ast.Let(self.span_from(start), name, value)

    def _let_value(self) -> ast.Expression:
        if self.text == "entity_group":
            return self.entity_group()
        is_view = self.text == "view" and self.peek().text == "("
        if is_view or self._at_function():
            return self._function()
        return self.pipeline()

    def _at_function(self) -> bool:
        if self.text != "(":
            return False
        if self.peek().text == ")":
            return self.peek(2).text == "{"
        colon = 4 if self.peek().text == "[" else 2
        return self.peek(colon).text == ":"

    def _function(self) -> ast.Function:
        start = self.token.start
        view = self.accept("view")
        parameters = self.parenthesized_list_of(self._function_parameter)
        self.expect("{")
        body = self.statements("}")
        self.expect("}")
        return ast.Function(self.span_from(start), parameters, body, view)

    def _function_parameter(self) -> ast.ColumnDeclaration | ast.TabularParameter:
        start = self.token.start
        if self.peek(2).text != "(":
            return self.declaration_with_default()
        name = self.name("the name of a parameter")
        self.expect(":")
        schema = self.row_schema(start)
        return ast.TabularParameter(self.span_from(start), name.value, schema.columns, schema.star)

    def _parse_set(self, start: int) -> ast.SetOption:
        name = self.advance().text
        value = self.expression() if self.accept("=") else None
        return ast.SetOption(self.span_from(start), name, value)

    def _parse_declare(self, start: int) -> ast.Statement:
        if self.accept("query_parameters"):
            parameters = self.parenthesized_list_of(self.declaration_with_default)
            return ast.DeclareParameters(self.span_from(start), parameters)
        if self.accept("pattern"):
            return self._pattern_declaration(start)
        raise self.error(
            "'query_parameters' or 'pattern'", did_you_mean(self.text, ("query_parameters", "pattern"))
        )

    def _pattern_declaration(self, start: int) -> ast.DeclarePattern:
        name = self.name("the name of a pattern").value
        if not self.accept("="):
            return ast.DeclarePattern(self.span_from(start), name, (), None, ())
        parameters = self.parenthesized_list_of(self.column_declaration)
        path = None
        if self.accept("["):
            path = self.column_declaration()
            self.expect("]")
        self.expect("{")
        cases = []
        while not self.accept("}"):
            cases.append(self._pattern_case())
            self.accept(";")
        return ast.DeclarePattern(self.span_from(start), name, parameters, path, tuple(cases))

    def _pattern_case(self) -> ast.PatternCase:
        start = self.token.start
        arguments = self.parenthesized_list_of(self.string)
        path = None
        if self.accept("."):
            self.expect("[")
            path = self.string()
            self.expect("]")
        self.expect("=")
        self.expect("{")
        body = self.statements("}")
        self.expect("}")
        return ast.PatternCase(self.span_from(start), arguments, path, body)

    def _parse_alias(self, start: int) -> ast.AliasDatabase:
        self.expect("database")
        name = self.name().value
        self.expect("=")
        value = self.expression()
        return ast.AliasDatabase(self.span_from(start), name, value)

    def _parse_restrict(self, start: int) -> ast.Restrict:
        self.expect("access")
        self.expect("to")
        tables = self.parenthesized_list_of(self.table_reference)
        return ast.Restrict(self.span_from(start), tables)


_STATEMENTS: Final[dict[str, Callable[[Parser, int], ast.Statement]]] = {
    "alias": Parser._parse_alias,
    "declare": Parser._parse_declare,
    "let": Parser._parse_let,
    "restrict": Parser._parse_restrict,
    "set": Parser._parse_set,
}
