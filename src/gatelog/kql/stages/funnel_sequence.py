"""funnel_sequence: how many went through a sequence of states, from where, and where to.

From each moment in the first state the next state is taken as early as it comes later, within the longest
step, and so on. What an id was in before the first moment and after the last are prev and next:

    Hail   ──►  Tornado ─────────► Wind   ──►  Hail          sequence Tornado, Wind
    prev        each step at most             next          an id without an event there: ''
                MaxSequenceStepWindow

An occurrence counts in the window in which it begins. At the end of a query there are three answers, by prev
and next, by prev, and by next; elsewhere the first goes on.

Source: learn.microsoft.com/azure/data-explorer/kusto/query/funnel-sequence-plugin.
"""

from __future__ import annotations

from functools import cache

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation
from gatelog.kql.stages.funnel import STATE_TYPES, funnel_arguments, with_states
from gatelog.kql.stages.plugin_arguments import named_column
from gatelog.kql.stages.written import answer

MOST_SAMPLES = 128
"""Ids that an answer shows of those that it counts."""

_PARAMETERS = (
    *("IdColumn", "TimelineColumn", "Start", "End", "MaxSequenceStepWindow", "Step", "StateColumn"),
    "Sequence",
)

_ANSWERS: tuple[tuple[str, ...], ...] = (("prev", "next"), ("prev",), ("next",))
"""What each of the answers is divided by."""


class _Part(ast.Call, frozen=True):
    """A call for one of the answers."""

    names: tuple[str, ...] = ()


def answers_of(stage: ast.Evaluate, call: ast.Call) -> list[ast.Evaluate]:
    """The three plugins that a `funnel_sequence` at the end of a query stands for."""
    return [
        replace(stage, plugin=_Part(call.span, call.function, call.arguments, names=names))
        for names in _ANSWERS
    ]


def funnel_sequence(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """`funnel_sequence(id, time, start, end, window, step, state, sequence)`."""
    spans = ("MaxSequenceStepWindow",)
    given = funnel_arguments(_PARAMETERS, ("Step",), spans, call, relation, scope)
    conversion = STATE_TYPES[named_column(given["StateColumn"], call, relation, scope).type]
    names = call.names if isinstance(call, _Part) else _ANSWERS[0]
    text = _text(with_states(given, scope), conversion, names)
    return answer(text, given, (), stage, relation, scope)


@cache
def _text(states: int, conversion: str, names: tuple[str, ...]) -> str:
    """The KQL for a sequence of so many states, which `conversion` makes of their text."""
    found = """\
let __Seen = __T
    | where TimelineColumn >= Start and TimelineColumn <= End
    | distinct __id = IdColumn, __time = TimelineColumn, __state = tostring(StateColumn);
__Seen
| where __state == State1
| project __id, __first = __time, __last = __time
"""
    for number in range(2, states + 1):
        found += f"""\
| join kind=inner (__Seen | where __state == State{number} | project __id, __next = __time) on __id
| where __next > __last and __next - __last <= MaxSequenceStepWindow
| summarize __last = min(__next) by __id, __first
"""
    sides = {
        "prev": ("State1", "maxif(__near, __near < __first)"),
        "next": (f"State{states}", "minif(__near, __near > __last)"),
    }
    kept = ["__id", "__first", "__last"]
    for name in names:
        found += _neighbour(name, *sides[name], ", ".join(kept))
        kept.append(name)
    shown = ", ".join(f"{name} = {conversion}({name})" for name in names)
    return f"""{found}\
| distinct __bin = bin_at(__first, Step, Start), {", ".join(names)}, __id
| summarize dcount = count(), samples = make_list(__id, {MOST_SAMPLES}) by __bin, {", ".join(names)}
| project TimelineColumn = __bin, {shown}, dcount, samples
| sort by TimelineColumn asc, dcount desc, {", ".join(f"{name} asc" for name in names)}
"""


def _neighbour(name: str, state: str, nearest: str, kept: str) -> str:
    """The states other than `state` in which an id was at the `nearest` moment, as a column more."""
    others = f"__Seen | where __state != {state}"
    return f"""\
| join kind=leftouter ({others} | project __id, __near = __time) on __id
| summarize __near = {nearest} by {kept}
| join kind=leftouter ({others} | project __id, __near = __time, {name} = __state) on __id, __near
| project {kept}, {name}
"""
