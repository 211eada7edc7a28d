"""How an Exchange becomes a row of `calls`: one line a column, in the order of the table (schema.py)."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from gatelog.model import Exchange

Read = Callable[[Exchange], Any]

_encode_json = msgspec.json.Encoder(order="deterministic").encode

MS_NS = 1_000_000


class StoredColumn(NamedTuple):
    """A column of `calls` and where its value is in an Exchange."""

    name: str
    read: Read


def _json(read: Read) -> Read:
    return lambda exchange: _encode_json(read(exchange)).decode()


def _received_ticks(exchange: Exchange) -> int:
    """DateTime64(7) on the wire: 100 ns since 1970."""
    return exchange.timing.received_at_ns // 100


def _attempts_json(exchange: Exchange) -> str:
    return _encode_json(
        [
            {
                "backend": attempt.backend,
                "outcome": attempt.outcome,
                "status": attempt.status,
                "sentMs": attempt.sent_ns / MS_NS,
                "firstByteMs": attempt.first_byte_ns / MS_NS,
                "detail": attempt.detail,
                "reusedConnection": attempt.reused_connection,
            }
            for attempt in exchange.route.attempts
        ]
    ).decode()


def _column(name: str, path: str) -> StoredColumn:
    return StoredColumn(name, attrgetter(path))


COLUMNS: tuple[StoredColumn, ...] = (
    _column("instance", "id.instance"),
    _column("boot", "id.boot"),
    _column("sequence", "id.sequence"),
    _column("request_id", "request_id"),
    StoredColumn("received", _received_ticks),
    _column("request_complete_ns", "timing.request_complete_ns"),
    _column("sent_ns", "timing.sent_ns"),
    _column("first_byte_ns", "timing.first_byte_ns"),
    _column("first_token_ns", "timing.first_token_ns"),
    _column("last_byte_ns", "timing.last_byte_ns"),
    _column("done_ns", "timing.done_ns"),
    _column("upstream_ns", "timing.upstream_ns"),
    _column("gateway_ns", "timing.gateway_ns"),
    _column("client_ip", "caller.client_ip"),
    _column("peer_ip", "caller.peer_ip"),
    _column("subscription", "caller.subscription"),
    _column("product", "caller.product"),
    _column("credential", "caller.credential"),
    _column("claimed_user", "caller.claimed_user"),
    _column("user_agent", "caller.user_agent"),
    _column("conversation_id", "caller.conversation_id"),
    _column("conversation_source", "caller.conversation_source"),
    _column("method", "call.method"),
    _column("target", "call.target"),
    _column("http_version", "call.http_version"),
    _column("tls_version", "call.tls_version"),
    _column("operation_id", "call.operation.id"),
    _column("operation_kind", "call.operation.kind"),
    _column("path_family", "call.operation.family"),
    _column("deployment", "call.operation.deployment"),
    _column("api_version", "call.operation.api_version"),
    _column("model_asked", "call.model_asked"),
    _column("model_served", "call.model_served"),
    _column("stream", "call.stream"),
    StoredColumn("parameters", _json(attrgetter("call.parameters"))),
    _column("backend", "route.backend"),
    _column("backend_url", "route.backend_url"),
    _column("region", "route.region"),
    StoredColumn("attempts", _attempts_json),
    StoredColumn("evidence", _json(attrgetter("route.evidence"))),
    StoredColumn("request_headers", _json(attrgetter("content.request_headers"))),
    StoredColumn("response_headers", _json(attrgetter("content.response_headers"))),
    _column("request_body", "content.request.text"),
    _column("request_size", "content.request.size"),
    _column("request_sha256", "content.request.sha256"),
    _column("request_note", "content.request.note"),
    _column("response_body", "content.response.text"),
    _column("response_size", "content.response.size"),
    _column("response_sha256", "content.response.sha256"),
    _column("response_note", "content.response.note"),
    _column("finish_reasons", "content.finish_reasons"),
    StoredColumn("filter_verdicts", _json(attrgetter("content.filter_verdicts"))),
    _column("reported_model", "content.reported_model"),
    _column("reported_prompt_tokens", "content.reported_prompt_tokens"),
    _column("reported_completion_tokens", "content.reported_completion_tokens"),
    _column("reported_total_tokens", "content.reported_total_tokens"),
    _column("usage_source", "usage.source"),
    _column("prompt_tokens", "usage.prompt_tokens"),
    _column("completion_tokens", "usage.completion_tokens"),
    _column("total_tokens", "usage.total_tokens"),
    _column("cached_tokens", "usage.cached_tokens"),
    _column("reasoning_tokens", "usage.reasoning_tokens"),
    _column("audio_prompt_tokens", "usage.audio_prompt_tokens"),
    _column("audio_completion_tokens", "usage.audio_completion_tokens"),
    _column("accepted_prediction_tokens", "usage.accepted_prediction_tokens"),
    _column("rejected_prediction_tokens", "usage.rejected_prediction_tokens"),
    _column("end_reason", "end.reason"),
    _column("status", "end.status"),
    _column("backend_status", "end.backend_status"),
    _column("error_code", "end.error_code"),
    _column("error_message", "end.error_message"),
    _column("received_bytes", "end.received_bytes"),
    _column("sent_bytes", "end.sent_bytes"),
    _column("capture", "end.capture"),
    StoredColumn("attempt_count", lambda exchange: len(exchange.route.attempts)),
)

COLUMN_NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
