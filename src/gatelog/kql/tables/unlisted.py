"""Which columns a query names, of those that a table has only then: `_ItemId` and others of Log Analytics.

    T | take 10                    the listed columns
    T | project _ItemId            that one
    T | where _ItemId != ""        the listed columns, and _ItemId behind them

A saved function that a query calls speaks for it; in its own body it does so for whoever finds it by a
pattern, or by a name that is put together.
https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from gatelog.kql.tables.schema import SavedFunction
from gatelog.kql.text.tokenizer import tokenize
from gatelog.kql.text.tokens import NAME, STRING

_QUOTES = "\"'`~"


def words_that_name(column: str, functions: Iterable[SavedFunction]) -> frozenset[str]:
    """The column's name, and the names of all functions whose bodies have one of these words."""
    bodies = {function.name: function.body for function in functions}
    words = {column}
    if any(column in body for body in bodies.values()):
        left = {name: _words(body) for name, body in bodies.items()}
        while found := {name for name, said in left.items() if not said.isdisjoint(words)}:
            words |= found
            for name in found:
                del left[name]
    return frozenset(words)


def named_in(text: str, columns: Mapping[str, frozenset[str]]) -> AbstractSet[str]:
    """Which of the `columns` the text names, by one of the words of each."""
    # Nearly no query does: its text is divided into words only where it has the letters of one.
    likely = {name: words for name, words in columns.items() if any(word in text for word in words)}
    said = _words(text) if likely else frozenset()
    return {name for name, words in likely.items() if not words.isdisjoint(said)}


def _words(text: str) -> AbstractSet[str]:
    """Names, and texts that may be one: `['_ItemId']`, `column_ifexists("_ItemId", "")`."""
    tokens = tokenize(text)
    return {token.text for token in tokens if token.kind == NAME} | {
        token.text.strip(_QUOTES) for token in tokens if token.kind == STRING
    }
