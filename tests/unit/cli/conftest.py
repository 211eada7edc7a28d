"""Running a command in this process."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from gatelog.cli import main


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Gatelog = Callable[..., Outcome]


@pytest.fixture
def gatelog(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gatelog:
    """Run `gatelog ARGUMENTS`."""

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr("sys.argv", ["gatelog", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Outcome(left.value.code, captured.out, captured.err)

    return run
