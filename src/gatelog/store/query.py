"""Running a compiled query within a hard budget."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gatelog.errors import KqlBudgetError, KqlError, KqlSemanticError, KqlTimeoutError, StoreError
from gatelog.store.clients import Clients, engine_text, error_code
from gatelog.store.named import naming

MIB = 2**20


class Budget(NamedTuple):
    """What one query may use. Rows and bytes are those of its answer, as Log Analytics limits them too."""

    seconds: float = 60
    rows: int = 500_000
    bytes: int = 64 * MIB
    memory_bytes: int = 2_048 * MIB

    def narrowed(self, other: Budget) -> Budget:
        """The smaller of each."""
        return Budget(
            min(self.seconds, other.seconds),
            min(self.rows, other.rows),
            min(self.bytes, other.bytes),
            min(self.memory_bytes, other.memory_bytes),
        )

    def after(self, seconds: float) -> Budget:
        """What is left of it after so many seconds. KqlTimeoutError if nothing is."""
        if seconds >= self.seconds:
            raise _timeout(self.seconds)
        return self._replace(seconds=self.seconds - seconds)


SQL_BYTES_MAX = 256 * 1024 - 4 * 1024
"""The engine reads no statement of over 256 KiB; the rest is for its settings."""


BLOCK_ROWS = 4096
"""Rows that the engine has in hand at once, in each of its threads. A condition on bodies holds several
copies of theirs: with the engine's own 65,409 rows that was 900 MB for bodies of 2 KB, beyond any budget for
longer ones, and memory fresh from the kernel each time. Still fewer make sums over short columns slower.
"""


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
_TOO_LARGE_VALUE = frozenset({128, 131, 407})
_ASSERTED = frozenset({395})
_ASSERTION = re.compile(r"DB::Exception: (.+?)(?:: while executing|: In scope|\. \(FUNCTION_)", re.DOTALL)
_UNKNOWN_ZONE = re.compile(
    r"Cannot load time zone (.*?)(?:: while executing|: In scope|\. \(BAD_ARGUMENTS)", re.DOTALL
)


def run(clients: Clients, sql: str, budget: Budget) -> Rows:
    """Answer `sql` (from the compiler; read-only). KqlBudgetError if it asks for more than `budget`."""
    check_length(sql)
    try:
        with clients.borrow() as client:
            result = client.query(sql, settings=query_settings(budget))
    except StoreError as error:
        raise query_error(error, budget) or error from error.__cause__
    return Rows(
        tuple(result.column_names),
        tuple(kind.name for kind in result.column_types),
        result.result_rows,
        _work(result.summary, embedded=clients.embedded),
    )


def execute(clients: Clients, statement: str, budget: Budget) -> None:
    """Run a statement that keeps what a query answers. Errors as those of `run`; rows are the caller's to
    limit.
    """
    settings = {
        "max_execution_time": budget.seconds,
        "timeout_overflow_mode": "throw",
        "max_memory_usage": budget.memory_bytes,
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
            "the query is too long for the engine", hint="shorten its lists and texts, or name fewer columns"
        )


def query_settings(budget: Budget) -> dict[str, Any]:
    """What makes the engine keep to a budget, and read only."""
    return {
        **naming(),
        "readonly": 2,  # reads only, while these settings may still be given
        "max_execution_time": budget.seconds,
        "timeout_overflow_mode": "throw",
        "max_result_rows": budget.rows,
        "max_result_bytes": budget.bytes,
        "result_overflow_mode": "throw",
        "max_memory_usage": budget.memory_bytes,
        "max_block_size": BLOCK_ROWS,
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
        return _timeout(budget.seconds)
    if code in _TOO_MUCH_ANSWER:
        return KqlBudgetError(
            f"the answer has more than {budget.rows} rows or {budget.bytes // MIB} MiB",
            hint="summarize, project fewer columns, or take fewer rows",
        )
    if code in _TOO_MUCH_MEMORY:
        return KqlBudgetError(
            f"the query needs more than {budget.memory_bytes // MIB} MiB of memory",
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
        return KqlSemanticError("a regular expression is not valid", hint="the syntax is that of RE2")
    if code in _BAD_ARGUMENT and "too big" in said:
        return KqlBudgetError("the query is too large", hint="use each computed column fewer times")
    if code in _ASSERTED and (found := _ASSERTION.search(said)):
        return KqlSemanticError(found[1])
    return None


def _timeout(seconds: float) -> KqlTimeoutError:
    return KqlTimeoutError(
        f"the query ran for more than {seconds:.3g} s", hint="narrow the time range, or filter earlier"
    )
