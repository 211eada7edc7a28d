"""Running a compiled query within a hard budget."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from gatelog.errors import (
    KqlBudgetError,
    KqlChangedError,
    KqlError,
    KqlSemanticError,
    KqlTimeoutError,
    StoreError,
)
from gatelog.kql import LIMIT
from gatelog.store.answer_texts import text_characters
from gatelog.store.block_rows import block_rows
from gatelog.store.clients import Clients, engine_text, error_code
from gatelog.store.named import naming

MIB = 2**20


class Budget(NamedTuple):
    """What one query may use. Rows and bytes are those of its answer, as Log Analytics limits them too.

    `settings` is where the operator sets this, and `time_set_by` and its relatives what a request narrowed
    a limit with: errors name them. `whole_seconds` is the time of all where `seconds` are what is left of it.
    """

    seconds: float = 60
    rows: int = 500_000
    bytes: int = 64 * MIB
    memory_bytes: int = 2_048 * MIB
    settings: str = ""
    time_set_by: str = ""
    rows_set_by: str = ""
    bytes_set_by: str = ""
    whole_seconds: float = 0

    def narrowed(self, other: Budget) -> Budget:
        """The smaller of each."""
        own = "the question's own budget"
        return (
            self.within(other.seconds, other.time_set_by or own)
            .with_rows(other.rows, other.rows_set_by or own)
            .with_bytes(other.bytes, other.bytes_set_by or own)
            ._replace(memory_bytes=min(self.memory_bytes, other.memory_bytes))
        )

    def within(self, seconds: float, set_by: str) -> Budget:
        """The same in so many seconds, if that is less: something of the request's sets it."""
        return self if seconds >= self.seconds else self._replace(seconds=seconds, time_set_by=set_by)

    def with_rows(self, rows: int, set_by: str) -> Budget:
        """The same for so many rows, likewise."""
        return self if rows >= self.rows else self._replace(rows=rows, rows_set_by=set_by)

    def with_bytes(self, size: int, set_by: str) -> Budget:
        """The same for so many bytes, likewise."""
        return self if size >= self.bytes else self._replace(bytes=size, bytes_set_by=set_by)

    def after(self, seconds: float) -> Budget:
        """What is left of it after so many seconds. KqlTimeoutError if nothing is."""
        if seconds >= self.seconds:
            raise _timeout(self)
        return self._replace(seconds=self.seconds - seconds, whole_seconds=self.whole_seconds or self.seconds)

    def limit(self, name: str, set_by: str = "") -> str:
        """What sets a limit, for the end of an error's message: the request, else the operator's setting of
        that name; nothing where nobody did."""
        by = set_by or (f"{self.settings}.{name}" if self.settings else "")
        return f", the limit of {by}" if by else ""


SQL_BYTES_MAX = 256 * 1024 - 4 * 1024
"""The engine reads no statement of over 256 KiB; the rest is for its settings."""

_INTERPRETED: Mapping[str, Any] = MappingProxyType({"compile_expressions": 0})
"""What the engine compiles, once it has met an expression a few times, is a column where it counts on the
constant that a null makes of it: a query would fail from its fourth time on."""


class Work(NamedTuple):
    """What answering took, as the engine counts it; 0 where it does not say."""

    seconds: float = 0.0
    rows_read: int = 0
    bytes_read: int = 0
    memory_bytes: int = 0


