"""What an expression can see while it is bound, and what all of one query shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import NamedTuple, TypeAlias

from gatelog.errors import KqlError, KqlSemanticError, KqlUnsupportedError
from gatelog.kql import ast
from gatelog.kql.catalog import Catalog
from gatelog.kql.misfit import Misfit, Unsupported
from gatelog.kql.relations import Computed, Relation, SortKey
from gatelog.kql.sql import PARAMETER_MARK, Sql
from gatelog.kql.terms import Field, Term, reference
from gatelog.kql.types import KqlType

MOST_STAGES = 2_000
"""Operators of one query after its functions and tables were put in place; a let-bound table counts at each
use."""

MOST_COLUMNS = 20_000
"""Columns of one query, those of every stage counted anew: a join makes all of both sides again."""

DEEPEST_CALL = 32
"""Calls of the author's functions inside each other."""


@dataclass(frozen=True, slots=True)
class TableBinding:
    """A name for a table: `make` binds it anew at each use; that of one `denied` refuses."""

    make: Callable[[], Relation]
    denied: bool = False


@dataclass(frozen=True, slots=True)
class DrawnBinding:
    """A name for a value with rand() or new_guid() in it: `make` binds it anew at each use, so that each use
    draws for itself."""

    type: KqlType
    make: Callable[[], Term]


@dataclass(frozen=True, slots=True)
class FunctionBinding:
    """A name for a function, with the names that were known where it stands; `saved`: it is not of this text,
    so its places are not places of the text.
    """

    function: ast.Function
    names: Mapping[str, Binding]
    saved: bool = False


Binding: TypeAlias = "Term | DrawnBinding | TableBinding | FunctionBinding"


Ask: TypeAlias = "Callable[[str], Iterable[Sequence[object]]]"
"""From a SELECT to its rows."""


class DrawnOnce(NamedTuple):
    """What one toscalar() drew, with the two whose ids are its place."""

    node: ast.Node
    names: Mapping[str, Binding]
    term: Term


class Context:
    """One compilation: the text, the catalogue, the time, and the names already used in the SQL.

    `ask` runs a query of the compiler's own, for columns that depend on the data. `settings` are those that
    `set` statements gave. `draws` counts what comes out another way each time: rand(), take without an order;
    `row_draws` what does so in each row. `once` holds what toscalar() drew.
    """

    def __init__(
        self, text: str, catalog: Catalog, now: int, *, use_paths: bool, ask: Ask | None = None
    ) -> None:
        self.text = text
        self.catalog = catalog
        self.now = now
        self.use_paths = use_paths
        self.ask = ask
        self.databases: dict[str, ast.Expression] = {}
        self.settings: dict[str, ast.Expression] = {}
        self.stages = 0
        self.depth = 0
        self.guarded_at: dict[str, ast.Name] = {}
        self._used = dict.fromkeys(catalog.stored_names, 1)
        self._columns = 0
        self.draws = 0
        self.row_draws = 0
        self.once: dict[tuple[int, int], DrawnOnce] = {}
        self._by_name: dict[int, tuple[tuple[Field, ...], dict[str, Field]]] = {}

    def fresh(self, name: str) -> str:
        """A name for the SQL that no other column of the query has: `name`, `name_2`, ..."""
        self._columns += 1
        if self._columns > MOST_COLUMNS:
            message = f"the query has more than {MOST_COLUMNS} columns, those of every stage counted"
            raise KqlSemanticError(message, hint="project what is needed before joins and unions")
        if name.startswith(PARAMETER_MARK):
            name = f"_{name}"
        count = self._used.get(name, 0) + 1
        self._used[name] = count
        if count == 1:
            return name
        return self.fresh(f"{name}_{count}")

    def field(self, name: str, kql_type: KqlType, *, nullable: bool = True) -> Field:
        """A new column."""
        is_nullable = nullable and kql_type is not KqlType.STRING
        return Field(name, kql_type, self.fresh(name), is_nullable)

    def by_name(self, fields: tuple[Field, ...]) -> Mapping[str, Field]:
        """The first column of each name. Made once for a row, which many names and stages ask."""
        known = self._by_name.get(id(fields))
        if known is None:
            known = (fields, {column.name: column for column in reversed(fields)})
            self._by_name[id(fields)] = known  # with the row, so that no other gets its id
        return known[1]

    def protected(self, node: ast.Node, name: str) -> KqlSemanticError:
        """The refusal of a protected column at `node`."""
        return self.error(node, f"'{name}' holds what was said in calls", "role log-with-bodies is needed")

    def move_guarded(self, before: AbstractSet[str], span: ast.Span) -> None:
        """Gives the uses of protected columns that came after `before` another place."""
        for sql_name in self.guarded_at.keys() - before:
            self.guarded_at[sql_name] = replace(self.guarded_at[sql_name], span=span)

    def count_stage(self, node: ast.Node) -> None:
        """Notes one more operator; refuses the query when there are too many."""
        self.stages += 1
        if self.stages > MOST_STAGES:
            raise self.error(
                node, f"the query has more than {MOST_STAGES} stages", "use let-bound tables less often"
            )

    def check_read(self, node: ast.Node, name: str) -> None:
        """Refuses what `name` means at `node` when it is a saved function that cannot be read."""
        reason = self.catalog.why_unread(name)
        if reason is not None:
            message = f"the saved function {name}() must be altered: {reason.message}"
            raise self.error(node, message, reason.hint)

    def error(self, node: ast.Node, message: str, hint: str = "") -> KqlSemanticError:
        """The author's error at `node`."""
        line, column = node.span.line_and_column(self.text)
        return KqlSemanticError(message, line=line, column=column, hint=hint)

    def unsupported(self, node: ast.Node, what: str, hint: str = "") -> KqlUnsupportedError:
        """The refusal of valid KQL at `node`."""
        line, column = node.span.line_and_column(self.text)
        return KqlUnsupportedError(f"{what} is not supported", line=line, column=column, hint=hint)

    @contextmanager
    def at(self, node: ast.Node) -> Iterator[None]:
        """Gives the refusals of the tables of operators and functions their place in the text."""
        try:
            yield
        except Misfit as misfit:
            line, column = node.span.line_and_column(self.text)
            error: type[KqlError] = (
                KqlUnsupportedError if isinstance(misfit, Unsupported) else KqlSemanticError
            )
            raise error(misfit.message, line=line, column=column, hint=misfit.hint) from None


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
        return Scope(
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
        return nearest(name, known)

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


def nearest(name: str, known: list[str]) -> str:
    """A hint that names the known name nearest to `name`, or nothing."""
    lower = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(name.lower(), list(lower), n=1, cutoff=0.6)
    return f"did you mean '{lower[found[0]]}'?" if found else ""
