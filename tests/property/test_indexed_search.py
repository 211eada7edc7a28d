"""The index of words and the text itself never disagree, whatever the script, the case and the borders."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatelog import kql
from gatelog.model import Body, Operation, OperationKind, PathFamily
from gatelog.store import CATALOG, Store
from gatelog.testing.records import chat_exchange

NOW = datetime(2026, 9, 22, tzinfo=UTC)

# Letters whose case is odd (K of Kelvin, long s, dotted and dotless i, sharp s, three sigmas, a titlecase
# digraph), digits and letters beyond ASCII, marks, borders in and beyond ASCII, and JSON's own characters.
ALPHABET = [
    *"aAkKsSiIbe019",
    *"\u212aſıİßẞσςΣéÉäǅ²٣Ⅷ客户न\u0301\u093f",
    *" _-.,，…\u00a0\u2028\u200d😀\\\"'%\n",
]
PLAIN = "abcde019"
NUMBERS = ("0.19", "-1e-05", "9", "-0.01")
EMBEDDINGS = Operation(
    "embeddings_create", OperationKind.EMBEDDINGS, PathFamily.DEPLOYMENT, "embeddings", "e", ""
)


def _texts(count: int) -> list[str]:
    """Texts of few characters each: what stands beside what varies most. Some are long words, some have lists
    of numbers."""
    rnd = random.Random(2026)
    texts = []
    for _ in range(count):
        letters = rnd.choices(PLAIN, k=2) if rnd.random() < 0.5 else []
        letters += rnd.sample(ALPHABET, 3)
        texts.append("".join(rnd.choices(letters, k=rnd.choice((*range(1, 11), 30)))))
    texts += ["[" + ",".join(rnd.choices(NUMBERS, k=20)) + "] " + text for text in texts[:200]]
    return texts


TEXTS = _texts(2_000)
OPERATORS = (
    *("has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs"),
    *("contains", "contains_cs", "startswith", "endswith"),
    *("!has", "!contains", "!hasprefix"),
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A call for each text, every other one an embedding call."""
    exchange = chat_exchange()
    embedding = msgspec.structs.replace(exchange.call, operation=EMBEDDINGS)
    opened = Store.open("chdb://:memory:", database="property_search")
    opened.insert(
        [
            msgspec.structs.replace(
                chat_exchange(number),
                call=embedding if number % 2 else exchange.call,
                content=msgspec.structs.replace(exchange.content, request=Body(text), response=Body(text)),
            )
            for number, text in enumerate(TEXTS)
        ]
    )
    yield opened
    opened.close()


def rows(store: Store, query: str, *, use_paths: bool) -> list[object]:
    compiled = kql.compile(query, CATALOG, now=NOW, use_paths=use_paths)
    return sorted(row[0] for row in store.run(compiled.sql).rows)


@st.composite
def needles(draw: st.DrawFn) -> str:
    """A piece of one of the texts, or a few characters."""
    text = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, len(text) - 1))
    return draw(
        st.just(text[start : start + draw(st.integers(1, 5) | st.just(30))])
        | st.text(st.sampled_from(ALPHABET), max_size=3)
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    needle=needles(),
    operator=st.sampled_from(OPERATORS),
    column=st.sampled_from(["RequestBody", "ResponseBody", "BackendRequestBody", "BackendResponseBody"]),
)
def test_the_same_rows_with_and_without_the_index(
    store: Store, needle: str, operator: str, column: str
) -> None:
    """Every row that the text search finds, and no other."""
    quoted = needle.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    query = f'ApiManagementGatewayLogs | where {column} {operator} "{quoted}" | project CorrelationId'
    assert rows(store, query, use_paths=True) == rows(store, query, use_paths=False)
