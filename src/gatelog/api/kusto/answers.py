"""What goes back over HTTP: answers as streams, compressed where the client takes that, and faults."""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatelog.api.kusto.context import RequestContext
from gatelog.api.kusto.faults import Fault, defect, fault_of
from gatelog.api.live_answer import LiveAnswer, LiveOrFault, Opened
from gatelog.api.principal import Principal
from gatelog.api.problems import RETRY_AFTER_S, log_failure
from gatelog.api.workers import Workers
from gatelog.errors import GatelogError

log = logging.getLogger("gatelog.api.kusto")

_COMPRESSION_LEVEL = 1
"""Answers are text that shrinks well at any level; more effort would only delay them."""

_GZIP = 16 + zlib.MAX_WBITS
_NOT_WANTED = re.compile(r"q=0(?:\.0*)?")
_JSON = "application/json; charset=utf-8"


class KustoAnswer(LiveOrFault):
    """The pieces of `opened`, sent as they come, in the principal's turn. An error before the first byte is
    answered as a fault.
    """

    def __init__(
        self,
        request: Request,
        context: RequestContext,
        workers: Workers,
        principal: Principal,
        opened: Opened,
    ) -> None:
        headers = dict(context.headers, vary="accept-encoding")
        if _takes_gzip(request):
            headers["content-encoding"] = "gzip"
            opened = partial(_compressing, opened)
        live = LiveAnswer(workers, principal, opened, _JSON, headers)
        super().__init__(live, partial(failed, request, context))


def complete(request: Request, context: RequestContext, body: bytes) -> Response:
    """An answer that is all there."""
    headers = dict(context.headers, vary="accept-encoding")
    if _takes_gzip(request):
        headers["content-encoding"] = "gzip"
        body = b"".join(_compressed([body]))
    return Response(body, headers=headers, media_type=_JSON)


def _takes_gzip(request: Request) -> bool:
    """Whether it names gzip, and not as what it does not want (RFC 9110, 12.5.3)."""
    listed = ",".join(request.headers.getlist("accept-encoding")).lower().split(",")
    weights = {coding.strip(): weight.strip() for coding, _, weight in (one.partition(";") for one in listed)}
    return "gzip" in weights and not _NOT_WANTED.fullmatch(weights["gzip"])


@contextmanager
def _compressing(opened: Opened) -> Iterator[Iterator[bytes]]:
    with opened() as pieces:
        yield _compressed(pieces)


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Without flushing: whoever reads rows as they come gets them in portions of some KiB."""
    packer = zlib.compressobj(_COMPRESSION_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def failed(request: Request, context: RequestContext, error: Exception) -> Response:
    """The answer to a request that failed before its first row."""
    if isinstance(error, GatelogError):
        fault = fault_of(error)
        if fault.status >= 500:
            log_failure(log, f"{request.method} {request.url.path}", error)
        return faulty(context, fault)
    log_failure(log, f"{request.method} {request.url.path}", error)
    return faulty(context, defect())


def faulty(context: RequestContext, fault: Fault) -> Response:
    """A fault as the service answers it; 401 has no body there."""
    if fault.status == 401:
        return Response(status_code=401, headers=context.headers | {"www-authenticate": "Bearer"})
    headers = dict(context.headers)
    if fault.status in {429, 503}:
        headers["retry-after"] = str(RETRY_AFTER_S)
    if fault.allow:
        headers["allow"] = fault.allow
    body = msgspec.json.encode(fault.to_dict(context))
    return Response(body, fault.status, headers=headers, media_type=_JSON)
