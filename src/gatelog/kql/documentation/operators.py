"""Tabular operators, their parameters, statements, operators between values, charts and types.

Source: learn.microsoft.com/kusto/query, the pages of the operators, of render and of the scalar types.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql.documentation.entry import Entry, entries

OPERATORS: Mapping[str, Entry] = entries("""
    as name — Binds a name to the table at this point, for use later in the same query.
    assert-schema (column: type, ...) — Refuses the query unless the columns are these.
    consume — Reads all rows and returns none.
    count — The number of rows, as one row with the column Count.
    distinct column, ... — The distinct combinations of the columns; `distinct *` of all.
    evaluate plugin(arguments) — Runs a plugin over the table.
    execute-and-cache — Keeps the answer for the next query; here without effect.
    extend name = value, ... — Adds columns, or replaces those of the same name.
    facet by column, ... [with (operators)] — One table for each column, with its values and their counts.
    filter predicate — The rows for which the predicate is true; the same as where.
    find [in (tables)] where predicate [project columns] — The rows of several tables for which it is true.
    fork name = (operators) ... — Several answers from one input.
    getschema — The columns of the table with their types, as rows.
    graph-mark-components [kind = strong] — Marks the connected components of a graph.
    graph-match pattern where predicate project columns — The places of a graph that match a pattern.
    graph-shortest-paths pattern where predicate project columns — The shortest paths of a graph.
    graph-to-table nodes, edges — The nodes or edges of a graph as tables.
    graph-where-edges predicate — Keeps the edges for which the predicate is true.
    graph-where-nodes predicate — Keeps the nodes for which the predicate is true.
    invoke function(arguments) — Hands the table to a function of your own as its first argument.
    join kind=inner (table) on key, ... — Merges rows with those of another table where the keys are equal.
    limit number — Some rows, at most so many; the same as take.
    lookup kind=leftouter (table) on key, ... — Adds the columns of a dimension table to the rows.
    macro-expand group as name (query) — Runs the query for each member of an entity group.
    make-graph source --> target [with nodes on key] — Builds a graph from a table of edges.
    make-series aggregate on axis from start to end step width by key — Arrays of aggregates along an axis.
    mv-apply item = array on (operators) — Applies operators to the elements of each row's array.
    mv-expand name = array [to typeof(type)] — A row for each element of an array or bag.
    mvapply item = array on (operators) — The same as mv-apply.
    mvexpand name = array — The old mv-expand: 128 rows of one unless a limit says otherwise.
    order by key [asc|desc], ... — The rows in order, descending unless asc is said; the same as sort.
    parse column with pattern — Takes a text apart into columns: strings to find, names between them.
    parse-kv column as (key: type, ...) [with (options)] — Takes key=value pairs out of a text.
    parse-where column with pattern — As parse, and drops the rows that do not match.
    partition by column (operators) — Applies operators to each group of rows on its own.
    partition-by column (operators) — Applies operators to each group of rows on its own.
    print name = value, ... — One row of constants.
    project name = value, ... — Chooses, renames and computes the columns of the answer, in this order.
    project-away column, ... — Leaves columns out; names may hold `*`.
    project-by-names names, ... — Chooses columns by names that are constants.
    project-keep column, ... — Keeps only these columns; names may hold `*`.
    project-rename new = old, ... — Renames columns.
    project-reorder column [asc|desc], ... — Moves columns to the front.
    project-smart column, ... — Chooses columns as project does.
    range name from start to end step width — A column of equally spaced values, ten million at most.
    reduce by text [with threshold = share, characters = separators] — Groups similar texts under patterns.
    render chart [with (properties)] — How to draw the answer: timechart, barchart, piechart, ...
    sample number — That many rows at random.
    sample-distinct number of column — That many distinct values of a column.
    scan declare (columns) with (steps) — Walks over rows in order and matches a sequence of steps.
    search [in (tables)] "text" — The rows in which any column holds the text.
    serialize — Declares the order of the rows to be meant, for row_number(), prev(), next().
    sort by key [asc|desc], ... — The rows in order, descending unless asc is said.
    summarize aggregate, ... by key, ... — One row for each combination of the keys.
    take number — Some rows, at most so many.
    top number by key [asc|desc] — The first rows in the order of the key.
    top-hitters number of column [by weight] — The most frequent values.
    top-nested number of column by aggregate, ... — The top values, within each those of the next.
    union [withsource = name] table, ... — The rows of several tables one after the other.
    where predicate — The rows for which the predicate is true.
