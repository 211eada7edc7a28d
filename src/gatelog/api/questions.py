"""The one way to ask the record, whichever protocol a question came by.

    Question ─► catalog of the principal's role ─► compiled ─► run within the budget ─► Answered

`ask` blocks: surfaces call it through `Workers.run_for`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from gatelog.api.activity import UNNAMED, Activity, Asked, Origin
from gatelog.api.answer import Answer
from gatelog.api.data_directory import open_store
from gatelog.api.encodings import ENGINE_FORMATS, WRITERS, Block, Format, json_tables
from gatelog.api.principal import LOCAL, Principal, Role
from gatelog.api.set_statements import read_set_statements
from gatelog.api.timespan import parse_timespan
from gatelog.control import Functions, open_control
from gatelog.errors import GatelogError, KqlSemanticError
from gatelog.kql import DEFAULT_DATABASE, Catalog, Compiled, SavedFunction, ast, compile_batch, exported
from gatelog.model import Clock, SystemClock
from gatelog.store import GATEWAY_RESOURCE_ID, TABLES, Budget, Store, UserTable, Work

METRICS_TABLES = frozenset({"AzureMetrics"})

_TABLES = tuple(table.kql_table() for table in TABLES)
_TABLES_WITHOUT_CONTENT = tuple(table.kql_table().without(table.content) for table in TABLES)

log = logging.getLogger("gatelog.hub")

QUERY_CHARACTERS_MAX = 256 * 1024
"""Length of a query in characters."""

Span: TypeAlias = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Question:
    """`timespan` as ISO 8601 or (from, to); `parameters` for `declare query_parameters`; a `budget` can only
    narrow the hub's own; `now` is what now() and ago() see (default: the hub's clock); `resource` restricts
    every table to the rows of one Azure resource (its id in lower case). What names no resource is the
    gateway's. `catalog` is what the question may name in place of the record. `settings` hold as if the text
    set them first.
    """

    text: str
    timespan: str | Span | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    budget: Budget | None = None
    now: datetime | None = None
    resource: str = ""
    catalog: Catalog | None = None
    settings: Mapping[str, ast.Literal] = field(default_factory=dict)


def parameter_text(value: Any) -> str:
    """A value of `declare query_parameters` as KQL has it: numbers, booleans and dynamic as in JSON; a text
    is a literal of the parameter's type already.
    """
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


class Statistics(NamedTuple):
    """What answering took: wall-clock seconds of it all, and what the engine read and used (0: unknown)."""

    seconds: float
    rows_read: int
    bytes_read: int
    memory_bytes: int


class Answered(NamedTuple):
    """A table for each tabular statement of the question, in order."""

    tables: tuple[Answer, ...]
    statistics: Statistics


class Questions:
    """Answers principals. `store` gives the store, or raises StoreUnavailableError while it is away;
    `functions` and `user_tables` give what users made, the same tuple until something changes. `database` and
    `workspace` are what queries may call the record.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        clock: Clock,
        *,
        budget: Budget | None = None,
        functions: Callable[[], tuple[SavedFunction, ...]] = tuple,
        user_tables: Callable[[], tuple[UserTable, ...]] = tuple,
        activity: Activity | None = None,
        database: str = DEFAULT_DATABASE,
        workspace: str = "",
    ) -> None:
        self.activity = activity or Activity(clock, lambda name: store().stop(name))
        self._store = store
        self._clock = clock
        self._budget = budget or Budget()
        self._functions = functions
        self._user_tables = user_tables
        self._database = database
        self._workspace = workspace
        self._catalogs: tuple[object, Mapping[Role, Catalog]] = (None, {})

    @property
    def budget(self) -> Budget:
        """What one question may take."""
        return self._budget

    def catalog(self, principal: Principal) -> Catalog:
        """What the principal's questions may name."""
        made = (self._functions(), self._user_tables())
        if made != self._catalogs[0]:
            self._catalogs = (made, _catalogs(*made, self._database, self._workspace))
        return self._catalogs[1][principal.role]

    def ask(self, principal: Principal, question: Question) -> Answered:
        """Blocks. KqlError: the author's fault; StoreError: ours."""
        began = time.monotonic()
        with self.logged(principal, question.text):
            tables, work = self._answered(principal, question)
        return Answered(tables, _total(work, time.monotonic() - began))

    @contextmanager
    def document(self, principal: Principal, question: Question, form: Format) -> Iterator[Iterator[bytes]]:
        """The last answer written in `form`, piece by piece while the context lasts. Blocks; errors as those
        of `ask`, late ones leave the `with` block as such.
        """
        began = time.monotonic()
        with self.logged(principal, question.text) as asked:
            store = self._store()
            compiled = self.compile(principal, question)[-1]
            asked.go_on()
            given = read_set_statements(question.text)
            compiled = given.first_rows(compiled)
            budget = given.within(self._narrowed(question.budget)).after(time.monotonic() - began)
            engine = ENGINE_FORMATS.get(form)
            if engine is not None:
                select = exported(compiled, durations=engine.durations)
                with store.stream_encoded(select, engine.name, budget=budget) as pieces:
                    yield pieces
            else:
                with store.stream_rows(compiled.sql, budget=budget) as blocks:
                    yield WRITERS[form].pieces(compiled.columns, blocks)

    @contextmanager
    def json_of_all(self, principal: Principal, question: Question) -> Iterator[Iterator[bytes]]:
        """All answers as one JSON document, as `document` has the last one; they share the budget's time."""
        began = time.monotonic()
        with self.logged(principal, question.text):
            store, compiled = self._store(), self.compile(principal, question)
            given = read_set_statements(question.text)
            budget = given.within(self._narrowed(question.budget))
            tables = [
                (one.name, one.columns, _blocks(store, given.first_rows(one).sql, budget, began))
                for one in compiled
            ]
            with closing(json_tables(tables)) as pieces:
                yield pieces

    @contextmanager
    def logged(self, principal: Principal, text: str, origin: Origin = UNNAMED) -> Iterator[Asked]:
        """For surfaces that run what they compiled by themselves: says who asks and how it ends."""
        with _logged(principal), self.activity.asking(principal, text, origin) as asked:
            yield asked

    def _answered(self, principal: Principal, question: Question) -> tuple[tuple[Answer, ...], list[Work]]:
        store, began = self._store(), time.monotonic()
        tables, work = [], []
        compiled = self.compile(principal, question)
        given = read_set_statements(question.text)
        budget = given.within(self._narrowed(question.budget))
        for one in compiled:
            rows = store.run(given.first_rows(one).sql, budget=budget.after(time.monotonic() - began))
            tables.append(Answer(one.columns, rows.rows, one.render, one.name, one.ordered))
            work.append(rows.work)
        return tuple(tables), work

    def compile(self, principal: Principal, question: Question) -> tuple[Compiled, ...]:
        """The statements of a question for the engine. Blocks only where columns depend on the data."""
        if len(question.text) > QUERY_CHARACTERS_MAX:
            raise KqlSemanticError(f"a query has at most {QUERY_CHARACTERS_MAX} characters")
        now, began = question.now or self.now(), time.monotonic()
        budget = self._narrowed(question.budget)
        return compile_batch(
            question.text,
            question.catalog or _seen_by(question.resource, self.catalog(principal)),
            now=now,
            timespan=_span(question.timespan, now),
            parameters=question.parameters,
            settings=question.settings,
            ask=lambda select: self._store().run(select, budget=budget.after(time.monotonic() - began)).rows,
        )

    def now(self) -> datetime:
        """The hub's clock, UTC."""
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=round(self._clock.now_ns() / 1000))

    def _narrowed(self, wanted: Budget | None) -> Budget:
        return self._budget.narrowed(wanted) if wanted is not None else self._budget


