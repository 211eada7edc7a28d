"""Questions to a data directory, and how they are given up."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gatelog.cli.directory import Directory
from gatelog.errors import KqlSemanticError

ENDLESS = """range x from 1 to 10000000 step 1 | extend k = 1
| join kind=inner (range y from 1 to 100000 step 1 | extend k = 1) on k
| summarize sum(x * y % 7)"""
WITHIN_S = 30.0


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Directory]:
    """An empty one; the store is in memory, because a process has one engine."""
    with closing(Directory(tmp_path, "chdb://:memory:")) as opened:
        yield opened


@contextmanager
def ctrl_c_while_asking(directory: Directory) -> Iterator[None]:
    """Send SIGINT to this thread once the engine is at work: heard also where a shell started us with `&`."""
    activity = directory._questions.activity  # what a user sees as a query that takes long
    main = threading.get_ident()

    def press() -> None:
        deadline = time.monotonic() + WITHIN_S
        while not any(asked.state.value == "InProgress" for asked in activity.all()):
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=press)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)


def test_an_answer_comes_in_pieces(directory: Directory) -> None:
    with directory.document("range x from 1 to 3 step 1", None, "csv") as pieces:
        assert b"".join(pieces).split() == [b"x", b"1", b"2", b"3"]


def test_errors_are_those_of_a_hub(directory: Directory) -> None:
    with pytest.raises(KqlSemanticError, match="no table 'Cals'"):
        directory.ask("Cals", None)
    with pytest.raises(KqlSemanticError, match="no table 'Cals'"), directory.document("Cals", None, "csv"):
        pass


def test_ctrl_c_ends_a_query(directory: Directory) -> None:
    """And the next one need not wait for it."""
    with pytest.raises(KeyboardInterrupt), ctrl_c_while_asking(directory):
        directory.ask(ENDLESS, None)
    assert [asked.state.value for asked in directory._questions.activity.all()] == ["Cancelled"]
    assert [answer.rows for answer in directory.ask("print 1", None)] == [[(1,)]]


def test_ctrl_c_ends_an_answer_that_is_being_written(directory: Directory) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        ctrl_c_while_asking(directory),
        directory.document(ENDLESS, None, "csv") as pieces,
    ):
        list(pieces)
    assert [answer.rows for answer in directory.ask("print 1", None)] == [[(1,)]]
