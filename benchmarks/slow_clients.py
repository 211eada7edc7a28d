"""What a thousand slow sockets do to everybody else: latency of normal calls without and with them, in turns.

    python benchmarks/slow_clients.py [--capture required] [--sockets 1000] [--seconds 7] [--rounds 9]
                                      [--json FILE]

Of the sockets 40 % send nothing, 30 % half a header, 20 % half a body, 10 % ask and never read. Normal calls
go one after the other over one connection, every 5 ms. The goal: p99 within 10 %. A round is alone, beside,
alone again; shown are medians of the rounds. The change is each round's, from both its times alone; what
these two differ by is the disk's and the machine's own. Beside each is the range of the middle half.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

from gatelog.testing.stack import free_port
from processes import resident_bytes
from proxies import PROXIES, Place, serving, upstream
from target import KEY

INTERVAL_S = 0.005
SETTLED_S = 1.5
"""Until the calls of those who never read are answered, and recorded: what stays is their slowness."""
TARGET = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
BODY = json.dumps({"messages": [{"role": "user", "content": "What is the sea? " * 50}]}).encode()
HEAD = f"POST {TARGET} HTTP/1.1\r\nhost: x\r\napi-key: {KEY}\r\ncontent-type: application/json\r\n".encode()
CALL = HEAD + b"content-length: %d\r\n\r\n%b" % (len(BODY), BODY)
SLOW = [b""] * 4 + [HEAD] * 3 + [HEAD + b"content-length: 2\r\n\r\n{"] * 2 + [CALL * 20]


def one_call(client: socket.socket) -> float:
    """Seconds from the first byte out to the last byte in."""
    began = time.perf_counter()
    client.sendall(CALL)
    received = client.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(received[:200])
    left = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]) - len(body)
    while left > 0:
        left -= len(client.recv(65536))
    return time.perf_counter() - began


def latencies(port: int, seconds: float) -> list[float]:
    """Of normal calls for so long."""
    found = []
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found.append(one_call(client))
            time.sleep(INTERVAL_S)
    return found


@contextlib.contextmanager
def slow_sockets(port: int, count: int):
    """So many clients of the four kinds."""
    with contextlib.ExitStack() as held:
        for number in range(count):
            client = held.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(SLOW[number % len(SLOW)])
        time.sleep(SETTLED_S)
        yield


def percentile(values: list[float], share: float) -> float:
    """In milliseconds."""
    return sorted(values)[int(len(values) * share)] * 1000


def measure(port: int, pid: int, sockets: int, seconds: float, rounds: int) -> dict[str, list[float]]:
    """Of each round p50 and p99 in ms, and the process's memory in MiB."""
    rows: dict[str, list[float]] = {}
    latencies(port, 1)
    for _ in range(rounds):
        for name, count in (("alone", 0), ("beside", sockets), ("again", 0)):
            with slow_sockets(port, count):
                found = latencies(port, seconds)
                rows.setdefault(f"{name}_p50_ms", []).append(percentile(found, 0.5))
                rows.setdefault(f"{name}_p99_ms", []).append(percentile(found, 0.99))
                rows.setdefault(f"{name}_rss_mib", []).append(resident_bytes(pid) / 2**20)
    return rows


def changes(rows: dict[str, list[float]]) -> dict[str, list[float]]:
    """Of each round's p99: beside slow sockets against both times alone, and these against each other."""
    rounds = list(zip(rows["alone_p99_ms"], rows["beside_p99_ms"], rows["again_p99_ms"], strict=True))
    return {
        "p99_change": [beside * 2 / (alone + again) - 1 for alone, beside, again in rounds],
        "p99_by_itself": [again / alone - 1 for alone, _, again in rounds],
    }


def middle(values: list[float]) -> str:
    """The median, and the range of the middle half."""
    if len(values) < 2:
        return f"{values[0]:+.0%}"
    lower, median, upper = statistics.quantiles(values, n=4)
    return f"{median:+.0%} ({lower:+.0%} to {upper:+.0%})"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--capture", choices=["required", "best_effort"], default="required")
    parser.add_argument("--seconds", type=float, default=7, help="of a round; slow heads are closed after 10")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as name, upstream(Path(name)) as backend:
        place = Place(free_port(), backend.port, Path(name))
        with serving(PROXIES[f"gatelog {options.capture}"], place) as (target, pid):
            rows = measure(target.port, pid, options.sockets, options.seconds, options.rounds)
    change = changes(rows)
    if options.json:
        options.json.write_text(json.dumps(rows | change))
    found = {name: statistics.median(values) for name, values in rows.items()}
    print(
        f"slow clients, {options.capture}: "
        f"p50 {found['alone_p50_ms']:.2f} → {found['beside_p50_ms']:.2f} → {found['again_p50_ms']:.2f} ms, "
        f"p99 {found['alone_p99_ms']:.2f} → {found['beside_p99_ms']:.2f} → {found['again_p99_ms']:.2f} ms "
        f"{middle(change['p99_change'])}, by itself {middle(change['p99_by_itself'])}, "
        f"memory {found['alone_rss_mib']:.0f} → {found['beside_rss_mib']:.0f} MiB "
        f"beside {options.sockets} sockets"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
