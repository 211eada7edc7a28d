"""How the person in front of the terminal calls the programs of this environment."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def typed(name: str) -> str:
    """`name` as it can be typed here: alone where the shell finds this environment's, else with its path."""
    program = Path(sys.executable).parent / name
    found = shutil.which(name)
    if not program.exists() or (found is not None and program.samefile(found)):
        return name
    return min(os.path.relpath(program), str(program), key=len)
