"""The operators that search strings: has, contains, startswith, endswith and their relatives.

`has` finds whole terms, a term being a maximal run of letters and digits. The case-insensitive forms
compare lower case. Where the words of a column are indexed, a filter asks the index first
(indexed_search.py); anywhere else its words would be computed row by row, and only the text is searched;
before a value is read from JSON, its letters are looked for in the whole (origin_search.py).

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
from typing import NamedTuple

from msgspec.structs import replace

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.misfit import Misfit
from gatelog.kql.regex.regexes import regex_of_one
from gatelog.kql.search.glance import glance, has_letters, in_plain_sight
from gatelog.kql.search.indexed_search import indexed
from gatelog.kql.search.origin_search import indexed_in, seen_in
from gatelog.kql.search.term_borders import term_in, term_in_long, term_of_row, word_in_stored
from gatelog.kql.terms import Origin, Term
from gatelog.kql.types import KqlType
from gatelog.kql.values.comparisons import lowered, opposite
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.literals import bool_term


class Found(NamedTuple):
    """A search of a text, and what a filter asks in its place if there is an index."""

    text: Sql
    filter: Sql | None = None

    def where(self, known: Sql) -> Found:
        """The same, where an index knows `known` of every text that is found."""
        return self._replace(filter=sql.all_of([known, self.filter or self.text]))


Search = Callable[[Term, Term], Found]


def check_text(operator: str, operand: Term) -> None:
    """Refuses an operand of an operator on texts that is none."""
    if operand.type not in (KqlType.STRING, KqlType.DYNAMIC):
        raise Misfit(f"'{operator}' has no meaning for a {operand.type}", "convert it with tostring()")


def search(operator: str, text: Term, needle: Term) -> Term:
    """`text operator needle`, one of the table above, `matches regex`, or a negation with `!`."""
    name = operator.removeprefix("!")
    text = text.value_text or text
    if name in _FOR_A_PIECE and _is_foreign(needle, text.type):
        return bool_term(operator.startswith("!"))
    read = _where_seen(text, needle) if name in _FOR_A_PIECE else text
    found = _SEARCHES[name](_searchable(read), _searchable(needle))
    known = _index_of_origin(text, needle) if name in _FOR_A_PIECE and not operator.startswith("!") else None
    if known is not None:
        found = found.where(known)
    term = Term(KqlType.BOOL, found.text, nullable=False, filter=found.filter)
    return opposite(term) if operator.startswith("!") else term


def is_search(operator: str) -> bool:
    """Whether `operator` is one of this table."""
    return operator.removeprefix("!") in _SEARCHES


def _where_seen(text: Term, needle: Term) -> Term:
    """The same text, but null (which no needle is found in) where the JSON that it is read from shows that it
    does not have the needle's letters.
    """
    value, origin = _constant(needle), _origin(text)
    seen = None if value is None or origin is None else seen_in(origin, value)
    return text if seen is None else replace(text, sql=sql.if_(seen, text.sql, sql.null()))


def _index_of_origin(text: Term, needle: Term) -> Sql | None:
    """What the index of words says of the JSON that the text is read from."""
    value, origin = _constant(needle), _origin(text)
    return None if value is None or origin is None else indexed_in(origin, value)


def _origin(text: Term) -> Origin | None:
    """The JSON that must be read for this text."""
    if text.type is not KqlType.DYNAMIC or text.native is not None or text.source is None:
        return None
    return text.source.origin


_IN_NUMBERS = {
    KqlType.INT: frozenset("-0123456789"),
    KqlType.LONG: frozenset("-0123456789"),
    KqlType.REAL: frozenset("+-.0123456789e" + "nan" + "infinity"),
}
"""Characters of numbers as text, in lower case."""


def _is_foreign(needle: Term, kql_type: KqlType) -> bool:
    """Whether a constant has a character that no number of the type has: a word is looked for in all columns,
    and to write a real as text takes longer than to look through it.
    """
    value, known = _constant(needle), _IN_NUMBERS.get(kql_type)
    return value is not None and known is not None and not known.issuperset(value.lower())


def _searchable(term: Term) -> Term:
    return convert(term, KqlType.STRING)


def _term_search(*, start: bool, end: bool, ignore_case: bool) -> Search:
    def build(text: Term, needle: Term) -> Found:
        subject = lowered(text) if ignore_case else text.sql
        value = _constant(needle)
        if value is not None:
            term = value.lower() if ignore_case else value
            if text.words is not None:
                bordered = term_in_long(subject, term, within=text.sql, start=start, end=end)
            elif text.is_stored and not text.nullable and start and end and term.isalnum():
                bordered = word_in_stored(subject, term)
            else:
                bordered = term_in(subject, term, start=start, end=end)
            found = _at_a_glance(text, value, bordered, ignore_case=ignore_case)
            return _with_index(text, needle, found, start=start, end=end, may_decide=ignore_case)
        wanted = lowered(needle) if ignore_case else needle.sql
        return Found(term_of_row(subject, wanted, start=start, end=end))

    return build


def _constant(needle: Term) -> str | None:
    value = needle.constant.value if needle.constant is not None else None
    return value if isinstance(value, str) else None


def _at_a_glance(text: Term, needle: str, found: Sql, *, ignore_case: bool, may_decide: bool = False) -> Sql:
    """The condition `found`, and before it (or, if it `may_decide`, instead of it) a quick look at stored
    texts. One condition: of several the engine may compute each for all rows.
    """
    if not text.is_stored:
        return found
    letters = in_plain_sight(needle.lower()) if ignore_case else needle
    if not letters:
        return found
    look = glance if ignore_case else has_letters
    decides = may_decide and ignore_case and letters == needle.lower() and letters.isascii()
    within = text.source.value if text.source is not None else None
    if within is not None:  # a piece need not be cut out of a text that does not have the letters
        spelled_otherwise = seen_in(within.origin, needle)
        apart = [sql.not_(sql.column(within.stands)), *([spelled_otherwise] if spelled_otherwise else [])]
        seen = sql.any_of([look(sql.column(within.origin.sql_name), letters), sql.all_of(apart)])
        return sql.if_(seen, look(text.sql, letters) if decides else found, sql.literal(0))
    seen = look(text.sql, letters)
    return seen if decides else sql.if_(seen, found, sql.literal(0))


def _with_index(text: Term, needle: Term, found: Sql, *, start: bool, end: bool, may_decide: bool) -> Found:
    """The condition `found`, and before it (or, if it `may_decide`, instead of it) what the index says."""
    value = _constant(needle)
    if value is None or text.words is None:
        return Found(found)
    known = indexed(value.lower(), text.words, whole_start=start, whole_end=end)
    if known is None:
        return Found(found)
    both = Found(found).where(known.condition)
    return both._replace(filter=known.condition) if known.exact and may_decide else both


def _piece_search(*, ignore_case: bool) -> Search:
    def build(text: Term, needle: Term) -> Found:
        found = sql.greater(_compared("position", text, needle, ignore_case=ignore_case), 0)
        value = _constant(needle)
        if ignore_case and value is not None:
            found = _at_a_glance(text, value, found, ignore_case=True, may_decide=True)
        return _with_index(text, needle, found, start=False, end=False, may_decide=ignore_case)

    return build


def _at_border(function: str, *, ignore_case: bool) -> Search:
    def build(text: Term, needle: Term) -> Found:
        found = _compared(function, text, needle, ignore_case=ignore_case)
        at_start = function == "startsWith"
        value = _constant(needle)
        if ignore_case and value is not None:
            found = _at_a_glance(text, value, found, ignore_case=True)
        return _with_index(text, needle, found, start=at_start, end=not at_start, may_decide=False)

    return build


def _compared(function: str, text: Term, needle: Term, *, ignore_case: bool) -> Sql:
    if ignore_case:
        return sql.call(function, lowered(text), lowered(needle))
    return sql.call(function, text.sql, needle.sql)


def _matches(text: Term, needle: Term) -> Found:
    return Found(sql.call("match", text.sql, regex_of_one(needle)))


_SEARCHES: Mapping[str, Search] = {
    "has": _term_search(start=True, end=True, ignore_case=True),
    "has_cs": _term_search(start=True, end=True, ignore_case=False),
    "hasprefix": _term_search(start=True, end=False, ignore_case=True),
    "hasprefix_cs": _term_search(start=True, end=False, ignore_case=False),
    "hassuffix": _term_search(start=False, end=True, ignore_case=True),
    "hassuffix_cs": _term_search(start=False, end=True, ignore_case=False),
    "contains": _piece_search(ignore_case=True),
    "contains_cs": _piece_search(ignore_case=False),
    "startswith": _at_border("startsWith", ignore_case=True),
    "startswith_cs": _at_border("startsWith", ignore_case=False),
    "endswith": _at_border("endsWith", ignore_case=True),
    "endswith_cs": _at_border("endsWith", ignore_case=False),
    "matches regex": _matches,
}

_FOR_A_PIECE = frozenset(_SEARCHES) - {"matches regex"}
"""Those whose needle is a piece of the text, character by character."""
