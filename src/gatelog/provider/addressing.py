"""Where a request goes: the backend's path for a client's path, without the client's credentials."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import unquote_plus

from gatelog.model import Operation, PathFamily

BackendKind = Literal["azure-openai", "openai"]

# Query parameters that carry keys: API Management's default name, and browser websockets' name.
CREDENTIAL_PARAMETERS = frozenset(["subscription-key", "api-key"])
# Parameters that other services take secrets in: RFC 6750 section 2.3, signatures of Azure Storage, keys of
# Azure Functions (`code`), the like.
_SECRET_PARAMETER = re.compile(
    r"(?:token|secret|password|passwd|pwd|signature|credential|authorization|jwt)\b"
    r"|(?:^|[^a-z])(?:(?:api|access)?key|sig|auth)\b"
    r"|^code$"
)
_SUSPECT = ("key", "token", "sig", "code", "secret", "credential", "passw", "pwd", "auth", "jwt")
"""One of these is in every query with such a parameter: the usual one is not taken apart."""
_NAME = re.compile(r"(?:^|;)([^;=]*+)=")  # some take `;` for `&`
_WORD_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])")
_HIDDEN = "(hidden)"
_API_VERSION = frozenset(["api-version"])


def _without(query: str, names: frozenset[str]) -> str:
    """The query without the parameters of these (lower-case) names; the rest byte-exact."""
    kept = [pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]).lower() not in names]
    return "&".join(kept)


def _joined(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def without_credentials(target: str) -> str:
    """The request target without keys in its query: fit for a backend.

    Names are compared percent-decoded and without case; everything else stays byte-exact.
    """
    path, mark, query = target.partition("?")
    if not mark or ("key" not in query.lower() and "%" not in query):
        return target  # the usual case, and hot: nothing to decode
    return _joined(path, _without(query, CREDENTIAL_PARAMETERS))


def fit_for_log(target: str) -> str:
    """The request target as it is recorded: without keys, the values of what may be other secrets hidden."""
    clean = without_credentials(target)
    path, mark, query = clean.partition("?")
    plain = _decoded_twice(query).lower()
    if not any(word in plain for word in _SUSPECT):
        return clean
    return path + mark + "&".join(map(_without_secret, query.split("&")))


def _without_secret(pair: str) -> str:
    """A parameter, cut behind the name of a secret: a `;` may belong to its value."""
    for name in _NAME.finditer(pair):
        if _is_secret(_decoded_twice(name[1])):
            return pair[: name.end()] + _HIDDEN
    return pair


def _decoded_twice(text: str) -> str:
    """What a client may have meant that encoded what was encoded already."""
    return unquote_plus(unquote_plus(text))


def _is_secret(name: str) -> bool:
    return _SECRET_PARAMETER.search(_WORD_BORDER.sub("-", name).lower()) is not None


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
