"""find and search over tables with columns that the asker may not read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.errors import KqlSemanticError
from gatelog.kql import Catalog, Column, KqlType, Table

CATALOG = Catalog(
    [
        Table("Logs", (Column("Code", KqlType.LONG),), "t.logs", protected=(Column("Body", KqlType.STRING),)),
        Table("Names", (Column("Code", KqlType.LONG), Column("Name", KqlType.STRING)), "t.names"),
    ]
)


def sql(text: str) -> str:
    return kql.compile(text, CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC)).sql


@pytest.mark.parametrize(
    "text",
    [
        "find Body has 'x'",
        "find in (Logs, Names) where Code == 1 or Body == 'y'",
        "find in (Logs, Names) where Code == 1 project Body",
        "find in (Logs, Names) where Code == 1 project Body: string, pack_all()",
        "search Body: 'x'",
        "Logs | facet by Body",
        "Logs | fork (count) (project Body)",
        "Logs | top-nested 1 of Body with others = 'x' by count()",
    ],
)
def test_naming_a_protected_column_is_refused(text: str) -> None:
    with pytest.raises(KqlSemanticError, match="role log-with-bodies is needed"):
        kql.compile_batch(text, CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["find 'x'", "search 'x'", "find Code == 1", "union *", "search *"])
def test_looking_everywhere_does_not_look_into_it(text: str) -> None:
    assert "Body" not in sql(text)
