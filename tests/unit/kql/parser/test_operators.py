"""Every operator of a pipeline."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatelog.errors import KqlSyntaxError
from gatelog.kql.parser import parse

Shaped = Callable[[str], str]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("where a > 1", "Where((a > 1))"),
        ("filter a", "Where(a)"),
        ("extend a = 1, b, (c, d) = f()", "Extend([a=1, b, c/d=f()])"),
        ("extend ['a b'] = 1,", "Extend([a b=1])"),
        ("project", "Project()"),
        ("project a, b = 2", "Project([a, b=2])"),
        ("project-smart a", "Project([a], True)"),
        ("project-away a, b*, *_c, ['d e']", "ProjectAway([a, WildcardName(b*), WildcardName(*_c), d e])"),
        ("project-keep a*b*", "ProjectKeep([WildcardName(a*b*)])"),
        ("project-rename a = b", "ProjectRename([a=b])"),
        ("project-by-names 'a', names", "ProjectByNames(['a', names])"),
        (
            "project-reorder a, b* granny-asc, * desc",
            "ProjectReorder([ReorderedColumn(a), ReorderedColumn(WildcardName(b*), granny-asc), "
            "ReorderedColumn(*, desc)])",
        ),
        ("count", "Count()"),
        ("count as n", "Count(n)"),
        ("take 5", "Take(5)"),
        ("limit n + 1", "Take((n + 1))"),
        ("distinct *", "Distinct([*])"),
        ("distinct a, b", "Distinct([a, b])"),
        ("sample 3", "Sample(3)"),
        ("sample-distinct 3 of a", "SampleDistinct(3, a)"),
        ("getschema", "GetSchema()"),
        ("assert-schema (a: int)", "AssertSchema([a:int])"),
        ("serialize", "Serialize()"),
        ("serialize n = row_number()", "Serialize([n=row_number()])"),
        ("as hint.materialized = true X", "As(X, [hint.materialized=true])"),
        ("consume", "Consume()"),
        ("execute-and-cache", "ExecuteAndCache()"),
    ],
)
def test_operators_on_rows_and_columns(operator: Shaped, text: str, shape: str) -> None:
    assert operator(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("sort by a", "Sort([a desc last])"),
        ("order by a asc, b desc nulls first", "Sort([a asc first, b desc first])"),
        ("sort by a asc nulls last", "Sort([a asc last])"),
        ("top 5 by a", "Top(5, [a desc last])"),
        ("top-hitters 2 of a by b", "TopHitters(2, a, b)"),
        (
            "top-nested 2 of a with others = 'x' by sum(b), top-nested of c by n = count() asc",
            "TopNested([TopNestedLevel(2, a, 'x', sum(b), True), TopNestedLevel(None, c, None, n=count())])",
        ),
        ("summarize count()", "Summarize([count()])"),
        ("summarize by a", "Summarize([], [a])"),
        (
            "summarize hint.strategy = shuffle n = count(), by bin(t, 1h),",
            "Summarize([n=count()], [bin(t, timespan(36000000000))], None, [hint.strategy=shuffle])",
        ),
        ("summarize count() by t bin = 1d", "Summarize([count()], [t], timespan(864000000000))"),
        (
            "make-series n = count() default = 0, max(b) on t from x to y step 1d by a",
            "MakeSeries([SeriesAggregate(n=count(), 0), SeriesAggregate(max(b))], t, x, y, "
            "timespan(864000000000), [a])",
        ),
        (
            "make-series kind = nonempty n = count() on t in range(1, 9, 2)",
            "MakeSeries([SeriesAggregate(n=count())], t, 1, 9, 2, [], True, [kind=nonempty])",
        ),
    ],
)
def test_operators_that_order_and_aggregate(operator: Shaped, text: str, shape: str) -> None:
    assert operator(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("join (U) on a", "Join(innerunique, U, [a])"),
        (
            "join kind = leftouter hint.remote = left (U | take 1) on a, $left.b == $right.c",
            "Join(leftouter, U | Take(1), [a, ($left.b == $right.c)], [hint.remote=left])",
        ),
        ("join kind=anti U on a", "Join(leftanti, U, [a])"),
        ("lookup (U) on a", "Lookup(leftouter, U, [a])"),
        ("lookup kind=inner U on a", "Lookup(inner, U, [a])"),
        ("union U, (V | take 1)", "Union(outer, None, False, [U, V | Take(1)])"),
        (
            "union kind=inner withsource=Src isfuzzy=true Sec*, database('d').T, database('d').U*",
            "Union(inner, Src, True, [WildcardName(Sec*), database('d').T, "
            "WildcardMember(database('d'), U*)])",
        ),
        ("evaluate bag_unpack(d, 'p_')", "Evaluate(bag_unpack(d, 'p_'))"),
        ("evaluate pivot(a) : (*, b: long)", "Evaluate(pivot(a), TypeOf([], [b:long], True))"),
        ("invoke f(1)", "Invoke(f(1))"),
        ("search 'x' and a: 'y'", "Search(default, [], ('x' and (a : 'y')))"),
        ("search kind=case_sensitive in (A, B*) *", "Search(case_sensitive, [A, WildcardName(B*)], *)"),
        ("find where a == 1", "Find(None, [], (a == 1), [], [], True)"),
        (
            "find withsource=S in (A, B*) where a has 'x' project a: int, pack(*)",
            "Find(S, [A, WildcardName(B*)], (a has 'x'), [FindColumn(a, int), FindColumn(*, None, True)])",
        ),
    ],
)
def test_operators_that_bring_in_tables(operator: Shaped, text: str, shape: str) -> None:
    assert operator(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (
            "parse a with * 'x=' x: long ',' * 'y=' y: int *",
            "Parse(simple, , a, [*, 'x=', ParseColumn(x, long), ',', *, 'y=', ParseColumn(y, int), *])",
        ),
        ("parse a with x ':' y", "Parse(simple, , a, [ParseColumn(x, string), ':', ParseColumn(y, string)])"),
        (
            "parse-where kind=regex flags=Ui f(a) with 'x' 'y' z",
            "Parse(regex, Ui, f(a), ['xy', ParseColumn(z, string)], True)",
        ),
        (
            "parse-kv a as (x: int, y: string) with (pair_delimiter=' ', kv_delimiter='=')",
            "ParseKv(a, [x:int, y:string], [pair_delimiter=' ', kv_delimiter='='])",
        ),
        ("reduce by a with threshold = 0.2", "Reduce(a, [threshold=0.2])"),
        ("render timechart", "Render(timechart)"),
        (
            "render timechart with (title = 'a b', ycolumns = x, ['y z'], ymin = -1, kind = stacked)",
            "Render(timechart, [[title, a b], [ycolumns, x,y z], [ymin, -1], [kind, stacked]])",
        ),
        ("render piechart kind=default title='x'", "Render(piechart, [[kind, default], [title, x]])"),
    ],
)
def test_operators_on_text_and_for_drawing(operator: Shaped, text: str, shape: str) -> None:
    assert operator(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("mv-expand a", "MvExpand([ExpandedColumn(a)], None, bag)"),
        (
            "mvexpand kind=array with_itemindex=i x = a to typeof(long), b limit 3",
            "MvExpand([ExpandedColumn(x=a, TypeOf([long])), ExpandedColumn(b)], 3, array, i)",
        ),
        (
            "mv-apply with_itemindex=i x = a to typeof(long) limit 2 on (where x > 1 | take 1)",
            "MvApply([ExpandedColumn(x=a, TypeOf([long]))], 2, None, Where((x > 1)) | Take(1), i)",
        ),
        (
            "partition hint.strategy=native by a (top 1 by b)",
            "Partition(a, Top(1, [b desc last]), False, [hint.strategy=native])",
        ),
        ("partition by a { T | where b == a }", "Partition(a, T | Where((b == a)), True)"),
        ("fork x = (take 1) (count)", "Fork([ForkBranch(x, Take(1)), ForkBranch(None, Count())])"),
        ("facet by a, b with (take 1)", "Facet([a, b], Take(1))"),
        (
            "scan with_match_id=m declare (n: long = 0) with (step s output=last: a > 1 => n = s.n + 1; "
            "step t optional: true;)",
            "Scan(m, [n:long=0], [], [], [ScanStep(s, False, last, (a > 1), [n=(s.n + 1)]), "
            "ScanStep(t, True, None, True)])",
        ),
        (
            "scan order by a asc partition by b with (step s: true;)",
            "Scan(None, [], [a asc first], [b], [ScanStep(s, False, None, True)])",
        ),
    ],
)
def test_operators_with_queries_inside(operator: Shaped, text: str, shape: str) -> None:
    assert operator(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("make-graph a --> b with N on id", "MakeGraph(a, b, True, [NodeTable(N, id)])"),
        ("make-graph a -- b with_node_id=n", "MakeGraph(a, b, False, [], n)"),
        (
            "make-graph a --> b partitioned-by c (graph-to-table nodes)",
            "MakeGraph(a, b, True, [], None, c, GraphToTable([GraphTable(nodes)]))",
        ),
        (
            "graph-match (a)-[e]->(b)<-[*1..3]-(c)--(), (d)-->(f)<--(g) where a.x == 1 project a.y",
            "GraphMatch([GraphPattern([PatternNode(a), PatternEdge(e, out), PatternNode(b), "
            "PatternEdge(None, in, 1, 3), PatternNode(c), PatternEdge(None, any), PatternNode()]), "
            "GraphPattern([PatternNode(d), PatternEdge(None, out), PatternNode(f), PatternEdge(None, in), "
            "PatternNode(g)])], (a.x == 1), [a.y])",
        ),
        (
            "graph-shortest-paths output=all (a)-[e*1..5]->(b) project e",
            "GraphShortestPaths([GraphPattern([PatternNode(a), PatternEdge(e, out, 1, 5), PatternNode(b)])], "
            "None, [e], [output=all])",
        ),
        (
            "graph-mark-components kind=weak with_component_id=c",
            "GraphMarkComponents([kind=weak, with_component_id=c])",
        ),
        ("graph-where-nodes x > 1", "GraphWhereNodes((x > 1))"),
        ("graph-where-edges x > 1", "GraphWhereEdges((x > 1))"),
        (
            "graph-to-table nodes as N with_node_id=i, edges as E",
            "GraphToTable([GraphTable(nodes, N, [with_node_id=i]), GraphTable(edges, E)])",
        ),
    ],
)
def test_operators_on_graphs(operator: Shaped, text: str, shape: str) -> None:
    assert operator(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("print a = 1, 'x'", "Print([a=1, 'x'])"),
        ("range x from 1 to 9 step 2 | count", "Range(x, 1, 9, 2) | Count()"),
        ("union A, B | count", "Union(outer, None, False, [A, B]) | Count()"),
        ("union *", "Union(outer, None, False, [WildcardName(*)])"),
        ("search in (T) 'x'", "Search(default, [T], 'x')"),
        ("find in (T) where a == 1", "Find(None, [T], (a == 1), [], [], True)"),
        (
            "datatable (a: int, b: string) [1, 'x', -2, 'y',]",
            "DataTable([a:int, b:string], [1, 'x', -2, 'y'])",
        ),
        (
            "externaldata (a: string) [@'http://x'] with (format='csv')",
            "ExternalData([a:string], ['http://x'], [format='csv'])",
        ),
        (
            "inline_external_table (a: string) kind=storage dataformat=csv ('http://x')",
            "ExternalData([a:string], ['http://x'], [], [kind=storage, dataformat=csv])",
        ),
        ("(T | take 1) | count", "T | Take(1) | Count()"),
        ("T", "T"),
        ("cluster('c').database('d').T", "Call(database, ['d'], cluster('c')).T"),
        (
            "macro-expand entity_group [database('a')] as X (X.T; X.U)",
            "MacroExpand(EntityGroup([database('a')]), X, [QueryStatement(X.T), QueryStatement(X.U)])",
        ),
    ],
)
def test_sources(query: Shaped, text: str, shape: str) -> None:
    assert query(text) == shape


@pytest.mark.parametrize(
    "text",
    [
        "sumarize count()",
        "Where a",
        "print 1",
        "project a b",
        "top 5 of a",
        "sort a",
        "summarize",
        "join kind=sideways (U) on a",
        "union kind=leftouter U",
        "parse kind=loose a with 'x'",
        "parse a with x y",
        "parse a with * x",
        "mv-apply x on (T | take 1)",
        "scan with (step s: true)",
        "where not a",
        "where a.b = 1",
        "project-rename a",
        "take 5 where a",
        "top-nested 2 of a by sum(b) with others = 'x'",
        "make-series count() by a",
        "fork",
        "getschema x",
    ],
)
def test_what_is_no_operator_is_refused(text: str) -> None:
    with pytest.raises(KqlSyntaxError):
        parse(f"T | {text}")
