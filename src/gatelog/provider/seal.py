"""Captured facts become one Exchange.

    Boot · Start · End · request bytes · response bytes
        ├─ messages      bodies for the log, and their JSON
        ├─ evidence      headers · region · ids
        ├─ conversation  what the caller claims
        ├─ filters       verdicts
        └─ usage         reported, or counted here

Nothing here raises for what a client or a backend sent: what cannot be read is noted in the body's `note`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gatelog.model import (
    Boot,
    Call,
    Caller,
    CallId,
    Content,
    End,
    EndReason,
    EndRecord,
    Exchange,
    Operation,
    OperationKind,
    PathFamily,
    Route,
    Start,
    Timing,
)
from gatelog.provider.call_usage import TokenCounter, find_usage
from gatelog.provider.conversation import find_claimed_user, find_conversation
from gatelog.provider.evidence import read_evidence, read_region, readable_headers
from gatelog.provider.filters import read_verdicts
from gatelog.provider.labels import label_of
from gatelog.provider.long_body import LongBody
from gatelog.provider.messages import Message, read_request, read_response
from gatelog.provider.parameters import read_parameters
from gatelog.provider.registry import resolve
from gatelog.provider.usage import read_count

# A line for people; the body keeps all of it. Characters.
ERROR_MESSAGE_LENGTH_MAX = 1024
# Names several products, each with its version and system: longer than a label. The headers keep all of it.
# Characters.
USER_AGENT_LENGTH_MAX = 1024

_KINDS = {kind.value: kind for kind in OperationKind}
_FAMILIES = {family.value: family for family in PathFamily}
_CUT_BY_CLIENT = frozenset([EndReason.CLIENT_ABORT, EndReason.CLIENT_TIMEOUT])


class CapturedCall(msgspec.Struct, frozen=True):
    """All that the spool holds of one call. Bodies are joined from Start, Parts and End, still encoded."""

    boot: Boot
    start: Start
    end: EndRecord
    request_body: bytes | LongBody
    response_body: bytes | LongBody


def _kind(name: str) -> OperationKind:
    return _KINDS.get(name, OperationKind.OTHER)


def _operation(start: Start, model: str) -> Operation:
    """What the gateway decided, completed by what only the body says (the deployment of a v1 call)."""
    path, _, query = start.target.partition("?")
    resolved = resolve(start.method, path, query)
    return Operation(
        id=start.operation_id,
        kind=_kind(start.operation_kind),
        family=_FAMILIES.get(start.family, PathFamily.NONE),
        tail=resolved.tail if resolved else "",
        deployment=label_of(start.deployment) or (model if resolved else ""),
        api_version=start.api_version,
    )


def _timing(start: Start, end: EndRecord) -> Timing:
    return Timing(
        received_at_ns=start.received_at_ns,
        request_complete_ns=end.request_complete_ns or None,
        sent_ns=end.sent_ns or None,
        first_byte_ns=end.first_byte_ns or None,
        first_token_ns=end.first_token_ns or None,
        last_byte_ns=end.last_byte_ns or None,
        done_ns=end.done_ns or None,
    )


def _caller(start: Start, headers: dict[str, str], request: dict[str, Any], tail: str) -> Caller:
    conversation = find_conversation(headers, request, tail)
    return Caller(
        client_ip=start.client_ip,
        peer_ip=start.peer_ip,
        subscription=start.subscription,
        product=start.product,
        credential=start.credential,
        claimed_user=find_claimed_user(request),
        user_agent=headers.get("user-agent", "")[:USER_AGENT_LENGTH_MAX],
        conversation_id=conversation.id,
        conversation_source=conversation.source,
    )


def _finish_reasons(response: dict[str, Any]) -> tuple[str, ...]:
    """Of every choice; for the Responses API why it is incomplete, or its status."""
    choices = response.get("choices")
    if isinstance(choices, list):
        reasons = [choice.get("finish_reason") for choice in choices if isinstance(choice, dict)]
        return tuple(label for reason in reasons if (label := label_of(reason)))
    if response.get("object") != "response":
        return ()
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    status = label_of(reason) or label_of(response.get("status"))
    return (status,) if status else ()


def _content(
    request_headers: dict[str, str], response_headers: dict[str, str], request: Message, response: Message
) -> Content:
    usage = response.json.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    model = response.json.get("model")
    return Content(
        request_headers=request_headers,
        response_headers=response_headers,
        request=request.body,
        response=response.body,
        finish_reasons=_finish_reasons(response.json),
        filter_verdicts=read_verdicts(response.json),
        reported_model=label_of(model) if isinstance(model, str) else None,
        reported_prompt_tokens=read_count(usage, "prompt_tokens"),
        reported_completion_tokens=read_count(usage, "completion_tokens"),
        reported_total_tokens=read_count(usage, "total_tokens"),
    )


def _label_of_code(value: Any) -> str:
    """Codes are words, with some backends numbers. What is neither may be content: it stays in the body."""
    return label_of(str(value) if type(value) in (int, float) else value)


def _end(start: Start, end: EndRecord, response: dict[str, Any]) -> End:
    error = response.get("error")
    error = error if isinstance(error, dict) else {}
    code = _label_of_code(error.get("code") or "") or _label_of_code(error.get("type"))
    message = error.get("message")
    return End(
        reason=end.reason,
        status=end.status or None,
        backend_status=end.backend_status or None,
        error_code=label_of(end.error) or code,
        error_message=message[:ERROR_MESSAGE_LENGTH_MAX] if isinstance(message, str) else "",
        received_bytes=end.received_bytes,
        sent_bytes=end.sent_bytes,
        capture=start.capture,
    )


def _read_messages(
    captured: CapturedCall, request_headers: dict[str, str], response_headers: dict[str, str]
) -> tuple[Message, Message]:
    start, end = captured.start, captured.end
    cut = end.reason in _CUT_BY_CLIENT and not end.request_complete_ns
    request = read_request(request_headers, captured.request_body, cut=cut)
    if captured.response_body or not end.reply_body:
        headers, wire = response_headers, captured.response_body
    else:
        headers, wire = {"content-type": "application/json"}, end.reply_body
    response = read_response(
        _kind(start.operation_kind), headers, wire, reason=end.reason, method=start.method
    )
    return request, response


def _call(start: Start, request: Message, response: Message) -> Call:
    model = label_of(request.json.get("model"))
    operation = _operation(start, model)
    return Call(
        method=start.method,
        target=start.target,
        operation=operation,
        http_version=start.http_version,
        tls_version=start.tls_version,
        model_asked=model or operation.deployment,
        model_served=label_of(response.json.get("model")),
        stream=response.is_stream or request.json.get("stream") is True,
        parameters=read_parameters(request.json),
    )


def seal(captured: CapturedCall, counter: TokenCounter) -> Exchange:
    """The Exchange of one captured call; `counter` is asked only where a model's usage was not reported."""
    boot, start, end = captured.boot, captured.start, captured.end
    request_headers, response_headers = (
        readable_headers(start.headers),
        readable_headers(end.response_headers),
    )
    request, response = _read_messages(captured, request_headers, response_headers)
    call = _call(start, request, response)
    return Exchange(
        id=CallId(boot.instance, boot.boot, start.sequence),
        request_id=start.request_id,
        timing=_timing(start, end),
        caller=_caller(start, request_headers, request.json, call.operation.tail),
        call=call,
        route=Route(
            backend=end.backend,
            backend_url=end.backend_url,
            region=label_of(read_region(response_headers)) or end.region,
            attempts=tuple(end.attempts),
            evidence=read_evidence(response_headers),
        ),
        content=_content(request_headers, response_headers, request, response),
        usage=find_usage(end, call, request, response, counter),
        end=_end(start, end, response.json),
    )
