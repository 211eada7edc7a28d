"""The reference page of the language, written from the tables that the compiler uses."""

from __future__ import annotations

from collections.abc import Iterable

from gatelog.kql import documentation
from gatelog.kql.aggregates import AGGREGATES
from gatelog.kql.catalog import Catalog
from gatelog.kql.functions import FUNCTIONS, SEVERAL_COLUMNS
from gatelog.kql.known_failures import KNOWN_FAILURES
from gatelog.kql.special.special_functions import SPECIAL_FUNCTIONS
from gatelog.kql.stages import SOURCES, STAGES
from gatelog.kql.stages.evaluate import PLUGINS, REFUSED_PLUGINS
from gatelog.kql.stages.join import KINDS
from gatelog.kql.stages.summarize import ROW_AGGREGATES
from gatelog.kql.text.tokens import PIPELINE_WORDS, SOURCE_WORDS
from gatelog.kql.types import KqlType

INTRODUCTION = """\
# KQL

The Kusto Query Language as gatelog answers it. This page is written from the tables that the compiler uses:
what stands here is built, what does not is refused with a message that names it and its place. Where gatelog
cannot answer as Kusto does, it refuses; it does not guess.

A query is parsed, bound to the types of the tables, and becomes one ClickHouse statement; no rows are pulled
into Python. Its text reaches the statement only as literals and as identifiers of columns that exist. Errors
carry line, column and a hint: `error: 2:9: there is no column 'Modelname' (did you mean 'ModelName'?)`.

Several statements are separated by `;`, and each that is a query has an answer of its own; `fork`, `facet`
and `evaluate preview` have several, `as` names them. `let` binds scalars, tables and functions (typed and
tabular parameters, defaults), `declare pattern` names tables that are told apart by texts, `declare
query_parameters` takes values from the request, `set query_now` moves the clock, `set
query_datetimescope_from` and `..._to` narrow every table to a time (`..._column` names another column than
TimeGenerated), `set best_effort` lets every union pass over tables that are not there, `restrict access to`
narrows what tables the rest may name; `//` begins a comment. `render` is kept as a hint for whoever draws the
result.
`database("gatelog").T` and `database().T` are `T`; other databases, clusters and `externaldata` are refused.
"""

LIMITS = """\
## Where it differs
- `percentile` is exact (Kusto estimates over many values); `dcount` estimates, as Kusto's does.
- `has` looks for whole terms, maximal runs of letters and digits, in any script.
- Regular expressions have Kusto's syntax, but the flag `R` is refused, and so are scripts in sets of sets
  (`[\\p{Greek}&&\\pL]`). A `\\b` is the border of a word of any script at the ends of a pattern of which one
  match is wanted, and beside `\\w+`; elsewhere of one in ASCII. A pattern that is a column's value is read as
  RE2 reads it. With the letters of South Asian and rarer scripts `\\w` takes some of their punctuation, and
  of more scripts where it may be repeated more than twelve times (`\\w{1,60}`).
- A decimal has 34 digits behind its point and 42 before it; Kusto's has 34 in all.
- A real that is whole comes back from JSON text as an integer (`1.0` as `1`).
- In a dynamic literal a datetime or a timespan is its text: `todatetime()` and `totimespan()` read it.
- A `tdigest` holds every distinct value and is exact; the states of `hll` are ClickHouse's, not Kusto's.
- `hash` is of a string and of a datetime what it is in Kusto; how it is made of other types is not published:
  here it is xxHash64 of a number's or a time's bytes, and of the text of anything else.
- Coverings by cells hold the cells that meet the shape, and no others; Kusto's may hold more around it.
- A polygon whose borders cross each other counts as valid (Kusto: null). United lines stand, and begin, in
  the order of the edges given. Shares of a line's length are those on the sphere.
- `scan` walks over up to 100,000 rows of a partition; series whose periods, transforms, filters or two lines
  are sought have up to 200,000 points. Beyond, the answer is an error.
- A graph is held in memory while it is matched: up to 1,000,000 nodes and edges, 100,000 paths from a node.
- Strong components are found in 1,000 rounds, enough for all graphs but long mazes of one-way edges.
- In `mv-apply` and `partition` a row or a key of which filters leave nothing has no row in the answer of a
  `count`, or of a `summarize` without `by`, behind them.
- `mv-apply` takes 64 rows where its sub-query looks at the elements of a row as a table of its own: with
  `union`, `reduce`, `as`, `invoke`, `partition`, graphs, most plugins, right and full joins. As its statement
  grows with each row, it may be too long before: with `reduce` and `autocluster` above some 20 rows.
- How `series_outliers` and `series_decompose_anomalies` use the percentiles of `ctukey` is not published:
  they take the quartiles without the points beyond the percentile of a side, as in answers once shown.
- `basket` counts all rows (Kusto samples the first values), the most frequent pattern first. The weight
  column is no part of patterns and holds wildcards; rows whose weight is not above zero do not count.
- How Kusto seeks the patterns of `reduce`, `diffpatterns` and `autocluster` is not published; the shape of
  the answers and what they mean are. In `reduce` a word that is in the given share of the rows, in two at
  least, stays, and any other and every number is a wildcard. A text whose words are frequent but not all of
  them together keeps the more frequent ones; all that is left is `others`. Of a text the first 64 words, in
  the first 2,048 bytes, are looked at.
- `diffpatterns` gives the patterns whose shares of the two sets differ most, with all values that their rows
  have in common, and none that says more or less than a better one. `autocluster` does so for the patterns
  of the greatest share^SizeWeight · information^(1 − SizeWeight) that five per cent of the rows have; the
  information is the sum of −log(share) over the values of the pattern. 25 patterns at a time, NumSeeds in
  `autocluster`, are tried with one value more; that is done in up to 1,000 different rows of each set, and
  what is found is counted in all. Values of more than 256 bytes are no part of patterns, nor is the column
  that divides the sets.
- In `sequence_detect` and the funnels a step comes later than the one before, not at the same time.
  `sequence_detect` gives every combination of moments that fits, once; `funnel_sequence_completion` has no
  row for a state that nobody reached.
- `funnel_sequence` begins at every moment in the first state and takes each next state as early as it comes,
  within the longest step; other states may lie between. What is before and after is the nearest moment in
  another state than the first and the last, however far; of several states at that moment each has its row.
- `parse_user_agent` goes by the rules of uap-core; what none of them knows is `Other`. All three targets take
  most of the text that the engine reads of a statement: ask for one or two where the query is long.
- Where the branches of `iff` and `case` have no common type, the answer is dynamic; a datetime or a timespan
  is in it as its text.
- `session_count` counts a session in each bin in which it was seen; it ends with a pause above the look-back.
- The outer windows of `activity_engagement` reach back before the start of the analysis.
- Without start and end the windows of `activity_metrics` and `activity_engagement` lie where `bin()` puts
  them, from the first time to the last; the pages do not say.
- `gzip_...` and `zlib_...` take constants only: the engine has no such functions.
"""

