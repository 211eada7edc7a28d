"""Questions straight into a data directory that no hub has open. Loads the engine, which takes a second.

main thread ── run ──► thread: the engine, which does not look at signals
     │ Ctrl-C
     └──────── stop ─► what runs under the name of this work ends; then KeyboardInterrupt goes on
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Final, ParamSpec, TypeVar
from uuid import UUID, uuid4

from gatelog.api import LOCAL, Answer, Format, Question, open_questions
from gatelog.kql import Catalog
from gatelog.store import name_statements

P = ParamSpec("P")
T = TypeVar("T")

STOP_AGAIN_S: Final = 0.25
"""Work whose next statement had not begun when it was stopped is stopped again."""


class Directory:
    """A data directory that no hub has open, until it is closed."""

    def __init__(self, data: Path, dsn: str = "") -> None:
        """`dsn` names a store that is not in the directory, as for `open_questions`."""
        self._opened = ExitStack()
        self._questions = self._opened.enter_context(open_questions(data, dsn))
        self._thread = self._opened.enter_context(ThreadPoolExecutor(1, thread_name_prefix="query"))

    def ask(self, text: str, timespan: str | None) -> tuple[Answer, ...]:
        """The answers to a query. Errors as those of `Questions.ask`."""
        question = Question(text, timespan)
        return self._work().run(self._questions.ask, LOCAL, question).tables

    @contextmanager
    def document(self, text: str, timespan: str | None, form: Format) -> Iterator[Iterator[bytes]]:
        """The last answer written in `form`, piece by piece while the context lasts."""
        work = self._work()
        opened = self._questions.document(LOCAL, Question(text, timespan), form)
        pieces = work.run(opened.__enter__)
        try:
            yield iter(lambda: work.run(next, pieces, None), None)
        finally:
            work.run(opened.__exit__, None, None, None)

    def catalog(self) -> Catalog:
        """What questions may name, the functions and tables that users made among it."""
        return self._questions.catalog(LOCAL)

    def close(self) -> None:
        """Wait for what runs, and close the store."""
        self._opened.close()

    def _work(self) -> _Work:
        return _Work(self._thread, self._questions.activity.stop)


class _Work:
    """What is done for one question, piece by piece, under one name."""

    def __init__(self, thread: ThreadPoolExecutor, stop: Callable[[UUID], None]) -> None:
        self._thread = thread
        self._stop = stop
        self._name = uuid4()
        self._context = copy_context()
        self._context.run(name_statements, self._name)

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of one piece of work. A KeyboardInterrupt ends it first; a second one waits no more."""
        running = self._thread.submit(lambda: self._context.run(work, *args, **kwargs))
        try:
            return running.result()
        except KeyboardInterrupt:
            self._end(running)
            raise

    def _end(self, running: Future[T]) -> None:
        while not running.done():
            self._stop(self._name)
            wait([running], STOP_AGAIN_S)
