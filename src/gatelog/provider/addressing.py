"""Where a request goes: the backend's path for a client's path, without the client's credentials."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import unquote_plus

from gatelog.model import Operation, PathFamily

BackendKind = Literal["azure-openai", "openai"]

# Query parameters that carry keys: API Management's default name, and browser websockets' name.
CREDENTIAL_PARAMETERS = frozenset(["subscription-key", "api-key"])
# Parameters that other services take secrets in: RFC 6750 section 2.3, signatures of Azure Storage, the like.
_SECRET_PARAMETER = re.compile(
    r"(?:^|[^a-z])(?:(?:api|access)?key|token|secret|password|sig|signature|credential)\b"
)
_PAIR = re.compile(r"(?<![^&;])([^&;=]*+)=[^&;]*+")
_HIDDEN = "(hidden)"
_API_VERSION = frozenset(["api-version"])


def _without(query: str, names: frozenset[str]) -> str:
    """The query without the parameters of these (lower-case) names; the rest byte-exact."""
    kept = [pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]).lower() not in names]
    return "&".join(kept)


def _joined(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def without_credentials(target: str) -> str:
    """The request target without keys in its query: fit for the log and for a backend.

    Names are compared percent-decoded and without case; everything else stays byte-exact.
    """
    path, mark, query = target.partition("?")
    if not mark or ("key" not in query.lower() and "%" not in query):
        return target  # the usual case, and hot: nothing to decode
    return _joined(path, _without(query, CREDENTIAL_PARAMETERS))


def fit_for_log(target: str) -> str:
    """The request target as it is recorded: without keys, the values of what may be other secrets hidden."""
    path, mark, query = without_credentials(target).partition("?")
    return path + mark + _PAIR.sub(_hide_secret, query) if query else path + mark


def _hide_secret(pair: re.Match[str]) -> str:
    name = pair[1]
    return f"{name}={_HIDDEN}" if _SECRET_PARAMETER.search(unquote_plus(name).lower()) else pair[0]


def upstream_path(
    operation: Operation, target_path_and_query: str, *, backend_kind: BackendKind, base_path: str
) -> str:
    """The path and query to ask a backend for.

    azure-openai: the client's own path below `base_path` (usually empty); `/v1/x` becomes `/openai/v1/x`.
    openai: `{base_path}/{tail}` (`base_path` is the path of the SDK's `base_url`), without `api-version`.
    """
    path, _, query = without_credentials(target_path_and_query).partition("?")
    base = base_path.rstrip("/")
    if backend_kind == "openai":
        return _joined(f"{base}/{operation.tail}", _without(query, _API_VERSION))
    prefix = "/openai" if operation.family is PathFamily.V1 else ""
    return _joined(f"{base}{prefix}{path}", query)
