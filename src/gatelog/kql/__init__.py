"""The query language: KQL text in, ClickHouse SQL out, answers back as Kusto shows them. No I/O.

    text → tokenizer → parser → ast → binder (types, names) → relations → lower (SELECTs) → writer → SQL

The whole way is `compile`. What is where:

    the text        tokens · tokenizer · parser/ · ast/ · diagnostics · foreign_words
    a query         binder · context · scope · bindings · own_names · parameters · databases · outputs
      statements    declarations · declared_patterns (other than let)
    its tables      tabular · scans · relations · materialized · stages/ (the operators, a function each)
    its functions   function_calls, function_text, saved_functions (the author's and those that are kept)
    values          expressions · shared_arguments · literals · naming · terms · types · conversions
                    integers · datetime_texts · known_times · misfit
      operators     arithmetic · comparisons · chains · in_lists
      search        text_search · term_borders · glance · indexed_search · origin_search
      patterns      regexes · regex_syntax · regex_characters · regex_classes · regex_scripts
                    regex_borders · code_points · empty_matches
      dynamic       json_access · json_paths · json_values · json_numbers
      functions     functions/ (of their arguments) · aggregates/ (of rows) · kusto_names (valid, not built)
      with more     special_functions · setting_functions · several_columns · windows · sessions
    the SQL         lower · block · constants · scale · sql · nodes · formula · shapes · ticks
                    dialect · writer
    what is there   catalog · schema · view · unlisted (columns) · possible (what a view can leave out)
    the answers     results · exports · cells (the way back)
    an editor       completion/ · outline
    the reference   documentation/ · reference · known_failures
"""

from gatelog.kql.catalog import DEFAULT_DATABASE, Catalog
from gatelog.kql.cells import cell_from_text
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
from gatelog.kql.exports import exported
from gatelog.kql.expressions import is_builtin
from gatelog.kql.outline import Piece, Style, ends_in_query, pieces, render_of
from gatelog.kql.parser.literals import LiteralParser
from gatelog.kql.results import cell_to_json, to_python, to_text
from gatelog.kql.saved_functions import check_function, names_in
from gatelog.kql.schema import (
    NUMBERS,
    OMITTED,
    SEAM_AFTER,
    SEAM_BEFORE,
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
from gatelog.kql.sql import LIMIT
from gatelog.kql.types import DOTNET_TYPES, KqlType, clickhouse_type
from gatelog.kql.view import Choice, Latest, StoredOrder, Unlisted, View

__all__ = [
    "DEFAULT_DATABASE",
    "DOTNET_TYPES",
    "LIMIT",
    "NUMBERS",
    "OMITTED",
    "SEAM_AFTER",
    "SEAM_BEFORE",
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
    "names_in",
    "pieces",
    "render_of",
    "spelled",
    "to_python",
    "to_text",
]
