"""Functions that replace several pieces of a string, or find the place of a pattern."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.functions.match_marks import match_place
from gatelog.kql.functions.row import Anything, Function, accept, constant_string, finished
from gatelog.kql.regex.regexes import regex_of
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

STRING, LONG, DYNAMIC = KqlType.STRING, KqlType.LONG, KqlType.DYNAMIC

_REPLACED = """
arrayStringConcat(arrayFold(
    (pieces, wanted, replacement) -> arrayFlatten(arrayMap(
        (piece, place) -> if(place % 2 = 0, [piece], arrayPopBack(arrayFlatten(arrayMap(
            part -> [part, replacement], splitByString(char(255), replaceAll(piece, wanted, char(255)))
        )))),
        pieces,
        arrayEnumerate(pieces)
    )),
    lookups,
    replacements,
    [text]
))
"""
"""What was put in is not looked at again: the pieces of the text stand at odd places, what was put between
them at even ones. No text has the byte 255."""

_IS_TEXT = """startsWith(one, '"') AND one != '""'"""
_LOOKUPS = f"arrayMap(one -> JSONExtractString(one), arrayFilter(one -> {_IS_TEXT}, lookups))"
_REPLACEMENTS = f"""
arrayMap(
    (one, other) -> JSONExtractString(if(startsWith(other, '"'), other, one)),
    arrayFilter(one -> {_IS_TEXT}, lookups),
    arrayFilter((other, one) -> {_IS_TEXT}, arrayResize(replacements, length(lookups), ''), lookups)
)
"""


def _replace_strings(arguments: Sequence[Term]) -> Term:
    """`replace_strings(text, lookups, replacements)`: one lookup after the other; what is no text looks for
    nothing, and leaves what is found as it is."""
    text = accept(arguments[0], STRING)
    jsons = [json_values.elements(accept(array, DYNAMIC).sql) for array in arguments[1:]]
    lookups = formula(_LOOKUPS, lookups=jsons[0])
    replacements = formula(_REPLACEMENTS, lookups=jsons[0], replacements=jsons[1])
    node = formula(_REPLACED, text=text.sql, lookups=lookups, replacements=replacements)
    return finished(STRING, node, [text])


_CHARACTERS = "extractAll(text, '(?s).')"
_TRANSLATED = """
arrayStringConcat(arrayMap(
    one -> if(has(wanted, one), replacement[least(indexOf(wanted, one), length(replacement))], one),
    characters
))
"""


def _translate(arguments: Sequence[Term]) -> Term:
    """`translate(from, to, text)`: character by character; the last of a shorter `to` serves for the rest,
    an empty one deletes."""
    accepted = [accept(argument, STRING) for argument in arguments]
    if all(term.constant is not None for term in accepted[:2]):
        return _translate_constants(accepted)
    wanted, replacement, characters = (formula(_CHARACTERS, text=term.sql) for term in accepted)
    node = formula(_TRANSLATED, wanted=wanted, replacement=replacement, characters=characters)
    return finished(STRING, node, accepted)


def _translate_constants(arguments: Sequence[Term]) -> Term:
    """The same where both lists are constants."""
    wanted = constant_string(arguments[0], "the search list")
    replacement = constant_string(arguments[1], "the replacement list")
    text = arguments[2]
    first_places = dict.fromkeys(wanted)
    pairs = {
        char: replacement[min(wanted.index(char), len(replacement) - 1)] if replacement else ""
        for char in first_places
    }
    if not pairs:
        return text
    if not replacement:
        return finished(STRING, sql.call("translateUTF8", text.sql, "".join(pairs), ""), [text])
    node = sql.call("translateUTF8", text.sql, "".join(pairs), "".join(pairs.values()))
    return finished(STRING, node, [text])


_PLACE = """
if(
    isNull(start + length + occurrence) OR start < 0 OR length < -1 OR occurrence < 1,
    NULL,
    ifNull(start + place, -1)
)
"""
_WINDOW = "substringUTF8(text, greatest(start, 0) + 1, if(length < 0, lengthUTF8(text), length))"


def _index_of_regex(arguments: Sequence[Term]) -> Term:
    """`indexof_regex(text, regex [, start [, length [, occurrence]]])`: -1 when it is not there.

    Null for a start below 0, an occurrence below 1, or a length below -1.
    """
    text = accept(arguments[0], Anything.TEXT)
    constant_string(arguments[1], "the regular expression")
    pattern = regex_of(arguments[1])
    numbers = [accept(number, LONG).sql for number in arguments[2:]]
    start, length, occurrence = [*numbers, *map(sql.literal, (0, -1, 1)[len(numbers) :])]
    window = formula(_WINDOW, text=text.sql, start=start, length=length)
    place = match_place(window, pattern, occurrence)
    node = formula(_PLACE, start=start, length=length, occurrence=occurrence, place=place)
    return finished(LONG, node, arguments, may_fail=True)


REPLACEMENTS: tuple[Function, ...] = (
    Function("replace_strings", 3, 3, _replace_strings),
    Function("translate", 3, 3, _translate),
    Function("indexof_regex", 2, 5, _index_of_regex),
)
"""The rows of this table."""
