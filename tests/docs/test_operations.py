"""The page for operators names figures and settings that there are."""

import re
from pathlib import Path

from gatelog.config.reference import render
from gatelog.spool.settings import LEVEL_SHARES, Level

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()


def test_every_figure_to_watch_is_counted_somewhere() -> None:
    source = "".join(file.read_text() for file in (ROOT / "src" / "gatelog").rglob("*.py"))
    figures = set(re.findall(r"`(gatelog_\w+)`", PAGE))
    assert len(figures) >= 7
    parts = {figure: figure.removeprefix("gatelog_forwarder_").removesuffix("_total") for figure in figures}
    assert [figure for figure, part in parts.items() if part not in source] == []


def test_the_levels_are_those_of_the_spool() -> None:
    shares = {level: share for share, level in LEVEL_SHARES}
    for level in (Level.WARN, Level.DEGRADE, Level.REJECT):
        assert f"{level:d} from {shares[level] * 100:.0f} %" in PAGE


def test_every_setting_is_one() -> None:
    reference = render()
    settings = set(re.findall(r"`((?:gateway|store|spool|hub)\.\w+)(?::[^`]*)?`", PAGE))
    assert settings
    assert [name for name in settings if f"`{name}`" not in reference] == []


def test_links_lead_to_pages() -> None:
    links = re.findall(r"\]\(([^)#]+)", PAGE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
