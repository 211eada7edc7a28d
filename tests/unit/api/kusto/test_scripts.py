""".execute database script: several commands in one request."""

from __future__ import annotations

import pytest

from .conftest import Kusto, names

pytestmark = pytest.mark.usefixtures("tidy")
SCRIPT = """
.create table T (a: string) // the list
// and its rows
.ingest inline into table T <|
x
y

.append T <| T
| take 0
.create-or-alter function F() {
    T | count
}
"""


def test_a_script_runs_command_by_command(kusto: Kusto) -> None:
    rows = kusto.command(f".execute database script <|{SCRIPT}")
    kusto.command(".drop function F ifexists")
    assert [(row[1], row[3], row[4]) for row in rows] == [
        (word, "Completed", "") for word in ("create", "ingest", "append", "create-or-alter")
    ]
    assert kusto.rows("T | sort by a asc") == [["x"], ["y"]]


def test_a_script_may_begin_beside_its_arrow_and_skips_what_only_shows(kusto: Kusto) -> None:
    script = ".create table T (a: string)\n.show tables\n.append T <| print 'x'\n// the end\n"
    rows = kusto.command(f".execute database script <| {script}")
    assert [(row[1], row[3]) for row in rows] == [
        ("create", "Completed"),
        ("show", "Skipped"),
        ("append", "Completed"),
    ]
    assert kusto.rows("T") == [["x"]]


def test_a_script_in_a_script_is_refused(kusto: Kusto) -> None:
    nested = ".execute database script <| " * 500
    [row] = kusto.command(f".execute database script <| {nested}.create table T (a: string)")
    assert row[3:] == ["Failed", "a script cannot have another one in it"]
    assert kusto.store.user_tables.all() == ()


def test_a_script_has_its_time(kusto: Kusto, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = ".create table T (a: string)\n.create table U (a: string)"
    monkeypatch.setattr("gatelog.api.kusto.commands.script.SECONDS_MAX", -1)
    [row] = kusto.command(f".execute database script <|\n{commands}")
    assert (row[3], "no command begins after that" in row[4]) == ("Failed", True)
    assert kusto.store.user_tables.all() == ()


def test_a_script_leaves_the_characters_of_its_data_alone(kusto: Kusto) -> None:
    script = ".create table T (a: string)\n.ingest inline into table T <| one\u2028two\x0bthree\x85"
    kusto.command(f".execute database script <|\n{script}\n")
    assert kusto.rows("T") == [["one\u2028two\x0bthree\x85"]]


def test_a_script_leaves_nothing_of_itself_out(kusto: Kusto) -> None:
    script = "create table T (a: string)\n.create table U (a: string)"
    assert "begins with a command" in kusto.refusal(f".execute database script <|\n{script}")[2]
    assert names(kusto) == []


def test_a_script_ends_at_a_failure_unless_it_says_otherwise(kusto: Kusto) -> None:
    script = ".create table T (a: string)\n.append T <| Nope\n.create table U (a: string)"
    rows = kusto.command(f".execute database script <|\n{script}")
    assert [row[3] for row in rows] == ["Completed", "Failed"]
    assert "SEM0100" in rows[1][4]
    assert names(kusto) == ["T"]
    rows = kusto.command(f".execute database script with (ContinueOnErrors=true) <|\n{script}")
    assert [row[3] for row in rows] == ["Completed", "Failed", "Completed"]
    throwing = f".execute database script with (ThrowOnErrors=true) <|\n{script}"
    assert kusto.refusal(throwing)[1] == "General_BadRequest"
    assert kusto.refusal(".execute database script <| print 1")[0] == 400
    assert kusto.refusal(f".execute database script <|\n{script}", token="reader")[0] == 403
