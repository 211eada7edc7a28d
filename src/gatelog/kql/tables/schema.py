"""Columns and tables: what a query may read, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from gatelog.kql.tables.view import View
from gatelog.kql.types import KqlType

JsonPath: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead into a JSON value, `("usage", "prompt_tokens")`."""


class Column(NamedTuple):
    """A column of a table or of a result."""

    name: str
    type: KqlType


class PathColumn(NamedTuple):
    """A typed column of the SQL view that holds the value at a path of a JSON text, and null where it is
    absent."""

    sql_column: str
    type: KqlType


OMITTED = "OMITTED"
"""The one word of a text whose words are in no index; no text in lower case has it."""

NUMBERS = "NUMBERS"
"""The word that stands for a long list of numbers among the short words of a text."""

SHORT_WORD_MOST = 16
"""Characters of an ASCII word that counts as a short one; beyond ASCII every word does."""

SEAM_BEFORE = 4
"""Characters of a word before a seam; a shorter one is there as it is."""

SEAM_AFTER = 3
"""Characters of the word after a seam. Fewer than before: the last word is often not written out."""

SEAM_KINDS = 8
"""Of the character behind those a seam has which of so many kinds it is: its first byte, modulo; 0 is also
that there is none. Of many words with the same beginning (`invoice`, `inventory`) one is asked for; and where
that character is not known, all kinds.
"""


class WordsColumn(NamedTuple):
    """A column of the SQL view with the words of a text, spelled as `indexed_search` spells them. A text
    index over it answers `hasAllTokens` and `LIKE`.

    With `short` it may be OMITTED instead; the column `short` has the short words of just those texts, and
    NUMBERS in place of a list of numbers. `guard` is a condition of the view; where it is false, the text is
    empty. `seams` has the end of each word and the beginning of the next, with a space between and the kind
    of the character behind; an index over it says where a seam is not. `part` has the words of a part of the
    text that `sql_column` leaves out, in the rows where the condition `parted` is true; no word goes over its
    borders.
    """

    sql_column: str
    short: str | None = None
    guard: str | None = None
    seams: str | None = None
    part: str | None = None
    parted: str | None = None


class OriginColumn(NamedTuple):
    """A text column of the SQL view with the JSON from which the view reads a dynamic column; `added` is what
    the view puts around it, `words` has the words of the text. Where the view has the column's own value as
    a text, an array or object always and empty for null, that is `value`, and `words` has its words; where
    the condition `stands` of the view is true, it is a piece of the JSON as it is written there.
    """

    sql_column: str
    added: str = ""
    words: WordsColumn | None = None
    value: str | None = None
    stands: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table as KQL sees it, over the SQL view or table `source` (`name` or `database.name`).

    `paths` says which typed SQL column answers for a path into a string column of JSON:
    `{("BackendResponseBody", ("usage", "prompt_tokens")): PathColumn("__prompt_tokens", KqlType.LONG)}`.
    `not_null` names the columns whose SQL type is not Nullable (string columns never are, they need no
    mention). `words` says which string columns have an index of their words, `origins` where the JSON of
    which dynamic columns is read from. `protected` columns are none of the table's for this reader: a query
    may name them only where `paths` answer in their place. With a `resource` (an Azure resource id in lower
    case) the table is only those of its rows whose `_ResourceId` is that. With a `view` statements say what
    the view `source` selects instead of naming it. `ingested` is the column of the source, never null, that
    says when a row came, if one does.
    """

    name: str
    columns: tuple[Column, ...]
    source: str
    paths: Mapping[tuple[str, JsonPath], PathColumn] = field(default_factory=dict)
    not_null: frozenset[str] = frozenset()
    protected: tuple[Column, ...] = ()
    words: Mapping[str, WordsColumn] = field(default_factory=dict)
    origins: Mapping[str, OriginColumn] = field(default_factory=dict)
    resource: str = ""
    view: View | None = None
    ingested: str = ""

    def without(self, names: frozenset[str]) -> Table:
        """The table for a reader to whom the columns `names` are protected."""
        return replace(
            self,
            columns=tuple(column for column in self.columns if column.name not in names),
            words={column: words for column, words in self.words.items() if column not in names},
            origins={column: origin for column, origin in self.origins.items() if column not in names},
            protected=tuple(column for column in self.columns if column.name in names),
        )


class SavedFunction(NamedTuple):
    """A function kept for all queries: `parameters` with their parentheses, `body` with its braces.

    A `view` also takes part where a query names all tables (`union *`, `search`).
    """

    name: str
    parameters: str
    body: str
    docstring: str = ""
    folder: str = ""
    view: bool = False


class RenderHint(NamedTuple):
    """How the query's author wants the result drawn; it never changes the result."""

    chart: str
    properties: tuple[tuple[str, str], ...]
