"""The words of the language as suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gatelog.kql import documentation
from gatelog.kql.aggregates import AGGREGATES
from gatelog.kql.completion.suggestion import Suggestion, SuggestionKind
from gatelog.kql.functions import FUNCTIONS, SEVERAL_COLUMNS
from gatelog.kql.reference import built_operators
from gatelog.kql.special.special_functions import SPECIAL_FUNCTIONS
from gatelog.kql.stages.evaluate import PLUGINS
from gatelog.kql.stages.summarize import ROW_AGGREGATES
from gatelog.kql.text.tokens import PIPELINE_WORDS, SOURCE_WORDS
from gatelog.kql.types import KqlType

_OLD_SPELLINGS: Final = frozenset(("filter", "mvapply", "mvexpand"))
_BUILT: Final = frozenset(built_operators()) - _OLD_SPELLINGS
"""Operators that compile, each under the name that people write today."""

_MOST_USED: Final = (
    *("where", "project", "extend", "summarize", "take", "top", "sort", "join", "count", "distinct"),
    *("render", "union", "mv-expand", "parse", "make-series", "project-away", "lookup", "evaluate"),
    *("order", "limit"),
)
"""In published queries; the other operators follow by name."""

_MOST_CALLED: Final = (
    *("ago", "tostring", "isnotempty", "parse_json", "dynamic", "bin", "iff", "split", "extract", "strcat"),
    *("case", "not", "todatetime", "tolower", "now", "isempty", "array_length", "toint", "column_ifexists"),
    *("coalesce", "bag_pack", "extract_all", "startofday", "datetime_diff", "toscalar", "tolong", "isnull"),
    *("todouble", "replace_string", "pack_array", "toupper", "strlen", "parse_url", "substring", "round"),
    *("count", "max", "make_set", "min", "arg_max", "dcount", "sum", "avg", "countif", "make_list"),
    *("percentile", "arg_min", "dcountif", "percentiles", "sumif", "take_any", "stdev"),
)
"""In published queries, under today's names; the other functions and aggregates follow by name."""

_TEXT_COMPARISONS: Final = frozenset(
    word
    for word in documentation.BETWEEN_VALUES
    if word.lstrip("!").startswith(("has", "contains", "starts", "ends"))
) | {"=~", "!~", "in~", "!in~", "matches regex"}
ARITHMETIC: Final = frozenset("+-*/%")
_LOGICAL: Final = frozenset(("and", "or"))
_BETWEEN_CONDITIONS: Final = _LOGICAL | {"==", "!="}


_KEYWORDS: Final = {**documentation.WORDS, **documentation.SET_OPTIONS, **documentation.STATEMENTS}
_LITERAL_TYPES: Final = ("bool", "int", "long", "real", "decimal", "datetime", "timespan", "guid", "dynamic")


def documented(
    kind: SuggestionKind, table: Mapping[str, documentation.Entry], names: Iterable[str] | None = None
) -> list[Suggestion]:
    """A suggestion for each name (by default all), with what the table says of it."""
    return [_word(kind, name, table.get(name)) for name in (table if names is None else names)]


def _word(kind: SuggestionKind, name: str, entry: documentation.Entry | None) -> Suggestion:
    return Suggestion(kind, name, name, *(entry or ("", "")))


def _calls(kind: SuggestionKind, names: Iterable[str]) -> tuple[Suggestion, ...]:
    found = []
    known = set(names)
    for name in (*filter(known.__contains__, _MOST_CALLED), *sorted(known.difference(_MOST_CALLED))):
        entry = documentation.FUNCTIONS.get(name, documentation.Entry(f"{name}(...)", ""))
        found.append(Suggestion(kind, name, f"{name}(", *entry))
    return tuple(found)


