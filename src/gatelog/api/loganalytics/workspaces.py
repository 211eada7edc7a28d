"""By which names the record can be asked for.

One record is one workspace. A client may call it by its id, by its name, by `subscription/group/name`, or by
a resource id that ends in one of them; a resource that is no workspace restricts the answer to its own rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gatelog.api.azure_resources import Kind, Resource, parse_resource
from gatelog.api.loganalytics.faults import path_not_found, resource_not_found, unresolved
from gatelog.store import BACKEND_RESOURCES, GATEWAY_RESOURCE_ID


class Workspaces:
    """The names of the one workspace: its id first, and what else clients call it."""

    def __init__(self, names: Sequence[str]) -> None:
        self.id = names[0]
        self.name = names[-1]
        self._names = frozenset(name.lower() for name in names)

    def check(self, name: str) -> None:
        """LogAnalyticsError 404 if a path names another workspace."""
        if not self._is_ours(name):
            raise path_not_found(f"there is no workspace {name}")

    def check_all(self, names: Iterable[str]) -> None:
        """LogAnalyticsError 400 if one of the further workspaces of a query is another: their union is the
        record itself.
        """
        for name in names:
            if not self._is_ours(name):
                raise unresolved(name)

    def resource_of(self, path: str) -> str:
        """The `_ResourceId` of the rows that a resource sees; empty: all. LogAnalyticsError 404 if there is
        no such resource.
        """
        resource = parse_resource(path)
        if resource is None or not self._is_here(resource):
            raise resource_not_found(path)
        if resource.kind is Kind.BACKEND:
            return f"{BACKEND_RESOURCES}{resource.name}".lower()
        return GATEWAY_RESOURCE_ID if resource.kind is Kind.GATEWAY else ""

    def _is_ours(self, name: str) -> bool:
        if name.lower() in self._names or _qualified(name) in self._names:
            return True
        resource = parse_resource(name) if "/" in name else None
        return resource is not None and resource.kind is Kind.WORKSPACE and self._is_here(resource)

    def _is_here(self, resource: Resource) -> bool:
        return resource.kind is not Kind.WORKSPACE or resource.name.lower() in self._names


def _qualified(name: str) -> str | None:
    """The workspace of `subscription/group/workspace`, in lower case."""
    parts = name.lower().split("/")
    return parts[2] if len(parts) == 3 and all(parts) else None
