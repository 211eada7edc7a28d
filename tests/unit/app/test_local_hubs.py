"""Finding the data directory of a hub by its port, safely."""

from pathlib import Path

import pytest

from gatelog.app.local_hubs import data_of, register, unregister


def test_a_registered_hub_is_found_until_it_stops(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    assert data_of(8081, environ=environ) is None
    register(8081, tmp_path / "data", environ=environ)
    assert data_of(8081, environ=environ) == tmp_path / "data"
    assert data_of(8082, environ=environ) is None
    unregister(8081, environ=environ)
    assert data_of(8081, environ=environ) is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_directory_that_others_can_write_is_not_believed(tmp_path: Path, mode: int) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    register(8081, tmp_path / "data", environ=environ)
    (tmp_path / "gatelog").chmod(mode)
    assert data_of(8081, environ=environ) is None
    register(8082, tmp_path / "data", environ=environ)
    assert not (tmp_path / "gatelog" / "hub-8082").exists()


def test_a_link_to_a_directory_is_not_believed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "hub-8081").write_text("/somebody/else")
    (tmp_path / "gatelog").symlink_to(elsewhere)
    assert data_of(8081, environ={"XDG_RUNTIME_DIR": str(tmp_path)}) is None


def test_a_machine_without_a_place_for_it_is_no_error(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path / "file")}
    (tmp_path / "file").touch()
    register(8081, tmp_path, environ=environ)
    unregister(8081, environ=environ)
    assert data_of(8081, environ=environ) is None
