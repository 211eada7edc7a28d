"""The query language: KQL text in, ClickHouse SQL out, answers back as Kusto shows them. No I/O.

text → tokenizer → parser → ast → binder (types, names) → relations → lower (SELECTs) → SQL
"""

from gatelog.kql.catalog import Catalog
from gatelog.kql.compile import Compiled, compile
from gatelog.kql.results import cell_to_json, to_python, to_text
from gatelog.kql.schema import Column, JsonPath, PathColumn, RenderHint, Table
from gatelog.kql.types import KqlType

__all__ = [
    "Catalog",
    "Column",
    "Compiled",
    "JsonPath",
    "KqlType",
    "PathColumn",
    "RenderHint",
    "Table",
    "cell_to_json",
    "compile",
    "to_python",
    "to_text",
]
