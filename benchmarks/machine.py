"""What figures were measured on: without it they mean nothing."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from environments import MissingError, system_program


def describe() -> dict[str, str | int | float]:
    """Date, processor, cores, memory, system, and the versions that matter."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "load_before": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "nginx": _version("nginx", "-v"),
        "node": _version("node", "--version"),
    }


def headline(machine: dict[str, str | int | float]) -> str:
    """One line of it."""
    return (
        f"{machine['date']} · {machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB "
        f"· {machine['system']} · Python {machine['python']} · nginx {machine['nginx']} · "
        f"Node {machine['node']} · load before: {machine['load_before']:.1f}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(program: str, option: str) -> str:
    try:
        done = subprocess.run([system_program(program), option], capture_output=True, text=True, check=False)
    except MissingError:
        return "–"
    return (done.stdout + done.stderr).strip().rpartition("/")[2].removeprefix("v")
