"""The record as Azure Monitor metrics: Resource Manager's API of one resource or a subscription, and the
batch API of several resources.

definitions · …_metrics       which metrics there are
sources                       what they are counted from
requests · filters · times    what was asked
query · series · documents    its KQL, its points, its answer
arm_requests · arm_endpoint   what all pages of Resource Manager have in common
endpoints · faults            the routes; errors as the service writes them
"""

from gatelog.api.metrics.definitions import NAMESPACES, Namespace
from gatelog.api.metrics.endpoints import MetricsApi
from gatelog.api.metrics.metric import Metric

__all__ = ["NAMESPACES", "Metric", "MetricsApi", "Namespace"]
