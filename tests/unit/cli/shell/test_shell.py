"""Queries, errors and commands, as the shell answers them."""

from __future__ import annotations

import csv
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from gatelog.app import HubError
from gatelog.cli.shell.commands import suggestions
from gatelog.cli.shell.shell import Shell
from gatelog.errors import KqlSemanticError, Place, StoreUnavailableError
from gatelog.kql import Catalog, Column, KqlType, SavedFunction, Table

from .conftest import CATALOG, Screen


def test_an_answer_is_a_table_with_its_rows_and_time(screen: Screen) -> None:
    """The clock of the test ticks once a look."""
    text = screen.after("Calls | take 1")
    assert "ModelName" in text
    assert "gpt-4o" in text
    assert "1 row in 1.000 s" in text
    assert screen.connection.asked == [("Calls | take 1", None)]


def test_all_answers_are_shown_and_the_last_is_drawn_and_kept(screen: Screen, tmp_path: Path) -> None:
    columns = [{"name": "Team", "type": "string"}, {"name": "n", "type": "long"}]
    screen.connection.before = [{"name": "First", "columns": columns, "rows": [["red", 1], ["blue", 2]]}]
    screen.connection.answer = {"name": "Second", "columns": columns, "rows": [["green", 3]]}
    text = screen.after("Calls; Calls | render barchart", f".export {tmp_path / 'kept.csv'}")
    assert re.search(r"blue +2\n2 rows: First\ngreen │█+ 3\n", text)
    assert "1 row: Second, in 1.000 s" in text
    assert (tmp_path / "kept.csv").read_text().splitlines() == ["Team,n", "green,3"]


def test_an_error_is_underlined_in_its_line(screen: Screen) -> None:
    """The whole token; the line number where there are several."""
    screen.connection.answer = KqlSemanticError(
        "there is no column 'Modelname'", place=Place(2, 9), hint="did you mean 'ModelName'?"
    )
    assert screen.after("Calls\n| where Modelname == 1").splitlines() == [
        "2 │ | where Modelname == 1",
        "            ^^^^^^^^^",
        "error: there is no column 'Modelname'",
        "hint: did you mean 'ModelName'?",
    ]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\u2028"])
def test_lines_end_in_the_shell_as_they_do_in_the_language(screen: Screen, end: str) -> None:
    screen.connection.answer = KqlSemanticError("wrong", place=Place(2, 9))
    assert screen.after(f"Calls{end}| where Modelname == 1{end}| take 1").split("\n")[:2] == [
        "2 │ | where Modelname == 1",
        "            ^^^^^^^^^",
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2029"])
def test_of_a_text_of_several_lines_the_first_is_underlined(screen: Screen, end: str) -> None:
    screen.connection.answer = KqlSemanticError("wrong", place=Place(1, 7))
    assert screen.after(f"print ```one{end}two```").split("\n")[:2] == [
        "1 │ print ```one",
        "          ^^^^^^",
    ]


def test_a_caret_stands_under_characters_of_any_width(screen: Screen) -> None:
    """Wide ones take two places, a tab one."""
    screen.connection.answer = KqlSemanticError("wrong", place=Place(1, 16))
    assert screen.after("print\t'日本語', a + b").splitlines()[:2] == [
        "print '日本語', a + b",
        " " * 18 + "^",
    ]


def test_what_does_not_parse_is_not_sent(screen: Screen) -> None:
    text = screen.after("Calls | whre x")
    assert text.splitlines()[:2] == ["Calls | whre x", "        ^^^^"]
    assert "did you mean 'where'?" in text
    assert screen.connection.asked == []


def test_an_error_at_the_end_of_the_query_has_its_place(screen: Screen) -> None:
    assert screen.after("Calls | where").splitlines()[:2] == ["Calls | where", "             ^"]


def test_an_error_of_the_hub_is_shown_as_one_of_ours(screen: Screen) -> None:
    inner = KqlSemanticError("no such thing", place=Place(1, 1))
    screen.connection.answer = HubError(str(inner), 2, inner)
    assert screen.after("Calls").splitlines() == ["Calls", "^^^^^", "error: no such thing"]
    screen.connection.answer = HubError("no hub answers", 1)
    assert screen.after("Calls") == "error: no hub answers\n"
    screen.connection.answer = StoreUnavailableError("away")
    assert screen.after("Calls") == "error: away\n"


def test_a_timespan_that_is_none_is_no_fault_of_the_query(screen: Screen) -> None:
    screen.connection.answer = KqlSemanticError("timespan: 'bogus' is not a duration", hint="write P1D")
    assert screen.after("Calls") == "error: timespan: 'bogus' is not a duration\nhint: write P1D\n"


def test_ctrl_c_gives_up_the_query_and_not_the_shell(screen: Screen) -> None:
    screen.connection.answer = KeyboardInterrupt()
    assert screen.after("Calls") == "cancelled\n"


def test_a_timespan_goes_along_until_it_is_off(screen: Screen) -> None:
    screen.after(".timespan P1D", "Calls", ".timespan off", "Calls")
    assert screen.connection.asked == [("Calls", "P1D"), ("Calls", None)]
    assert "P1D" not in screen.shell.toolbar()


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (
            120,
            " http://hub.test · all time · ; or an empty line runs · .help · Tab completes"
            " · Alt-Enter runs at once ",
        ),
        (60, " http://hub.test · all time · ; or an empty line runs "),
        (20, " http://hub.test · all time "),
    ],
)
def test_the_toolbar_says_what_fits_after_what_is_asked(screen: Screen, width: int, line: str) -> None:
    screen.console.width = width
    assert screen.shell.toolbar() == line


