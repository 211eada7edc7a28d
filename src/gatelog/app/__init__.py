"""The composition root: builds and runs gateway, hub, supervisor and demo from a configuration."""

from gatelog.app.completeness import print_completeness
from gatelog.app.demo import run_demo
from gatelog.app.hub_client import HubClient, HubError
from gatelog.app.parent import announce, follow
from gatelog.app.service import run_gateway, run_hub
from gatelog.app.sizing import Workload, size_of
from gatelog.app.sizing_page import lines as size_lines
from gatelog.app.supervisor import run_supervisor
from gatelog.app.table import on_one_line, print_rows, print_table, printable, standard_output

__all__ = [
    "HubClient",
    "HubError",
    "Workload",
    "announce",
    "follow",
    "on_one_line",
    "print_completeness",
    "print_rows",
    "print_table",
    "printable",
    "run_demo",
    "run_gateway",
    "run_hub",
    "run_supervisor",
    "size_lines",
    "size_of",
    "standard_output",
]
