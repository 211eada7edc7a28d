"""T5 on a real disk that is really full: a small tmpfs. Skipped where mounting is not allowed."""

from __future__ import annotations

import errno
import itertools
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from gatelog.errors import SpoolFailedError
from gatelog.model import Account
from gatelog.simulator import SimulatorThread
from gatelog.spool import OsFileSystem
from gatelog.testing.stack import wait_until

from .conftest import CONFIGURATION, RunningGateway

SIZE_MIB = 40  # the ballast takes 16
SPOOL = "spool: {segment_bytes: 1MiB, capacity_bytes: 256MiB}\n"


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a small disk; it is gone after the test."""
    place = tmp_path / "data"

    def at(options: str) -> Path:
        place.mkdir(exist_ok=True)
        result = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", str(place)], capture_output=True, text=True
        )
        if result.returncode:
            pytest.skip(f"a tmpfs cannot be mounted here: {result.stderr.strip()}")
        return place

    yield at
    if place.is_mount():
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def start(tmp_path: Path, simulator: SimulatorThread, mount) -> Iterator[Callable[[], RunningGateway]]:
    """Starts a gateway whose data directory is on the small disk."""
    running: list[RunningGateway] = []

    def go() -> RunningGateway:
        backends = f'  b0: {{kind: azure-openai, url: "{simulator.url}", api_key: "backend-key-1"}}'
        text = CONFIGURATION.format(data=tmp_path / "data", backends=backends, names="b0", timeouts="{}")
        gateway = RunningGateway(text + SPOOL, tmp_path, OsFileSystem())  # type: ignore[arg-type]
        running.append(gateway.__enter__())
        return gateway

    yield go
    for gateway in running:
        gateway.stop()


class Caller:
    """One client of a gateway; the prompts are bytes that zstd cannot shrink, so that a disk fills."""

    def __init__(self, gateway: RunningGateway) -> None:
        self._client = httpx2.Client(base_url=gateway.url, timeout=30)
        self._random = random.Random(5)

    def close(self) -> None:
        self._client.close()

    def post(self, key: str, *, size: int = 100) -> httpx2.Response:
        return self._client.post(
            "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
            json={"messages": [{"role": "user", "content": self._random.randbytes(size).hex()}]},
            headers={"api-key": key},
        )


def fill(disk: Path) -> None:
    """Take every byte that is left."""
    with (disk / "filler").open("ab", buffering=0) as file:
        for piece in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(piece)):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def fill_inodes(disk: Path) -> None:
    """Take every name that is left."""
    for number in itertools.count(sum(1 for _ in disk.glob("name-*"))):
        try:
            (disk / f"name-{number}").touch()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return


def use_up(caller: Caller) -> None:
    """Write into what was preallocated: until `required` is refused, then until nothing fits any more."""
    while caller.post("strict-key-1", size=20_000).status_code == 200:
        pass
    for _ in range(1_500):  # of these, bodies are not kept: the level is REJECT
        assert caller.post("loose-key-1").status_code == 200


def assert_only_the_unlogged_are_refused(caller: Caller) -> None:
    strict = [caller.post("strict-key-1") for _ in range(10)]
    loose = [caller.post("loose-key-1") for _ in range(10)]
    assert {answer.status_code for answer in strict} == {503}
    assert all("capture_unavailable" in answer.text for answer in strict)
    assert {answer.status_code for answer in loose} == {200}


def assert_heals_within_five_seconds(gateway: RunningGateway, caller: Caller) -> None:
    wait_until(lambda: caller.post("strict-key-1").status_code == 200, "recording again", 5)
    gateway.stop()
    account = gateway.account()
    assert account.accepted == account.recorded + account.unlogged_total
    assert account.unlogged_total >= 20
    announced = {
        sequence
        for record in gateway.records()
        if isinstance(record, Account)
        for sequences in record.unlogged.values()
        for sequence in sequences
    }
    assert len(announced) == account.unlogged_total
    whole = {call.start.sequence for call in gateway.calls() if call.end}
    assert whole - announced == set(range(1, account.accepted + 1)) - announced
    assert len(whole - announced) == account.recorded


def test_without_space_the_unlogged_are_refused_and_it_heals(start, mount) -> None:
    disk = mount(f"size={SIZE_MIB}m")
    gateway = start()
    with closing(Caller(gateway)) as caller:
        assert caller.post("strict-key-1").status_code == 200
        fill(disk)
        use_up(caller)
        fill(disk)  # the ballast was released for acknowledgements: take that too
        assert_only_the_unlogged_are_refused(caller)
        (disk / "filler").unlink()
        assert_heals_within_five_seconds(gateway, caller)


def test_without_inodes_the_unlogged_are_refused_and_it_heals(start, mount) -> None:
    disk = mount(f"size={SIZE_MIB}m,nr_inodes=64")
    gateway = start()
    with closing(Caller(gateway)) as caller:
        assert caller.post("strict-key-1").status_code == 200
        fill_inodes(disk)
        use_up(caller)
        fill_inodes(disk)  # the ballast's name
        assert_only_the_unlogged_are_refused(caller)
        for path in disk.glob("name-*"):
            path.unlink()
        assert_heals_within_five_seconds(gateway, caller)


def test_a_read_only_disk_is_named_at_the_start(start, mount) -> None:
    mount(f"size={SIZE_MIB}m,ro")
    with pytest.raises(SpoolFailedError, match=r"cannot be used: Read-only file system: check that it is"):
        start()
