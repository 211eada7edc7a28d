"""Closed-loop load by wrk: so many connections, each sends its next call when the last is answered."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from environments import system_program
from target import Target, chat_body

CALL_TIMEOUT_S = 30

LUA = """
wrk.method = "POST"
wrk.body = %s
for name, value in pairs({%s}) do wrk.headers[name] = value end
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
        """Finished calls."""
        return self.requests / (self.duration_us / 1e6)


def run_wrk(
    target: Target,
    *,
    connections: int,
    seconds: float,
    directory: Path,
    stream: bool = False,
    close: bool = False,
) -> Load:
    """Load for so long (whole seconds, one at least). With `close` each call has a connection of its own."""
    headers = target.request_headers | ({"connection": "close"} if close else {})
    members = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
    script = directory / "load.lua"
    script.write_text(LUA % (json.dumps(chat_body(stream=stream)), members))
    command = [system_program("wrk"), "-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s"]
    command += ["-s", str(script), "--timeout", f"{CALL_TIMEOUT_S}s", target.url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", output)
    if found is None:
        raise RuntimeError(f"wrk said nothing that can be read: {output}")
    return Load(*(int(figure) for figure in found.groups()))
