"""Write the reference pages that are made from code: `python docs/generate.py` (or `make docs`)."""

from pathlib import Path

from gatelog.cli import reference as commands
from gatelog.config import reference as settings

REFERENCE = Path(__file__).parent / "reference"
PAGES = {
    REFERENCE / "configuration.md": settings.render,
    REFERENCE / "cli.md": commands.render,
}

if __name__ == "__main__":
    for page, render in PAGES.items():
        page.write_text(render())