@contextmanager
def _logged(principal: Principal) -> Iterator[None]:
    """Says who asked and how it ended; never what was asked: a query can quote what was said."""
    began = time.monotonic()
    try:
        yield
    except GatelogError as error:
        log.info("not answered", extra={"principal": principal.name, "error": type(error).__name__})
        raise
    seconds = round(time.monotonic() - began, 3)
    log.info("answered", extra={"principal": principal.name, "seconds": seconds})


@contextmanager
def open_questions(data: Path, dsn: str = "") -> Iterator[Questions]:
    """Questions to a data directory that no hub has open, users' functions and tables included. Blocks for
    seconds at first. `dsn` names a store that is not in the directory.
    """
    clock = SystemClock()
    with open_store(data, dsn) as store, open_control(data) as control:
        functions = Functions(control, clock)
        yield Questions(lambda: store, clock, functions=functions.saved, user_tables=store.user_tables.all)


def answer_query(store: Store, text: str, *, now: datetime, timespan: str | None = None) -> Answer:
    """The last answer to `text` as of `now` (UTC), asked by whoever has the store open."""
    question = Question(text, timespan, now=now)
    return Questions(lambda: store, SystemClock()).ask(LOCAL, question).tables[-1]


def _catalogs(
    functions: Sequence[SavedFunction], user_tables: Sequence[UserTable], database: str, workspace: str
) -> Mapping[Role, Catalog]:
    """What each role's questions may name. Numbers are all that METRICS sees, whatever users made."""
    made = [table.kql_table() for table in user_tables]
    open_to_all = [table.kql_table() for table in user_tables if not table.notes.restricted]
    metrics = [table for table in _TABLES if table.name in METRICS_TABLES]
    return {
        Role.METRICS: Catalog(metrics, (), database, workspace),
        Role.LOG: Catalog([*_TABLES_WITHOUT_CONTENT, *open_to_all], functions, database, workspace),
        Role.LOG_WITH_BODIES: Catalog([*_TABLES, *made], functions, database, workspace),
    }


def _blocks(store: Store, sql: str, budget: Budget, began: float) -> Generator[Block, None, None]:
    """The engine's blocks, in the time that is left when the first is wanted."""
    with store.stream_rows(sql, budget=budget.after(time.monotonic() - began)) as blocks:
        yield from blocks


def _seen_by(resource: str, catalog: Catalog) -> Catalog:
    if not resource:
        return catalog
    return catalog.of_resource(resource, with_others=resource == GATEWAY_RESOURCE_ID)


def _span(timespan: str | Span | None, now: datetime) -> Span | None:
    if isinstance(timespan, str):
        try:
            return parse_timespan(timespan, now) if timespan else None
        except KqlSemanticError as error:
            raise KqlSemanticError(f"timespan: {error.message}", hint=error.hint) from None
    return timespan


def _total(work: Iterable[Work], seconds: float) -> Statistics:
    parts = list(work)
    return Statistics(
        seconds,
        sum(part.rows_read for part in parts),
        sum(part.bytes_read for part in parts),
        max((part.memory_bytes for part in parts), default=0),
    )
