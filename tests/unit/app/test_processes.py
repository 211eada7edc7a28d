"""What a process loads: the gateway stays small."""

import subprocess
import sys

FORBIDDEN = ("chdb", "clickhouse_connect", "sqlglot", "tiktoken", "starlette", "uvicorn", "openai", "pandas")


def test_the_gateway_loads_nothing_of_the_hub() -> None:
    """Imported as the gateway process imports it, rooms below and above included."""
    program = (
        "import sys; import gatelog.cli, gatelog.app, gatelog.gateway, uvloop;"
        f"print([name for name in {FORBIDDEN} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
