"""What a person types to call a program again."""

import sys
from pathlib import Path

import pytest

from gatelog.app.invocation import typed


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of an environment's programs, which the shell does not know; we are in the one above."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("python", "gatelog"):
        (directory / name).touch(0o755)
    monkeypatch.setattr(sys, "executable", str(directory / "python"))
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.chdir(tmp_path)
    return directory


def test_a_program_that_the_shell_does_not_find_has_its_path(programs: Path) -> None:
    assert typed("gatelog") == "bin/gatelog"


def test_from_far_away_the_path_is_whole(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/usr/bin")
    assert typed("gatelog") == str(programs / "gatelog")


def test_beside_the_program_too(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare name is looked for in PATH only."""
    monkeypatch.chdir(programs)
    assert typed("gatelog") == "./gatelog"


def test_a_path_with_a_space_is_quoted(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = programs.rename(programs.with_name("my bin"))
    monkeypatch.setattr(sys, "executable", str(renamed / "python"))
    assert typed("gatelog") == "'my bin/gatelog'"


def test_a_program_that_the_shell_finds_has_its_name(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs))
    assert typed("gatelog") == "gatelog"


def test_a_program_of_the_same_name_from_elsewhere_is_not_taken_for_it(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "gatelog").touch(0o755)
    monkeypatch.setenv("PATH", str(other))
    assert typed("gatelog") == "bin/gatelog"


def test_what_is_not_among_the_programs_keeps_its_name(programs: Path) -> None:
    assert typed("curl") == "curl"
