"""How the tables of operators and functions refuse their operands."""

from __future__ import annotations


class Misfit(Exception):  # noqa: N818  # it is no error until the binder knows whose
    """An operand or argument does not fit. The binder knows where it stands and makes the user's error of
    it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NoCondition(Misfit):
    """A value stands where a condition is wanted."""


class Unsupported(Misfit):
    """Valid KQL that is not built; becomes KqlUnsupportedError."""
