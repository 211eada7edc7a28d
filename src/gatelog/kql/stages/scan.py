"""scan: rows matched against steps, one after the other, with a memory of what matched before.

All rows (of a partition) become one array, which is folded (see `scan_fold`): the state goes from row to row
and collects the output, and the output is unnested again. Records are tuples of the input's columns and the
declared ones.

    state   (step 1, ..., step n, next match id, output)
    step k  (active, match id, record of step 1, ..., record of step k)
    output  array of (record, match id)

For each row the steps are tried from the last to the first. Step k is entered from step k-1 when that is
active (whose state moves up), else repeated when it is active itself; the first step may always begin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.replacing import Replacing
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.naming import names_beside
from gatelog.kql.names.own_names import own_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Relation, Sort, SortKey, Unnest
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.rows import bind_sort
from gatelog.kql.stages.scan_expressions import flattened
from gatelog.kql.stages.scan_fold import MOST_ROWS, folded
from gatelog.kql.terms import Field, Term, null_of
from gatelog.kql.types import KqlType, clickhouse_type
from gatelog.kql.values.comparisons import condition
from gatelog.kql.values.conversions import convert, convertible

MOST_STEPS = 16
"""Steps of one scan: each is written into the statement several times."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A scan's columns: those of the input, the declared ones with their defaults, and its steps."""

    inputs: tuple[Field, ...]
    declared: tuple[Field, ...]
    defaults: tuple[Term, ...]
    steps: tuple[ast.ScanStep, ...]

    @property
    def columns(self) -> tuple[Field, ...]:
        """The columns of a record."""
        return (*self.inputs, *self.declared)

    def record_type(self) -> list[str]:
        """The engine's types of a record."""
        return [clickhouse_type(column.type, nullable=True) for column in self.columns]

    def state_type(self) -> str:
        """The engine's type of the state."""
        record = f"Tuple({', '.join(self.record_type())})"
        steps = [
            f"Tuple(UInt8, Int64, {', '.join([record] * place)})" for place in range(1, len(self.steps) + 1)
        ]
        output = f"Array(Tuple({record}, Int64))"
        return f"Tuple({', '.join([*steps, 'Int64', output])})"

    def blank(self) -> Sql:
        """The record of a step that has not matched."""
        empty = [null_of(column.type).sql for column in self.inputs]
        return sql.tuple_([*empty, *(default.sql for default in self.defaults)])


def bind_scan(stage: ast.Scan, relation: Relation, scope: Scope) -> Relation:
    """The rows that match a step, with the declared columns as the steps assign them."""
    if stage.order_by:
        relation = bind_sort(ast.Sort(stage.span, stage.order_by), relation, scope)
    row_scope = scope.over(relation)
    keys: list[Computed] = []
    for node in stage.partition_by:
        term = bind(node, row_scope)
        keys.append(Computed(scope.context.field("part", term.type, nullable=term.nullable), term.sql))
    scanned, records = scanned_parts(stage, relation, tuple(keys), (), scope)
    return Compute(records, scanned, ())


def scanned_parts(
    stage: ast.Scan,
    relation: Relation,
    keys: tuple[Computed, ...],
    carried: tuple[Field, ...],
    scope: Scope,
) -> tuple[Relation, tuple[Field, ...]]:
    """The scan of each combination of keys; columns that are not shown but `carried` come first in what is
    returned."""
    machine = _machine(stage, (*carried, *relation.fields), relation, scope)
    rows = scope.context.field("rows", KqlType.DYNAMIC)
    record = sql.cast(
        sql.tuple_([sql.column(field.sql_name) for field in machine.inputs]),
        f"Tuple({', '.join(machine.record_type()[: len(machine.inputs)])})",
    )
    collected = Computed(rows, sql.parametric("groupArray", [MOST_ROWS + 1], record))
    grouped = Aggregate((rows,), relation, keys, (collected,), ordered=True)
    output = Computed(scope.context.field("output", KqlType.DYNAMIC), _folded(machine, rows, scope))
    places = Computed(
        scope.context.field("places", KqlType.DYNAMIC),
        sql.call("arrayEnumerate", sql.column(output.field.sql_name)),
    )
    computed = Compute((rows,), Compute((rows,), grouped, (output,)), (places,))
    item = scope.context.field("record", KqlType.DYNAMIC)
    place = scope.context.field("place", KqlType.LONG, nullable=False)
    unnested = Unnest((rows,), computed, (item, place), (output.field.sql_name, places.field.sql_name))
    made = [
        Computed(
            scope.context.field(column.name, column.type, nullable=column.type is not KqlType.STRING),
            _part(_part(sql.column(item.sql_name), 1), number),
        )
        for number, column in enumerate(machine.columns, 1)
    ]
    if stage.match_id is not None:
        (name,) = names_beside([column.name for column in machine.columns], [stage.match_id])
        identity = scope.context.field(name, KqlType.LONG, nullable=False)
        made.append(Computed(identity, _part(sql.column(item.sql_name), 2)))
    shown = tuple(column.field for column in made)
    records = Compute(shown, unnested, tuple(made))
    order = [SortKey(field.sql_name, False, False) for field in (*(key.field for key in keys), place)]
    return Sort(shown, records, tuple(order)), shown


