"""Operators that work on the rows and columns of one table."""

from __future__ import annotations

from typing import Final

from gatelog.kql import ast
from gatelog.kql.parser.columns import ColumnParser
from gatelog.kql.parser.expressions import EQUALITY
from gatelog.kql.text.foreign_words import tail_hint

ENDS: Final = ("|", ")", ";", "}", "")
"""What may follow a whole operator."""


class RowOperatorParser(ColumnParser):
    """Each rule begins behind the name of its operator, which stands at the offset `start`."""

    def _parse_where(self, start: int) -> ast.Where:
        hints = tuple(self.parameters().values())
        begin = self.position
        predicate = self.named_expression()
        tokens = self.tokens[begin : self.position] if predicate.names else ()
        equals = next((ast.Span(token.start, token.end) for token in tokens if token.text == "="), None)
        return ast.Where(self.span_from(start), predicate.value, hints, equals)

    def _parse_extend(self, start: int) -> ast.Extend:
        columns = self.named_expressions(*ENDS)
        return ast.Extend(self.span_from(start), columns)

    def _parse_project(self, start: int, *, smart: bool = False) -> ast.Project:
        columns = () if self.text in ENDS else self.named_expressions(*ENDS)
        return ast.Project(self.span_from(start), columns, smart)

    def _parse_project_smart(self, start: int) -> ast.Project:
        return self._parse_project(start, smart=True)

    def _parse_project_away(self, start: int) -> ast.ProjectAway:
        columns = self._column_patterns()
        return ast.ProjectAway(self.span_from(start), columns)

    def _parse_project_keep(self, start: int) -> ast.ProjectKeep:
        columns = self._column_patterns()
        return ast.ProjectKeep(self.span_from(start), columns)

    def _column_patterns(self) -> tuple[ast.Name | ast.WildcardName | ast.Star, ...]:
        return () if self.text in ENDS else self.list_of(self.column_pattern, until=ENDS)

    def _parse_project_by_names(self, start: int) -> ast.ProjectByNames:
        names = self.list_of(self.expression, until=ENDS)
        return ast.ProjectByNames(self.span_from(start), names)

    def _parse_project_rename(self, start: int) -> ast.ProjectRename:
        columns = () if self.text in ENDS else self.list_of(self._renamed_column, until=ENDS)
        return ast.ProjectRename(self.span_from(start), columns)

    def _renamed_column(self) -> ast.NamedExpression:
        name = self.name("the new name of a column")
        self.expect("=", "project-rename new = old")
        old = self.reference("the old name of a column")
        return ast.NamedExpression(self.span_from(name.span.start), (name,), old)

    def _parse_project_reorder(self, start: int) -> ast.ProjectReorder:
        columns = () if self.text in ENDS else self.list_of(self._reordered_column, until=ENDS)
        return ast.ProjectReorder(self.span_from(start), columns)

    def _reordered_column(self) -> ast.ReorderedColumn:
        column = self.column_pattern()
        ordered = self.text in {"asc", "desc", "granny-asc", "granny-desc"}
        order = self.advance().text if ordered else None
        return ast.ReorderedColumn(self.span_from(column.span.start), column, order)

    def _parse_summarize(self, start: int) -> ast.Summarize:
        hints = tuple(self.parameters().values())
        stop = ("by", *ENDS)
        aggregates = () if self.text in stop else self.named_expressions(*stop)
        by: tuple[ast.NamedExpression, ...] = ()
        width = None
        if self.accept("by"):
            by = self.named_expressions(*ENDS)
            if self.text == "bin" and self.peek().text == "=":
                width = self.property().value
        elif not aggregates:
            raise self.error("an aggregate or 'by'")
        return ast.Summarize(self.span_from(start), aggregates, by, width, hints)

    def _parse_count(self, start: int) -> ast.Count:
        if self.text == "(":
            raise self.error("'|' or the end of the query", "behind a pipe count stands alone")
        name = self.name() if self.accept("as") else None
        return ast.Count(self.span_from(start), name)

    def _parse_take(self, start: int) -> ast.Take:
        hints = tuple(self.parameters().values())
        if self.text in ENDS:
            raise self.error("a number of rows", "take count")
        count = self.expression()
        if self.text == "by":
            raise self.error("'|' or the end of the query", "top count by column")
        if self.text == ",":
            raise self.error("'|' or the end of the query", tail_hint("offset"))
        return ast.Take(self.span_from(start), count, hints)

    def _parse_sort(self, start: int) -> ast.Sort:
        hints = tuple(self.parameters().values())
        self.expect("by", "sort by column desc")
        keys = self.list_of(self.ordering, until=ENDS)
        return ast.Sort(self.span_from(start), keys, hints)

    def _parse_top(self, start: int) -> ast.Top:
        hints = tuple(self.parameters().values())
        count = self.expression()
        self.expect("by", "top count by column")
        keys = self.list_of(self.ordering, until=ENDS)
        return ast.Top(self.span_from(start), count, keys, hints)

    def _parse_top_hitters(self, start: int) -> ast.TopHitters:
        count = self.expression()
        self.expect("of")
        of = self.named_expression()
        by = self.named_expression() if self.accept("by") else None
        return ast.TopHitters(self.span_from(start), count, of, by)

    def _parse_top_nested(self, start: int) -> ast.TopNested:
        levels = [self._top_nested_level(start)]
        while self.accept(","):
            levels.append(self._top_nested_level(self.expect("top-nested").start))
        return ast.TopNested(self.span_from(start), tuple(levels))

    def _top_nested_level(self, start: int) -> ast.TopNestedLevel:
        count = None if self.text == "of" else self.expression()
        self.expect("of")
        of = self.named_expression()
        others = None
        if self.accept("with"):
            self.expect("others")
            self.expect("=")
            others = self.expression()
        self.expect("by")
        key = self.ordering()
        return ast.TopNestedLevel(self.span_from(start), count, of, others, key.key, key.descending)

    def _parse_distinct(self, start: int) -> ast.Distinct:
        hints = tuple(self.parameters().values())
        columns = self.named_expressions(*ENDS)
        return ast.Distinct(self.span_from(start), columns, hints)

    def _parse_sample(self, start: int) -> ast.Sample:
        count = self.expression()
        return ast.Sample(self.span_from(start), count)

    def _parse_sample_distinct(self, start: int) -> ast.SampleDistinct:
        count = self.expression()
        self.expect("of")
        of = self.named_expression()
        return ast.SampleDistinct(self.span_from(start), count, of)

    def _parse_getschema(self, start: int) -> ast.GetSchema:
        return ast.GetSchema(self.span_from(start))

    def _parse_assert_schema(self, start: int) -> ast.AssertSchema:
        columns = self.parenthesized_list_of(self.column_declaration)
        return ast.AssertSchema(self.span_from(start), columns)

    def _parse_serialize(self, start: int) -> ast.Serialize:
        hints = tuple(self.parameters().values())
        columns = () if self.text in ENDS else self.named_expressions(*ENDS)
        return ast.Serialize(self.span_from(start), columns, hints)

    def _parse_as(self, start: int) -> ast.As:
        hints = tuple(self.parameters().values())
        name = self.name()
        return ast.As(self.span_from(start), name, hints)

    def _parse_consume(self, start: int) -> ast.Consume:
        hints = tuple(self.parameters("decodeblocks").values())
        return ast.Consume(self.span_from(start), hints)

    def _parse_execute_and_cache(self, start: int) -> ast.ExecuteAndCache:
        return ast.ExecuteAndCache(self.span_from(start))

    def _parse_make_series(self, start: int) -> ast.MakeSeries:
        hints = tuple(self.parameters("kind").values())
        aggregates = self.list_of(self._series_aggregate, until=("on",))
        self.expect("on")
        axis = self.named_expression(EQUALITY)
        inclusive = self.text == "in"
        first, last, step = self._series_in_range() if inclusive else self._series_from_to_step()
        by = self.named_expressions(*ENDS) if self.accept("by") else ()
        span = self.span_from(start)
        return ast.MakeSeries(span, aggregates, axis, first, last, step, by, inclusive, hints)

    def _series_aggregate(self) -> ast.SeriesAggregate:
        column = self.named_expression()
        default = None
        if self.accept("default"):
            self.expect("=")
            default = self.expression()
        return ast.SeriesAggregate(self.span_from(column.span.start), column, default)

    def _series_in_range(self) -> tuple[ast.Expression, ast.Expression, ast.Expression]:
        self.expect("in")
        self.expect("range")
        self.expect("(")
        first = self.expression()
        self.expect(",")
        last = self.expression()
        self.expect(",")
        step = self.expression()
        self.expect(")")
        return first, last, step

    def _series_from_to_step(
        self,
    ) -> tuple[ast.Expression | None, ast.Expression | None, ast.Expression | None]:
        first = self.expression() if self.accept("from") else None
        last = self.expression() if self.accept("to") else None
        step = self.expression() if self.accept("step") else None
        return first, last, step
