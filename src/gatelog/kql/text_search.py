"""The operators that search strings: has, contains, startswith, endswith and their relatives.

`has` finds whole terms, a term being a maximal run of letters and digits. The case-insensitive forms
compare lower case.

    operator     finds                          case-sensitive form
    has          a term                         has_cs
    hasprefix    the beginning of a term        hasprefix_cs
    hassuffix    the end of a term              hassuffix_cs
    contains     any piece                      contains_cs
    startswith   the beginning of the string    startswith_cs
    endswith     the end of the string          endswith_cs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gatelog.kql import sql
from gatelog.kql.comparisons import lowered
from gatelog.kql.conversions import convert
from gatelog.kql.regexes import quote_pattern, regex_of
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

Search = Callable[[Term, Term], Sql]

_TERM_START = r"(?:^|[^\pL\pN])"
_TERM_END = r"(?:$|[^\pL\pN])"


def search(operator: str, text: Term, needle: Term) -> Term:
    """`text operator needle`, one of the table above, `matches regex`, or a negation with `!`."""
    name = operator.removeprefix("!")
    found = _SEARCHES[name](_searchable(text), _searchable(needle))
    node = sql.not_(found) if operator.startswith("!") else found
    return Term(KqlType.BOOL, node, nullable=False)


def is_search(operator: str) -> bool:
    """Whether `operator` is one of this table."""
    return operator.removeprefix("!") in _SEARCHES


def _searchable(term: Term) -> Term:
    return convert(term, KqlType.STRING)


def _term_search(*, start: bool, end: bool, ignore_case: bool) -> Search:
    def build(text: Term, needle: Term) -> Sql:
        value = needle.constant.value if needle.constant is not None else None
        if isinstance(value, str):
            pattern = term_pattern(value, start=start, end=end, ignore_case=ignore_case)
            return sql.call("match", text.sql, pattern)
        before = ("(?i)" if ignore_case else "") + (_TERM_START if start else "")
        quoted = sql.call("regexpQuoteMeta", needle.sql)
        return sql.call("match", text.sql, sql.call("concat", before, quoted, _TERM_END if end else ""))

    return build


def term_pattern(needle: str, *, start: bool, end: bool, ignore_case: bool) -> str:
    """The RE2 pattern that finds `needle` between the borders of terms; a border is asked for beside a
    letter or digit."""
    before = _TERM_START if start and needle[:1].isalnum() else ""
    after = _TERM_END if end and needle[-1:].isalnum() else ""
    return ("(?i)" if ignore_case else "") + before + quote_pattern(needle) + after


def _contains(text: Term, needle: Term) -> Sql:
    return sql.greater(sql.call("position", lowered(text), lowered(needle)), 0)


def _contains_cs(text: Term, needle: Term) -> Sql:
    return sql.greater(sql.call("position", text.sql, needle.sql), 0)


def _at_border(function: str, *, ignore_case: bool) -> Search:
    def build(text: Term, needle: Term) -> Sql:
        if ignore_case:
            return sql.call(function, lowered(text), lowered(needle))
        return sql.call(function, text.sql, needle.sql)

    return build


def _matches(text: Term, needle: Term) -> Sql:
    return sql.call("match", text.sql, regex_of(needle))


_SEARCHES: Mapping[str, Search] = {
    "has": _term_search(start=True, end=True, ignore_case=True),
    "has_cs": _term_search(start=True, end=True, ignore_case=False),
    "hasprefix": _term_search(start=True, end=False, ignore_case=True),
    "hasprefix_cs": _term_search(start=True, end=False, ignore_case=False),
    "hassuffix": _term_search(start=False, end=True, ignore_case=True),
    "hassuffix_cs": _term_search(start=False, end=True, ignore_case=False),
    "contains": _contains,
    "contains_cs": _contains_cs,
    "startswith": _at_border("startsWith", ignore_case=True),
    "startswith_cs": _at_border("startsWith", ignore_case=False),
    "endswith": _at_border("endsWith", ignore_case=True),
    "endswith_cs": _at_border("endsWith", ignore_case=False),
    "matches regex": _matches,
}