def _machine(stage: ast.Scan, inputs: tuple[Field, ...], relation: Relation, scope: Scope) -> Machine:
    if len(stage.steps) > MOST_STEPS:
        raise scope.context.error(stage, f"a scan has at most {MOST_STEPS} steps")
    known: set[str] = set()
    for step in stage.steps:
        if step.optional:
            raise scope.context.unsupported(step, "an optional step")
        if step.name.value in known:
            message = f"there are two steps '{step.name.value}'"
            raise scope.context.error(step, message, "give one another name")
        known.add(step.name.value)
    declared: list[Field] = []
    defaults = []
    for column in stage.declarations:
        if any(column.name == field.name for field in (*inputs, *declared)):
            message = f"there is a column '{column.name}' already"
            raise scope.context.error(column, message, "declare another name")
        kind = KqlType(column.type)
        default = bind(column.default, scope.over(relation)) if column.default is not None else null_of(kind)
        if not convertible(default.type, kind) or sql.columns_read(default.sql):
            raise scope.context.error(column, f"the default of '{column.name}' must be a constant {kind}")
        declared.append(scope.context.field(column.name, kind))
        defaults.append(convert(default, kind))
    return Machine(inputs, tuple(declared), tuple(defaults), stage.steps)


def _folded(machine: Machine, rows: Field, scope: Scope) -> Sql:
    """The output of all rows."""
    kind = machine.state_type()
    blank = machine.blank()
    steps = [
        sql.tuple_([sql.literal(0), sql.literal(0), *([blank] * place)])
        for place in range(1, len(machine.steps) + 1)
    ]
    start = sql.cast(sql.tuple_([*steps, sql.literal(0), sql.array([])]), kind)
    moved = _moved(machine, len(machine.steps), sql.variable("scan_state"), scope, kind)
    each = sql.lambda_pair("scan_state", "scan_row", moved)
    after = folded(sql.column(rows.sql_name), each, start, kind, len(machine.steps) + 2)
    return sql.with_value(after, "scan_end", lambda state: _finished(machine, state))


def _finished(machine: Machine, state: Sql) -> Sql:
    """The output, and the last records of the series that the end of the rows cut off."""
    pending = [_pending(machine, place, state) for place in range(1, len(machine.steps) + 1)]
    return _longer(
        _part(state, len(machine.steps) + 2), [records for records in pending if records is not None]
    )


def _pending(machine: Machine, place: int, state: Sql) -> Sql | None:
    """The last record of a step's series as an array, empty when there is none; None unless output = last."""
    if machine.steps[place - 1].output != "last":
        return None
    own = _part(state, place)
    records = sql.array([sql.tuple_([_part(own, 2 + place), _part(own, 2)])])
    return sql.call("arraySlice", records, 1, sql.call("toInt64", _part(own, 1)))


def _longer(output: Sql, added: Sequence[Sql]) -> Sql:
    return sql.call("arrayConcat", output, *added) if added else output


def _part(value: Sql, place: int) -> Sql:
    return sql.call("tupleElement", value, place)


def _moved(machine: Machine, place: int, state: Sql, scope: Scope, kind: str) -> Sql:
    """The state after the steps from `place` down to the first have seen the row."""
    if place == 0:
        return state
    name = f"scan_state_{place}"
    return sql.with_value(
        _stepped(machine, place, state, scope, kind),
        name,
        lambda after: _moved(machine, place - 1, after, scope, kind),
    )


