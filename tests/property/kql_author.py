"""Random KQL over all types: tables, expressions, and pipelines that the compiler takes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import suppress

from gatelog.errors import KqlError

ROWS, STAGES_MOST, DEPTH = 20, 4, 2

VALUES = {
    "bool": "true false bool(null)",
    "int": "int(1) int(2) int(0) int(-7) int(2147483647) int(null) int(3)",
    "long": "1 2 0 long(-7) 3 100 9223372036854775807 long(null)",
    "real": "1.0 2.5 real(-0.5) 0.0 real(nan) real(+inf) real(null)",
    "decimal": "decimal(1) decimal(2.5) decimal(-0.1) decimal(null)",
    "string": """'' 'a' 'A' 'abc' 'aBc_def' '1' '1.5' 'x-y' '客户' '{"a":1}' 'null' '2024-01-01'""",
    "datetime": """datetime(2024-01-01) datetime(2023-12-31T23:59:59.9999999Z) datetime(0001-01-01)
        datetime(null)""",
    "timespan": "1h 0s time(-1.00:00:00) 90m 7tick timespan(null)",
    "guid": """guid(11111111-1111-1111-1111-111111111111) guid(00000000-0000-0000-0000-000000000000)
        guid(null)""",
    "dynamic": """dynamic(null) dynamic([]) dynamic([1,2,3]) dynamic(["a","b","a"]) dynamic({"a":1,"b":"x"})
        dynamic({"a":{"b":[1,null]}}) dynamic(1) dynamic("abc") dynamic([null,1,"a",2.5,true])""",
}
TABLE = dict(zip("bilrdstpgy", VALUES, strict=True))
"""The columns of the tables, and their types."""

EXPRESSIONS = {
    "bool": """{bool} and {bool}; {bool} or {bool}; not({bool}); {long} < {int}; {real} >= {real}
        {string} == {string}; {string} != {string}; {string} has 'a'; {string} contains {string}
        {string} !startswith 'a'; {datetime} < {datetime}; isempty({string}); {long} in (1, 2, 3)
        {string} in~ ('ABC', 'x'); tobool({string}); {long} between (0 .. 5); {bool} == ({int} in (1, 3))
        {guid} == {guid}; {timespan} > 1h; isnull({long})""",
    "int": "toint({string}); iff({bool}, {int}, {int}); coalesce({int}, {int}); toint({real})",
    "long": """{long} + {int}; {long} / {long}; {long} % {long}; tolong({string}); strlen({string})
        bin({long}, 3); array_length({dynamic}); iff({bool}, {long}, {long}); tolong({dynamic})""",
    "real": "{real} + {real}; {long} * 0.5; todouble({string}); iff({bool}, {real}, {real}); abs({real})",
    "decimal": "{decimal} + {decimal}; todecimal({int}); iff({bool}, {decimal}, {decimal})",
    "string": """strcat({string}, '-', {long}); toupper({string}); substring({string}, 1, 2)
        tostring({dynamic}); tostring({datetime}); tostring({dynamic}['a'])
        replace_string({string}, 'a', 'bb')""",
    "datetime": """datetime_add('day', 1, {datetime}); bin({datetime}, 7d); startofmonth({datetime})
        todatetime({string})""",
    "timespan": """{timespan} + 1h; {timespan} * 2; iff({bool}, {timespan}, {timespan})
        {datetime} - {datetime}""",
    "guid": "iff({bool}, {guid}, {guid}); toguid(tostring({guid}))",
    "dynamic": """pack_array({long}, {string}); bag_pack('k', {long}, 'j', {string}); parse_json({string})
        split({string}, 'a'); array_concat({dynamic}, {dynamic}); iff({bool}, {dynamic}, {dynamic})""",
}
AGGREGATES = """count(); countif({bool}); sum({long}); min({string}); max({datetime}); avg({int})
    count_distinct({string}); array_sort_asc(make_set({string})); array_sort_asc(make_list({long}))
    sumif({int}, {bool}); maxif({timespan}, {bool}); percentile({long}, 50); dcount({guid})"""
STAGES = """
    where {bool}
    extend {new} = {any}, other = {any}
    project {column}, {new} = {any}, made = {any}
    project-away {column}
    project-rename renamed = {column}
    summarize m = {aggregate}
    summarize m = {aggregate}, n = {aggregate} by {key}, k = {long}
    distinct {key}
    mv-expand e = {dynamic}
    mv-expand {new} = {dynamic} to typeof(long)
    mv-apply e = {dynamic} to typeof(long) on (where e > 1)
    mv-apply {new} = {dynamic} on (summarize m = count(), c = countif({bool}))
    union (U | where s has 'a')
    join kind=inner U on {shared}
    join kind=leftouter (U | where s has 'a') on {shared}
    join kind=fullouter U on {shared}
    join kind=rightanti U on {shared}
    lookup U on {shared}
    where {shared} in ((U | project {shared}))
    sort by {all} | take 5
    sort by {all} | extend {new} = row_number(), before = prev({column})
    sort by {all} | where {bool} | extend {new} = row_cumsum({int}), after = next({column})
    sort by {all} | scan declare (total: long = 0) with (step s: {bool} => total = s.total + 1;)
    partition hint.strategy=native by {key} (summarize m = {aggregate})
    parse {string} with * 'a' rest
    top-nested of {key} by m = {aggregate}
    make-series m = {aggregate} on {long} from -2 to 6 step 2 by {key}
    as Named
