"""Log lines of the `gatelog.*` loggers on stderr: one JSON object a line, or plain text for a terminal.

    {"time":"2026-01-02T03:04:05.678Z","level":"info","logger":"gatelog.app","process":"gateway-0","message":"…"}

Values given with `extra=` become members of the object. Nothing secret is ever handed to a logger.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

import msgspec

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_ENCODER = msgspec.json.Encoder(enc_hook=str)


class JsonFormatter(logging.Formatter):
    """One line of JSON a record."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The record's time (UTC), level, logger, message, extras, and traceback where there is one."""
        line: dict[str, object] = {
            "time": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": self._process,
            "message": record.getMessage(),
        }
        line |= _extras(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _ENCODER.encode(line).decode()


class PlainFormatter(logging.Formatter):
    """`03:04:05 gateway-0 warning  message  key=value`."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The same facts for a person."""
        extras = "".join(f"  {name}={value}" for name, value in _extras(record).items())
        clock = _timestamp(record)[11:19]
        line = f"{clock} {self._process} {record.levelname.lower():7} {record.getMessage()}{extras}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure_logging(process: str, *, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send the process's `gatelog.*` records, and other packages' warnings, to `stream` (default stderr)."""
    target = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(target)
    handler.setFormatter(PlainFormatter(process) if target.isatty() else JsonFormatter(process))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("gatelog").setLevel(level)


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}
