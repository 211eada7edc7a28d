"""How the person in front of the terminal calls the programs of this environment."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path


def typed(name: str) -> str:
    """`name` as it can be typed here: alone where the shell finds this environment's, else with its path,
    quoted if need be."""
    program = Path(sys.executable).parent / name
    found = shutil.which(name)
    if not program.exists() or (found is not None and program.samefile(found)):
        return name
    near = f"{os.path.relpath(program.parent)}{os.sep}{name}"
    return shlex.quote(min(near, str(program), key=len))
