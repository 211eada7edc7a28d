"""The installation's id: drawn once, the same for everybody."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gatelog.app.instance import instance_id


def test_the_id_is_drawn_once_and_kept(tmp_path: Path) -> None:
    first = instance_id(tmp_path / "data")
    assert len(first) == 16
    assert instance_id(tmp_path / "data") == first
    assert instance_id(tmp_path / "other") != first


def test_the_directory_is_private(tmp_path: Path) -> None:
    instance_id(tmp_path / "deep" / "data")
    assert stat.S_IMODE((tmp_path / "deep" / "data").stat().st_mode) == 0o700
    assert [file.name for file in (tmp_path / "deep" / "data").iterdir()] == ["instance"]


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: instance_id(tmp_path), range(32)))
    assert len(set(ids)) == 1
