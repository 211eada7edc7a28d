"""parse_user_agent: the browser, system and device that a User-Agent header names.

The rules are those of uap-core, a list of expressions for each target; the first that matches counts. They
become one SQL expression, as the engine compiles constant expressions once:

    multiIf(match(agent,rule AS r),replaceRegexpOne(agent,concat(.*?(?:,r,).*),fields),match(...),...,Other)

where the fields stand one behind the other, a unit separator between them. All rules are 200,000 characters,
so nothing in them is longer than it must be: the engine reads 262,144. What no rule knows is `Other`, as
uap-core has it. Source: learn.microsoft.com/kusto/query/parse-user-agent-function.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from ua_parser.lazy import DeviceMatcher, OSMatcher, UserAgentMatcher
from ua_parser.loaders import load_lazy_builtins

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.nodes import Filled
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.clickhouse.writer import text_of
from gatelog.kql.functions.row import Function, accept, finished
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

_SEPARATOR = "\x1f"

_LONG_RULE = 55
"""Characters of an expression from which on it is named, not said again: the engine has more to analyse then,
30 µs a rule."""

_VERSION = ("Family", "MajorVersion", "MinorVersion", "Patch")
_TARGETS = {
    "browser": ("Browser", _VERSION),
    "os": ("OperatingSystem", (*_VERSION, "PatchMinor")),
    "device": ("Device", ("Family", "Brand", "Model")),
}
"""What can be looked for, with its names in the answer."""


class _Rule(NamedTuple):
    """An expression, and the fields that it gives; `$1` in them is the first group."""

    pattern: re.Pattern[str]
    fields: tuple[str, ...]


def _rules(target: str) -> Iterator[_Rule]:
    for rule in load_lazy_builtins()[list(_TARGETS).index(target)]:
        match rule:
            case UserAgentMatcher(family=family, major=major, minor=minor, patch=patch):
                yield _Rule(rule.pattern, (family, major or "$2", minor or "$3", patch or "$4"))
            case OSMatcher():
                yield _Rule(rule.pattern, (rule.family, rule.major, rule.minor, rule.patch, rule.patch_minor))
            case DeviceMatcher():
                yield _Rule(rule.pattern, (rule.family, rule.brand, rule.model))


def _branch(rule: _Rule, name: str) -> Iterator[str | int]:
    """The condition and the value of a rule, as pieces around the place of the agent; a rule that is long
    gets the name for its expression."""
    flags = "(?i)" if rule.pattern.flags & re.IGNORECASE else ""
    expression = _quoted(flags + rule.pattern.pattern)
    template = _SEPARATOR.join(_rewrite(field, rule.pattern.groups) for field in rule.fields)
    if "\\" not in template:
        yield from ("match(", 0, f",{expression}),{_quoted(template)},")
    elif len(expression) < _LONG_RULE:
        around = f"'(?s).*?(?:{expression[1:-1]}).*'"
        yield from ("match(", 0, f",{expression}),replaceRegexpOne(", 0, f",{around},{_quoted(template)}),")
    else:
        yield from ("match(", 0, f",{expression} AS {name}),replaceRegexpOne(", 0)
        yield f",concat('(?s).*?(?:',{name},').*'),{_quoted(template)}),"


def _rewrite(field: str, groups: int) -> str:
    """A field in the engine's own words: `\\1` for the first group, nothing for one that there is not."""
    escaped = field.replace("\\", "\\\\")
    return re.sub(r"\$(\d)", lambda found: f"\\{found[1]}" if int(found[1]) <= groups else "", escaped)


def _quoted(text: str) -> str:
    return text_of(sql.literal(text))


@cache
def _pieces(target: str) -> tuple[str | int, ...]:
    """The expression that finds the fields of a target, in one text."""
    _, names = _TARGETS[target]
    nothing = "Other" + _SEPARATOR * (len(names) - 1)
    branches = (
        piece
        for number, rule in enumerate(_rules(target))
        for piece in _branch(rule, text_of(sql.variable(f"{target[0]}{number}")))
    )
    return ("multiIf(", *branches, f"{_quoted(nothing)})")


_BAG = r"""
concat('"', title, '":{', arrayStringConcat(arrayMap(
    (name, value) -> concat('"', name, '":', replaceAll(toJSONString(trimBoth(value)), '\\/', '/')),
    names, splitByChar(separator, fields)
), ','), '}')
"""


def _found(target: str, agent: Sql) -> Sql:
    """The member of the answer for one target."""
    title, names = _TARGETS[target]
    fields = Filled(_pieces(target), [agent])
    listed = sql.array([sql.literal(name) for name in names])
    return formula(_BAG, title=title, names=listed, separator=_SEPARATOR, fields=fields)


def _asked(term: Term) -> list[str]:
    """The targets of the second argument, in the order in which they are answered."""
    value = term.constant.value if term.constant is not None else None
    asked = value if isinstance(value, list) else [value]
    if not asked or any(not isinstance(one, str) or one not in _TARGETS for one in asked):
        message = "what to look for must be 'browser', 'os', 'device', or a constant array of them"
        raise Misfit(message, "dynamic(['browser', 'os'])")
    return [target for target in _TARGETS if target in asked]


def _parse_user_agent(arguments: Sequence[Term]) -> Term:
    agent = accept(arguments[0], KqlType.STRING)
    targets = _asked(arguments[1])

    def bag(value: Sql) -> Sql:
        members: list[Sql | str] = []
        for target in targets:
            members += [",", _found(target, value)]
        return sql.call("concat", "{", *members[1:], "}")

    return finished(KqlType.DYNAMIC, sql.computed_once(agent.sql, "u", bag), [agent])


USER_AGENTS: tuple[Function, ...] = (Function("parse_user_agent", 2, 2, _parse_user_agent),)
"""The rows of this table."""
