"""The record as a Log Analytics workspace: Azure Monitor's query API.

requests · workspaces   what was asked, of which workspace   tables · values   a query's answer as JSON
endpoints · batch       the routes; several questions        faults            errors as the service has them
metadata                the schema, for editors
"""

from gatelog.api.loganalytics.endpoints import LogAnalyticsApi
from gatelog.api.loganalytics.workspaces import Workspaces

__all__ = ["LogAnalyticsApi", "Workspaces"]
