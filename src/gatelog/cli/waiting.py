"""One line on the terminal while a command takes long: what it does, for how long, how to give up.

⠙ waiting for the answer · 12 s · 3.4 MB · Ctrl-C gives up

It comes after a second, on standard error, and is wiped away at the end. There is none where standard error
is no terminal, or one that does not take UTF-8, and none where standard output goes elsewhere: to a pager,
say, which has the same screen.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Final

from rich.console import Console
from rich.filesize import decimal
from rich.live import Live
from rich.text import Text

SHOWN_AFTER_S: Final = 1.0
"""What is done sooner needs no line."""

FRAMES_PER_S: Final = 8
FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Waiting:
    """What the line says. `amount` is how far the work has come."""

    def __init__(self, what: str, clock: Callable[[], float]) -> None:
        self.what = what
        self.amount = ""
        self._clock = clock
        self._began = clock()

    def __rich__(self) -> Text:
        """The line, as of now."""
        elapsed = self._clock() - self._began
        parts = filter(None, (self.what, f"{elapsed:.0f} s", self.amount, "Ctrl-C gives up"))
        frame = FRAMES[int(elapsed * FRAMES_PER_S) % len(FRAMES)]
        said = f" {' · '.join(parts)}"
        return Text.assemble((frame, "cyan"), (said, "dim"), no_wrap=True, overflow="ellipsis")


@contextmanager
def waiting(
    what: str,
    console: Console | None = None,
    *,
    after: float = SHOWN_AFTER_S,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Waiting]:
    """Show the line while the `with` block takes longer than `after` seconds."""
    console = console or Console(stderr=True, force_terminal=None if sys.stdout.isatty() else False)
    line = Waiting(what, clock)
    if not console.is_terminal or console.is_dumb_terminal or console.options.ascii_only:
        yield line
        return
    live = Live(
        line,
        console=console,
        refresh_per_second=FRAMES_PER_S,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    timer = Timer(after, live.start)
    timer.daemon = True
    timer.start()
    try:
        yield line
    finally:
        timer.cancel()
        timer.join()
        live.stop()


def counted(pieces: Iterable[bytes], line: Waiting) -> Iterator[bytes]:
    """The pieces as they are; the line says how many bytes there were."""
    total = 0
    for piece in pieces:
        total += len(piece)
        line.amount = decimal(total)
        yield piece
