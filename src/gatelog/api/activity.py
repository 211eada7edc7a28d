"""What is being asked, and what was asked last.

running ─┬─ Completed   its work was done
         ├─ Failed      an error; a hub that ends forgets all of them
         └─ Cancelled   `stop`: the client left, or somebody said so
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple
from uuid import UUID, uuid4

from gatelog.api.principal import Principal
from gatelog.errors import KqlCancelledError, KqlError, StoreUnavailableError
from gatelog.model import Clock
from gatelog.store import statement_name

ENDED_MAX = 200
"""Questions remembered after their end."""

TEXT_CHARACTERS_MAX = 1024
"""Characters of a question's text that are kept: a list of all is still short enough to be asked about."""


class State(enum.Enum):
    """How far a question is, in Kusto's words."""

    RUNNING = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


class Origin(NamedTuple):
    """What a client says of itself and of its request."""

    request_id: str = ""
    application: str = ""


UNNAMED = Origin()
"""A client that says nothing."""


@dataclass(slots=True, eq=False)
class Asked:
    """One question. `name` is what its statements are called; `failure` may quote the text, and both may
    quote what was said in a call.
    """

    name: UUID
    principal: Principal
    text: str
    origin: Origin
    began: datetime
    state: State = State.RUNNING
    ended: datetime | None = None
    failure: str = ""
    stopped: bool = False

    def go_on(self) -> None:
        """KqlCancelledError if it was stopped before the store had anything to end."""
        if self.stopped:
            raise KqlCancelledError("the query was stopped")


class Activity:
    """The questions of a hub. `end_statements` ends what the store runs under a name."""

    def __init__(self, clock: Clock, end_statements: Callable[[UUID], None]) -> None:
        self._clock = clock
        self._end_statements = end_statements
        self._lock = Lock()
        self._running: set[Asked] = set()
        self._ended: deque[Asked] = deque(maxlen=ENDED_MAX)

    @contextmanager
    def asking(self, principal: Principal, text: str, origin: Origin = UNNAMED) -> Iterator[Asked]:
        """A question while it is answered. KqlCancelledError if it was stopped before it could be."""
        name = statement_name() or uuid4()
        asked = Asked(name, principal, text[:TEXT_CHARACTERS_MAX], origin, self._now())
        with self._lock:
            self._running.add(asked)
        try:
            yield asked
        except Exception as error:
            asked.failure = str(error) if isinstance(error, KqlError) else type(error).__name__
            if asked.stopped and isinstance(error, StoreUnavailableError):
                raise KqlCancelledError("the query was stopped") from error
            raise
        finally:
            asked.state, asked.ended = _end_of(asked), self._now()
            with self._lock:
                self._running.discard(asked)
                self._ended.append(asked)

    def all(self) -> list[Asked]:
        """The last questions, ended and running, in the order in which they began."""
        with self._lock:
            known = [*self._ended, *self._running]
        return sorted(known, key=lambda asked: asked.began)

    def stop(self, name: UUID) -> None:
        """End the questions of this name; returns at once. StoreError if the store cannot be told."""
        with self._lock:
            for asked in self._running:
                asked.stopped = asked.stopped or asked.name == name
        self._end_statements(name)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC)


def _end_of(asked: Asked) -> State:
    if asked.stopped:
        return State.CANCELLED
    return State.FAILED if asked.failure else State.COMPLETED
