"""The schema as a script makes the same tables and functions again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .conftest import Kusto

SET_UP = [
    ".create table ['Größe 1'] (['a b']: string, n: long) with (folder='f\\\\g')",
    ".alter table ['Größe 1'] docstring 'says \\'hello\\'\\n\\u00fc'",
    ".alter table ['Größe 1'] column-docstrings (['a b']: \"the \\\"first\\\"\")",
    ".alter-merge table ['Größe 1'] policy retention softdelete = 10d",
    ".alter table ['Größe 1'] policy caching hot = 3d",
    ".alter table ['Größe 1'] policy ingestiontime true",
    ".create table ['Größe 1'] ingestion json mapping 'm' '[{\"Column\":\"n\",\"Path\":\"$[\\'x y\\']\"}]'",
    ".create table Plain (x: real)",
    ".create function with (docstring='d', folder='f', view=true) F() {\n    Plain\n    | count\n}",
    ".create function G(T: (x: real), n: long = 3) { T | take n }",
]
SHOWN = [
    ".show schema as json",
    ".show tables | where TableName in ('Plain', 'Größe 1')",
    ".show table * policy retention",
    ".show table * policy caching",
    ".show table * policy ingestiontime",
    ".show database ingestion mappings | project Name, Kind, Mapping, Table",
    ".show functions",
]


@pytest.fixture(autouse=True)
def tidy(kusto: Kusto) -> Iterator[None]:
    """Nothing of the users' own afterwards."""
    yield
    wipe(kusto)


def wipe(kusto: Kusto) -> None:
    kusto.drop_tables()
    kusto.command(".drop functions (F, G) ifexists")


def test_the_script_makes_what_it_was_made_of(kusto: Kusto) -> None:
    for command in SET_UP:
        kusto.command(command)
    before = [kusto.command(shown) for shown in SHOWN]
    script = [row[0] for row in kusto.command(".show database gatelog schema as csl script")]
    wipe(kusto)
    rows = kusto.command(".execute database script <|\n" + "\n".join(script))
    assert {row[3] for row in rows} == {"Completed"}
    assert [kusto.command(shown) for shown in SHOWN] == before
    assert kusto.rows("F()") == [[0]]
    assert [row[0] for row in kusto.command(".show database schema as csl script")] == script


def test_the_script_has_what_its_reader_sees(kusto: Kusto) -> None:
    kusto.command(".set Said <| Calls | project RequestBody")
    kusto.command(".create function F() { Calls | where RequestBody has 'Jane Roe' }")
    command = ".show database schema as csl script"
    assert "Said" in kusto.post("/v1/rest/mgmt", command).text
    assert "Said" not in kusto.post("/v1/rest/mgmt", command, token="clerk").text
    assert kusto.command(command, token="meter") == []
