"""Plugins that the language itself can say: a text of KQL with names for the plugin's arguments.

`__T` is the input, `__Known` a table of ids given beside it. Names of columns stand for those that the caller
names, `Dims` for all dimensions, other names for the expressions given. What begins with `__` is the text's
own and is no name of the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gatelog.kql import ast, parser
from gatelog.kql.ast.rewriting import rewritten
from gatelog.kql.names.bindings import TableBinding
from gatelog.kql.names.own_names import own_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.names.tabular import is_table
from gatelog.kql.relations import Join, Relation, Stage, Union
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.computing import copied, kept
from gatelog.kql.stages.plugin_arguments import check_timeline, named_column, with_few_windows

Arguments = Mapping[str, ast.Expression]
"""Expressions by the names that a text has for them."""

MOST_RELATIONS = 10_000
"""Relations that a plugin's answer is made of, its input counted at each use: plugins behind each other
multiply, and 10,000 take a third of a second to write down."""

_MOMENTS = ("Start", "End")

_FRESH = "| join kind=leftanti (__Known) on Id"

CALENDAR = ("week", "month", "year")
"""Windows that are no timespan."""


def answer(
    text: str,
    given: Arguments,
    dimensions: Sequence[ast.Expression],
    stage: ast.Evaluate,
    relation: Relation,
    scope: Scope,
) -> Relation:
    """The table of `text` over `relation`, which the text may read several times."""
    *lets, query = _statements(text)
    inner = scope.with_name(own_name("__T"), _shared(relation, scope))
    if "Known" in given:
        known = scope.bind_table(given["Known"], scope)
        inner = inner.with_name(own_name("__Known"), _shared(known, scope))
    for let in lets:
        table = _filled(let.value, given, dimensions, stage.span)
        inner = _with_table(own_name(let.name.value), table, inner)
    made = scope.bind_table(_filled(query.pipeline, given, dimensions, stage.span), inner)
    if _size(made, {}) > MOST_RELATIONS:
        message = "the plugin reads too long a query too often"
        raise scope.context.error(stage, message, "use fewer plugins behind each other")
    return made


def _shared(relation: Relation, scope: Scope) -> TableBinding:
    """A table that has the same rows at each of its uses."""
    shared = kept(relation, scope.context) if scope.context.draws else relation
    return TableBinding(lambda: copied(shared, scope.context))


def _size(relation: Relation, known: dict[int, int]) -> int:
    """The relations that a tree has where those with several uses count at each; `known` by their ids."""
    count, node = 1, relation
    while isinstance(node, Stage):
        count, node = count + 1, node.input
    inputs: Sequence[Relation] = ()
    match node:
        case Join():
            inputs = (node.left, node.right)
        case Union():
            inputs = [branch.input for branch in node.branches]
    for one in inputs:
        if id(one) not in known:
            known[id(one)] = _size(one, known)
        count += known[id(one)]
    return count


@dataclass(frozen=True, slots=True)
class Written:
    """A plugin by its text and its parameters in order, of which `columns` name columns of the input.

    `optional` are further parameters with their defaults; what is given beyond are dimensions. `made` gives
    the names of the columns that the text calls otherwise. `bins` and `spans` are the parameters that are
    lengths on the Timeline, bins without a zero; `overlapping` are a look-back and the bin that it spans
    several of. A text that is `windowed` has {bin}, {before} and {windows} where it depends on the kind of
    its parameter Window; one that `looks_back` has {fresh} where a table behind all other arguments takes
    the ids that are known from before. Of one that is `open_ended` Start and End may be left out: then they
    are the first and the last time that the input has, in windows that lie where bin() puts them. `check`
    refuses what else a plugin cannot take.
    """

    text: str
    parameters: Sequence[str]
    columns: frozenset[str]
    made: Callable[[Arguments, Scope], Mapping[str, str]] | None = None
    optional: Mapping[str, Callable[[ast.Span], ast.Expression]] = field(default_factory=dict)
    bins: Sequence[str] = ()
    spans: Sequence[str] = ()
    overlapping: tuple[str, str] | None = None
    windowed: bool = False
    looks_back: bool = False
    open_ended: bool = False
    check: Callable[[Arguments, ast.Call, Relation, Scope], None] | None = None

    def __call__(self, stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
        """The table of the plugin's text, over the input."""
        given, dimensions = self._arguments(stage, call, relation, scope)
        for name in self.columns:
            named_column(given[name], call, relation, scope)
        for dimension in dimensions:
            named_column(dimension, call, relation, scope)
        if self.check is not None:
            self.check(given, call, relation, scope)
        if self.made is not None:
            given |= {name: ast.Name(stage.span, made) for name, made in self.made(given, scope).items()}
        text = self.text
        bins = self.bins
        unit = calendar_unit(given["Window"], scope) if self.windowed else None
        if self.windowed:
            text = text.format(**_windows(unit), fresh=_FRESH if "Known" in given else "")
            bins = bins if unit is None else ()
        if self.bins:
            check_timeline(given, bins, self.spans, call, relation, scope)
        if self.overlapping is not None:
            relation = with_few_windows(given, *self.overlapping, relation, scope)
        if self.open_ended and "Start" not in given:
            window = given[self.bins[0]] if unit is None else None
            given |= _first_and_last(window, given, stage.span)
        return answer(text, given, dimensions, stage, relation, scope)

    def _arguments(
        self, stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope
    ) -> tuple[dict[str, ast.Expression], list[ast.Expression]]:
        columns = {column.name for column in relation.fields}
        parameters = self._parameters(call.arguments, columns)
        count = len(parameters)
        if len(call.arguments) < count:
            missing = parameters[len(call.arguments)]
            raise scope.context.error(
                stage, f"{call.function} takes at least {count} arguments", f"'{missing}' is missing"
            )
        given = dict(zip(parameters, call.arguments, strict=False))
        rest = list(call.arguments[count:])
        if self.looks_back and rest and is_table(rest[-1], scope.over(relation)):
            given["Known"] = rest.pop()
            _check_ids(given, scope)
        for name, default in self.optional.items():
            taken = bool(rest) and not (isinstance(rest[0], ast.Name) and rest[0].value in columns)
            given[name] = _value(rest.pop(0)) if taken else default(stage.span)
        return given, rest

    def _parameters(self, arguments: Sequence[ast.Expression], columns: Collection[str]) -> Sequence[str]:
        """The parameters that are given: without Start and End there is nothing behind the others, or a
        column."""
        if not self.open_ended:
            return self.parameters
        short = [name for name in self.parameters if name not in _MOMENTS]
        behind = arguments[len(short) : len(short) + 1]
        is_short = len(arguments) <= len(short) or (
            isinstance(behind[0], ast.Name) and behind[0].value in columns
        )
        return short if is_short else self.parameters


