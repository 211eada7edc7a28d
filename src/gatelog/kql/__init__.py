"""The query language: KQL text in, ClickHouse SQL out, answers back as Kusto shows them. No I/O.

    text → tokenizer → parser → ast → binder (types, names) → relations → lower (SELECTs) → writer → SQL

The whole way is `compile`. What is where, from roof to foundation (pyproject.toml holds the order):

    answers · saved_functions       the way back; functions that are kept, checked before
    compile · completion            the whole way; what may follow at the cursor
    queries · reference             statements and pipelines to relations; the reference page
    stages                          the operators, a function each
    scalars                         expressions to SQL that knows its type
    special                         functions that need more than the values of their arguments
    names                           what a name stands for, where
    aggregates                      functions of rows
    functions · search · lowering   functions of their arguments; has and contains; relations to SELECTs
    values · regex                  conversions, arithmetic, comparisons, JSON; patterns
    relations · catalog             the bound query; the tables and functions that there are
    terms · function_text           SQL that knows its type; a saved function's text as a statement
    parser · tables                 tokens to syntax tree; what a table is
    text                            characters to tokens; what is said of errors
    ast · clickhouse                syntax nodes; the engine's SQL as trees, and its text
    types · misfit                  the scalar types; how operands are refused
    documentation · known_failures  a line for each word; published cases answered differently
"""

from gatelog.kql.answers.cells import cell_from_text
from gatelog.kql.answers.exports import exported
from gatelog.kql.ast import LINE_ENDS, lines_of
from gatelog.kql.catalog import DEFAULT_DATABASE, Catalog
from gatelog.kql.clickhouse.sql import LIMIT
from gatelog.kql.compile import Compiled, compile, compile_batch
from gatelog.kql.completion import (
    Completion,
    Suggestion,
    SuggestionKind,
    complete,
    known_functions,
    known_operators,
    spelled,
)
from gatelog.kql.completion.outline import Piece, Style, ends_in_query, pieces, render_of
from gatelog.kql.parser.literals import LiteralParser
from gatelog.kql.saved_functions import check_function, names_in
from gatelog.kql.scalars.expressions import is_builtin
from gatelog.kql.tables.schema import (
    NUMBERS,
    OMITTED,
    SEAM_AFTER,
    SEAM_BEFORE,
    SEAM_KINDS,
    SHORT_WORD_MOST,
    Column,
    JsonPath,
    OriginColumn,
    PathColumn,
    RenderHint,
    SavedFunction,
    Table,
    WordsColumn,
)
from gatelog.kql.tables.view import Choice, Latest, StoredOrder, Unlisted, View
from gatelog.kql.types import DOTNET_TYPES, KqlType, clickhouse_type
from gatelog.kql.values.results import cell_to_json, to_python, to_text

__all__ = [
    "DEFAULT_DATABASE",
    "DOTNET_TYPES",
    "LIMIT",
    "LINE_ENDS",
    "NUMBERS",
    "OMITTED",
    "SEAM_AFTER",
    "SEAM_BEFORE",
    "SEAM_KINDS",
    "SHORT_WORD_MOST",
    "Catalog",
    "Choice",
    "Column",
    "Compiled",
    "Completion",
    "JsonPath",
    "KqlType",
    "Latest",
    "LiteralParser",
    "OriginColumn",
    "PathColumn",
    "Piece",
    "RenderHint",
    "SavedFunction",
    "StoredOrder",
    "Style",
    "Suggestion",
    "SuggestionKind",
    "Table",
    "Unlisted",
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
    "lines_of",
    "names_in",
    "pieces",
    "render_of",
    "spelled",
    "to_python",
    "to_text",
]
