"""What an expression can see while it is bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from gatelog.kql import ast
from gatelog.kql.bindings import Binding, DrawnBinding, FunctionBinding, TableBinding
from gatelog.kql.context import Context
from gatelog.kql.diagnostics import did_you_mean
from gatelog.kql.misfit import Misfit
from gatelog.kql.relations import Computed, Relation, SortKey
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Field, Term, reference
from gatelog.kql.types import KqlType


@dataclass(slots=True)
class Pending:
    """What binding the expressions of a stage asks of the stage: columns computed before it, and ordered
    input."""

    windows: list[Computed] = field(default_factory=list)
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """The names in reach: columns of the row first, then let-bound names.

    `keys` is set while the aggregates of a summarize are bound: outside of an aggregate only these columns
    count. `part` is set inside mv-apply and partition: the order of the rows counts within it. `called` is
    the name that `as` gave to the input of the stage in hand.
    """

    context: Context
    names: Mapping[str, Binding]
    bind_table: Callable[[ast.Expression, Scope], Relation]
    call_function: Callable[[FunctionBinding, ast.Call, Scope], Term]
    fields: tuple[Field, ...] = ()
    order: tuple[SortKey, ...] = ()
    serialized: bool = False
    keys: tuple[Field, ...] | None = None
    part: Field | None = None
    called: str = ""
    pending: Pending = field(default_factory=Pending)
    guarded: Mapping[str, Field] = field(default_factory=dict)

    def over(self, relation: Relation) -> Scope:
        """The scope of a stage whose input is `relation`."""
        return Scope(  # every stage makes one or more, and `replace` takes half as long again
            self.context,
            self.names,
            self.bind_table,
            self.call_function,
            relation.fields,
            relation.order,
            relation.serialized,
            part=self.part,
            called=self.called,
            guarded=relation.guarded,
        )

    def with_name(self, name: str, binding: Binding) -> Scope:
        """The scope in which `name` means `binding`."""
        return replace(self, names={**self.names, name: binding})

    def without_names(self) -> Scope:
        """The scope in which only the catalogue has names; what a restriction took away stays so."""
        kept = {name: binding for name, binding in self.names.items() if _is_lasting(binding)}
        return replace(self, names=kept)

    def aggregating(self, keys: tuple[Field, ...]) -> Scope:
        """The scope of the aggregates of a summarize by `keys`."""
        return replace(self, keys=keys)

    def inside_aggregate(self) -> Scope:
        """The scope of the arguments of an aggregate."""
        return replace(self, keys=None)

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
        binding = self.names.get(node.value)
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
        known = [column.name for column in self.fields]
        known += [
            known_name
            for known_name, binding in self.names.items()
            if isinstance(binding, Term | DrawnBinding)
        ]
        return did_you_mean(name, known)

    def window(self, name: str, kql_type: KqlType, node: Sql, *, nullable: bool = True) -> Term:
        """A value over the order of the rows: computed as a column before the stage in hand."""
        if not self.serialized:
            raise Misfit(f"{name}() needs rows in order", "put '| sort by ...' or '| serialize' before it")
        column = self.context.field(name, kql_type, nullable=nullable)
        self.pending.windows.append(Computed(column, node))
        return reference(column)


def _is_lasting(binding: Binding) -> bool:
    if isinstance(binding, TableBinding):
        return binding.denied
    return isinstance(binding, FunctionBinding) and binding.saved


Bind: TypeAlias = "Callable[[ast.Node, Scope], Term]"
"""From an expression to its term: `expressions.bind`, handed to the rules below it that bind operands."""
