"""What is being asked and was asked, and how a question is stopped."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from gatelog.api.activity import ENDED_MAX, TEXT_CHARACTERS_MAX, Activity, Origin, State
from gatelog.api.live_answer import LiveAnswer
from gatelog.api.principal import LOCAL, Principal, Role
from gatelog.api.questions import Question, Questions
from gatelog.api.workers import Workers
from gatelog.errors import KqlCancelledError, KqlSemanticError, StoreUnavailableError
from gatelog.model import SystemClock
from gatelog.store import Store, name_statements

ENDLESS = """range x from 1 to 10000000 step 1 | extend k = 1
| join kind=inner (range y from 1 to 10000 step 1 | extend k = 1) on k
| where hash(strcat(x, '-', y)) == 987654321987 | count"""
"""Hours of work that answers nothing before its end."""


class SteppingClock:
    """A second passes with every look."""

    def __init__(self) -> None:
        self._now = 0

    def now_ns(self) -> int:
        self._now += 10**9
        return self._now

    def monotonic_ns(self) -> int:
        return self._now


def activity() -> tuple[Activity, list[UUID]]:
    """And the names that it stopped."""
    stopped: list[UUID] = []
    return Activity(SteppingClock(), stopped.append), stopped


def test_a_question_runs_and_ends() -> None:
    known, _ = activity()
    with known.asking(LOCAL, "print 1", Origin("mine", "tests")) as asked:
        assert [one.state for one in known.all()] == [State.RUNNING]
    assert known.all() == [asked]
    assert (asked.state, asked.text, asked.origin) == (State.COMPLETED, "print 1", ("mine", "tests"))
    assert asked.ended is not None
    assert asked.ended - asked.began == timedelta(seconds=1)


def test_a_failure_has_its_reason_unless_an_engine_gave_it() -> None:
    known, _ = activity()
    with pytest.raises(KqlSemanticError), known.asking(LOCAL, "prnt 1"):
        raise KqlSemanticError("no such thing")
    with pytest.raises(StoreUnavailableError), known.asking(LOCAL, "print 1"):
        raise StoreUnavailableError("Cannot parse 'the tide'")
    assert [(one.state, one.failure) for one in known.all()] == [
        (State.FAILED, "no such thing"),
        (State.FAILED, "StoreUnavailableError"),
    ]


def test_what_was_stopped_says_so() -> None:
    """The engine reports it as if it were overloaded."""
    known, stopped = activity()
    name = uuid4()
    with pytest.raises(KqlCancelledError):
        copy_context().run(_stopped, known, name)
    with known.asking(LOCAL, "print 2"):
        known.stop(uuid4())
    assert [asked.state for asked in known.all()] == [State.CANCELLED, State.COMPLETED]
    assert stopped[0] == name


def _stopped(known: Activity, name: UUID) -> None:
    name_statements(name)
    with known.asking(LOCAL, "print 1"):
        known.stop(name)
        raise StoreUnavailableError("Code: 394")


def test_a_bounded_number_of_bounded_texts_is_kept() -> None:
    known, _ = activity()
    with known.asking(LOCAL, "running"):
        for number in range(ENDED_MAX + 5):
            with known.asking(LOCAL, f"{number:05}" * TEXT_CHARACTERS_MAX):
                pass
        texts = [one.text for one in known.all()]
    assert len(texts) == ENDED_MAX + 1
    assert texts[0] == "running"
    assert texts[1].startswith("00005")
    assert len(texts[1]) == TEXT_CHARACTERS_MAX


def test_statements_carry_the_name_of_their_turn(store: Store) -> None:
    """Which is how the engine knows them."""

    async def run() -> None:
        workers = Workers()
        questions = Questions(lambda: store, SystemClock())
        async with workers.turn(LOCAL) as turn:
            await turn.run(questions.ask, LOCAL, Question("print 1"))
            [asked] = questions.activity.all()
            assert await turn.run(_comment, store) == str(asked.name)
        workers.close()

    asyncio.run(run())


def _comment(store: Store) -> str:
    name = "SELECT Settings['log_comment'] FROM system.processes WHERE query LIKE '%system.processes%'"
    return str(store.run(name).rows[0][0])


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_a_client_that_leaves_frees_its_place(store: Store, form: str) -> None:
    """Long before the query's budget ends, though the engine has answered nothing yet."""

    async def run() -> float:
        questions = Questions(lambda: store, SystemClock())
        workers = Workers(at_once=1, stop=questions.activity.stop)
        left = asyncio.Event()

        async def receive() -> dict[str, str]:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(_: object) -> None:
            raise AssertionError("nobody is there")

        answer = LiveAnswer(
            workers,
            LOCAL,
            lambda: questions.document(LOCAL, Question(ENDLESS), form),  # type: ignore[arg-type]
            "text/plain",
        )
        answering = asyncio.create_task(answer({"type": "http"}, receive, send))
        while not await asyncio.to_thread(_is_running, store):
            assert not answering.done()
            await asyncio.sleep(0.01)
        began = asyncio.get_running_loop().time()
        left.set()
        await answering
        free = asyncio.get_running_loop().time() - began
        other = Principal("other", Role.LOG)
        counted = await workers.run_for(other, questions.ask, other, Question("Calls | count"))
        assert list(counted.tables[0].rows[0]) == [10]
        assert [asked.state for asked in questions.activity.all()] == [State.CANCELLED, State.COMPLETED]
        workers.close()
        return free

    assert asyncio.run(run()) < 10


def _is_running(store: Store) -> bool:
    running = "SELECT count() FROM system.processes WHERE query LIKE '%987654321987%'"
    return int(store.run(running).rows[0][0]) > 1


def test_a_stop_before_the_first_statement_is_repeated(store: Store) -> None:
    """A query that is still compiled when its client leaves has no statement yet."""

    async def run() -> None:
        questions = Questions(lambda: store, SystemClock())
        workers = Workers(stop=questions.activity.stop)
        gone = asyncio.get_running_loop().create_future()
        gone.set_result(None)
        async with workers.turn(LOCAL) as turn:
            with pytest.raises(KqlCancelledError):
                await turn.run_unless(gone, questions.ask, LOCAL, Question(ENDLESS))
        workers.close()

    asyncio.run(run())


def test_a_store_that_stops_nothing_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """The question is stopped again and again, until its work ends by itself."""
    refused = threading.Semaphore(0)

    def refuse(_: UUID) -> None:
        refused.release()
        raise StoreUnavailableError("KILL QUERY is not granted")

    def work() -> int:
        return sum(refused.acquire(timeout=10) for _ in range(2))

    async def run() -> int:
        workers = Workers(stop=refuse)
        gone = asyncio.get_running_loop().create_future()
        gone.set_result(None)
        async with workers.turn(LOCAL) as turn:
            stops = await turn.run_unless(gone, work)
        workers.close()
        return stops

    assert asyncio.run(run()) == 2
    assert [record.message for record in caplog.records] == [
        "a query could not be stopped: StoreUnavailableError; trying on"
    ]
