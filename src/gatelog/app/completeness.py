"""The completeness report as lines for people."""

from __future__ import annotations

from typing import Any

from rich.console import Console


def print_completeness(report: dict[str, Any], console: Console) -> None:
    """Print the answer of the hub's `/completeness`: the sum, then each boot that something is wrong with."""
    verdict = "complete" if report["complete"] else "INCOMPLETE"
    console.print(
        f"{verdict}: {report['accepted']:,} accepted = {report['recorded']:,} recorded"
        f" + {report['unlogged']:,} unlogged + {report['open']:,} open + {report['missing']:,} missing",
        style="bold green" if report["complete"] else "bold red",
        highlight=False,
    )
    console.print(
        f"gateway boots: {len(report['boots']):,}; rows that are there twice: {report['duplicates']:,}",
        style="dim",
    )
    for boot in report["boots"]:
        if boot["missing"]:
            ranges = ", ".join(f"{first} to {last}" for first, last in boot["missing"])
            name = f"instance {boot['instance']} boot {boot['boot']}"
            console.print(f"  {name}: calls {ranges} are missing", style="red", highlight=False)