def test_answers_come_in_three_formats(screen: Screen) -> None:
    assert screen.after(".format csv", "Calls").splitlines()[1:3] == ["ModelName,Tokens", "gpt-4o,1200"]
    text = screen.after(".format json", "Calls")
    assert json.loads(text[text.index("{") : text.rindex("}") + 1])["rows"] == [["gpt-4o", 1200]]
    assert "there is no format 'xml'" in screen.after(".format xml")


SEQUENCES = "a\x1b[2Jb\x9b2Jc\rd"
"""Of seven bits, of eight, and back to the start of the line."""


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_no_answer_error_or_remark_is_obeyed_by_the_terminal(screen: Screen, form: str) -> None:
    screen.console._force_terminal = True
    column = {"name": "Said", "type": "string"}
    screen.connection.answer = {"columns": [column], "rows": [[SEQUENCES]]}
    shown = screen.after(f".format {form}", "Calls", "Calls | render piechart")
    screen.connection.answer = KqlSemanticError(SEQUENCES, hint=SEQUENCES)
    screen.after("Calls")
    screen.shell.say(SEQUENCES)
    assert not {"\x1b", "\x9b", "\r"} & set(screen.text.replace("\r\n", "\n"))
    assert shown.count("2Jc") == 2


def test_a_shell_whose_answers_go_into_a_file_leaves_them_as_they_are(screen: Screen) -> None:
    column = {"name": "Said", "type": "string"}
    screen.connection.answer = {"columns": [column], "rows": [[SEQUENCES]]}
    assert f'Said\r\n"{SEQUENCES}"\r\n' in screen.after(".format csv", "Calls")


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("a.csv", lambda text: list(csv.reader(text.splitlines()))[1:]),
        ("a.json", lambda text: json.loads(text, parse_float=Decimal)["rows"]),
    ],
)
def test_the_last_answer_is_written_to_a_file(screen: Screen, tmp_path: Path, name: str, read) -> None:
    """Whole, with lists as JSON and null as nothing."""
    assert "ask first" in screen.after(f".export {tmp_path / name}")
    row = ["a,b", None, [1], True, Decimal("0.12345678901234567890")]
    kinds = ("string", "long", "dynamic", "bool", "decimal")
    screen.connection.answer = {"columns": [{"name": "c", "type": kind} for kind in kinds], "rows": [row]}
    text = screen.after("Calls", f".export {tmp_path / name}")
    assert "1 rows in" in " ".join(text.split())
    assert read((tmp_path / name).read_text()) in (
        [["a,b", "", "[1]", "true", "0.12345678901234567890"]],
        [row],
    )


def test_a_file_that_cannot_be_written_is_an_error(screen: Screen, tmp_path: Path) -> None:
    text = screen.after("Calls", f".export {tmp_path}")
    assert "cannot be written: Is a directory" in " ".join(text.split())


def test_the_names_are_listed(screen: Screen) -> None:
    screen.type(".quit\r")
    assert "ModelName, Tokens" in screen.after(".tables")
    assert "long" in screen.after(".schema Calls")
    assert "there is no table 'Cals': did you mean 'Calls'?" in screen.after(".schema Cals")
    assert "strlen(text)" in screen.after(".functions strl")
    assert "One row for each combination of the keys." in screen.after(".help summarize")
    assert ".export FILE" in screen.after(".help")
    assert ".export FILE" in screen.after("help")
    assert "no function 'nonsense'" in screen.after(".help nonsense")


@pytest.mark.parametrize("name", ["Team list", "['Team list']"])
def test_a_name_with_odd_characters_is_taken_with_and_without_brackets(screen: Screen, name: str) -> None:
    screen.shell.catalog = Catalog([Table("Team list", (Column("Lead", KqlType.STRING),), "t")])
    assert "Lead" in screen.after(f".schema {name}")


def test_saved_functions_are_explained_like_built_in_ones(screen: Screen) -> None:
    screen.shell.catalog = CATALOG.with_functions(
        [SavedFunction("Twice", "(x: long)", "{ 2 * x }", "Doubles.")]
    )
    assert "Twice(x: long)   Doubles." in screen.after(".functions Twi")
    assert "{ 2 * x }" in screen.after(".help Twice")
    assert [one.text for one in suggestions(screen.shell, ".help Twi")] == ["Twice"]


def test_other_commands_go_to_the_hub(screen: Screen) -> None:
    """And the names are asked for anew: the command may have made some."""
    assert "gpt-4o" in screen.after(".show tables")
    assert screen.connection.commands == [".show tables"]
    assert screen.shell.catalog.names == ("Calls",)


