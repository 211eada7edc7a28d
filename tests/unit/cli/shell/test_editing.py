"""Typing: what Enter does, what the menu holds, which colours there are."""

from __future__ import annotations

import io
import re
import stat
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from gatelog.api.kusto.commands.dispatch import CHANGE_COMMANDS, SHOW_COMMANDS
from gatelog.cli.shell import suggestions
from gatelog.cli.shell.commands import HUB_COMMANDS
from gatelog.cli.shell.editing import QueryCompleter, QueryLexer, editor, runs_at_enter
from gatelog.cli.shell.history import HISTORY_BYTES_MAX, history_file, open_history
from gatelog.cli.shell.shell import Shell
from gatelog.kql import Catalog, Column, KqlType, Table

from .conftest import CATALOG, Screen

ALT_ENTER = "\x1b\r"
CTRL_C = "\x03"
CTRL_D = "\x04"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("", True),
        ("  ", True),
        (".tables", True),
        ("Calls", False),
        ("Calls;", True),
        ("Calls\n| count", False),
        ("Calls\n| count;", True),
        ("Calls\n| count\n", True),
        ("let a = 1;", False),  # a query must follow
        ("let a = 1;\n", False),
        ("let a = 1;\nCalls | take a\n", True),
        ("Calls | whre;", True),  # to show the error
    ],
)
def test_enter_runs_what_is_done(text: str, runs: bool) -> None:
    assert runs_at_enter(Document(text)) is runs


def test_enter_in_the_middle_begins_a_line() -> None:
    assert not runs_at_enter(Document("Calls\n| count;", cursor_position=5))


def test_a_query_of_several_lines_is_asked_whole(screen: Screen) -> None:
    assert screen.type(f"Calls\r| count;\rCalls\r| take 1\r\rCalls{ALT_ENTER}{CTRL_D}") == [
        "Calls\n| count;",
        "Calls\n| take 1",
        "Calls",
    ]


def test_ctrl_c_drops_what_was_typed(screen: Screen) -> None:
    assert screen.type(f"Calls | nonsense{CTRL_C}Calls;\r{CTRL_D}") == ["Calls;"]


def test_quit_leaves(screen: Screen) -> None:
    assert screen.type(".quit\r") == []


def test_tab_completes(screen: Screen) -> None:
    """The menu opens while typing; Tab takes its first entry."""
    assert screen.type("Cal", at_menu=f"\t;\r{CTRL_D}") == ["Calls;"]


def test_enter_takes_the_chosen_entry_and_runs_nothing(screen: Screen) -> None:
    assert screen.type("Cal", at_menu=f"\t\r;\r{CTRL_D}") == ["Calls;"]


def menu(text: str, *, asked: bool = False) -> list[tuple[str, str]]:
    """Entries and what is said of them."""
    shell = Screen().shell
    shell.catalog = CATALOG
    completer = QueryCompleter(lambda: CATALOG, lambda before: suggestions(shell, before))
    event = CompleteEvent(completion_requested=asked, text_inserted=not asked)
    return [(one.text, one.display_meta_text) for one in completer.get_completions(Document(text), event)]


def test_the_menu_says_what_an_entry_is() -> None:
    assert menu("Calls | where Mod") == [("ModelName", "string")]
    assert ("strlen(", "strlen(text) — The number of characters.") in menu("Calls | where strl")


def test_the_menu_keeps_quiet_until_a_word_begins() -> None:
    """And when the word is whole; Tab asks for it anyway."""
    assert menu("Calls | ") == []
    assert menu("Calls | where ModelName") == []
    assert menu("Calls | ", asked=True)[0][0] == "where"


def test_commands_complete() -> None:
    assert [text for text, _ in menu(".t")] == [".tables", ".timespan"]
    assert [text for text, _ in menu(".format j")] == ["json"]
    assert menu(".nonsense x") == []


def test_commands_of_the_hub_complete_word_by_word() -> None:
    assert menu(".show f") == [
        ("functions", "The saved functions."),
        ("function", "F: its parameters and body."),
    ]
    assert [text for text, _ in menu(".dro")] == [".drop function", ".drop table"]
    assert menu(".show functions") == []
    assert [text for text, _ in menu(".show table Ca")] == ["Calls"]
    assert menu(".show table Ca Ca") == []
    assert [text for text, _ in menu(".create-merge table Ca")] == ["Calls"]


