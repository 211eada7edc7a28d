"""The composition root: builds and runs gateway, hub, supervisor and demo from a configuration."""

from gatelog.app.completeness import print_completeness
from gatelog.app.demo import run_demo
from gatelog.app.exact_json import decode_exactly, encode_exactly
from gatelog.app.hub_client import HubClient, HubError
from gatelog.app.parent import announce, follow
from gatelog.app.service import run_gateway, run_hub
from gatelog.app.sizing import Workload, size_of
from gatelog.app.sizing_page import lines as size_lines
from gatelog.app.supervisor import run_supervisor
from gatelog.app.table import print_rows, print_table, standard_output
from gatelog.app.terminal import on_one_line, printable, printable_pieces

__all__ = [
    "HubClient",
    "HubError",
    "Workload",
    "announce",
    "decode_exactly",
    "encode_exactly",
    "follow",
    "on_one_line",
    "print_completeness",
    "print_rows",
    "print_table",
    "printable",
    "printable_pieces",
    "run_demo",
    "run_gateway",
    "run_hub",
    "run_supervisor",
    "size_lines",
    "size_of",
    "standard_output",
]
