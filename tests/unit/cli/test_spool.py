"""`gatelog spool verify`."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gatelog.model import RecordKind
from gatelog.spool import SpoolSettings, SpoolWriter

Gatelog = Callable[..., tuple[int, str, str]]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A spool of three records, closed in order."""
    directory = tmp_path / "spool" / "gateway-0"
    writer = SpoolWriter.open(
        directory,
        boot=b"0123456789abcdef",
        settings=SpoolSettings(segment_bytes=2**20),
        notify=lambda run: run(),
    )
    for kind in (RecordKind.BOOT, RecordKind.START, RecordKind.END):
        writer.append(kind, b"payload of a record" * 20)
    writer.close(10.0)
    return directory


def test_a_whole_spool_exits_with_0(gatelog: Gatelog, spool: Path) -> None:
    code, out, err = gatelog("spool", "verify", str(spool))
    assert (code, err) == (0, "")
    assert out.startswith(f"{spool}: whole\n  3 records (1 boot, 1 start, 1 end)")
    assert out.endswith("\n  1 segment, 1 boot\n")


def test_a_last_record_that_is_not_whole_is_no_damage(gatelog: Gatelog, spool: Path) -> None:
    """A gateway may be writing it."""
    [segment] = spool.glob("*.seg")
    raw = segment.read_bytes()
    segment.write_bytes(raw[: raw.rindex(b"payload of a record")])
    code, out, _ = gatelog("spool", "verify", str(spool))
    assert code == 0
    assert "2 records (1 boot, 1 start)" in out
    assert re.search(r"last record not whole, being written or torn by a crash: \d+ bytes", out)


def test_a_directory_of_spools_is_verified_one_by_one(gatelog: Gatelog, spool: Path) -> None:
    code, out, _ = gatelog("spool", "verify", str(spool.parent), "--json")
    assert code == 0
    assert json.loads(out)["directory"] == str(spool)


def test_damage_exits_with_1_and_is_placed(gatelog: Gatelog, spool: Path) -> None:
    [segment] = spool.glob("*.seg")
    raw = bytearray(segment.read_bytes())
    raw[raw.rindex(b"payload of a record")] ^= 0xFF
    segment.write_bytes(raw)
    code, out, _ = gatelog("spool", "verify", str(spool))
    assert code == 1
    assert "DAMAGED" in out
    report = json.loads(gatelog("spool", "verify", str(spool), "--json").out)
    assert report["damaged"]
    assert report["damage"][0]["segment"] == 1


def test_the_spools_of_a_data_directory_are_found(gatelog: Gatelog, spool: Path) -> None:
    code, out, _ = gatelog("spool", "verify", str(spool.parent.parent))
    assert (code, out.startswith(f"{spool}: whole\n")) == (0, True)


def test_a_directory_without_a_spool_is_not_said_to_be_whole(gatelog: Gatelog, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    code, out, err = gatelog("spool", "verify", str(tmp_path / "elsewhere"))
    assert (code, out) == (2, "")
    assert "elsewhere holds no spool" in err


def test_a_segment_that_cannot_be_read_is_the_users_matter_and_no_damage(
    gatelog: Gatelog, spool: Path
) -> None:
    """As one of the service's own, which others may not open."""
    [segment] = spool.glob("*.seg")
    segment.unlink()
    segment.mkdir()
    code, out, err = gatelog("spool", "verify", str(spool))
    assert (code, out) == (2, "")
    assert f"{spool} cannot be read: Is a directory" in err