def _first_and_last(window: ast.Expression | None, given: Arguments, span: ast.Span) -> Arguments:
    """Start and End of all that the input has; a window that is a length begins before its first time."""
    start = "min(Timeline)" if window is None else "bin(min(Timeline), Window)"
    (found,) = _statements(
        f"print toscalar(__T | summarize {start}), toscalar(__T | summarize max(Timeline))"
    )
    named = given if window is None else {**given, "Window": window}
    values = (_filled(column.value, named, (), span) for column in found.pipeline.source.columns)
    return dict(zip(_MOMENTS, values, strict=True))


def _check_ids(given: Arguments, scope: Scope) -> None:
    """Refuses a table of known ids that does not have their column."""
    name = given["Id"].value if isinstance(given["Id"], ast.Name) else ""
    if name not in {column.name for column in scope.bind_table(given["Known"], scope).fields}:
        raise scope.context.error(given["Known"], f"the table of known ids has no column '{name}'")


def calendar_unit(window: ast.Expression, scope: Scope) -> str | None:
    """The unit of the calendar that a window is, None when it is a length."""
    constant = bind(window, scope).constant
    if constant is None or not isinstance(constant.value, str):
        return None
    if constant.value not in CALENDAR:
        raise scope.context.error(
            window, f"there is no window '{constant.value}'", "a length, or 'week', 'month', 'year'"
        )
    return constant.value


def _windows(unit: str | None) -> Mapping[str, str]:
    """How a text bins its timeline, finds the window before one, and counts the windows up, as `__to`."""
    if unit is None:
        return {
            "bin": "bin_at(Timeline, Window, Start)",
            "before": "Timeline - Window",
            "windows": "range __to from Start to End step Window",
        }
    return {
        "bin": f"startof{unit}(Timeline)",
        "before": f"startof{unit}(Timeline, -1)",
        "windows": f"range __n from 0 to datetime_diff('{unit}', End, Start) step 1"
        f" | project __to = startof{unit}(Start, __n)",
    }


def _value(argument: ast.Expression) -> ast.Expression:
    return argument.value if isinstance(argument, ast.NamedArgument) else argument


def _with_table(name: str, node: ast.Expression, scope: Scope) -> Scope:
    return scope.with_name(name, TableBinding(lambda: scope.bind_table(node, scope)))


@cache
def _statements(text: str) -> tuple[Any, ...]:
    return parser.parse(text).statements


def _filled(
    node: ast.Expression, given: Arguments, dimensions: Sequence[ast.Expression], span: ast.Span
) -> ast.Expression:
    """The syntax tree with the arguments in the place of their names; all of it stands where the call
    does."""

    def argument(part: ast.Node) -> ast.Node | tuple[ast.Node, ...] | None:
        match part:
            case ast.Name(value="Dims"):
                return tuple(dimensions)
            case ast.Name(value=name):
                return ast.Name(span, own_name(name)) if name.startswith("__") else given.get(name)
            case ast.NamedExpression(value=ast.Name(value="Dims")):
                return tuple(ast.NamedExpression(span, (), dimension) for dimension in dimensions)
            case _:
                return None

    return rewritten(node, argument, span)