"""


def choices(text: str) -> list[str]:
    """The pieces of a list that is written in lines, or between semicolons."""
    return [piece.strip() for piece in re.split(r"[;\n](?=\s)", text) if piece.strip()]


PLACE = re.compile(r"\{([a-z]+)\}")


class Author:
    """Writes KQL over the columns that the rows have by now."""

    def __init__(self, rnd: random.Random) -> None:
        self.rnd = rnd
        self.columns: dict[str, str] = {}

    def filled(self, template: str, depth: int = DEPTH) -> str:
        """The template with something for each of its places."""
        return PLACE.sub(lambda place: self._piece(place[1], depth), template)

    def _piece(self, what: str, depth: int) -> str:
        plain = [name for name, kind in self.columns.items() if kind != "dynamic"] or ["none"]
        match what:
            case "any":
                return self.expression(self.rnd.choice([*VALUES]), depth)
            case "aggregate":
                return self.filled(self.rnd.choice(choices(AGGREGATES)), 1)
            case "new":
                return self.rnd.choice(["fresh", *self.columns])
            case "column":
                return self.rnd.choice([*self.columns])
            case "key":
                return self.rnd.choice(plain)
            case "shared":
                shared = [name for name in plain if TABLE.get(name) == self.columns.get(name)]
                return self.rnd.choice(shared or ["none"])
            case "all":
                texts = [f"gettype({name}), tostring({name})" for name in self.columns if name not in plain]
                return ", ".join([*self.rnd.sample(plain, len(plain)), *texts])
            case _:
                return self.expression(what, depth)

    def expression(self, kind: str, depth: int) -> str:
        """An expression of a type: a column or a literal, or something made of others."""
        if depth and self.rnd.random() < 0.7:
            return f"({self.filled(self.rnd.choice(choices(EXPRESSIONS[kind])), depth - 1)})"
        names = [name for name, known in self.columns.items() if known == kind]
        return self.rnd.choice(names if names and self.rnd.random() < 0.8 else VALUES[kind].split())


def written(rnd: random.Random) -> str:
    """A table of all types in the text of a query."""
    cells = (rnd.choice(VALUES[kind].split()) for _ in range(ROWS) for kind in TABLE.values())
    return f"(datatable({', '.join(f'{name}: {kind}' for name, kind in TABLE.items())})[{', '.join(cells)}])"


def pipeline(author: Author, columns_of: Callable[[str], dict[str, str]]) -> list[str]:
    """The table T and some stages that the compiler takes; the author knows the columns at their end."""
    stages = ["T"]
    author.columns = dict(TABLE)
    for _ in range(author.rnd.randint(1, STAGES_MOST)):
        with suppress(KqlError):
            stage = author.filled(author.rnd.choice(choices(STAGES)))
            author.columns = columns_of(" | ".join([*stages, stage]))
            stages.append(stage)
    return stages
