"""Saved functions: kept over restarts, checked before they are kept."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatelog.control import CONTROL_FILE, Functions, open_control
from gatelog.control import functions as module
from gatelog.errors import ControlError, KqlError, KqlSemanticError, KqlSyntaxError
from gatelog.kql import Catalog, Column, KqlType, SavedFunction, Table, compile

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CATALOG = Catalog([Table("T", (Column("a", KqlType.LONG), Column("s", KqlType.STRING)), "t")])


class FixedClock:
    """New Year."""

    def now_ns(self) -> int:
        return int(NOW.timestamp()) * 10**9

    def monotonic_ns(self) -> int:
        return 0


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[Functions]:
    with open_control(tmp_path) as control:
        yield Functions(control, FixedClock())


@pytest.fixture
def save(functions: Functions) -> Callable[..., None]:
    def keep(name: str, parameters: str, body: str, **more: object) -> None:
        functions.save(SavedFunction(name, parameters, body, **more), CATALOG, by="ada")

    return keep


def sql(functions: Functions, query: str) -> str:
    return compile(query, CATALOG.with_functions(functions.saved()), now=NOW).sql


def test_functions_outlive_the_hub(tmp_path: Path) -> None:
    for name in ("First", "Second"):
        with open_control(tmp_path) as control:
            kept = Functions(control, FixedClock())
            kept.save(SavedFunction(name, "()", "{ T }", "what it says", "a folder"), CATALOG, by="ada")
    with open_control(tmp_path) as control:
        first, second = Functions(control, FixedClock()).all()
    assert first.function == SavedFunction("First", "()", "{ T }", "what it says", "a folder")
    assert (second.function.name, second.changed_at, second.changed_by) == ("Second", NOW, "ada")


def test_only_the_owner_reads_the_control_data(tmp_path: Path) -> None:
    with open_control(tmp_path):
        assert stat.S_IMODE((tmp_path / CONTROL_FILE).stat().st_mode) == 0o600


def test_control_data_of_a_newer_gatelog_is_left_alone(tmp_path: Path) -> None:
    with open_control(tmp_path):
        pass
    with sqlite3.connect(tmp_path / CONTROL_FILE) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(ControlError, match="newer gatelog"), open_control(tmp_path):
        pass


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / CONTROL_FILE).write_bytes(b"not a database at all" * 100)
    with pytest.raises(ControlError, match=CONTROL_FILE), open_control(tmp_path):
        pass


@pytest.mark.parametrize(
    ("parameters", "body", "query", "expected"),
    [
        ("()", "{ T | where a > 3 }", "F", '"a" > 3'),
        ("()", "{ T | where a > 3 }", "F() | count", '"a" > 3'),
        ("(x: long)", "{ T | where a > x }", "F(7)", '"a" > 7'),
        ("(x: long = 5)", "{ T | where a > x }", "F", '"a" > 5'),
        ("(x: long)", "{ x * 2 }", "T | where a == F(a)", '"a" * '),
        ("(rows: (a: long))", "{ rows | where a > 1 }", "T | invoke F()", "> 1"),
        ("()", "{ let y = 4; T | where a > y }", "F", '"a" > 4'),
    ],
)
def test_a_saved_function_is_used_like_one_of_the_query(
    functions: Functions, save: Callable[..., None], parameters: str, body: str, query: str, expected: str
) -> None:
    save("F", parameters, body)
    assert expected in sql(functions, query)


def test_functions_use_each_other_and_a_query_s_own_wins(
    functions: Functions, save: Callable[..., None]
) -> None:
    save("Base", "()", "{ T | where a > 1 }")
    save("Top", "()", "{ Base | count }")
    assert '"a" > 1' in sql(functions, "Top")
    assert '"a" > 1' not in sql(functions, "let Base = () { T }; Base")
    assert '"a" > 1' in sql(functions, "let Base = () { T }; Top")


def test_a_view_is_one_of_all_tables(functions: Functions, save: Callable[..., None]) -> None:
    save("Hidden", "()", "{ T | where a == 111 }")
    save("Shown", "()", "{ T | where a == 222 }", view=True)
    for query in ("union withsource=from *", "search 'x'"):
        assert "222" in sql(functions, query)
        assert "111" not in sql(functions, query)


@pytest.mark.parametrize(
    ("name", "parameters", "body", "error", "words"),
    [
        ("F", "()", "{ T | whre a }", KqlSyntaxError, "whre"),
        ("F", "()", "{ T | where b }", KqlSemanticError, "'b'"),
        ("F", "(x: long)", "{ T | where s + x > 1 }", KqlSemanticError, "string"),
        ("F", "()", "{ Nope }", KqlSemanticError, "Nope"),
        ("F", "()", "{ }", KqlSemanticError, "a function is"),
        ("F", "()", "T", KqlSyntaxError, "expected"),
        ("F", "()", "{ T }; print 1 //", KqlSyntaxError, "expected"),
        ("F", "(x)", "{ T }", KqlSyntaxError, "expected"),
        ("T", "()", "{ T }", KqlSemanticError, "is a table"),
        ("strlen", "()", "{ T }", KqlSemanticError, "built-in"),
        ("count", "()", "{ T }", KqlSemanticError, "built-in"),
        ("a b", "()", "{ T }", KqlSemanticError, "no name"),
        ("x'] = 1; //", "()", "{ T }", KqlSemanticError, "no name"),
        ("F", "()", "{ F }", KqlSemanticError, "F → F"),
    ],
)
def test_what_could_not_be_used_is_not_kept(
    functions: Functions,
    save: Callable[..., None],
    name: str,
    parameters: str,
    body: str,
    error: type[KqlError],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        save(name, parameters, body)
    assert functions.all() == ()


def test_a_view_takes_no_arguments(save: Callable[..., None]) -> None:
    with pytest.raises(KqlSemanticError, match="no view"):
        save("F", "(x: long)", "{ T | take x }", view=True)


def test_an_error_has_its_place_in_the_body(save: Callable[..., None]) -> None:
    with pytest.raises(KqlSemanticError) as refused:
        save("F", "(x: long)", "{ T\n| where nope > x }")
    assert refused.value.place == (2, 9)


def test_an_error_of_a_call_has_the_place_of_the_call(functions: Functions) -> None:
    body = "{ T | where gone > 1 }"
    functions.save(SavedFunction("F", "()", body), CATALOG, by="ada", validate=False)
    with pytest.raises(KqlSemanticError) as refused:
        sql(functions, "print 1;\n  F() | count")
    assert refused.value.place == (2, 3)
    assert refused.value.message.startswith("F(): there is no column 'gone'")


def test_a_circle_over_several_functions_is_refused(functions: Functions, save: Callable[..., None]) -> None:
    save("A", "()", "{ T }")
    save("B", "()", "{ A }")
    save("C", "()", "{ B }")
    with pytest.raises(KqlSemanticError, match="A → C → B → A"):
        save("A", "()", "{ C }")
    functions.save(SavedFunction("A", "()", "{ T | take 1 }"), CATALOG, by="ada")
    assert len(functions.all()) == 3


def test_even_unchecked_functions_make_no_circle(functions: Functions) -> None:
    functions.save(SavedFunction("A", "()", "{ B }"), CATALOG, by="ada", validate=False)
    with pytest.raises(KqlSemanticError, match="B → A → B"):
        functions.save(SavedFunction("B", "()", "{ A }"), CATALOG, by="ada", validate=False)


def test_a_function_over_any_table_is_checked_for_syntax_only(
    functions: Functions, save: Callable[..., None]
) -> None:
    save("F", "(rows: (*))", "{ rows | where whatever > 1 }")
    with pytest.raises(KqlSyntaxError):
        save("G", "(rows: (*))", "{ rows | whre whatever > 1 }")


def test_documentation_is_changed_by_itself(functions: Functions, save: Callable[..., None]) -> None:
    save("F", "()", "{ T }", docstring="old", folder="here")
    functions.describe("F", by="bob", docstring="new")
    found = functions.find("F")
    assert found is not None
    assert found.function == SavedFunction("F", "()", "{ T }", "new", "here")
    assert found.changed_by == "bob"
    with pytest.raises(ControlError, match="'G'"):
        functions.describe("G", by="bob", folder="there")


def test_a_dropped_function_is_gone(functions: Functions, save: Callable[..., None]) -> None:
    save("F", "()", "{ T }")
    assert functions.drop("F").function.name == "F"
    assert functions.find("F") is None
    with pytest.raises(ControlError, match="'F'"):
        functions.drop("F")


def test_limits_are_kept(
    functions: Functions, save: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ControlError, match="characters"):
        save("F", "()", f"{{ T // {'x' * module.FUNCTION_CHARACTERS_MAX}\n }}")
    with pytest.raises(ControlError, match="docstring"):
        save("F", "()", "{ T }", docstring="x" * (module.TEXT_CHARACTERS_MAX + 1))
    monkeypatch.setattr(module, "FUNCTIONS_MAX", 1)
    save("F", "()", "{ T }")
    save("F", "()", "{ T | count }")
    with pytest.raises(ControlError, match="already"):
        save("G", "()", "{ T }")


def test_the_snapshot_changes_only_with_the_functions(
    functions: Functions, save: Callable[..., None]
) -> None:
    save("F", "()", "{ T }")
    snapshot = functions.saved()
    assert functions.saved() is snapshot
    save("F", "()", "{ T | count }")
    assert functions.saved() != snapshot