""")

STATEMENTS: Mapping[str, Entry] = entries("""
    let name = value — Binds a name to a value, a table or a function for the rest of the query.
    set name = value — Sets an option of the query.
    declare query_parameters(name: type = value) — Declares parameters that come with the request.
    restrict access to (table, ...) — What follows may ask these tables and functions only.
    alias database name = database("name") — Another name for this database.
""")

SET_OPTIONS: Mapping[str, Entry] = entries("""
    notruncation — The answer may have all its rows, up to the hub's own limit.
    truncationmaxrecords = number — At most so many rows, or the answer ends with an error.
    truncationmaxsize = bytes — At most so many bytes, or the answer ends with an error.
    query_take_max_records = number — The first rows only, without an error.
    query_now = datetime(text) — What now() is.
    query_bin_auto_size = width — How wide the bins of bin_auto() are.
    query_bin_auto_at = value — Where one of the bins of bin_auto() begins.
    deferpartialqueryfailures — An answer that breaks off is no error.
""")

BETWEEN_VALUES: Mapping[str, Entry] = dict(
    entries("""
    and right — Both conditions are true.
    or right — At least one condition is true.
    == right — Equal; case matters.
    != right — Not equal; case matters.
    =~ right — Equal texts; case does not matter.
    !~ right — Texts that differ; case does not matter.
    < right — Less than.
    <= right — Less than or equal.
    > right — Greater than.
    >= right — Greater than or equal.
    + right — Sum; a time later by a timespan.
    - right — Difference.
    * right — Product.
    / right — Quotient; of two integers an integer.
    % right — Remainder.
    in (a, b, ...) — Equal to one of the list, or to a value of a table.
    !in (a, b, ...) — Equal to none of the list.
    in~ (a, b, ...) — As in; case does not matter.
    !in~ (a, b, ...) — As !in; case does not matter.
    between (low .. high) — From low to high, both included.
    !between (low .. high) — Outside of low to high.
    has "term" — Holds the whole term, a run of letters and digits; case does not matter. The fastest search.
    !has "term" — Does not hold the whole term.
    has_cs "term" — Holds the whole term; case matters.
    !has_cs "term" — Does not hold the whole term; case matters.
    has_any ("a", "b", ...) — Holds at least one of the terms.
    has_all ("a", "b", ...) — Holds all of the terms.
    hasprefix "text" — Holds a term that begins with the text.
    !hasprefix "text" — Holds no term that begins with the text.
    hasprefix_cs "text" — Holds a term that begins with the text; case matters.
    !hasprefix_cs "text" — Holds no term that begins with the text; case matters.
    hassuffix "text" — Holds a term that ends with the text.
    !hassuffix "text" — Holds no term that ends with the text.
    hassuffix_cs "text" — Holds a term that ends with the text; case matters.
    !hassuffix_cs "text" — Holds no term that ends with the text; case matters.
    contains "text" — Holds the text anywhere; case does not matter.
    !contains "text" — Does not hold the text.
    contains_cs "text" — Holds the text anywhere; case matters.
    !contains_cs "text" — Does not hold the text; case matters.
    startswith "text" — Begins with the text; case does not matter.
    !startswith "text" — Does not begin with the text.
    startswith_cs "text" — Begins with the text; case matters.
    !startswith_cs "text" — Does not begin with the text; case matters.
    endswith "text" — Ends with the text; case does not matter.
    !endswith "text" — Does not end with the text.
    endswith_cs "text" — Ends with the text; case matters.
    !endswith_cs "text" — Does not end with the text; case matters.
