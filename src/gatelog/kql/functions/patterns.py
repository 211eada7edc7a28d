"""Functions with regular expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.match_marks import match_count
from gatelog.kql.functions.row import Anything, Function, accept, constant_string, finished
from gatelog.kql.functions.strings import string_array
from gatelog.kql.misfit import Misfit
from gatelog.kql.regex import empty_matches
from gatelog.kql.regex.empty_matches import may_match_nothing
from gatelog.kql.regex.regexes import (
    DOT_STOPS_AT_NEWLINE,
    SPECIAL,
    quote_pattern,
    read_regex,
    regex_of,
)
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

STRING, LONG, DYNAMIC = KqlType.STRING, KqlType.LONG, KqlType.DYNAMIC


_LAST_REFERENCE = 9
"""The last group that a replacement can name."""

_NO_GROUP = 1_000_000
"""A number that no group of a pattern has."""


def _extract(arguments: Sequence[Term]) -> Term:
    group, source = accept(arguments[1], LONG), accept(arguments[2], STRING)
    if arguments[0].constant is None:
        return _extract_by_row(regex_of(arguments[0]), group, source)
    pattern = read_regex(constant_string(arguments[0], "the regular expression"))
    groups = sql.call("extractGroups", source.sql, DOT_STOPS_AT_NEWLINE + pattern.around)
    wanted = group.constant.value if group.constant is not None else None
    if not isinstance(wanted, int):
        place = sql.if_(sql.at_least(group.sql, 0), sql.plus(group.sql, 1), _NO_GROUP)
        return finished(STRING, sql.call("arrayElement", groups, place), [source])
    if wanted < 0 or wanted > len(pattern.groups):
        return finished(STRING, sql.literal(""), [source])
    return finished(STRING, sql.call("arrayElement", groups, wanted + 1), [source])


_BY_ROW = r"""
if(
    match(text, pattern),
    replaceRegexpOne(text, concat('(?s)^.*?(?:', pattern, ')()()()()()()()()().*$'), reference),
    ''
)
"""
"""All of the text becomes the group that is wanted. The empty groups behind the pattern's own are there for a
reference to one that it does not have."""


def _extract_by_row(pattern: Sql, group: Term, source: Term) -> Term:
    """`extract` with a pattern that each row has: the engine's own function wants a constant."""
    wanted = group.constant.value if group.constant is not None else None
    if not isinstance(wanted, int) or not 0 <= wanted <= _LAST_REFERENCE:
        raise Misfit(f"of a pattern that is no constant, the group must be one of 0 to {_LAST_REFERENCE}")
    if wanted > 0:
        node = formula(_BY_ROW, text=source.sql, pattern=pattern, reference=f"\\{wanted}")
    else:
        whole = sql.call("concat", "(", pattern, ")")
        node = formula(_BY_ROW, text=source.sql, pattern=whole, reference=r"\1")
    return finished(STRING, node, [source])


def _extract_all(arguments: Sequence[Term]) -> Term:
    pattern = read_regex(constant_string(arguments[0], "the regular expression"))
    source = accept(arguments[-1], STRING)
    names = pattern.groups
    if not names:
        raise Misfit("the regular expression has no capture group", "put what is wanted in parentheses")
    wanted = list(range(1, len(names) + 1))
    if len(arguments) == 3:
        wanted = _wanted_groups(arguments[1], names)
    matches = sql.call("extractAllGroupsVertical", source.sql, DOT_STOPS_AT_NEWLINE + pattern.text)
    if len(wanted) == 1:
        one = sql.call("arrayElement", sql.variable("match"), wanted[0])
        texts = string_array(sql.call("arrayMap", sql.lambda_("match", one), matches))
    else:
        picked = sql.array([sql.call("arrayElement", sql.variable("match"), group) for group in wanted])
        texts = json_values.array_text(
            sql.call("arrayMap", sql.lambda_("match", string_array(picked)), matches)
        )
    return Term(DYNAMIC, sql.null_if(texts, "[]"))


def _wanted_groups(term: Term, names: Sequence[str]) -> list[int]:
    """The groups that the author names, by their numbers or names; all when none of the numbers is one's."""
    value = term.constant.value if term.constant is not None else None
    if not isinstance(value, list):
        raise Misfit("the capture groups must be a constant array", "for example dynamic([1, 2])")
    groups = [_group(item, names) for item in value]
    return [group for group in groups if 0 < group <= len(names)] or list(range(1, len(names) + 1))


def _group(wanted: object, names: Sequence[str]) -> int:
    if isinstance(wanted, str) and wanted in names:
        return names.index(wanted) + 1
    if isinstance(wanted, int):
        return wanted
    raise Misfit(f"the regular expression has no capture group {wanted}")


