"""`ApiManagementGatewayLlmLog`: one row a call of a language model, messages included.

https://learn.microsoft.com/azure/azure-monitor/reference/tables/apimanagementgatewayllmlog
Azure cuts messages into rows of 32 KB; here the row of SequenceNumber 0 holds them whole.
"""

from __future__ import annotations

from gatelog.kql import KqlType
from gatelog.store.messages import MADE_MESSAGE, SHOWN_MESSAGES, STAND_IN_BODY
from gatelog.store.tables.azure import GATEWAY_RESOURCE_ID, standard, unlisted
from gatelog.store.tables.table import IndexedText, JsonOrigin, LogColumn, LogTable, string
from gatelog.store.words import MESSAGE_WORDS, REQUEST_SEAMS, RESPONSE_WORDS

_NAME = "ApiManagementGatewayLlmLog"

# Vectors are no messages; and words of them are in no index.
_RESPONSE_MESSAGES = """multiIf(
    operation_kind = 'embeddings', NULL,
    JSONHas(response_body, 'choices', 1, 'message'), concat('[', arrayStringConcat(
        arrayMap(choice -> JSONExtractRaw(choice, 'message'), JSONExtractArrayRaw(response_body, 'choices')),
        ','), ']'),
    JSONHas(response_body, 'choices', 1, 'text'), concat('[', arrayStringConcat(
        arrayMap(choice -> concat('{"role":"assistant","content":', JSONExtractRaw(choice, 'text'), '}'),
                 JSONExtractArrayRaw(response_body, 'choices')),
        ','), ']'),
    JSONHas(response_body, 'output'), JSONExtractRaw(response_body, 'output'),
    NULL)"""

_REQUEST_WORDS = IndexedText("RequestMessages", MESSAGE_WORDS, seams=REQUEST_SEAMS)
_RESPONSE_WORDS = IndexedText("ResponseMessages", RESPONSE_WORDS)

_MODEL_CALLS = "operation_kind IN ('chat', 'completions', 'embeddings') OR operation_id = 'createresponse'"


def _tokens(name: str, column: str) -> LogColumn:
    """The view has longs, Azure's table has ints."""
    return LogColumn(name, KqlType.INT, f"toInt32({column})", nullable=True)


TABLE = LogTable(
    name=_NAME,
    columns=(
        LogColumn("TimeGenerated", KqlType.DATETIME, "received"),
        string("CorrelationId", "request_id"),
        string("ApiVersion", "api_version"),
        string("DeploymentName", "deployment"),
        string("ModelName", "if(model_served != '', model_served, model_asked)"),
        string("OperationName", "'Microsoft.ApiManagement/GatewayLlmLogs'"),
        _tokens("PromptTokens", "prompt_tokens"),
        _tokens("CompletionTokens", "completion_tokens"),
        _tokens("TotalTokens", "total_tokens"),
        string("RequestId", "JSONExtractString(evidence, 'apim-request-id')"),
        LogColumn(
            "RequestMessages",
            KqlType.DYNAMIC,
            f"nullIf({SHOWN_MESSAGES}, '')",
            nullable=True,
            content=True,
        ),
        LogColumn("ResponseMessages", KqlType.DYNAMIC, _RESPONSE_MESSAGES, nullable=True, content=True),
        LogColumn("IsStreamCompletion", KqlType.BOOL, "stream"),
        LogColumn("SequenceNumber", KqlType.INT, "0"),
        string("Region", "region"),
        *standard(_NAME, f"'{GATEWAY_RESOURCE_ID}'", "request_size + response_size"),
    ),
    condition=_MODEL_CALLS,
    origins=(
        JsonOrigin(
            "RequestMessages", "request_body", MADE_MESSAGE, _REQUEST_WORDS, SHOWN_MESSAGES, STAND_IN_BODY
        ),
        JsonOrigin("ResponseMessages", "response_body", '[{"role":"assistant","content":', _RESPONSE_WORDS),
    ),
    unlisted=unlisted(_NAME),
)
