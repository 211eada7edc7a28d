"""Where samples come from: rows of KQL over the record, and what a metric can be split by.

ATTEMPTS   a row a request that was sent to a backend: a call that was tried again has several, as the
           backends themselves count; what is known of the answer belongs to the last
VERDICTS   a row a content filter category of a call's prompt or completion
CALLS      a row a call of the gateway, refused ones included
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gatelog.store import ANSWERED_WHOLE, LAST_ERROR_REASONS

RESOURCE_ID = "Microsoft.ResourceId"
"""The dimension of all metrics of a subscription."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """`rows` is KQL that begins at Calls. `dimensions` are KQL expressions of text over these rows, by
    Azure's names. `account`: the name of the resource that a row belongs to; empty: there is one resource.
    """

    rows: str
    dimensions: Mapping[str, str]
    account: str = ""


# The last attempt of a call is in columns. Only the few calls with several are taken apart.
_LAST = """Calls
| where isnotnull(SentMs)
| extend IsLast = true, Account = Backend, Status = iff(coalesce(BackendResponseCode, 0) == 0, 503,
    BackendResponseCode), ToFirstByteMs = TimeToFirstByteMs - SentMs"""
_EARLIER = """Calls
| where AttemptCount > 1 and isnotnull(SentMs)
| mv-expand with_itemindex=Place Attempt = Attempts
| where Place + 1 < AttemptCount and toreal(Attempt.sentMs) > 0
| extend IsLast = false, Account = tostring(Attempt.backend), Status = iff(coalesce(toint(Attempt.status), 0)
    == 0, 503, toint(Attempt.status)), ToFirstByteMs = toreal(Attempt.firstByteMs) - toreal(Attempt.sentMs)"""
"""A backend that never answered failed: it counts as a server error."""

_VERSION = r"@'^(.+?)(?:-(\d{4}-\d{2}-\d{2}|\d{4}))?$'"

_MODEL: Mapping[str, str] = {
    "Region": "iff(IsLast, Region, '')",
    "ModelDeploymentName": "iff(isempty(DeploymentName), ModelAsked, DeploymentName)",
    "ModelName": f"extract({_VERSION}, 1, ModelName)",
    "ModelVersion": f"extract({_VERSION}, 2, ModelName)",
}
_HTTP: Mapping[str, str] = {
    **_MODEL,
    "ApiName": "strcat('Azure OpenAI API version ', iff(isempty(ApiVersion), 'v1', ApiVersion))",
    "OperationName": "OperationId",
    "StreamType": "iff(IsStream, 'Streaming', 'Non-Streaming')",
    "StatusCode": "tostring(Status)",
    "IsSpillover": "iff(IsLast and isnotempty(Evidence['x-ms-spillover-from-deployment']), 'True', 'False')",
    "ServiceTierRequest": "tostring(Parameters.service_tier)",
}

ATTEMPTS = Source(f"union ({_LAST}), ({_EARLIER})", _HTTP, "Account")

VERDICTS = Source(
    f"""{_LAST}
| where isnotempty(FilterVerdicts)
| mv-expand TextType = dynamic(['Prompt', 'Completion']) to typeof(string)
| extend Verdicts = iff(TextType == 'Prompt', FilterVerdicts.prompt, FilterVerdicts.completion)
| mv-expand Category = bag_keys(Verdicts) to typeof(string)
| where isnotempty(Category)
| extend Verdict = Verdicts[Category]
| extend Severity = tostring(Verdict.severity)
| extend Harmful = Severity in ('low', 'medium', 'high') or tobool(Verdict.detected)""",
    {
        **{name: _HTTP[name] for name in (*_MODEL, "ApiName")},
        "TextType": "TextType",
        "Category": "Category",
        "Severity": "Severity",
    },
    "Account",
)

_FAILURES_BY_REASON = {
    reason: tuple(failure for failure, known in LAST_ERROR_REASONS.items() if known == reason)
    for reason in LAST_ERROR_REASONS.values()
}
_REASONS = ", ".join(
    f"Failure in ({', '.join(map(repr, failures))}), '{reason}'"
    for reason, failures in _FAILURES_BY_REASON.items()
)

CALLS = Source(
    f"Calls\n| extend Failure = iff(EndReason in {ANSWERED_WHOLE}, ErrorCode, EndReason)",
    {
        "Location": "Region",
        "LastErrorReason": f"case({_REASONS}, iff(isempty(ErrorCode), Failure, ErrorCode))",
        "BackendResponseCode": "tostring(BackendResponseCode)",
        "GatewayResponseCode": "tostring(ResponseCode)",
        "BackendResponseCodeCategory": "iff(isnull(BackendResponseCode), '',"
        " strcat(tostring(BackendResponseCode / 100), 'xx'))",
        "GatewayResponseCodeCategory": "iff(isnull(ResponseCode), '',"
        " strcat(tostring(ResponseCode / 100), 'xx'))",
        "ApiId": "'azure-openai'",
    },
)
