"""Plugins about who came back: windows of time compared with windows before them, and sessions.

Source: learn.microsoft.com/kusto/query/user-analytics and the pages of the plugins. Windows begin at Start,
or where weeks, months and years do.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql import ast
from gatelog.kql.names.own_names import own_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.stages.written import Arguments, Written

_COUNTS = """
let __Seen = __T
    | where Timeline >= Start and Timeline <= End
    | project Id, Timeline = {bin}, Dims
    | summarize __rows = count() by Id, Timeline, Dims;
__Seen
| join kind=inner (__Seen | summarize __first = min(Timeline) by Id, Dims) on Id, Dims
| summarize count = sum(__rows), dcount = count(), new_dcount = countif(Timeline == __first) by Timeline, Dims
| extend __key = tostring(pack_array('', Dims))
| sort by __key asc, Timeline asc
| extend aggregated_dcount = row_cumsum(new_dcount, __key != prev(__key))
| project Timeline, Dims, count, dcount, new_dcount, aggregated_dcount
"""

_METRICS = """
let __Seen = __T
    | where Timeline >= Start and Timeline <= End
    | project Id, Timeline = {bin}, Dims
    | distinct Id, Timeline, Dims;
__Seen
| extend __bin = {before}
| join kind=leftouter (__Seen | project Id, Dims, __bin = Timeline, __same = true) on Id, Dims, __bin
| summarize dcount_values = count(), __back = countif(isnotnull(__same)) by Timeline, Dims, __bin
| join kind=leftouter (__Seen | summarize __before = count() by Dims, __bin = Timeline) on Dims, __bin
| extend retention_rate = todouble(__back) / coalesce(__before, 0)
| project Timeline, Dims, dcount_values, dcount_newvalues = dcount_values - __back, retention_rate,
    churn_rate = 1.0 - retention_rate
"""

_NEW_METRICS = """
let __Seen = __T
    | where Timeline >= Start and Timeline <= End
    | project Id, Timeline = {bin}, Dims
    | distinct Id, Timeline, Dims
    {fresh};
let __Counts = __Seen
    | join kind=inner (__Seen | summarize __first = min(Timeline) by Id, Dims) on Id, Dims
    | summarize __seen = count() by Timeline, __first, Dims
    | extend __one = 1;
let __Cohorts = __Counts | where Timeline == __first and __first == Cohort;
__Cohorts
| project __from = __first, __size = __seen, Dims, __one
| join kind=inner ({windows} | extend __one = 1) on __one
| where __to >= __from
| join kind=leftouter (
    __Counts | project __to = Timeline, __from = __first, __kept = __seen, Dims
) on __to, __from, Dims
| join kind=leftouter (
    __Cohorts
    | project __from = __first, __one, Dims
    | join kind=inner __Counts on __one, Dims
    | where __first > __from
    | summarize __new = sum(__seen) by __to = Timeline, __from, Dims
) on __to, __from, Dims
| extend __kept = coalesce(__kept, 0)
| project From = __from, To = __to, Dims,
    dcount_new_values = iff(__to == __from, __size, coalesce(__new, 0)),
    dcount_retained_values = __kept, dcount_churn_values = __size - __kept,
    retention_rate = todouble(__kept) / __size, churn_rate = todouble(__size - __kept) / __size
"""

_ENGAGEMENT = """
__T
| where Timeline > Start - OuterActivityWindow and Timeline <= End
| extend __bin = bin_at(Timeline, InnerActivityWindow, Start)
| summarize __last = max(Timeline) by Id, __bin, Dims
| extend __step = range(0, tolong(ceiling(1.0 * OuterActivityWindow / InnerActivityWindow)) - 1)
| mv-expand __step to typeof(long)
| extend __window = __bin + __step * InnerActivityWindow
| where __window >= Start and __window <= End
| extend __now = __window == __bin, __near = __last >= __window + InnerActivityWindow - OuterActivityWindow
| where __now or __near
| summarize dcount_activities_inner = countif(__now), dcount_activities_outer = count_distinctif(Id, __near)
    by Timeline = __window, Dims
| extend activity_ratio = todouble(dcount_activities_inner) / dcount_activities_outer
"""

_SESSIONS = """
__T
| where Timeline >= Start and Timeline <= End
| project Timeline, __bin = bin_at(Timeline, Bin, Start), __key = tostring(pack_array('', Id, Dims)), Dims
| sort by __key asc, Timeline asc
| extend __same = __key == prev(__key) and __bin == prev(__bin), __pause = Timeline - prev(Timeline)
| summarize count_sessions = countif(not(__same and __pause <= LookBackWindow)) by Timeline = __bin, Dims
"""


def _from_and_to(given: Arguments, _: Scope) -> Mapping[str, str]:
    """from_Timestamp, to_Timestamp."""
    timeline = given["Timeline"]
    name = timeline.value if isinstance(timeline, ast.Name) else ""
    return {"From": f"from_{name}", "To": f"to_{name}"}


_IN_TIME = ("Id", "Timeline", "Start", "End")
_COLUMNS = frozenset({"Id", "Timeline"})
_WINDOW, _ENGAGED, _SESSION = (
    ("Window",),
    ("InnerActivityWindow", "OuterActivityWindow"),
    ("Bin", "LookBackWindow"),
)

ACTIVITY_PLUGINS: Mapping[str, Written] = {
    "activity_counts_metrics": Written(_COUNTS, (*_IN_TIME, *_WINDOW), _COLUMNS, bins=_WINDOW, windowed=True),
    "activity_engagement": Written(
        _ENGAGEMENT,
        (*_IN_TIME, *_ENGAGED),
        _COLUMNS,
        bins=_ENGAGED,
        overlapping=("OuterActivityWindow", "InnerActivityWindow"),
        open_ended=True,
    ),
    "activity_metrics": Written(
        _METRICS, (*_IN_TIME, *_WINDOW), _COLUMNS, bins=_WINDOW, windowed=True, open_ended=True
    ),
    "new_activity_metrics": Written(
        _NEW_METRICS,
        (*_IN_TIME, *_WINDOW),
        _COLUMNS,
        made=_from_and_to,
        optional={"Cohort": lambda span: ast.Name(span, own_name("__first"))},
        bins=_WINDOW,
        windowed=True,
        looks_back=True,
    ),
    "session_count": Written(
        _SESSIONS, (*_IN_TIME, *_SESSION), _COLUMNS, bins=_SESSION[:1], spans=_SESSION[1:]
    ),
}
"""The plugins of this table by name."""
