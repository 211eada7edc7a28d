"""sequence_detect: events that follow each other.

A step of a sequence comes later than the one before it, by MaxSequenceStepWindow at most; all of it lasts no
longer than MaxSequenceSpan. Every combination of moments that fulfils this is a sequence, equal ones are one.

The text for two steps finds the pairs by buckets as long as the window, of which a pair is in the same or in
neighbours (learn.microsoft.com/kusto/query/join-time-window):

    step 1    ──●──┬─────┬─────     the bucket of ● and the next
    step 2    ─────┬──●──┬──●──     each in its own; then the exact times are compared
"""

from __future__ import annotations

from functools import cache

from gatelog.kql import ast
from gatelog.kql.names.naming import Names
from gatelog.kql.names.own_names import own_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.columns import bind_project
from gatelog.kql.stages.plugin_arguments import datetime_column
from gatelog.kql.stages.written import answer
from gatelog.kql.types import KqlType

MOST_STEPS = 16
"""Steps of a sequence: the input is read once for each."""

_PARAMETERS = ("TimelineColumn", "MaxSequenceStepWindow", "MaxSequenceSpan", "Expr1")


def sequence_detect(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """`sequence_detect(time, step window, span, name = condition, ... [, dimension ...])`. Dimensions
    are columns, or computed."""
    if len(call.arguments) < len(_PARAMETERS):
        missing = _PARAMETERS[len(call.arguments)]
        raise scope.context.error(call, f"sequence_detect needs a value for {missing}")
    time = datetime_column(call.arguments[0], "TimelineColumn", call, relation, scope)
    for name, node in zip(_PARAMETERS[1:3], call.arguments[1:3], strict=True):
        kind = bind(node, scope).type
        if kind is not KqlType.TIMESPAN:
            raise scope.context.error(node, f"{name} must be a timespan, this is {kind}")
    steps, dimensions = _steps_and_dimensions(call, relation, scope)
    read = [
        ast.NamedExpression(stage.span, (), call.arguments[0]),
        *(_item(node.span, own_name(f"__step{number}"), node) for number, (_, node) in enumerate(steps, 1)),
        *dimensions,
    ]
    rows = bind_project(ast.Project(stage.span, tuple(read)), relation, scope)
    names = Names(())
    given = dict(zip(("Timeline", "MaxStep", "MaxSpan"), call.arguments[:3], strict=True))
    for number, (name, _) in enumerate(steps, 1):
        given[f"Time{number}"] = ast.Name(stage.span, names.add(f"{name}_{time.name}"))
    groups = [ast.Name(stage.span, field.name) for field in rows.fields[1 + len(steps) :]]
    return answer(_text(len(steps)), given, groups, stage, rows, scope)


def _item(span: ast.Span, name: str, value: ast.Expression) -> ast.NamedExpression:
    return ast.NamedExpression(span, (ast.Name(span, name),), value)


def _steps_and_dimensions(
    call: ast.Call, relation: Relation, scope: Scope
) -> tuple[list[tuple[str, ast.Expression]], list[ast.NamedExpression]]:
    """The conditions with their names, and the dimensions behind them; they are told apart by their type."""
    steps: list[tuple[str, ast.Expression]] = []
    dimensions: list[ast.NamedExpression] = []
    for argument in call.arguments[3:]:
        name, node = _named(argument)
        is_condition = bind(node, scope.over(relation)).type is KqlType.BOOL
        if is_condition and not dimensions:
            steps.append((name, node))
        elif is_condition and isinstance(argument, ast.NamedArgument):
            message = f"the step '{name}' stands behind dimensions: write it before them"
            raise scope.context.error(argument, message)
        elif isinstance(argument, ast.NamedArgument):
            dimensions.append(_item(argument.span, name, node))
        else:
            dimensions.append(ast.NamedExpression(argument.span, (), node))
    if not 1 <= len(steps) <= MOST_STEPS:
        raise scope.context.error(
            call, f"sequence_detect takes 1 to {MOST_STEPS} steps, here are {len(steps)}"
        )
    return steps, dimensions


def _named(argument: ast.Expression) -> tuple[str, ast.Expression]:
    match argument:
        case ast.NamedArgument(name=name, value=value):
            return name, value
        case ast.Name(value=name):
            return name, argument
        case _:
            return "", argument


@cache
def _text(steps: int) -> str:
    """The KQL for a sequence of so many steps."""
    found = """\
__T
| where __step1 and isnotnull(Timeline)
| distinct Timeline, Dims
| project __time1 = Timeline, Dims
"""
    for number in range(2, steps + 1):
        before, now = f"__time{number - 1}", f"__time{number}"
        shown = ", ".join(f"__time{place}" for place in range(1, number + 1))
        found += f"""\
| mv-expand __next = dynamic([0, 1]) to typeof(long)
| extend __bucket = bin({before}, MaxStep) + __next * MaxStep
| join kind=inner (
    __T
    | where __step{number}
    | distinct Timeline, Dims
    | project {now} = Timeline, __bucket = bin(Timeline, MaxStep), Dims
) on __bucket, Dims
| where {now} > {before} and {now} - {before} <= MaxStep and {now} - __time1 <= MaxSpan
| project {shown}, Dims
"""
    times = ", ".join(f"Time{place} = __time{place}" for place in range(1, steps + 1))
    return f"{found}| project Dims, {times}, Duration = __time{steps} - __time1\n"
