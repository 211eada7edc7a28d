"""SIGKILL of the hub while rows come into a table of the users' own, from several sides at once.

A request that was acknowledged is there, each whole or not at all; so is the answer of a query that is kept.
"""

from __future__ import annotations

import itertools
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatelog.testing.stack import Stack, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KILLS = 3
SENDERS = 3
ROWS = 40  # of one request
WAIT_S = 60


def asked(stack: Stack, path: str, data: bytes, kind: str) -> bool:
    """Whether a request was answered with 200."""
    request = urllib.request.Request(stack.hub_url + path, data=data, headers={"content-type": kind})
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
            return bool(answer.status == 200 and answer.read())
    except OSError:
        return False  # the hub was killed, or is starting again


def command(stack: Stack, text: str) -> bool:
    body = json.dumps({"db": "gatelog", "csl": text}).encode()
    return asked(stack, "/v1/rest/mgmt", body, "application/json")


class Sender(threading.Thread):
    """Sends one request after the other, each of rows of its own number, until it is told to stop."""

    def __init__(self, send: Callable[[int], bool], numbers: Iterator[int]) -> None:
        super().__init__(daemon=True)
        self._send = send
        self._numbers = numbers
        self.stopping = threading.Event()
        self.acknowledged: set[int] = set()

    def run(self) -> None:
        while not self.stopping.is_set():
            number = next(self._numbers)
            if self._send(number):
                self.acknowledged.add(number)


def test_rows_that_were_acknowledged_survive_the_hub(tmp_path: Path) -> None:
    numbers = itertools.count()  # next() of it is one step of the interpreter
    with Stack(tmp_path, names=("east",)) as stack:
        assert command(stack, ".create table T (batch: long, row: long, cost: decimal)")

        def stream(batch: int) -> bool:
            data = "".join(f"{batch},{row},0.1\n" for row in range(ROWS)).encode()
            return asked(stack, "/v1/rest/ingest/gatelog/T?streamFormat=csv", data, "text/csv")

        def append(batch: int) -> bool:
            query = (
                f"range row from 0 to {ROWS - 1} step 1 | project batch = {batch}, row, cost = decimal(0.1)"
            )
            return command(stack, f".append T <| {query}")

        senders = [Sender(stream, numbers) for _ in range(SENDERS - 1)] + [Sender(append, numbers)]
        for sender in senders:
            sender.start()
        for _ in range(KILLS):
            before = [len(sender.acknowledged) for sender in senders]
            wait_until(
                lambda before=before: all(
                    len(s.acknowledged) > b + 1 for s, b in zip(senders, before, strict=True)
                ),
                "rows from every side",
                WAIT_S,
            )
            stack.kill_wing("hub")
        for sender in senders:
            sender.stopping.set()
        for sender in senders:
            sender.join(WAIT_S)
        wait_until(lambda: command(stack, ".show version"), "a hub after the last kill", WAIT_S)

        stored = dict(stack.kql("T | summarize count() by batch")[1])
        acknowledged = set().union(*(sender.acknowledged for sender in senders))
        assert len(acknowledged) >= KILLS * SENDERS
        assert acknowledged <= stored.keys()
        assert set(stored.values()) == {ROWS}
        assert stack.scalar("T | summarize tostring(sum(cost))") == str(len(stored) * ROWS // 10)


def test_tables_that_change_places_have_all_done_so_or_none(tmp_path: Path) -> None:
    with Stack(tmp_path, names=("east",)) as stack:
        for name in "ABC":
            assert command(stack, f".set {name} <| print which = '{name}'")

        def rotate(_: int) -> bool:
            return command(stack, ".rename tables A = B, B = C, C = A")

        sender = Sender(rotate, itertools.count())
        sender.start()
        for _ in range(KILLS):
            before = len(sender.acknowledged)
            wait_until(lambda before=before: len(sender.acknowledged) > before + 1, "renamed tables", WAIT_S)
            stack.kill_wing("hub")
        sender.stopping.set()
        sender.join(WAIT_S)
        wait_until(lambda: command(stack, ".show version"), "a hub after the last kill", WAIT_S)

        rows = stack.kql("union withsource=name A, B, C | sort by name asc | project which")[1]
        assert "".join(which for (which,) in rows) in {"ABC", "BCA", "CAB"}


def test_tables_that_a_query_makes_or_replaces_are_whole(tmp_path: Path) -> None:
    many = 100_000  # rows, enough that most kills come in the middle

    def filling(number: int) -> str:
        return f"range row from 1 to {many} step 1 | extend generation = {number}, text = tostring(row)"

    with Stack(tmp_path, names=("east",)) as stack:
        assert command(stack, f".set P <| {filling(0)}")

        def replace(number: int) -> bool:
            return command(stack, f".set-or-replace P <| {filling(number)}")

        def make(number: int) -> bool:
            return command(stack, f".set N{number} <| {filling(number)}")

        numbers = itertools.count(1)
        replacing, making = Sender(replace, numbers), Sender(make, numbers)
        for sender in (replacing, making):
            sender.start()
        for _ in range(KILLS):
            before = len(replacing.acknowledged)
            wait_until(lambda before=before: len(replacing.acknowledged) > before, "a new list", WAIT_S)
            stack.kill_wing("hub")
        for sender in (replacing, making):
            sender.stopping.set()
            sender.join(WAIT_S)
        wait_until(lambda: command(stack, ".show version"), "a hub after the last kill", WAIT_S)

        [[generation, count]] = stack.kql("P | summarize count() by generation")[1]
        assert count == many
        assert generation >= max(replacing.acknowledged)
        made = dict(stack.kql("union withsource = name N* | summarize count() by generation")[1])
        assert making.acknowledged <= made.keys()
        assert set(made.values()) <= {many}
