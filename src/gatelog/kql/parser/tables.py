"""Operators that bring in other tables, make one, or hand the table to a plugin or a function."""

from __future__ import annotations

from typing import Final

from gatelog.kql import ast
from gatelog.kql.parser.columns import ColumnParser
from gatelog.kql.parser.rows import ENDS
from gatelog.kql.text.diagnostics import did_you_mean

JOIN_KINDS: Final = (
    *("innerunique", "inner", "leftouter", "rightouter", "fullouter"),
    *("leftanti", "anti", "leftantisemi", "rightanti", "rightantisemi", "leftsemi", "rightsemi"),
)
"""Kinds of join; anti and leftantisemi are leftanti, rightantisemi is rightanti."""

_JOIN_SYNONYMS: Final = {"anti": "leftanti", "leftantisemi": "leftanti", "rightantisemi": "rightanti"}


class TableOperatorParser(ColumnParser):
    """Each rule begins behind the name of its operator, which stands at the offset `start`."""

    def _parse_join(self, start: int) -> ast.Join:
        parameters = self._parameters("kind")
        kind = self._kind(parameters, JOIN_KINDS, default="innerunique")
        right = self.table_reference()
        conditions = self._join_conditions()
        span = self.span_from(start)
        return ast.Join(span, _JOIN_SYNONYMS.get(kind, kind), right, conditions, tuple(parameters.values()))

    def _parse_lookup(self, start: int) -> ast.Lookup:
        parameters = self._parameters("kind")
        kind = self._kind(parameters, ("leftouter", "inner"), default="leftouter")
        right = self.table_reference()
        conditions = self._join_conditions()
        return ast.Lookup(self.span_from(start), kind, right, conditions, tuple(parameters.values()))

    def _parameters(self, *names: str) -> dict[str, ast.Parameter]:
        """As `parameters`, where what follows is never `name = value`."""
        found = self.parameters(*names)
        near = did_you_mean(self.text, names) if self.peek().text == "=" else ""
        if near:
            raise self.error_at(self.token.start, f"there is no parameter {self.text!r}", near)
        return found

    def _kind(self, parameters: dict[str, ast.Parameter], kinds: tuple[str, ...], default: str) -> str:
        parameter = parameters.pop("kind", None)
        if parameter is None:
            return default
        if parameter.value not in kinds:
            outer = [kind for kind in kinds if kind.endswith("outer") and parameter.value in kind]
            near = "" if len(outer) > 1 else did_you_mean(parameter.value, outer or kinds)
            hint = near or "one of " + ", ".join(outer or kinds)
            raise self.error_at(parameter.span.start, f"there is no kind {parameter.value!r}", hint)
        return parameter.value

    def _join_conditions(self) -> tuple[ast.Expression, ...]:
        return self.list_of(self.expression, until=ENDS) if self.accept("on") else ()

    def _parse_union(self, start: int) -> ast.Union:
        parameters = self._parameters("kind", "withsource", "with_source", "isfuzzy")
        kind = self._kind(parameters, ("outer", "inner"), default="outer")
        source = self._source_column(parameters)
        fuzzy = parameters.pop("isfuzzy", None)
        tables = self.list_of(self.table_reference, until=ENDS)
        is_fuzzy = fuzzy is not None and fuzzy.value.lower() == "true"
        return ast.Union(self.span_from(start), kind, source, is_fuzzy, tables, tuple(parameters.values()))

    def _source_column(self, parameters: dict[str, ast.Parameter]) -> str | None:
        parameter = parameters.pop("withsource", None) or parameters.pop("with_source", None)
        return parameter.value if parameter else None

    def _parse_search(self, start: int) -> ast.Search:
        parameters = self._parameters("kind", "datascope")
        kind = self._kind(parameters, ("case_insensitive", "default", "case_sensitive"), default="default")
        tables = self._tables_in()
        predicate = self.expression()
        return ast.Search(self.span_from(start), kind, tables, predicate, tuple(parameters.values()))

    def _tables_in(self) -> tuple[ast.Expression, ...]:
        return self.parenthesized_list_of(self.table_reference) if self.accept("in") else ()

    def _parse_find(self, start: int) -> ast.Find:
        parameters = self._parameters("withsource", "with_source", "datascope")
        source = self._source_column(parameters)
        tables = self._tables_in()
        self.accept("where")
        predicate = self.expression()
        project = self.list_of(self._find_column, until=ENDS) if self.accept("project") else ()
        smart = self.accept("project-smart") or not project
        away = self.list_of(self.column_pattern, until=ENDS) if self.accept("project-away") else ()
        span, hints = self.span_from(start), tuple(parameters.values())
        return ast.Find(span, source, tables, predicate, project, away, smart, hints)

    def _find_column(self) -> ast.FindColumn:
        start = self.token.start
        if self.text in {"pack", "pack_all"} and self.peek().text == "(":
            everything = self.advance().text == "pack"
            self.expect("(")
            if everything:
                self.expect("*")
            self.expect(")")
            star = ast.Star(self.span_from(start))
            return ast.FindColumn(self.span_from(start), star, None, pack=True)
        name = self.name("a column name")
        kind = self.type_name() if self.accept(":") else None
        return ast.FindColumn(self.span_from(start), name, kind)

    def _parse_print(self, start: int) -> ast.Print:
        columns = self.named_expressions(*ENDS)
        return ast.Print(self.span_from(start), columns)

    def _parse_range(self, start: int) -> ast.Range:
        name = self.name("the name of a column")
        self.expect("from")
        first = self.expression()
        self.expect("to")
        last = self.expression()
        self.expect("step")
        step = self.expression()
        return ast.Range(self.span_from(start), name, first, last, step)

    def _parse_evaluate(self, start: int) -> ast.Evaluate:
        hints = tuple(self.parameters().values())
        plugin = self.call(self.name("the name of a plugin"))
        schema = self.row_schema(self.token.start) if self.accept(":") else None
        return ast.Evaluate(self.span_from(start), plugin, schema, hints)

    def _parse_invoke(self, start: int) -> ast.Invoke:
        function = self.path(self.call(self.name("the name of a function")))
        if not isinstance(function, ast.Call):
            raise self.error_at(function.span.start, "invoke hands the table to a function, this is none")
        return ast.Invoke(self.span_from(start), function)
