"""The filter of a metrics request: which dimensions to look at, and which of their values.

    filter   = term *("and" term)
    term     = one *("or" one)                            of one dimension
    one      = "(" filter ")" | test
    test     = name ("eq" | "ne" | "sw") text | "startswith" "(" name "," text ")"
    name     = 1*(letter | digit | "_" | "." | "-") | text
    text     = "'" *(any character, "''" for a quote) "'"

    ModelDeploymentName eq '*' and StatusCode eq '429' or StatusCode eq '500'

`or` binds closer than `and`, as the service has it. `eq '*'` takes every value. The answer is split by every
dimension of the filter.
https://learn.microsoft.com/rest/api/monitor/metrics/list
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gatelog.api.metrics.faults import bad_request

CHARACTERS_MAX = 8192
"""Length of a filter in characters."""

TESTS_MAX = 200
"""Tests in a filter."""

DEPTH_MAX = 20
"""Parentheses within parentheses."""

_OPERATORS = frozenset({"eq", "ne", "sw"})
_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[\w.\-]+)|(?P<mark>[(),]))", re.ASCII)
_QUOTE = "'"


class Comparison(NamedTuple):
    """One comparison, without regard to case: `operator` is eq, ne or sw (starts with)."""

    operator: str
    value: str

    @property
    def takes_all(self) -> bool:
        """Whether every value passes."""
        return self.operator == "eq" and self.value == "*"


class Condition(NamedTuple):
    """A dimension, by the name that the request uses, and tests of which one must hold."""

    dimension: str
    tests: tuple[Comparison, ...]

    @property
    def takes_all(self) -> bool:
        """Whether every value passes."""
        return any(test.takes_all for test in self.tests)


Filter = tuple[Condition, ...]
"""Conditions that must all hold."""


def parse_filter(text: str) -> Filter:
    """The conditions of a filter; none for an empty one. MetricsError 400 says what is wrong, and where."""
    if not text.strip():
        return ()
    if len(text) > CHARACTERS_MAX:
        raise bad_request(f"a filter has at most {CHARACTERS_MAX} characters")
    return _Parser(text).filter()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._place = 0

    def filter(self) -> Filter:
        conditions = self._all(0)
        if self._place < len(self._tokens):
            raise self._error("expected 'and' or 'or'")
        if sum(len(condition.tests) for condition in conditions) > TESTS_MAX:
            raise bad_request(f"a filter has at most {TESTS_MAX} comparisons")
        return conditions

    def _all(self, depth: int) -> Filter:
        conditions = self._any(depth)
        while self._take("and"):
            conditions += self._any(depth)
        return conditions

    def _any(self, depth: int) -> Filter:
        conditions = self._one(depth)
        while self._take("or"):
            further = self._one(depth)
            if len({condition.dimension.lower() for condition in conditions + further}) > 1:
                raise self._error("'or' joins comparisons of one dimension only")
            if len(conditions) > 1 or len(further) > 1:
                raise self._error("'or' joins comparisons, not 'and'")
            conditions = (conditions[0]._replace(tests=conditions[0].tests + further[0].tests),)
        return conditions

    def _one(self, depth: int) -> Filter:
        if not self._take("("):
            return (self._comparison(),)
        if depth == DEPTH_MAX:
            raise bad_request(f"a filter has parentheses within parentheses at most {DEPTH_MAX} deep")
        conditions = self._all(depth + 1)
        self._expect(")")
        return conditions

    def _comparison(self) -> Condition:
        name = self._next("the name of a dimension")
        if name.lower() == "startswith" and self._take("("):
            dimension = _unquoted(self._next("the name of a dimension"))
            self._expect(",")
            value = self._text()
            self._expect(")")
            return Condition(dimension, (Comparison("sw", value),))
        operator = self._next("eq, ne or sw").lower()
        if operator not in _OPERATORS:
            raise self._error("expected eq, ne or sw")
        return Condition(_unquoted(name), (Comparison(operator, self._text()),))

    def _text(self) -> str:
        token = self._next("a text in single quotes")
        if not token.startswith(_QUOTE):
            raise self._error("expected a text in single quotes")
        return _unquoted(token)

    def _next(self, what: str) -> str:
        if self._place == len(self._tokens) or self._tokens[self._place] in {"(", ")", ","}:
            raise self._error(f"expected {what}")
        self._place += 1
        return self._tokens[self._place - 1]

    def _take(self, word: str) -> bool:
        found = self._place < len(self._tokens) and self._tokens[self._place].lower() == word
        self._place += found
        return found

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise self._error(f"expected {mark!r}")

    def _error(self, what: str) -> Exception:
        near = " ".join(self._tokens[max(0, self._place - 3) : self._place + 1])
        return bad_request(f"the filter cannot be read near {near:.200}: {what}")


def _tokens(text: str) -> Sequence[str]:
    tokens: list[str] = []
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise bad_request(
                f"the filter cannot be read at character {place + 1}: {text[place : place + 20]!r}"
            )
        tokens.append(match[0].strip())
        place = match.end()
    return tokens


def _unquoted(token: str) -> str:
    return token[1:-1].replace("''", "'") if token.startswith(_QUOTE) else token
