"""Answers as tables for people."""

import io
from typing import Any

from rich.console import Console

from gatelog.app import print_table
from gatelog.app.table import LINES_AT_ONCE


def printed(
    columns: dict[str, str], rows: list[list[Any]], *, width: int = 100, rows_max: int | None = None
) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    listed = [{"name": name, "type": kind} for name, kind in columns.items()]
    print_table({"columns": listed, "rows": rows}, console, rows_max=rows_max)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_long_text_and_line_ends_do_not_break_the_table() -> None:
    out = printed({"Body": "string"}, [["line one\nline two " + "x" * 500]])
    assert "line one line two xxx" in out
    assert max(map(len, out.splitlines())) <= 60


def test_a_row_is_one_line() -> None:
    """Words that would wrap are cut where the column ends: rows of many lines are read as several."""
    out = printed({"A": "string", "B": "string"}, [["one two three four five " * 4, "x" * 60]], width=80)
    _, _, row, last = out.splitlines()
    assert row.startswith("one two three four")
    assert len(row) <= 80
    assert last == "1 row"


def test_the_longest_texts_give_way_first() -> None:
    row = ["short", "t" * 60, "2026-01-02T03:04:05.1234567Z", 87.34782608695652]
    columns = {"A": "string", "B": "string", "T": "datetime", "AverageOfSomething": "real"}
    line = printed(columns, [row], width=70).splitlines()[2]
    assert line == "short   ttttttttttttttt…   2026-01-02 03:04:05.123   87.34782608695652"


def test_a_long_heading_of_numbers_gives_way_but_no_digit() -> None:
    columns = {f"sum_SomethingWithALongName{number}": "long" for number in range(4)}
    out = printed(columns, [[1234567890123456] * 4], width=80)
    assert out.count("1234567890123456") == 4
    assert "sum_SomethingWit…" in out


def test_numbers_that_do_not_fit_become_lines() -> None:
    columns = {f"N{number}": "real" for number in range(6)}
    out = printed(columns, [[87.34782608695652] * 6], width=80)
    assert out.count("87.34782608695652") == 6
    assert "N5  87.34782608695652" in out


def test_no_number_is_too_long_to_be_shown_whole() -> None:
    """A decimal has up to 76 digits; where no line is that long, it goes on in the next one."""
    number = "123456789" * 4 + "." + "123456789" * 3
    for width in (100, 40):
        assert number in printed({"N": "decimal"}, [[number]], width=width).replace("\n", "")


def test_many_narrow_columns_are_a_table() -> None:
    columns = {f"N{number}": "long" for number in range(12)}
    assert printed(columns, [[*range(12)]], width=80).splitlines()[0].split() == [*columns]


def test_times_are_shown_to_the_millisecond() -> None:
    assert "2026-01-02 03:04:05.123\n" in printed({"T": "datetime"}, [["2026-01-02T03:04:05.1234567Z"]])


def test_structured_values_are_shown_as_json() -> None:
    assert '{"a":[1,null]}' in printed({"D": "dynamic"}, [[{"a": [1, None]}]])


def test_markup_in_data_is_only_text() -> None:
    assert "[bold]x[/bold]" in printed({"S": "string"}, [["[bold]x[/bold]"]])


def test_no_data_moves_the_cursor_of_a_terminal() -> None:
    """Sequences that would set its title, or write its clipboard: CSI and OSC, of seven and eight bits."""
    out = printed({"S\x1b[2J": "string", "D": "dynamic"}, [["a\x1b]0;b\x07", {"k": "c\x9b31md\x7f"}]])
    assert not set(map(ord, out)) & {*range(10), *range(11, 32), *range(0x7F, 0xA0)}
    assert "S␛[2J" in out
    assert "a␛]0;b␇" in out


def test_columns_that_do_not_fit_become_lines_without_the_empty_ones() -> None:
    columns = {f"Column{number}": "string" for number in range(30)}
    out = printed(columns, [["", None, *(f"value {number}" for number in range(2, 30))]])
    assert "Column2   value 2" in out
    assert "Column0" not in out


def test_what_is_left_out_is_said() -> None:
    out = printed({"N": "long"}, [[number] for number in range(5)], rows_max=2)
    assert out.splitlines()[-1] == "5 rows, 2 shown"


def test_of_many_wide_rows_the_fullest_is_shown() -> None:
    columns = {f"Column{number}": "string" for number in range(30)}
    out = printed(columns, [[""] * 30, ["full"] * 30, ["half"] * 15 + [""] * 15], rows_max=8)
    assert "full" in out
    assert "half" not in out
    assert out.splitlines()[-1] == "3 rows, 1 shown"


def test_no_rows_is_an_answer_too() -> None:
    assert printed({"N": "long"}, []).splitlines()[-1] == "0 rows"


def test_a_table_of_many_rows_is_written_as_it_is_made() -> None:
    """Line by line with few words of rich's for each: 100,000 rows took 21 seconds, and came at the end."""
    written: list[str] = []
    file = io.StringIO()
    file.write = lambda text: written.append(text) or len(text)  # type: ignore[method-assign,func-returns-value]
    rows = [[number, f"text {number}"] for number in range(2 * LINES_AT_ONCE + 1)]
    columns = [{"name": "N", "type": "long"}, {"name": "Text", "type": "string"}]
    print_table({"columns": columns, "rows": rows}, Console(file=file, width=80))
    heading, *pieces, last, end = [text for text in written if text]
    assert heading.count("\n") == 2
    assert [piece.count("\n") for piece in pieces] == [LINES_AT_ONCE, LINES_AT_ONCE]
    assert (last, end) == ("2000   text 2000\n", "2001 rows\n")


def test_wide_characters_take_two_places() -> None:
    """A text that is cut inside one of them is filled up, so that the next column begins where it should."""
    lines = printed({"A": "string", "N": "long"}, [["漢字" * 20, 1], ["ab", 22]], width=20).splitlines()
    assert lines[2:4] == ["漢字漢字漢字漢…    1", "ab                22"]
