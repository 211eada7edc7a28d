"""OpenAI and Azure OpenAI protocol knowledge: bytes in, values out. No I/O, no clock.

The gateway's hot path uses `resolve`, `upstream_path`, `scan_request`, `with_include_usage`,
`UsageChunkFilter`, `TerminalWatch` and `carries_token`; the hub turns captured records into an Exchange with
`seal`.
"""

from gatelog.provider.addressing import BackendKind, fit_for_log, upstream_path
from gatelog.provider.assemble import Assembled, assemble
from gatelog.provider.call_usage import TokenCounter
from gatelog.provider.content import (
    DECODED_BYTES_MAX,
    READABLE_ENCODINGS,
    Decoded,
    decode_content,
    read_body,
)
from gatelog.provider.conversation import Conversation, find_claimed_user, find_conversation
from gatelog.provider.errors import REFUSALS, Refusal, service_error
from gatelog.provider.evidence import (
    EVIDENCE_HEADERS,
    HOP_BY_HOP_HEADERS,
    SECRET_HEADERS,
    is_secret_header,
    read_evidence,
    read_region,
    readable_headers,
)
from gatelog.provider.filters import read_verdicts
from gatelog.provider.json_flaws import JsonFlaw, find_json_flaw
from gatelog.provider.json_text import NotJson, compact_json, read_json, read_object
from gatelog.provider.long_body import BEGINNING_BYTES, LongBody
from gatelog.provider.operations import OPERATIONS
from gatelog.provider.parameters import read_parameters
from gatelog.provider.registry import resolve
from gatelog.provider.request import RequestShape, scan_request, with_include_usage
from gatelog.provider.seal import CapturedCall, seal
from gatelog.provider.sse import Event, SseParser
from gatelog.provider.stream_markers import TerminalWatch, carries_token, is_terminal
from gatelog.provider.tokens import Tokenizers
from gatelog.provider.unpack import UnpackError, unpacked
from gatelog.provider.usage import read_usage
from gatelog.provider.usage_filter import UsageChunkFilter

__all__ = [
    "BEGINNING_BYTES",
    "DECODED_BYTES_MAX",
    "EVIDENCE_HEADERS",
    "HOP_BY_HOP_HEADERS",
    "OPERATIONS",
    "READABLE_ENCODINGS",
    "REFUSALS",
    "SECRET_HEADERS",
    "Assembled",
    "BackendKind",
    "CapturedCall",
    "Conversation",
    "Decoded",
    "Event",
    "JsonFlaw",
    "LongBody",
    "NotJson",
    "Refusal",
    "RequestShape",
    "SseParser",
    "TerminalWatch",
    "TokenCounter",
    "Tokenizers",
    "UnpackError",
    "UsageChunkFilter",
    "assemble",
    "carries_token",
    "compact_json",
    "decode_content",
    "find_claimed_user",
    "find_conversation",
    "find_json_flaw",
    "fit_for_log",
    "is_secret_header",
    "is_terminal",
    "read_body",
    "read_evidence",
    "read_json",
    "read_object",
    "read_parameters",
    "read_region",
    "read_usage",
    "read_verdicts",
    "readable_headers",
    "resolve",
    "scan_request",
    "seal",
    "service_error",
    "unpacked",
    "upstream_path",
    "with_include_usage",
]
