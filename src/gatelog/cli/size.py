"""`gatelog size`: what so many calls a month need."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
import typer

from gatelog.cli.options import Json

CALLS_MAX: Final = 10**12
BYTES_MAX: Final = 10**12
PEAK_MAX: Final = 10**6
DAYS_MAX: Final = 36_500
"""What is asked beyond these (a trillion calls, a terabyte each, a century) is a slip of the keyboard."""


def size(
    calls_per_month: Annotated[
        int, typer.Option(min=1, max=CALLS_MAX, metavar="N", help="Calls of all kinds.")
    ],
    bytes_per_call: Annotated[
        int,
        typer.Option(min=0, max=BYTES_MAX, metavar="B", help="Request and response body of a call together."),
    ] = 4_000,
    stream_share: Annotated[
        float, typer.Option(min=0, max=1, metavar="S", help="Share of calls that are streams, 0 to 1.")
    ] = 0.5,
    peak_factor: Annotated[
        float,
        typer.Option(min=1, max=PEAK_MAX, metavar="F", help="Calls in the busiest second, over the mean."),
    ] = 10,
    retention_days: Annotated[
        int, typer.Option(min=1, max=DAYS_MAX, metavar="D", help="Days a call is kept.")
    ] = 365,
    body_retention_days: Annotated[
        int, typer.Option(min=1, max=DAYS_MAX, metavar="D", help="Days its bodies are kept.")
    ] = 90,
    json: Json = False,
) -> None:
    """Compute what so many calls a month need.

    Processors, memory and disk, from measured costs.
    """
    from gatelog.app import Workload, size_lines, size_of  # loaded here: --help stays quick

    work = Workload(
        calls_per_month, bytes_per_call, stream_share, peak_factor, retention_days, body_retention_days
    )
    if json:
        print(msgspec.json.encode({"workload": work._asdict(), "size": size_of(work)._asdict()}).decode())
    else:
        print("\n".join(size_lines(work, size_of(work))))
