"""What the test kit's installation knows."""

from __future__ import annotations

from pathlib import Path

from gatelog.simulator.ledger import Entry, Ledger
from gatelog.testing.stack import Stack


def test_an_entry_of_a_ledger_is_a_line_whatever_a_client_calls_its_model(tmp_path: Path) -> None:
    """JSON has U+2028 and the like in a text as they are, and a client chooses the name."""
    stack = Stack(tmp_path)
    ledger = Ledger(stack.ledger_path("east"))
    model = "a\u2028b\u2029c\x85d\re\x1cf"
    for number in range(2):
        ledger.write(Entry(f"id-{number}", "chat", model, model, 200, False, 1, 2, 3, True))
    ledger.close()
    entries = stack.ledger()
    assert [entry["request_id"] for entry in entries] == ["id-0", "id-1"]
    assert {entry["model"] for entry in entries} == {model}
