"""Who calls, and what: from a request head to an identified call, or to a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gatelog.gateway.context import Context, Product
from gatelog.gateway.headers import RequestHeaders
from gatelog.gateway.own_answer import OwnAnswer
from gatelog.gateway.route import Route
from gatelog.http1 import RequestHead
from gatelog.model import Operation, OperationKind
from gatelog.policy import Disagreement, choose_credential, client_address
from gatelog.provider import decode_content, find_json_flaw

_STREAM_KINDS: Final = frozenset({OperationKind.CHAT, OperationKind.COMPLETIONS})


@dataclass(slots=True)
class Identity:
    """What is known of a call before its body is read. Fields are empty where a refusal came first."""

    client_ip: str
    route: Route | None = None
    operation: Operation | None = None
    subscription: str = ""
    product: Product | None = None
    credential: str = ""
    refusal: OwnAnswer | None = None

    @property
    def streams_deltas(self) -> bool:
        """Whether a stream of this operation is one of deltas; its backends know stream_options."""
        return self.operation is not None and self.operation.kind in _STREAM_KINDS


def identify(context: Context, head: RequestHead, headers: RequestHeaders) -> Identity:
    """Resolve the operation and the caller; the first thing missing becomes the refusal."""
    identity = Identity(client_address(head.peer_ip, headers.forwarded_for, context.trusted_proxies))
    identity.route = route = context.routes.find(head)
    identity.operation = route.operation
    if route.operation is None:
        identity.refusal = OwnAnswer("unknown_route")
        return identity
    credential = choose_credential(headers.credentials, head.query, key_in_query=context.key_in_query)
    if credential is None:
        identity.refusal = OwnAnswer("missing_key")
    elif isinstance(credential, Disagreement):
        identity.refusal = OwnAnswer("conflicting_keys", ", ".join(credential.places))
    else:
        identity.credential = credential.where
        name = context.keys.find(credential.key)
        if name is None:
            identity.refusal = OwnAnswer("invalid_key")
        else:
            subscription = context.subscriptions[name]
            identity.subscription = subscription.name
            identity.product = subscription.product
            if _opens_websocket(head):
                identity.refusal = OwnAnswer("no_websocket")
    return identity


def _opens_websocket(head: RequestHead) -> bool:
    """Whether the client can do nothing with an answer in HTTP/1.1 (RFC 6455 section 4.1)."""
    return head.upgrade and head.get(b"sec-websocket-key") is not None


def is_held_whole(head: RequestHead, operation: Operation, content_type: bytes) -> bool:
    """JSON must be read before it can be routed; a request without a body is held trivially."""
    return (
        not (head.content_length or head.chunked)
        or operation.kind is not OperationKind.OTHER
        or b"json" in content_type
    )


def find_request_flaw(head: RequestHead, body: bytes) -> str:
    """What is wrong with a body that should be JSON, or ""; of one that came compressed, when expanded."""
    if not body:
        return ""
    encoding = head.get(b"content-encoding") or b""
    decoded = decode_content(body, encoding.decode("latin-1"))
    if decoded.note:
        return f"Its content-encoding cannot be undone: {decoded.note}."
    flaw = find_json_flaw(decoded.data)
    return flaw.detail if flaw is not None else ""
