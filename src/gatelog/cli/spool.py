"""`gatelog spool verify`: what is in a spool directory, and is it whole?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gatelog.cli.options import Json
from gatelog.model import RecordKind

if TYPE_CHECKING:
    from gatelog.spool import VerifyReport

spool = typer.Typer(name="spool", help="The journal between gateway and hub.", no_args_is_help=True)

DAMAGE = 1


@spool.callback()
def _group() -> None:
    """Keeps `verify` a subcommand of its own name."""


@spool.command()
def verify(
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A spool, or a directory of several (`data/spool`, `data`)."),
    ],
    json: Json = False,
) -> None:
    """Read every record: what is missing, what is damaged.

    Says how many there are, too. Exit 1 on damage.
    """
    try:
        reports = _reports(_spools(directory))
    except OSError as error:
        raise typer.BadParameter(
            f"{error.filename or directory} cannot be read: {error.strerror}", param_hint="DIR"
        ) from None
    if json:
        listed = [report.to_json() for report in reports]
        print(msgspec.json.encode(listed[0] if len(listed) == 1 else {"spools": listed}).decode())
    else:
        print("\n".join(map(_text, reports)))
    raise typer.Exit(DAMAGE if any(report.damaged for report in reports) else 0)


def _reports(found: list[Path]) -> list[VerifyReport]:
    from gatelog.cli.waiting import waiting  # loaded here: --help stays quick
    from gatelog.spool import verify as verify_spool

    reports = []
    with waiting("reading") as line:
        for number, one in enumerate(found, 1):
            line.amount = f"{one.name}, {number} of {len(found)}"
            reports.append(verify_spool(one))
    return reports


def _spools(directory: Path) -> list[Path]:
    """What to read. A directory without a spool is not a whole one: a typing error would pass for a proof."""
    from gatelog.spool import spools  # as above

    if not directory.is_dir():
        raise typer.BadParameter(f"there is no directory {directory}", param_hint="DIR")
    itself = [
        place for place in spools(directory.absolute().parent) if place.name == directory.absolute().name
    ]
    found = ([directory] if itself else []) or spools(directory) or spools(directory / "spool")
    if not found:
        raise typer.BadParameter(f"{directory} holds no spool: name data/spool", param_hint="DIR")
    return found


def _text(report: VerifyReport) -> str:
    kinds = ", ".join(f"{count:,} {_kind_name(kind)}" for kind, count in sorted(report.kinds.items()))
    lines = [
        f"{report.directory}: {'DAMAGED' if report.damaged else 'whole'}",
        f"  {_number(report.records, 'record')} ({kinds or 'none'}),"
        f" {report.payload_bytes:,} bytes of payload",
        f"  {_number(report.segments, 'segment')}, {_number(len(report.boots), 'boot')}",
    ]
    if report.torn_tail_bytes:
        lines.append(
            f"  last record not whole, being written or torn by a crash: {report.torn_tail_bytes:,} bytes"
        )
    lines += [
        f"  gap: {gap.first_seq} to {gap.last_seq} are missing before segment {gap.segment}"
        for gap in report.gaps
    ]
    lines += [
        f"  damage: segment {place.segment}, bytes {place.offset} to {place.end}: {place.what}"
        for place in report.damage
    ]
    return "\n".join(lines)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _kind_name(kind: int) -> str:
    return RecordKind(kind).name.lower() if kind in set(RecordKind) else f"kind {kind}"