@pytest.mark.parametrize(
    "typed", [".schema te", ".schema ['te", ".show table Te", ".show table ['Team l", ".drop table ['"]
)
def test_names_with_odd_characters_are_spelled_as_commands_read_them(typed: str) -> None:
    """What is put in their place begins where they were begun."""
    known = Catalog([Table("Team list", (Column("Team", KqlType.STRING),), "t")])
    completer = QueryCompleter(lambda: known, lambda before: suggestions(host(known), before))
    [entry] = completer.get_completions(Document(typed), CompleteEvent(completion_requested=True))
    command = " ".join(typed.split(" ")[: 1 if typed.startswith(".schema") else 2])
    assert typed[: len(typed) + entry.start_position] + entry.text == f"{command} ['Team list']"


def host(known: Catalog) -> Shell:
    """A shell that knows these tables."""
    shell = Screen().shell
    shell.catalog = known
    return shell


def test_the_name_of_a_new_table_is_nobodys_yet() -> None:
    assert [text for text, _ in menu(".create ta")] == ["table"]
    assert menu(".create table ") == []
    assert menu(".create table Ca") == []


def test_where_there_is_no_hub_its_commands_are_not_offered(screen: Screen) -> None:
    screen.shell.managed = False
    assert [one.text for one in suggestions(screen.shell, ".s")] == [".schema"]
    assert "goes to the hub" not in screen.after(".help")


def test_the_hub_knows_the_commands_that_are_offered() -> None:
    known = {f".{name}" for name in (*SHOW_COMMANDS, *CHANGE_COMMANDS)}
    assert set(HUB_COMMANDS) <= known


def test_each_line_has_its_colours() -> None:
    line = QueryLexer().lex_document(Document("Calls // all\n| where a == '日'"))
    assert [text for style, text in line(0) if "comment" in style] == ["// all"]
    assert [text for style, text in line(1) if "operator" in style] == ["where"]
    assert "".join(text for _, text in line(1)) == "| where a == '日'"
    assert line(9) == []
    assert QueryLexer().lex_document(Document(".help where"))(0) == [("", ".help where")]


def test_history_is_for_its_owner_only(tmp_path: Path) -> None:
    """Also a file that was open to others before."""
    file = tmp_path / "state" / "history"
    open_history(file).store_string("Calls | where prompt has 'secret'")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.chmod(0o644)
    assert list(open_history(file).load_history_strings()) == ["Calls | where prompt has 'secret'"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_history_forgets_its_older_half(tmp_path: Path) -> None:
    file = tmp_path / "history"
    history = open_history(file)
    for number in range(30):
        history.store_string(f"print {number}\n// {'x' * 50_000}")
    assert file.stat().st_size > HISTORY_BYTES_MAX
    kept = list(open_history(file).load_history_strings())
    assert 5 < len(kept) < 15
    assert [text.split("\n")[0] for text in kept] == [f"print {29 - place}" for place in range(len(kept))]


def test_history_can_be_elsewhere_or_nowhere(tmp_path: Path) -> None:
    assert history_file({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "gatelog" / "history"
    assert history_file({"GATELOG_HISTORY": str(tmp_path / "h")}) == tmp_path / "h"
    assert history_file({"GATELOG_HISTORY": "off"}) is None
    assert history_file({}) == Path.home() / ".local" / "state" / "gatelog" / "history"


def test_what_cannot_be_written_is_known_until_the_session_ends(tmp_path: Path) -> None:
    """As on a full disk."""
    history = open_history(tmp_path / "history")
    (tmp_path / "history").unlink()
    (tmp_path / "history").mkdir()
    history.append_string("print 1")
    assert history.get_strings()[-1] == "print 1"


def test_a_tab_in_a_pasted_query_is_blank(screen: Screen) -> None:
    shown = io.StringIO()
    output = Vt100_Output(shown, lambda: Size(24, 80), term="xterm")
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=output):
        keyboard.send_text("\x1b[200~Calls\n\t| count;\x1b[201~" + ALT_ENTER)
        completer = QueryCompleter(lambda: CATALOG, lambda _: ())
        history = InMemoryHistory()
        session = editor(completer, screen.shell.toolbar, history=history, input=keyboard, output=output)
        assert session.prompt() == "Calls\n\t| count;"
    assert "^I" not in shown.getvalue()
    assert "    |" in re.sub(r"\x1b\[[0-9;]*m", "", shown.getvalue())
