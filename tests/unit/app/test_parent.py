"""How a process keeps in touch with its starter."""

import os
import subprocess
import sys

import pytest

from gatelog.app import announce

LIMIT_S = 20.0

FOLLOWER = """
import signal, sys
from gatelog.app import announce, follow
def drain(*_):
    print("drained", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, drain)
follow(int(sys.argv[1]))
announce("follower", int(sys.argv[2]))
signal.pause()
"""


def test_a_person_is_told_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    announce("gateway http://127.0.0.1:8080", None)
    assert capsys.readouterr().out == "gatelog ready: gateway http://127.0.0.1:8080\n"


def test_a_follower_announces_itself_and_drains_once_its_starter_is_gone() -> None:
    lifeline, lifeline_end = os.pipe()
    ready_end, ready = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", FOLLOWER, str(lifeline), str(ready)],
        pass_fds=(lifeline, ready),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as follower:
        os.close(lifeline)
        os.close(ready)
        with os.fdopen(ready_end) as pipe:
            assert pipe.read() == "follower\n"
        assert follower.poll() is None
        os.close(lifeline_end)  # as when the starter dies
        out, err = follower.communicate(timeout=LIMIT_S)
    assert (follower.returncode, out) == (0, b"drained\n")
    assert b"the process that started this one is gone" in err


def test_a_process_that_a_person_started_follows_nobody() -> None:
    program = (
        "import threading; from gatelog.app import follow; follow(None); print(threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"1\n"
