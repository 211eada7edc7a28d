"""Metrics of Azure OpenAI, by their names of today and by those of the Models family.

https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/
    microsoft-cognitiveservices-accounts-metrics
"""

from __future__ import annotations

from collections.abc import Iterator

from gatelog.api.metrics.metric import Metric

MODEL = ("Region", "ModelDeploymentName", "ModelName", "ModelVersion")
_HTTP = ("ApiName", "OperationName", "StreamType", *MODEL)
_USAGE = ("ApiName", "ModelDeploymentName", "Region", "ModelName", "ModelVersion")
_REQUESTS = (*_HTTP, "StatusCode", "IsSpillover", "ServiceTierRequest")

_TO_RESPONSE = "iff(coalesce(ToFirstByteMs, -1.0) < 0, real(null), ToFirstByteMs)"
TO_LAST_BYTE = "iff(IsLast, LastByteMs - SentMs, real(null))"
_GENERATING_MS = "iff(LastByteMs > TimeToFirstTokenMs, LastByteMs - TimeToFirstTokenMs, real(null))"
_STREAMED = "IsLast and IsStream"
_TTFT = f"iff({_STREAMED} and PromptTokens > 0, (TimeToFirstTokenMs - SentMs) / PromptTokens, real(null))"
_TBT = f"iff({_STREAMED} and CompletionTokens > 0, {_GENERATING_MS} / CompletionTokens, real(null))"
_SPEED = f"iff({_STREAMED}, CompletionTokens / ({_GENERATING_MS} / 1000.0), real(null))"
_CACHED = "iff(IsLast and PromptTokens > 0, 100.0 * coalesce(CachedTokens, 0) / PromptTokens, real(null))"
_UTILIZATION = "iff(IsLast, toreal(trim_end('%', tostring(Evidence['azure-openai-deployment-utilization']))),"
_UTILIZATION += " real(null))"
AVAILABLE = "iff(Status < 500, 100.0, 0.0)"


def of_last(column: str) -> str:
    """What only the attempt has that answered the call."""
    return f"iff(IsLast, {column}, long(null))"


def _families(
    names: tuple[str, str],
    displays: tuple[str, str],
    description: str,
    unit: str,
    primary: str,
    categories: tuple[str, str],
    sample: str,
    dimensions: tuple[tuple[str, ...], tuple[str, ...]],
) -> Iterator[Metric]:
    """A metric by its name of today and by that of the Models family: the same numbers."""
    for name, display, category, own in zip(names, displays, categories, dimensions, strict=True):
        yield Metric(name, display, description, unit, primary, category, sample, own)


_REQUEST_CATEGORIES = ("Azure OpenAI - HTTP Requests", "Models - HTTP Requests")
_LATENCY_CATEGORIES = ("Azure OpenAI - Latency", "Models - Latency")
_USAGE_CATEGORIES = ("Azure OpenAI - Usage", "Models - Usage")