def _stepped(machine: Machine, place: int, state: Sql, scope: Scope, kind: str) -> Sql:
    """The state after one step has seen the row."""
    own = _part(state, place)
    known = [_part(own, 2 + number) for number in range(1, place + 1)]
    test, record = _evaluated(machine, place, known, scope)
    active = sql.eq(_part(own, 1), 1)
    fresh = (
        sql.if_(active, _part(own, 2), _part(state, len(machine.steps) + 1)) if place == 1 else _part(own, 2)
    )
    again = [sql.literal(1), fresh, *known[:-1], record]
    counter = _part(state, len(machine.steps) + 1)
    if place == 1:
        counter = sql.if_(active, counter, sql.plus(counter, 1))
    added = _emitted(machine, place, record, fresh)
    repeated = _state(machine, state, {place: again}, counter, [] if added is None else [added])
    allowed = test if place == 1 else sql.all_of([active, test])
    rest = sql.if_(allowed, sql.cast(repeated, kind), state)
    if place == 1:
        return rest
    return _entered(machine, place, state, rest, scope, kind)


def _entered(machine: Machine, place: int, state: Sql, otherwise: Sql, scope: Scope, kind: str) -> Sql:
    """The step taken from the one before, whose state moves up."""
    before = _part(state, place - 1)
    known = [_part(before, 2 + number) for number in range(1, place)]
    test, record = _evaluated(machine, place, [*known, machine.blank()], scope)
    identity = _part(before, 2)
    cleared = [sql.literal(0), sql.literal(0), *([machine.blank()] * (place - 1))]
    promoted = [sql.literal(1), identity, *known, record]
    counter = _part(state, len(machine.steps) + 1)
    ended = [_pending(machine, place - 1, state), _pending(machine, place, state)]
    added = [part for part in (*ended, _emitted(machine, place, record, identity)) if part is not None]
    moved = _state(machine, state, {place: promoted, place - 1: cleared}, counter, added)
    entering = sql.all_of([sql.eq(_part(before, 1), 1), test])
    return sql.if_(entering, sql.cast(moved, kind), otherwise)


def _emitted(machine: Machine, place: int, record: Sql, identity: Sql) -> Sql | None:
    """What a match adds to the output: the record with its match id, in an array."""
    if machine.steps[place - 1].output in ("none", "last"):
        return None
    return sql.array([sql.tuple_([record, identity])])


def _state(
    machine: Machine, state: Sql, changed: Mapping[int, Sequence[Sql]], counter: Sql, added: Sequence[Sql]
) -> Sql:
    size = len(machine.steps)
    steps = [
        sql.tuple_(list(changed[place])) if place in changed else _part(state, place)
        for place in range(1, size + 1)
    ]
    return sql.tuple_([*steps, counter, _longer(_part(state, size + 2), added)])


def _evaluated(machine: Machine, place: int, known: Sequence[Sql], scope: Scope) -> tuple[Sql, Sql]:
    """The condition of a step, and the record that its assignments make of the row."""
    step = machine.steps[place - 1]
    values = {field.sql_name: _part(sql.variable("scan_row"), n) for n, field in enumerate(machine.inputs, 1)}
    visible = [*machine.inputs, *machine.declared]
    for field, default in zip(machine.declared, machine.defaults, strict=True):
        values[field.sql_name] = default.sql
    for other, record in zip(machine.steps, known, strict=False):
        for number, field in enumerate(machine.columns, 1):
            name = own_name(other.name.value, field.name)
            visible.append(Field(name, field.type, name, nullable=field.type is not KqlType.STRING))
            values[name] = _part(record, number)
    names = frozenset(other.name.value for other in machine.steps)
    step_scope = replace(scope, fields=tuple(_nullable(field) for field in visible), keys=None)
    with scope.context.at(step.condition):
        test = condition(bind(flattened(step.condition, names, scope), step_scope)).condition
    assigned = {item.names[0].value: _assigned(item, machine, names, step_scope) for item in step.assignments}
    unassigned = [values[field.sql_name] for field in machine.columns]
    cells = [
        assigned.get(field.name, value) for field, value in zip(machine.columns, unassigned, strict=True)
    ]
    record = sql.cast(sql.tuple_(cells), f"Tuple({', '.join(machine.record_type())})")
    replaced = Replacing(values)
    return sql.if_null(replaced(test), sql.boolean(False)), replaced(record)


def _nullable(field: Field) -> Field:
    return replace(field.detached(), nullable=field.type is not KqlType.STRING)


def _assigned(item: ast.NamedExpression, machine: Machine, names: frozenset[str], scope: Scope) -> Sql:
    name = item.names[0].value
    target = next((field for field in reversed(machine.columns) if field.name == name), None)
    if target is None:
        hint = "declare it: scan declare (...)"
        raise scope.context.error(item, f"'{name}' is no column and not declared", hint)
    value = bind(flattened(item.value, names, scope), scope)
    if not convertible(value.type, target.type):
        raise scope.context.error(item, f"'{name}' is {target.type}, this is {value.type}")
    return convert(value, target.type).sql
