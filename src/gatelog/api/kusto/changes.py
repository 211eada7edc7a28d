"""Commands that changed something, or failed to: the last of them since the hub began."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import NamedTuple
from uuid import UUID

from gatelog.api.activity import TEXT_CHARACTERS_MAX, Origin, State
from gatelog.api.kusto.faults import Fault, defect, fault_of
from gatelog.api.principal import Principal
from gatelog.errors import GatelogError

CHANGES_MAX = 200
"""Commands remembered after their end."""


class Change(NamedTuple):
    """One command. `kind` is what Kusto calls such commands, `table` what it was about (the text's own word
    for it). The text and the fault can quote what was said in a call.
    """

    operation: UUID
    kind: str
    table: str
    text: str
    principal: Principal
    origin: Origin
    began: datetime
    ended: datetime
    fault: Fault | None

    @property
    def state(self) -> State:
        """How it ended."""
        return State.FAILED if self.fault else State.COMPLETED


class Changes:
    """Remembers commands; may be called from any thread."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        self._ended: deque[Change] = deque(maxlen=CHANGES_MAX)

    @contextmanager
    def noted(
        self, operation: UUID, kind: str, table: str, text: str, principal: Principal, origin: Origin
    ) -> Iterator[None]:
        """A command while it is carried out."""
        began, fault = self._now(), None
        try:
            yield
        except GatelogError as error:
            fault = fault_of(error)
            raise
        except Exception:
            fault = defect()
            raise
        finally:
            kept = text[:TEXT_CHARACTERS_MAX]
            change = Change(operation, kind, table, kept, principal, origin, began, self._now(), fault)
            with self._lock:
                self._ended.append(change)

    def all(self) -> list[Change]:
        """In the order in which they ended."""
        with self._lock:
            return list(self._ended)
