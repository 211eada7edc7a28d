"""parse_xml: a text of XML as a dynamic, read token by token with the open elements on a stack.

    <e/>                        {"e": null}
    <e>text</e>                 {"e": "text"}
    <e a="1">text<b/></e>       {"e": {"@a": "1", "#text": "text", "b": null}}
    <e><a>x</a><a>y</a></e>     {"e": {"a": ["x", "y"]}}
    (https://learn.microsoft.com/kusto/query/parse-xml-function)

An element on the stack is (name, [(name of a member, its JSON), ...], text). The state of the reading is the
stack, the JSON of the whole once its root is closed, and whether all was well so far.
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, Naming, simple
from gatelog.kql.types import KqlType

LONGEST_XML = 1_048_576
"""Bytes of a text that is read; Kusto's own bound, beyond it the answer is null."""

_PIECE = r"(?s)<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[?!][^>]*>|</[^>]*>|<[^>]*>|[^<]+|<"
_ATTRIBUTE = """([^\\\\s=<>/]+)\\\\s*=\\\\s*(?:"([^"]*)"|\\'([^\\']*)\\')"""

_OPENED_AND_CLOSED = r"""
arrayFlatten(arrayMap(
    token -> if(
        match(token, '(?s)^<[^!?/].*/>$'),
        [
            concat(substring(token, 1, length(token) - 2), '>'),
            concat('</', extract(token, '^<([^\\s/>]+)'), '>')
        ],
        [token]
    ),
    tokens
))
"""
"""An element without content as an opening and a closing token."""


def _quoted(text: str) -> str:
    return f"replaceAll(toJSONString({text}), '\\\\/', '/')"


_TEXT = r"replaceRegexpAll(state.1[-1].3, '^\\s+|\\s+$', '')"
_MEMBERS = f"""
if(text = '', frame.2, arrayConcat(
    arrayFilter(member -> startsWith(member.1, '@'), frame.2),
    [('#text', {_quoted("text")})],
    arrayFilter(member -> NOT startsWith(member.1, '@'), frame.2)
))
"""
_BAG = f"""
arrayMap(members -> concat('{{', arrayStringConcat(arrayMap(
    name -> concat({_quoted("name")}, ':', arrayMap(
        values -> if(length(values) = 1, values[1], concat('[', arrayStringConcat(values, ','), ']')),
        [arrayMap(member -> member.2, arrayFilter(member -> member.1 = name, members))]
    )[1]),
    arrayDistinct(arrayMap(member -> member.1, members))
), ','), '}}'), [{_MEMBERS}])[1]
"""
_ELEMENT = f"multiIf(notEmpty(frame.2), {_BAG}, text = '', 'null', {_quoted('text')})"
"""The JSON of an element that is closed: `frame`, its `text` without the blanks around."""

_OPENED = rf"""
(
    arrayPushBack(state.1, (
        extract(token, '^<([^\\s/>]+)'),
        arrayMap(
            part -> (concat('@', part[1]), {_quoted("decodeXMLComponent(concat(part[2], part[3]))")}),
            extractAllGroupsVertical(token, '{_ATTRIBUTE}')
        ),
        ''
    )),
    state.2,
    match(token, '^<[^\\s/>]+') AND NOT (empty(state.1) AND state.2 <> '')
)
"""
_CONTENT = (
    "if(startsWith(token, '<![CDATA['), substring(token, 10, length(token) - 12), decodeXMLComponent(token))"
)
_READ = f"""
if(
    empty(state.1),
    (state.1, state.2, match(token, '^\\\\s*$')),
    (
        arrayPushBack(
            arrayPopBack(state.1),
            (state.1[-1].1, state.1[-1].2, concat(state.1[-1].3, {_CONTENT}))
        ),
        state.2,
        true
    )
)
"""
_CLOSED = rf"""
arrayMap((frame, element) -> multiIf(
    empty(state.1) OR frame.1 <> extract(token, '^</([^\\s>]+)'), (state.1, state.2, false),
    length(state.1) = 1, (
        arrayPopBack(state.1), concat('{{', {_quoted("frame.1")}, ':', element, '}}'), true
    ),
    (
        arrayPushBack(
            arrayPopBack(arrayPopBack(state.1)),
            (
                state.1[-2].1,
                arrayPushBack(state.1[-2].2, (frame.1, element)),
                state.1[-2].3
            )
        ),
        state.2,
        true
    )
), [state.1[-1]], arrayMap((frame, text) -> {_ELEMENT}, [state.1[-1]], [{_TEXT}]))[1]
"""
_FOLDED = rf"""
arrayFold(
    (state, token) -> multiIf(
        NOT state.3 OR match(token, '^<([?]|!--|![^\\[])'), state,
        startsWith(token, '</'), {_CLOSED},
        startsWith(token, '<') AND NOT startsWith(token, '<!['), {_OPENED},
        {_READ}
    ),
    tokens,
    CAST(
        ([], '', true) AS Tuple(Array(Tuple(String, Array(Tuple(String, String)), String)), String, Bool)
    )
)
"""
_WHOLE = """
if(
    tupleElement(state, 3) AND empty(tupleElement(state, 1)) AND tupleElement(state, 2) <> '',
    tupleElement(state, 2), NULL
)
"""


def _parse(text: Sql) -> Sql:
    found = sql.call("extractAll", sql.if_(sql.call("isValidUTF8", text), text, ""), _PIECE)
    tokens = formula(_OPENED_AND_CLOSED, tokens=found)
    state = sql.with_value(tokens, "tokens", lambda all_: formula(_FOLDED, tokens=all_))
    short = sql.at_most(sql.call("length", text), LONGEST_XML)
    return sql.if_(
        short, sql.with_value(state, "state", lambda last: formula(_WHOLE, state=last)), sql.null()
    )


XML: tuple[Function, ...] = (
    simple("parse_xml", [KqlType.STRING], KqlType.DYNAMIC, _parse, may_fail=True, naming=Naming.FIRST),
)
"""The rows of this table."""
