"""The endpoints on the HTTP page are the endpoints that there are."""

import re
from pathlib import Path
from typing import Any

from starlette.routing import Route

from gatelog.api.application import HubApi

ROOT = Path(__file__).parents[2]
HUB, GATEWAY = (ROOT / "docs" / "reference" / "http.md").read_text().split("## Gateway")


def test_the_hubs_endpoints_are_documented_and_exist() -> None:
    nothing: Any = None
    api = HubApi(nothing, nothing, nothing, nothing, nothing)
    served = {
        (method, route.path)
        for route in api.application().routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert set(re.findall(r"^\| `([A-Z]+) (/\S*)`", HUB, re.MULTILINE)) == served


def test_the_gateways_pages_are_documented_and_exist() -> None:
    source = (ROOT / "src" / "gatelog" / "gateway" / "pages.py").read_text()
    served = set(re.findall(r'b"(/[^"]+)": self\.', source))
    assert set(re.findall(r"^\| `(/\S+)` \|", GATEWAY, re.MULTILINE)) == served
