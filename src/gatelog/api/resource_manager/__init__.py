"""What Azure Resource Manager and Azure Resource Graph say of a subscription, for clients that look for
resources before they ask for data: Grafana's Azure Monitor data source, `az resource`, Azure's SDKs.

inventory        which resources there are
subscriptions    the one subscription and the one tenant
listings · graph how they are listed; how they are queried, in KQL
endpoints        the routes
"""

from gatelog.api.resource_manager.endpoints import ResourceManagerApi
from gatelog.api.resource_manager.inventory import Inventory

__all__ = ["Inventory", "ResourceManagerApi"]
