"""The architecture page, the packages and the import rules name the same rooms."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gatelog"

ROOMS = {entry.stem for entry in SOURCE.iterdir() if (entry / "__init__.py").exists()} | {"errors"}


def test_every_room_is_on_the_map_and_the_map_shows_no_other() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == ROOMS


def layered(contract_id: str) -> list[str]:
    """The names in a contract's layers, from roof to foundation."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["id"] == contract_id]
    return [name for layer in layers for name in re.findall(r"\w+", layer)]


def test_every_room_has_its_layer() -> None:
    assert set(layered("rooms")) == ROOMS


def test_where_to_look_and_where_to_change_name_files_that_there_are() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text().partition("## Where to look first")[2]
    named = set(re.findall(r"`([a-z]\w*/[\w./]*)`", text))
    assert len(named) > 30
    assert not [name for name in named if not (SOURCE / name).exists() and not (ROOT / name).exists()]


def test_the_map_of_the_language_shows_every_part_once_in_the_order_of_its_layers() -> None:
    """It is the room with the most of them."""
    room = SOURCE / "kql"
    [shown] = re.findall(r"What is where.*?:\n\n(.*?)\n\"\"\"", (room / "__init__.py").read_text(), re.DOTALL)
    named = re.findall(r"\w+", re.sub(r"^ {4}(.{32}).*$", r"\1", shown, flags=re.MULTILINE))
    parts = [entry.stem for entry in room.iterdir() if entry.stem.strip("_") not in ("init", "pycache")]
    assert sorted(named) == sorted(parts)
    assert named == layered("language")


def test_each_part_of_the_language_says_what_its_modules_are_for() -> None:
    """Or is a table of them, that is code. The parts within parts too."""
    starts = sorted((SOURCE / "kql").glob("*/**/__init__.py"))
    assert {start.parent.name for start in starts} > {"geo", "graphs"}
    for start in starts:
        if start.parent.name in ("functions", "stages"):
            continue
        told = (ast.get_docstring(ast.parse(start.read_text())) or "").partition("\n\n")[2]
        named = re.findall(r"\w+", re.sub(r"  .*", "", told))
        modules = [module.stem for module in start.parent.glob("*.py") if module.stem != "__init__"]
        assert sorted(named) == sorted(modules), start.parent.name


def test_decisions_are_numbered_without_gaps_and_say_why() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], page.name
