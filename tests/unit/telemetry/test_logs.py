"""Log lines: JSON for machines, plain for terminals, and nothing secret in either."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from gatelog.config import Secret
from gatelog.telemetry import configure_logging


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("gatelog").setLevel(logging.NOTSET)


def test_a_line_is_one_json_object_with_its_extras() -> None:
    stream = io.StringIO()
    configure_logging("hub", stream=stream)
    logging.getLogger("gatelog.sinks").warning("behind by %d s", 5, extra={"spool": "gateway-0", "rows": 7})
    line = json.loads(stream.getvalue())
    time = line.pop("time")
    assert line == {
        "level": "warning",
        "logger": "gatelog.sinks",
        "process": "hub",
        "message": "behind by 5 s",
        "spool": "gateway-0",
        "rows": 7,
    }
    assert time.endswith("Z")
    assert len(time) == len("2026-01-02T03:04:05.678Z")


def test_a_traceback_stays_on_the_line() -> None:
    stream = io.StringIO()
    configure_logging("hub", stream=stream)
    try:
        raise RuntimeError("broken\nin two")
    except RuntimeError:
        logging.getLogger("gatelog.sinks").exception("failed")
    [line] = stream.getvalue().splitlines()
    assert "RuntimeError: broken" in json.loads(line)["exception"]


def test_a_terminal_gets_plain_text() -> None:
    stream = Terminal()
    configure_logging("gateway-0", stream=stream)
    logging.getLogger("gatelog.app").info("draining", extra={"open": 3})
    assert stream.getvalue().rstrip().endswith("gateway-0 info    draining  open=3")


def test_other_packages_are_heard_from_warnings_on() -> None:
    stream = io.StringIO()
    configure_logging("hub", stream=stream)
    logging.getLogger("somebody").info("chatter")
    logging.getLogger("somebody").warning("trouble")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["trouble"]


def test_a_secret_that_reaches_a_logger_stays_one() -> None:
    stream = io.StringIO()
    configure_logging("hub", stream=stream)
    secret = Secret("canary-7f3a")
    logging.getLogger("gatelog.app").warning("%s %r", secret, {"key": secret}, extra={"key": secret})
    assert "canary" not in stream.getvalue()
    assert "Secret(…)" in stream.getvalue()
