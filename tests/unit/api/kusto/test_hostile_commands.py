"""Whatever a command's text is: an answer or a refusal in the service's shape, and never more than data."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatelog.api.kusto.commands.dispatch import CHANGE_COMMANDS, SHOW_COMMANDS
from gatelog.api.kusto.commands.grammar import split_input
from gatelog.api.kusto.commands.piped import is_command

from .conftest import Kusto

PIECES = (
    *(
        "T",
        "Calls",
        "gatelog",
        "['x']",
        "'a`b'",
        '"a\\"b"',
        "@'c'",
        "(a: string)",
        "(a: long, a: long)",
        "()",
    ),
    *("(", ")", "[", "]", "{", "}", "<|", "|", ";", ",", "=", "-", ".", "--", "/*", "//", "`", "\\", "\x00"),
    *(
        "as json",
        "schema",
        "details",
        "policy",
        "retention",
        "ingestion",
        "csv",
        "mapping",
        "mappings",
        "data",
    ),
    *(
        "with",
        "with (docstring='x', folder=1)",
        "ifexists",
        "ifnotexists",
        "into table",
        "to",
        "print 1",
        "count",
    ),
    *(
        "'; DROP TABLE calls; --",
        "${x}",
        "{x:String}",
        "%s",
        "ü",
        "\u202e",
        "9" * 400,
        "(" * 200,
        "x" * 2_000,
    ),
)
COMMANDS = tuple(f".{name}" for name in (*SHOW_COMMANDS, *CHANGE_COMMANDS))


pytestmark = pytest.mark.usefixtures("tidy")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(COMMANDS), st.lists(st.sampled_from(PIECES), max_size=6))
def test_a_command_of_any_pieces_is_answered_or_refused(
    kusto: Kusto, command: str, pieces: list[str]
) -> None:
    answer = kusto.post("/v1/rest/mgmt", " ".join([command, *pieces]))
    assert answer.status_code in {200, 400}, answer.text
    assert "Tables" in answer.json() or "@message" in answer.json()["error"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80))
def test_a_command_of_any_text_is_answered_or_refused(kusto: Kusto, text: str) -> None:
    assert kusto.post("/v1/rest/mgmt", f".{text}").status_code in {200, 400}


def test_the_record_is_as_it_was(kusto: Kusto) -> None:
    assert kusto.rows("Calls | count") == [[10]]


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE calls; --",
        "it''s \\' {x:String} %(y)s ${z} \t\n",
        "\x00\x07\u202e\U0001f600",
        "`\"'\\",
    ],
)
def test_hostile_text_is_data_wherever_it_is_kept(kusto: Kusto, text: str) -> None:
    literal = "'" + "".join(f"\\u{ord(unit):04x}" for unit in _units(text)) + "'"
    kusto.command(f".create table T (a: string) with (docstring={literal}, folder={literal})")
    kusto.command(f".append T <| print {literal}")
    assert kusto.command(".show table T")[0][2:] == [text, text]
    assert kusto.rows("T") == [[text]]
    mapping = '[{"Column":"a","Properties":{"Ordinal":"0"}}]'
    kusto.command(f".create table T ingestion csv mapping {literal} '{mapping}'")
    assert kusto.command(".show table T ingestion mappings")[0][0] == text


def _units(text: str) -> list[str]:
    """The UTF-16 code units of a text, as KQL's \\u escapes spell them."""
    data = text.encode("utf-16-be")
    return [chr(int.from_bytes(data[place : place + 2])) for place in range(0, len(data), 2)]


SECONDS_MAX = 2.0
"""CPU time for a command of the greatest length; each of these once took minutes, or for ever."""


@pytest.mark.parametrize(
    "text",
    [
        ".show " + "a " * 16_000 + '"' + "<|" * 16_000,
        ".ingest inline into table T [" + '""' * 30_000,
        '.ingest inline into table T [a,"b""c"] [' + '""' * 30_000 + '"',
    ],
    ids=["inputs inside a string", "quotes", "quotes after a record"],
)
def test_a_command_is_read_in_a_time_that_grows_with_its_length(kusto: Kusto, text: str) -> None:
    kusto.command(".create table T (a: string)")
    began = time.process_time()
    assert kusto.post("/v1/rest/mgmt", text).status_code == 400
    assert time.process_time() - began < SECONDS_MAX


@pytest.mark.parametrize(
    ("text", "head", "data"),
    [
        (".a <| b <| c", ".a ", " b <| c"),
        (".a '<|' <|b", ".a '<|' ", "b"),
        (".a @'<|''<|' <|", ".a @'<|''<|' ", ""),
        (".a // <|\n <| 'b", ".a // <|\n ", " 'b"),
        (".a '<|", ".a '<|", None),
        (".a", ".a", None),
    ],
)
def test_data_begins_behind_the_first_mark_outside_of_strings(text: str, head: str, data: str | None) -> None:
    assert split_input(text) == (head, data)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (".show tables", True),
        ("  // which\r\n\n\t// x.y\n .show tables", True),
        ("// .show tables", False),
        ("Calls\n.show", False),
        ("/.show", False),
        ("", False),
    ],
)
def test_a_command_begins_with_a_dot_behind_comments(text: str, command: bool) -> None:
    assert is_command(text) is command


def test_to_see_that_a_text_is_a_command_takes_no_copy_of_its_data() -> None:
    """Lines of a command's data as texts of their own took ten times as much memory as they have bytes."""
    text = ".ingest inline into table T <| " + "ab\n" * 1_000_000
    tracemalloc.start()
    assert is_command(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 1024
