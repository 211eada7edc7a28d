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

from typing import Any, Protocol

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
    Usage,
    UsageSource,
)
from gatelog.provider.conversation import find_claimed_user, find_conversation
from gatelog.provider.evidence import read_evidence, read_region, readable_headers
from gatelog.provider.filters import read_verdicts
from gatelog.provider.long_body import LongBody
from gatelog.provider.messages import Message, read_request, read_response
from gatelog.provider.parameters import read_parameters
from gatelog.provider.registry import resolve
from gatelog.provider.usage import read_count, read_usage

# Model names and error codes are labels, error messages are one line for people; what is longer is cut.
# Characters; the body keeps everything.
LABEL_LENGTH_MAX = 256
ERROR_MESSAGE_LENGTH_MAX = 1024

_GENERATING = frozenset([OperationKind.CHAT, OperationKind.COMPLETIONS])
_COUNTABLE = _GENERATING | {OperationKind.EMBEDDINGS}
_KINDS = {kind.value: kind for kind in OperationKind}
_FAMILIES = {family.value: family for family in PathFamily}
# Of the Responses API: the model reads what was said before too, which the request does not hold.
_REMEMBERED = ("previous_response_id", "conversation")
_CUT_BY_CLIENT = frozenset([EndReason.CLIENT_ABORT, EndReason.CLIENT_TIMEOUT])


class TokenCounter(Protocol):
    """Counts tokens where a backend did not report them. Never raises, whatever the JSON holds.

    Each count comes with whether it was made by the model's own tokenizer on text alone (exact).
    """

    def count_prompt(self, kind: OperationKind, model: str, request: dict[str, Any]) -> tuple[int, bool]:
        """Prompt tokens of a request."""

    def count_completion(self, kind: OperationKind, model: str, response: dict[str, Any]) -> tuple[int, bool]:
        """Completion tokens of an answer in its non-streamed shape."""


class CapturedCall(msgspec.Struct, frozen=True):
    """All that the spool holds of one call. Bodies are joined from Start, Parts and End, still encoded."""

    boot: Boot
    start: Start
    end: EndRecord
    request_body: bytes | LongBody
    response_body: bytes | LongBody


def _label(value: Any) -> str:
    return value[:LABEL_LENGTH_MAX] if isinstance(value, str) else ""


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
        deployment=start.deployment or (model if resolved else ""),
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
        user_agent=headers.get("user-agent", ""),
        conversation_id=conversation.id,
        conversation_source=conversation.source,
    )


def _finish_reasons(response: dict[str, Any]) -> tuple[str, ...]:
    """Of every choice; for the Responses API why it is incomplete, or its status."""
    choices = response.get("choices")
    if isinstance(choices, list):
        reasons = [choice.get("finish_reason") for choice in choices if isinstance(choice, dict)]
        return tuple(label for reason in reasons if (label := _label(reason)))
    if response.get("object") != "response":
        return ()
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    status = _label(reason) or _label(response.get("status"))
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
        reported_model=model if isinstance(model, str) else None,
        reported_prompt_tokens=read_count(usage, "prompt_tokens"),
        reported_completion_tokens=read_count(usage, "completion_tokens"),
        reported_total_tokens=read_count(usage, "total_tokens"),
    )


def _end(start: Start, end: EndRecord, response: dict[str, Any]) -> End:
    error = response.get("error")
    error = error if isinstance(error, dict) else {}
    code = error.get("code") or error.get("type") or ""
    message = error.get("message")
    return End(
        reason=end.reason,
        status=end.status or None,
        backend_status=end.backend_status or None,
        error_code=(end.error or str(code))[:LABEL_LENGTH_MAX],
        error_message=message[:ERROR_MESSAGE_LENGTH_MAX] if isinstance(message, str) else "",
        received_bytes=end.received_bytes,
        sent_bytes=end.sent_bytes,
        capture=start.capture,
    )


def _was_answered(end: EndRecord, response: Message) -> bool:
    """Whether a model worked for this call. After a crash the status is lost, but the text still speaks."""
    if end.backend_status:
        return 200 <= end.backend_status < 300
    return bool(response.json.get("choices")) or _is_cut_response(response)


def _is_cut_response(response: Message) -> bool:
    """Whether this is what came of a Responses API stream. In the background it goes on without a listener:
    what it will have used, nobody here can say.
    """
    answer = response.json
    return response.is_stream and answer.get("object") == "response" and not answer.get("background")


def _counted(
    counter: TokenCounter, kind: OperationKind, model: str, request: Message, response: Message
) -> Usage:
    """Usage by our own count of what was asked and of what came back, up to where it broke off."""
    prompt = completion = None
    exact = True
    if request.json and not any(request.json.get(name) for name in _REMEMBERED):
        prompt, exact = counter.count_prompt(kind, model, request.json)
    generating = kind in _GENERATING or _is_cut_response(response)
    if generating and (response.json or response.is_stream):
        completion, also_exact = counter.count_completion(kind, model, response.json)
        exact = exact and also_exact
    parts = [count for count in (prompt, completion) if count is not None]
    if not parts:
        return Usage()
    expected = 1 if kind is OperationKind.EMBEDDINGS else 2
    return Usage(
        source=UsageSource.COUNTED if exact else UsageSource.ESTIMATED,
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=sum(parts) if len(parts) == expected else None,
    )


def _usage(
    captured: CapturedCall, call: Call, request: Message, response: Message, counter: TokenCounter
) -> Usage:
    """Reported usage where there is some, our count for model calls, else none.

    Only POST uses tokens: a GET of a stored response repeats the usage of the call that made it (its body
    keeps it, `reported_*` mirror it). A prompt that the content filter blocked (400) is charged by Azure, but
    no figure is reported and none is made up: NONE.
    """
    if call.method != "POST" or not _was_answered(captured.end, response):
        return Usage()
    source = UsageSource.INJECTED if captured.end.usage_injected else UsageSource.REPORTED
    reported = read_usage(response.json, source)
    if reported is not None:
        return reported
    kind = call.operation.kind
    if kind not in _COUNTABLE and not _is_cut_response(response):
        return Usage()
    return _counted(counter, kind, call.model_served or call.model_asked, request, response)


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
    model = _label(request.json.get("model"))
    operation = _operation(start, model)
    return Call(
        method=start.method,
        target=start.target,
        operation=operation,
        http_version=start.http_version,
        tls_version=start.tls_version,
        model_asked=model or operation.deployment,
        model_served=_label(response.json.get("model")),
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
            region=read_region(response_headers) or end.region,
            attempts=tuple(end.attempts),
            evidence=read_evidence(response_headers),
        ),
        content=_content(request_headers, response_headers, request, response),
        usage=_usage(captured, call, request, response, counter),
        end=_end(start, end, response.json),
    )
