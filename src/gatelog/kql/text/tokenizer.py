"""Text to tokens, with one compiled expression.

White space and comments (`// ...` to the end of the line) separate tokens and are dropped. Strings come in
these forms, each also with `h` in front (hidden from logs); they keep their quotes until the value is needed:

    "escaped \\n"   'escaped'   @"verbatim, "" is a quote"   @'verbatim'   ```several lines```   ~~~same~~~

A word may begin with a digit (`24h_total`), but what reads as a number or a timespan is one: `1e3`, `24h`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gatelog.kql.ast import LINE_ENDS
from gatelog.kql.text.diagnostics import syntax_error
from gatelog.kql.text.tokens import (
    END,
    HYPHENATED_WORDS,
    INVALID,
    LONG,
    NAME,
    PUNCTUATION,
    REAL,
    STRING,
    TEXT_OPERATORS,
    TIMESPAN,
    TYPED,
    TYPES,
    Token,
)

MAX_QUERY_LENGTH: Final = 256 * 1024
"""Characters. The longest of 4,000 published queries has 20,000; Kusto allows 2,000,000."""

TIMESPAN_UNITS: Final = {
    **dict.fromkeys(("d", "day", "days"), 86_400_000_000_000),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600_000_000_000),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60_000_000_000),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1_000_000_000),
    **dict.fromkeys(("ms", "milli", "millis", "millisec", "millisecond", "milliseconds"), 1_000_000),
    **dict.fromkeys(("micro", "micros", "microsec", "microsecond", "microseconds"), 1_000),
    **dict.fromkeys(("nano", "nanos", "nanosec", "nanosecond", "nanoseconds"), 1),
    **dict.fromkeys(("tick", "ticks"), 100),
}
"""Nanoseconds by the suffix of a timespan literal."""


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_MAX_TYPED_LENGTH: Final = 100
"""Characters between the parentheses of `datetime(...)`: bounds the search for one that never closes."""

_NEGATED = _alternatives(("in~", "in", "between", *TEXT_OPERATORS))
_TYPED_NAMES = _alternatives(TYPES.keys() - {"dynamic", "string"})
_D = "[0-9]"
"""A digit: Python's `\\d` takes those of all scripts."""
_MASTER: Final = re.compile(
    rf"""
    (?: [\s\u180e\u200b\ufeff]+ | //[^{LINE_ENDS}]* )*+
    (?: (?P<{PUNCTUATION}> [-|,():;\[\]{{}}+*%] | => | == | =~ | <= | >= | <> | \.\. | in~
                         | !(?:{_NEGATED})(?!\w) | != | !~ | [=.<>/] )
      | (?P<plain_name> [^\W\d]\w*+ (?! [-("'`~@] ) )
      | (?P<{STRING}> [hH]? (?: "[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*+" | '[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*+'
                              | @"[^"]*(?:""[^"]*)*+" | @'[^']*(?:\'\'[^']*)*+'
                              | ```(?s:.*?)``` | ~~~(?s:.*?)~~~ ) )
      | (?P<{TYPED}> (?:{_TYPED_NAMES})\([^)]{{0,{_MAX_TYPED_LENGTH}}}\) )
      | (?P<{NAME}> (?:{_alternatives(HYPHENATED_WORDS)})(?![\w-]) | \$?[^\W\d]\w* )
      | (?P<{REAL}> {_D}+(?:\.(?!\.){_D}*)?[eE][+-]?{_D}+\b | {_D}+\.(?![.\w]) | {_D}+\.{_D}+(?!\w) )
      | (?P<{TIMESPAN}> {_D}+(?:\.{_D}+)?(?:{_alternatives(TIMESPAN_UNITS)})\b )
      | (?P<{LONG}> 0[xX][0-9a-fA-F]+\b | {_D}+\b )
      | (?P<digit_name> {_D}+[^\W\d]\w* )
      | (?P<{INVALID}> [hH]?@?["'][^\n\r]* | (?s:.) )
      | (?P<{END}> \Z ) )
    """,
    re.VERBOSE,
)
"""What comes most often is tried first: signs, and words behind which nothing stands that makes another token
of them."""

_KINDS: Final = ("", *(NAME if name.endswith("_name") else name for name in _MASTER.groupindex))
"""By the number of the group."""


def tokenize(text: str) -> list[Token]:
    """The tokens of `text`, the last one of kind END; what is no token is of kind INVALID.

    Raises KqlSyntaxError only when the text is longer than MAX_QUERY_LENGTH.
    """
    if len(text) > MAX_QUERY_LENGTH:
        raise syntax_error(text, MAX_QUERY_LENGTH, f"the query has more than {MAX_QUERY_LENGTH:,} characters")
    tokens: list[Token] = []
    for match in _MASTER.finditer(text):
        group = match.lastindex or 0
        start, end = match.span(group)
        tokens.append(Token(_KINDS[group], match[group], start, end))
        if start == len(text):
            break
    return tokens