class Rows(NamedTuple):
    """An answer: column names, ClickHouse type names, rows of Python values, and what it took."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    work: Work = Work()


# ClickHouse error codes, src/Common/ErrorCodes.cpp.
_TOO_LONG = frozenset({159, 160})
_TOO_MUCH_ANSWER = frozenset({158, 307, 396})
_TOO_MUCH_MEMORY = frozenset({173, 241})
_BAD_REGEX = frozenset({427})
_BAD_ARGUMENT = frozenset({36})
_TOO_BIG_STATEMENT = frozenset({167, 168, 306})
"""The syntax tree of the statement is too deep or has too many nodes."""

_TOO_LARGE_VALUE = frozenset({128, 131, 407})
_ASSERTED = frozenset({395})
_BAD_STATE = frozenset({32, 33, 36})
_STATE = re.compile(r"AggregateFunction|finalizeAggregation|uniqCombined64")
_CHANGED = frozenset({10, 16, 47, 60})
"""There is no such column, or no such table."""

_USER_TABLE = re.compile(r"\bt_[0-9a-f]{16}\b")
_ASSERTION = re.compile(r"DB::Exception: (.+?)(?:: while executing|: In scope|\. \(FUNCTION_)", re.DOTALL)
_UNKNOWN_ZONE = re.compile(
    r"Cannot load time zone (.*?)(?:: while executing|: In scope|\. \(BAD_ARGUMENTS)", re.DOTALL
)


def run(clients: Clients, sql: str, budget: Budget) -> Rows:
    """Answer `sql` (from the compiler; read-only). KqlBudgetError if it asks for more than `budget`."""
    check_length(sql)
    try:
        with clients.borrow() as client:
            result = client.query(sql, settings=query_settings(sql, budget))
    except StoreError as error:
        raise query_error(error, budget) or error from error.__cause__
    types = tuple(kind.name for kind in result.column_types)
    if text_characters(types, result.result_rows) > budget.bytes:
        raise too_large(budget)
    return Rows(
        tuple(result.column_names),
        types,
        result.result_rows,
        _work(result.summary, embedded=clients.embedded),
    )


def execute(
    clients: Clients, statement: str, budget: Budget, others: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Run a statement that keeps what a query answers, with settings beside those of the budget. Errors as
    those of `run`; rows are the caller's to limit.
    """
    settings = {
        **others,
        "max_execution_time": budget.seconds,
        "timeout_overflow_mode": "throw",
        "max_memory_usage": budget.memory_bytes,
        **_INTERPRETED,
        **naming(),
    }
    try:
        with clients.borrow() as client:
            client.command(statement, settings=settings)
    except StoreError as error:
        raise query_error(error, budget) or error from error.__cause__


def _work(summary: Mapping[str, Any], *, embedded: bool) -> Work:
    """From `X-ClickHouse-Summary`. Of the embedded engine the driver tells the rows of the answer in place of
    those that were read: they are left unknown.
    """
    seconds = int(summary.get("elapsed_ns", 0)) / 1e9
    if embedded:
        return Work(seconds)
    read = (int(summary.get(name, 0)) for name in ("read_rows", "read_bytes", "memory_usage"))
    return Work(seconds, *read)


def check_length(sql: str) -> None:
    """KqlBudgetError if the engine would not read a statement for its length."""
    if len(sql) > SQL_BYTES_MAX or len(sql.encode()) > SQL_BYTES_MAX:
        raise KqlBudgetError(
            "the query is too long for the engine",
            hint="shorten its lists and texts, name fewer columns, or make a column of what it says twice",
        )


def query_settings(sql: str, budget: Budget) -> dict[str, Any]:
    """What makes the engine keep to a budget with a statement, and read only."""
    return {
        **naming(),
        "readonly": 2,  # reads only, while these settings may still be given
        "max_execution_time": budget.seconds,
        "timeout_overflow_mode": "throw",
        "max_result_rows": budget.rows,
        "max_result_bytes": budget.bytes,
        "result_overflow_mode": "throw",
        "max_memory_usage": budget.memory_bytes,
        "max_block_size": block_rows(sql),
        # A text that a join or an unfolded array repeats would count once, and be sent with each row.
        "enable_lazy_columns_replication": 0,
        # Looking for aggregates of keys takes the engine seconds over what a plugin makes of seventy columns,
        # in which it does not look at its clock; they are none that a query needs fewer of.
        "optimize_aggregators_of_group_by_keys": 0,
        **_INTERPRETED,
        # A search for a piece of a word goes through the dictionary of the index, however many words have it:
        # the alternative is to read every text.
        "text_index_like_min_pattern_length": 3,
        "text_index_like_max_postings_to_read": 1_000_000,
    }