OPENAI: tuple[Metric, ...] = (
    *_families(
        ("AzureOpenAIRequests", "ModelRequests"),
        ("Azure OpenAI Requests", "Model Requests"),
        "Number of calls made to the model.",
        "Count",
        "Total",
        _REQUEST_CATEGORIES,
        "1",
        (_REQUESTS, _REQUESTS),
    ),
    *_families(
        ("AzureOpenAIAvailabilityRate", "ModelAvailabilityRate"),
        ("Azure OpenAI AvailabilityRate", "Model Availability Rate"),
        "Availability: (total calls - server errors) / total calls; server errors are 500 and above.",
        "Percent",
        "Average",
        _REQUEST_CATEGORIES,
        AVAILABLE,
        (_HTTP, _HTTP),
    ),
    *_families(
        ("AzureOpenAITimeToResponse", "TimeToResponse"),
        ("Azure OpenAI Time to Response", "Time To Response"),
        "From the request sent to the first byte of the answer.",
        "MilliSeconds",
        "Average",
        _LATENCY_CATEGORIES,
        _TO_RESPONSE,
        ((*_HTTP, "StatusCode"), (*_HTTP, "StatusCode")),
    ),
    *_families(
        ("AzureOpenAITTLTInMS", "TimeToLastByte"),
        ("Azure OpenAI Time to Last Byte", "Time To Last Byte"),
        "From the request sent to the last byte of the answer.",
        "MilliSeconds",
        "Average",
        _LATENCY_CATEGORIES,
        TO_LAST_BYTE,
        (MODEL, _HTTP),
    ),
    *_families(
        ("AzureOpenAINormalizedTTFTInMS", "NormalizedTimeToFirstToken"),
        ("Azure OpenAI Normalized Time to First Byte", "Normalized Time to First Token"),
        "Time to the first token of a stream, per prompt token.",
        "MilliSeconds",
        "Average",
        _LATENCY_CATEGORIES,
        _TTFT,
        (MODEL, _HTTP),
    ),
    *_families(
        ("AzureOpenAINormalizedTBTInMS", "NormalizedTimeBetweenTokens"),
        ("Azure OpenAI Normalized Time Between Tokens", "Normalized Time Between Tokens"),
        "Time from the first to the last token of a stream, per generated token.",
        "MilliSeconds",
        "Average",
        _LATENCY_CATEGORIES,
        _TBT,
        (MODEL, _HTTP),
    ),
    *_families(
        ("AzureOpenAITokenPerSecond", "TokensPerSecond"),
        ("Azure OpenAI Tokens Per Second", "Tokens Per Second"),
        "Speed at which a stream was generated.",
        "Count",
        "Average",
        _LATENCY_CATEGORIES,
        _SPEED,
        (MODEL, _HTTP),
    ),
    *_families(
        ("ProcessedPromptTokens", "InputTokens"),
        ("Processed Prompt Tokens", "Input Tokens"),
        "Prompt tokens of the calls.",
        "Count",
        "Total",
        _USAGE_CATEGORIES,
        of_last("PromptTokens"),
        (_USAGE, MODEL),
    ),
    *_families(
        ("GeneratedTokens", "OutputTokens"),
        ("Generated Completion Tokens", "Output Tokens"),
        "Tokens that the model generated.",
        "Count",
        "Total",
        _USAGE_CATEGORIES,
        of_last("CompletionTokens"),
        (_USAGE, MODEL),
    ),
    *_families(
        ("TokenTransaction", "TotalTokens"),
        ("Processed Inference Tokens", "Total Tokens"),
        "Prompt tokens and generated tokens.",
        "Count",
        "Total",
        _USAGE_CATEGORIES,
        of_last("TotalTokens"),
        (_USAGE, MODEL),
    ),
    *_families(
        ("AudioPromptTokens", "AudioInputTokens"),
        ("Audio Prompt Tokens", "Audio Input Tokens"),
        "Audio tokens of the prompts.",
        "Count",
        "Total",
        _USAGE_CATEGORIES,
        of_last("AudioPromptTokens"),
        (MODEL, MODEL),
    ),
    *_families(
        ("AudioCompletionTokens", "AudioOutputTokens"),
        ("Audio Completion Tokens", "Audio Output Tokens"),
        "Audio tokens that the model generated.",
        "Count",
        "Total",
        _USAGE_CATEGORIES,
        of_last("AudioCompletionTokens"),
        (MODEL, MODEL),
    ),
    Metric(
        "ActiveTokens",
        "Active Tokens",
        "Total tokens less cached tokens.",
        "Count",
        "Total",
        "Azure OpenAI - Usage",
        of_last("TotalTokens - coalesce(CachedTokens, 0)"),
        MODEL,
    ),
    Metric(
        "AzureOpenAIContextTokensCacheMatchRate",
        "Prompt Token Cache Match Rate",
        "Share of the prompt tokens of a call that came from the cache.",
        "Percent",
        "Average",
        "Azure OpenAI - Usage",
        _CACHED,
        MODEL,
    ),
    *_families(
        ("AzureOpenAIProvisionedManagedUtilizationV2", "ProvisionedUtilization"),
        ("Provisioned-managed Utilization V2", "Provisioned Utilization"),
        "Utilization that a provisioned deployment stated with its answers.",
        "Percent",
        "Average",
        _USAGE_CATEGORIES,
        _UTILIZATION,
        ((*MODEL, "StreamType"), MODEL),
    ),
    Metric(
        "AzureOpenAIProvisionedManagedUtilization",
        "Provisioned-managed Utilization (deprecated)",
        "The same as AzureOpenAIProvisionedManagedUtilizationV2.",
        "Percent",
        "Average",
        "Azure OpenAI - Usage",
        _UTILIZATION,
        (*MODEL, "StreamType"),
    ),
)
