"""Write docs/reference/kql-scores.md: how much of Kusto's behaviour is reproduced, page by page.

    python docs/kql_scores.py [DIRECTORY]

DIRECTORY holds the corpora and their scorer, `score.py`; by default where the tests look for them. It takes
some minutes: every case is run on the engine. The page has names and numbers only, nothing of a case itself.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from gatelog.errors import KqlError
from gatelog.testing.inferred_schema import remaining_error
from gatelog.testing.kql import parse, run
from gatelog.testing.kql_corpus import cases, records, scorer_of, verdict

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "kql-scores.md"
CORPORA = ROOT.parent / "shared" / "reference" / "kql"

COLLECTIONS = {
    "kusto_emulator": "Answers that a real Kusto engine gave",
    "docs_examples": "Examples of the Kusto documentation, with the tables that it prints",
    "kusto_loco": "Expectations in the tests of kusto-loco, another implementation",
    "clickhouse_kql": "Statements in the tests of ClickHouse's own dialect",
}
PUBLISHED = {
    "azmoncommunity": "AzureMonitorCommunity",
    "ai-gateway": "AI-Gateway",
}

HEAD = """\
# How much of Kusto is reproduced

Scores of the query language over collections of queries that others wrote, measured on {date}. A case passes
when the names of columns, the values and, where the query defines it, the order of rows are those that are
expected. Counted are the cases that bring their own data and have one right answer. What fails, and why, is
listed in [KQL](kql.md#cases-that-fail).

`python docs/kql_scores.py DIRECTORY` measures again and writes this page. The collections are no part of this
repository; `tests/kql` holds the floors below which no change may go.
"""


REASONS = {
    "TrackingPrivAccounts": "project-rename with a function call, where it takes columns",
    "DCA-ExtractPhoneNumber": "a template: words stand where its reader puts a date",
    "DesktopVirtualization/hostPools": "a timespan of 24 hours or more that is not written in days",
    "Power Platform Admin Center Analytics": "a workbook fills in times that it does not declare",
    "Usage/Total Operations": "a workbook fills in times that it does not declare",
    "Usage/Active Users": "a workbook fills in times that it does not declare",
    "longest time range queries": "subtracts columns whose types are not published",
    "Distinct Malicious IP": "a union of which no table is known: they are not published",
}
"""Why a published query is refused, by a part of its name."""


class Score(NamedTuple):
    """Cases that passed, of how many."""

    passed: int
    cases: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.passed / self.cases

    def cells(self) -> str:
        """For a table: `580 | 583 | 99.5 %`."""
        return f"{self.passed:,} | {self.cases:,} | {self.share:.1%}".replace("%", " %")


class Outcome(NamedTuple):
    """How a case ended."""

    page: str
    family: str
    passed: bool


def outcomes_of(directory: Path, name: str, scorer: ModuleType) -> list[Outcome]:
    """The cases of a collection, run."""
    return [
        Outcome(record["page"], record.get("family", "core"), verdict(record, scorer).startswith("pass"))
        for record in cases(directory, name)
    ]


def grouped(found: Iterable[Outcome], key: Callable[[Outcome], str]) -> dict[str, Score]:
    """Scores by page or family, by name."""
    every, passed = Counter[str](), Counter[str]()
    for outcome in found:
        every[key(outcome)] += 1
        passed[key(outcome)] += outcome.passed
    return {name: Score(passed[name], every[name]) for name in sorted(every)}


def total(scores: Iterable[Score]) -> Score:
    """All of them together."""
    listed = list(scores)
    return Score(sum(score.passed for score in listed), sum(score.cases for score in listed))


def accepted(texts: Iterable[str], check: Callable[[str], object]) -> Score:
    """How many texts `check` accepts."""
    outcomes = [_accepts(text, check) for text in texts]
    return Score(sum(outcomes), len(outcomes))


def _accepts(text: str, check: Callable[[str], object]) -> bool:
    try:
        check(text)
    except KqlError:
        return False
    return True


def _compiles(text: str) -> None:
    error = remaining_error(text)
    if error is not None:
        raise error


def published(directory: Path) -> dict[str, Score]:
    """Queries without a known answer: do they parse, compile, are they rejected?"""
    found = {record["id"]: record["query"] for record in records(directory / "parse_only.jsonl")}
    rejected = [record["query"] for record in records(directory / "kusto_emulator_errors.jsonl")]
    refused = accepted(rejected, run)
    scores = {"Published queries that parse": accepted(found.values(), parse)}
    for collection, name in PUBLISHED.items():
        texts = [text for key, text in found.items() if key.startswith(f"{collection}/")]
        scores[f"of {name}, given tables like theirs, that compile"] = accepted(texts, _compiles)
    rejections = Score(refused.cases - refused.passed, refused.cases)
    return scores | {"Queries that a Kusto engine rejects, rejected": rejections}


def refusals(directory: Path) -> Iterator[str]:
    """Lines of Markdown: the published queries that do not parse, or not compile, each with the reason."""
    for record in records(directory / "parse_only.jsonl"):
        name, text = record["id"], record["query"]
        compiled = name.partition("/")[0] in PUBLISHED
        if not _accepts(text, parse):
            yield f"- {name} does not parse: {_reason(name)}."
        elif compiled and not _accepts(text, _compiles):
            yield f"- {name} does not compile: {_reason(name)}."


def _reason(name: str) -> str:
    return next((reason for part, reason in REASONS.items() if part in name), "not yet known why")


def render(
    outcomes: dict[str, list[Outcome]], others: dict[str, Score], refused: Iterable[str], date: str
) -> str:
    """The page, Markdown."""
    parts = [HEAD.format(date=date), *_summary(outcomes, others)]
    parts.append("\n".join(["Published queries that are refused:\n", *refused, ""]))
    for name, found in outcomes.items():
        parts.append(f"## {name}\n\n{COLLECTIONS[name]}.\n")
        parts.append(_table("family", grouped(found, lambda outcome: outcome.family)))
        parts.append(_table("page", grouped(found, lambda outcome: outcome.page)))
    return "\n".join(parts)


def _summary(outcomes: dict[str, list[Outcome]], others: dict[str, Score]) -> Iterator[str]:
    pages = {name: grouped(found, lambda outcome: outcome.page) for name, found in outcomes.items()}
    yield _table("collection", {name: total(scores.values()) for name, scores in pages.items()})
    yield _table("without a known answer", others)


def _table(what: str, scores: dict[str, Score]) -> str:
    rows = [f"| {name} | {score.cells()} |" for name, score in scores.items()]
    return "\n".join([f"| {what} | passed | cases | share |", "|---|--:|--:|--:|", *rows, ""])


def main() -> None:
    """Run everything and write the page."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPORA
    if not (directory / "score.py").is_file():
        raise SystemExit(f"error: {directory} holds no score.py: name the directory of the corpora")
    scorer = scorer_of(directory)
    outcomes = {name: outcomes_of(directory, name, scorer) for name in COLLECTIONS}
    date = datetime.now(UTC).date().isoformat()
    PAGE.write_text(render(outcomes, published(directory), refusals(directory), date))


if __name__ == "__main__":
    main()
