"""Operators that take text apart, and render, which says how to draw the answer.

parse pattern := [column] (['*'] string [column])* ['*']     column := name [: type]
"""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.parser.columns import ColumnParser
from gatelog.kql.parser.rows import ENDS
from gatelog.kql.text.diagnostics import did_you_mean
from gatelog.kql.text.tokens import NAME, STRING

_PARSE_KINDS = ("simple", "regex", "relaxed")
_CHARTS = (
    *("table", "list", "card", "timechart", "linechart", "areachart", "stackedareachart", "anomalychart"),
    *("barchart", "columnchart", "piechart", "scatterchart", "ladderchart", "pivotchart", "timepivot"),
    *("timeline", "treemap", "plotly", "graph", "sankey", "3Dchart"),
)
_MISPLACED = "two columns of a pattern need a string between them, as do a string column and '*'"


class TextOperatorParser(ColumnParser):
    """Each rule begins behind the name of its operator, which stands at the offset `start`."""

    def _parse_parse(self, start: int, *, filtering: bool = False) -> ast.Parse:
        parameters = self.parameters("kind", "flags")
        kind = parameters["kind"].value if "kind" in parameters else "simple"
        if kind not in _PARSE_KINDS:
            raise self.error_at(
                parameters["kind"].span.start, f"there is no kind {kind!r}", ", ".join(_PARSE_KINDS)
            )
        flags = parameters["flags"].value if "flags" in parameters else ""
        source = self.expression()
        self.expect("with")
        pattern = self._pattern()
        return ast.Parse(self.span_from(start), kind, flags, source, pattern, filtering)

    def _parse_parse_where(self, start: int) -> ast.Parse:
        return self._parse_parse(start, filtering=True)

    def _pattern(self) -> tuple[ast.Literal | ast.ParseColumn | ast.Star, ...]:
        items: list[ast.Literal | ast.ParseColumn | ast.Star] = []
        while self.text not in ENDS:
            item = self._pattern_item()
            if items and not _may_follow(items[-1], item):
                raise self.error_at(item.span.start, _MISPLACED)
            items.append(item)
        if not items:
            raise self.error("a pattern")
        return tuple(items)

    def _pattern_item(self) -> ast.Literal | ast.ParseColumn | ast.Star:
        token = self.token
        if token.kind == STRING:
            return self.string()
        if self.accept("*"):
            return ast.Star(ast.Span(token.start, token.end))
        name = self.name("a string, a column or '*'")
        kind = self.type_name() if self.accept(":") else "string"
        return ast.ParseColumn(self.span_from(token.start), name, kind)

    def _parse_parse_kv(self, start: int) -> ast.ParseKv:
        hints = tuple(self.parameters().values())
        source = self.expression()
        self.expect("as")
        columns = self.parenthesized_list_of(self.column_declaration)
        properties = self.parenthesized_list_of(self.property) if self.accept("with") else ()
        return ast.ParseKv(self.span_from(start), source, columns, properties, hints)

    def _parse_reduce(self, start: int) -> ast.Reduce:
        hints = tuple(self.parameters("kind").values())
        self.expect("by")
        by = self.named_expression()
        properties = self.list_of(self.property, until=ENDS) if self.accept("with") else ()
        return ast.Reduce(self.span_from(start), by, properties, hints)

    def _parse_render(self, start: int) -> ast.Render:
        chart = self.word("a kind of chart")
        if chart.value not in _CHARTS:
            hint = did_you_mean(chart.value, _CHARTS) or f"these are: {', '.join(_CHARTS)}"
            raise self.error_at(chart.span.start, f"there is no chart '{chart.value}'", hint)
        properties: tuple[tuple[str, str], ...] = ()
        if self.accept("with"):
            properties = self.parenthesized_list_of(self._render_property)
        while self.token.kind == NAME:
            properties = (*properties, self._render_property())
        return ast.Render(self.span_from(start), chart.value, properties)

    def _render_property(self) -> tuple[str, str]:
        name = self.advance().text
        if name not in {"by", "with"}:
            self.expect("=")
        values = [self._render_value()]
        while self.text == "," and self.peek(2).text != "=":
            self.advance()
            values.append(self._render_value())
        return name, ",".join(values)

    def _render_value(self) -> str:
        value = self.expression()
        match value:
            case ast.Name():
                return value.value
            case ast.Literal(type="string", value=str() as text):
                return text
        return self.query[value.span.start : value.span.end]


def _may_follow(item: ast.Node, following: ast.Node) -> bool:
    if isinstance(item, ast.Literal) or isinstance(following, ast.Literal):
        return True
    return isinstance(item, ast.ParseColumn) and item.type != "string" and isinstance(following, ast.Star)
