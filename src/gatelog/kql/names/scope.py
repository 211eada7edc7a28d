"""What an expression can see while it is bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.misfit import Misfit
from gatelog.kql.names.bindings import HIDDEN, Binding, DrawnBinding, FunctionBinding, TableBinding
from gatelog.kql.names.context import Context
from gatelog.kql.names.own_names import is_own
from gatelog.kql.relations import Computed, Relation, SortKey
from gatelog.kql.terms import Field, Term, reference
from gatelog.kql.text.diagnostics import NAMES_LISTED, did_you_mean
from gatelog.kql.text.foreign_words import name_hint
from gatelog.kql.types import KqlType

_STORED = "\udc00"
"""Begins the hidden names of the catalogue's own: half of a surrogate pair, which no query can write, so
that nothing it declares takes their place."""


class Pending(msgspec.Struct, eq=False):
    """What binding the expressions of a stage asks of the stage: columns computed before it, and ordered
    input. `place` is a number for each row, where equal keys leave the order of some of them open.
    """

    windows: list[Computed] = msgspec.field(default_factory=list)
    ordered: bool = False
    place: Field | None = None


class Scope(msgspec.Struct, frozen=True, eq=False):
    """The names in reach: columns of the row first, then let-bound names.

    `input` is the relation of the row: what is asked of it goes through all its stages, so only where the
    answer is wanted. `keys` is set while the aggregates of a summarize are bound: outside of an aggregate
    only these columns count. `part` is set inside mv-apply and partition: the order of the rows counts within
    it. `called` is the name that `as` gave to the input of the stage in hand.
    """

    context: Context
    names: Mapping[str, Binding]
    bind_table: Callable[[ast.Expression, Scope], Relation]
    call_function: Callable[[FunctionBinding, ast.Call, Scope], Term]
    fields: tuple[Field, ...] = ()
    input: Relation | None = None
    keys: tuple[Field, ...] | None = None
    part: Field | None = None
    called: str = ""
    pending: Pending = msgspec.field(default_factory=Pending)

    def over(self, relation: Relation) -> Scope:
        """The scope of a stage whose input is `relation`."""
        return Scope(  # every stage makes one or more, and `replace` takes half as long again
            self.context,
            self.names,
            self.bind_table,
            self.call_function,
            relation.fields,
            relation,
            part=self.part,
            called=self.called,
        )

    @property
    def order(self) -> tuple[SortKey, ...]:
        """The order of the rows, if they have one."""
        return () if self.input is None else self.input.order

    @property
    def serialized(self) -> bool:
        """Whether that order is one to count on."""
        return self.input is not None and self.input.serialized

    @property
    def guarded(self) -> Mapping[str, Field]:
        """Protected columns in reach, by name."""
        return {} if self.input is None else self.input.hidden.guarded

    def with_name(self, name: str, binding: Binding) -> Scope:
        """The scope in which `name` means `binding`."""
        return replace(self, names={**self.names, name: binding})

    def named(self, name: str) -> Binding | None:
        """What the query means by a name; None where it is the catalogue's, or hidden: `hides` tells."""
        return None if self.hides(name) else self.names.get(name)

    def hides(self, name: str) -> bool:
        """Whether a restriction took away what has this name: then there is nothing of this name."""
        binding = self.names.get(name)
        return isinstance(binding, TableBinding) and binding.denied

    def check_read(self, node: ast.Node, name: str) -> None:
        """Refuses what `name` means at `node` when it is a saved function that cannot be read."""
        if not self.hides(name):
            self.context.check_read(node, name)

    def without_stored(self, names: Iterable[str]) -> Scope:
        """The scope in which what the catalogue calls so is hidden, whatever the query means by it."""
        kept = dict(self.names)
        for name in names:
            kept[_STORED + name] = HIDDEN
            if name not in kept or _is_saved(kept[name]):
                kept[name] = HIDDEN
        return replace(self, names=kept)

    def without_names(self) -> Scope:
        """The scope in which only the catalogue has names; what a restriction took away stays so."""
        denied = {name: binding for name, binding in self.names.items() if name.startswith(_STORED)}
        kept = {name: binding for name, binding in self.names.items() if _is_saved(binding)}
        refused = {name.removeprefix(_STORED): binding for name, binding in denied.items()}
        return replace(self, names={**kept, **refused, **denied})

    def aggregating(self, keys: tuple[Field, ...]) -> Scope:
        """The scope of the aggregates of a summarize by `keys`."""
        return replace(self, keys=keys)

    def inside_aggregate(self) -> Scope:
        """The scope of the arguments of an aggregate."""
        return replace(self, keys=None)

    @property
    def shown(self) -> tuple[Field, ...]:
        """The columns that the author knows: what `*` stands for."""
        return tuple(field for field in self.fields if not is_own(field.name))

    def column(self, name: str) -> Field | None:
        """The column called `name`."""
        return self.context.by_name(self.fields if self.keys is None else self.keys).get(name)

    def resolve(self, node: ast.Name) -> Term:
        """The value that a name stands for."""
        column = self.column(node.value)
        if column is not None:
            return reference(column)
        if node.value in self.guarded:
            return self._through(node)
        binding = self.named(node.value)
        if isinstance(binding, Term):
            return binding
        if isinstance(binding, DrawnBinding):
            return binding.make()
        if binding is not None:
            raise self.context.error(node, f"'{node.value}' is no value", "it names a table or a function")
        if self.keys is not None and any(column.name == node.value for column in self.fields):
            raise self.context.error(
                node,
                f"'{node.value}' is neither aggregated nor a key",
                "wrap it in an aggregate or put it after 'by'",
            )
        if self.context.catalog.protects(node.value):
            raise self.context.protected(node, node.value)
        raise self.context.error(node, f"there is no column '{node.value}'", self._nearest(node.value))

    def _through(self, node: ast.Name) -> Term:
        """A protected column: whether its value is needed is known when the query is lowered."""
        field = self.guarded[node.value]
        self.context.guarded_at.setdefault(field.sql_name, node)
        return reference(field)

    def _nearest(self, name: str) -> str:
        known = [column.name for column in self.shown]
        known += [
            known_name
            for known_name, binding in self.names.items()
            if isinstance(binding, Term | DrawnBinding)
        ]
        if 0 < len(known) <= NAMES_LISTED:
            listed = ", ".join(dict.fromkeys(known))
            return name_hint(name) or did_you_mean(name, known) or f"there are: {listed}"
        rest = "a text stands in quotes; '| getschema' lists the columns"
        return name_hint(name) or did_you_mean(name, known) or rest

    def table_of_values(self, node: ast.Expression) -> tuple[Relation, Field]:
        """A table that stands for the values of its first column, and this column."""
        table = self.bind_table(node, self)
        if not table.fields:
            raise self.context.error(node, "the table has no columns", "project one")
        return table, table.fields[0]

    def window(self, name: str, kql_type: KqlType, node: Sql, *, nullable: bool = True) -> Term:
        """A value over the order of the rows: computed as a column before the stage in hand."""
        if self.keys is not None:
            raise Misfit(f"{name}() is of single rows, here they are grouped", "extend by it before")
        if not self.serialized:
            raise Misfit(f"{name}() needs rows in order", "put '| sort by ...' or '| serialize' before it")
        if not self.pending.windows and self.order and not any(key.unique for key in self.order):
            self.pending.place = self.context.field("place", KqlType.LONG, nullable=False)
        column = self.context.field(name, kql_type, nullable=nullable)
        self.pending.windows.append(Computed(column, node))
        return reference(column)


def _is_saved(binding: Binding) -> bool:
    return isinstance(binding, FunctionBinding) and binding.saved


Bind: TypeAlias = "Callable[[ast.Node, Scope], Term]"
"""From an expression to its term: `expressions.bind`, handed to the rules below it that bind operands."""
