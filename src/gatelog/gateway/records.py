"""The records of a call, as the journal writes them."""

from __future__ import annotations

from gatelog.gateway.call_facts import CallFacts
from gatelog.gateway.own_answer import OwnAnswer
from gatelog.gateway.route import route_of
from gatelog.model import EndReason, EndRecord, Start


def _capture_level(call: CallFacts) -> str:
    if not call.keep_bodies:
        return "metadata"
    product = call.identity.product
    return product.capture if product is not None else "best_effort"


def start_record(call: CallFacts, *, more: bool) -> Start:
    """Who, what, and the request body as far as it is held."""
    head, identity = call.head, call.identity
    operation, route = identity.operation, identity.route or route_of(head)
    model = call.shape.model if call.shape is not None else None
    return Start(
        sequence=call.sequence,
        request_id=call.request_id,
        received_at_ns=call.received_at_ns,
        client_ip=identity.client_ip,
        peer_ip=head.peer_ip,
        method=route.method,
        target=route.target,
        headers=call.headers.recorded,
        http_version=head.version.decode("latin-1"),
        tls_version=head.tls_version,
        subscription=identity.subscription,
        product=identity.product.name if identity.product is not None else "",
        credential=identity.credential,
        operation_id=operation.id if operation is not None else "",
        operation_kind=route.kind,
        family=route.family,
        deployment=(operation.deployment or model or "") if operation is not None else "",
        api_version=operation.api_version if operation is not None else "",
        capture=_capture_level(call),
        body=call.body if call.keep_bodies else b"",
        more=more and call.keep_bodies,
    )


def end_record(call: CallFacts, reason: EndReason, error: str, own: OwnAnswer | None) -> EndRecord:
    """What became of the call. `own`: what the gateway answers itself, if it does."""
    answer, reply = call.answer, call.reply
    head = answer.head if answer is not None else None
    own_body = own.body(call.identity.operation) if own is not None else b""
    status = own.status if own is not None else head.status if head is not None else 0
    to_come = len(own_body)
    if reply.given is not None:
        status, own_body = reply.given
        to_come = len(own_body)
    elif call.client_gone is not None:
        status = status if reply.started else 0
        to_come = 0
    elif own is None and answer is not None:
        to_come = answer.held_bytes
    return EndRecord(
        sequence=call.sequence,
        reason=reason,
        status=status,
        error=error,
        backend=answer.backend.name if answer is not None else "",
        backend_url=answer.backend.origin + answer.path if answer is not None else "",
        backend_status=head.status if head is not None else 0,
        response_headers=answer.recorded_headers if answer is not None else [],
        body=answer.tap.rest() if answer is not None and answer.tap is not None else b"",
        attempts=call.attempts.notes if call.attempts is not None else [],
        request_complete_ns=call.request_complete_ns,
        sent_ns=answer.sent_ns if answer is not None else 0,
        first_byte_ns=answer.first_byte_ns if answer is not None else 0,
        first_token_ns=call.first_token_ns,
        last_byte_ns=answer.last_byte_ns if answer is not None else 0,
        done_ns=call.elapsed_ns(),
        received_bytes=call.received_bytes,
        sent_bytes=reply.sent_bytes + to_come,
        usage_injected=answer.usage_injected if answer is not None else False,
        reply_body=own_body,
        region=answer.backend.region if answer is not None else "",
    )
