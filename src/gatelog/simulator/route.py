"""Which operation a request names. Kept apart from the gateway's own table: one checks the other.

/openai/deployments/{deployment}/{tail}?api-version=    dated Azure path (api-version required)
/openai/v1/deployments/{deployment}/{tail}              AzureOpenAI client with a v1 base URL
/openai/v1/{tail}   /v1/{tail}                          v1; the deployment is the body's `model`
/openai/{tail}?api-version=                             dated, resource level
/models/{tail}?api-version=                             the model inference API; the body's `model`
/{tail}   /v1/{tail}                                    kind "openai"
"""

from __future__ import annotations

import functools
import re
from typing import Literal, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from gatelog.model import OperationKind

Kind = Literal["azure-openai", "openai"]

_AZURE = re.compile(
    r"/openai(?P<v1>/v1)?/deployments/(?P<deployment>[^/]+)/(?P<tail>.+)"
    r"|(?P<v1_only>/openai/v1|/v1)/(?P<v1_tail>.+)"
    r"|/(?:openai|models)/(?P<resource_tail>.+)"
)
_OPENAI = re.compile(r"(?:/v1)?/(?P<tail>.+)")

# The POST operations whose answers have a shape of their own; names as in the log, lower case.
OPERATIONS = {
    "chat/completions": "chatcompletions_create",
    "query": "post-query",
    "completions": "completions_create",
    "embeddings": "embeddings_create",
    "responses": "createresponse",
    "audio/transcriptions": "transcriptions_create",
    "audio/translations": "translations_create",
    "audio/speech": "speech_create",
    "images/generations": "imagegenerations_create",
    "images/edits": "createimageedit",
}
KINDS = {
    "chatcompletions_create": OperationKind.CHAT,
    "post-query": OperationKind.CHAT,  # an operation made by hand, as in Microsoft's logging sample
    "completions_create": OperationKind.COMPLETIONS,
    "embeddings_create": OperationKind.EMBEDDINGS,
}


class Route(NamedTuple):
    """Where a request goes. `deployment` is "" where the path names none."""

    operation: str
    kind: OperationKind
    tail: str
    deployment: str
    api_version: str
    dated: bool


@functools.lru_cache(maxsize=1_024)
def resolve(kind: Kind, method: str, target: str) -> Route | None:
    """The route of a request target, or None where this kind of service has nothing."""
    parts = urlsplit(target)
    found = (_AZURE if kind == "azure-openai" else _OPENAI).fullmatch(parts.path)
    if found is None:
        return None
    groups = found.groupdict()
    tail = groups["tail"] or groups.get("v1_tail") or groups.get("resource_tail") or ""
    api_version = parse_qs(parts.query).get("api-version", [""])[0]
    dated = kind == "azure-openai" and not (groups["v1"] or groups["v1_only"])
    if dated and not api_version:
        return None
    operation = OPERATIONS.get(tail) if method == "POST" else None
    name = operation or f"{method} {tail}"
    deployment = unquote(groups.get("deployment") or "")
    return Route(name, KINDS.get(name, OperationKind.OTHER), tail, deployment, api_version, dated)
