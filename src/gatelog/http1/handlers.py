"""What the application implements: one object per request, one per call, all of it called on the event loop.

RequestHandler    on_request (on_body* on_end)? … on_abort?      while the reply is written
ResponseHandler   on_sent? (on_head on_body* on_end | on_failure)   exactly one end, unless cancelled
"""

from __future__ import annotations

from typing import Protocol

from gatelog.http1.failures import AbortReason, Failure
from gatelog.http1.head import Header, RequestHead, ResponseHead
from gatelog.http1.reply import Reply


class RequestHandler(Protocol):
    """The application's side of one request."""

    def on_request(self, head: RequestHead, reply: Reply) -> None:
        """The head is complete and strict. The reply may be given here or at any later time."""

    def on_body(self, data: bytes) -> None:
        """A part of the body, chunked framing removed; never empty."""

    def on_end(self, trailers: list[Header]) -> None:
        """The request is complete. Called whether it had a body or not."""

    def on_abort(self, reason: AbortReason) -> None:
        """Nothing more comes and nothing more can be sent. At most once, never after the reply ended.

        `Reply.given` says what the server answers in the handler's place, if it does: when this returns. A
        handler that has set `Reply.withheld` says when, with `Reply.give`, or answers itself after all.
        """

    def on_pause(self) -> None:
        """The client reads slowly: stop writing. The reply before may be what it has not read."""

    def on_resume(self) -> None:
        """The client caught up: write again."""


class ResponseHandler(Protocol):
    """The application's side of one call to an origin."""

    def on_sent(self) -> None:
        """Head and first body bytes were handed to a connection.

        May come before `Pool.send` returns, and after `on_pause_upload` if those bytes filled the buffer.
        """

    def on_head(self, head: ResponseHead) -> None:
        """The final head; interim answers are swallowed. May come before the upload has ended."""

    def on_body(self, data: bytes) -> None:
        """A part of the body, chunked framing removed; never empty."""

    def on_end(self, trailers: list[Header]) -> None:
        """The answer is complete."""

    def on_failure(self, failure: Failure) -> None:
        """The answer will not be completed. Never called before `Pool.send` returns."""

    def on_pause_upload(self) -> None:
        """The origin reads slowly: stop writing."""

    def on_resume_upload(self) -> None:
        """The origin caught up: write again."""
