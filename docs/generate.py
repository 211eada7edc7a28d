"""Write the reference pages that are made from code: `python docs/generate.py` (or `make docs`)."""

from pathlib import Path

from gatelog.api.metrics import reference as metrics
from gatelog.app import sizing_page as sizing
from gatelog.cli import reference as commands
from gatelog.config import reference as settings
from gatelog.kql import reference as language
from gatelog.store import CATALOG

REFERENCE = Path(__file__).parent / "reference"
PAGES = {
    REFERENCE / "configuration.md": settings.render,
    REFERENCE / "cli.md": commands.render,
    REFERENCE / "sizing.md": sizing.render,
    REFERENCE / "metrics.md": metrics.render,
    REFERENCE / "kql.md": lambda: language.render(CATALOG),
}

if __name__ == "__main__":
    for page, render in PAGES.items():
        page.write_text(render())
