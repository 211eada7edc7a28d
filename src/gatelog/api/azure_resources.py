"""Azure resource ids, as far as they name something here.

    /subscriptions/{any}[/resourceGroups/{any}]                       everything
    …/providers/Microsoft.CognitiveServices/accounts/{backend}        a backend
    …/providers/Microsoft.ApiManagement/service/{any}                 the gateway
    …/providers/Microsoft.OperationalInsights/workspaces/{workspace}  the record

Only the type and the last name decide: who names a backend like the account that it calls keeps the resource
ids of existing dashboards and scripts. Ids are compared without regard to case, as Azure does.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

ID_CHARACTERS_MAX = 1024
"""Length of a resource id in characters; Azure's own are below 400."""

_ID = re.compile(
    r"subscriptions/(?P<subscription>[^/]+)"
    r"(?:/resourcegroups/(?P<group>[^/]+)"
    r"(?:/providers/(?P<type>[^/]+/[^/]+)/(?P<name>[^/]+))?)?",
    re.IGNORECASE,
)


GLOBAL = "global"
"""The region of what has none."""


def short_region(region: str) -> str:
    """`East US` → `eastus`."""
    return region.lower().replace(" ", "")


class Kind(enum.Enum):
    """What a resource id names; the value is the Azure type in lower case."""

    BACKEND = "microsoft.cognitiveservices/accounts"
    GATEWAY = "microsoft.apimanagement/service"
    WORKSPACE = "microsoft.operationalinsights/workspaces"
    ALL = ""


class Resource(NamedTuple):
    """What was named. `id` is the client's own spelling, with a slash before it; `name` is empty for ALL."""

    id: str
    kind: Kind
    name: str


def parse_resource(text: str) -> Resource | None:
    """The resource that an id names, with or without slashes around it; None if there is no such kind."""
    match = _ID.fullmatch(text.strip("/")) if len(text) <= ID_CHARACTERS_MAX else None
    if match is None:
        return None
    try:
        kind = Kind((match["type"] or "").lower())
    except ValueError:
        return None
    return Resource("/" + text.strip("/"), kind, match["name"] or "")
