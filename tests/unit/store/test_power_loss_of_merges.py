"""The power goes after a merge, whose part nobody synced: what the calls were in before is still there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gatelog.store import Store

CALLS = 1_500
MERGE = """
import sys, time
import clickhouse_connect
from gatelog.store import Store
from gatelog.testing.records import chat_exchange
dsn = sys.argv[1]
store = Store.open(dsn)
for batch in range(3):
    store.insert([chat_exchange(batch * 500 + place) for place in range(500)])
client = clickhouse_connect.get_client(dsn=dsn, database="gatelog")
client.command("OPTIMIZE TABLE calls FINAL")
where = "table = 'calls' AND database = 'gatelog'"
print(client.query(f"SELECT path FROM system.parts WHERE active AND {where}").result_rows[0][0], flush=True)
while client.query(f"SELECT count() FROM system.parts WHERE {where}").result_rows[0][0] > 1:
    time.sleep(1)
print("alone", flush=True)
"""


@pytest.mark.nightly
def test_calls_outlive_a_power_loss_after_a_merge(tmp_path: Path) -> None:
    """Half a minute is the longest that Linux keeps what was written in memory alone."""
    dsn = f"chdb://{tmp_path}/store"
    with subprocess.Popen([sys.executable, "-c", MERGE, dsn], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        merged = Path(child.stdout.readline().strip())
        try:
            child.wait(timeout=35)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
    for file in merged.rglob("*"):
        if file.is_file():
            os.truncate(file, 0)
    store = Store.open(dsn)
    assert store.run("SELECT count() FROM calls").rows == [(CALLS,)]
    store.close()