""")
) | {
    "matches regex": Entry('matches regex "pattern"', "Matches a regular expression somewhere."),
}

WORDS: Mapping[str, Entry] = entries("""
    | operator — Hands the table to the next operator.
    by key, ... — The columns to group or to order by.
    on key, ... — The columns that must be equal, or the axis of a series.
    of column — The column that is counted or sampled.
    asc — From small to large.
    desc — From large to small.
    granny-asc — By name, numbers in names counted as numbers.
    granny-desc — By name backwards, numbers in names counted as numbers.
    nulls first|last — Where nulls stand.
    first — Before all other values.
    last — After all other values.
    with (property = value, ...) — Properties of the operator.
    others = value — A name for all values that are not shown.
    default = value — The value where the series has no data.
    from start — Where the axis begins.
    to end — Where the axis ends; also the type of expanded values.
    step width — The distance of two points.
    in range(start, end, step) — The axis, its end included.
    where predicate — Only what meets a condition.
    project column, ... — The columns of the answer.
    as name — A name for the result.
    declare (column: type = value, ...) — Columns that the steps may set.
    limit number — At most so many elements of each row.
    id value — A value by which rows are told apart.
    typeof(type) — A type as an argument.
    regex "pattern" — A regular expression.
    query_parameters(name: type = value) — Parameters that come with the request.
    step name: condition => column = value; — A step of the scan.
    optional — The step need not match.
    output = all|last|none — Which rows of the step are shown.
    view () { query } — A function that is used as a table.
""")

PARAMETERS: Mapping[str, Entry] = entries("""
    kind= — The variant of the operator.
    withsource= — A column with the name of the table that a row is from.
    isfuzzy= — Leaves out tables that do not exist.
    with_itemindex= — A column with the place of the element in its array.
    bagexpansion= — How bags are expanded: as bags, or as arrays of key and value.
    datascope= — Which data is read; here without effect.
    flags= — Flags of the regular expression: U, m, s, i.
    with_match_id= — A column with the number of the match.
    with_step_name= — A column with the name of the step.
    with_node_id= — A column with the identity of the node.
    hint.strategy= — How the work is distributed; it never changes the answer.
    hint.shufflekey= — By which key the work is distributed; it never changes the answer.
    hint.remote= — Where the work is done; it never changes the answer.
    hint.num_partitions= — Over how many parts the work is distributed; it never changes the answer.
""")

CHARTS: Mapping[str, Entry] = entries("""
    table — A table.
    timechart — Lines over time.
    linechart — Lines over numbers or times.
    areachart — Lines with the area below them filled.
    stackedareachart — Areas on top of each other.
    barchart — Horizontal bars.
    columnchart — Vertical bars.
    piechart — Shares of a whole.
    scatterchart — Points.
    card — The values of the first row, large.
    anomalychart — A time chart with anomalies marked.
    pivotchart — A chart of a pivot table.
    ladderchart — Spans of time one below the other.
    treemap — Nested rectangles.
    timepivot — Events on a line of time.
""")

CHART_PROPERTIES: Mapping[str, Entry] = entries("""
    title= — The title of the chart.
    xtitle= — The title of the x axis.
    ytitle= — The title of the y axis.
    xcolumn= — The column of the x axis.
    ycolumns= — The columns that are drawn.
    series= — The columns whose values name a series.
    kind= — How series stand to each other: default, unstacked, stacked, stacked100.
    legend= — Whether the legend is shown: visible or hidden.
    xaxis= — The scale of the x axis: linear or log.
    yaxis= — The scale of the y axis: linear or log.
    ymin= — The smallest value of the y axis.
    ymax= — The largest value of the y axis.
    ysplit= — Whether columns share an axis: none, axes, panels.
    accumulate= — Whether values are added up: true or false.
    anomalycolumns= — The columns that mark anomalies.
""")

TYPES: Mapping[str, Entry] = entries("""
    bool — true or false.
    int — A whole number of 32 bits.
    long — A whole number of 64 bits.
    real — A floating-point number of 64 bits.
    decimal — A decimal number of 34 digits.
    string — Text.
    datetime — A point in time, UTC, in steps of 100 ns.
    timespan — A length of time, in steps of 100 ns.
    guid — A 128-bit identifier.
    dynamic — Any JSON: arrays, bags, values.
""")
