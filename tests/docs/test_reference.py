"""The reference pages say what the program does: made from it, and not out of date."""

import importlib.util
import re
from pathlib import Path

import pytest

from gatelog.cli.reference import commands
from gatelog.config import parse
from gatelog.config.reference import INTRODUCTION, sections

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
assert _spec is not None
assert _spec.loader is not None
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)


@pytest.mark.parametrize("page", generate.PAGES, ids=lambda page: page.name)
def test_a_generated_page_is_current(page: Path) -> None:
    assert page.read_text() == generate.PAGES[page](), "run `make docs`"


def test_every_setting_says_what_it_means() -> None:
    rows = [row for section in sections() for row in section.rows]
    assert len(rows) > 40
    assert not [row.path for row in rows if len(row.meaning) < 10]


def test_the_example_of_the_reference_is_valid() -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", INTRODUCTION, re.DOTALL)
    config = parse(example, {"EAST_KEY": "k", "TEAM_A_KEY": "0123456789"}, Path("/etc"))
    assert set(config.subscriptions) == {"team-a"}


def test_commands_named_in_the_docs_exist() -> None:
    known = {command[0] for command in commands()}
    named = {
        (page.name, name)
        for page in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]
        for name in re.findall(r"`gatelog ([a-z]+)", page.read_text())
    }
    assert named
    assert not {(page, name) for page, name in named if name not in known}


def test_every_command_is_in_the_reference() -> None:
    text = (DOCS / "reference" / "cli.md").read_text()
    assert not [command for command in commands() if f"## gatelog {' '.join(command)}\n" not in text]
    assert {"run", "gateway", "hub", "check", "query", "simulate", "demo"} <= {c[0] for c in commands()}


def anchors(page: str) -> set[str]:
    """What links may name in a page: its headings, as GitHub spells them."""
    prose = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = page.parent / name if name else page
    return file.exists() and (not anchor or anchor in anchors(file.read_text()))


def test_links_between_pages_lead_to_a_page_and_its_heading() -> None:
    links = [
        (page, target)
        for page in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text())
    ]
    assert any("#" in target for _, target in links)
    assert [(page.name, target) for page, target in links if not leads_somewhere(page, target)] == []
