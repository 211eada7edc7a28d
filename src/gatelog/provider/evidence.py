"""Which headers are kept, which never are, and what a backend's headers prove.

Sources: Azure OpenAI quota and spillover pages (response headers); RFC 9110 section 7.6.1 (hop by hop).
"""

from __future__ import annotations

from gatelog.model import Headers

# Never captured, never forwarded as they are. Lower-case, as the gateway holds header names.
SECRET_HEADERS: frozenset[bytes] = frozenset(
    [
        b"api-key",
        b"authorization",
        b"cookie",
        b"ocp-apim-subscription-key",
        b"openai-api-key",
        b"proxy-authorization",
        b"sec-websocket-protocol",  # browsers put a key in it, as OpenAI's Realtime API tells them to
        b"set-cookie",
        b"x-amz-security-token",
        b"x-api-key",
        b"x-functions-key",
        b"x-goog-api-key",
        b"x-ms-authorization-auxiliary",
        b"x-ms-client-principal",
        b"x-ms-token-aad-access-token",
        b"x-ms-token-aad-id-token",
        b"x-ms-token-aad-refresh-token",
    ]
)

# Concern one connection only: not forwarded (with those that `connection` names).
HOP_BY_HOP_HEADERS: frozenset[bytes] = frozenset(
    [
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    ]
)

EVIDENCE_HEADERS: frozenset[str] = frozenset(
    [
        "apim-request-id",
        "azure-openai-deployment-utilization",
        "azureml-model-session",
        "openai-model",
        "openai-processing-ms",
        "openai-version",
        "retry-after",
        "retry-after-ms",
        "x-envoy-upstream-service-time",
        "x-ms-client-request-id",
        "x-ms-deployment-name",
        "x-ms-region",
        "x-ms-spillover-error",
        "x-ms-spillover-from-deployment",
        "x-ratelimit-limit-requests",
        "x-ratelimit-limit-tokens",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-requests",
        "x-ratelimit-reset-tokens",
        "x-request-id",
    ]
)
_SPILLOVER_PREFIX = "x-ms-spillover-"  # one documented header carries the deployment in its name

# Names that nobody listed but that say what they carry (`x-team-secret`).
_SECRET_ENDINGS = (b"-key", b"-token", b"-secret", b"-password", b"-authorization", b"-credential")
_NOT_SECRET = frozenset([b"idempotency-key"])


def is_secret_header(name: bytes) -> bool:
    """Whether a header of this lower-case name must not reach the log."""
    return name in SECRET_HEADERS or (name.endswith(_SECRET_ENDINGS) and name not in _NOT_SECRET)


def readable_headers(headers: Headers) -> dict[str, str]:
    """Headers for the log: lower-case names, repeated ones joined by a comma, secrets left out."""
    readable: dict[str, str] = {}
    for raw_name, raw_value in headers:
        lower = raw_name.lower()
        if is_secret_header(lower):
            continue
        name, value = lower.decode("latin-1"), raw_value.decode("latin-1")
        readable[name] = f"{readable[name]}, {value}" if name in readable else value
    return readable


def read_evidence(response_headers: dict[str, str]) -> dict[str, str]:
    """The backend's own statements about a call: ids, region, limits, spillover. Names are lower-case."""
    return {
        name: value
        for name, value in response_headers.items()
        if name in EVIDENCE_HEADERS or name.startswith(_SPILLOVER_PREFIX)
    }


def read_region(response_headers: dict[str, str]) -> str:
    """The region that served, as the backend spells it (`North Central US`); "" if it did not say."""
    return response_headers.get("x-ms-region", "")
