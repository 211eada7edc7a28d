"""Load by wrk, and the CPU time that a process spends meanwhile."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from proxies import KEY

CLOCK_TICKS_S = os.sysconf("SC_CLK_TCK")

CHAT = {
    "messages": [{"role": "user", "content": "Say something about the sea. " * 30}],
    "temperature": 0.2,
    "user": "bench",
}
PATH = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"

LUA = """
wrk.method = "POST"
wrk.body = %s
wrk.headers["content-type"] = "application/json"
wrk.headers["api-key"] = "%s"
wrk.headers["user-agent"] = "bench"
function done(summary, latency, requests)
  io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


class Load(NamedTuple):
    """What one run of wrk measured; latencies in microseconds."""

    requests: int
    duration_us: int
    bad_status: int
    broken: int
    p50_us: int
    p99_us: int

    @property
    def per_second(self) -> float:
        return self.requests / (self.duration_us / 1e6)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own = (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_S
    return own + sum(cpu_seconds(int(child)) for child in children)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident_bytes(int(child)) for child in children)


def run_wrk(port: int, *, stream: bool, connections: int, seconds: float, directory: Path) -> Load:
    """Closed-loop load: `connections` clients, each sends its next call when the last is answered."""
    body = json.dumps({**CHAT, "stream": True} if stream else CHAT)
    script = directory / "load.lua"
    script.write_text(LUA % (json.dumps(body), KEY))
    command = [
        "wrk",
        "-t",
        "1",
        "-c",
        str(connections),
        "-d",
        f"{max(1, round(seconds))}s",
        "-s",
        str(script),
    ]
    output = subprocess.run(
        [*command, "--timeout", "30s", f"http://127.0.0.1:{port}{PATH}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", output)
    if found is None:
        raise RuntimeError(f"wrk said nothing that can be read: {output}")
    return Load(*(int(figure) for figure in found.groups()))
