"""Figures as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NONE = "–"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column holds names and whose others hold figures."""
    rule = "|---|" + "---:|" * (len(headings) - 1)
    lines = [f"| {' | '.join(headings)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def ms(microseconds: float) -> str:
    """Microseconds as milliseconds."""
    return f"{microseconds / 1000:,.2f}"


def pair(first: float, second: float) -> str:
    """p50 and p99 of microseconds, as milliseconds."""
    return f"{ms(first)} / {ms(second)}"


def left_out(missing: Mapping[str, str]) -> str:
    """What is not in a table, and why."""
    return "".join(f"\n\n{name} is left out: {reason}" for name, reason in missing.items())


def failures(failed: Mapping[str, int]) -> str:
    """How many calls failed, by proxy."""
    named = ", ".join(f"{count:,} of {name}" for name, count in failed.items() if count)
    return f"Calls that failed: {named}." if named else "No call of any row failed."
