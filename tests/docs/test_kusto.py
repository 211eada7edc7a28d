"""The page about Azure Data Explorer clients names the routes, commands, options and limits there are."""

import re
from pathlib import Path
from typing import Any

from starlette.routing import Route

from gatelog.api.kusto import KustoApi, options
from gatelog.api.kusto.commands.dispatch import CHANGE_COMMANDS, OWN_COMMANDS, SHOW_COMMANDS
from gatelog.api.kusto.ingest import INGEST_BYTES_MAX, formats
from gatelog.api.kusto.requests import COMMAND_BODY_BYTES_MAX
from gatelog.api.services import Services
from gatelog.store import ROWS_A_REQUEST_MAX, user_engine, user_fills, user_table, user_tables

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "kusto.md").read_text()


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_routes_are_documented_and_exist() -> None:
    nothing: Any = None
    services = Services(*[nothing] * len(Services._fields))
    served = {route.path for route in KustoApi(services, "gatelog").routes() if isinstance(route, Route)}
    documented = set(re.findall(r"^\| `[A-Z ]+ (/\S*)`", section("Routes"), re.MULTILINE))
    others = {"/v1/rest", "/v1/rest/{rest:path}", "/v2", "/v2/rest", "/v2/rest/{rest:path}"}
    assert {path for path in served if path.startswith("/v")} - others == documented


def test_the_commands_are_documented_and_exist() -> None:
    cells = re.findall(r"^\| (`\..*?`) \|", section("Commands"), re.MULTILINE)
    documented = {name for cell in cells for name in re.findall(r"`\.([^`]+)`", cell)}
    assert documented == {*SHOW_COMMANDS, *OWN_COMMANDS, *CHANGE_COMMANDS}


def test_the_request_properties_are_documented() -> None:
    source = Path(options.__file__).read_text()
    known = set(re.findall(r'"((?:[a-z]+2?_?)+[a-z]+)"', source.partition("def read_options")[2]))
    properties = {
        name for name in known if "_" in name or name.startswith(("server", "no", "trunc", "defer"))
    }
    second_spellings = {"truncation_max_records", "truncation_max_size"}
    placements = {"in_data", "end_of_table", "end_of_dataset"}
    documented = set(re.findall(r"`(\w+)`", section("Request properties")))
    assert properties - second_spellings - placements <= documented


def test_the_limits_are_those_of_the_code() -> None:
    text = section("Tables of the users' own")
    for number in (
        user_tables.TABLES_MAX,
        user_table.COLUMNS_MAX,
        user_fills.ROWS_MAX,
        ROWS_A_REQUEST_MAX,
    ):
        assert f" {number:,}" in text
    assert f"{INGEST_BYTES_MAX // 2**20} MiB, unpacked" in text
    assert f"| {COMMAND_BODY_BYTES_MAX // 2**20} MiB |" in text
    assert f"{user_engine.TABLE_BYTES_MAX // 2**10} KiB" in text


def test_the_formats_are_documented() -> None:
    listed = re.search(r"^Formats: ([^;]+);", section("Tables of the users' own"), re.MULTILINE)
    assert listed is not None
    assert re.sub(r" \(.*?\)", "", listed[1]).split(", ") == list(formats.FORMATS)
