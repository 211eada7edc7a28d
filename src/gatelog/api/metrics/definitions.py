"""Azure's platform metrics, as far as the record gives them. One table: definitions, values and the page of
the documentation are made from it.
"""

from __future__ import annotations

from typing import NamedTuple

from gatelog.api.azure_resources import Kind
from gatelog.api.metrics.account_metrics import COGNITIVE_SERVICES, CONTENT_SAFETY
from gatelog.api.metrics.gateway_metrics import API_MANAGEMENT
from gatelog.api.metrics.metric import Metric
from gatelog.api.metrics.openai_metrics import OPENAI


class Namespace(NamedTuple):
    """The metrics of a type of resource."""

    name: str
    kind: Kind
    metrics: tuple[Metric, ...]

    def find(self, name: str) -> Metric | None:
        """The metric of that name, in any case."""
        return next((metric for metric in self.metrics if metric.name.lower() == name.lower()), None)


NAMESPACES = (
    Namespace(
        "Microsoft.CognitiveServices/accounts",
        Kind.BACKEND,
        (*OPENAI, *CONTENT_SAFETY, *COGNITIVE_SERVICES),
    ),
    Namespace("Microsoft.ApiManagement/service", Kind.GATEWAY, API_MANAGEMENT),
)


def namespace_of(kind: Kind) -> Namespace | None:
    """The metrics of a kind of resource."""
    return next((namespace for namespace in NAMESPACES if namespace.kind is kind), None)


def namespace_called(name: str) -> Namespace | None:
    """The namespace of that name, in any case."""
    return next((namespace for namespace in NAMESPACES if namespace.name.lower() == name.lower()), None)
