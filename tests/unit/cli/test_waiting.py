"""The line that says that a command is still at work."""

from __future__ import annotations

import io
import itertools
import time

import pytest
from rich.console import Console

from gatelog.cli.waiting import Waiting, counted, waiting
from gatelog.testing.stack import wait_until

WITHIN_S = 30.0


def terminal(**options: object) -> tuple[Console, io.StringIO]:
    """A console that takes itself for a terminal of 60 columns, and what it wrote."""
    file = io.StringIO()
    settings = {"force_terminal": True, "width": 60, "_environ": {"TERM": "xterm"}} | options
    return Console(file=file, **settings), file  # type: ignore[arg-type]  # as named


def wait_for(text: str, file: io.StringIO) -> None:
    wait_until(lambda: text in file.getvalue(), f"{text!r} on the terminal", WITHIN_S)


def lines_of(what: str, *, amount: str = "", width: int = 60) -> list[str]:
    """What is shown after twelve seconds and a half."""
    line = Waiting(what, iter([0.0, 12.5]).__next__)
    line.amount = amount
    lines = Console(width=width).render_lines(line, pad=False)
    return ["".join(part.text for part in parts) for parts in lines]


def test_it_says_what_how_long_how_far_and_how_to_give_up() -> None:
    assert lines_of("reading", amount="3 of 4") == ["⠋ reading · 12 s · 3 of 4 · Ctrl-C gives up"]
    assert lines_of("reading") == ["⠋ reading · 12 s · Ctrl-C gives up"]


def test_it_is_one_line_however_narrow_the_terminal() -> None:
    assert lines_of("reading", width=20) == ["⠋ reading · 12 s · …"]


def test_it_moves() -> None:
    line = Waiting("reading", itertools.count(step=0.125).__next__)
    assert len({line.__rich__().plain[0] for _ in range(10)}) == 10


def test_it_appears_while_the_work_lasts_and_is_wiped_away() -> None:
    """The cursor is shown again, and the line cleared."""
    console, file = terminal()
    with waiting("reading", console, after=0):
        wait_for("reading", file)
    assert file.getvalue().endswith("\x1b[?25h\r\x1b[1A\x1b[2K")


def test_it_is_gone_when_the_work_fails() -> None:
    console, file = terminal()

    def fail() -> None:
        with waiting("reading", console, after=0):
            wait_for("reading", file)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert file.getvalue().endswith("\x1b[2K")


def test_what_is_done_soon_needs_no_line() -> None:
    console, file = terminal()
    with waiting("reading", console, after=3600):
        pass
    assert file.getvalue() == ""


@pytest.mark.parametrize("options", [{"force_terminal": False}, {"_environ": {"TERM": "dumb"}}])
def test_where_a_line_cannot_be_wiped_away_there_is_none(options: dict[str, object]) -> None:
    console, file = terminal(**options)
    with waiting("reading", console, after=0):
        pass
    assert file.getvalue() == ""


def test_a_terminal_that_does_not_take_utf8_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it cannot write would fail the work itself."""
    monkeypatch.setattr("gatelog.cli.waiting.Timer", None)
    file = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    with waiting("reading", Console(file=file, force_terminal=True, _environ={"TERM": "xterm"}), after=0):
        pass
    assert file.buffer.getvalue() == b""


def test_without_colours_it_has_none() -> None:
    console, file = terminal(_environ={"TERM": "xterm", "NO_COLOR": "1"})
    with waiting("reading", console, after=0):
        wait_for("reading", file)
    assert "\x1b[36m" not in file.getvalue()


def test_a_pager_has_the_screen_for_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard error is a terminal, standard output is not."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with waiting("reading", after=0):
        pass
    assert capsys.readouterr().err == ""


def test_bytes_are_counted_as_they_pass() -> None:
    line = Waiting("reading", time.monotonic)
    pieces = counted([b"a" * 600, b"b" * 600], line)
    assert next(pieces) == b"a" * 600
    assert line.amount == "600 bytes"
    assert (next(pieces), line.amount) == (b"b" * 600, "1.2 kB")
