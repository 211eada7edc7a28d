"""Running a compiled query within a hard budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gatelog.errors import KqlBudgetError, KqlError, KqlSemanticError, KqlTimeoutError, StoreError
from gatelog.store.clients import Clients, error_code

MIB = 2**20


class Budget(NamedTuple):
    """What one query may use. Rows and bytes are those of its answer, as Log Analytics limits them too."""

    seconds: float = 60
    rows: int = 500_000
    bytes: int = 64 * MIB
    memory_bytes: int = 2_048 * MIB


class Rows(NamedTuple):
    """An answer: column names, ClickHouse type names, and rows of Python values."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


# ClickHouse error codes, src/Common/ErrorCodes.cpp.
_TOO_LONG = frozenset({159, 160})
_TOO_MUCH_ANSWER = frozenset({158, 307, 396})
_TOO_MUCH_MEMORY = frozenset({173, 241})
_BAD_REGEX = frozenset({427})


def run(clients: Clients, sql: str, budget: Budget) -> Rows:
    """Answer `sql` (from the compiler; read-only). KqlBudgetError if it asks for more than `budget`."""
    try:
        with clients.borrow() as client:
            result = client.query(sql, settings=_settings(budget))
    except StoreError as error:
        raise _query_error(error, budget) or error from error.__cause__
    return Rows(
        tuple(result.column_names), tuple(kind.name for kind in result.column_types), result.result_rows
    )


def _settings(budget: Budget) -> dict[str, Any]:
    return {
        "readonly": 2,  # reads only, while these settings may still be given
        "max_execution_time": budget.seconds,
        "timeout_overflow_mode": "throw",
        "max_result_rows": budget.rows,
        "max_result_bytes": budget.bytes,
        "result_overflow_mode": "throw",
        "max_memory_usage": budget.memory_bytes,
    }


def _query_error(error: StoreError, budget: Budget) -> KqlError | None:
    """The error of the query's author behind an error of the engine, if it is theirs."""
    code = error_code(error.__cause__) if error.__cause__ else None
    if code in _TOO_LONG:
        return KqlTimeoutError(
            f"the query ran for more than {budget.seconds:g} s",
            hint="narrow the time range, or filter earlier",
        )
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
    if code in _BAD_REGEX:
        return KqlSemanticError("a regular expression is not valid", hint="the syntax is that of RE2")
    return None
