"""What all of one query shares while it is bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from gatelog.errors import KqlError, KqlSemanticError, KqlUnsupportedError
from gatelog.kql import ast
from gatelog.kql.catalog import Catalog
from gatelog.kql.clickhouse.sql import PARAMETER_MARK
from gatelog.kql.misfit import Misfit, NoCondition, Unsupported
from gatelog.kql.names.bindings import Binding
from gatelog.kql.names.own_names import readable
from gatelog.kql.tables.schema import RenderHint
from gatelog.kql.tables.unlisted import named_in
from gatelog.kql.terms import Field, Term
from gatelog.kql.types import KqlType

MOST_STAGES = 2_000
"""Operators of one query after its functions and tables were put in place; a let-bound table counts at each
use."""

_TOO_MANY_STAGES = f"the query has more than {MOST_STAGES} stages"
_FEWER_STAGES = "use let-bound tables less often"

MOST_COLUMNS = 20_000
"""Columns of one query, those of every stage counted anew: a join makes all of both sides again."""

MOST_SEARCHES = 5_000
"""Columns that `search "word"` and `* has "word"` look into, those of every word and table counted anew: the
condition of each takes over 80 characters of the statement, of which the engine reads 262,144.
"""

MOST_RESTRICTIONS = 20
"""`restrict access` of one query: each looks through all names, and into the functions among them."""

DEEPEST_CALL = 32
"""Calls of the author's functions inside each other."""

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
    `set` statements gave; with `best_effort` a union passes over tables that do not exist. `changes` counts
    the statements that set such things. `render` is how the answer in hand is to be drawn. `draws` counts
    what comes out another way each time: rand(), take without an order; `row_draws` what does so in each row.
    `once` holds what toscalar() drew. `unlisted` are the names of columns that tables have because the query
    names them.
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
        self.best_effort = False
        self.changes = 0
        self.render: RenderHint | None = None
        self.stages = 0
        self._restrictions = 0
        self.depth = 0
        self.guarded_at: dict[str, ast.Name] = {}
        self.unlisted = named_in(text, catalog.unlisted_columns)
        self._used = dict.fromkeys(catalog.stored_names, 1)
        self._columns = 0
        self.searches = 0
        self.draws = 0
        self.row_draws = 0
        self.once: dict[tuple[int, int], DrawnOnce] = {}
        self._by_name: dict[int, tuple[tuple[Field, ...], dict[str, Field]]] = {}

    def fresh(self, name: str) -> str:
        """A name for the SQL that no other column of the query has: `name`, `name_2`, ..."""
        self._columns += 1
        if self._columns > MOST_COLUMNS:
            raise _too_many_columns()
        name = readable(name)
        if not name or name.startswith(PARAMETER_MARK):
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
            raise self.error(node, _TOO_MANY_STAGES, _FEWER_STAGES)

    def count_again(self, stages: int, searches: int) -> None:
        """Notes once more what a table counted that is used once more."""
        self.stages += stages
        if self.stages > MOST_STAGES:
            raise Misfit(_TOO_MANY_STAGES, _FEWER_STAGES)
        self.count_searches(searches)

    def check_limits(self, node: ast.Node) -> None:
        """Counts `node`, and refuses the query if it is beyond a limit: what refused that may have been
        passed over before."""
        self.count_stage(node)
        if self._columns > MOST_COLUMNS:
            raise _too_many_columns()
        self.count_searches(0)

    @property
    def options(self) -> tuple[object, ...]:
        """What else than the names in reach tells what a table means: equal as long as it means the same."""
        return self.changes, self.unlisted

    def count_restriction(self, node: ast.Restrict) -> None:
        """Notes one more restriction, with each part of its list for an operator; refuses too many."""
        self._restrictions += 1
        if self._restrictions > MOST_RESTRICTIONS:
            message = f"the query restricts access more than {MOST_RESTRICTIONS} times"
            raise self.error(node, message, "restrict it once, to what all of them list")
        for part in node.tables:
            self.count_stage(part)

    def count_searches(self, columns: int) -> None:
        """Notes that so many more columns are looked into; refuses the query when there are too many."""
        self.searches += columns
        if self.searches > MOST_SEARCHES:
            message = f"the query looks for words in more than {MOST_SEARCHES} columns, each word counted"
            raise Misfit(message, "name the columns or the tables, or look for fewer words")

    def check_read(self, node: ast.Node, name: str) -> None:
        """Refuses what `name` means at `node` when it is a saved function that cannot be read."""
        reason = self.catalog.why_unread(name)
        if reason is not None:
            message = f"the saved function {name}() must be altered: {reason.message}"
            raise self.error(node, message, reason.hint)

    def error(self, node: ast.Node, message: str, hint: str = "") -> KqlSemanticError:
        """The author's error at `node`."""
        return KqlSemanticError(readable(message), place=node.span.place(self.text), hint=readable(hint))

    def unsupported(self, node: ast.Node, what: str, hint: str = "") -> KqlUnsupportedError:
        """The refusal of valid KQL at `node`."""
        place = node.span.place(self.text)
        return KqlUnsupportedError(f"{readable(what)} is not supported", place=place, hint=hint)

    def at(self, node: ast.Node) -> _At:
        """Gives the refusals of the tables of operators and functions their place in the text."""
        return _At(self, node)


def _too_many_columns() -> Misfit:
    message = f"the query has more than {MOST_COLUMNS} columns, those of every stage counted"
    return Misfit(message, "project what is needed before joins and unions")


class _At:
    """A class, and no function with a yield: every call and operator of a query is bound inside of one."""

    __slots__ = ("_context", "_node")

    def __init__(self, context: Context, node: ast.Node) -> None:
        self._context = context
        self._node = node

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Misfit):
            kind: type[KqlError] = KqlUnsupportedError if isinstance(error, Unsupported) else KqlSemanticError
            named = _named_argument(self._node) if isinstance(error, NoCondition) else None
            place = (named or self._node).span.place(self._context.text)
            hint = "'=' names an argument, equality is written ==" if named else error.hint
            raise kind(readable(error.message), place=place, hint=readable(hint)) from None


def _named_argument(node: ast.Node) -> ast.NamedArgument | None:
    """The first argument that has a name: where a condition is wanted, it was meant for a comparison."""
    arguments = node.arguments if isinstance(node, ast.Call) else ()
    return next((one for one in arguments if isinstance(one, ast.NamedArgument)), None)
