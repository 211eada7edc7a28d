"""From text and cursor to suggestions: the place, the names in reach there, and the words of the language."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Final

from gatelog.errors import KqlError, KqlSyntaxError
from gatelog.kql.catalog import Catalog
from gatelog.kql.completion import vocabulary
from gatelog.kql.completion.cursor_parser import place_at_end
from gatelog.kql.completion.names import Names
from gatelog.kql.completion.place import Place, Stage, Want
from gatelog.kql.completion.suggestion import Completion, Suggestion, SuggestionKind
from gatelog.kql.documentation import PARAMETER_VALUES
from gatelog.kql.misfit import Misfit
from gatelog.kql.parser.expressions import EQUALITY, binding_power
from gatelog.kql.text.tokenizer import tokenize
from gatelog.kql.text.tokens import END, HYPHENATED_WORDS, INVALID, NAME, PUNCTUATION
from gatelog.kql.types import KqlType

MAX_SUGGESTIONS: Final = 1000
"""Nobody reads on; a table of Azure has up to 300 columns, and all scalar functions follow them."""

_TYPED_WORD: Final = re.compile(r"\w*[!$]?")
_TYPED_HYPHENATED: Final = re.compile(r"(?:[a-z]*-)+[a-z]+")
"""Of the text backwards: to look for where a word begins that ends at the cursor takes the square of its
length.
"""

_PART: Final = re.compile(r"(?<=[_\W])\w|(?<=[a-z0-9])[A-Z]")
"""Where a part of a name begins: behind an underscore or a hyphen, and at a capital letter."""

_LINE_END: Final = re.compile(r"[\n\r\u2028\u2029]")

_AGGREGATING: Final = frozenset(("summarize", "make-series", "top-nested"))
_CONDITIONS: Final = frozenset(("where", "filter", "search", "find", "scan", "graph-match"))
_JOINING: Final = frozenset(("join", "lookup"))
_COLUMN_PROPERTIES: Final = frozenset(("xcolumn", "ycolumns", "series", "anomalycolumns", "shufflekey"))


def complete(text: str, position: int, catalog: Catalog) -> Completion:
    """What may stand at the offset `position` of `text`, given the text before it.

    Never raises for what the text holds; in a string, a comment or a number there is nothing to suggest.
    """
    before = text[:position]
    word = _word_before(before)
    start = position - len(word)
    if _is_free_text(before, word):
        return Completion(start, ())
    try:
        place = place_at_end(text[:start])
        found = _matching(_candidates(place, Names(text, catalog, place)), word)
    except (KqlError, Misfit, RecursionError):  # too long, too deep or too wide to be a query
        return Completion(start, ())
    return Completion(start, tuple(found[:MAX_SUGGESTIONS]))


def _word_before(before: str) -> str:
    """What was typed of the word at the cursor."""
    backwards = before[::-1]
    hyphenated = _TYPED_HYPHENATED.match(backwards)
    if hyphenated and any(word.startswith(hyphenated[0][::-1]) for word in HYPHENATED_WORDS):
        return hyphenated[0][::-1]
    match = _TYPED_WORD.match(backwards)
    return match[0][::-1] if match else ""


def _is_free_text(before: str, word: str) -> bool:
    """Whether the cursor stands where nothing has a name: in a string, a comment, a number or a date."""
    if word[:1].isdecimal():
        return True
    try:
        *tokens, end = tokenize(before)
    except KqlSyntaxError:
        return True
    last = tokens[-1] if tokens else end
    if last.kind == INVALID and last.text != "!":
        return True
    gap = before[last.end :] if last.kind != END else before
    is_comment = "//" in _LINE_END.split(gap)[-1]
    return is_comment or (not gap and last.kind not in {NAME, PUNCTUATION, INVALID, END})


def _matching(candidates: Iterable[Suggestion], word: str) -> list[Suggestion]:
    """Those that begin with the word, then those of which a part does, each once: Prompt in AudioPrompt."""
    lower = word.lower()
    unique = list({one.name: one for one in reversed(list(candidates))}.values())[::-1]
    if not lower:
        return unique
    begin = [one for one in unique if one.name.lower().startswith(lower)]
    return begin + [one for one in unique if _has_part(one.name, lower) and one not in begin]


def _has_part(name: str, word: str) -> bool:
    return any(name[part.start() :].lower().startswith(word) for part in _PART.finditer(name))


def _candidates(place: Place, names: Names) -> Iterator[Suggestion]:
    hints = [name for name in place.parameters if name == "hint"]
    own = [name for name in place.parameters if name != "hint"]
    yield from vocabulary.parameters(own)
    if _goes_on_as_value(place, names):
        yield from _after_operand(place, names)
        yield from vocabulary.keywords(place.words)
    else:
        yield from _wanted(place, names)
        yield from vocabulary.keywords(place.words)
        yield from _after_operand(place, names)
    yield from vocabulary.parameters(hints)


def _goes_on_as_value(place: Place, names: Names) -> bool:
    """Whether what ends at the cursor is sooner compared than done: a condition that is no bool yet."""
    if place.stage is None or place.stage.name not in _CONDITIONS:
        return False
    condition = next((one for one in place.operands if one.above < EQUALITY), None)
    return condition is not None and names.type_of(condition.expression) is not KqlType.BOOL


def _wanted(place: Place, names: Names) -> Iterable[Suggestion]:
    match place.want:
        case Want.STATEMENT:
            return [*names.tables(), *vocabulary.TABLE_CALLS]
        case Want.TABLE:
            return [*names.tables(), *vocabulary.TABLE_CALLS]
        case Want.EITHER:
            return [*names.tables(), *_values(place, names), *vocabulary.TABLE_CALLS]
        case Want.ITEM:
            return [*_values(place, names), *names.tables(), *vocabulary.TABLE_CALLS]
        case Want.VALUE:
            return _values(place, names)
        case Want.LITERAL:
            return [*vocabulary.TRUTHS, *vocabulary.LITERALS]
        case Want.OPERATOR:
            return vocabulary.PIPED
        case Want.COLUMN:
            return names.columns()
        case Want.MEMBER:
            return names.members(place.subject)
        case Want.FUNCTION:
            return names.table_functions()
        case Want.PLUGIN:
            return vocabulary.PLUGIN_CALLS
        case Want.CHART:
            return vocabulary.CHART_KINDS
        case Want.CHART_PROPERTY:
            return vocabulary.CHART_PARAMETERS if place.in_parentheses else ()
        case Want.PROPERTY_VALUE:
            return _property_values(place, names)
        case Want.TYPE:
            return vocabulary.TYPE_NAMES
        case Want.NOTHING:
            return ()


def _values(place: Place, names: Names) -> list[Suggestion]:
    stage = place.stage
    if stage is not None and stage.name in _JOINING and stage.clause == "on" and not place.calls:
        return names.join_keys(stage)
    if stage is not None and stage.name == "evaluate" and place.calls[-1:] == ("pivot",):
        return [*names.columns(), *vocabulary.AGGREGATE_CALLS]
    found = [*names.columns(), *names.values()]
    if stage is not None and stage.name in _AGGREGATING and _is_aggregate_place(stage, place):
        found = [*vocabulary.AGGREGATE_CALLS, *found]
    return [*found, *vocabulary.SCALARS, *vocabulary.TRUTHS]


def _is_aggregate_place(stage: Stage, place: Place) -> bool:
    if any(name in vocabulary.AGGREGATE_NAMES for name in place.calls):
        return False
    return stage.clause == ("by" if stage.name == "top-nested" else "")


def _after_operand(place: Place, names: Names) -> list[Suggestion]:
    """Operators that may follow the value at the cursor; tables take none but the pipe.

    A side of a comparison is not compared again, but may be one of a sum; what is no condition yet is not
    joined to the condition before it.
    """
    if place.operand_want in {Want.STATEMENT, Want.TABLE}:
        return []
    sides: list[Suggestion] = []
    found: list[Suggestion] = []
    at_most = math.inf
    for operand in place.operands:
        kind = names.type_of(operand.expression)
        tight = [
            one
            for one in vocabulary.behind_value(kind)
            if operand.above < binding_power(one.text.split()[0]) <= at_most
        ]
        at_most = operand.above
        if operand.above >= EQUALITY:
            sides += [one for one in tight if one.name in vocabulary.ARITHMETIC]
            continue
        if kind is None and place.operand_want in {Want.EITHER, Want.ITEM}:
            return []
        found = tight + found
        if kind is not None and kind is not KqlType.BOOL:
            break
    return found + sides


def _property_values(place: Place, names: Names) -> list[Suggestion]:
    stage, name = place.stage, str(place.subject)
    if name in _COLUMN_PROPERTIES:
        return names.columns()
    return vocabulary.documented(
        SuggestionKind.VALUE, PARAMETER_VALUES.get((stage.name if stage else "", name), {})
    )
