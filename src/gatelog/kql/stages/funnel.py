"""funnel_sequence_completion: how many got how far in a sequence of states, and in what time.

Each window of the timeline is a funnel of its own. From every moment in the first state the next state is
taken as early as it comes later, and so on:

    state 1    ●────┐   ●
    state 2         ●───│──┐          the spans from ● to each state; an id has reached a state within a
    state 3             ·  ●          period when its shortest span to that state is no longer

Source: learn.microsoft.com/kusto/query/funnel-sequence-completion-plugin.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from gatelog.kql import ast
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.plugin_arguments import check_timeline, named_column
from gatelog.kql.stages.written import answer
from gatelog.kql.types import KqlType

MOST_STATES = 16
"""States of a sequence: the input is read once for each."""

STATE_TYPES = {KqlType.STRING: "tostring", KqlType.LONG: "tolong", KqlType.INT: "toint"}
"""The types of states, each with what makes it of text."""

_SPAN_TYPES = {KqlType.DATETIME: KqlType.TIMESPAN, KqlType.INT: KqlType.LONG}
"""The types of timelines between whose moments are spans of another type."""

_PARAMETERS = (
    *("IdColumn", "TimelineColumn", "Start", "End", "BinSize", "StateColumn", "Sequence"),
    "MaxSequenceStepPeriods",
)


def funnel_sequence_completion(
    stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope
) -> Relation:
    """`funnel_sequence_completion(id, time, start, end, bin, state, sequence, periods)`."""
    given = funnel_arguments(_PARAMETERS, ("BinSize",), (), call, relation, scope)
    periods = given["MaxSequenceStepPeriods"]
    kind = bind(periods, scope).type
    if kind is not KqlType.DYNAMIC:
        raise scope.context.error(periods, f"MaxSequenceStepPeriods must be an array, this is {kind}")
    names = ("StateColumn", "TimelineColumn")
    state, time = (named_column(given[name], call, relation, scope) for name in names)
    states = with_states(given, scope)
    text = _text(states, STATE_TYPES[state.type], _SPAN_TYPES.get(time.type, time.type))
    return answer(text, given, (), stage, relation, scope)


def funnel_arguments(
    parameters: Sequence[str],
    bins: Sequence[str],
    spans: Sequence[str],
    call: ast.Call,
    relation: Relation,
    scope: Scope,
) -> dict[str, ast.Expression]:
    """The arguments by the names of their parameters; refuses columns, `bins` and `spans` of other types."""
    if len(call.arguments) != len(parameters):
        raise scope.context.error(call, f"{call.function} takes {', '.join(parameters)}")
    given = dict(zip(parameters, call.arguments, strict=True))
    named_column(given["IdColumn"], call, relation, scope)
    state = named_column(given["StateColumn"], call, relation, scope)
    if state.type not in STATE_TYPES:
        message = f"StateColumn must be a string or an integer, '{state.name}' is {state.type}"
        raise scope.context.error(given["StateColumn"], message)
    check_timeline({**given, "Timeline": given["TimelineColumn"]}, bins, spans, call, relation, scope)
    return given


def with_states(given: dict[str, ast.Expression], scope: Scope) -> int:
    """How many states the sequence has; they join the arguments as State1, State2, ..., each its text."""
    sequence = given["Sequence"]
    states = _sequence(sequence, scope)
    given |= {
        f"State{number}": ast.Literal(sequence.span, "string", one) for number, one in enumerate(states, 1)
    }
    return len(states)


def _sequence(node: ast.Expression, scope: Scope) -> list[str]:
    constant = bind(node, scope).constant
    given = constant.value if constant is not None else None
    known = given if isinstance(given, list) else []
    states = [str(state) for state in known if isinstance(state, str | int) and not isinstance(state, bool)]
    if not isinstance(given, list) or len(states) < len(given):
        raise scope.context.error(node, "Sequence must be a constant array of states, dynamic(['a', 'b'])")
    if not 1 <= len(states) <= MOST_STATES:
        raise scope.context.error(node, f"Sequence must have 1 to {MOST_STATES} states, it has {len(states)}")
    return states


@cache
def _text(states: int, conversion: str, span: str) -> str:
    """The KQL for a sequence of so many states, which `conversion` makes of their text; spans on the timeline
    are of the type `span`."""
    found = """\
let __Seen = __T
    | where TimelineColumn >= Start and TimelineColumn <= End
    | distinct __id = IdColumn, __time = TimelineColumn, __state = tostring(StateColumn)
    | extend __bin = bin_at(__time, BinSize, Start);
__Seen
| where __state == State1
| project __id, __bin, __time1 = __time
"""
    for number in range(2, states + 1):
        before = f"__time{number - 1}"
        known = ", ".join(f"__time{place}" for place in range(1, number))
        found += f"""\
| join kind=leftouter (
    __Seen | where __state == State{number} | project __id, __bin, __next = __time
) on __id, __bin
| summarize __time{number} = minif(__next, __next > {before}) by __id, __bin, {known}
"""
    spans = ", ".join(f"__time{place} - __time1" for place in range(1, states + 1))
    return f"""{found}\
| extend __spans = pack_array({spans})
| mv-expand __place = range(1, {states}) to typeof(long), __span = __spans to typeof({span}),
    __state = Sequence to typeof(string)
| summarize __span = min(__span) by __id, __bin, __place, __state
| mv-expand __period = MaxSequenceStepPeriods to typeof({span})
| where __span <= __period
| summarize dcount = count() by __bin, __place, __state, __period
| project TimelineColumn = __bin, StateColumn = {conversion}(__state), Period = __period, dcount
"""
