"""What a request line asks for, worked out once for all calls that repeat it.

method, target ──► Route ──► its operation, its texts for the record
                     └─ at(backend) ──► the beginning of the request to that backend
"""

from __future__ import annotations

from functools import lru_cache

from gatelog.gateway.backend import Backend
from gatelog.http1 import RequestHead
from gatelog.model import OperationKind
from gatelog.provider import fit_for_log, resolve

# Distinct request lines remembered: enough for every deployment of an organisation, some MiB at worst.
_REMEMBERED_MAX = 4096
# Longer targets are worked out each time, so that the memory above stays bounded. Bytes.
_REMEMBERED_BYTES_MAX = 512


class Destination:
    """A route at one backend. `opening`: request line, Host and credential, so it has no repr of its own.

    `path`: the request target, as recorded.
    """

    __slots__ = ("opening", "path")

    def __init__(self, opening: bytes, path: str) -> None:
        self.opening = opening
        self.path = path


class Route:
    """A request line. `operation` is None where no known path family is asked for."""

    __slots__ = ("_asked", "_destinations", "family", "kind", "method", "operation", "target")

    def __init__(self, method: bytes, target: bytes, path: bytes, query: bytes) -> None:
        """`path` and `query` are those of `target`, whatever its form."""
        path_text, query_text = path.decode("latin-1"), query.decode("latin-1")
        self.method = method.decode("latin-1")
        self.target = fit_for_log(target.decode("latin-1"))
        """As recorded."""
        self._asked = f"{path_text}?{query_text}" if query else path_text
        self.operation = operation = resolve(self.method, path_text, query_text)
        self.kind = (operation.kind if operation is not None else OperationKind.OTHER).value
        self.family = operation.family.value if operation is not None else ""
        self._destinations: dict[str, Destination] = {}

    def at(self, backend: Backend) -> Destination:
        """Where the call goes at a backend."""
        found = self._destinations.get(backend.name)
        if found is None:
            assert self.operation is not None, "only identified calls are forwarded"
            path = backend.path(self.operation, self._asked)
            found = Destination(backend.opening(self.method, path), fit_for_log(path))
            self._destinations[backend.name] = found
        return found


def route_of(head: RequestHead) -> Route:
    """The route of a request."""
    return Route(head.method, head.target, head.path, head.query)


class Routes:
    """The routes of one gateway."""

    __slots__ = ("_remembered",)

    def __init__(self) -> None:
        self._remembered = lru_cache(maxsize=_REMEMBERED_MAX)(Route)

    def find(self, head: RequestHead) -> Route:
        """The route of a request. What may hold a key is not remembered: it must not outlive its call."""
        target, query = head.target, head.query
        if b"key" in query.lower() or b"%" in query or len(target) > _REMEMBERED_BYTES_MAX:
            return route_of(head)
        return self._remembered(head.method, target, head.path, query)