def query_error(error: StoreError, budget: Budget) -> KqlError | None:
    """The error of the query's author behind an error of the engine, if it is theirs."""
    cause = error.__cause__
    code, said = (error_code(cause), engine_text(cause)) if cause else (None, "")
    if code in _TOO_LONG:
        return _timeout(budget)
    if code in _TOO_MUCH_ANSWER:
        return _too_much(budget, said)
    if code in _TOO_MUCH_MEMORY:
        return KqlBudgetError(
            f"the query needs more than {budget.memory_bytes // MIB} MiB of memory"
            + budget.limit("memory_bytes_max"),
            hint="narrow the time range, or join and sort less",
        )
    if code in _TOO_LARGE_VALUE:
        return KqlBudgetError(
            "a value of the query grows too large", hint="build smaller strings, arrays and decimals"
        )
    if code in _BAD_ARGUMENT and (zone := _UNKNOWN_ZONE.search(said)):
        return KqlSemanticError(
            f"there is no time zone '{zone[1]}'", hint="print datetime_list_timezones() shows them"
        )
    if code in _BAD_REGEX or (code in _BAD_ARGUMENT and "re2" in said):
        return KqlSemanticError(
            "a regular expression is not valid, or too large",
            hint="one that a row holds is read as RE2; repetitions within each other are 1,000 at most",
        )
    if code in _BAD_ARGUMENT and "Substitution" in said:
        return KqlSemanticError(
            "a replacement names a group that its regular expression does not have",
            hint="\\1 is what stands for the first group in parentheses",
        )
    if code in _TOO_BIG_STATEMENT or (code in _BAD_ARGUMENT and "too big" in said):
        return KqlBudgetError("the query is too large", hint="use each computed column fewer times")
    if code in _BAD_STATE and _STATE.search(said):
        return KqlSemanticError(
            "a value is no intermediate result of hll()", hint="hll() and hll_merge() make them"
        )
    if code in _ASSERTED and (found := _ASSERTION.search(said)):
        return _asserted(found[1])
    if code in _CHANGED and _USER_TABLE.search(said):
        return KqlChangedError(
            "a table of the query, or a column of it, does not exist any more",
            hint="it was dropped or changed meanwhile: ask again",
        )
    return None


def _too_much(budget: Budget, said: str) -> KqlError:
    """The limit that the engine names: rows are said where the answer has too many of them, too large or
    not."""
    rows, size = f"{budget.rows} rows", _shown_size(budget.bytes)
    if "max rows" in said:
        return KqlBudgetError(
            f"the answer has more than {rows}" + budget.limit("rows_max", budget.rows_set_by),
            hint="summarize, or take fewer rows",
        )
    if "max bytes" in said:
        return too_large(budget)
    return KqlBudgetError(
        f"the answer has more than {rows} or {size}", hint="project fewer columns, or take fewer rows"
    )


def too_large(budget: Budget) -> KqlBudgetError:
    """An answer of more bytes than the budget has."""
    return KqlBudgetError(
        f"the answer is larger than {_shown_size(budget.bytes)}"
        + budget.limit("answer_bytes_max", budget.bytes_set_by),
        hint="project fewer columns, shorten texts with substring(), or take fewer rows",
    )


def _shown_size(size: int) -> str:
    """Bytes for a message: in MiB where they are whole ones."""
    return f"{size} bytes" if size % MIB else f"{size // MIB} MiB"


def _asserted(message: str) -> KqlError:
    """What a query ends itself with."""
    if message.startswith(LIMIT):
        return KqlBudgetError(message.removeprefix(LIMIT))
    return KqlSemanticError(message)


def _timeout(budget: Budget) -> KqlTimeoutError:
    limit = budget.limit("time_s", budget.time_set_by)
    return KqlTimeoutError(
        f"the query ran for more than {budget.whole_seconds or budget.seconds:.3g} s{limit}",
        hint="narrow the time range, or filter earlier",
    )
