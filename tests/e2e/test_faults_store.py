"""T8, T9: a store that dies, stalls, loses its answers, and a hub that hangs: no client notices."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gatelog.testing.clickhouse_server import ClickHouseServer
from gatelog.testing.fault_proxy import FaultProxy
from gatelog.testing.kills import check_account
from gatelog.testing.load import Load
from gatelog.testing.oracle import ROWS, judge
from gatelog.testing.stack import CONFIGURATION, Stack, accepts, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

RATE = 100
OUTAGE_S = 3.0


class Place(NamedTuple):
    """A stack whose store is a server behind a proxy."""

    stack: Stack
    server: ClickHouseServer
    proxy: FaultProxy


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory: Path = tmp_path_factory.mktemp("faults")
    with (
        ClickHouseServer(directory / "store") as server,
        FaultProxy(server.port) as proxy,
    ):
        dsn = server.dsn.replace(f":{server.port}/", f":{proxy.port}/")
        with Stack(directory, configuration=f'{CONFIGURATION}store: {{{{dsn: "{dsn}"}}}}\n') as stack:
            yield Place(stack, server, proxy)


def assert_nothing_happened(stack: Stack, load: Load) -> None:
    """Every call was served, and has exactly one row with what the client saw."""
    assert len(load.obligations) > RATE * OUTAGE_S / 2
    assert {seen.status for seen in load.obligations} == {200}
    assert (load.broken, load.unreachable, load.skipped) == (0, 0, 0)
    own = ROWS + f"| where Nonce startswith '{load.nonces}'"
    ended = {seen.request_id for seen in load.obligations}
    wait_until(lambda: ended <= {row[1] for row in stack.kql(own)[1]}, "every call in the store", 60)
    verdict = judge(load.obligations, load.asked, stack.kql(own)[1])
    assert verdict.passed, verdict
    wait_until(lambda: bool(stack.get("/completeness")["open"] == 0), "a settled account", 30)
    check_account(stack.get("/completeness"))


def load_on(stack: Stack, name: str) -> Load:
    return Load(stack.gateway_port, list(stack.keys.values()), rate=RATE, name=name)


def test_a_dead_store_costs_nothing(place: Place) -> None:
    """T8: killed under load, back later. Calls wait in the spool."""
    with load_on(place.stack, "dead") as load:
        time.sleep(1)
        place.server.kill()
        time.sleep(OUTAGE_S)
        place.server.__enter__()
        time.sleep(1)
    assert_nothing_happened(place.stack, load)


def test_a_store_that_commits_but_whose_answer_is_lost_stores_nothing_twice(place: Place) -> None:
    """T9: three answers of ten are cut off after the store has given them."""
    before = place.proxy.lost_answers
    place.proxy.lose_answers = 0.3
    with load_on(place.stack, "unheard") as load:
        time.sleep(OUTAGE_S + 1)
    place.proxy.lose_answers = 0.0
    assert place.proxy.lost_answers > before
    assert_nothing_happened(place.stack, load)


def test_a_store_that_stalls_costs_nothing(place: Place) -> None:
    """It takes connections and says nothing for a while."""
    with load_on(place.stack, "stalled") as load:
        place.proxy.stalled = True
        time.sleep(OUTAGE_S)
        place.proxy.stalled = False
    assert_nothing_happened(place.stack, load)


def test_a_hub_that_hangs_costs_nothing(place: Place) -> None:
    """The gateway knows nothing of it; the hub goes on where it stopped."""
    hub = place.stack.wing("hub")
    with load_on(place.stack, "hung") as load:
        os.kill(hub, signal.SIGSTOP)
        try:
            time.sleep(OUTAGE_S)
        finally:
            os.kill(hub, signal.SIGCONT)
    assert_nothing_happened(place.stack, load)


def test_a_lost_store_is_rebuilt_from_the_segments_that_are_still_there(tmp_path: Path) -> None:
    """Without the store and the acknowledgements, everything in the spool is read again."""
    with Stack(tmp_path) as stack:
        with load_on(stack, "kept") as load:
            time.sleep(1)
        assert stack.stop() == 0
        shutil.rmtree(stack.data / "store")
        for log in stack.data.glob("spool/*/ack-*.log"):
            log.unlink()
        stack.start()
        stack.wait_recorded(len(load.obligations))
        verdict = judge(load.obligations, load.asked, stack.kql(ROWS)[1])
        assert verdict.passed, verdict
        kept = len(load.obligations)
        wait_until(lambda: stack.get("/completeness")["recorded"] == kept, "the account of all calls", 30)
        check_account(stack.get("/completeness"))


def test_a_damaged_store_stops_the_hub_alone_and_is_replaced_while_the_gateway_serves(tmp_path: Path) -> None:
    """The hub is tried again; once the store is moved away, a new one takes what the spool has."""
    with Stack(tmp_path) as stack:
        assert stack.stop() == 0
        store = stack.data / "store"
        for file in store.rglob("*.sql"):
            file.write_text("not SQL")
        stack.launch()
        wait_until(lambda: accepts(stack.gateway_port), "the gateway serves", 30)
        with load_on(stack, "meanwhile") as load:
            wait_until(lambda: "hub ended with exit code 1" in stack.log(), "the hub gives up", 30)
            time.sleep(0.5)
        assert {seen.status for seen in load.obligations} == {200}
        store.rename(stack.data / "store.damaged")
        stack.wait_recorded(len(load.obligations))
        verdict = judge(load.obligations, load.asked, stack.kql(ROWS)[1])
        assert verdict.passed, verdict


def test_what_a_lost_store_took_with_it_is_said_to_be_missing(tmp_path: Path) -> None:
    """The hub is killed and its store removed under a running gateway, after everything was acknowledged."""
    with Stack(tmp_path) as stack:
        with load_on(stack, "gone") as load:
            time.sleep(1)
        gone = len(load.obligations)
        stack.wait_recorded(gone)
        wait_until(lambda: stack.get("/completeness")["accepted"] == gone, "a settled account", 30)
        hub = stack.wing("hub")
        os.kill(hub, signal.SIGKILL)
        shutil.rmtree(stack.data / "store")
        with load_on(stack, "after") as load:
            time.sleep(2)
        stack.wait_recorded(len(load.obligations))
        wait_until(lambda: stack.get("/completeness")["accepted"] >= gone, "an account", 30)
        account = stack.get("/completeness")
        assert account["complete"] is False
        assert account["missing"] == gone
