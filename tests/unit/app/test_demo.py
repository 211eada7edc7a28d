"""The demo's ingredients: a valid configuration, and queries as their authors published them."""

import asyncio
import errno
import fcntl
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatelog.api.data_directory import LOCK_FILE
from gatelog.app.child import StartError
from gatelog.app.demo import Answered, DemoError, Outcome, published_queries, run_demo
from gatelog.app.installation import CONFIGURATION, KEYS, SIMULATOR_KEY, Installation, Ports
from gatelog.app.traffic import Tally
from gatelog.config import KeyDigest, parse
from gatelog.errors import ConfigError

SEEDS = Path(__file__).parents[4] / "shared" / "seeds"


def test_its_configuration_is_valid() -> None:
    text = CONFIGURATION.format(file="x", simulator=SIMULATOR_KEY, **Ports(1, 2, 3, 4)._asdict(), **KEYS)
    config = parse(text, {}, Path("/demo"))
    assert {name: sub.keys for name, sub in config.subscriptions.items()} == {
        name: (KeyDigest.of(key),) for name, key in KEYS.items()
    }
    assert [backend.url for backend in config.backends.values()] == [
        "http://127.0.0.1:3",
        "http://127.0.0.1:4",
    ]


def test_a_port_that_is_taken_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 9002))
            taken.listen()
        except OSError:
            pass  # somebody else has it: the better
        ports = Ports.choose()
    assert ports.west not in (9002, 0)
    assert len(set(ports)) == 4


def test_a_complaint_is_a_line_of_the_log_whole(tmp_path: Path) -> None:
    place = Installation(tmp_path, Ports(1, 2, 3, 4))
    place.log_file.write_bytes("gatelog ready\u2028error: no\nerror: port\u2028taken \x85\n".encode())
    assert place.complaint() == "port\u2028taken \x85"


def test_a_demo_that_cannot_start_says_what_its_parts_said(tmp_path: Path) -> None:
    """Of this start, that is: the log goes on where the one before ended."""
    (tmp_path / "demo.log").write_text("error: long ago\n")
    (tmp_path / "data").write_text("no directory")
    place = Installation(tmp_path, Ports.choose())

    async def start() -> None:
        async with place.running():
            pass

    with pytest.raises(StartError):
        asyncio.run(start())
    assert place.complaint() == (
        f"data: {place.data} cannot be used (File exists): name a directory that gatelog may write to"
    )


def test_a_directory_that_cannot_be_is_told() -> None:
    with pytest.raises(ConfigError, match=r"--data: /dev/null cannot be used \(File exists\)"):
        run_demo(Path("/dev/null"))


@pytest.mark.parametrize("lock", ["demo.log", f"data/{LOCK_FILE}"])
def test_a_directory_that_is_in_use_is_left_as_it_is(tmp_path: Path, lock: str) -> None:
    """By another demo, or by a hub or a shell on its data."""
    config = tmp_path / "gatelog.yaml"
    config.write_text("of the other demo")
    (tmp_path / "data").mkdir()
    with (tmp_path / lock).open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match=f"--data: {tmp_path} is in use: end what has it open first"):
            run_demo(tmp_path)
    assert config.read_text() == "of the other demo"
    assert not (tmp_path / "simulator.yaml").exists()


def test_a_directory_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As NFS may be mounted."""

    def refuse(_: object, __: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    told = rf"--data: {tmp_path} cannot be locked \(No locks available\): name a directory on a disk of this"
    with pytest.raises(ConfigError, match=told):
        run_demo(tmp_path)


def test_there_are_six_queries_with_a_title_each() -> None:
    queries = published_queries()
    assert len(queries) == 6
    assert len({title for title, _ in queries}) == 6
    assert all(
        query.split()[0] in ("ApiManagementGatewayLogs", "AzureDiagnostics", "AzureMetrics")
        for _, query in queries
    )
    assert any("//completions_create'" in query for _, query in queries)


def outcome(answer: dict[str, Any] | None, *, complete: bool = True) -> Outcome:
    answered = Answered("Usage", "Calls", answer, None if answer else "the store is away")
    return Outcome("http://gateway", "http://hub", "data", Tally(calls=3), {"complete": complete}, [answered])


def test_a_demo_is_judged_by_its_record_and_its_answers() -> None:
    table = {"columns": [], "rows": []}
    outcome(table).judge()
    with pytest.raises(DemoError, match="calls are missing"):
        outcome(table, complete=False).judge()
    with pytest.raises(DemoError, match="without an answer: Usage"):
        outcome(None).judge()


def test_what_a_demo_saw_is_one_json_document() -> None:
    document = msgspec.json.decode(msgspec.json.encode(outcome(None)))
    assert document["traffic"]["calls"] == 3
    assert document["answers"][0]["error"] == "the store is away"
    assert set(document) == {"gateway", "hub", "data", "traffic", "completeness", "answers"}


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the documents that published the queries are not here")
def test_the_queries_are_verbatim() -> None:
    published = "\n".join(path.read_text() for path in sorted(SEEDS.iterdir()))
    assert not [title for title, query in published_queries() if query not in published]
