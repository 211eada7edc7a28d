"""What is being asked, and what was asked last.

running ─┬─ Completed   its work was done
         ├─ Failed      an error; a hub that ends forgets all of them
         └─ Cancelled   `stop`: the client left, or somebody said so
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple, TypeVar
from uuid import UUID, uuid4

from gatelog.api.principal import Principal
from gatelog.errors import KqlCancelledError, KqlError, StoreUnavailableError
from gatelog.model import Clock
from gatelog.store import statement_name

ENDED_MAX = 200
"""Questions remembered after their end."""

TEXT_CHARACTERS_MAX = 1024
"""Characters of a question's text that are kept: a list of all is still short enough to be asked about."""


REASON_CHARACTERS_MAX = 256
"""Characters of a reason to stop a question that its asker is told."""

T = TypeVar("T")


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
    quote what was said in a call. `reason` is why it was stopped, if somebody said so.
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
    reason: str = ""

    def go_on(self) -> None:
        """KqlCancelledError if it was stopped before the store had anything to end."""
        if self.stopped:
            raise self._cancelled()

    def watched(self, blocks: Iterable[T]) -> Iterator[T]:
        """The same blocks, for surfaces that end an answer where its rows break off: how it ended is known
        all the same. KqlCancelledError where it was stopped.
        """
        with self.failing():
            yield from blocks

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Notes an error; that of a store whose statement was ended because the question was stopped is a
        KqlCancelledError.
        """
        try:
            yield
        except Exception as error:
            ended = self.stopped and isinstance(error, StoreUnavailableError)
            told = self._cancelled() if ended else error
            self.failure = str(told) if isinstance(told, KqlError) else type(told).__name__
            if ended:
                raise told from error
            raise

    def _cancelled(self) -> KqlCancelledError:
        return KqlCancelledError("the query was stopped" + (f": {self.reason}" if self.reason else ""))


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
            with asked.failing():
                yield asked
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

    def stop(self, name: UUID, reason: str = "") -> None:
        """End the questions of this name; returns at once. StoreError if the store cannot be told."""
        with self._lock:
            for asked in self._running:
                if asked.name == name and not asked.stopped:
                    asked.stopped, asked.reason = True, reason[:REASON_CHARACTERS_MAX]
        self._end_statements(name)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC)


def _end_of(asked: Asked) -> State:
    if asked.stopped:
        return State.CANCELLED
    return State.FAILED if asked.failure else State.COMPLETED