SCALARS: Final = _calls(
    SuggestionKind.FUNCTION,
    {*FUNCTIONS, *SPECIAL_FUNCTIONS, *SEVERAL_COLUMNS, *_LITERAL_TYPES},
)
LITERALS: Final = _calls(SuggestionKind.FUNCTION, _LITERAL_TYPES)
TRUTHS: Final = tuple(
    Suggestion(SuggestionKind.VALUE, word, word, KqlType.BOOL.value) for word in ("true", "false")
)
AGGREGATE_CALLS: Final = _calls(SuggestionKind.AGGREGATE, {*AGGREGATES, *ROW_AGGREGATES})
AGGREGATE_NAMES: Final = frozenset(one.name for one in AGGREGATE_CALLS)
TABLE_CALLS: Final = _calls(SuggestionKind.FUNCTION, ("datatable", "materialize", "table", "externaldata"))
PLUGIN_CALLS: Final = tuple(
    Suggestion(SuggestionKind.PLUGIN, name, f"{name}(", *documentation.PLUGINS.get(name, ("", "")))
    for name in sorted(PLUGINS)
)
PIPED: Final = tuple(
    documented(
        SuggestionKind.OPERATOR,
        documentation.OPERATORS,
        dict.fromkeys((*_MOST_USED, *sorted(_BUILT.intersection(PIPELINE_WORDS)))),
    )
)
TYPE_NAMES: Final = tuple(documented(SuggestionKind.TYPE, documentation.TYPES))
CHART_KINDS: Final = tuple(documented(SuggestionKind.VALUE, documentation.CHARTS))
CHART_PARAMETERS: Final = tuple(documented(SuggestionKind.PARAMETER, documentation.CHART_PROPERTIES))
_HINTS: Final = tuple(name for name in documentation.PARAMETERS if name.startswith("hint."))


def keywords(words: Iterable[str]) -> list[Suggestion]:
    """Words that the grammar would take; its punctuation is left out, but for the pipe.

    `and` and `or` are operators behind values.
    """
    found = []
    for word in words:
        if (word in SOURCE_WORDS and word not in _BUILT) or word in _LOGICAL:
            continue
        if word in SOURCE_WORDS:
            found.append(_word(SuggestionKind.OPERATOR, word, documentation.OPERATORS.get(word)))
        elif word == "|" or word[0].isalpha():
            found.append(
                _word(
                    SuggestionKind.KEYWORD,
                    word,
                    _KEYWORDS.get(word),
                )
            )
    return found


def parameters(names: Iterable[str]) -> list[Suggestion]:
    """Parameters of an operator, `kind=`; `hint` stands for all hints."""
    spelled: list[str] = []
    for name in names:
        spelled += _HINTS if name == "hint" else (f"{name}=",)
    return documented(SuggestionKind.PARAMETER, documentation.PARAMETERS, spelled)


def behind_value(kind: KqlType | None) -> list[Suggestion]:
    """Operators that are of use behind a value of the type; all of them where it is not known."""
    return [
        _word(SuggestionKind.COMPARISON, name, entry)
        for name, entry in documentation.BETWEEN_VALUES.items()
        if _is_of_use(name, kind)
    ]


def _is_of_use(operator: str, kind: KqlType | None) -> bool:
    if kind is None:
        return True
    if kind is KqlType.BOOL:
        return operator in _BETWEEN_CONDITIONS
    if operator in _TEXT_COMPARISONS:
        return kind in {KqlType.STRING, KqlType.DYNAMIC}
    if operator in ARITHMETIC:
        return kind is not KqlType.STRING
    return operator not in _LOGICAL


def known_operators() -> tuple[Suggestion, ...]:
    """All tabular operators that compile, each under the name that people write today."""
    return tuple(documented(SuggestionKind.OPERATOR, documentation.OPERATORS, sorted(_BUILT)))


def known_functions() -> tuple[Suggestion, ...]:
    """All functions and plugins of the language."""
    return (*SCALARS, *AGGREGATE_CALLS, *PLUGIN_CALLS)
