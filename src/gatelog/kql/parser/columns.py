"""Named columns, sort keys, parameters, patterns of names: what most operators take."""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.parser.expressions import ExpressionParser
from gatelog.kql.text.tokens import LONG, NAME


class ColumnParser(ExpressionParser):
    """Rules for the lists that follow the name of an operator."""

    def named_expression(self, above: int = 0) -> ast.NamedExpression:
        """`value`, `name = value` or `(name, name) = value`; `above` as for an expression."""
        start = self.token.start
        names = self._assigned_names()
        value = self.expression(above)
        return ast.NamedExpression(self.span_from(start), names, value)

    def named_expressions(self, *until: str) -> tuple[ast.NamedExpression, ...]:
        """Named expressions between commas; a trailing comma is forgiven before a text of `until`."""
        return self.list_of(self.named_expression, until=until)

    def _assigned_names(self) -> tuple[ast.Name, ...]:
        if self.peek().text == "=" and self.token.kind == NAME:
            names: tuple[ast.Name, ...] = (self.name("the name of a column"),)
        elif self.at_quoted_name() and self.peek(3).text == "=":
            names = (self.name(),)
        elif self.text == "(" and self._at_name_list():
            names = self.parenthesized_list_of(self.name)
        else:
            return ()
        self.expect("=")
        return names

    def _at_name_list(self) -> bool:
        distance = 1
        while self.peek(distance).kind == NAME and self.peek(distance + 1).text == ",":
            distance += 2
        return [self.peek(distance + step).text for step in (1, 2)] == [")", "="]

    def ordering(self) -> ast.Ordering:
        """`key asc nulls first`, all but the key optional."""
        start = self.token.start
        if self.text in {"asc", "desc"}:
            raise self.error("a column to sort by", f"{self.text} stands behind its column, without a comma")
        key = self.named_expression()
        ascending = self.text == "asc"
        if self.text in {"asc", "desc"}:
            self.advance()
        nulls_first = ascending
        if self.accept("nulls"):
            nulls_first = self.expect_one_of("first", "last") == "first"
        return ast.Ordering(self.span_from(start), key, not ascending, nulls_first)

    def parameters(self, *names: str) -> dict[str, ast.Parameter]:
        """Parameters of an operator, `name = value`: those in `names`, and hints such as hint.strategy."""
        found = {}
        while (self.text in names and self.peek().text == "=") or (
            self.text == "hint" and self.peek().text == "."
        ):
            parameter = self.parameter()
            found[parameter.name] = parameter
        return found

    def table_reference(self) -> ast.Expression:
        """A table in a list of tables: a path, a query in parentheses, or a name with `*` in it."""
        if self.text == "*" or (self.peek().text == "*" and self.peek().start == self.token.end):
            return self.wildcard_name()
        if self.text in {"print", "range"} and self.peek().kind == NAME:
            raise self.error("a table", f"a query among tables stands in parentheses: ({self.text} ...)")
        base = self.path(self.primary())
        if self.text == "." and self.peek().text == "*":
            self.advance()
            return self._wildcard_member(base, "")
        if self.text == "*" and self.adjacent() and isinstance(base, ast.Member):
            return self._wildcard_member(base.base, base.name)
        return base

    def _wildcard_member(self, base: ast.Expression, prefix: str) -> ast.WildcardMember:
        pattern = prefix + self.wildcard_name().pattern
        return ast.WildcardMember(self.span_from(base.span.start), base, pattern)

    def wildcard_name(self) -> ast.WildcardName:
        """Names and stars with nothing between them: `Sec*`, `*_d`, `*`."""
        start = self.token.start
        pattern = self.advance().text
        while self.adjacent() and (self.token.kind in {NAME, LONG} or self.text == "*"):
            pattern += self.advance().text
        return ast.WildcardName(self.span_from(start), pattern)

    def column_pattern(self) -> ast.Name | ast.WildcardName | ast.Star:
        """A column, a pattern of columns, or `*`."""
        following = self.peek()
        if self.text == "*" and not (following.kind in {NAME, LONG} and following.start == self.token.end):
            token = self.advance()
            return ast.Star(ast.Span(token.start, token.end))
        if self.text == "*" or (following.text == "*" and following.start == self.token.end):
            return self.wildcard_name()
        return self.reference("a column name")
