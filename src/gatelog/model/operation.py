"""What a call asks the model provider to do."""

from __future__ import annotations

import enum

import msgspec


class OperationKind(enum.StrEnum):
    """How gatelog reads a call's bodies; everything it has no special knowledge of is OTHER."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"
    OTHER = "other"


class PathFamily(enum.StrEnum):
    """Which of the URL families the client used."""

    DEPLOYMENT = "deployment"  # /openai/deployments/{deployment}/…?api-version=
    RESOURCE = "resource"  # /openai/… (stateful families)
    OPENAI_V1 = "openai_v1"  # /openai/v1/…
    V1 = "v1"  # /v1/…
    MODELS = "models"  # /models/…?api-version= (the model inference API of Azure AI Foundry)
    NONE = ""  # below no known prefix; the gateway refused the call


class Operation(msgspec.Struct, frozen=True):
    """One provider operation as addressed by a client.

    `id` is the OperationId of the log, lower case and equal for the dated and the v1 families.
    `tail` is the path below the family's prefix (and deployment), without a leading slash.
    """

    id: str
    kind: OperationKind
    family: PathFamily
    tail: str
    deployment: str = ""
    api_version: str = ""
