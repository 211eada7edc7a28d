"""`Calls`: gatelog's own table, one row a call, everything typed."""

from __future__ import annotations

from gatelog.kql import KqlType
from gatelog.store.tables.azure import unlisted
from gatelog.store.tables.bodies import request_words
from gatelog.store.tables.reported import REPORTED, reported_paths
from gatelog.store.tables.table import IndexedText, LogColumn, LogTable, said, string
from gatelog.store.words import RESPONSE_SHORT_WORDS, RESPONSE_WORDS


def _ms(name: str, nanoseconds: str, *, nullable: bool = True) -> LogColumn:
    return LogColumn(name, KqlType.REAL, f"{nanoseconds} / 1000000", nullable=nullable)


def _long(name: str, column: str, *, nullable: bool = False) -> LogColumn:
    return LogColumn(name, KqlType.LONG, column, nullable=nullable)


def _tokens(name: str, column: str) -> LogColumn:
    return _long(name, column, nullable=True)


TABLE = LogTable(
    name="Calls",
    columns=(
        string("RequestId", "request_id"),
        LogColumn("TimeGenerated", KqlType.DATETIME, "received"),
        string("OperationId", "operation_id"),
        string("SubscriptionName", "subscription"),
        string("ProductName", "product"),
        string("CallerIpAddress", "client_ip"),
        string("Backend", "backend"),
        string("DeploymentName", "deployment"),
        string("ModelName", "if(model_served != '', model_served, model_asked)"),
        LogColumn("ResponseCode", KqlType.INT, "status", nullable=True),
        string("EndReason", "end_reason"),
        _tokens("PromptTokens", "prompt_tokens"),
        _tokens("CompletionTokens", "completion_tokens"),
        _tokens("TotalTokens", "total_tokens"),
        string("UsageSource", "usage_source"),
        _ms("DurationMs", "done_ns"),
        _ms("TimeToFirstTokenMs", "first_token_ns"),
        _ms("GatewayMs", "gateway_ns", nullable=False),
        string("ConversationId", "conversation_id"),
        said("RequestBody", "request_body"),
        said("ResponseBody", "response_body"),
        string("Method", "method"),
        string("Url", "target"),
        string("OperationKind", "operation_kind"),
        string("PathFamily", "path_family"),
        string("ApiVersion", "api_version"),
        string("ModelAsked", "model_asked"),
        string("ModelServed", "model_served"),
        LogColumn("IsStream", KqlType.BOOL, "stream"),
        LogColumn("Parameters", KqlType.DYNAMIC, "parameters"),
        string("FinishReason", "arrayStringConcat(finish_reasons, ',')"),
        LogColumn("FinishReasons", KqlType.DYNAMIC, "toJSONString(finish_reasons)"),
        LogColumn("FilterVerdicts", KqlType.DYNAMIC, "filter_verdicts"),
        _tokens("CachedTokens", "cached_tokens"),
        _tokens("ReasoningTokens", "reasoning_tokens"),
        _tokens("AudioPromptTokens", "audio_prompt_tokens"),
        _tokens("AudioCompletionTokens", "audio_completion_tokens"),
        _tokens("AcceptedPredictionTokens", "accepted_prediction_tokens"),
        _tokens("RejectedPredictionTokens", "rejected_prediction_tokens"),
        string("BackendUrl", "backend_url"),
        string("Region", "region"),
        LogColumn("BackendResponseCode", KqlType.INT, "backend_status", nullable=True),
        LogColumn("Attempts", KqlType.DYNAMIC, "attempts"),
        _long("AttemptCount", "attempt_count"),
        LogColumn("Evidence", KqlType.DYNAMIC, "evidence"),
        _ms("UpstreamMs", "upstream_ns", nullable=False),
        _ms("TimeToFirstByteMs", "first_byte_ns"),
        _ms("RequestCompleteMs", "request_complete_ns"),
        _ms("SentMs", "sent_ns"),
        _ms("LastByteMs", "last_byte_ns"),
        string("ErrorCode", "error_code"),
        said("ErrorMessage", "error_message"),
        string("ClaimedUser", "claimed_user"),
        string("ConversationSource", "conversation_source"),
        string("UserAgent", "user_agent"),
        string("PeerIpAddress", "peer_ip"),
        string("Credential", "credential"),
        string("HttpVersion", "http_version"),
        string("TlsVersion", "tls_version"),
        LogColumn("RequestHeaders", KqlType.DYNAMIC, "request_headers"),
        LogColumn("ResponseHeaders", KqlType.DYNAMIC, "response_headers"),
        _long("ReceivedBytes", "received_bytes"),
        _long("SentBytes", "sent_bytes"),
        _long("RequestSize", "request_size"),
        said("RequestSha256", "request_sha256"),
        string("RequestNote", "request_note"),
        _long("ResponseSize", "response_size"),
        said("ResponseSha256", "response_sha256"),
        string("ResponseNote", "response_note"),
        string("Capture", "capture"),
        string("Instance", "instance"),
        string("Boot", "boot"),
        _long("Sequence", "sequence"),
        string("Type", "'Calls'"),
    ),
    hidden=REPORTED,
    paths=reported_paths("ResponseBody"),
    indexed=(
        request_words("RequestBody"),
        IndexedText("ResponseBody", RESPONSE_WORDS, RESPONSE_SHORT_WORDS),
    ),
    unlisted=unlisted("Calls"),
)
