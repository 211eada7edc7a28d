"""The index of words and the text itself never disagree, whatever the script, the case and the borders."""

from __future__ import annotations

import random
from collections.abc import Iterator

import clickhouse_connect
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatelog import kql
from gatelog.model import Body, Operation, OperationKind, PathFamily
from gatelog.store import CATALOG, Store
from gatelog.testing.records import chat_exchange

from .stored_answers import NOW, rows

# Letters whose case is odd (K of Kelvin, long s, dotted and dotless i, sharp s, three sigmas, a titlecase
# digraph), digits and letters beyond ASCII, marks, borders in and beyond ASCII, and JSON's own characters.
ALPHABET = [
    *"aAkKsSiIbe019",
    *"\u212aſıİßẞσςΣéÉäǅ²٣Ⅷ客户न\u0301\u093f",
    *" _-.,，…\u00a0\u2028\u200d😀\\\"'%\n",
]
PLAIN = "abcde019"
WORDS = (
    *("a", "of", "the", "new", "invoice", "4711", "9abc", "c3", "größe", "Straße", "客户", "İstanbul", "σας"),
    *("caf\u00e9", "nai\u0308f", "taxi", "\u212a", "𐐔𐐯𐑅"),
)
BORDERS = (" ", ", ", "_", "，", "\u0301", "\n", "\0", "é", "")
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
    return texts + [_sentence(rnd) for _ in range(500)]


def _sentence(rnd: random.Random) -> str:
    """A few words, some of them run together."""
    return "".join(rnd.choice(WORDS) + rnd.choice(BORDERS) for _ in range(rnd.randrange(1, 6)))


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
    client = clickhouse_connect.get_client(dsn="chdb://:memory:", database="property_search")
    client.command("OPTIMIZE TABLE calls FINAL")  # makes the index of seams
    client.close()
    yield opened
    opened.close()


@st.composite
def needles(draw: st.DrawFn) -> str:
    """A piece of one of the texts, or a few characters."""
    text = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, len(text) - 1))
    return draw(
        st.just(text[start : start + draw(st.integers(1, 5) | st.integers(6, 30))])
        | st.text(st.sampled_from(ALPHABET), max_size=3)
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@example(needle="99abc", operator="contains", column="RequestBody")  # é9abc, in the index XC3XA99abc
@given(
    needle=needles(),
    operator=st.sampled_from(OPERATORS),
    column=st.sampled_from(["RequestBody", "ResponseBody", "BackendRequestBody", "BackendResponseBody"]),
)
def test_the_same_rows_with_and_without_the_index(
    store: Store, needle: str, operator: str, column: str
) -> None:
    """Every row that the text search finds, and no other."""
    quoted = needle.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\0", "\\u0000")
    query = f'ApiManagementGatewayLogs | where {column} {operator} "{quoted}" | project CorrelationId'
    assert rows(store, query, use_paths=True) == rows(store, query, use_paths=False)


SEARCHES = ('RequestBody has "a"', 'RequestBody has "b 9"', 'ResponseBody !has "e"')
FORMS = (
    "where {found}",
    "where not({found})",
    "where {found} or Method == 'GET'",
    "where not({found} or Method == 'GET')",
    "where not({found} and isnotempty(CorrelationId))",
    "extend hit = {found} | where hit",
    "extend hit = {found} | where not(hit)",
    "extend hit = {found} | where iff(hit, 1, 2) == 2",
    "project CorrelationId, hit = {found} | project-rename found = hit | where found",
    "extend hit = {found} | summarize by CorrelationId, hit | where hit",
    "extend hit = {found} | as Seen | where hit | union (Seen | where not(hit))",
    "extend hit = {found} | top 5000 by CorrelationId asc | where hit",
    "extend hit = {found} | top 5000 by CorrelationId asc | where hit == true",
    "extend rank = 1, hit = {found} | take 5000 | where hit and rank == 1",
    "extend hit = {found} | mv-expand number = dynamic([1, 2]) | where hit",
    "extend hit = {found} | sort by CorrelationId asc | where not(hit) and not(prev(hit))",
    "join kind=leftouter (ApiManagementGatewayLogs | where {found} | extend hit = {found}) on CorrelationId"
    " | where hit",
    "project CorrelationId | join kind=leftouter (ApiManagementGatewayLogs | where {found}) on CorrelationId"
    " | where not({found}) or Method == ''",
    "union (ApiManagementGatewayLogs | extend hit = {found}) | where hit",
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("found", SEARCHES)
def test_the_same_rows_wherever_the_search_stands(store: Store, form: str, found: str) -> None:
    query = f"ApiManagementGatewayLogs | {form.format(found=found)} | project CorrelationId"
    expected = rows(store, query, use_paths=False)
    assert expected
    assert rows(store, query, use_paths=True) == expected


@pytest.mark.parametrize(
    "form", ["where {found}", "extend hit = {found} | where hit | count", "where not({found})"]
)
def test_a_filter_asks_the_index_alone(form: str) -> None:
    assert "match(" not in statement(form)


@pytest.mark.parametrize(
    "form",
    [
        "summarize countif({found})",
        "extend hit = {found} | summarize count() by hit",
        "extend n = iff({found}, 1, 2)",
        "extend hit = {found} | take 10 | where hit",
        "extend hit = {found} | sort by CorrelationId asc | extend before = prev(hit) | where hit and before",
    ],
)
def test_anywhere_else_the_text_is_searched(form: str) -> None:
    """There the index's words would be computed of every row."""
    assert "match(" in statement(form)
    assert "encodeURLComponent(" not in statement(form)


def test_what_is_drawn_is_not_drawn_again_in_a_filter(store: Store) -> None:
    hit = "extend hit = rand() < 0.5 and isnotempty(RequestBody) and RequestBody !has 'zzz'"
    query = f"ApiManagementGatewayLogs | {hit} | take 2000 | where hit | summarize by hit"
    sql = kql.compile(query, CATALOG, now=NOW).sql
    assert list(store.run(sql).rows) == [(True,)]


def statement(form: str) -> str:
    query = "ApiManagementGatewayLogs | " + form.format(found="RequestBody has 'error'")
    return kql.compile(query, CATALOG, now=NOW).sql
