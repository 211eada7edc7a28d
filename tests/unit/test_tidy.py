"""The house rules that no linter knows: sizes, docstrings, names, doors."""

import ast
import re
from pathlib import Path

import pytest

from gatelog import errors

SOURCE = Path(__file__).parents[2] / "src" / "gatelog"
MODULES = sorted(SOURCE.rglob("*.py"))
ROOMS = sorted(entry.name for entry in SOURCE.iterdir() if (entry / "__init__.py").exists())

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
TYPE_IGNORES_MAX = 3
VAGUE_NAMES = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "misc", "tools"})

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def named(module: Path) -> str:
    return str(module.relative_to(SOURCE))


def public_definitions(tree: ast.Module) -> list[Definition]:
    """Public classes and functions of a module."""
    return [node for node in tree.body if isinstance(node, Definition) and not node.name.startswith("_")]


@pytest.fixture(params=MODULES, ids=named)
def module(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 50
    assert {"config", "gateway", "spool", "kql", "store"} <= set(ROOMS)


def test_a_file_can_be_read_in_one_sitting(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= FILE_LINES_MAX


def test_a_function_can_be_seen_whole(module: Path) -> None:
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert not long


def test_what_is_public_says_what_it_does(module: Path) -> None:
    tree = ast.parse(module.read_text())
    assert ast.get_docstring(tree), "the module has no docstring"
    silent = [node.name for node in public_definitions(tree) if ast.get_docstring(node) is None]
    assert not silent


def test_a_module_is_named_after_what_it_holds(module: Path) -> None:
    assert not VAGUE_NAMES & set(module.relative_to(SOURCE).with_suffix("").parts)


def test_types_are_seldom_ignored(module: Path) -> None:
    assert module.read_text().count("# type: ignore") <= TYPE_IGNORES_MAX


def test_a_room_is_entered_by_its_door(module: Path) -> None:
    own = module.relative_to(SOURCE).parts[0]
    broken_in = [
        node.module
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for name in [node.module.split(".")]
        if name[0] == "gatelog" and len(name) > 2 and name[1] in ROOMS and name[1] != own
    ]
    assert not broken_in


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_offers(room: str) -> None:
    tree = ast.parse((SOURCE / room / "__init__.py").read_text())
    offered = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
    ]
    assert len(offered) == 1
    names = ast.literal_eval(offered[0])
    assert len(names) == len(set(names))


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    above: list[str] = []
    drawn: dict[str, str] = {}
    for branch, name in re.findall(r"^ {4}([│├└─ ]*)(\w+)", errors.__doc__ or "", re.MULTILINE):
        del above[len(branch) // 4 :]
        drawn[name] = above[-1] if above else "Exception"
        above.append(name)
    defined = {
        name: error.__base__.__name__
        for name, error in vars(errors).items()
        if isinstance(error, type) and issubclass(error, Exception)
    }
    assert drawn == defined


def test_no_file_knows_the_machine_that_it_was_written_on(module: Path) -> None:
    text = module.read_text()
    assert not [word for word in ("/work/", "/home/", "/root/", "/opt/") if word in text]
