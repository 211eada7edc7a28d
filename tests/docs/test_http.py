"""The endpoints on the HTTP page are the endpoints that there are."""

import re
from pathlib import Path
from typing import Any

from starlette.routing import Route

from gatelog.api.application import HubApi
from gatelog.api.services import Services
from gatelog.store import TABLES

ROOT = Path(__file__).parents[2]
HUB, GATEWAY = (ROOT / "docs" / "reference" / "http.md").read_text().split("## Gateway")


def test_the_hubs_endpoints_are_documented_and_exist() -> None:
    nothing: Any = None
    services = Services(nothing, nothing, nothing, nothing, nothing, nothing)
    api = HubApi(services, nothing)
    served = {
        (method, route.path)
        for route in api.application().routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert set(re.findall(r"^\| `([A-Z]+) (/\S*)`", HUB, re.MULTILINE)) == served


def test_the_columns_that_hold_content_are_listed() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ((?:`\w+`(?:, )?)+) \|$", HUB, re.MULTILINE))
    listed = {table: set(re.findall(r"`(\w+)`", columns)) for table, columns in rows.items()}
    assert listed == {table.name: set(table.content) for table in TABLES if table.content}


def test_the_gateways_pages_are_documented_and_exist() -> None:
    source = (ROOT / "src" / "gatelog" / "gateway" / "pages.py").read_text()
    served = set(re.findall(r'b"(/[^"]+)": self\.', source))
    assert set(re.findall(r"^\| `(/\S+)` \|", GATEWAY, re.MULTILINE)) == served