def test_a_hub_that_is_away_at_the_start_does_not_end_the_shell(screen: Screen) -> None:
    screen.connection.names = HubError("no hub answers", 1)
    assert screen.type("Calls;\r.quit\r") == ["Calls;"]
    assert "names are not known: no hub answers" in screen.text


def test_a_chart_is_drawn_where_the_query_says_so(screen: Screen) -> None:
    text = screen.after("Calls | render barchart")
    assert "gpt-4o │█" in text
    assert "1.2k" in text


def test_what_cannot_be_drawn_is_a_table_and_a_reason(screen: Screen) -> None:
    text = screen.after("Calls | render timechart")
    assert "gpt-4o" in text
    assert "no chart: a timechart needs a column for its x axis" in text
    assert "treemap cannot be drawn in a terminal" in screen.after("Calls | render treemap")


def test_a_table_is_cut_where_nobody_reads_on(screen: Screen) -> None:
    screen.connection.answer = {
        "columns": [{"name": "n", "type": "long"}],
        "rows": [[n] for n in range(1500)],
    }
    text = screen.after("Calls")
    assert "the first 1,000 rows" in text
    assert "1,500 rows in" in text


def test_what_a_word_does_is_said_whole_however_narrow_the_screen(screen: Screen) -> None:
    screen.console.width = 40
    screen.shell.catalog = Catalog((), [SavedFunction("Twice", "(x: long)", "{ 2 * x }", "The double. " * 9)])
    said = " ".join(screen.after(".help summarize", ".help Twice").split())
    assert "operator summarize aggregate, ... by key, ..." in said
    assert "One row for each combination of the keys." in said
    assert f"Twice(x: long) {'The double. ' * 9}{{ 2 * x }}" in said
    assert "…" not in said
    screen.after(".format json")
    assert json.loads(screen.after(".help summarize"))["rows"][0][0] == "operator"


@pytest.mark.parametrize("word", ["exit", "quit", ".quit", " exit "])
def test_the_shell_is_left_by_the_words_that_people_try(screen: Screen, word: str) -> None:
    assert not screen.shell.execute(word)
    assert screen.connection.asked == []


def test_a_query_may_begin_with_such_a_word(screen: Screen) -> None:
    screen.after("exit | take 1", "['quit']")
    assert [query for query, _ in screen.connection.asked] == ["exit | take 1", "['quit']"]


def test_a_chart_has_so_many_lines_at_most(screen: Screen) -> None:
    rows = [[f"team {number}", number] for number in range(1, 3001)]
    columns = [{"name": "Team", "type": "string"}, {"name": "n", "type": "long"}]
    screen.connection.answer = {"columns": columns, "rows": rows}
    lines = screen.after("Calls | render barchart").splitlines()
    assert "team 1000 " in lines[999]
    assert lines[1000:] == [
        "the first 1,000 lines; .export FILE writes all rows",
        "3,000 rows in 1.000 s",
    ]


@pytest.fixture
def long_answer(screen: Screen) -> Screen:
    """A terminal of 40 lines, and an answer of 99 rows."""
    screen.console = Console(file=screen.file, width=100, height=40, force_terminal=True)
    screen.shell = Shell(screen.connection, screen.console)
    screen.connection.answer = {
        "columns": [{"name": "n", "type": "long"}],
        "rows": [[number] for number in range(99)],
    }
    return screen


@pytest.mark.parametrize(("own", "options"), [(None, "RFSX"), ("-i", "-i")])
def test_a_pager_is_told_of_the_colours_unless_the_user_has_options(
    long_answer: Screen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own: str | None, options: str
) -> None:
    """`PAGER=less` alone would show the colours as text."""
    pager = tmp_path / "pager"
    pager.write_text(f'#!/bin/sh\n{{ echo "$LESS"; cat; }} > {tmp_path}/shown\n')
    pager.chmod(0o755)
    monkeypatch.setenv("PAGER", str(pager))
    monkeypatch.delenv("LESS", raising=False)
    if own is not None:
        monkeypatch.setenv("LESS", own)
    long_answer.after("Calls")
    shown = (tmp_path / "shown").read_text().splitlines()
    assert (shown[0], shown[-1].strip()) == (options, "98")


def test_a_chart_that_is_longer_than_the_screen_is_paged_too(
    long_answer: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER", "true")
    long_answer.connection.answer = {
        "columns": [{"name": "Team", "type": "string"}, {"name": "n", "type": "long"}],
        "rows": [[f"team {number}", number] for number in range(1, 100)],
    }
    assert "team 50" not in long_answer.after("Calls | render barchart")


@pytest.mark.parametrize("pager", ["'less", "no-such-pager", " "])
def test_without_a_pager_all_is_printed(
    long_answer: Screen, monkeypatch: pytest.MonkeyPatch, pager: str
) -> None:
    monkeypatch.setenv("PAGER", pager)
    assert "98" in long_answer.after("Calls")
