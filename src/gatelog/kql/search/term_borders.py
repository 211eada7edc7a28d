r"""Where a term begins and ends, as patterns of RE2.

    (?:^|[^\pL\pN])needle(?:$|[^\pL\pN])       right, and 1.6 ms to compile, for each block of rows anew

Blocks of long texts have few rows, and there are thousands of them; needles of rows are patterns of their
own. Two others take 0.03 ms:

    loose     [^0-9A-Za-z] in place of it              any character beyond ASCII may be a border
    strict    [\x00-/:-@\[-`{-\x7f] in place of it     none is

What is found has what is loose. Where that is strict as well, it is found; the right pattern is for the few
texts that are left, and is not compiled where there are none. Before all of them a term between spaces is
looked for, as it is: most of those that are found have it so, and no pattern is as quick.
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.regex.regexes import quote_pattern

_RIGHT = r"[^\pL\pN]"
_LOOSE = "[^0-9A-Za-z]"
_STRICT = r"[\x00-/:-@\[-`{-\x7f]"
_OF_TERM = r"[\pL\pN]"


def term_pattern(needle: str, *, start: bool, end: bool, border: str = _RIGHT) -> str:
    """The pattern that finds `needle` between the borders of terms; a border is asked for beside a letter or
    digit.
    """
    before = _before(border) if start and needle[:1].isalnum() else ""
    after = _after(border) if end and needle[-1:].isalnum() else ""
    return before + quote_pattern(needle) + after


def term_in(text: Sql, needle: str, *, start: bool, end: bool) -> Sql:
    """Whether a text has the term, for any texts."""
    return sql.call("match", text, term_pattern(needle, start=start, end=end))


def word_in_stored(text: Sql, word: str) -> Sql:
    """The same for a word, its letters and digits all, in a stored column. What a column has is asked once
    for each value of the engine's dictionary, and of one when it plans: there the right pattern would be
    compiled, some five times a column. So it is asked of the text itself, and only where more than ASCII is
    beside the word.
    """
    loose = sql.call("match", text, term_pattern(word, start=True, end=True, border=_LOOSE))
    right = term_in(sql.cast(text, "String"), word, start=True, end=True)
    return sql.any_of([sql.call("hasToken", text, word), sql.all_of([loose, right])])


def term_in_long(text: Sql, needle: str, *, within: Sql, start: bool, end: bool) -> Sql:
    """The same for long texts, of which blocks have few; `within` is the text before it was lowered."""
    right, loose, strict = (
        sql.call("match", text, term_pattern(needle, start=start, end=end, border=border))
        for border in (_RIGHT, _LOOSE, _STRICT)
    )
    if right == loose:
        return right
    between_spaces = f"{' ' if start else ''}{needle}{' ' if end else ''}"
    return sql.if_(
        sql.greater(sql.call("position", within, between_spaces), 0),
        sql.literal(1),
        sql.all_of([loose, sql.any_of([strict, right])]),
    )


def term_of_row(text: Sql, needle: Sql, *, start: bool, end: bool) -> Sql:
    """The same for needles that are columns: no pattern is compiled where a text has not even the letters."""
    quoted = sql.call("regexpQuoteMeta", needle)

    def having(border: str) -> Sql:
        before = sql.if_(sql.call("match", needle, f"^{_OF_TERM}"), _before(border), "") if start else ""
        after = sql.if_(sql.call("match", needle, f"{_OF_TERM}$"), _after(border), "") if end else ""
        return sql.call("match", text, sql.call("concat", before, quoted, after))

    bordered = sql.all_of([having(_LOOSE), sql.any_of([having(_STRICT), having(_RIGHT)])])
    return sql.if_(sql.greater(sql.call("position", text, needle), 0), bordered, sql.literal(0))


def _before(border: str) -> str:
    return f"(?:^|{border})"


def _after(border: str) -> str:
    return f"(?:$|{border})"
