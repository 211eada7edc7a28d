"""Functions that take a text apart: file paths, versions, records of CSV, command lines."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Anything, Function, Naming, accept, finished, simple
from gatelog.kql.functions.strings import string_array
from gatelog.kql.misfit import Unsupported
from gatelog.kql.terms import Term
from gatelog.kql.types import DECIMAL_SCALE, KqlType
from gatelog.kql.values import json_values

STRING, DYNAMIC, DECIMAL = KqlType.STRING, KqlType.DYNAMIC, KqlType.DECIMAL

_SCHEME = "^([A-Za-z][A-Za-z0-9+.-]+)://"
_LAST_STEP = r"extract(replaceRegexpOne(rest, '^[A-Za-z]:', ''), '([^\\\\/]*)$')"
_PATH_PARTS = {
    "Scheme": f"extract(path, '{_SCHEME}')",
    "RootPath": r"extract(rest, '^(?:[\\\\/]{2}[?.][\\\\/])?([A-Za-z]:)')",
    "DirectoryPath": r"extract(rest, '(?s)^(.*)[\\\\/]')",
    "DirectoryName": r"extract(extract(rest, '(?s)^(.*)[\\\\/]'), '([^\\\\/]*)$')",
    "Filename": f"extract({_LAST_STEP}, '^([^:]*)')",
    "Extension": f"extract(extract({_LAST_STEP}, '^([^:]*)'), '[.]([^.]*)$')",
    "AlternateDataStreamName": f"extract({_LAST_STEP}, ':(.*)$')",
}
"""The members of parse_path's bag; `rest` is the path without its scheme."""


def _path(path: Sql) -> Sql:
    def parts(rest: Sql) -> Sql:
        members = [
            json_values.member_text(sql.literal(name), json_values.quoted(_known(text, path, rest)))
            for name, text in _PATH_PARTS.items()
        ]
        return json_values.bag_text(sql.array(members))

    return sql.with_value(sql.call("replaceRegexpOne", path, _SCHEME, ""), "rest", parts)


def _known(text: str, path: Sql, rest: Sql) -> Sql:
    return formula(text, path=path) if "path" in text else formula(text, rest=rest)


_VERSION = r"^\d{1,8}([.]\d{1,8}){0,3}$"


def _version(text: Sql) -> Sql:
    """Four parts of eight digits each as one number: 1.2.3.4 is 1 00000002 00000003 00000004."""
    parts = "arrayMap(part -> leftPad(part, 8, '0'), arrayResize(splitByChar('.', text), 4, '0'))"
    digits = sql.call("arrayStringConcat", formula(parts, text=text))
    number = sql.call("toDecimal256OrNull", digits, DECIMAL_SCALE)
    return sql.if_(sql.call("match", text, _VERSION), number, sql.null())


_FIELD = r'(?:"(?:[^"]|"")*(?:"|$)[^,\r\n]*|[^",\r\n][^,\r\n]*|)'
_FIELD_PARTS = r',(?:"((?:[^"]|"")*)(?:"|$)([^,\r\n]*)|([^,\r\n]*))'
_TEXTS = """arrayMap(field -> concat(replaceAll(field[1], '""', '"'), field[2], field[3]), fields)"""


def _record(text: Sql) -> Sql:
    """The fields of the first record. Where a quote begins one, a comma, a line break and a doubled quote are
    text up to the next quote, or to the end."""
    record = sql.call("extract", text, f"^({_FIELD}(?:,{_FIELD})*)")
    fields = sql.call("extractAllGroupsVertical", sql.call("concat", ",", record), _FIELD_PARTS)
    return string_array(formula(_TEXTS, fields=fields))


_ARGUMENTS = r"""
arrayFold(
    (state, char) -> multiIf(
        char = '\\', (state.1, state.2, state.3, state.4 + 1, true),
        char = '"' AND state.4 % 2 = 1,
            (state.1, concat(state.2, repeat('\\', intDiv(state.4, 2)), '"'), state.3, 0, true),
        char = '"', (state.1, concat(state.2, repeat('\\', intDiv(state.4, 2))), NOT state.3, 0, true),
        char IN (' ', '\t') AND NOT state.3 AND state.5,
            (arrayPushBack(state.1, concat(state.2, repeat('\\', state.4))), '', false, 0, false),
        char IN (' ', '\t') AND NOT state.3, state,
        (state.1, concat(state.2, repeat('\\', state.4), char), state.3, 0, true)
    ),
    ngrams(text, 1),
    CAST(([], '', false, 0, false) AS Tuple(Array(String), String, Bool, Int64, Bool))
)
"""
"""The state: arguments, the one in hand, whether in quotes, backslashes before, whether one is in hand."""
_LAST = r"""
if(
    tupleElement(state, 5),
    arrayPushBack(
        tupleElement(state, 1), concat(tupleElement(state, 2), repeat('\\', tupleElement(state, 4)))
    ),
    tupleElement(state, 1)
)
"""


def _command_line(arguments: Sequence[Term]) -> Term:
    """As Windows reads it (CommandLineToArgvW): 2n backslashes before a quote are n and the quote ends."""
    text = accept(arguments[0], Anything.TEXT)
    kind = arguments[1].constant.value if arguments[1].constant is not None else None
    if kind != "windows":
        raise Unsupported("parse_command_line() of this kind is not supported", 'the kind is "windows"')
    folded = formula(_ARGUMENTS, text=text.sql)
    found = sql.with_value(folded, "state", lambda state: formula(_LAST, state=state))
    return finished(DYNAMIC, string_array(found), [text])


PARSED_TEXTS: tuple[Function, ...] = (
    simple("parse_path", [STRING], DYNAMIC, _path),
    simple("parse_version", [STRING], DECIMAL, _version, may_fail=True),
    simple("parse_csv", [STRING], DYNAMIC, _record, naming=Naming.FIRST),
    Function("parse_command_line", 2, 2, _command_line),
)
"""The rows of this table."""
