"""The words that an operator's parameter may be, by operator and parameter; the properties of a chart
likewise.

https://learn.microsoft.com/kusto/query/join-operator#returns, and the pages of the other operators
"""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql.documentation.entry import Entry, entries

_JOIN_KINDS = entries("""
    innerunique — One row of the left for each key, with every row of the right that matches it. The default.
    inner — A row for each pair of rows that match.
    leftouter — As inner, and the rows of the left that match nothing, with nulls on the right.
    rightouter — As inner, and the rows of the right that match nothing, with nulls on the left.
    fullouter — As inner, and the rows of both sides that match nothing, with nulls on the other.
    leftsemi — The rows of the left that match a row of the right; no columns of the right.
    rightsemi — The rows of the right that match a row of the left; no columns of the left.
    leftanti — The rows of the left that match no row of the right; no columns of the right.
    rightanti — The rows of the right that match no row of the left; no columns of the left.
    anti — The same as leftanti.
    leftantisemi — The same as leftanti.
    rightantisemi — The same as rightanti.
""")

_LOOKUP_KINDS = entries("""
    leftouter — Every row of the left; nulls where the right has none for it. The default.
    inner — Only the rows of the left that match a row of the right.
""")

_UNION_KINDS = entries("""
    outer — All columns that any of the tables has, null where a table has it not. The default.
    inner — Only the columns that all of the tables have.
""")

_FUZZY = entries("""
    true — Tables that do not exist are passed over, as long as one does.
    false — A table that does not exist is an error. The default.
""")

_SEARCH_KINDS = entries("""
    case_insensitive — Upper and lower case are the same. The default.
    case_sensitive — Upper and lower case differ.
""")

_PARSE_KINDS = entries("""
    simple — Texts stand for themselves; where a value is not of its type, all are null. The default.
    regex — Texts are regular expressions.
    relaxed — Texts stand for themselves; a value that is not of its type is null, the others are kept.
""")

_EXPANSIONS = entries("""
    bag — A bag becomes a bag of one member for each of its members. The default.
    array — A bag becomes an array of name and value for each of its members.
""")

_SERIES_KINDS = entries("""
    nonempty — An input without rows still has one series, of default values.
""")

_CHART_KINDS = entries("""
    default — Each series by itself; the same as unstacked.
    unstacked — Each series by itself.
    stacked — Series on top of each other.
    stacked100 — Series on top of each other, as shares of a whole.
""")

_LEGENDS = entries("""
    visible — The legend is shown. The default.
    hidden — The legend is not shown.
""")

_SCALES = entries("""
    linear — Equal steps are equal differences. The default.
    log — Equal steps are equal ratios.
""")

_SPLITS = entries("""
    none — One y axis for all series. The default.
    axes — One chart, with a y axis for each of ycolumns.
    panels — A chart for each of ycolumns.
""")

_ACCUMULATED = entries("""
    true — Each value is added to those before it.
    false — Each value is shown as it is. The default.
""")

_JOIN_STRATEGIES = entries("""
    shuffle — In a cluster the rows are divided by their keys among the nodes. No effect here.
    broadcast — In a cluster the left side is sent to all nodes: for one that is small. No effect here.
""")

_SUMMARIZE_STRATEGIES = entries("""
    shuffle — In a cluster the groups are divided by their keys among the nodes. No effect here.
""")

_PARTITION_STRATEGIES = entries("""
    native — The operators run on each part; for parts that are few.
    shuffle — The operators run on each part; in a cluster parts are divided among the nodes: for many.
    legacy — A query for each part; for at most 64. The default.
""")

PARAMETER_VALUES: Mapping[tuple[str, str], Mapping[str, Entry]] = {
    ("join", "kind"): _JOIN_KINDS,
    ("lookup", "kind"): _LOOKUP_KINDS,
    ("union", "kind"): _UNION_KINDS,
    ("union", "isfuzzy"): _FUZZY,
    ("search", "kind"): _SEARCH_KINDS,
    ("parse", "kind"): _PARSE_KINDS,
    ("parse-where", "kind"): _PARSE_KINDS,
    ("mv-expand", "bagexpansion"): _EXPANSIONS,
    ("mv-expand", "kind"): _EXPANSIONS,
    ("make-series", "kind"): _SERIES_KINDS,
    ("render", "kind"): _CHART_KINDS,
    ("render", "legend"): _LEGENDS,
    ("render", "xaxis"): _SCALES,
    ("render", "yaxis"): _SCALES,
    ("render", "ysplit"): _SPLITS,
    ("render", "accumulate"): _ACCUMULATED,
    ("join", "strategy"): _JOIN_STRATEGIES,
    ("summarize", "strategy"): _SUMMARIZE_STRATEGIES,
    ("partition", "strategy"): _PARTITION_STRATEGIES,
}
"""By operator and parameter; each word with what it means."""
