"""Where the connection of one client stands: requests in, replies out, one request at a time.

         strict head         body read              reply ended
┌──────┐           ┌──────┐             ┌───────────┐             ┌──────────┐
│ HEAD ├──────────▶│ BODY ├────────────▶│ ANSWERING ├────────────▶│ FLUSHING │
└┬────▲┘           └───┬──┘             └─────┬─────┘             └────┬─────┘
 │    │                │ reply ended first    │ not to be kept         │ the client has
 │    │          ┌─────▼────┐  too    ┌───────▼───┐                    │ read enough
 │    │          │ DRAINING ├────────▶│ LINGERING │                    │
 │    │          └─────┬────┘  much   └───▲───┬───┘                    │
 │    └────────────────┴──────────────────│───│────────────────────────┘
 └── refused ─────────────────────────────┘   └── the client closes, or a moment later ──▶ CLOSED

From every state: abort, reset, timeout ──▶ CLOSED.
"""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """A state of the drawing above."""

    HEAD = 0
    BODY = 1
    ANSWERING = 2
    DRAINING = 3
    FLUSHING = 4
    LINGERING = 5
    CLOSED = 6