FAILURES = """\
## Cases that fail
Of 1,088 published cases that bring their own data (Kusto's documentation, answers recorded from a Kusto
engine, the tests of two other engines) 98 % are answered as expected; all 127 queries that the engine
rejected are rejected. These are left:
"""

OPERATOR_WORDS = frozenset((*PIPELINE_WORDS, *SOURCE_WORDS))
_HANDLED_BY_THE_BINDER = frozenset({"as", "render", "invoke", "parse-where", "fork", "facet"})
_SPELLED_OTHERWISE = {"filter": "where", "limit": "take", "order": "sort", "partition-by": "partition"}


def built_operators() -> list[str]:
    """The words behind a pipe, or before the first, that compile."""
    classes = {stage.__name__.lower() for stage in (*STAGES, *SOURCES)}

    def is_built(word: str) -> bool:
        name = _SPELLED_OTHERWISE.get(word, word)
        return name in _HANDLED_BY_THE_BINDER or name.replace("-", "") in classes

    return sorted(filter(is_built, OPERATOR_WORDS))


def refused_operators() -> list[str]:
    """Operators that parse and are refused by name."""
    return sorted(set(OPERATOR_WORDS) - set(built_operators()))


def _arguments(least: int, most: int | None) -> str:
    if most is None:
        return f"{least} or more"
    return str(least) if least == most else f"{least} to {most}"


def _table(heading: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {heading} | arguments | form | what it does |", "|---|---|---|---|"]
    for name, arguments in sorted(rows):
        form, text = documentation.FUNCTIONS.get(name, ("", ""))
        lines.append(f"| `{name}` | {arguments} | {_code(form)} | {text} |")
    return "\n".join(lines) + "\n"


def _operators() -> str:
    lines = ["| operator | what it does |", "|---|---|"]
    for word in built_operators():
        form, text = documentation.OPERATORS.get(word, (word, ""))
        lines.append(f"| {_code(form)} | {text} |")
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    """A form as code in a table, where a bar would end the cell."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def _failures() -> str:
    lines = [FAILURES, "| case | reason |", "|---|---|"]
    lines += [f"| {failure.case} | {failure.reason} |" for failure in KNOWN_FAILURES]
    return "\n".join(lines) + "\n"


def _plugins() -> str:
    lines = ["| plugin | what it does |", "|---|---|"]
    for name in sorted(PLUGINS):
        form, text = documentation.PLUGINS[name]
        lines.append(f"| {_code(form)} | {text} |")
    lines += ["", "| plugin that is refused | reason |", "|---|---|"]
    lines += [f"| `{name}` | {reason} |" for name, reason in sorted(REFUSED_PLUGINS.items())]
    return "\n".join(lines) + "\n"


def _listed(words: Iterable[str]) -> str:
    return " · ".join(f"`{word}`" for word in words) + "\n"


def _tables(catalog: Catalog) -> str:
    parts = ["## Tables\n"]
    for name in sorted(catalog.names):
        table = catalog.find(name)
        assert table is not None
        columns = ", ".join(f"`{column.name}` {column.type.value}" for column in table.columns)
        parts.append(f"### {name}\n\n{columns}\n")
    return "\n".join(parts)


def render(catalog: Catalog) -> str:
    """The whole page, Markdown. `catalog`: the tables that queries see."""
    scalars = [(row.name, _arguments(row.least, row.most)) for row in FUNCTIONS.values()]
    scalars += [(name, "its own form") for name in (*SPECIAL_FUNCTIONS, *SEVERAL_COLUMNS)]
    aggregates = [(row.name, _arguments(row.least, row.most)) for row in AGGREGATES.values()]
    aggregates += [(name, "its own form") for name in ROW_AGGREGATES]
    return "\n".join(
        [
            INTRODUCTION,
            f"## Types\n\n{_listed(kql_type.value for kql_type in KqlType)}",
            f"## Operators\n\n{_operators()}",
            f"Kinds of `join`: {_listed(sorted(kind for kind in KINDS if kind))}",
            f"Refused by name: {_listed(refused_operators())}",
            f"## Plugins of evaluate\n\n{_plugins()}",
            f"## Scalar functions\n\n{_table('function', scalars)}",
            f"## Aggregates\n\n{_table('aggregate', aggregates)}",
            LIMITS,
            _failures(),
            _tables(catalog),
        ]
    )
