"""From a request line to the operation it asks for.

    path ── family prefix ──┬─ /openai/deployments/{d}/ … DEPLOYMENT
                            ├─ /openai/v1/ …              OPENAI_V1   (also …/deployments/{d}/…, see resolve)
                            ├─ /openai/ …                 RESOURCE
                            ├─ /v1/ …                     V1          (also …/deployments/{d}/…)
                            ├─ /models/ …                 MODELS
                            └─ anything else              None
         rest of the path ── tree of operations.py ─────→ OperationId, or a generated one

Literal segments are compared percent-decoded and without case, as Azure's front ends do, so that no spelling
of a path escapes the record of its operation.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote

from gatelog.model import Operation, OperationKind, PathFamily
from gatelog.provider.operations import KIND_BY_OPERATION, NEWER_WORDS, OPERATIONS

# Distinct request lines remembered: enough for every deployment of an organisation, ~2 MiB at worst.
REMEMBERED_TARGETS_MAX = 4096
# Longer request lines are resolved afresh each time, so that the memory above stays bounded. Characters.
REMEMBERED_TARGET_LENGTH_MAX = 512
# Segments of a generated id; deeper paths are cut, so that ids stay short and few.
GENERATED_SEGMENTS_MAX = 6
API_VERSION_LENGTH_MAX = 32

_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
_ID = "{}"


class _Node:
    """One level of the path tree: what may follow, and the operations that end here."""

    __slots__ = ("children", "operations")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.operations: dict[str, str] = {}

    def find(self, segments: list[str], method: str) -> str | None:
        """The operation id below this node; a literal segment goes before an id."""
        if not segments:
            return self.operations.get(method)
        head, rest = segments[0], segments[1:]
        for key in (head.lower(), _ID):
            child = self.children.get(key)
            found = child.find(rest, method) if child else None
            if found:
                return found
        return None


def _tree() -> _Node:
    root = _Node()
    for method, template, operation_id in OPERATIONS:
        node = root
        for segment in template.split("/"):
            node = node.children.setdefault(segment, _Node())
        node.operations[method] = operation_id
    return root


_ROOT = _tree()
_WORDS = NEWER_WORDS | {word for _, template, _ in OPERATIONS for word in template.split("/") if word != _ID}


def _generated_id(method: str, segments: list[str]) -> str:
    """`post-responses-id-cancel`: words that the provider documents, everything else is an id."""
    words = [word if (word := segment.lower()) in _WORDS else "id" for segment in segments]
    verb = method.lower() if method in _METHODS else "other"
    return "-".join([verb, *words[:GENERATED_SEGMENTS_MAX]])


def _is_ambiguous(segment: str) -> bool:
    """A segment that a backend may normalise away (it would see another path than ours), or garbage."""
    parts = segment.replace("\\", "/").split("/")
    return not segment.isprintable() or any(part in ("", ".", "..") for part in parts)


def _family(segments: list[str]) -> tuple[PathFamily, int] | None:
    """The path family and how many segments its prefix takes."""
    head = [segment.lower() for segment in segments[:2]]
    if head == ["openai", "v1"]:
        return PathFamily.OPENAI_V1, 2
    if head == ["openai", "deployments"] and len(segments) > 2:
        return PathFamily.DEPLOYMENT, 1
    if head[:1] == ["openai"]:
        return PathFamily.RESOURCE, 1
    if head[:1] == ["models"]:
        return PathFamily.MODELS, 1
    return (PathFamily.V1, 1) if head[:1] == ["v1"] else None


def _api_version(query: str) -> str:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name.lower() == "api-version":
            return unquote(value)[:API_VERSION_LENGTH_MAX]
    return ""


def _resolve(method: str, path: str, query: str) -> Operation | None:
    raw = path.removesuffix("/").split("/")[1:]
    segments = [unquote(segment) for segment in raw]
    family = None if any(map(_is_ambiguous, segments)) else _family(segments)
    if family is None or not path.startswith("/"):
        return None
    name, skip = family
    deployment = ""
    if (
        len(segments) > skip + 1
        and segments[skip].lower() == "deployments"
        and name not in {PathFamily.RESOURCE, PathFamily.MODELS}
    ):
        deployment = segments[skip + 1]
        skip += 2
    rest = segments[skip:]
    if not rest:
        return None
    operation_id = _ROOT.find(rest, method) or _generated_id(method, rest)
    return Operation(
        id=operation_id,
        kind=KIND_BY_OPERATION.get(operation_id, OperationKind.OTHER),
        family=name,
        tail="/".join(raw[skip:]),
        deployment=deployment,
        api_version=_api_version(query),
    )


_resolve_remembered = lru_cache(maxsize=REMEMBERED_TARGETS_MAX)(_resolve)


def resolve(method: str, path: str, query: str) -> Operation | None:
    """The operation that a request line asks for; None below no known prefix.

    `path` and `query` are raw (percent-encoded), `query` without its question mark. `deployment` is decoded
    and comes from the path only; on the v1 and resource families it is the body's `model`. The AzureOpenAI
    client with a v1 `base_url` asks for /openai/v1/deployments/{model}/chat/completions: understood as well.
    A path with empty, `.` or `..` segments is None: a backend could read it otherwise than we do.
    """
    # A key in the query must not outlive its call in the memory of request lines, however it is named.
    may_hold_key = "key" in query.lower() or "%" in query
    if may_hold_key or len(path) + len(query) > REMEMBERED_TARGET_LENGTH_MAX:
        return _resolve(method, path, query)
    return _resolve_remembered(method, path, query)
