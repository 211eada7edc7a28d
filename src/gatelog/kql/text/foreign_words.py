"""What people used to SQL and to other languages write, and how KQL says it: hints of error messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final


def _table(text: str) -> Mapping[str, str]:
    """Lines of `word word: what KQL says`, by word."""
    pairs = (line.split(":", 1) for line in text.strip().splitlines())
    return {word: said.strip() for words, said in pairs for word in words.split()}


_OPERATORS: Final = _table("""
    select table: project
    group groupby stats: summarize ... by
    having: where
    orderby: sort by
    unique dedup: distinct
    rename: project-rename
    drop: project-away
    unnest explode: mv-expand
    eval: extend
    head first fetch: take
    left: join kind=leftouter
    right: join kind=rightouter
    full outer: join kind=fullouter
    inner: join kind=inner
    bin: summarize ... by bin(column, width)
    map apply with assign mutate: extend
    if case: extend name = iff(condition, then, else)
    intersect: join kind=inner
    except minus: join kind=leftanti
    aggregate agg sum avg min max dcount countif: summarize, as in | summarize n = count() by column
    fillna: extend column = coalesce(column, value)
    offset skip: sort by ... | extend n = row_number() | where n > 10
    describe columns schema: getschema
    pivot bag_unpack narrow autocluster basket diffpatterns: evaluate before the name of a plugin
""")
_FUNCTIONS: Final = _table("""
    total: sum()
    average mean: avg()
    median: percentile(value, 50)
    concat concat_ws: strcat()
    group_concat string_agg listagg: strcat_array(make_list(text), ', ')
    array_agg collect_list: make_list()
    collect_set: make_set()
    len length char_length: strlen()
    uniq uniqexact: dcount()
    ifnull nvl: coalesce()
    if ifelse: iff()
    cast convert: tostring(), tolong(), todatetime() and their like
    date_trunc datetrunc trunc: bin() or startofday()
    getdate current_timestamp sysdate utcnow today: now()
    dateadd date_add: datetime_add()
    year: getyear() or startofyear()
    month: monthofyear() or startofmonth()
    week: week_of_year() or startofweek()
    day: bin(time, 1d) or dayofmonth()
    hour: bin(time, 1h) or hourofday()
    minute: bin(time, 1m)
    datediff date_diff timestampdiff: datetime_diff()
    strftime to_char date_format: format_datetime()
    regexp_extract regex_extract: extract()
    regexp_replace regex_replace: replace_regex()
    instr locate charindex: indexof()
    json_extract json_value get_json_object: parse_json(text).member
    array_contains: set_has_element()
    explode unnest: the operator mv-expand
    power: pow()
    mod: the operator %
    ceil: ceiling()
    ln: log()
    ltrim: trim_start()
    rtrim: trim_end()
    left: substring(text, 0, length)
    stddev: stdev()
    exists: isnotnull() or isnotempty()
    lag: prev()
    lead: next()
    rank dense_rank: row_rank_dense()
    first first_value: take_any() or arg_min()
    last last_value: arg_max()
    quantile: percentile(value, 90)
    string str: tostring()
    number float numeric: toreal()
    integer: tolong()
    date timestamp to_date to_timestamp: todatetime() or unixtime_seconds_todatetime()
    size cardinality: array_length()
    regexp rlike regexp_like: the operator matches regex
    all: union alone, which keeps all rows
    inner_nodes node_degree_in node_degree_out node_id labels: it in graph-match alone, of its pattern
""")
_STATEMENTS: Final = _table("""
    select from: Table | where ... | project ...
    with: let name = ...;
    var const: let name = ...;
    function def func: let name = (parameter: type) { ... };
    let set declare: ; at the end of each statement
    show create alter drop: .show, .create and their like in management commands, at another address
""")
_BEHIND_VALUES: Final = _table("""
    is: isnull(), isnotnull(), isempty(), isnotempty()
    not: !in, !has, !contains, !between
    when: case(condition, value, ..., else)
    group by: summarize ... by
    descending DESC: desc
    ascending ASC: asc
    regex: matches regex
    => : >=
    =<: <=
    like ilike rlike regexp: contains, startswith, endswith or matches regex
    over: partition by column (sort by ... | extend n = row_number())
    every: by bin(column, 1h)
    then: iff(condition, then, else)
    div: /
    mod: %
    except: project-away
    offset: sort by ... | extend n = row_number() | where n > 10
""")
_BEHIND_WORDS: Final = _table("""
    distinct: dcount(column) in summarize, or | distinct column
    kind: join kind=inner
    interval: 1d, 2h or 30m
""")
_PERCENTILE: Final = re.compile(r"[pP](\d{1,2})")
_PARTED_NUMBER: Final = re.compile(r"\d+(?:_\d+)+")
_LENGTH_OF_TIME: Final = re.compile(r"\d+[A-Za-z]+")


def _said(words: str | None) -> str:
    return f"KQL says {words}" if words else ""


def operator_hint(word: str) -> str:
    """For a word behind a pipe that is no operator; "" where nothing is known."""
    return _said(_OPERATORS.get(word.lower()))


def statement_hint(first_word: str) -> str:
    """For a statement that begins with the word and cannot be read."""
    return _said(_STATEMENTS.get(first_word.lower()))


def tail_hint(word: str) -> str:
    """For a word behind something that is whole without it."""
    return _said(_BEHIND_VALUES.get(word) or _BEHIND_VALUES.get(word.lower()))


def argument_hint(word: str) -> str:
    """For something behind a word that does not take it."""
    return _said(_BEHIND_WORDS.get(word))


def function_hint(name: str) -> str:
    """For the name of a function that there is not."""
    percentile = _PERCENTILE.fullmatch(name)
    if percentile:
        return _said(f"percentile(value, {percentile[1]})")
    return _said(_FUNCTIONS.get(name.lower()))


def name_hint(name: str) -> str:
    """For the name of a column that there is not."""
    if name.lower() in {"null", "none", "nil"}:
        return "nulls are asked for with isnull() and isnotnull(), empty texts with isempty()"
    if name == "count":
        return "the aggregate is written count()"
    if name in {"now", "rand", "row_number", "new_guid", "pi"}:
        return f"the function is written {name}()"
    if name in {"year", "month", "week", "day", "hour", "minute", "second"}:
        return f"a part of a time is a text: '{name}'; lengths of time are written 1d, 1h, 1m"
    if _PARTED_NUMBER.fullmatch(name):
        return "digits of a number stand together"
    if _LENGTH_OF_TIME.fullmatch(name):
        return "lengths of time are written 2d, 3h, 30m, 10s, 100ms"
    return ""
