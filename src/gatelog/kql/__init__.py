"""The query language: KQL text in, ClickHouse SQL out, answers back as Kusto shows them. No I/O.

text → tokenizer → parser → ast → binder (types, names) → relations → lower (SELECTs) → SQL
"""

from gatelog.kql.catalog import Catalog
from gatelog.kql.cells import cell_from_text
from gatelog.kql.compile import Compiled, compile, compile_batch
from gatelog.kql.completion import (
    Completion,
    Suggestion,
    SuggestionKind,
    complete,
    known_functions,
    known_operators,
)
from gatelog.kql.exports import exported
from gatelog.kql.outline import Piece, Style, ends_in_query, pieces, render_of
from gatelog.kql.parser.literals import LiteralParser
from gatelog.kql.results import cell_to_json, to_python, to_text
from gatelog.kql.saved_functions import check_function, is_builtin, names_in
from gatelog.kql.schema import (
    NUMBERS,
    OMITTED,
    SHORT_WORD_MOST,
    Column,
    JsonPath,
    PathColumn,
    RenderHint,
    SavedFunction,
    Table,
    WordsColumn,
)
from gatelog.kql.types import DOTNET_TYPES, KqlType, clickhouse_type
from gatelog.kql.view import Choice, View

__all__ = [
    "DOTNET_TYPES",
    "NUMBERS",
    "OMITTED",
    "SHORT_WORD_MOST",
    "Catalog",
    "Choice",
    "Column",
    "Compiled",
    "Completion",
    "JsonPath",
    "KqlType",
    "LiteralParser",
    "PathColumn",
    "Piece",
    "RenderHint",
    "SavedFunction",
    "Style",
    "Suggestion",
    "SuggestionKind",
    "Table",
    "View",
    "WordsColumn",
    "cell_from_text",
    "cell_to_json",
    "check_function",
    "clickhouse_type",
    "compile",
    "compile_batch",
    "complete",
    "ends_in_query",
    "exported",
    "is_builtin",
    "known_functions",
    "known_operators",
    "names_in",
    "pieces",
    "render_of",
    "to_python",
    "to_text",
]