def _replace_regex(arguments: Sequence[Term]) -> Term:
    """With a replacement that is no constant the engine takes a pattern that ends in `$` to match once, which
    `(?m)$` does not: within a group it looks at all of it."""
    source, pattern, replacement = (accept(argument, STRING) for argument in arguments)
    _check_references(pattern, replacement)
    known = read_regex(str(pattern.constant.value)).text if pattern.constant is not None else ""
    regex = regex_of(pattern)
    if known.endswith("$"):
        regex = sql.call("concat", "(?:", regex, ")")
    if may_match_nothing(known):
        node = empty_matches.replaced(source.sql, regex, replacement.sql)
    else:
        node = sql.call("replaceRegexpAll", source.sql, regex, replacement.sql)
    return finished(STRING, node, [source, pattern, replacement])


def _check_references(pattern: Term, replacement: Term) -> None:
    """The engine ends a query whose replacement names a group that the pattern does not have."""
    texts = [term.constant.value for term in (pattern, replacement) if term.constant is not None]
    if len(texts) < 2:
        return
    named = [int(digit) for digit in re.findall(r"\\(?:\\|([0-9]))", str(texts[1])) if digit]
    count = len(read_regex(str(texts[0])).groups)
    if named and max(named) > count:
        raise Misfit(f"the replacement names group {max(named)}, the regular expression has {count}")


def _replace(arguments: Sequence[Term]) -> Term:
    pattern, replacement, source = arguments
    return _replace_regex([source, pattern, replacement])


def _trim(name: str, places: str) -> Function:
    """Cuts one match of the pattern at the start, at the end or at both; `places` is Kusto's own pattern
    about the author's."""

    def build(arguments: Sequence[Term]) -> Term:
        pattern, source = arguments[0], accept(arguments[1], STRING)
        if pattern.constant is None:
            regex = accept(pattern, STRING).sql
            within = [piece for literal in places.split("x") for piece in (sql.literal(literal), regex)][:-1]
            bounded = sql.call("concat", DOT_STOPS_AT_NEWLINE, *within)
        else:
            text = read_regex(constant_string(pattern, "the regular expression")).text
            bounded = sql.literal(DOT_STOPS_AT_NEWLINE + places.replace("x", text))
        return finished(STRING, sql.call("replaceRegexpAll", source.sql, bounded, ""), [source])

    return Function(name, 2, 2, build)


def _count_of(arguments: Sequence[Term]) -> Term:
    text, wanted = accept(arguments[0], STRING), accept(arguments[1], STRING)
    kind = constant_string(arguments[2], "the kind of search") if len(arguments) == 3 else "normal"
    if kind == "regex" and wanted.constant is None:
        node = match_count(text.sql, regex_of(wanted))
    elif kind == "regex":
        node = sql.call("countMatches", text.sql, regex_of(wanted))
    elif kind == "normal":
        node = _overlapping_count(text.sql, wanted.sql)
    else:
        raise Misfit(f"a search is normal or regex, not {kind}")
    return finished(LONG, sql.call("toInt64", node), [text, wanted])


def _overlapping_count(text: Sql, wanted: Sql) -> Sql:
    here = sql.call("substring", text, sql.variable("place"), sql.call("length", wanted))
    places = sql.call("range", 1, sql.plus(sql.call("length", text), 1))
    count = sql.call("arrayCount", sql.lambda_("place", sql.eq(here, wanted)), places)
    return sql.if_(sql.eq(wanted, ""), 0, count)


def _regex_quote(arguments: Sequence[Term]) -> Term:
    value = arguments[0].constant.value if arguments[0].constant is not None else None
    if isinstance(value, str):
        return Term(STRING, sql.literal(quote_pattern(value)), nullable=False)
    text = accept(arguments[0], Anything.TEXT)
    return finished(STRING, sql.call("replaceRegexpAll", text.sql, f"({SPECIAL})", r"\\\1"), [text])


PATTERNS: tuple[Function, ...] = (
    Function("extract", 3, 3, _extract),
    Function("extract_all", 2, 3, _extract_all),
    Function("extractall", 2, 3, _extract_all),
    Function("replace_regex", 3, 3, _replace_regex),
    Function("replace", 3, 3, _replace),
    _trim("trim_start", "^(x)"),
    _trim("trim_end", "(x)$"),
    _trim("trim", "^(x)|(x)$"),
    Function("countof", 2, 3, _count_of),
    Function("regex_quote", 1, 1, _regex_quote),
)
"""The rows of this table."""
