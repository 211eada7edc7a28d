"""Operators on graphs.

pattern := node (edge node)*      node := ( [name] )
edge    := -[edge]->   <-[edge]-   -[edge]-   -->   <--   --      in brackets: [name] [* low .. high]
"""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.parser.nested import NestedOperatorParser
from gatelog.kql.parser.rows import ENDS


class GraphOperatorParser(NestedOperatorParser):
    """Each rule begins behind the name of its operator, which stands at the offset `start`."""

    def _parse_make_graph(self, start: int) -> ast.MakeGraph:
        source = self.name("the column of the edge's source")
        self.expect("-")
        self.expect("-")
        directed = self.accept(">")
        target = self.name("the column of the edge's target")
        hints = self.parameters("with_node_id")
        node_id = hints.pop("with_node_id", None)
        nodes = self.list_of(self._node_table) if self.accept("with") else ()
        partitioned_by = subquery = None
        if self.accept("partitioned-by"):
            partitioned_by = self.name("a column")
            subquery = self.parenthesized_subquery()
        name = node_id.value if node_id else None
        span = self.span_from(start)
        return ast.MakeGraph(
            span, source, target, directed, nodes, name, partitioned_by, subquery, tuple(hints.values())
        )

    def _node_table(self) -> ast.NodeTable:
        start = self.token.start
        table = self.table_reference()
        self.expect("on")
        key = self.name("the column of the node's identity")
        return ast.NodeTable(self.span_from(start), table, key)

    def _parse_graph_match(self, start: int) -> ast.GraphMatch:
        hints = tuple(self.parameters("cycles").values())
        patterns, where, project = self._matched()
        return ast.GraphMatch(self.span_from(start), patterns, where, project, hints)

    def _parse_graph_shortest_paths(self, start: int) -> ast.GraphShortestPaths:
        hints = tuple(self.parameters("output", "cycles").values())
        patterns, where, project = self._matched()
        return ast.GraphShortestPaths(self.span_from(start), patterns, where, project, hints)

    def _matched(
        self,
    ) -> tuple[tuple[ast.GraphPattern, ...], ast.Expression | None, tuple[ast.NamedExpression, ...]]:
        patterns = self.list_of(self._pattern_of_graph)
        where = self.expression() if self.accept("where") else None
        project = self.named_expressions(*ENDS) if self.accept("project") else ()
        return patterns, where, project

    def _pattern_of_graph(self) -> ast.GraphPattern:
        start = self.token.start
        elements: list[ast.PatternNode | ast.PatternEdge] = [self._pattern_node()]
        while self.text in {"-", "<"}:
            elements += [self._pattern_edge(), self._pattern_node()]
        return ast.GraphPattern(self.span_from(start), tuple(elements))

    def _pattern_node(self) -> ast.PatternNode:
        start = self.expect("(").start
        name = None if self.text == ")" else self.name().value
        self.expect(")")
        return ast.PatternNode(self.span_from(start), name)

    def _pattern_edge(self) -> ast.PatternEdge:
        start = self.token.start
        inward = self.accept("<")
        self.expect("-")
        name = low = high = None
        if self.accept("["):
            name = None if self.text in {"]", "*"} else self.name().value
            if self.accept("*"):
                low = self.expression()
                self.expect("..")
                high = self.expression()
            self.expect("]")
        self.expect("-")
        outward = not inward and self.accept(">")
        direction = "in" if inward else "out" if outward else "any"
        return ast.PatternEdge(self.span_from(start), name, direction, low, high)

    def _parse_graph_mark_components(self, start: int) -> ast.GraphMarkComponents:
        hints = tuple(self.parameters("kind", "with_component_id").values())
        return ast.GraphMarkComponents(self.span_from(start), hints)

    def _parse_graph_where_nodes(self, start: int) -> ast.GraphWhereNodes:
        hints = tuple(self.parameters().values())
        predicate = self.expression()
        return ast.GraphWhereNodes(self.span_from(start), predicate, hints)

    def _parse_graph_where_edges(self, start: int) -> ast.GraphWhereEdges:
        hints = tuple(self.parameters().values())
        predicate = self.expression()
        return ast.GraphWhereEdges(self.span_from(start), predicate, hints)

    def _parse_graph_to_table(self, start: int) -> ast.GraphToTable:
        tables = self.list_of(self._graph_table, until=ENDS)
        return ast.GraphToTable(self.span_from(start), tables)

    def _graph_table(self) -> ast.GraphTable:
        start = self.token.start
        part = self.expect_one_of("nodes", "edges")
        name = self.name() if self.accept("as") else None
        parameters = self.parameters("with_node_id", "with_source_id", "with_target_id")
        return ast.GraphTable(self.span_from(start), part, name, tuple(parameters.values()))
