"""The exceptions that rooms know of each other, drawn as one tree; what only one room raises, it adds itself.

    GatelogError
    ├── ConfigError            the operator's file: path, what, hint
    ├── ProtocolError          a peer broke HTTP: whose fault, what
    │   └── BodyTooLargeError  its body is over the limit
    ├── SpoolError
    │   ├── SpoolLockedError   another process holds the directory
    │   ├── SpoolVersionError  written by a newer gatelog
    │   ├── SpoolFullError     no space (or above the back-pressure mark)
    │   └── SpoolFailedError   the disk refused a write or an fsync
    ├── StoreError             the store refused or cannot be reached
    │   ├── StoreVersionError  schema written by a newer gatelog
    │   ├── StoreUnavailableError  cannot be reached, or is overloaded: try again later
    │   ├── StoreRefusedError  these rows cannot be stored, however often they are sent
    │   └── UserTableError     a table of the users' own cannot be as they want it
    │       └── UserTableChangedError  it was changed meanwhile: try again
    ├── ControlError           control data of a newer gatelog; a name that is taken, or unknown
    └── KqlError               the query's author: place, message, hint
        ├── KqlSyntaxError     the text is not KQL
        ├── KqlSemanticError   a name, a type or an argument is wrong
        │   └── KqlChangedError  it was right when the query was compiled: try again
        ├── KqlUnsupportedError  valid KQL that gatelog refuses
        ├── KqlCancelledError  somebody stopped the query
        └── KqlBudgetError     the query asked for more time, rows or memory than allowed
            └── KqlTimeoutError  more time

Foreign exceptions are mapped to these at the seam where they arise.
"""

from __future__ import annotations

from typing import NamedTuple


class GatelogError(Exception):
    """Root of all errors that gatelog raises on purpose."""


class ConfigProblem(NamedTuple):
    """One thing wrong in a configuration: where, what, and what to do next."""

    path: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}: {self.hint}"


class ConfigError(GatelogError):
    """The configuration cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: list[ConfigProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class ProtocolError(GatelogError):
    """A peer sent bytes that are not strict HTTP/1.1. `reason` is a short, stable word for counters."""

    def __init__(self, reason: str, detail: str = "", *, status: int = 400) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.status = status


class BodyTooLargeError(ProtocolError):
    """A body of a peer has more than `bytes_max` bytes, or says that it will."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__("body_too_large", f"over {bytes_max} bytes", status=413)


class SpoolError(GatelogError):
    """The spool cannot do what was asked; subclasses say why."""


class SpoolLockedError(SpoolError):
    """Another process has the spool directory open."""


class SpoolVersionError(SpoolError):
    """The spool was written by a newer gatelog; nothing was changed."""


class SpoolFullError(SpoolError):
    """There is no room for the record."""


class SpoolFailedError(SpoolError):
    """The disk refused a write or an fsync; the spool retries by itself."""


class StoreError(GatelogError):
    """The store refused a statement or cannot be reached."""


class StoreVersionError(StoreError):
    """The store's schema was written by a newer gatelog, or its server is too old; nothing was changed."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached or is overloaded; the same request may succeed later."""


class StoreRefusedError(StoreError):
    """The store can never hold these rows: a value does not fit its column."""


class UserTableError(StoreError):
    """A table of the users' own cannot be as they want it: its name, its columns, its size."""


class UserTableChangedError(UserTableError):
    """A table of the users' own is no longer as its request knew it: what was asked of it did not happen."""


class ControlError(GatelogError):
    """The control data cannot be used as asked: written by a newer gatelog, or a name is taken or unknown."""


class Place(NamedTuple):
    """Where in a text; both counted from 1."""

    line: int
    column: int


class KqlError(GatelogError):
    """A query that cannot be answered. `place` is where its text is wrong; None where no part of it is."""

    def __init__(self, message: str, *, place: Place | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    @property
    def advice(self) -> str:
        """What is wrong and what may help, without the place."""
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __str__(self) -> str:
        return f"{self.place.line}:{self.place.column}: {self.advice}" if self.place else self.advice


class KqlSyntaxError(KqlError):
    """The text is not KQL."""


class KqlSemanticError(KqlError):
    """A name is unknown, or a type or an argument does not fit."""


class KqlChangedError(KqlSemanticError):
    """A table of the users' own lost what the query names after that was compiled."""


class KqlUnsupportedError(KqlError):
    """Valid KQL that gatelog refuses (not implemented, or not safe here)."""


class KqlCancelledError(KqlError):
    """Somebody stopped the query, or nobody waited for it any more."""


class KqlBudgetError(KqlError):
    """The query went over its budget of time, rows, memory or result bytes."""


class KqlTimeoutError(KqlBudgetError):
    """The query went over its budget of time."""
