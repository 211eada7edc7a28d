"""The request that runs on a connection: who answers it, and how it ends if nobody does to the end.

                   client gone, aborted ──────────────► dropped
none ─► running ─┬─ broken, late, a defect ─► owed ───► answered in the handler's place, then closed
  ▲              └─ reply ended ──┐             └ withheld by the handler until it gives it
  └───────────────────────────────┘
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from gatelog.http1.accepted_socket import AcceptedSocket
from gatelog.http1.failures import AbortReason
from gatelog.http1.handlers import RequestHandler
from gatelog.http1.phase import Phase
from gatelog.http1.reply import Reply
from gatelog.http1.server_state import ServerState

logger = logging.getLogger("gatelog.http1")


class RunningRequest(AcceptedSocket):
    """A connection as far as it is about the handler of its request; the connection reads and replies."""

    __slots__ = ("_handler", "_owed", "_reply")

    def __init__(self, server: ServerState) -> None:
        super().__init__(server)
        self._handler: RequestHandler | None = None
        self._reply: Reply | None = None
        self._owed = b""

    # ── the transport's side ──────────────────────────────────────────────────────────────────────

    def eof_received(self) -> None:
        """asyncio: the client sent FIN. The transport closes after what is written has left."""
        self.sender.flush()
        self.end_request(AbortReason.CLIENT_GONE)
        self.phase = Phase.CLOSED

    def pause_writing(self) -> None:
        """asyncio: more than the mark is waiting for the client."""
        self.writing_paused = True
        if self._handler is not None:
            self._tell(self._handler.on_pause)

    def resume_writing(self) -> None:
        """asyncio: the client has read most of what was waiting."""
        self.writing_paused = False
        if self._handler is not None:
            self._tell(self._handler.on_resume)

    # ── the handler's side ────────────────────────────────────────────────────────────────────────

    def _tell(self, method: Callable[[], None]) -> None:
        try:
            method()
        except Exception:
            logger.exception("request handler failed in %s", method.__name__)
            self._failed()

    def _failed(self) -> None:
        """Whatever the application raises ends its request, not the server."""
        self.end_request(AbortReason.HANDLER_ERROR, 500, "internal error")

    def reply_aborted(self) -> None:
        """The handler ends the connection; it is not told again."""
        self._handler = self._reply = None
        self.drop()

    # ── ends ──────────────────────────────────────────────────────────────────────────────────────

    def end_request(self, reason: AbortReason, status: int = 0, message: str = "") -> None:
        """End the running request: answer with `status` if nothing was sent yet, else drop it all."""
        handler, reply = self._handler, self._reply
        self._handler = None
        if reply is None:
            return
        if handler is None:  # it was owed an answer
            self._let_go(reply)
            return
        self.server.aborted += 1
        if status and not reply.started:
            self._owe(reply, status, message)
        else:
            self._let_go(reply)
            self.drop()
        try:
            handler.on_abort(reason)
        except Exception:  # as in _failed; nothing is left to end
            logger.exception("request handler failed in on_abort")
            reply.give()
        if not reply.withheld:
            reply.give()

    def _let_go(self, reply: Reply) -> None:
        self._reply = None
        reply.detach()

    def _owe(self, reply: Reply, status: int, message: str) -> None:
        """What comes until the answer is given is kept from sight, as in any answer that is waited for."""
        head, body = self.server.error_answer(status, message, reply.error_headers)
        reply.given = status, body
        self._owed = head + body
        self.phase = Phase.ANSWERING

    def give_owed(self) -> None:
        """Answer in the handler's place, and close; unless the handler has answered."""
        if self._owed and self._reply is not None:
            self._let_go(self._reply)
            self.sender.write(self._owed)
            self.linger()

    def lose(self, reason: AbortReason) -> None:
        """Close at once; a running request hears why."""
        if self._handler is not None:
            self.end_request(reason)
        else:
            self.drop()
