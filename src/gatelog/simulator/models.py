"""Which model serves a deployment, and what the resource lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gatelog.model import OperationKind
from gatelog.provider import Tokenizers
from gatelog.simulator.ask import CREATED
from gatelog.simulator.route import Kind

# A deployment named after a model serves the version that the service would name in its answers.
VERSIONS = {
    "gpt-35-turbo": "gpt-35-turbo-0125",
    "gpt-4": "gpt-4-0613",
    "gpt-4o": "gpt-4o-2024-11-20",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "o1": "o1-2024-12-17",
    "o3-mini": "o3-mini-2025-01-31",
    "o4-mini": "o4-mini-2025-04-16",
    "gpt-35-turbo-instruct": "gpt-35-turbo-instruct-0914",
}
CHAT_MODEL = "gpt-4o-2024-11-20"
EMBEDDING_MODEL = "text-embedding-3-small"


class Models:
    """The deployments of a resource: named ones with their models, or any name if none are given."""

    def __init__(self, kind: Kind, deployments: Mapping[str, str] | Iterable[str] | None) -> None:
        self._kind = kind
        if deployments is None or isinstance(deployments, Mapping):
            self._deployments = None if deployments is None else dict(deployments)
        else:
            self._deployments = {name: name for name in deployments}

    def serving(self, deployment: str, operation: OperationKind) -> str | None:
        """The model behind a deployment; None if there is no such deployment."""
        if self._deployments is not None:
            if deployment not in self._deployments:
                return None
            deployment = self._deployments[deployment]
        if self._kind == "openai" or Tokenizers.encoding_name(deployment)[1]:
            return VERSIONS.get(deployment, deployment)
        return EMBEDDING_MODEL if operation is OperationKind.EMBEDDINGS else CHAT_MODEL

    def listing(self) -> dict[str, Any]:
        """The body of GET …/models."""
        names = sorted(set((self._deployments or VERSIONS).values()))
        data = [{"id": n, "object": "model", "created": CREATED, "owned_by": "simulator"} for n in names]
        return {"object": "list", "data": data}
